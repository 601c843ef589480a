//! How a file rounds: a printed value, and how far the true one may be from it.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

use crate::decimal;

/// Half a unit in the last place of single precision.
const SINGLE_PRECISION: f64 = 1.0 / (1 << 24) as f64;

/// A value as a file prints it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Printed {
    value: f64,
    /// Decimals, without trailing zeros.
    decimals: i32,
    /// Significant digits, without trailing zeros.
    digits: i32,
}

impl Printed {
    pub(super) fn new(value: Decimal) -> Self {
        let normal = value.normalize();
        Self { value: decimal::to_f64(normal), decimals: exponent(normal.scale()), digits: digits(normal) }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.value.total_cmp(&other.value).is_eq()
    }
}

/// The last place that a column has printed so far: its most decimals and its most significant digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Places {
    decimals: i32,
    digits: i32,
}

impl Places {
    /// Takes in one more value; whether the column turned out finer than it had shown.
    pub(super) fn see(&mut self, value: &Printed) -> bool {
        let before = *self;
        self.decimals = self.decimals.max(value.decimals);
        self.digits = self.digits.max(value.digits);
        *self != before
    }

    /// Half a unit in the last place of a value: the column's most decimals and most digits both bound it, and the
    /// wider bound holds.
    fn half_unit(self, value: &Printed) -> f64 {
        // Decimals count down from the point.
        let last_of_digits = self.digits - (value.digits - value.decimals);
        0.5 * 10.0_f64.powi(-self.decimals.min(last_of_digits))
    }

    /// The values that are printed so.
    pub(super) fn rounded(self, value: &Printed) -> Bounds {
        Bounds::around(value.value, self.half_unit(value))
    }
}

/// A value that is what it says, to single precision.
pub(super) fn exact(value: &Printed) -> Bounds {
    Bounds::around(value.value, 0.0)
}

/// The smallest and the largest of some positive numbers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Bounds {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Bounds {
    fn around(value: f64, printed: f64) -> Self {
        let floor = value * SINGLE_PRECISION;
        let error = printed + floor;
        // A value may be no more than its own rounding: it stays above 0.
        Self { low: (value - error).max(floor), high: value + error }
    }

    pub(super) fn times(self, factor: f64) -> Self {
        Self { low: self.low * factor, high: self.high * factor }
    }

    /// The quotients of two numbers.
    pub(super) fn over(self, divisor: Self) -> Self {
        Self { low: self.low / divisor.high, high: self.high / divisor.low }
    }

    /// The numbers that lie in both, if there are any.
    pub(super) fn and(self, other: Self) -> Option<Self> {
        let both = Self { low: self.low.max(other.low), high: self.high.min(other.high) };
        (both.low <= both.high).then_some(both)
    }

    pub(super) fn middle(self) -> f64 {
        f64::midpoint(self.low, self.high)
    }

    /// How far the ends are from the middle, as a share of it.
    pub(super) fn half_width(self) -> f64 {
        (self.high - self.low) / (self.high + self.low)
    }

    pub(super) fn hold(self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

fn exponent(scale: u32) -> i32 {
    i32::try_from(scale).expect("a decimal's scale is at most 28")
}

/// How many digits a mantissa has.
fn digits(value: Decimal) -> i32 {
    exponent(value.mantissa().unsigned_abs().checked_ilog10().map_or(0, |log| log + 1))
}
