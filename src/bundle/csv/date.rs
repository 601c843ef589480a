//! The date of a daily bar: the one that its row says, in the offset that it is written in.
//!
//! A bar of Tokyo that is stamped `2024-01-05 00:00:00+09:00` is that of 5 January, although the moment is still the
//! 4th in UTC: read as the moment, a window up to the 4th would know the close of the 5th. So bars of a day, a week or a month
//! are stored at their dates, as those of files with bare dates are, and share rows with them.

#![forbid(unsafe_code)]

use std::collections::HashMap;

use super::frequency;
use super::rows::Rows;
use super::stamped::Stamped;
use crate::error::Error;
use crate::time::{DAY_NS, Frequency, Timestamp};

impl Rows {
    /// The frequency of the bars; `Ok(None)` where one bar at an hour of the day tells nothing.
    ///
    /// A file with a bar a day, most of them stamped at one time of the day, is a daily one, whatever daylight saving
    /// and half days do to the distance between its moments.
    pub(in crate::bundle) fn frequency(&self) -> Result<Option<Frequency>, String> {
        let stamped = || (0..self.len()).map(|bar| self.stamped(bar));
        let dates = || stamped().map(|stamped| stamped.date().0);
        let is_a_bar_a_day = dates().is_sorted_by(|above, below| above < below);
        let is_midnight = stamped().all(|stamped| stamped.wall.is_midnight());
        if is_midnight || (is_a_bar_a_day && self.len() > 1 && self.has_usual_time()) {
            let mut dates: Vec<i64> = dates().collect();
            dates.dedup();
            return frequency::detect(&dates);
        }
        frequency::detect(&self.moments)
    }

    /// Whether most bars are stamped at one time of the day.
    fn has_usual_time(&self) -> bool {
        let mut times: HashMap<i64, usize> = HashMap::new();
        for bar in 0..self.len() {
            *times.entry(self.time_of_day_ns(bar)).or_default() += 1;
        }
        times.values().any(|&count| 2 * count > self.len())
    }

    /// What a clock on the wall showed at a bar, in nanoseconds since its midnight.
    pub(in crate::bundle) fn time_of_day_ns(&self, bar: usize) -> i64 {
        self.stamped(bar).wall.0.rem_euclid(DAY_NS)
    }

    /// Moves the bars of a day, a week or a month to their dates, and says what was assumed where it could be otherwise; `zone` is
    /// the time zone that their dates were asked for in.
    ///
    /// # Errors
    /// `Parse` where two bars fall on one date, or where the dates cannot be those of sessions.
    pub(in crate::bundle) fn keep_dates(&mut self, zone: Option<&str>) -> Result<Option<Assumed>, Error> {
        let stamped = || (0..self.len()).map(|bar| self.stamped(bar));
        let assumed = stamped().find_map(|stamped| match (zone, stamped) {
            (Some(zone), _) if stamped.has_offset() || stamped.date() != stamped.wall => {
                Some(Assumed::InZone(stamped, zone.to_owned()))
            }
            (None, _) if stamped.has_offset() => Some(Assumed::Written(stamped)),
            (None, _) if stamped.date() != stamped.wall => Some(Assumed::Utc(stamped)),
            _ => None,
        });
        let Some(assumed) = assumed else { return Ok(None) };
        let dates: Vec<i64> = stamped().map(|stamped| stamped.date().0).collect();
        if let Some(above) = dates.windows(2).position(|pair| pair[0] >= pair[1]) {
            let below = above + 1;
            let message = format!(
                "{} {} comes after {} of {}, expected one bar for each date, in order",
                self.symbol,
                Timestamp(dates[below]),
                Timestamp(dates[above]),
                self.place(above, below)
            );
            return Err(self.refuse(below, message));
        }
        if matches!(assumed, Assumed::Utc(_))
            && let Some(bar) = self.a_sunday_for_a_monday()
        {
            let message = format!(
                "{} {} is a Sunday in UTC, and the file has no Fridays: its days start before midnight UTC, so that \
                 each bar would be known a day early; expected dates, moments with the exchange's own offset \
                 (2024-01-05T00:00:00+09:00), or its time zone by --tz",
                self.symbol,
                Timestamp(dates[bar])
            );
            return Err(self.refuse(bar, message));
        }
        self.restamp(dates);
        Ok(Some(assumed))
    }

    /// A bar on a Sunday of a series that has no Fridays, though it spans some: a week that is a day early.
    fn a_sunday_for_a_monday(&self) -> Option<usize> {
        const FRIDAY: i64 = 4;
        const SUNDAY: i64 = 6;
        // Day 0, 1 January 1970, was a Thursday; weeks start on Monday.
        let weekday = |days: i64| (days + 3).rem_euclid(7);
        let days = || (0..self.len()).map(|bar| self.stamped(bar).wall.days());
        let count = |wanted: i64| days().filter(|&day| weekday(day) == wanted).count();
        let spans_a_friday = (days().next()?..=days().next_back()?).any(|day| weekday(day) == FRIDAY);
        // A special session may be held on any day: a quarter as many Fridays are still none.
        if !spans_a_friday || 4 * count(FRIDAY) >= count(SUNDAY) {
            return None;
        }
        days().position(|day| weekday(day) == SUNDAY)
    }
}

/// What was taken to be the date of a daily bar.
#[derive(Clone, Debug)]
pub(in crate::bundle) enum Assumed {
    /// The date as it is written, in its own offset.
    Written(Stamped),
    /// The date in a time zone that was asked for.
    InZone(Stamped, String),
    /// The date in UTC of a moment within the day, for want of an offset.
    Utc(Stamped),
}

impl Assumed {
    /// What tells one assumption from another.
    pub(in crate::bundle) fn name(&self) -> &'static str {
        match self {
            Self::Written(_) => "written date",
            Self::InZone(..) => "date in a zone",
            Self::Utc(_) => "date in UTC",
        }
    }

    /// A sentence for the user, to be read after the name of a file.
    pub(in crate::bundle) fn sentence(&self) -> String {
        match self {
            Self::Written(stamped) => format!(
                "each daily bar keeps the date that it is stamped with in its own offset: {} ({} in UTC) is the bar of {}",
                stamped.wall.to_string().trim_end_matches('Z'),
                stamped.moment,
                stamped.date()
            ),
            Self::InZone(stamped, zone) => format!(
                "each daily bar keeps its date in {zone}: {} in UTC is the bar of {}",
                stamped.moment,
                stamped.date()
            ),
            Self::Utc(stamped) => format!(
                "daily bars are stamped within the day and with no offset; took the date in UTC: {} is the bar of {}; where \
                 sessions are of another date, write dates, or moments with their offset, or pass --tz",
                stamped.moment,
                stamped.date()
            ),
        }
    }
}
