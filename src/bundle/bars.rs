//! Where the bars of one asset are: in memory or at rest.

#![forbid(unsafe_code)]

use std::fmt;
use std::ops::Range;

use super::adjustment::{Adjustment, EventOrigin};
use super::column::{Scales, Table};
use super::digest::Digest;
use super::name::Name;
use crate::asset::Symbol;
use crate::error::Error;
use crate::time::{Calendar, Timestamp};

/// Some bytes that hold bars. Those of one digest and scale hold the same.
#[derive(PartialEq, Debug)]
pub(super) struct Piece {
    /// The row after the last.
    pub(super) end: usize,
    pub(super) sha256: Digest,
    pub(super) scales: Scales,
}

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

    /// The names that it had over time.
    fn names(&self) -> &[Name] {
        &[]
    }

    /// All moments.
    fn calendar(&self) -> Result<Calendar, Error>;

    /// Appends some rows of a stored column; leaves `out` as it was where that fails.
    fn read(&self, column: usize, rows: Range<usize>, out: &mut Vec<f64>) -> Result<(), Error>;

    /// What the bars mean: of each batch of them, counted from the first.
    fn values(&self) -> &[Digest];

    /// The bytes that hold the bars, from the first on, as far as they have digests: none in memory.
    fn pieces(&self) -> Box<dyn Iterator<Item = Piece> + '_> {
        Box::new(std::iter::empty())
    }

    /// Takes the moments of the first bars, which are known from another version, and reads the others. All of them may be
    /// known already.
    fn know_first_moments(&self, _moments: &[i64]) -> Result<(), Error> {
        Ok(())
    }

    /// The scales that hold all values.
    fn scales(&self) -> Scales;

    /// The first row at or after a moment, their number where there is none; reads no more than it must.
    fn row_from(&self, moment: Timestamp) -> Result<usize, Error>;

    /// The bars from a row on, at scales that hold them; `symbol` is what errors call the asset.
    fn tail(&self, symbol: &Symbol, first: usize, scales: Scales) -> Result<Table, Error>;

    /// Bytes of the values, where they are held.
    fn bytes(&self) -> u64;
}
