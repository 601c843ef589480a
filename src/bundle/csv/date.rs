//! The date of a daily bar: the one that its row says, in the offset that it is written in.
//!
//! A bar of Tokyo that is stamped `2024-01-05 00:00:00+09:00` is that of 5 January, although the moment is still the
//! 4th in UTC: read as the moment, a window up to the 4th would know the close of the 5th. So bars of a day or a week
//! are stored at their dates, as those of files with bare dates are, and share rows with them.

#![forbid(unsafe_code)]

use std::collections::HashMap;

use super::frequency;
use super::rows::Rows;
use super::stamped::Stamped;
use crate::time::{Frequency, Timestamp};

impl Rows {
    /// The frequency of the bars; `Ok(None)` where one bar at an hour of the day tells nothing.
    ///
    /// A file with a bar a day, most of them stamped at one time of the day, is a daily one, whatever daylight saving
    /// and half days do to the distance between its moments.
    pub(in crate::bundle) fn frequency(&self) -> Result<Option<Frequency>, String> {
        let mut dates: Vec<i64> = self.rows.iter().map(|row| row.stamped.date().0).collect();
        let is_a_bar_a_day = dates.windows(2).all(|pair| pair[0] < pair[1]);
        let mut times: HashMap<i64, usize> = HashMap::new();
        for row in &self.rows {
            *times.entry(row.stamped.wall.0 - row.stamped.date().0).or_default() += 1;
        }
        let most = times.values().copied().max().unwrap_or(0);
        let is_midnight = times.len() == 1 && times.contains_key(&0);
        if is_midnight || (is_a_bar_a_day && dates.len() > 1 && 2 * most > dates.len()) {
            dates.dedup();
            return frequency::detect(&dates);
        }
        frequency::detect(&self.moments().collect::<Vec<_>>())
    }

    /// Moves the bars of a day or a week to their dates, and says what was assumed where it could be otherwise.
    ///
    /// # Errors
    /// The line and what is wrong, where two bars fall on one date, or where the dates cannot be those of sessions.
    pub(in crate::bundle) fn keep_dates(&mut self) -> Result<Option<Assumed>, (u64, String)> {
        let assumed = self.rows.iter().find_map(|row| match row.stamped {
            stamped if stamped.has_offset() => Some(Assumed::WrittenDate(stamped)),
            stamped if stamped.date() != stamped.wall => Some(Assumed::UtcDate(stamped)),
            _ => None,
        });
        let Some(assumed) = assumed else { return Ok(None) };
        for pair in self.rows.windows(2) {
            let (above, below) = (pair[0].stamped.date(), pair[1].stamped.date());
            if above >= below {
                let message = format!(
                    "{} {below} comes after {above} of line {}, expected one bar for each date, in order",
                    self.symbol, pair[0].line
                );
                return Err((pair[1].line, message));
            }
        }
        if matches!(assumed, Assumed::UtcDate(_))
            && let Some((line, date)) = self.a_sunday_for_a_monday()
        {
            let message = format!(
                "{} {date} is a Sunday in UTC, and the file has no Fridays: its days start before midnight UTC, so that \
                 each bar would be known a day early; expected dates, or moments with the exchange's own offset \
                 (2024-01-05T00:00:00+09:00)",
                self.symbol
            );
            return Err((line, message));
        }
        for row in &mut self.rows {
            row.stamped = Stamped::utc(row.stamped.date());
        }
        Ok(Some(assumed))
    }

    /// A bar on a Sunday of a series that has no Fridays, though it spans some: a week that is a day early.
    fn a_sunday_for_a_monday(&self) -> Option<(u64, Timestamp)> {
        const FRIDAY: i64 = 4;
        const SUNDAY: i64 = 6;
        // Day 0, 1 January 1970, was a Thursday; weeks start on Monday.
        let weekday = |days: i64| (days + 3).rem_euclid(7);
        let days = || self.rows.iter().map(|row| row.stamped.wall.days());
        let count = |wanted: i64| days().filter(|&day| weekday(day) == wanted).count();
        let spans_a_friday = (days().next()?..=days().next_back()?).any(|day| weekday(day) == FRIDAY);
        // A special session may be held on any day: a quarter as many Fridays are still none.
        if !spans_a_friday || 4 * count(FRIDAY) >= count(SUNDAY) {
            return None;
        }
        let sunday = self.rows.iter().find(|row| weekday(row.stamped.wall.days()) == SUNDAY)?;
        Some((sunday.line, sunday.stamped.date()))
    }
}

/// What was taken to be the date of a daily bar.
#[derive(Clone, Copy, Debug)]
pub(in crate::bundle) enum Assumed {
    /// The date as it is written, in its own offset.
    WrittenDate(Stamped),
    /// The date in UTC of a moment within the day, for want of an offset.
    UtcDate(Stamped),
}

impl Assumed {
    /// What tells one assumption from another.
    pub(in crate::bundle) fn name(self) -> &'static str {
        match self {
            Self::WrittenDate(_) => "written date",
            Self::UtcDate(_) => "date in UTC",
        }
    }

    /// A sentence for the user, to be read after the name of a file.
    pub(in crate::bundle) fn sentence(self) -> String {
        match self {
            Self::WrittenDate(stamped) => format!(
                "each daily bar keeps the date that it is stamped with in its own offset: {} ({} in UTC) is the bar of {}",
                stamped.wall.to_string().trim_end_matches('Z'),
                stamped.moment,
                stamped.date()
            ),
            Self::UtcDate(stamped) => format!(
                "daily bars are stamped within the day and with no offset; took the date in UTC: {} is the bar of {}; where \
                 sessions are of another date, write dates, or moments with their offset",
                stamped.moment,
                stamped.date()
            ),
        }
    }
}
