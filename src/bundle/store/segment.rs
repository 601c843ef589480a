//! One Arrow IPC file: bars of one asset in record batches, each at a known place with a known digest.
//!
//! Any Arrow reader opens it. This one goes straight to a batch, checks the SHA-256 of its bytes and only then lets
//! Arrow decode them: so a damaged file is refused before it can confuse the decoder, and a range is verified without
//! the rest of its file.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow_array::types::{Decimal128Type, TimestampNanosecondType};
use arrow_array::{ArrayRef, Decimal128Array, RecordBatch, TimestampNanosecondArray, cast::AsArray as _};
use arrow_buffer::{Buffer, MutableBuffer};
use arrow_ipc::reader::FileDecoder;
use arrow_ipc::writer::FileWriter;
use arrow_ipc::{Block, MetadataVersion};
use arrow_schema::{ArrowError, DataType, Field as ArrowField, Schema, TimeUnit};

use super::manifest::{BatchEntry, SegmentEntry};
use crate::asset::{Field, Symbol};
use crate::bundle::column::{DIGITS, Scales};
use crate::bundle::digest::Digest;
use crate::bundle::memory::Memory;
use crate::error::{Error, ErrorKind};

/// `timestamp` (nanoseconds, UTC), then the stored fields as decimals.
fn schema(scales: Scales) -> Schema {
    let moment = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    let decimal = |scale: u32| {
        let precision = u8::try_from(DIGITS).expect("38 fits");
        DataType::Decimal128(precision, i8::try_from(scale).expect("a decimal's scale is at most 28"))
    };
    let fields = Field::STORED
        .iter()
        .enumerate()
        .map(|(column, field)| ArrowField::new(field.name(), decimal(scales.column(column)), false));
    Schema::new(
        std::iter::once(ArrowField::new("timestamp", moment, false))
            .chain(fields)
            .collect::<Vec<ArrowField>>(),
    )
}

/// Lays out the bars of an asset as one Arrow file.
///
/// # Errors
/// `Invalid` where Arrow refuses the bars.
pub(in crate::bundle) fn write(
    symbol: &Symbol,
    bars: &Memory,
    scales: Scales,
) -> Result<(Vec<u8>, SegmentEntry), Error> {
    lay_out(symbol, bars, scales)
        .map_err(|error| Error::invalid(symbol.to_string(), format!("cannot be written as Arrow: {error}")))
}

fn lay_out(symbol: &Symbol, bars: &Memory, scales: Scales) -> Result<(Vec<u8>, SegmentEntry), ArrowError> {
    let metadata = HashMap::from([("symbol".to_owned(), symbol.to_string())]);
    let schema = Arc::new(schema(scales).with_metadata(metadata));
    let mut writer = FileWriter::try_new(Vec::new(), &schema)?;
    let mut batches = Vec::new();
    for rows in bars.batches() {
        let offset = writer.get_ref().len();
        let moments = TimestampNanosecondArray::from(bars.calendar.as_slice()[rows.clone()].to_vec());
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(moments.with_timezone("UTC"))];
        for (column, index) in bars.columns.iter().zip(1..) {
            let values = Decimal128Array::from(column.mantissas()[rows.clone()].to_vec());
            arrays.push(Arc::new(values.with_data_type(schema.field(index).data_type().clone())));
        }
        writer.write(&RecordBatch::try_new(Arc::clone(&schema), arrays)?)?;
        let bytes = &writer.get_ref()[offset..];
        batches.push(BatchEntry {
            rows: rows.len(),
            offset: offset as u64,
            bytes: bytes.len() as u64,
            sha256: Digest::of(bytes),
            values: bars.digest(rows),
        });
    }
    let batches_end = writer.get_ref().len();
    writer.finish()?;
    let bytes = writer.into_inner()?;
    let batches_start = batches.first().map_or(batches_end as u64, |batch| batch.offset);
    let frame = frame(&bytes[..usize::try_from(batches_start).unwrap_or(0)], &bytes[batches_end..]);
    let entry = SegmentEntry { file: file_name(symbol), bytes: bytes.len() as u64, frame, batches };
    Ok((bytes, entry))
}

fn frame(head: &[u8], tail: &[u8]) -> Digest {
    Digest::of(&[head, tail].concat())
}

/// A plain file name: what is not a letter, digit, `-`, `_` or inner `.` is escaped as `%2F`.
fn file_name(symbol: &Symbol) -> String {
    let mut name = String::new();
    for (position, byte) in symbol.as_str().bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            b'.' if position > 0 => name.push('.'),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("{name}.0.arrow")
}

/// A decoded batch: the moments and decimals of its rows.
pub(in crate::bundle) struct Batch {
    batch: RecordBatch,
    scales: Scales,
}

impl Batch {
    /// The moments, in nanoseconds since the Unix epoch.
    pub(in crate::bundle) fn moments(&self) -> &[i64] {
        self.batch.column(0).as_primitive::<TimestampNanosecondType>().values()
    }

    /// Appends some rows of a stored column, correctly rounded.
    pub(in crate::bundle) fn read(&self, column: usize, rows: Range<usize>, out: &mut Vec<f64>) {
        let mantissas = self.batch.column(column + 1).as_primitive::<Decimal128Type>().values();
        crate::decimal::mantissas_to_f64(&mantissas[rows], self.scales.column(column), out);
    }
}

/// An open segment. `name` is what errors call it, `first_row` the asset's row that its first batch starts with.
pub(in crate::bundle) struct Segment<'a> {
    file: File,
    name: String,
    entry: &'a SegmentEntry,
    scales: Scales,
}

impl<'a> Segment<'a> {
    pub(in crate::bundle) fn open(
        folder: &Path,
        entry: &'a SegmentEntry,
        scales: Scales,
    ) -> Result<Self, Error> {
        let path = folder.join(&entry.file);
        let name = path.display().to_string();
        let file = File::open(&path).map_err(|error| Error::io(&name, "cannot be read", error))?;
        Ok(Self { file, name, entry, scales })
    }

    /// Checks the file's length and what lies around the batches.
    pub(in crate::bundle) fn check_frame(&mut self) -> Result<(), Error> {
        let found =
            self.file.metadata().map_err(|error| Error::io(&self.name, "cannot be read", error))?.len();
        if found != self.entry.bytes {
            return Err(self.corrupt(format!("it has {found} bytes, expected {}", self.entry.bytes)));
        }
        let start = self.entry.batches.first().map_or(found, |batch| batch.offset);
        let end = self.entry.batches.last().map_or(found, |batch| batch.offset + batch.bytes);
        let head = self.bytes(0, start)?;
        let tail = self.bytes(end, found.saturating_sub(end))?;
        if frame(&head, &tail) != self.entry.frame {
            return Err(self.corrupt("its schema or footer differs from its digest".to_owned()));
        }
        Ok(())
    }

    /// Reads, verifies and decodes a batch; `first_row` is the asset's row that it starts with.
    pub(in crate::bundle) fn batch(&mut self, index: usize, first_row: usize) -> Result<Batch, Error> {
        let entry = &self.entry.batches[index];
        let rows = format!("rows {first_row} to {}", first_row + entry.rows - 1);
        let bytes = self.bytes(entry.offset, entry.bytes)?;
        if Digest::of(&bytes) != entry.sha256 {
            return Err(self.corrupt(format!("{rows} differ from their digest")));
        }
        let batch = decode(&bytes, self.scales).map_err(|error| self.corrupt(format!("{rows}: {error}")))?;
        if batch.num_rows() != entry.rows {
            return Err(self.corrupt(format!("{rows} are {} rows", batch.num_rows())));
        }
        Ok(Batch { batch, scales: self.scales })
    }

    fn bytes(&mut self, offset: u64, count: u64) -> Result<Buffer, Error> {
        // A length beyond the file's is not worth an allocation.
        if offset.checked_add(count).is_none_or(|end| end > self.entry.bytes) {
            return Err(self.corrupt("a batch lies beyond the end of its file".to_owned()));
        }
        let count =
            usize::try_from(count).map_err(|_| self.corrupt("a batch is larger than memory".to_owned()))?;
        let mut bytes = MutableBuffer::from_len_zeroed(count);
        let read = self.file.seek(SeekFrom::Start(offset)).and_then(|_| self.file.read_exact(&mut bytes));
        match read {
            Ok(()) => Ok(bytes.into()),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                Err(self.corrupt(format!("it ends before byte {}", offset + count as u64)))
            }
            Err(error) => Err(Error::io(&self.name, "cannot be read", error)),
        }
    }

    fn corrupt(&self, message: String) -> Error {
        ErrorKind::Corrupt { file: self.name.clone(), message }.into()
    }
}

/// Decodes the bytes of a batch whose digest was checked.
fn decode(bytes: &Buffer, scales: Scales) -> Result<RecordBatch, ArrowError> {
    // A message is a marker, the length of its metadata, the metadata, and the body.
    const PREFIX_BYTES: usize = 8;
    let bad_length = || ArrowError::IpcError("the length of its metadata is no length".to_owned());
    let length = bytes.get(4..PREFIX_BYTES).and_then(|four| four.try_into().ok()).ok_or_else(bad_length)?;
    let metadata_bytes = i64::from(i32::from_le_bytes(length)) + PREFIX_BYTES as i64;
    let body_bytes = bytes.len() as i64 - metadata_bytes;
    if body_bytes < 0 {
        return Err(bad_length());
    }
    let metadata_bytes = i32::try_from(metadata_bytes).map_err(|_| bad_length())?;
    let block = Block::new(0, metadata_bytes, body_bytes);
    let decoder = FileDecoder::new(Arc::new(schema(scales)), MetadataVersion::V5);
    decoder.read_record_batch(&block, bytes)?.ok_or_else(|| ArrowError::IpcError("is no batch".to_owned()))
}
