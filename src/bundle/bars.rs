//! Where the bars of one asset are: in memory or at rest.

#![forbid(unsafe_code)]

use std::fmt;
use std::ops::Range;

use super::adjustment::{Adjustment, EventOrigin};
use crate::error::Error;
use crate::time::{Calendar, Timestamp};

/// The bars of one asset, wherever they are held.
pub(super) trait Bars: fmt::Debug + Send + Sync {
    /// How many there are; at least one.
    fn len(&self) -> usize;

    /// The moments of the first and the last.
    fn span(&self) -> (Timestamp, Timestamp);

    /// Ascending by ex-date.
    fn adjustments(&self) -> &[Adjustment];

    /// Where the adjustments come from.
    fn event_origin(&self) -> EventOrigin;

    /// All moments.
    fn calendar(&self) -> Result<Calendar, Error>;

    /// Appends some rows of a stored column; leaves `out` as it was where that fails.
    fn read(&self, column: usize, rows: Range<usize>, out: &mut Vec<f64>) -> Result<(), Error>;

    /// Bytes of the values, where they are held.
    fn bytes(&self) -> u64;
}
