//! Moments, steps of time, and the map between bar indices and moments.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::error::{Error, ErrorKind};

/// Nanoseconds of a day of 24 hours.
///
/// # Examples
/// ```
/// use lookback::Timestamp;
/// use lookback::time::DAY_NS;
/// assert_eq!(Timestamp(3 * DAY_NS + 1).days(), 3);
/// ```
pub const DAY_NS: i64 = 86_400_000_000_000;

/// A moment: nanoseconds since the Unix epoch, UTC.
///
/// # Examples
/// ```
/// use lookback::{Timestamp, time::DAY_NS};
/// assert_eq!(Timestamp(DAY_NS).to_string(), "1970-01-02");
/// assert_eq!(Timestamp(DAY_NS + 1_000_000_000).to_string(), "1970-01-02T00:00:01Z");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Midnight UTC of a civil date; `None` where the date lies outside 1677 to 2262 or does not exist.
    ///
    /// # Examples
    /// ```
    /// use lookback::Timestamp;
    /// let day = Timestamp::from_date(2005, 2, 28).expect("a day of the calendar");
    /// assert_eq!(day.to_string(), "2005-02-28");
    /// assert_eq!(Timestamp::from_date(2005, 2, 30), None);
    /// ```
    #[must_use]
    pub fn from_date(year: i16, month: i8, day: i8) -> Option<Self> {
        Self::from_civil(Date::new(year, month, day).ok()?)
    }

    fn from_civil(date: Date) -> Option<Self> {
        let zoned = date.to_zoned(TimeZone::UTC).ok()?;
        i64::try_from(zoned.timestamp().as_nanosecond()).ok().map(Self)
    }

    /// Whether this is midnight UTC, as the bars of a daily series are stamped.
    ///
    /// # Examples
    /// ```
    /// use lookback::Timestamp;
    /// assert!(Timestamp(0).is_midnight() && !Timestamp(1).is_midnight());
    /// ```
    #[must_use]
    pub fn is_midnight(self) -> bool {
        self.0.rem_euclid(DAY_NS) == 0
    }

    /// Whole days since the Unix epoch, rounded down.
    ///
    /// # Examples
    /// ```
    /// use lookback::Timestamp;
    /// assert_eq!((Timestamp(0).days(), Timestamp(-1).days()), (0, -1));
    /// ```
    #[must_use]
    pub fn days(self) -> i64 {
        self.0.div_euclid(DAY_NS)
    }
}

/// The date of each moment in a time zone, in days since 1970-01-01; in UTC where the zone is not known.
#[cfg_attr(
    not(feature = "sweep"),
    allow(dead_code, reason = "only rules ask for the month and the day of the week")
)]
pub(crate) fn local_days(moments: impl Iterator<Item = i64>, zone: &str) -> Vec<i64> {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let offset_ns = |moment: i64| {
        let moment = jiff::Timestamp::from_nanosecond(i128::from(moment)).unwrap_or_default();
        i64::from(zone.to_offset(moment).seconds()) * 1_000_000_000
    };
    moments.map(|moment| moment.saturating_add(offset_ns(moment)).div_euclid(DAY_NS)).collect()
}

impl fmt::Display for Timestamp {
    /// A date where it is midnight UTC, RFC 3339 otherwise.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(moment) if self.is_midnight() => f.pad(&moment.to_zoned(TimeZone::UTC).date().to_string()),
            Ok(moment) => f.pad(&moment.to_string()),
            Err(_) => f.pad(&format!("{} ns", self.0)),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

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

/// The step of time between bars.
///
/// # Examples
/// ```
/// use lookback::Frequency;
/// assert_eq!("15m".parse::<Frequency>()?, Frequency::Minute15);
/// assert!(Frequency::Minute15 < Frequency::Day);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Frequency {
    /// One minute.
    Minute,
    /// Five minutes.
    Minute5,
    /// Fifteen minutes.
    Minute15,
    /// Thirty minutes.
    Minute30,
    /// One hour, counted from the session's start.
    Hour,
    /// One session.
    Day,
    /// One week, from Monday.
    Week,
}

impl Frequency {
    /// All of them, finest first.
    ///
    /// # Examples
    /// ```
    /// use lookback::Frequency;
    /// assert_eq!(Frequency::ALL.map(Frequency::name), ["1m", "5m", "15m", "30m", "1h", "1d", "1w"]);
    /// ```
    pub const ALL: [Self; 7] =
        [Self::Minute, Self::Minute5, Self::Minute15, Self::Minute30, Self::Hour, Self::Day, Self::Week];

    /// The short name: `1m 5m 15m 30m 1h 1d 1w`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::Minute5 => "5m",
            Self::Minute15 => "15m",
            Self::Minute30 => "30m",
            Self::Hour => "1h",
            Self::Day => "1d",
            Self::Week => "1w",
        }
    }

    /// The nominal length of a bar, in nanoseconds.
    ///
    /// # Examples
    /// ```
    /// use lookback::{Frequency, time::DAY_NS};
    /// assert_eq!(Frequency::Week.step_ns(), 7 * DAY_NS);
    /// ```
    #[must_use]
    pub fn step_ns(self) -> i64 {
        const MINUTE_NS: i64 = 60_000_000_000;
        match self {
            Self::Minute => MINUTE_NS,
            Self::Minute5 => 5 * MINUTE_NS,
            Self::Minute15 => 15 * MINUTE_NS,
            Self::Minute30 => 30 * MINUTE_NS,
            Self::Hour => 60 * MINUTE_NS,
            Self::Day => DAY_NS,
            Self::Week => 7 * DAY_NS,
        }
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Frequency {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|frequency| frequency.name() == text.trim()).ok_or_else(|| {
            let expected = "expected one of 1m 5m 15m 30m 1h 1d 1w".to_owned();
            ErrorKind::BadFrequency { found: text.to_owned(), expected }.into()
        })
    }
}

/// The bars of a series: bar index to moment, and back. Cloning costs one reference count.
///
/// # Examples
/// ```
/// use lookback::{Calendar, Timestamp};
/// let calendar = Calendar::new(vec![10, 20, 30])?;
/// assert_eq!((calendar.len(), calendar.timestamp(1)), (3, Some(Timestamp(20))));
/// assert_eq!((calendar.bar_at(Timestamp(25)), calendar.bar_from(Timestamp(25))), (Some(1), Some(2)));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Calendar(Arc<[i64]>);

impl Calendar {
    /// Takes strictly ascending moments, in nanoseconds since the Unix epoch.
    ///
    /// # Errors
    /// `Invalid` where two moments are equal or out of order.
    ///
    /// # Examples
    /// ```
    /// use lookback::Calendar;
    /// assert_eq!(Calendar::new(vec![10, 20])?.as_slice(), [10, 20]);
    /// assert!(Calendar::new(vec![20, 10]).is_err());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn new(moments: impl Into<Arc<[i64]>>) -> Result<Self, Error> {
        let moments = moments.into();
        match moments.windows(2).position(|pair| pair[0] >= pair[1]) {
            None => Ok(Self(moments)),
            Some(at) => Err(Error::invalid(
                "calendar",
                format!(
                    "{} follows {}, expected ascending",
                    Timestamp(moments[at + 1]),
                    Timestamp(moments[at])
                ),
            )),
        }
    }

    /// Every moment at which at least one of the calendars has a bar.
    ///
    /// # Examples
    /// ```
    /// use lookback::Calendar;
    /// let union = Calendar::union(&[Calendar::new(vec![1, 3])?, Calendar::new(vec![2, 3])?]);
    /// assert_eq!(union.as_slice(), [1, 2, 3]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn union(calendars: &[Self]) -> Self {
        if let [one] = calendars {
            return one.clone();
        }
        let mut moments: Vec<i64> =
            calendars.iter().flat_map(|calendar| calendar.0.iter().copied()).collect();
        moments.sort_unstable();
        moments.dedup();
        Self(moments.into())
    }

    /// How many bars there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no bar.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The moment of a bar; `None` past the last.
    #[must_use]
    pub fn timestamp(&self, bar: usize) -> Option<Timestamp> {
        self.0.get(bar).copied().map(Timestamp)
    }

    /// The last bar at or before a moment.
    ///
    /// # Examples
    /// ```
    /// use lookback::{Calendar, Timestamp};
    /// let calendar = Calendar::new(vec![10, 20])?;
    /// assert_eq!([9, 10, 19, 99].map(|ns| calendar.bar_at(Timestamp(ns))), [None, Some(0), Some(0), Some(1)]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn bar_at(&self, moment: Timestamp) -> Option<usize> {
        self.0.partition_point(|&ns| ns <= moment.0).checked_sub(1)
    }

    /// The first bar at or after a moment.
    ///
    /// # Examples
    /// ```
    /// use lookback::{Calendar, Timestamp};
    /// let calendar = Calendar::new(vec![10, 20])?;
    /// assert_eq!([9, 11, 21].map(|ns| calendar.bar_from(Timestamp(ns))), [Some(0), Some(1), None]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn bar_from(&self, moment: Timestamp) -> Option<usize> {
        let bar = self.0.partition_point(|&ns| ns < moment.0);
        (bar < self.0.len()).then_some(bar)
    }

    /// The moments, in nanoseconds since the Unix epoch, ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[i64] {
        &self.0
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

    #[test]
    fn a_calendar_finds_the_last_bar_at_or_before() {
        let calendar = Calendar::new(vec![10, 20, 30]).unwrap();
        assert_eq!(calendar.bar_at(Timestamp(9)), None);
        assert_eq!(calendar.bar_at(Timestamp(25)), Some(1));
        assert_eq!(calendar.bar_from(Timestamp(25)), Some(2));
        assert_eq!(calendar.bar_from(Timestamp(31)), None);
        assert!(Calendar::new(vec![10, 10]).is_err());
    }

    #[test]
    fn the_union_of_calendars_has_each_moment_once() {
        let one = Calendar::new(vec![1, 3]).unwrap();
        let other = Calendar::new(vec![2, 3]).unwrap();
        assert_eq!(Calendar::union(&[one, other]).as_slice(), &[1, 2, 3]);
    }
}
