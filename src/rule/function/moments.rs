//! Sums over a window: of a column, and of its products with another column and with the place.

#![forbid(unsafe_code)]

use super::window::Rolling;
use crate::sum::Sum;

/// Products of two columns over a window, for their covariance; of a column with itself for its variance.
///
/// What is summed are distances from the value at which the sums began: near the window, so that what is left when two
/// sums are taken from each other keeps its digits. A product is rounded alike when it enters and when it leaves, and
/// sums are held in twice the precision, so nothing stays behind of a bar that is gone.
pub(super) struct Products<'a> {
    a: &'a [f64],
    b: &'a [f64],
    bars: usize,
    origin: Option<(f64, f64)>,
    of_a: Sum,
    of_b: Sum,
    of_both: Sum,
}

impl<'a> Products<'a> {
    pub(super) fn new(a: &'a [f64], b: &'a [f64], bars: usize) -> Self {
        Self { a, b, bars, origin: None, of_a: Sum::default(), of_b: Sum::default(), of_both: Sum::default() }
    }

    fn origin(&self) -> (f64, f64) {
        self.origin.unwrap_or_default()
    }

    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    fn count(&self) -> f64 {
        self.bars as f64
    }

    /// The mean of the first column's values.
    pub(super) fn mean(&self) -> f64 {
        self.origin().0 + self.of_a.value() / self.count()
    }

    /// How far the first column's value at a bar is from their mean.
    pub(super) fn beyond_mean(&self, bar: usize) -> f64 {
        (self.a[bar] - self.origin().0) - self.of_a.value() / self.count()
    }

    /// The covariance of the window's n values: the sum of products of their distances from their means, divided by n.
    pub(super) fn covariance(&self) -> f64 {
        let rest = self.count() * self.of_both.value() - self.of_a.value() * self.of_b.value();
        rest / (self.count() * self.count())
    }

    /// The covariance of a column with itself; `None` where the sums began so far off, measured by what is left, that
    /// more than three digits are gone: then the window is to be summed directly.
    pub(super) fn variance(&self) -> Option<f64> {
        const LEAST: f64 = 1e-3;
        let (squares, variance) = (self.of_both.value(), self.covariance());
        (squares == 0.0 || variance * self.count() > LEAST * squares).then_some(variance)
    }
}

impl Rolling for Products<'_> {
    const RENEWED: usize = 4;

    fn clear(&mut self) {
        *self = Self::new(self.a, self.b, self.bars);
    }

    #[inline(always)]
    fn enter(&mut self, bar: usize) {
        let (a, b) = (self.a[bar], self.b[bar]);
        let origin = *self.origin.get_or_insert((a, b));
        let (a, b) = (a - origin.0, b - origin.1);
        (self.of_a, self.of_b) = (self.of_a.add(a), self.of_b.add(b));
        self.of_both = self.of_both.add(a * b);
    }

    #[inline(always)]
    fn leave(&mut self, bar: usize) {
        let origin = self.origin();
        let (a, b) = (self.a[bar] - origin.0, self.b[bar] - origin.1);
        (self.of_a, self.of_b) = (self.of_a.add(-a), self.of_b.add(-b));
        self.of_both = self.of_both.add(-(a * b));
    }
}

/// How far the last value of a window is from the mean, from the values themselves.
#[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
pub(super) fn last_from_mean(window: &[f64]) -> f64 {
    let last = window.last().copied().unwrap_or(f64::NAN);
    window.iter().map(|value| last - value).sum::<f64>() / window.len() as f64
}

/// The covariance of the windows of so many bars that end at `bar`, in two passes over them.
pub(super) fn covariance(a: &[f64], b: &[f64], bars: usize, bar: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    let count = bars as f64;
    let from_mean = |column: &[f64]| {
        // From the last value on, equal values have no distance, whatever their mean is rounded to.
        let distances: Vec<f64> =
            column[bar + 1 - bars..=bar].iter().map(|value| value - column[bar]).collect();
        let mean = distances.iter().sum::<f64>() / count;
        distances.into_iter().map(move |distance| distance - mean)
    };
    from_mean(a).zip(from_mean(b)).map(|(a, b)| a * b).sum::<f64>() / count
}

/// What is left of a difference of two sums must be larger than this share of them to be trusted: they are held to
/// some 1e-30, so that twelve digits are right.
const TRUSTED: f64 = 1e-18;

/// The sum of a column's values, and of each times its place.
///
/// Places are counted from the bar after which the sums began, and moved to the window's first bar where they are read.
pub(super) struct Places<'a> {
    values: &'a [f64],
    origin: Option<usize>,
    sum: Sum,
    placed: Sum,
}

impl<'a> Places<'a> {
    pub(super) fn new(values: &'a [f64]) -> Self {
        Self { values, origin: None, sum: Sum::default(), placed: Sum::default() }
    }

    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    fn place(&self, bar: usize) -> f64 {
        (bar - self.origin.unwrap_or(bar)) as f64
    }

    /// The sum of the window's values times their distance from `place`, which counts from the window's first bar; `None`
    /// where what is left of the two sums is too little to be trusted.
    pub(super) fn around(&self, place: f64, first: usize) -> Option<f64> {
        let moved = self.sum.times(Sum::from(self.place(first) + place));
        let rest = self.placed.minus(moved).value();
        (rest.abs() > TRUSTED * moved.value().abs()).then_some(rest)
    }
}

/// The sum of a window's values times their distance from its middle, from the values themselves: 0 where they are equal.
#[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
pub(super) fn around_middle(window: &[f64]) -> f64 {
    let last = window.last().copied().unwrap_or(f64::NAN);
    let middle = (window.len() as f64 - 1.0) / 2.0;
    window.iter().enumerate().map(|(at, value)| (at as f64 - middle) * (value - last)).sum()
}

impl Rolling for Places<'_> {
    const RENEWED: usize = 4;

    fn clear(&mut self) {
        *self = Self::new(self.values);
    }

    #[inline(always)]
    fn enter(&mut self, bar: usize) {
        self.origin.get_or_insert(bar);
        self.sum = self.sum.add(self.values[bar]);
        self.placed = self.placed.add_product(self.place(bar), self.values[bar]);
    }

    #[inline(always)]
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
        (self.sum, self.parts) = (self.sum.add(value), self.parts + usize::from(value != 0.0));
    }

    pub(super) fn take(&mut self, value: f64) {
        (self.sum, self.parts) = (self.sum.add(-value), self.parts - usize::from(value != 0.0));
    }

    pub(super) fn value(&self) -> f64 {
        if self.parts == 0 { 0.0 } else { self.sum.value() }
    }
}
