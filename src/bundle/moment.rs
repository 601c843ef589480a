//! Reads the moments of a file: dates, RFC 3339, or integers since the Unix epoch whose unit shows in their size.

#![forbid(unsafe_code)]

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::{Timestamp, When};

/// What the moments of a file are written in; one for the whole file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum TimestampUnit {
    /// `2005-02-28` or `20050228`: midnight UTC of a session.
    #[serde(rename = "date")]
    Date,
    /// RFC 3339 with an offset.
    #[serde(rename = "rfc3339")]
    Rfc3339,
    /// Seconds since the Unix epoch.
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds since the Unix epoch.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Microseconds since the Unix epoch.
    #[serde(rename = "us")]
    Microseconds,
    /// Nanoseconds since the Unix epoch.
    #[serde(rename = "ns")]
    Nanoseconds,
}

impl TimestampUnit {
    /// The unit of an integer, by its size: each range is the same years, 1973 to 5138, a thousand times finer.
    fn of(integer: u64) -> Option<Self> {
        match integer {
            100_000_000..100_000_000_000 => Some(Self::Seconds),
            100_000_000_000..100_000_000_000_000 => Some(Self::Milliseconds),
            100_000_000_000_000..100_000_000_000_000_000 => Some(Self::Microseconds),
            100_000_000_000_000_000.. => Some(Self::Nanoseconds),
            _ => None,
        }
    }

    fn ns(self) -> i64 {
        match self {
            Self::Date | Self::Rfc3339 | Self::Nanoseconds => 1,
            Self::Microseconds => 1_000,
            Self::Milliseconds => 1_000_000,
            Self::Seconds => 1_000_000_000,
        }
    }
}

impl fmt::Display for TimestampUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Date => "dates",
            Self::Rfc3339 => "RFC 3339",
            Self::Seconds => "seconds since the epoch",
            Self::Milliseconds => "milliseconds since the epoch",
            Self::Microseconds => "microseconds since the epoch",
            Self::Nanoseconds => "nanoseconds since the epoch",
        })
    }
}

/// Reads one moment with its unit, or says what is wrong with it.
pub(super) fn parse(text: &str) -> Result<(Timestamp, TimestampUnit), String> {
    if text.is_empty() {
        return Err("is empty, expected a date or timestamp".to_owned());
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && text.len() != 8 {
        return parse_integer(text);
    }
    match text.parse() {
        Ok(When::Date(moment)) => Ok((moment, TimestampUnit::Date)),
        Ok(When::Moment(moment)) => Ok((moment, TimestampUnit::Rfc3339)),
        Err(_) => Err(format!(
            "is {text:?}, expected 2005-02-28, 20050228, RFC 3339 with an offset (2005-02-28T21:00:00Z) or an \
             integer since the epoch in s, ms, us or ns"
        )),
    }
}

fn parse_integer(text: &str) -> Result<(Timestamp, TimestampUnit), String> {
    let out_of_range =
        || format!("is {text}, expected an integer since the epoch in s, ms, us or ns, from 1973 to 2262");
    let integer: u64 = text.parse().map_err(|_| out_of_range())?;
    let unit = TimestampUnit::of(integer).ok_or_else(out_of_range)?;
    let ns = i64::try_from(integer).ok().and_then(|integer| integer.checked_mul(unit.ns()));
    ns.map(|ns| (Timestamp(ns), unit)).ok_or_else(out_of_range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_an_integer_tells_its_unit() {
        let moment = parse("2005-02-28").unwrap().0;
        assert_eq!(parse("20050228").unwrap(), (moment, TimestampUnit::Date));
        for (text, unit) in [
            ("1109548800", TimestampUnit::Seconds),
            ("1109548800000", TimestampUnit::Milliseconds),
            ("1109548800000000", TimestampUnit::Microseconds),
            ("1109548800000000000", TimestampUnit::Nanoseconds),
        ] {
            assert_eq!(parse(text).unwrap(), (moment, unit));
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "12345", "2005-02-30", "28/02/2005", "2005-02-28 16:00:00", "99999999999999999999"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
