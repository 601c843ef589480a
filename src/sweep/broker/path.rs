//! The path of one asset's prices over a run, prepared so that a held span is accounted for without visiting its bars.
//!
//! While all cash is in shares, equity moves as the close does. So the sums of its returns over a span are differences of
//! prefix sums, its peaks and falls are those of the closes, and both are the same for every trial on the asset.

#![forbid(unsafe_code)]

use super::extremes::{Extremes, ExtremesTable};
use super::records::Records;
use crate::sum::Sum;

/// Prices of one asset over [from, to], and what is derived from them once for all trials. Indices count from `from`.
///
/// Some 160 bytes a bar.
#[derive(Debug)]
pub(in crate::sweep) struct Path {
    /// Prices in quote currency per share, on the run's adjustment.
    pub(in crate::sweep) open: Vec<f64>,
    pub(in crate::sweep) close: Vec<f64>,
    /// Element `i` sums what came before bar `i`; one longer than the bars.
    sums: Vec<Prefix>,
    extremes: ExtremesTable,
    records: Records,
}

/// Sums over a stretch of bars.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::sweep) struct Sums {
    /// Of r, the return of the close per bar, and of its second, third and fourth powers.
    pub(in crate::sweep) powers: [f64; 4],
    /// Of min(r, 0) squared.
    pub(in crate::sweep) downside: f64,
    /// Of the close.
    pub(in crate::sweep) closes: f64,
}

/// Six sums over all bars before one, in the order of [`Sums`], each as a number and what rounding took from it.
///
/// A difference of sums keeps the digits that its own size has room for, and not only those that the sums of all bars
/// leave it: a trial that was in the market for three quiet days has its returns as exactly as one that always was.
#[derive(Clone, Copy, Debug)]
struct Prefix {
    high: [f64; 6],
    low: [f64; 6],
}

impl Prefix {
    #[inline]
    fn up_to(&self, end: &Self, at: usize) -> f64 {
        (end.high[at] - self.high[at]) + (end.low[at] - self.low[at])
    }
}

impl Path {
    /// Prepares a path; every close is finite and above 0.
    pub(in crate::sweep) fn new(open: Vec<f64>, close: Vec<f64>) -> Self {
        let (sums, extremes, records) = (sums(&close), ExtremesTable::new(&close), Records::new(&close));
        Self { open, close, sums, extremes, records }
    }

    pub(in crate::sweep) fn len(&self) -> usize {
        self.close.len()
    }

    /// The sums over bars `start..end`, `start` at least 1.
    #[inline]
    pub(in crate::sweep) fn sums(&self, start: usize, end: usize) -> Sums {
        let (before, until) = (&self.sums[start], &self.sums[end]);
        let [first, second, third, fourth, downside, closes] =
            std::array::from_fn(|at| before.up_to(until, at));
        Sums { powers: [first, second, third, fourth], downside, closes }
    }

    /// The sums of r and of its square over bars `start..end`, `start` at least 1.
    #[inline]
    pub(in crate::sweep) fn two_sums(&self, start: usize, end: usize) -> [f64; 2] {
        let (before, until) = (&self.sums[start], &self.sums[end]);
        [0, 1].map(|at| before.up_to(until, at))
    }

    /// The highest and the lowest close of bars `start..end`, of which there is at least one.
    #[inline]
    pub(in crate::sweep) fn extremes(&self, start: usize, end: usize) -> Extremes {
        self.extremes.between(&self.close, start, end)
    }

    /// The lowest close by the highest at or before it, within bars `start..end`, of which there is at least one.
    pub(in crate::sweep) fn worst(&self, start: usize, end: usize) -> f64 {
        self.extremes.worst(&self.close, start, end)
    }

    /// The first bar after `bar` whose close is not lower than a value above that bar's own; the number of bars where there
    /// is none.
    pub(in crate::sweep) fn first_reaching(&self, bar: usize, reaches: impl Fn(f64) -> bool) -> usize {
        self.records.first(bar, |next| reaches(self.close[next]))
    }

    /// The longest stretch of bars below the highest close so far, from `start` until the last highest one before `end`.
    pub(in crate::sweep) fn longest_below(&self, start: usize, end: usize) -> usize {
        self.records.longest_gap(start, end)
    }
}

fn sums(close: &[f64]) -> Vec<Prefix> {
    let mut prefix = Vec::with_capacity(close.len() + 1);
    let mut sums = [Sum::default(); 6];
    prefix.push(Prefix { high: [0.0; 6], low: [0.0; 6] });
    for (bar, &now) in close.iter().enumerate() {
        let change = bar.checked_sub(1).map_or(0.0, |before| now / close[before] - 1.0);
        let (loss, square) = (change.min(0.0), change * change);
        let values = [change, square, square * change, square * square, loss * loss, now];
        for (sum, value) in sums.iter_mut().zip(values) {
            *sum = sum.add(value);
        }
        let (high, low) = (sums.map(|sum| sum.parts().0), sums.map(|sum| sum.parts().1));
        prefix.push(Prefix { high, low });
    }
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_span_beside_a_wild_one_has_all_its_digits() {
        let mut close = vec![1.0, 1e6];
        close.extend((0..40).map(|bar| 1e6 - f64::from(bar) / 64.0));
        let path = Path::new(close.clone(), close.clone());
        let returns = close[2..].iter().zip(&close[1..]).map(|(now, before)| now / before - 1.0);
        let squares: f64 = returns.clone().map(|one| one * one).sum();
        let sums = path.sums(2, close.len());
        for (found, expected) in
            [(sums.powers[0], returns.sum()), (sums.powers[1], squares), (sums.downside, squares)]
        {
            assert!((found - expected).abs() <= 1e-13 * expected.abs(), "{found}, expected {expected}");
        }
    }

    #[test]
    fn sums_over_a_span_leave_out_the_rest() {
        let path = Path::new(vec![1.0; 4], vec![4.0, 2.0, 3.0, 3.0]);
        let sums = path.sums(2, 4);
        let expected = Sums { powers: [0.5, 0.25, 0.125, 0.0625], downside: 0.0, closes: 6.0 };
        assert_eq!((sums, path.two_sums(2, 4)), (expected, [0.5, 0.25]));
        assert_eq!((path.sums(1, 2).downside, path.sums(1, 2).closes), (0.25, 2.0));
    }
}
