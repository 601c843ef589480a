//! The highest value of a window, as it moves: how high it is, and how long ago it was.

#![forbid(unsafe_code)]

use std::collections::VecDeque;

use super::window::Rolling;
use crate::compare::above;

/// The bars of a window that are higher than every later one: the first is the highest.
///
/// Each bar enters and leaves once, whatever the length of the window.
pub(super) struct Peak<'a> {
    values: &'a [f64],
    bars: VecDeque<usize>,
    is_low: bool,
}

impl<'a> Peak<'a> {
    /// Of the highest values.
    pub(super) fn high(values: &'a [f64]) -> Self {
        Self { values, bars: VecDeque::new(), is_low: false }
    }

    /// Of the lowest ones, turned round.
    pub(super) fn low(values: &'a [f64]) -> Self {
        Self { is_low: true, ..Self::high(values) }
    }

    /// The highest.
    pub(super) fn value(&self) -> f64 {
        self.bars.front().map_or(f64::NAN, |&first| self.values[first])
    }

    /// Bars since the highest; where several are level with it, since the latest.
    pub(super) fn age(&self, bar: usize) -> usize {
        let first = self.value();
        let is_level = |at: &usize| {
            let value = self.values[*at];
            !(if self.is_low { above(value, first) } else { above(first, value) })
        };
        // They fall, so those that are level stand at the front.
        bar - self.bars.iter().copied().take_while(is_level).last().unwrap_or(bar)
    }
}

impl Rolling for Peak<'_> {
    fn clear(&mut self) {
        self.bars.clear();
    }

    fn enter(&mut self, bar: usize) {
        let value = self.values[bar];
        let is_hidden = |last: f64| if self.is_low { last >= value } else { last <= value };
        while self.bars.back().is_some_and(|&last| is_hidden(self.values[last])) {
            self.bars.pop_back();
        }
        self.bars.push_back(bar);
    }

    fn leave(&mut self, bar: usize) {
        self.bars.pop_front_if(|first| *first == bar);
    }
}

/// Appends the highest of the last `bars` values at each place; NaN until there are that many in a row that are finite.
///
/// A window is the end of one block of so many bars and the beginning of the next: the highest from each bar to its
/// block's end, and from the block's beginning to each bar, make it out: three comparisons a bar, whatever the length
/// of the window, and no branch that cannot be foreseen.
///
/// - Source: van Herk, A fast algorithm for local minimum and maximum filters (1992).
pub(super) fn highest(values: &[f64], bars: usize, out: &mut Vec<f64>) {
    extremes(values, bars, |a, b| if a > b { a } else { b }, f64::NEG_INFINITY, out);
}

/// [`highest`] for the lowest.
pub(super) fn lowest(values: &[f64], bars: usize, out: &mut Vec<f64>) {
    extremes(values, bars, |a, b| if a < b { a } else { b }, f64::INFINITY, out);
}

/// The value that `of` takes of two, of each window; it takes any other before `least`, and NaN where `b` is.
fn extremes(values: &[f64], bars: usize, of: impl Fn(f64, f64) -> f64, least: f64, out: &mut Vec<f64>) {
    out.reserve(values.len());
    // Of what follows each bar of the block before, to its end.
    let mut ends = Vec::new();
    for run in values.chunk_by(|one, next| one.is_finite() == next.is_finite()) {
        if !run[0].is_finite() || run.len() < bars {
            out.resize(out.len() + run.len(), f64::NAN);
            continue;
        }
        // No block is before the first: its windows are not full, but for the last.
        ends.clear();
        ends.resize(bars - 1, f64::NAN);
        ends.push(least);
        for block in run.chunks(bars) {
            let mut begun = least;
            out.extend(block.iter().zip(&ends).map(|(&value, &end)| {
                begun = of(begun, value);
                of(begun, end)
            }));
            let mut ended = least;
            for (end, &value) in ends.iter_mut().zip(block).rev() {
                *end = ended;
                ended = of(ended, value);
            }
        }
    }
}
