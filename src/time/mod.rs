//! Moments, steps of time, and the map between bar indices and moments.

#![forbid(unsafe_code)]

mod calendar;
mod frequency;
mod lag;
mod sessions;
mod when;

pub use calendar::Calendar;
pub use frequency::Frequency;
pub use when::When;

pub(crate) use lag::Lag;
pub(crate) use sessions::{SessionSpan, Sessions, monday, month};

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;

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
