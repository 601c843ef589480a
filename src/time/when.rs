//! Moments as a user types them.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

use super::{DAY_NS, Timestamp};
use crate::error::{Error, ErrorKind};

/// A moment as a user types it: a whole day, or an exact moment.
///
/// # Examples
/// ```
/// use lookback::When;
/// let day: When = "2005-02-28".parse()?;
/// assert_eq!(day, "20050228".parse()?);
/// assert!(matches!("2005-02-28T16:00:00-05:00".parse()?, When::Moment(_)));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// A bare date: stands for the whole session of that day. Holds midnight UTC.
    Date(Timestamp),
    /// A moment to the nanosecond.
    Moment(Timestamp),
}

impl When {
    /// The last nanosecond that it includes, for sessions that end with the UTC day.
    ///
    /// # Examples
    /// ```
    /// let day: lookback::When = "2005-02-28".parse()?;
    /// assert_eq!(day.last_moment().to_string(), "2005-02-28T23:59:59.999999999Z");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn last_moment(self) -> Timestamp {
        match self {
            Self::Date(midnight) => Timestamp(midnight.0.saturating_add(DAY_NS - 1)),
            Self::Moment(moment) => moment,
        }
    }

    /// The first nanosecond that it includes.
    ///
    /// # Examples
    /// ```
    /// let day: lookback::When = "2005-02-28".parse()?;
    /// assert_eq!(day.first_moment().to_string(), "2005-02-28");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn first_moment(self) -> Timestamp {
        match self {
            Self::Date(moment) | Self::Moment(moment) => moment,
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.first_moment(), f)
    }
}

impl FromStr for When {
    type Err = Error;

    /// Reads `2005-02-28`, `20050228` (eight digits are a date) or RFC 3339.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = || Error::new(ErrorKind::BadDate { found: text.to_owned() });
        let trimmed = text.trim();
        let eight_digits = trimmed.len() == 8 && trimmed.bytes().all(|byte| byte.is_ascii_digit());
        let dashed = trimmed.len() == 10 && trimmed.as_bytes()[4] == b'-' && trimmed.as_bytes()[7] == b'-';
        if eight_digits || dashed {
            let date: Date = trimmed.parse().map_err(|_| bad())?;
            return Timestamp::from_civil(date).map(Self::Date).ok_or_else(bad);
        }
        let moment: jiff::Timestamp = trimmed.parse().map_err(|_| bad())?;
        i64::try_from(moment.as_nanosecond()).map(|ns| Self::Moment(Timestamp(ns))).map_err(|_| bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_digits_are_a_date_not_seconds() {
        let date: When = "20050228".parse().unwrap();
        assert_eq!(date, "2005-02-28".parse().unwrap());
        assert_eq!(date.to_string(), "2005-02-28");
    }

    #[test]
    fn a_moment_is_read_with_its_offset() {
        let moment: When = "2005-02-28T16:00:00-05:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2005-02-28T21:00:00Z");
        assert!("2005-02-30".parse::<When>().is_err());
        assert!("yesterday".parse::<When>().is_err());
    }
}
