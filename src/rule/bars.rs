//! What a rule reads of an asset: its fields, its events and its dates.

#![forbid(unsafe_code)]

use crate::asset::Field;

/// The bars of one asset, adjusted as of the last one.
///
/// The portal lends them from its blocks; a test makes them from vectors.
///
/// # Examples
/// ```
/// use lookback::Field;
/// use lookback::rule::{Bars, Stretch};
///
/// struct Closes(Vec<f64>, Vec<i64>);
///
/// impl Bars for Closes {
///     fn count(&self) -> usize {
///         self.0.len()
///     }
///     fn field(&self, _: Field) -> &[f64] {
///         &self.0
///     }
///     fn stretches(&self) -> &[Stretch] {
///         &[Stretch { first: 0, price: 1.0, volume: 1.0 }]
///     }
///     fn days(&self) -> &[i64] {
///         &self.1
///     }
/// }
/// assert_eq!(Closes(vec![10.0, 11.0], vec![0, 1]).count(), 2);
/// ```
pub trait Bars {
    /// How many bars there are.
    fn count(&self) -> usize;

    /// A field at each bar, on the series adjusted as of the last one.
    fn field(&self, field: Field) -> &[f64];

    /// The stretches between events, ascending from bar 0; one alone where nothing adjusts.
    fn stretches(&self) -> &[Stretch];

    /// The local date of each bar, in days since 1970-01-01.
    fn days(&self) -> &[i64];
}

/// The bars between two events: they share one level of prices and volumes.
///
/// # Examples
/// ```
/// use lookback::rule::Stretch;
/// // Before a split of 2 for 1, a price was twice what it is on the last bar's level, and a volume the half.
/// let before = Stretch { first: 0, price: 2.0, volume: 0.5 };
/// assert_eq!(44.0 * before.price, 88.0);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Stretch {
    /// Its first bar.
    pub first: usize,
    /// What takes a price on the level of the last bar to the level of this stretch.
    pub price: f64,
    /// What takes a volume on the level of the last bar to the level of this stretch.
    pub volume: f64,
}
