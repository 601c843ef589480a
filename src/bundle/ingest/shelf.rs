//! Where the rows of files wait until all files are read: in memory while they are few, and in a file from then on, so
//! that an ingest needs memory for the asset that it writes and not for all of them.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use crate::bundle::column::{DecimalColumn, Scales};
use crate::bundle::csv::{Place, Rows};
use crate::error::Error;
use crate::time::Timestamp;

/// About 100 MB of rows stay in memory.
const ROWS_IN_MEMORY: usize = 1 << 20;

/// Rows that wait.
#[derive(Debug)]
pub(super) struct Shelf {
    /// None where all stay in memory.
    file: Option<File>,
    /// The end of the file.
    end: u64,
    rows_in_memory: usize,
    most_in_memory: usize,
    scales: Scales,
}

/// The rows of one asset from one file.
#[derive(Debug)]
pub(super) struct Held {
    rows: Rows,
    len: usize,
    /// The moment of the first, by which files follow one another.
    pub(super) first: Timestamp,
    /// Where its columns are in the file, and how many bytes they take; none where they are in memory.
    place: Option<Place>,
}

impl Shelf {
    /// Keeps all rows in memory.
    pub(super) fn in_memory() -> Self {
        Self::new(None, usize::MAX)
    }

    /// Keeps many rows in a file.
    pub(super) fn on(file: File) -> Self {
        Self::new(Some(file), ROWS_IN_MEMORY)
    }

    pub(super) fn new(file: Option<File>, most_in_memory: usize) -> Self {
        Self { file, end: 0, rows_in_memory: 0, most_in_memory, scales: Scales { price: 0, volume: 0 } }
    }

    /// The scales that hold all that was put here.
    pub(super) fn scales(&self) -> Scales {
        self.scales
    }

    pub(super) fn put(&mut self, mut rows: Rows) -> Result<Held, Error> {
        let (len, first) = (rows.len(), rows.span().0);
        let price = (0..4).map(|column| DecimalColumn::scale_of(rows.column(column))).max().unwrap_or(0);
        let volume = DecimalColumn::scale_of(rows.column(4));
        self.scales = self.scales.max(Scales { price, volume });
        self.rows_in_memory += len;
        let place = if self.has_file() && self.rows_in_memory > self.most_in_memory {
            self.rows_in_memory -= len;
            Some(self.park(&rows.pack())?)
        } else {
            None
        };
        Ok(Held { rows, len, first, place })
    }

    pub(super) fn take(&mut self, held: Held) -> Result<Rows, Error> {
        let Held { mut rows, len, place, .. } = held;
        if let Some(place) = place {
            rows.unpack(len, &self.fetch(place)?);
        }
        Ok(rows)
    }

    /// Keeps bytes in the file.
    ///
    /// # Panics
    /// Where there is none.
    pub(super) fn park(&mut self, bytes: &[u8]) -> Result<Place, Error> {
        let file = self.file.as_mut().expect("rows are parked where there is a file");
        file.seek(SeekFrom::Start(self.end)).and_then(|_| file.write_all(bytes)).map_err(failed)?;
        let place = Place { start: self.end, bytes: bytes.len() };
        self.end += bytes.len() as u64;
        Ok(place)
    }

    /// What lies at a place of the file.
    pub(super) fn fetch(&mut self, place: Place) -> Result<Vec<u8>, Error> {
        let mut packed = vec![0; place.bytes];
        if let Some(file) = &mut self.file {
            file.seek(SeekFrom::Start(place.start))
                .and_then(|_| file.read_exact(&mut packed))
                .map_err(failed)?;
        }
        Ok(packed)
    }

    /// Whether rows can wait elsewhere than in memory.
    pub(super) fn has_file(&self) -> bool {
        self.file.is_some()
    }
}

impl Held {
    pub(super) fn symbol(&self) -> &crate::asset::Symbol {
        &self.rows.symbol
    }
}

fn failed(error: io::Error) -> Error {
    Error::io("the bundle's folder", "rows that wait there cannot be written or read", error)
}
