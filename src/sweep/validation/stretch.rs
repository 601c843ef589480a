//! Stretches: what the returns of some consecutive bars come to, so that any of them can be joined.

#![forbid(unsafe_code)]

use std::ops::Range;

use crate::sweep::broker::{Tally, bars_f64};
use crate::sweep::metrics::{Frame, Metric, Metrics};
use crate::sweep::run::Recording;

/// What is defined of bars that are joined: the rest needs an account that is there from the first of them to the last.
pub(super) const JOINED: [Metric; 9] = [
    Metric::TotalReturn,
    Metric::Cagr,
    Metric::Volatility,
    Metric::Sharpe,
    Metric::Sortino,
    Metric::MaxDrawdown,
    Metric::Calmar,
    Metric::Trades,
    Metric::Exposure,
];

/// What the returns of some bars come to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Stretch {
    bars: usize,
    /// Calendar days from the bar before each bar to it.
    days: f64,
    /// Of r, and of its square.
    sums: [f64; 2],
    /// Of min(r, 0) squared.
    downside: f64,
    /// The last equity, the highest, and the lowest, by the equity before the first bar, which is one of them.
    growth: f64,
    high: f64,
    low: f64,
    /// The lowest equity by the highest before it.
    worst: f64,
    held_bars: usize,
    trades: u32,
}

impl Stretch {
    pub(super) const EMPTY: Self = Self {
        bars: 0,
        days: 0.0,
        sums: [0.0; 2],
        downside: 0.0,
        growth: 1.0,
        high: 1.0,
        low: 1.0,
        worst: 1.0,
        held_bars: 0,
        trades: 0,
    };

    /// These bars, and others after them.
    pub(super) fn then(&self, next: &Self) -> Self {
        Self {
            bars: self.bars + next.bars,
            days: self.days + next.days,
            sums: [self.sums[0] + next.sums[0], self.sums[1] + next.sums[1]],
            downside: self.downside + next.downside,
            growth: self.growth * next.growth,
            high: self.high.max(self.growth * next.high),
            low: self.low.min(self.growth * next.low),
            worst: self.worst.min(next.worst).min(self.growth * next.low / self.high),
            held_bars: self.held_bars + next.held_bars,
            trades: self.trades + next.trades,
        }
    }

    /// One more bar with this return.
    fn add(&mut self, change: f64, days: f64, is_held: bool) {
        self.bars += 1;
        self.days += days;
        self.sums[0] += change;
        self.sums[1] += change * change;
        let loss = change.min(0.0);
        self.downside += loss * loss;
        self.growth *= 1.0 + change;
        self.high = self.high.max(self.growth);
        self.low = self.low.min(self.growth);
        // A product first: a division is what a bar would cost most.
        if self.growth < self.worst * self.high {
            self.worst = self.growth / self.high;
        }
        self.held_bars += usize::from(is_held);
    }

    /// The metrics of bars that were joined; those that are not of [`JOINED`] are not defined.
    pub(super) fn metrics(&self, periods_per_year: f64) -> Metrics {
        let mut tally = Tally::new(1.0, self.bars);
        tally.powers = [self.sums[0], self.sums[1], 0.0, 0.0];
        (tally.downside, tally.lowest_ratio, tally.last_equity) = (self.downside, self.worst, self.growth);
        (tally.held_bars, tally.trades) = (self.held_bars, self.trades);
        tally.equities = 1.0;
        let frame = Frame { cash: 1.0, bars: self.bars, days: self.days, periods_per_year };
        let metrics = Metrics::new(&tally, &frame);
        Metrics::of_values(|metric| match metrics.get(metric) {
            Some(value) if JOINED.contains(&metric) => value,
            _ => f64::NAN,
        })
    }
}

/// Cuts a trial at some bars: a stretch for each of the pieces, which lie side by side from the run's first bar on.
///
/// `first` is the run's first bar among the asset's own, and `days` are the calendar days from the bar before to each bar.
pub(super) fn cut(
    record: &Recording,
    first: usize,
    cash: f64,
    days: &[f64],
    pieces: &[Range<usize>],
    stretches: &mut Vec<Stretch>,
) {
    stretches.clear();
    let (mut before, mut held) = (cash, 0.0);
    let mut fills = record.fills.iter().peekable();
    for piece in pieces {
        let mut stretch = Stretch::EMPTY;
        for bar in piece.clone() {
            while let Some(fill) = fills.next_if(|fill| fill.bar - first == bar) {
                let left = if fill.weight == 0.0 { 0.0 } else { held + fill.shares };
                let is_end = held != 0.0 && (left == 0.0 || (left > 0.0) != (held > 0.0));
                stretch.trades += u32::from(is_end);
                held = left;
            }
            if record.closed == Some(bar) {
                stretch.trades += u32::from(held != 0.0);
                held = 0.0;
            }
            let now = record.equity[bar];
            // An account that lost everything rests.
            let change = if before > 0.0 { now / before - 1.0 } else { 0.0 };
            stretch.add(change, days[bar], held != 0.0);
            before = now;
        }
        stretches.push(stretch);
    }
}

/// As a number of days, from moments.
pub(super) fn days_before(days: impl Iterator<Item = i64>) -> Vec<f64> {
    let mut last = None;
    let gap = |day: i64| {
        let gap = day - last.replace(day).unwrap_or(day);
        bars_f64(usize::try_from(gap).unwrap_or_default())
    };
    days.map(gap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(changes: &[f64]) -> Stretch {
        let mut stretch = Stretch::EMPTY;
        changes.iter().for_each(|change| stretch.add(*change, 1.0, *change != 0.0));
        stretch
    }

    #[test]
    fn joined_stretches_come_to_what_their_bars_come_to_in_a_row() {
        let changes = [0.1, -0.2, 0.0, 0.3, -0.1, -0.1, 0.05, 0.0, 0.2, -0.3, 0.1, 0.02];
        for first in 0..=changes.len() {
            for second in first..=changes.len() {
                let parts = [&changes[..first], &changes[first..second], &changes[second..]].map(stretch);
                let joined = parts[0].then(&parts[1]).then(&parts[2]).metrics(252.0);
                let whole = stretch(&changes).metrics(252.0);
                for metric in Metric::ALL {
                    let (joined, whole) = (joined.get(metric), whole.get(metric));
                    assert_eq!(joined.is_some(), whole.is_some(), "{metric}");
                    assert!(whole.is_none_or(|whole| (whole - joined.unwrap()).abs() < 1e-12), "{metric}");
                }
            }
        }
        // By hand: from 1.1 down to 0.88, from 1.144 to 0.92664, and from 1.167564 to 0.817295.
        let deepest = stretch(&changes).metrics(252.0).get(Metric::MaxDrawdown).unwrap();
        assert!((deepest + 0.3).abs() < 1e-12, "{deepest}");
    }

    #[test]
    fn days_are_counted_from_the_bar_before() {
        assert_eq!(days_before([5, 6, 9].into_iter()), [0.0, 1.0, 3.0]);
    }
}
