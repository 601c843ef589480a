//! The question which bar comes next.

#![forbid(unsafe_code)]

use std::fmt;

use super::setup::{IndicatorId, Scene};
use crate::compare;

/// The question that [`Strategy::next_bar`] answers: from which bar on, and over which columns.
pub struct Ahead<'a> {
    scene: &'a Scene<'a>,
    bar: usize,
}

impl<'a> Ahead<'a> {
    pub(in crate::sweep) fn new(scene: &'a Scene<'a>, bar: usize) -> Self {
        Self { scene, bar }
    }

    /// The first bar that could be visited.
    #[must_use]
    pub fn bar(&self) -> usize {
        self.bar
    }

    /// A bar after the run's last: no bar needs a visit.
    #[must_use]
    pub fn never(&self) -> usize {
        self.scene.market.last + 1
    }

    /// A bar at or before the next one at which [`Bar::crosses_above`] or [`Bar::crosses_below`] holds.
    #[must_use]
    pub fn next_crossing(&self, a: IndicatorId, b: IndicatorId) -> usize {
        let ((kind_a, x), (kind_b, y)) = (self.scene.columns[a.0], self.scene.columns[b.0]);
        if kind_a == kind_b { compare::next_change(x, y, self.bar) } else { self.bar }
    }
}

impl fmt::Debug for Ahead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead").field("bar", &self.bar).finish_non_exhaustive()
    }
}
