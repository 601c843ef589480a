//! What a trial that is done leaves: its metrics, and what its returns sum to.

#![forbid(unsafe_code)]

use super::broker::{BLOCKS, Tally};
use super::metrics::{Frame, Metric, Metrics};

/// What a trial that is done leaves: a row of [`COLUMNS`] numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Score {
    pub(super) metrics: Metrics,
    pub(super) returns: ReturnSums,
}

/// What the returns per bar of a trial sum to: for moments, and for cross-validation, which joins blocks anew.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct ReturnSums {
    /// Of r, and of its second, third and fourth powers.
    pub(super) powers: [f64; 4],
    /// Of each block of consecutive bars, as long as they can be alike: of r, and of its square.
    pub(super) blocks: [[f64; 2]; BLOCKS],
}

/// The numbers of a row: metrics in the order of [`Metric::ALL`], powers, the blocks' returns, the blocks' squares.
pub(super) const COLUMNS: usize = Metric::ALL.len() + POWERS + 2 * BLOCKS;

const POWERS: usize = 4;

/// The first column of the powers, of the blocks' returns, and of the blocks' squares.
const AFTER_METRICS: usize = Metric::ALL.len();
const AFTER_POWERS: usize = AFTER_METRICS + POWERS;
const AFTER_RETURNS: usize = AFTER_POWERS + BLOCKS;

impl Score {
    pub(super) fn new(tally: &Tally, frame: &Frame) -> Self {
        let returns = ReturnSums { powers: tally.powers, blocks: tally.blocks.each() };
        Self { metrics: Metrics::new(tally, frame), returns }
    }

    /// A score that is all this number.
    #[cfg(test)]
    pub(super) fn of_value(value: f64) -> Self {
        let metrics = Metrics::of_values(|metric| if metric == Metric::Trades { 5.0 } else { value });
        Self { metrics, returns: ReturnSums { powers: [value; POWERS], blocks: [[value; 2]; BLOCKS] } }
    }

    /// Every number of the row by its column.
    #[inline]
    pub(super) fn each_column(&self, mut put: impl FnMut(usize, f64)) {
        for (column, value) in self.metrics.values().into_iter().enumerate() {
            put(column, value);
        }
        for (power, value) in self.returns.powers.into_iter().enumerate() {
            put(AFTER_METRICS + power, value);
        }
        for (block, [returns, squares]) in self.returns.blocks.into_iter().enumerate() {
            put(AFTER_POWERS + block, returns);
            put(AFTER_RETURNS + block, squares);
        }
    }
}

impl ReturnSums {
    /// Reads the row that a [`Score`] was put into.
    pub(super) fn from_columns(value: impl Fn(usize) -> f64) -> Self {
        Self {
            powers: std::array::from_fn(|power| value(AFTER_METRICS + power)),
            blocks: std::array::from_fn(|block| [value(AFTER_POWERS + block), value(AFTER_RETURNS + block)]),
        }
    }
}
