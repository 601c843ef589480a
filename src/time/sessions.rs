//! Sessions on the clocks of a time zone: which one a moment lies in, and when it begins and ends.

#![forbid(unsafe_code)]

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::DAY_NS;
use crate::error::Error;

/// Days that begin at one time of day, on the clocks of a time zone: 23 or 25 hours long where those are changed.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    zone: TimeZone,
    start_ns: i64,
}

/// One session, from its first nanosecond to that of the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SessionSpan {
    /// The date it is called by, in days since 1970-01-01.
    pub(crate) date: i64,
    pub(crate) begin: i64,
    pub(crate) end: i64,
}

impl Sessions {
    /// Takes a time zone's name, and a time of day such as `09:30:00`.
    ///
    /// # Errors
    /// `Invalid` for what is neither.
    pub(crate) fn new(zone: &str, start: &str) -> Result<Self, Error> {
        let named = TimeZone::get(zone).map_err(|_| {
            Error::invalid(
                "session",
                format!("time zone {zone:?} is not known, expected such as Europe/London"),
            )
        })?;
        let time: Time = start.parse().map_err(|_| {
            Error::invalid("session", format!("starts at {start:?}, expected a time of day such as 09:30:00"))
        })?;
        let seconds =
            (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second());
        Ok(Self { zone: named, start_ns: seconds * 1_000_000_000 })
    }

    /// The session that a moment lies in, or in whose day it lies.
    pub(crate) fn of(&self, moment: i64) -> SessionSpan {
        let at = jiff::Timestamp::from_nanosecond(i128::from(moment)).unwrap_or_default();
        let offset_ns = i64::from(self.zone.to_offset(at).seconds()) * 1_000_000_000;
        let mut day = moment.saturating_add(offset_ns).saturating_sub(self.start_ns).div_euclid(DAY_NS);
        // Where clocks are changed about the time at which a session starts, its neighbour has the moment.
        while moment < self.begin_of(day) {
            day -= 1;
        }
        while moment >= self.begin_of(day + 1) {
            day += 1;
        }
        SessionSpan { date: day + self.roll(), begin: self.begin_of(day), end: self.begin_of(day + 1) }
    }

    /// When the session that is called by a date begins.
    pub(crate) fn begin(&self, date: i64) -> i64 {
        self.begin_of(date - self.roll())
    }

    /// A session that starts in the afternoon or the evening goes over midnight, and is called by the date on which it
    /// ends, as futures and currencies are traded: that of Sunday evening is Monday's, and the first of its week.
    fn roll(&self) -> i64 {
        i64::from(self.start_ns >= DAY_NS / 2)
    }

    /// When the session begins that starts on a day of the zone's own; at the first moment after, where that is skipped.
    fn begin_of(&self, day: i64) -> i64 {
        let wall = day.saturating_mul(DAY_NS).saturating_add(self.start_ns);
        let civil = jiff::Timestamp::from_nanosecond(i128::from(wall)).unwrap_or_default();
        let civil = civil.to_zoned(TimeZone::UTC).datetime();
        let moment = self.zone.to_ambiguous_timestamp(civil).compatible();
        moment.ok().and_then(|moment| i64::try_from(moment.as_nanosecond()).ok()).unwrap_or(wall)
    }
}

/// The first day of a day's week, its Monday, in days since 1970-01-01.
pub(crate) fn monday(day: i64) -> i64 {
    // 1970-01-01 was a Thursday.
    day - (day + 3).rem_euclid(7)
}

/// The first day of a day's month and that of the next, in days since 1970-01-01.
pub(crate) fn month(day: i64) -> (i64, i64) {
    let moment = jiff::Timestamp::from_nanosecond(i128::from(day) * i128::from(DAY_NS)).unwrap_or_default();
    let date = moment.to_zoned(TimeZone::UTC).date();
    let first = day - i64::from(date.day()) + 1;
    (first, first + i64::from(date.days_in_month()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn at(text: &str) -> i64 {
        let moment: jiff::Timestamp = text.parse().unwrap();
        i64::try_from(moment.as_nanosecond()).unwrap()
    }

    fn session(sessions: &Sessions, moment: &str) -> [String; 3] {
        let SessionSpan { date, begin, end } = sessions.of(at(moment));
        [date * DAY_NS, begin, end].map(|ns| Timestamp(ns).to_string())
    }

    #[test]
    fn a_session_begins_by_its_zones_clocks_on_the_days_on_which_they_change_too() {
        let york = Sessions::new("America/New_York", "09:30:00").unwrap();
        assert_eq!(
            session(&york, "2024-03-08T14:30:00Z"),
            ["2024-03-08", "2024-03-08T14:30:00Z", "2024-03-09T14:30:00Z"]
        );
        assert_eq!(
            session(&york, "2024-03-10T14:00:00Z"),
            ["2024-03-10", "2024-03-10T13:30:00Z", "2024-03-11T13:30:00Z"]
        );
        let midnight = Sessions::new("America/New_York", "00:00:00").unwrap();
        let hours = |text| {
            let session = midnight.of(at(text));
            (session.end - session.begin) / 3_600_000_000_000
        };
        assert_eq!((hours("2024-03-10T12:00:00Z"), hours("2024-11-03T12:00:00Z")), (23, 25));
        assert_eq!(midnight.begin(midnight.of(at("2024-11-03T12:00:00Z")).date), at("2024-11-03T04:00:00Z"));
    }

    #[test]
    fn a_session_over_midnight_is_called_by_the_date_on_which_it_ends() {
        let futures = Sessions::new("America/Chicago", "17:00:00").unwrap();
        let sunday_evening = session(&futures, "2024-01-07T23:00:00Z");
        assert_eq!(sunday_evening, ["2024-01-08", "2024-01-07T23:00:00Z", "2024-01-08T23:00:00Z"]);
        let day = futures.of(at("2024-01-07T23:00:00Z")).date;
        assert_eq!((monday(day), monday(day - 1)), (day, day - 7));
        assert_eq!(futures.begin(day), at("2024-01-07T23:00:00Z"));
    }

    #[test]
    fn months_are_as_long_as_the_calendar_has_them() {
        let day = |text: &str| at(text) / DAY_NS;
        let (first, next) = month(day("2024-02-29T00:00:00Z"));
        assert_eq!((first, next), (day("2024-02-01T00:00:00Z"), day("2024-03-01T00:00:00Z")));
    }

    #[test]
    fn what_is_no_zone_or_time_is_named() {
        let error = Sessions::new("Mars/Olympus", "00:00:00").unwrap_err().to_string();
        assert!(error.contains("Mars/Olympus"), "{error}");
        let error = Sessions::new("UTC", "half past nine").unwrap_err().to_string();
        assert!(error.contains("half past nine"), "{error}");
    }
}
