//! Sums over a window of a column, of its squares and of its products with place and with another column.

#![forbid(unsafe_code)]

use super::window::Rolling;
use crate::sum::Sum;

/// What is left of a difference of two sums must be larger than this share of them to be trusted: they are held to
/// some 1e-30, so that twelve digits are right.
const TRUSTED: f64 = 1e-18;

/// n times the sum of products of two columns, less the product of their sums: n^2 times the covariance.
///
/// The sums are kept in twice the precision, since what is wanted is what is left when two nearly equal numbers are
/// taken from each other. Where even that is not enough, as in a window of equal prices, it is summed directly.
pub(super) struct Products<'a> {
    a: &'a [f64],
    b: &'a [f64],
    bars: usize,
    of_a: Sum,
    of_b: Sum,
    of_both: Sum,
}

impl<'a> Products<'a> {
    pub(super) fn new(a: &'a [f64], b: &'a [f64], bars: usize) -> Self {
        Self { a, b, bars, of_a: Sum::default(), of_b: Sum::default(), of_both: Sum::default() }
    }

    /// The mean of the first column's values.
    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    pub(super) fn mean(&self) -> f64 {
        self.of_a.value() / self.bars as f64
    }

    /// The covariance of the window's n values, the sum of products divided by n.
    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    pub(super) fn covariance(&self, bar: usize) -> f64 {
        let count = self.bars as f64;
        let whole = self.of_both.times(Sum::from(count));
        let rest = whole.minus(self.of_a.times(self.of_b)).value();
        if rest.abs() > TRUSTED * whole.value().abs() { rest / (count * count) } else { self.direct(bar) }
    }

    /// The same in two passes over the window, from its last values on.
    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    fn direct(&self, bar: usize) -> f64 {
        let count = self.bars as f64;
        let window = bar + 1 - self.bars..=bar;
        let from_last = |column: &[f64]| {
            let distances: Vec<f64> =
                column[window.clone()].iter().map(|value| value - column[bar]).collect();
            let mean = distances.iter().sum::<f64>() / count;
            (distances, mean)
        };
        let ((a, a_mean), (b, b_mean)) = (from_last(self.a), from_last(self.b));
        a.iter().zip(&b).map(|(a, b)| (a - a_mean) * (b - b_mean)).sum::<f64>() / count
    }
}

impl Rolling for Products<'_> {
    const RENEWED: usize = 4;

    fn clear(&mut self) {
        *self = Self::new(self.a, self.b, self.bars);
    }

    fn enter(&mut self, bar: usize) {
        let (a, b) = (self.a[bar], self.b[bar]);
        (self.of_a, self.of_b) = (self.of_a.add(a), self.of_b.add(b));
        self.of_both = self.of_both.add_product(a, b);
    }

    fn leave(&mut self, bar: usize) {
        let (a, b) = (self.a[bar], self.b[bar]);
        (self.of_a, self.of_b) = (self.of_a.add(-a), self.of_b.add(-b));
        self.of_both = self.of_both.add_product(-a, b);
    }
}

/// The sum of a column's values, and of each times its place.
///
/// Places are counted from the bar after which the sums began, and moved to the window's first bar where they are read.
pub(super) struct Places<'a> {
    values: &'a [f64],
    bars: usize,
    origin: Option<usize>,
    sum: Sum,
    placed: Sum,
}

impl<'a> Places<'a> {
    pub(super) fn new(values: &'a [f64], bars: usize) -> Self {
        Self { values, bars, origin: None, sum: Sum::default(), placed: Sum::default() }
    }

    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    fn place(&self, bar: usize) -> f64 {
        bar.abs_diff(self.origin.unwrap_or(bar)) as f64
    }

    /// The sum of the window's values times their distance from `place`, which counts from the window's first bar.
    pub(super) fn around(&self, place: f64, bar: usize) -> f64 {
        let shift = self.place(bar + 1 - self.bars) + place;
        let moved = self.sum.times(Sum::from(shift));
        let rest = self.placed.minus(moved).value();
        if rest.abs() > TRUSTED * moved.value().abs() { rest } else { self.direct(place, bar) }
    }

    /// The same from the window itself.
    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    fn direct(&self, place: f64, bar: usize) -> f64 {
        let (window, last) = (&self.values[bar + 1 - self.bars..=bar], self.values[bar]);
        let distances = window.iter().enumerate().map(|(at, value)| (at as f64 - place) * (value - last));
        let center = (self.bars as f64 - 1.0) / 2.0;
        distances.sum::<f64>() + self.bars as f64 * (center - place) * last
    }
}

impl Rolling for Places<'_> {
    const RENEWED: usize = 4;

    fn clear(&mut self) {
        *self = Self::new(self.values, self.bars);
    }

    fn enter(&mut self, bar: usize) {
        self.origin.get_or_insert(bar);
        self.sum = self.sum.add(self.values[bar]);
        self.placed = self.placed.add_product(self.place(bar), self.values[bar]);
    }

    fn leave(&mut self, bar: usize) {
        self.sum = self.sum.add(-self.values[bar]);
        self.placed = self.placed.add_product(self.place(bar), -self.values[bar]);
    }
}

/// A sum of values that are 0 or more, which is exactly 0 where they all are.
#[derive(Clone, Copy, Default)]
pub(super) struct Total {
    sum: Sum,
    /// How many are not 0: what is left of a sum from which all was taken is not always 0.
    parts: usize,
}

impl Total {
    pub(super) fn add(&mut self, value: f64) {
        if value != 0.0 {
            (self.sum, self.parts) = (self.sum.add(value), self.parts + 1);
        }
    }

    pub(super) fn take(&mut self, value: f64) {
        if value != 0.0 {
            (self.sum, self.parts) = (self.sum.add(-value), self.parts - 1);
        }
    }

    pub(super) fn value(&self) -> f64 {
        if self.parts == 0 { 0.0 } else { self.sum.value() }
    }
}
