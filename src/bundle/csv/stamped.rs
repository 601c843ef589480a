//! A moment as a file writes it.

#![forbid(unsafe_code)]

use crate::time::{DAY_NS, Timestamp};

/// A moment as it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::bundle) struct Stamped {
    pub(super) moment: Timestamp,
    /// What a clock on the wall showed there: the moment in the offset that it was written with.
    pub(super) wall: Timestamp,
}

impl Stamped {
    /// A moment that was written in UTC, or as a number.
    pub(super) fn utc(moment: Timestamp) -> Self {
        Self { moment, wall: moment }
    }

    /// Midnight of its date, as the bars of files with bare dates are stored.
    pub(super) fn date(self) -> Timestamp {
        Timestamp(self.wall.days() * DAY_NS)
    }

    /// Whether it was written with an offset that is not UTC's.
    pub(super) fn has_offset(self) -> bool {
        self.moment != self.wall
    }
}
