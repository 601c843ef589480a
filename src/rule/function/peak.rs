//! The highest value of a window, as it moves.

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
