//! One cell of an Arrow table as the text that it would be printed as.
//!
//! Floats are their shortest decimal text, decimals go digit by digit, moments are in the offset of their zone.

#![forbid(unsafe_code)]

use std::fmt::Write as _;

use arrow_array::Array;
use arrow_array::cast::AsArray as _;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType,
    Time64MicrosecondType, Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_schema::{DataType, TimeUnit};
use jiff::tz::TimeZone;

use crate::bundle::csv::civil;

/// A column of a batch.
pub(super) struct Column<'a> {
    array: &'a dyn Array,
    /// Of a dictionary, its values, and which of them each row has.
    dictionary: Option<(&'a dyn Array, Vec<usize>)>,
    /// Of moments, the zone that they are shown in.
    zone: Option<TimeZone>,
}

impl<'a> Column<'a> {
    pub(super) fn new(array: &'a dyn Array) -> Self {
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
    pub(super) fn print(&self, row: usize, text: &mut String) {
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
    macro_rules! decimal {
        ($kind:ty) => {
            write!(text, "{}", array.as_primitive::<$kind>().value_as_string(row))
        };
    }
    macro_rules! time {
        ($kind:ty, $ns:expr) => {
            time(i64::from(array.as_primitive::<$kind>().value(row)).saturating_mul($ns), text)
        };
    }
    // Writing to a string does not fail.
    let _ = match array.data_type() {
        DataType::Null => Ok(()),
        DataType::Utf8 => write!(text, "{}", array.as_string::<i32>().value(row).trim()),
        DataType::LargeUtf8 => write!(text, "{}", array.as_string::<i64>().value(row).trim()),
        DataType::Utf8View => write!(text, "{}", array.as_string_view().value(row).trim()),
        // Writers that mark no text as such, Impala and old Spark, write bytes.
        DataType::Binary => bytes(array.as_binary::<i32>().value(row), text),
        DataType::LargeBinary => bytes(array.as_binary::<i64>().value(row), text),
        DataType::BinaryView => bytes(array.as_binary_view().value(row), text),
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
        DataType::Decimal32(..) => decimal!(Decimal32Type),
        DataType::Decimal64(..) => decimal!(Decimal64Type),
        DataType::Decimal128(..) => decimal!(Decimal128Type),
        DataType::Decimal256(..) => decimal!(Decimal256Type),
        DataType::Date32 => date(i128::from(array.as_primitive::<Date32Type>().value(row)), text),
        DataType::Date64 => {
            date(i128::from(array.as_primitive::<Date64Type>().value(row)).div_euclid(86_400_000), text)
        }
        DataType::Time32(TimeUnit::Second) => time!(Time32SecondType, 1_000_000_000),
        DataType::Time32(TimeUnit::Millisecond) => time!(Time32MillisecondType, 1_000_000),
        DataType::Time64(TimeUnit::Microsecond) => time!(Time64MicrosecondType, 1_000),
        DataType::Time64(TimeUnit::Nanosecond) => time!(Time64NanosecondType, 1),
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

/// A time of the day.
fn time(ns: i64, text: &mut String) -> std::fmt::Result {
    let (seconds, rest) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    write!(text, "{hours:02}:{minutes:02}:{:02}", seconds % 60)?;
    if rest == 0 { Ok(()) } else { write!(text, ".{rest:09}") }
}

fn bytes(bytes: &[u8], text: &mut String) -> std::fmt::Result {
    match std::str::from_utf8(bytes) {
        Ok(bytes) => write!(text, "{}", bytes.trim()),
        Err(_) => write!(text, "bytes that are no UTF-8"),
    }
}
