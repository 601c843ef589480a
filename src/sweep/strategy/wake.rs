//! Wake-ups: the bars at which a strategy is asked, as data that the runner computes.
//!
//! A strategy declares in its [`Setup`](super::Setup) what can make it act; it never sees the bars that follow from it. A
//! hint that is code which looks ahead would be code that can keep what it saw. Every maker here puts a bar into the set
//! for what is known at that bar's close: a crossing with this bar, an event that applies from its open, the first bar of
//! a week. "The last bar of a month" is not among them, since at that bar nobody knows it.

#![forbid(unsafe_code)]

use super::scene::{IndicatorId, Scene};
use crate::compare::{self, Cross};
use crate::time::Timestamp;

/// A stretch of the calendar whose first bar can wake a strategy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Period {
    /// From Monday on.
    Week,
    /// From the first of a month on.
    Month,
}

/// Which bars of a pair of columns wake a strategy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mark {
    /// Where one crosses the other, either way.
    Crossings,
    /// Where the relation, one of above, below, level and undefined, is another than at the bar before.
    Changes,
}

/// What wakes a strategy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WakeUp {
    EveryBar,
    Relation(Mark, IndicatorId, IndicatorId),
    FirstBar,
    FirstOf(Period),
    Event,
}

/// A set of bars of one asset, one bit each, 64 a word.
#[derive(Debug)]
pub(in crate::sweep) struct BarSet {
    words: Vec<u64>,
}

/// Bars of a word.
const WORD: usize = u64::BITS as usize;

impl BarSet {
    /// The bars of a run at which a strategy is asked: all, where it declared nothing.
    ///
    /// `words` is memory to use again, whatever it holds.
    pub(super) fn of(wake_ups: &[WakeUp], scene: &Scene<'_>, mut words: Vec<u64>) -> Self {
        let (first, last) = (scene.market.first, scene.market.last);
        let is_every_bar = wake_ups.is_empty() || wake_ups.contains(&WakeUp::EveryBar);
        words.clear();
        words.resize(last / WORD + 1, if is_every_bar { u64::MAX } else { 0 });
        let mut bars = Self { words };
        if is_every_bar {
            bars.keep(first, last);
            return bars;
        }
        for wake_up in wake_ups {
            match *wake_up {
                WakeUp::EveryBar => {}
                WakeUp::Relation(mark, a, b) => bars.add_relation(mark, a, b, scene),
                WakeUp::FirstBar => bars.add(first),
                WakeUp::FirstOf(period) => bars.add_first_of(period, scene),
                WakeUp::Event => bars.add_events(scene),
            }
        }
        bars.keep(first, last);
        bars
    }

    /// The bars of the set, earliest first.
    #[inline]
    pub(in crate::sweep) fn iter(&self) -> Bars<'_> {
        Bars { words: &self.words, index: 0, left: self.words.first().copied().unwrap_or_default() }
    }

    /// The memory of the set, to use again.
    pub(super) fn into_words(self) -> Vec<u64> {
        self.words
    }

    fn add(&mut self, bar: usize) {
        self.words[bar / WORD] |= 1 << (bar % WORD);
    }

    /// Drops the bars outside of `first..=last`.
    fn keep(&mut self, first: usize, last: usize) {
        self.words[..first / WORD].fill(0);
        self.words[first / WORD] &= u64::MAX << (first % WORD);
        self.words[last / WORD] &= u64::MAX >> (WORD - 1 - last % WORD);
    }

    fn add_relation(&mut self, mark: Mark, a: IndicatorId, b: IndicatorId, scene: &Scene<'_>) {
        match mark {
            Mark::Crossings => match scene.crosses(a, b) {
                Some(crosses) => self.add_crosses(crosses),
                None => {
                    let mut crosses = Vec::new();
                    scene.find_crosses(a, b, &mut crosses);
                    self.add_crosses(&crosses);
                }
            },
            Mark::Changes => self.add_changes(a, b, scene),
        }
    }

    fn add_crosses(&mut self, crosses: &[Cross]) {
        self.words.iter_mut().zip(crosses).for_each(|(word, cross)| *word |= cross.up | cross.down);
    }

    fn add_changes(&mut self, a: IndicatorId, b: IndicatorId, scene: &Scene<'_>) {
        let ((kind_a, x), (kind_b, y)) = (scene.column(a), scene.column(b));
        let (first, last) = (scene.market.first, scene.market.last);
        if kind_a == kind_b {
            return compare::mark_changes(&x[..=last], &y[..=last], &mut self.words);
        }
        // A price-like column beside another kind: each pair on the price level of its bar, as `Bar` compares it.
        let pair = |at: usize, bar: usize| (scene.at_level(a, at, bar), scene.at_level(b, at, bar));
        for bar in first.max(1)..=last {
            if compare::changes(pair(bar - 1, bar), pair(bar, bar)) {
                self.add(bar);
            }
        }
    }

    fn add_first_of(&mut self, period: Period, scene: &Scene<'_>) {
        let market = scene.market;
        let number = |bar: usize| period.number(market.timestamp(bar));
        for bar in market.first..=market.last {
            if bar == 0 || number(bar - 1) != number(bar) {
                self.add(bar);
            }
        }
    }

    fn add_events(&mut self, scene: &Scene<'_>) {
        let market = scene.market;
        let snapshot = scene.reader.snapshot();
        for event in snapshot.bundle().adjustments(market.asset) {
            if let Some(bar) =
                market.calendar.bar_from(event.applies_from()).filter(|bar| *bar <= market.last)
            {
                self.add(bar);
            }
        }
    }
}

/// The bars of a [`BarSet`], earliest first.
#[derive(Debug)]
pub(in crate::sweep) struct Bars<'a> {
    words: &'a [u64],
    /// The word that we are in, and its bits that are still to come.
    index: usize,
    left: u64,
}

impl Iterator for Bars<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.left == 0 {
            self.index += 1;
            self.left = *self.words.get(self.index)?;
        }
        let bar = self.index * WORD + self.left.trailing_zeros() as usize;
        // Clears the lowest bit.
        self.left &= self.left - 1;
        Some(bar)
    }
}

impl Period {
    /// A number that is the same for two moments of one period, and for no others. Days are those of UTC.
    fn number(self, moment: Timestamp) -> i64 {
        let day = moment.days();
        match self {
            // Day 0, 1 January 1970, was a Thursday.
            Self::Week => (day + 3).div_euclid(7),
            Self::Month => month(day),
        }
    }
}

/// Months since March of year 0, counted from days since 1 January 1970.
///
/// - Source: H. Hinnant, chrono-Compatible Low-Level Date Algorithms, `civil_from_days`.
fn month(day: i64) -> i64 {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    (era * 400 + year) * 12 + (5 * of_year + 2) / 153
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_yields_its_bars_in_order_within_the_run() {
        let mut set = BarSet { words: vec![0; 3] };
        for bar in [3, 5, 63, 64, 100, 190] {
            set.add(bar);
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), [3, 5, 63, 64, 100, 190]);
        set.keep(5, 190);
        assert_eq!(set.iter().collect::<Vec<_>>(), [5, 63, 64, 100, 190]);
        set.keep(101, 189);
        assert_eq!(set.iter().count(), 0);
    }

    #[test]
    fn periods_change_on_mondays_and_on_the_first() {
        let date = |year, month, day| Timestamp::from_date(year, month, day).unwrap();
        for (before, now, week, month) in [
            (date(2005, 2, 27), date(2005, 2, 28), true, false), // Sunday, Monday
            (date(2005, 2, 28), date(2005, 3, 1), false, true),
            (date(2003, 12, 31), date(2004, 1, 1), false, true),
            (date(2004, 2, 28), date(2004, 2, 29), false, false),
            (date(1969, 12, 31), date(1970, 1, 1), false, true),
            (date(1900, 2, 28), date(1900, 3, 1), false, true),
            (date(2004, 3, 1), date(2005, 3, 1), true, true),
        ] {
            assert_eq!(Period::Week.number(before) != Period::Week.number(now), week, "{now}");
            assert_eq!(Period::Month.number(before) != Period::Month.number(now), month, "{now}");
        }
    }
}
