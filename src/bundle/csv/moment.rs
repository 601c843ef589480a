//! Reads the moments of a file: dates, times with an offset, local times of a time zone, or integers since the Unix
//! epoch whose unit shows in their size.

#![forbid(unsafe_code)]

use std::cell::Cell;

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::civil::{self, Civil};
use super::stamped::Stamped;
use crate::bundle::origin::TimestampUnit;
use crate::time::{DAY_NS, Timestamp, When};

/// A time zone by its name.
#[derive(Clone, Debug)]
pub(in crate::bundle) struct Zone {
    name: String,
    rules: TimeZone,
}

impl Zone {
    /// Finds the rules of a zone in the database that comes with the crate, or says what was expected.
    pub(in crate::bundle) fn new(name: &str) -> Result<Self, String> {
        match TimeZone::get(name) {
            Ok(rules) => Ok(Self { name: rules.iana_name().unwrap_or(name).to_owned(), rules }),
            Err(_) => Err(format!(
                "is {name:?}, expected a time zone such as America/New_York, Europe/London or UTC"
            )),
        }
    }

    pub(in crate::bundle) fn name(&self) -> &str {
        &self.name
    }

    /// What a clock on the wall shows there at a moment.
    fn wall(&self, moment: Timestamp) -> Timestamp {
        let at = jiff::Timestamp::from_nanosecond(i128::from(moment.0)).unwrap_or_default();
        Timestamp(moment.0 + i64::from(self.rules.to_offset(at).seconds()) * SECOND_NS)
    }
}

const SECOND_NS: i64 = 1_000_000_000;

/// How the moments of one file are read.
#[derive(Debug)]
pub(super) struct Clock<'a> {
    zone: Option<&'a Zone>,
    /// As `strptime` has it.
    format: Option<&'a str>,
    /// Midnight of the day that the file's name tells: integers are then milliseconds of it.
    day_ns: Option<i64>,
    /// The last day whose offset is the same from its start to its end, and that offset.
    steady: Cell<Option<(i64, i64)>>,
}

impl<'a> Clock<'a> {
    pub(super) fn new(zone: Option<&'a Zone>, format: Option<&'a str>, day_ns: Option<i64>) -> Self {
        Self { zone, format, day_ns, steady: Cell::new(None) }
    }

    /// Reads one moment with its unit, or says what is wrong with it.
    pub(super) fn parse(&self, text: &str) -> Result<(Stamped, TimestampUnit), String> {
        if text.is_empty() {
            return Err("is empty, expected a date or timestamp".to_owned());
        }
        if let Some(format) = self.format {
            return self.formatted(text, format);
        }
        // Vendors that go through a float write 1704067200.0.
        let integer = text.strip_suffix(".0").unwrap_or(text);
        if integer.bytes().all(|byte| byte.is_ascii_digit()) {
            if self.day_ns.is_some() {
                return self.integer(integer);
            }
            match (integer.len(), civil::read(integer)) {
                // Eight digits are a date; 12 and 14 that can be a date and a time are no milliseconds of 1976 or 2611.
                (8 | 12 | 14, Some((civil, ""))) if integer.len() == text.len() => {
                    return self.civil(civil, text);
                }
                (8, _) => {}
                _ => return self.integer(integer),
            }
        }
        match civil::read(text) {
            Some((civil, "")) => self.civil(civil, text),
            Some((civil @ Civil { time_ns: Some(_), .. }, rest)) => {
                match civil::offset(rest).zip(civil.wall()) {
                    Some((offset, wall)) => {
                        let moment = wall.0.checked_sub(offset).map(Timestamp).ok_or_else(|| bad(text))?;
                        Ok((self.seen(Stamped::new(moment, wall)), TimestampUnit::Rfc3339))
                    }
                    None => self.other(text),
                }
            }
            _ => self.other(text),
        }
    }

    /// What the zone's clock shows, where one is given: it alone says which date a moment is of.
    fn seen(&self, stamped: Stamped) -> Stamped {
        match self.zone {
            Some(zone) => Stamped::new(stamped.moment, zone.wall(stamped.moment)),
            None => stamped,
        }
    }

    fn civil(&self, civil: Civil, text: &str) -> Result<(Stamped, TimestampUnit), String> {
        let wall = civil.wall().ok_or_else(|| bad(text))?;
        match (civil.time_ns, self.zone) {
            // A date, or one as pandas writes it where all times of a column are midnight.
            (None, _) | (Some(0), None) => Ok((Stamped::utc(wall), TimestampUnit::Date)),
            (Some(_), Some(zone)) => Ok((self.local(wall, zone)?, TimestampUnit::Local)),
            (Some(_), None) => Err(format!(
                "is {text:?}, a local time without an offset; pass --tz with its time zone, such as --tz \
                 America/New_York or --tz UTC"
            )),
        }
    }

    /// The moment at which a clock on the wall shows a time.
    fn local(&self, wall: Timestamp, zone: &Zone) -> Result<Stamped, String> {
        let day = wall.days();
        if let Some((steady, offset)) = self.steady.get()
            && steady == day
        {
            return Ok(Stamped::new(Timestamp(wall.0 - offset), wall));
        }
        let offset_at = |wall: i64| zone.rules.to_ambiguous_timestamp(date_time(wall)).offset();
        let ns = |offset: jiff::tz::Offset| i64::from(offset.seconds()) * SECOND_NS;
        if let (AmbiguousOffset::Unambiguous { offset: first }, AmbiguousOffset::Unambiguous { offset: last }) =
            (offset_at(day * DAY_NS), offset_at((day + 1) * DAY_NS))
            && first == last
        {
            self.steady.set(Some((day, ns(first))));
        }
        match offset_at(wall.0) {
            AmbiguousOffset::Unambiguous { offset } => Ok(Stamped::new(Timestamp(wall.0 - ns(offset)), wall)),
            AmbiguousOffset::Fold { before, after } => {
                let first = Stamped::new(Timestamp(wall.0 - ns(before)), wall);
                Ok(Stamped { later_ns: ns(before) - ns(after), ..first })
            }
            // Where clocks jump at midnight, a day still has its date.
            AmbiguousOffset::Gap { before, .. } if wall.is_midnight() => {
                Ok(Stamped::new(Timestamp(wall.0 - ns(before)), wall))
            }
            AmbiguousOffset::Gap { .. } => Err(format!(
                "is {}, which no clock in {} showed: they were put forward that day; is --tz right?",
                wall.to_string().trim_end_matches('Z'),
                zone.name
            )),
        }
    }

    /// A moment in the format that was asked for.
    fn formatted(&self, text: &str, format: &str) -> Result<(Stamped, TimestampUnit), String> {
        let refuse = |_| format!("is {text:?}, expected it as --date-format {format:?} has it");
        let parsed = strtime::parse(format, text).map_err(refuse)?;
        if parsed.offset().is_some() {
            let moment = parsed.to_timestamp().map_err(refuse)?.as_nanosecond();
            let moment = i64::try_from(moment).map(Timestamp).map_err(|_| bad(text))?;
            let offset = parsed.offset().map_or(0, |offset| i64::from(offset.seconds()) * SECOND_NS);
            let stamped = Stamped::new(moment, Timestamp(moment.0 + offset));
            return Ok((self.seen(stamped), TimestampUnit::Rfc3339));
        }
        let date = parsed.to_date().map_err(refuse)?;
        let midnight =
            Timestamp::from_date(date.year(), date.month(), date.day()).ok_or_else(|| bad(text))?;
        let time_ns = parsed.to_time().ok().map(|time| {
            let seconds =
                (i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second());
            seconds * SECOND_NS + i64::from(time.subsec_nanosecond())
        });
        // A format without an hour asks for dates.
        let time_ns = time_ns.filter(|_| parsed.hour().is_some());
        self.civil(Civil { midnight_ns: midnight.0, time_ns }, text)
    }

    fn integer(&self, text: &str) -> Result<(Stamped, TimestampUnit), String> {
        const DAY_MS: u64 = 86_400_000;
        let out_of_range = || {
            format!("is {text}, expected an integer since the epoch in s, ms, us or ns, from 1973 to 2262")
        };
        let integer: u64 = text.parse().map_err(|_| out_of_range())?;
        if let Some(midnight_ns) = self.day_ns
            && integer < DAY_MS
        {
            let time_ns = Some(i64::try_from(integer).unwrap_or(0) * 1_000_000);
            // Midnight too is a time here.
            return match self.zone {
                Some(zone) => {
                    let wall = Civil { midnight_ns, time_ns }.wall().ok_or_else(out_of_range)?;
                    Ok((self.local(wall, zone)?, TimestampUnit::Local))
                }
                None => self.civil(Civil { midnight_ns, time_ns }, text),
            };
        }
        let unit = TimestampUnit::of(integer).ok_or_else(out_of_range)?;
        let ns = i64::try_from(integer).ok().and_then(|integer| integer.checked_mul(unit.ns()));
        let moment = ns.map(Timestamp).ok_or_else(out_of_range)?;
        Ok((self.seen(Stamped::utc(moment)), unit))
    }

    /// What is written in a way that vendors seldom use, such as `2024-01-05T00:00:00+09:00[Asia/Tokyo]`.
    fn other(&self, text: &str) -> Result<(Stamped, TimestampUnit), String> {
        match text.parse() {
            Ok(When::Date(moment)) => Ok((Stamped::utc(moment), TimestampUnit::Date)),
            Ok(When::Moment(moment)) => {
                Ok((self.seen(Stamped::new(moment, wall(text, moment))), TimestampUnit::Rfc3339))
            }
            Err(_) => Err(bad(text)),
        }
    }
}

fn bad(text: &str) -> String {
    if text.contains('/') {
        return format!(
            "is {text:?}, in which day and month may stand either way; pass --date-format, such as %m/%d/%Y or %d/%m/%Y"
        );
    }
    format!(
        "is {text:?}, expected 2005-02-28, 20050228, RFC 3339 with an offset (2005-02-28T21:00:00Z), a local time \
         with --tz or an integer since the epoch in s, ms, us or ns; --date-format reads others"
    )
}

/// What a clock on the wall showed at a moment that is written with its offset.
fn wall(text: &str, moment: Timestamp) -> Timestamp {
    // A civil time is read from the text as it stands, but not from one in UTC, where it would be the moment.
    let civil = text.trim().parse::<DateTime>().ok();
    let as_utc = civil.and_then(|civil| civil.to_zoned(TimeZone::UTC).ok());
    as_utc.and_then(|zoned| i64::try_from(zoned.timestamp().as_nanosecond()).ok()).map_or(moment, Timestamp)
}

fn date_time(wall: i64) -> DateTime {
    let at = jiff::Timestamp::from_nanosecond(i128::from(wall)).unwrap_or_default();
    TimeZone::UTC.to_datetime(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(Stamped, TimestampUnit), String> {
        Clock::new(None, None, None).parse(text)
    }

    #[test]
    fn the_size_of_an_integer_tells_its_unit() {
        let moment = parse("2005-02-28").unwrap().0;
        assert_eq!(parse("20050228").unwrap(), (moment, TimestampUnit::Date));
        for (text, unit) in [
            ("1109548800", TimestampUnit::Seconds),
            ("1109548800.0", TimestampUnit::Seconds),
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
        for text in
            ["", "12345", "2005-02-30", "28/02/2005", "2005-02-28 16:00:00", "99999999999999999999", "."]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(
            parse("20240102093000").unwrap_err().contains("pass --tz"),
            "no milliseconds of the year 2611"
        );
    }

    #[test]
    fn local_times_are_those_of_their_zone_on_the_days_that_clocks_change_too() {
        let zone = Zone::new("america/new_york").unwrap();
        assert_eq!(zone.name(), "America/New_York");
        let clock = Clock::new(Some(&zone), None, None);
        let read = |text: &str| clock.parse(text).map(|(stamped, _)| stamped);
        for (text, moment) in [
            ("2024-03-08 09:30:00", "2024-03-08T14:30:00Z"),
            ("2024-03-10 01:59:59", "2024-03-10T06:59:59Z"),
            ("2024-03-10 03:00:00", "2024-03-10T07:00:00Z"),
            ("2024-03-11 09:30:00", "2024-03-11T13:30:00Z"),
            ("20241103 003000", "2024-11-03T04:30:00Z"),
            ("2024-11-04 00:30", "2024-11-04T05:30:00Z"),
        ] {
            assert_eq!(read(text).unwrap().moment.to_string(), moment, "{text}");
        }
        let twice = read("2024-11-03 01:30:00").unwrap();
        assert_eq!(
            (twice.moment.to_string(), twice.later_ns),
            ("2024-11-03T05:30:00Z".into(), 3_600 * SECOND_NS)
        );
        let never = read("2024-03-10 02:30:00").unwrap_err();
        assert!(
            never.starts_with("is 2024-03-10T02:30:00, which no clock in America/New_York showed"),
            "{never}"
        );
        assert!(Zone::new("Mars/Olympus").is_err());
    }

    #[test]
    fn a_format_says_what_stands_where() {
        let read = |format: &str, text: &str| Clock::new(None, Some(format), None).parse(text);
        let (stamped, unit) = read("%m/%d/%Y", "01/05/2024").unwrap();
        assert_eq!((stamped.moment.to_string(), unit), ("2024-01-05".into(), TimestampUnit::Date));
        let (stamped, unit) = read("%d.%m.%Y %H:%M%z", "05.01.2024 09:30+0100").unwrap();
        assert_eq!(
            (stamped.moment.to_string(), unit),
            ("2024-01-05T08:30:00Z".into(), TimestampUnit::Rfc3339)
        );
        let wrong = read("%m/%d/%Y", "13/05/2024").unwrap_err();
        assert_eq!(wrong, "is \"13/05/2024\", expected it as --date-format \"%m/%d/%Y\" has it");
    }
}
