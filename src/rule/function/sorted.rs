//! The values of a window in order.

#![forbid(unsafe_code)]

use super::window::Rolling;

/// The values of a window, ascending. A bar costs two searches and a move of what lies between.
pub(super) struct Sorted<'a> {
    column: &'a [f64],
    values: Vec<f64>,
}

impl<'a> Sorted<'a> {
    pub(super) fn new(column: &'a [f64]) -> Self {
        Self { column, values: Vec::new() }
    }

    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// A bar's value; 0 for -0, so that the order is one.
    fn value(&self, bar: usize) -> f64 {
        self.column[bar] + 0.0
    }

    /// Where a value stands, or belongs.
    fn place(&self, value: f64) -> usize {
        self.values.partition_point(|other| *other < value)
    }
}

impl Rolling for Sorted<'_> {
    fn clear(&mut self) {
        self.values.clear();
    }

    fn enter(&mut self, bar: usize) {
        let value = self.value(bar);
        self.values.insert(self.place(value), value);
    }

    fn leave(&mut self, bar: usize) {
        self.values.remove(self.place(self.value(bar)));
    }

    /// Moves only what stands between the two.
    fn slide(&mut self, earliest: usize, latest: usize) {
        let value = self.value(latest);
        let (from, to) = (self.place(self.value(earliest)), self.place(value));
        let to = if from < to {
            self.values.copy_within(from + 1..to, from);
            to - 1
        } else {
            self.values.copy_within(to..from, to + 1);
            to
        };
        self.values[to] = value;
    }
}

/// The value below which a share of the values lies, between two of them as far as the share is.
///
/// - Source: Hyndman and Fan, Sample quantiles in statistical packages (1996), definition 7: that of NumPy and pandas.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a window, which is not negative"
)]
pub(super) fn quantile(ascending: &[f64], share: f64) -> f64 {
    let Some(last) = ascending.len().checked_sub(1) else { return f64::NAN };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = place.floor();
    let value = ascending[below as usize];
    let next = ascending[(below as usize + 1).min(last)];
    value + (place - below) * (next - value)
}
