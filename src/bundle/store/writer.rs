//! Writes a segment: one Arrow file that holds batches of any number of assets.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, Decimal128Array, DictionaryArray, Int32Array, RecordBatch, StringArray,
    TimestampNanosecondArray,
};
use arrow_ipc::root_as_message;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, Schema};

use super::folder::{Folder, NewFile};
use super::manifest::{BatchEntry, SegmentEntry};
use super::segment::{self, message_body};
use crate::asset::Symbol;
use crate::bundle::column::Scales;
use crate::bundle::digest::Digest;
use crate::bundle::memory::Memory;
use crate::error::Error;

/// A segment being written. Each part goes to the file as soon as it is laid out.
pub(super) struct SegmentWriter<'a> {
    file: NewFile<'a>,
    arrow: FileWriter<Vec<u8>>,
    schema: Arc<Schema>,
    symbols: Arc<StringArray>,
    scales: Scales,
    /// What was written before the first batch; whole once that is written.
    head: Vec<u8>,
}

impl<'a> SegmentWriter<'a> {
    /// Begins a segment of assets with these names, at these scales.
    pub(super) fn new(folder: &'a Folder, symbols: &[&Symbol], scales: Scales) -> Result<Self, Error> {
        let schema = Arc::new(segment::schema(scales, true));
        let arrow = FileWriter::try_new(Vec::new(), &schema).map_err(refused)?;
        let symbols = Arc::new(symbols.iter().map(|symbol| Some(symbol.as_str())).collect());
        Ok(Self { file: folder.new_segment()?, arrow, schema, symbols, scales, head: Vec::new() })
    }

    /// Writes some rows as one batch; `segment` is the number that this one will have in its manifest, and `asset` the
    /// place of the asset's name among the segment's.
    pub(super) fn write(
        &mut self,
        segment: usize,
        asset: usize,
        bars: &Memory,
        rows: Range<usize>,
    ) -> Result<BatchEntry, Error> {
        let is_first = self.file.written() == 0;
        let mut part = self.lay_out(asset, bars, rows.clone()).map_err(refused)?;
        if is_first {
            // Before the first batch stand the schema and the symbols, which all batches share.
            let batch = part.split_off(before_first_batch(&part).map_err(refused)?);
            self.file.write(&part)?;
            self.head = std::mem::replace(&mut part, batch);
        }
        let offset = self.file.written();
        self.file.write(&part)?;
        Ok(BatchEntry {
            segment,
            rows: rows.len(),
            offset,
            bytes: part.len() as u64,
            sha256: Digest::of(&part),
        })
    }

    /// Ends the file, waits until it is on the disk, and puts it among the segments.
    pub(super) fn finish(mut self) -> Result<SegmentEntry, Error> {
        self.arrow.finish().map_err(refused)?;
        let tail = self.arrow.into_inner().map_err(refused)?;
        self.file.write(&tail)?;
        let bytes = self.file.written();
        Ok(SegmentEntry {
            file: self.file.finish()?,
            bytes,
            head_bytes: self.head.len() as u64,
            tail_bytes: tail.len() as u64,
            frame: segment::frame(&self.head, &tail),
            price_scale: self.scales.price,
            volume_scale: self.scales.volume,
            has_symbols: true,
        })
    }

    /// What Arrow writes for a batch: that batch, and whatever it owes from before.
    fn lay_out(&mut self, asset: usize, bars: &Memory, rows: Range<usize>) -> Result<Vec<u8>, ArrowError> {
        let key = i32::try_from(asset).map_err(|_| ArrowError::DictionaryKeyOverflowError)?;
        let keys = Int32Array::from(vec![key; rows.len()]);
        let symbols = DictionaryArray::try_new(keys, Arc::clone(&self.symbols) as ArrayRef)?;
        let moments = TimestampNanosecondArray::from(bars.calendar.as_slice()[rows.clone()].to_vec());
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(symbols), Arc::new(moments.with_timezone("UTC"))];
        for (column, field) in bars.columns.iter().zip(&self.schema.fields()[2..]) {
            let values = Decimal128Array::from(column.mantissas()[rows.clone()].to_vec());
            arrays.push(Arc::new(values.with_data_type(field.data_type().clone())));
        }
        self.arrow.write(&RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)?;
        Ok(std::mem::take(self.arrow.get_mut()))
    }
}

/// How many bytes there are before the first batch: the magic, the schema, and the dictionary of the symbols.
fn before_first_batch(part: &[u8]) -> Result<usize, ArrowError> {
    const MAGIC_BYTES: usize = 64;
    let mut start = MAGIC_BYTES;
    for _ in ["schema", "dictionary"] {
        let message = part.get(start..).unwrap_or_default();
        let body_start = usize::try_from(message_body(message)?).unwrap_or(0);
        let metadata = root_as_message(message.get(8..body_start).unwrap_or_default())
            .map_err(|error| ArrowError::IpcError(error.to_string()))?;
        start += body_start + usize::try_from(metadata.bodyLength()).unwrap_or(0);
    }
    Ok(start)
}

fn refused(error: ArrowError) -> Error {
    Error::invalid("segment", format!("cannot be written as Arrow: {error}"))
}
