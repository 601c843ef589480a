//! Reads Arrow tables, as Feather files are: each cell as the text that it would be printed as.
//!
//! So a table obeys the rules of every other file: floats are taken as their shortest decimal text, decimals digit by
//! digit, times without a zone need one. Rows are counted from 1 where errors speak of lines.

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Cursor;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal128Type, Decimal256Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::{FileReader, StreamReader};
use arrow_schema::{ArrowError, DataType, Schema, TimeUnit};
use jiff::tz::TimeZone;

use super::reader::Reader;
use super::{File, Options, civil, parse_error};
use crate::error::Error;

const FILE: &[u8] = b"ARROW1";
const STREAM: &[u8] = &[0xff; 4];
const FIRST_FEATHER: &[u8] = b"FEA1";
const PARQUET: &[u8] = b"PAR1";

/// Whether a file is a table and no text.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    [FILE, STREAM, FIRST_FEATHER, PARQUET].iter().any(|magic| bytes.starts_with(magic))
}

/// Reads and checks a table.
pub(super) fn read(
    name: &str,
    bytes: &[u8],
    options: &Options,
    progress: &dyn Fn(u64, u64),
) -> Result<File, Error> {
    let broken = |error: ArrowError| Error::invalid(name, format!("is not a whole Arrow file: {error}"));
    let refuse = |what: &str| {
        let message = format!("is {what}, which is not read; expected CSV, an Arrow file or Feather");
        Err(Error::invalid(name, message))
    };
    if bytes.starts_with(PARQUET) {
        return refuse("Parquet");
    }
    if bytes.starts_with(FIRST_FEATHER) {
        return refuse("Feather of the first version");
    }
    let total = bytes.len() as u64;
    let file = if bytes.starts_with(FILE) {
        let batches = FileReader::try_new(Cursor::new(bytes), None).map_err(broken)?;
        let schema = batches.schema();
        rows(name, &schema, batches, options)
    } else {
        let batches = StreamReader::try_new(Cursor::new(bytes), None).map_err(broken)?;
        let schema = batches.schema();
        rows(name, &schema, batches, options)
    };
    progress(total, total);
    file
}

fn rows(
    name: &str,
    schema: &Schema,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    options: &Options,
) -> Result<File, Error> {
    let names: Vec<Cow<'_, str>> =
        schema.fields().iter().map(|field| Cow::Borrowed(field.name().as_str())).collect();
    let mut reader = Reader::new(name, &[names], options)?;
    let mut fields: Vec<Cow<'_, str>> = vec![Cow::Owned(String::new()); schema.fields().len()];
    let mut number = 0;
    for batch in batches {
        let batch =
            batch.map_err(|error| Error::invalid(name, format!("is not a whole Arrow file: {error}")))?;
        let columns: Vec<Column<'_>> =
            batch.columns().iter().map(|array| Column::new(array.as_ref())).collect();
        for row in 0..batch.num_rows() {
            number += 1;
            for (field, column) in fields.iter_mut().zip(&columns) {
                let text = field.to_mut();
                text.clear();
                column.print(row, text);
            }
            reader.row(&fields, number).map_err(|message| parse_error(name, number, message))?;
        }
    }
    let reading = format!("an Arrow table: {}", reader.layout_reading());
    reader.finish(reading)
}

/// A column of a batch.
struct Column<'a> {
    array: &'a dyn Array,
    /// Of a dictionary, its values, and which of them each row has.
    dictionary: Option<(&'a dyn Array, Vec<usize>)>,
    /// Of moments, the zone that they are shown in.
    zone: Option<TimeZone>,
}

impl<'a> Column<'a> {
    fn new(array: &'a dyn Array) -> Self {
        let dictionary = array.as_any_dictionary_opt().filter(|dictionary| !dictionary.values().is_empty());
        let dictionary =
            dictionary.map(|dictionary| (dictionary.values().as_ref(), dictionary.normalized_keys()));
        let zone = match array.data_type() {
            DataType::Timestamp(_, Some(zone)) => Some(zone_of(zone)),
            _ => None,
        };
        Self { array, dictionary, zone }
    }

    /// Writes a cell as text; nothing where it is null.
    fn print(&self, row: usize, text: &mut String) {
        if self.array.is_null(row) {
            return;
        }
        match &self.dictionary {
            Some((values, keys)) => print(*values, keys[row], None, text),
            None => print(self.array, row, self.zone.as_ref(), text),
        }
    }
}

/// The rules of a zone as Arrow names it, by its name or its offset; UTC where nobody knows it, as the moments are.
fn zone_of(name: &str) -> TimeZone {
    let fixed = || {
        let seconds = i32::try_from(civil::offset(name)? / 1_000_000_000).ok()?;
        jiff::tz::Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
    };
    TimeZone::get(name).ok().or_else(fixed).unwrap_or(TimeZone::UTC)
}

fn print(array: &dyn Array, row: usize, zone: Option<&TimeZone>, text: &mut String) {
    macro_rules! number {
        ($kind:ty) => {
            write!(text, "{}", array.as_primitive::<$kind>().value(row))
        };
    }
    macro_rules! moment {
        ($kind:ty, $ns:expr) => {{
            let value = array.as_primitive::<$kind>().value(row);
            moment(i128::from(value) * $ns, zone, text)
        }};
    }
    // Writing to a string does not fail.
    let _ = match array.data_type() {
        DataType::Null => Ok(()),
        DataType::Utf8 => write!(text, "{}", array.as_string::<i32>().value(row).trim()),
        DataType::LargeUtf8 => write!(text, "{}", array.as_string::<i64>().value(row).trim()),
        DataType::Utf8View => write!(text, "{}", array.as_string_view().value(row).trim()),
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float32 => number!(Float32Type),
        DataType::Float64 => number!(Float64Type),
        DataType::Decimal128(..) => {
            write!(text, "{}", array.as_primitive::<Decimal128Type>().value_as_string(row))
        }
        DataType::Decimal256(..) => {
            write!(text, "{}", array.as_primitive::<Decimal256Type>().value_as_string(row))
        }
        DataType::Date32 => date(i128::from(array.as_primitive::<Date32Type>().value(row)), text),
        DataType::Date64 => {
            date(i128::from(array.as_primitive::<Date64Type>().value(row)).div_euclid(86_400_000), text)
        }
        DataType::Timestamp(TimeUnit::Second, _) => moment!(TimestampSecondType, 1_000_000_000),
        DataType::Timestamp(TimeUnit::Millisecond, _) => moment!(TimestampMillisecondType, 1_000_000),
        DataType::Timestamp(TimeUnit::Microsecond, _) => moment!(TimestampMicrosecondType, 1_000),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => moment!(TimestampNanosecondType, 1),
        other => write!(text, "a value of {other}"),
    };
}

/// A date, by its days since the Unix epoch.
fn date(days: i128, text: &mut String) -> std::fmt::Result {
    match jiff::Timestamp::from_nanosecond(days * 86_400_000_000_000) {
        Ok(moment) => write!(text, "{}", TimeZone::UTC.to_datetime(moment).date()),
        Err(_) => write!(text, "{days} days"),
    }
}

/// A moment: in the offset of its zone, or without any where it has none.
fn moment(ns: i128, zone: Option<&TimeZone>, text: &mut String) -> std::fmt::Result {
    let Ok(moment) = jiff::Timestamp::from_nanosecond(ns) else { return write!(text, "{ns} ns") };
    match zone {
        Some(zone) => {
            let offset = zone.to_offset(moment);
            let minutes = offset.seconds() / 60;
            let sign = if minutes < 0 { '-' } else { '+' };
            let minutes = minutes.unsigned_abs();
            write!(text, "{}{sign}{:02}:{:02}", offset.to_datetime(moment), minutes / 60, minutes % 60)
        }
        None => write!(text, "{}", TimeZone::UTC.to_datetime(moment)),
    }
}
