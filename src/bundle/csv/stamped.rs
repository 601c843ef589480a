//! A moment as a file writes it.

#![forbid(unsafe_code)]

use crate::time::{DAY_NS, Timestamp};

/// A moment as it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::bundle) struct Stamped {
    pub(super) moment: Timestamp,
    /// What a clock on the wall showed there: the moment in the offset that it was written with.
    pub(super) wall: Timestamp,
    /// How much later clocks showed the same again, where they were put back; 0 elsewhere.
    pub(super) later_ns: i64,
}

impl Stamped {
    pub(super) fn new(moment: Timestamp, wall: Timestamp) -> Self {
        Self { moment, wall, later_ns: 0 }
    }

    /// A moment that was written in UTC, or as a number.
    pub(super) fn utc(moment: Timestamp) -> Self {
        Self::new(moment, moment)
    }

    /// What the clock on the wall showed more than one in UTC.
    pub(super) fn offset_seconds(self) -> i32 {
        i32::try_from((self.wall.0 - self.moment.0) / 1_000_000_000).unwrap_or(0)
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
