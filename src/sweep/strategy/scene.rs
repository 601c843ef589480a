//! What a trial runs on, and the columns that its strategy declared.

#![forbid(unsafe_code)]

use super::crossings::Crossings;
use crate::compare::{self, Cross};
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
    pub(super) crossings: Crossings,
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

    /// Where a column crosses another, from the run's first bar on; `None` where there are too many pairs to keep.
    #[inline]
    pub(super) fn crosses(&self, a: IndicatorId, b: IndicatorId) -> Option<&[Cross]> {
        match self.crossings.first((a.0, b.0)) {
            Some(crosses) => Some(crosses),
            None => self.other_crosses(a, b),
        }
    }

    #[inline(never)]
    fn other_crosses(&self, a: IndicatorId, b: IndicatorId) -> Option<&[Cross]> {
        self.crossings.of((a.0, b.0), |crosses| self.find_crosses(a, b, crosses))
    }

    pub(super) fn find_crosses(&self, a: IndicatorId, b: IndicatorId, crosses: &mut Vec<Cross>) {
        let ((kind_a, x), (kind_b, y)) = (self.column(a), self.column(b));
        let (first, last) = (self.market.first, self.market.last);
        if kind_a == kind_b {
            // A common factor changes no comparison but for rounding: what is price-like stays on the run's adjustment.
            return compare::crosses(&x[..=last], &y[..=last], first, crosses);
        }
        let pair = |at: usize, bar: usize| (self.at_level(a, at, bar), self.at_level(b, at, bar));
        compare::crosses_by_bar(first..last + 1, crosses, |bar| (pair(bar - 1, bar), pair(bar, bar)));
    }

    /// A column's value at a bar, on the price level of another.
    #[inline]
    pub(super) fn at_level(&self, column: IndicatorId, at: usize, bar: usize) -> f64 {
        match self.column(column) {
            (Kind::PriceLike, values) => values[at] * self.market.scale[bar],
            (_, values) => values[at],
        }
    }
}
