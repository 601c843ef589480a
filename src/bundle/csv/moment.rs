//! Reads the moments of a file: dates, RFC 3339, or integers since the Unix epoch whose unit shows in their size.

#![forbid(unsafe_code)]

use super::stamped::Stamped;
use crate::bundle::origin::TimestampUnit;
use crate::time::{Timestamp, When};

/// Reads one moment with its unit, or says what is wrong with it.
pub(super) fn parse(text: &str) -> Result<(Stamped, TimestampUnit), String> {
    if text.is_empty() {
        return Err("is empty, expected a date or timestamp".to_owned());
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && text.len() != 8 {
        return parse_integer(text).map(|(moment, unit)| (Stamped::utc(moment), unit));
    }
    match text.parse() {
        Ok(When::Date(moment)) => Ok((Stamped::utc(moment), TimestampUnit::Date)),
        Ok(When::Moment(moment)) => {
            Ok((Stamped { moment, wall: wall(text, moment) }, TimestampUnit::Rfc3339))
        }
        Err(_) => Err(format!(
            "is {text:?}, expected 2005-02-28, 20050228, RFC 3339 with an offset (2005-02-28T21:00:00Z) or an \
             integer since the epoch in s, ms, us or ns"
        )),
    }
}

/// What a clock on the wall showed at a moment that is written with its offset.
fn wall(text: &str, moment: Timestamp) -> Timestamp {
    // A civil time is read from the text as it stands, but not from one in UTC, where it would be the moment.
    let civil = text.trim().parse::<jiff::civil::DateTime>().ok();
    let as_utc = civil.and_then(|civil| civil.to_zoned(jiff::tz::TimeZone::UTC).ok());
    as_utc.and_then(|zoned| i64::try_from(zoned.timestamp().as_nanosecond()).ok()).map_or(moment, Timestamp)
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
    fn a_clock_on_the_wall_shows_the_time_that_is_written() {
        for (text, moment, wall) in [
            ("2024-01-05 00:00:00+09:00", "2024-01-04T15:00:00Z", "2024-01-05"),
            ("2024-01-05T16:00:00-05:00", "2024-01-05T21:00:00Z", "2024-01-05T16:00:00Z"),
            ("2024-01-05T00:00:00+09:00[Asia/Tokyo]", "2024-01-04T15:00:00Z", "2024-01-05"),
            ("2024-01-05T21:00:00Z", "2024-01-05T21:00:00Z", "2024-01-05T21:00:00Z"),
        ] {
            let stamped = parse(text).unwrap().0;
            assert_eq!((stamped.moment.to_string(), stamped.wall.to_string()), (moment.into(), wall.into()));
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in ["", "12345", "2005-02-30", "28/02/2005", "2005-02-28 16:00:00", "99999999999999999999"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
