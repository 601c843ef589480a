//! One Arrow IPC file, held open: record batches of assets' bars, each at a known place with a known digest.
//!
//! Any Arrow reader opens it. This one goes straight to a batch by `pread`, checks the SHA-256 of its bytes and only
//! then lets Arrow decode them: so a damaged file is refused before it can confuse the decoder, a range is verified
//! without the rest of its file, and a file that is cut while it is open is an error, where a mapping would be a signal.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::types::{Decimal128Type, TimestampNanosecondType};
use arrow_array::{RecordBatch, cast::AsArray as _};
use arrow_buffer::{Buffer, MutableBuffer};
use arrow_ipc::reader::FileDecoder;
use arrow_ipc::{Block, MetadataVersion};
use arrow_schema::{ArrowError, DataType, Field as ArrowField, Schema, TimeUnit};

use super::manifest::{BatchEntry, Manifest, SegmentEntry};
use crate::asset::Field;
use crate::bundle::column::{DIGITS, Scales};
use crate::bundle::digest::Digest;
use crate::error::{Error, ErrorKind};

/// A bundle of the first edition has a file for each asset; with more than this they are opened for each read, since a
/// process may have no more than 1,024 files open.
const MOST_HELD: usize = 256;

/// Columns of the bars: the moment, and the stored fields.
const COLUMNS: usize = 1 + Field::STORED.len();

/// `symbol`, then `timestamp` (nanoseconds, UTC), then the stored fields as decimals.
pub(super) fn schema(scales: Scales, has_symbols: bool) -> Schema {
    let decimal = |scale: u32| {
        let precision = u8::try_from(DIGITS).expect("38 fits");
        DataType::Decimal128(precision, i8::try_from(scale).expect("a decimal's scale is at most 28"))
    };
    let symbol = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let moment = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    let mut fields = vec![ArrowField::new("timestamp", moment, false)];
    if has_symbols {
        fields.insert(0, ArrowField::new("symbol", symbol, false));
    }
    fields.extend(
        Field::STORED
            .iter()
            .enumerate()
            .map(|(column, field)| ArrowField::new(field.name(), decimal(scales.column(column)), false)),
    );
    Schema::new(fields)
}

/// What a segment's bytes around its batches digest to.
pub(super) fn frame(head: &[u8], tail: &[u8]) -> Digest {
    Digest::of(&[head, tail].concat())
}

/// An open segment. `name` is what errors call it.
#[derive(Debug)]
pub(super) struct Segment {
    name: String,
    file: Handle,
    entry: SegmentEntry,
    schema: Arc<Schema>,
}

#[derive(Debug)]
enum Handle {
    /// Open for as long as the bundle is: what becomes of the file's name does not matter.
    Held(File),
    /// Opened for each read.
    Named(PathBuf),
}

impl Segment {
    /// Opens the segments of a manifest, and checks of each its size and what lies around its batches.
    pub(super) fn open_all(folder: &Path, manifest: &Manifest) -> Result<Arc<[Self]>, Error> {
        let is_held = manifest.segments.len() <= MOST_HELD || manifest.segments[0].has_symbols;
        manifest.segments.iter().map(|entry| Self::open(folder, entry, is_held)).collect()
    }

    /// Opens one, and keeps it open where it `is_held`.
    pub(super) fn open(folder: &Path, entry: &SegmentEntry, is_held: bool) -> Result<Self, Error> {
        let path = folder.join(&entry.file);
        let name = path.display().to_string();
        let file = File::open(&path).map_err(|error| Error::io(&name, "cannot be read", error))?;
        let schema = Arc::new(schema(entry.scales(), entry.has_symbols));
        let mut segment = Self { name, file: Handle::Held(file), entry: entry.clone(), schema };
        segment.check()?;
        if !is_held {
            segment.file = Handle::Named(path);
        }
        Ok(segment)
    }

    /// The scales of its values.
    pub(super) fn scales(&self) -> Scales {
        self.entry.scales()
    }

    /// Checks the file's length and what lies around the batches.
    fn check(&self) -> Result<(), Error> {
        let found = self.with_file(|file| Ok(file.metadata()?.len()))?;
        if found != self.entry.bytes {
            return Err(self.corrupt(format!("it has {found} bytes, expected {}", self.entry.bytes)));
        }
        let head = self.bytes(0, self.entry.head_bytes, "its schema")?;
        let tail = self.bytes(found - self.entry.tail_bytes, self.entry.tail_bytes, "its footer")?;
        if frame(&head, &tail) != self.entry.frame {
            return Err(self.corrupt("its schema or footer differs from its digest".to_owned()));
        }
        Ok(())
    }

    /// Reads, verifies and decodes a batch; `what` is what errors call it.
    pub(super) fn batch(&self, entry: &BatchEntry, what: &str) -> Result<Batch, Error> {
        let bytes = self.bytes(entry.offset, entry.bytes, what)?;
        if Digest::of(&bytes) != entry.sha256 {
            return Err(self.corrupt(format!("{what} differ from their digest")));
        }
        let batch = self.decode(&bytes).map_err(|error| self.corrupt(format!("{what}: {error}")))?;
        if batch.num_rows() != entry.rows {
            return Err(self.corrupt(format!("{what} are {} rows", batch.num_rows())));
        }
        Ok(Batch { batch, scales: self.entry.scales() })
    }

    fn bytes(&self, offset: u64, count: u64, what: &str) -> Result<Buffer, Error> {
        // A length beyond the file's is not worth an allocation.
        if offset.checked_add(count).is_none_or(|end| end > self.entry.bytes) {
            return Err(self.corrupt(format!("it has {} bytes, too few for {what}", self.entry.bytes)));
        }
        let count = usize::try_from(count)
            .map_err(|_| self.corrupt(format!("{count} bytes are too many for memory: {what}")))?;
        let mut bytes = MutableBuffer::from_len_zeroed(count);
        let read = self.with_file(|file| match file.read_exact_at(&mut bytes, offset) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            other => other.map(|()| true),
        });
        match read? {
            true => Ok(bytes.into()),
            false => {
                let end = offset + count as u64;
                Err(self.corrupt(format!("it ends before byte {end}, within {what}")))
            }
        }
    }

    fn with_file<T>(&self, read: impl FnOnce(&File) -> io::Result<T>) -> Result<T, Error> {
        match &self.file {
            Handle::Held(file) => read(file).map_err(|error| Error::io(&self.name, "cannot be read", error)),
            Handle::Named(path) => File::open(path).and_then(|file| read(&file)).map_err(|error| {
                let what = "cannot be read; if the bundle was replaced after it was opened, open it again";
                Error::io(&self.name, what, error)
            }),
        }
    }

    /// Decodes the bytes of a batch whose digest was checked.
    fn decode(&self, bytes: &Buffer) -> Result<RecordBatch, ArrowError> {
        let body_start = message_body(bytes)?;
        let body_bytes = bytes.len() as i64 - i64::from(body_start);
        let block = Block::new(0, body_start, body_bytes);
        let symbols = self.schema.fields().len() - COLUMNS;
        let decoder = FileDecoder::new(Arc::clone(&self.schema), MetadataVersion::V5)
            .with_projection((symbols..symbols + COLUMNS).collect());
        decoder
            .read_record_batch(&block, bytes)?
            .ok_or_else(|| ArrowError::IpcError("is no batch".to_owned()))
    }

    fn corrupt(&self, message: String) -> Error {
        ErrorKind::Corrupt { file: self.name.clone(), message }.into()
    }
}

/// Where the body of a message starts: after a marker, the length of its metadata, and the metadata.
pub(super) fn message_body(bytes: &[u8]) -> Result<i32, ArrowError> {
    const PREFIX_BYTES: i32 = 8;
    let length = bytes.get(4..8).and_then(|four| four.try_into().ok()).map(i32::from_le_bytes);
    length
        .and_then(|length| length.checked_add(PREFIX_BYTES))
        .filter(|&start| usize::try_from(start).is_ok_and(|start| start <= bytes.len()))
        .ok_or_else(|| ArrowError::IpcError("the length of its metadata is no length".to_owned()))
}

/// A decoded batch: the moments and decimals of its rows.
pub(super) struct Batch {
    batch: RecordBatch,
    scales: Scales,
}

impl Batch {
    /// The moments, in nanoseconds since the Unix epoch.
    pub(super) fn moments(&self) -> &[i64] {
        self.batch.column(0).as_primitive::<TimestampNanosecondType>().values()
    }

    /// Appends some rows of a stored column, correctly rounded.
    pub(super) fn read(&self, column: usize, rows: Range<usize>, out: &mut Vec<f64>) {
        crate::decimal::mantissas_to_f64(&self.mantissas(column)[rows], self.scales.column(column), out);
    }

    /// The number of decimals of a stored column.
    pub(super) fn scale(&self, column: usize) -> u32 {
        self.scales.column(column)
    }

    /// A stored column as whole numbers of 10^-scale.
    pub(super) fn mantissas(&self, column: usize) -> &[i128] {
        self.batch.column(column + 1).as_primitive::<Decimal128Type>().values()
    }
}
