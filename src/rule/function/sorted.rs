//! The values of a window in order.

#![forbid(unsafe_code)]

use super::window::Rolling;

/// The values of a window, ascending. A bar costs two searches and two moves of what lies behind.
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

    /// Where a value stands, or belongs: -0 before 0, so that what went in is found again.
    fn place(&self, bar: usize) -> usize {
        self.values.partition_point(|value| value.total_cmp(&self.column[bar]).is_lt())
    }
}

impl Rolling for Sorted<'_> {
    fn clear(&mut self) {
        self.values.clear();
    }

    fn enter(&mut self, bar: usize) {
        self.values.insert(self.place(bar), self.column[bar]);
    }

    fn leave(&mut self, bar: usize) {
        self.values.remove(self.place(bar));
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
