//! What a trial runs on, and the columns that its strategy declared.

#![forbid(unsafe_code)]

use crate::portal::{Kind, PortalReader};
use crate::sweep::asset_market::AssetMarket;
use crate::sweep::settings::Settings;

/// A column of values, one a bar, that a strategy declared in its [`Setup`](super::Setup).
///
/// It is the column's place among those of its own trial, and no key to its values: they are read through a
/// [`Bar`](super::Bar), which ends at its clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IndicatorId(pub(super) usize);

/// What a trial runs on: shared by its setup, its wake-ups and its bars.
pub(in crate::sweep) struct Scene<'a> {
    pub(in crate::sweep) reader: &'a PortalReader,
    pub(in crate::sweep) market: &'a AssetMarket,
    pub(in crate::sweep) settings: &'a Settings,
    pub(in crate::sweep) columns: Vec<(Kind, &'a [f64])>,
}

impl<'a> Scene<'a> {
    /// A declared column.
    ///
    /// # Panics
    /// Where another trial declared it: the runner makes that the trial's failure.
    #[inline]
    pub(super) fn column(&self, id: IndicatorId) -> (Kind, &'a [f64]) {
        *self.columns.get(id.0).expect("a column is read in the trial that declared it")
    }
}
