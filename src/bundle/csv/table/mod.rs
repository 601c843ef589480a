//! Reads tables of columns, Parquet, Arrow IPC and Feather: each cell as the text that it would be printed as.
//!
//! So a table obeys the rules of every other file: floats are taken as their shortest decimal text, decimals digit by
//! digit, times without a zone need one. Rows are counted from 1 where errors speak of lines. A table on the disk is
//! read batch by batch, so that what is in memory is its bars and not the file.

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::fs;
use std::io::{BufReader, Cursor, Read, Seek};

use arrow_array::RecordBatch;
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, Fields};

use super::reader::Reader;
use super::taker::Taker;
use super::{File, Options, parse_error};
use crate::error::{Error, ErrorKind};

mod cell;
#[cfg(feature = "parquet")]
mod parquet;

use cell::Column;

/// What a build without Parquet says of it.
#[cfg(not(feature = "parquet"))]
const BUILD: &str = "cargo install lookback --features parquet";

/// What the reading of a file calls it.
const ARROW: &str = "an Arrow table";

/// A kind of file that is a table and no text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    ArrowFile,
    ArrowStream,
    FirstFeather,
    Parquet,
}

impl Kind {
    /// How many bytes tell.
    pub(super) const MAGIC_BYTES: u64 = 6;

    /// What the first bytes of a file tell.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        const MAGIC: [(&[u8], Kind); 4] = [
            (b"ARROW1", Kind::ArrowFile),
            (&[0xff; 4], Kind::ArrowStream),
            (b"FEA1", Kind::FirstFeather),
            (b"PAR1", Kind::Parquet),
        ];
        MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, kind)| *kind)
    }
}

/// Reads and checks a table that is held whole.
pub(super) fn read(
    kind: Kind,
    name: &str,
    bytes: Cow<'_, [u8]>,
    options: &Options,
    taker: &dyn Taker,
) -> Result<File, Error> {
    match kind {
        Kind::ArrowFile => arrow_file(name, Cursor::new(bytes), options, taker),
        Kind::ArrowStream => arrow_stream(name, Cursor::new(bytes), options, taker),
        Kind::FirstFeather => Err(first_feather(name)),
        #[cfg(feature = "parquet")]
        Kind::Parquet => parquet::read(name, bytes::Bytes::from(bytes.into_owned()), options, taker),
        #[cfg(not(feature = "parquet"))]
        Kind::Parquet => Err(without_parquet(name)),
    }
}

/// Reads and checks a table on the disk, batch by batch.
pub(super) fn read_file(
    kind: Kind,
    name: &str,
    file: fs::File,
    options: &Options,
    taker: &dyn Taker,
) -> Result<File, Error> {
    match kind {
        Kind::ArrowFile => arrow_file(name, BufReader::new(file), options, taker),
        Kind::ArrowStream => arrow_stream(name, BufReader::new(file), options, taker),
        Kind::FirstFeather => Err(first_feather(name)),
        #[cfg(feature = "parquet")]
        Kind::Parquet => parquet::read(name, file, options, taker),
        #[cfg(not(feature = "parquet"))]
        Kind::Parquet => Err(without_parquet(name)),
    }
}

fn first_feather(name: &str) -> Error {
    let message = "is Feather of the first version, which is not read; expected CSV, Parquet, an Arrow file or Feather \
                   of the second";
    Error::invalid(name, message)
}

#[cfg(not(feature = "parquet"))]
fn without_parquet(name: &str) -> Error {
    let message = format!(
        "is Parquet, which this build does not read; build it with `{BUILD}`, or write the file as Feather"
    );
    Error::invalid(name, message)
}

fn arrow_file(
    name: &str,
    source: impl Read + Seek,
    options: &Options,
    taker: &dyn Taker,
) -> Result<File, Error> {
    let batches = FileReader::try_new(source, None).map_err(|error| broken(name, &error))?;
    let (reader, all) = (open(name, batches.schema().fields(), options)?, batches.num_batches() as u64);
    let batches =
        batches.inspect(|_| taker.progress(1, all)).map(|batch| batch.map_err(|error| broken(name, &error)));
    rows(name, ARROW, reader, batches, taker)
}

fn arrow_stream(name: &str, source: impl Read, options: &Options, taker: &dyn Taker) -> Result<File, Error> {
    let batches = StreamReader::try_new(source, None).map_err(|error| broken(name, &error))?;
    let reader = open(name, batches.schema().fields(), options)?;
    let file =
        rows(name, ARROW, reader, batches.map(|batch| batch.map_err(|error| broken(name, &error))), taker);
    // How many batches a stream has shows at its end.
    taker.progress(1, 1);
    file
}

fn broken(name: &str, error: &ArrowError) -> Error {
    #[cfg(not(feature = "parquet"))]
    if error.to_string().contains("zstd") {
        let message = format!(
            "is packed with zstd, which this build does not unpack; build it with `{BUILD}`, or pack it with lz4"
        );
        return Error::invalid(name, message);
    }
    Error::invalid(name, format!("is not a whole Arrow file: {error}"))
}

/// Takes the rows of all batches, which have either all columns or only those that are used.
fn rows(
    name: &str,
    what: &str,
    mut reader: Reader<'_>,
    batches: impl Iterator<Item = Result<RecordBatch, Error>>,
    taker: &dyn Taker,
) -> Result<File, Error> {
    let used = reader.used();
    let all: Vec<usize> = (0..used.len()).collect();
    let wanted: Vec<usize> = all.iter().copied().filter(|&at| used[at]).collect();
    let mut fields: Vec<Cow<'_, str>> = vec![Cow::Owned(String::new()); used.len()];
    let mut number = 0;
    for batch in batches {
        let batch = batch?;
        let places = if batch.num_columns() == all.len() { &all } else { &wanted };
        let columns: Vec<(usize, Column<'_>)> = (places.iter().zip(batch.columns()))
            .filter(|(at, _)| used[**at])
            .map(|(at, array)| (*at, Column::new(array.as_ref())))
            .collect();
        for row in 0..batch.num_rows() {
            number += 1;
            for (at, column) in &columns {
                let text = fields[*at].to_mut();
                text.clear();
                column.print(row, text);
            }
            reader.row(&fields, number).map_err(|message| parse_error(name, number, message))?;
        }
        reader.relieve(taker)?;
    }
    let reading = format!("{what}: {}", reader.layout_reading());
    reader.finish(reading, taker)
}

/// A reader of rows with these columns; refuses those that are made of others.
fn open<'a>(name: &'a str, fields: &Fields, options: &'a Options) -> Result<Reader<'a>, Error> {
    let names: Vec<Cow<'_, str>> = fields.iter().map(|field| Cow::Borrowed(field.name().as_str())).collect();
    let nested = || fields.iter().filter(|field| field.data_type().is_nested());
    let shape = |field: &arrow_schema::Field| format!("{} is nested ({})", field.name(), field.data_type());
    let reader =
        Reader::new(name, &[names], options).map_err(|error| match (error.kind(), nested().next()) {
            (ErrorKind::Parse { file, line, message }, Some(field)) => {
                let hint = "; its parts are not looked into, write them as columns of their own";
                parse_error(file, *line, format!("{message}; {}{hint}", shape(field)))
            }
            _ => error,
        })?;
    let used = reader.used();
    match fields.iter().zip(used).find(|(field, used)| *used && field.data_type().is_nested()) {
        Some((field, _)) => {
            let message = format!(
                "column {}, expected plain values: decimals, floats, integers, dates, times or text",
                shape(field)
            );
            Err(Error::invalid(name, message))
        }
        None => Ok(reader),
    }
}
