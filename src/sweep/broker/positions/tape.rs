//! The tape: what every trial on an asset walks over, and what its fills are told by.

#![forbid(unsafe_code)]

use super::range::Range;
use super::signals::WORD;
use crate::sweep::broker::{Execution, FillAt, Path, Reason};

/// The bars of a run, and when an order is filled there. Bars count from the run's first, bits from the asset's.
#[derive(Clone, Copy, Debug)]
pub(in crate::sweep) struct Tape<'a> {
    pub(in crate::sweep) path: &'a Path,
    /// Needed where a position has a stop or a target.
    pub(in crate::sweep) range: Option<&'a Range>,
    /// The run's first bar among the asset's.
    pub(in crate::sweep) first: usize,
    pub(in crate::sweep) fill: FillAt,
}

/// Where in its bar an order was filled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::sweep) enum PricedAt {
    Open,
    /// At the price of a stop or a target.
    Level,
    Close,
}

/// An order that a walk had filled.
#[derive(Clone, Copy, Debug)]
pub(in crate::sweep) struct Filled {
    /// From the run's first bar.
    pub(in crate::sweep) bar: usize,
    /// The market's price on the run's adjustment, before slippage.
    pub(in crate::sweep) price: f64,
    pub(in crate::sweep) at: PricedAt,
    pub(in crate::sweep) weight: f64,
    pub(in crate::sweep) execution: Execution,
    pub(in crate::sweep) reason: Reason,
}

impl Tape<'_> {
    pub(super) fn bars(&self) -> usize {
        self.path.len()
    }

    /// Where an order of a close is filled, and at which price; `None` where the run ends before.
    pub(super) fn fill(&self, decided: usize) -> Option<(usize, f64, PricedAt)> {
        match self.fill {
            FillAt::Close => Some((decided, self.path.close[decided], PricedAt::Close)),
            FillAt::NextOpen => Some((decided + 1, *self.path.open.get(decided + 1)?, PricedAt::Open)),
        }
    }

    /// The first bar, from one on, whose bit is set in the words that `word` makes.
    #[inline]
    pub(super) fn next(&self, from: usize, word: impl Fn(usize) -> u64) -> Option<usize> {
        let (start, end) = (self.first + from, self.first + self.bars());
        let mut at = start / WORD;
        let mut bits = word(at) & (u64::MAX << (start % WORD));
        while bits == 0 {
            at += 1;
            if at * WORD >= end {
                return None;
            }
            bits = word(at);
        }
        let bar = at * WORD + bits.trailing_zeros() as usize;
        (bar < end).then(|| bar - self.first)
    }

    /// Whether a bar's bit is set.
    #[inline]
    pub(super) fn is_set(&self, bar: usize, word: impl Fn(usize) -> u64) -> bool {
        let bar = self.first + bar;
        word(bar / WORD) >> (bar % WORD) & 1 == 1
    }
}
