//! Sums that come out the same in any order: of whole numbers.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::sweep::results::bytes::{Reader, Writer};

/// Steps of a fixed-point number in 1, 2^56: finer than a double is from 2^-4 on.
const STEPS: f64 = 72_057_594_037_927_936.0;

/// Beyond this, a Sharpe ratio is one of rounding errors, and counts as this. Squares of 2^42 such fit the sum.
const MOST: f64 = 16_384.0;

/// How many numbers there are, what they sum to and what their squares do, in whole steps.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Moments {
    count: u64,
    sum: i128,
    squares: i128,
}

impl Moments {
    /// Adds a number; NaN is none.
    #[inline]
    pub(super) fn add(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        let value = value.clamp(-MOST, MOST);
        self.count += 1;
        self.sum += steps(value);
        self.squares += steps(value * value);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum += other.sum;
        self.squares += other.squares;
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The sample variance; none of fewer than two.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the last bits of a sum of many rounded numbers tell nothing"
    )]
    pub(super) fn variance(&self) -> Option<f64> {
        let count = self.count as f64;
        let (sum, squares) = (self.sum as f64 / STEPS, self.squares as f64 / STEPS);
        (self.count > 1).then(|| ((squares - sum * (sum / count)) / (count - 1.0)).max(0.0))
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.number(self.count);
        out.wide(self.sum);
        out.wide(self.squares);
    }

    pub(super) fn read(bytes: &mut Reader<'_>) -> Result<Self, Error> {
        Ok(Self { count: bytes.number()?, sum: bytes.wide()?, squares: bytes.wide()? })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most 2^84 steps")]
fn steps(value: f64) -> i128 {
    (value * STEPS) as i128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variance_is_that_of_two_passes_and_none_of_one_number() {
        let values: Vec<f64> = (0..1_000).map(|at| f64::from(at % 37) * 0.013 - 0.2).collect();
        let mut moments = Moments::default();
        values.iter().for_each(|value| moments.add(*value));
        let mean = values.iter().sum::<f64>() / 1_000.0;
        let expected = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 999.0;
        assert!((moments.variance().unwrap() - expected).abs() < 1e-13);
        let mut one = Moments::default();
        [f64::NAN, 1.0].into_iter().for_each(|value| one.add(value));
        assert_eq!((one.count(), one.variance()), (1, None));
    }

    #[test]
    fn absurd_numbers_overflow_nothing() {
        let mut moments = Moments::default();
        (0..1_000).for_each(|_| moments.add(f64::INFINITY));
        moments.add(-1e300);
        assert!(moments.variance().unwrap().is_finite());
    }
}
