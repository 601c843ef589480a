//! Reads dates and times of day as vendors write them, year first.

#![forbid(unsafe_code)]

use crate::time::{DAY_NS, Timestamp};

/// A date, and a time of day where there is one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Civil {
    /// Midnight of the date as if it were in UTC, in nanoseconds since the Unix epoch.
    pub(super) midnight_ns: i64,
    pub(super) time_ns: Option<i64>,
}

impl Civil {
    /// What a clock in UTC shows at this moment.
    pub(super) fn wall(self) -> Option<Timestamp> {
        self.midnight_ns.checked_add(self.time_ns.unwrap_or(0)).map(Timestamp)
    }
}

/// Reads `2024-01-02`, `2024.01.02`, `2024/01/02` or `20240102`, after a space or a T followed by `09:30`, `09:30:00`,
/// `09:30:00.000` or `093000`; and what comes after that, such as an offset.
pub(super) fn read(text: &str) -> Option<(Civil, &str)> {
    let bytes = text.as_bytes();
    let (midnight_ns, end) = match bytes.get(4)? {
        mark @ (b'-' | b'.' | b'/') if bytes.get(7) == Some(mark) => {
            (midnight(number(bytes, 0, 4)?, number(bytes, 5, 2)?, number(bytes, 8, 2)?)?, 10)
        }
        _ => (midnight(number(bytes, 0, 4)?, number(bytes, 4, 2)?, number(bytes, 6, 2)?)?, 8),
    };
    let date = Civil { midnight_ns, time_ns: None };
    match bytes.get(end) {
        None => return Some((date, "")),
        Some(b' ' | b'T' | b't') => {}
        // 20240102093000
        Some(b'0'..=b'9') if end == 8 => {
            let (time_ns, after) = time(&bytes[end..])?;
            return Some((Civil { time_ns: Some(time_ns), ..date }, text.get(end + after..)?));
        }
        Some(_) => return None,
    }
    let start = end + 1;
    let (time_ns, after) = time(bytes.get(start..)?)?;
    Some((Civil { time_ns: Some(time_ns), ..date }, text.get(start + after..)?))
}

/// Nanoseconds since midnight, and how many bytes they take.
fn time(bytes: &[u8]) -> Option<(i64, usize)> {
    let mut end = 2;
    let hours = number(bytes, 0, 2)?;
    let has_colons = bytes.get(end) == Some(&b':');
    let mut part = || {
        let start = end + usize::from(has_colons);
        if has_colons && bytes.get(end) != Some(&b':') {
            return None;
        }
        let value = number(bytes, start, 2)?;
        end = start + 2;
        Some(value)
    };
    let minutes = part()?;
    let seconds = part().unwrap_or(0);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let mut ns = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000;
    if bytes.get(end) == Some(&b'.') {
        let mut unit = 100_000_000;
        end += 1;
        while let Some(digit @ b'0'..=b'9') = bytes.get(end) {
            ns += i64::from(digit - b'0') * unit;
            unit /= 10;
            end += 1;
        }
    }
    Some((ns, end))
}

/// Nanoseconds east of UTC that `Z`, `+09:00`, `+0900` or `+09` stand for.
pub(super) fn offset(text: &str) -> Option<i64> {
    let text = text.trim_start();
    if matches!(text, "Z" | "z") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = &text.as_bytes()[1..];
    let minutes = match digits.len() {
        2 => 0,
        4 => number(digits, 2, 2)?,
        5 if digits[2] == b':' => number(digits, 3, 2)?,
        _ => return None,
    };
    let hours = number(digits, 0, 2)?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000_000_000)
}

fn number(bytes: &[u8], start: usize, len: usize) -> Option<i64> {
    let mut value = 0;
    for byte in bytes.get(start..start + len)? {
        value = value * 10 + i64::from(byte.is_ascii_digit().then(|| byte - b'0')?);
    }
    Some(value)
}

/// Midnight of a date of the Gregorian calendar; none where there is no such date.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn midnight(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 719_468).checked_mul(DAY_NS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for year in [1_700, 1_899, 1_900, 1_970, 2_000, 2_023, 2_024, 2_100, 2_261] {
            for month in 1..=12 {
                for day in 1..=31 {
                    let expected = Timestamp::from_date(year, month, day).map(|moment| moment.0);
                    assert_eq!(
                        midnight(year.into(), month.into(), day.into()),
                        expected,
                        "{year}-{month}-{day}"
                    );
                }
            }
        }
    }

    #[test]
    fn times_are_read_as_vendors_write_them() {
        let day = Timestamp::from_date(2024, 1, 2).unwrap().0;
        let half_past_nine = (9 * 3_600 + 30 * 60) * 1_000_000_000;
        for text in [
            "2024-01-02 09:30",
            "2024-01-02T09:30:00",
            "2024.01.02 09:30:00.000",
            "20240102 093000",
            "20240102093000",
            "2024/01/02 0930",
        ] {
            let (civil, rest) = read(text).unwrap();
            assert_eq!((civil.midnight_ns, civil.time_ns, rest), (day, Some(half_past_nine), ""), "{text}");
        }
        assert_eq!(read("2024-01-02").unwrap().0.time_ns, None);
        assert_eq!(read("2024-01-02 09:30:00.25+09:00").unwrap().1, "+09:00");
        for text in [
            "2024-02-30",
            "2024-01.02",
            "01/02/2024",
            "2024-01-02 25:00",
            "2024-01-02 9:30",
            "2024-01-02x",
            "",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn offsets_are_read() {
        for (text, hours) in [("Z", 0), ("+09:00", 9), ("-0500", -5), (" +01", 1)] {
            assert_eq!(offset(text), Some(hours * 3_600_000_000_000));
        }
        assert!(offset("+9").is_none() && offset("").is_none() && offset("UTC").is_none());
    }
}
