//! Averages that remember: each value a step from the one before towards the new input.

#![forbid(unsafe_code)]

use crate::sum::Sum;

/// An average that starts as the mean of its first `bars` values and then moves by a share of the distance to each.
///
/// A value that is not finite ends it, and what follows is averaged as if the series began there; so does an average that
/// is more than a number can hold. The step is
/// `old + share * (value - old)`, so that an average that has reached a price stays there.
#[derive(Clone)]
pub(super) struct Smoothing {
    bars: usize,
    share: f64,
    run: usize,
    sum: Sum,
    last: f64,
}

impl Smoothing {
    /// A share of 2 / (n + 1), as far back on average as the mean of n values.
    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    pub(super) fn exponential(bars: usize) -> Self {
        Self::new(bars, 2.0 / (bars as f64 + 1.0))
    }

    /// Wilder's: a share of 1 / n.
    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    pub(super) fn wilder(bars: usize) -> Self {
        Self::new(bars, 1.0 / bars as f64)
    }

    fn new(bars: usize, share: f64) -> Self {
        Self { bars, share, run: 0, sum: Sum::default(), last: f64::NAN }
    }

    /// The average after one more value; NaN while there are fewer than `bars`.
    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    pub(super) fn next(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            *self = Self::new(self.bars, self.share);
            return f64::NAN;
        }
        self.run += 1;
        if self.run > self.bars {
            self.last += self.share * (value - self.last);
        } else {
            self.sum = self.sum.add(value);
            if self.run == self.bars {
                self.last = self.sum.value() / self.bars as f64;
            }
        }
        if self.run >= self.bars && !self.last.is_finite() {
            *self = Self::new(self.bars, self.share);
        }
        self.last
    }

    /// Appends the average at each value of a column.
    pub(super) fn run(mut self, values: &[f64], out: &mut Vec<f64>) {
        out.extend(values.iter().map(|&value| self.next(value)));
    }
}
