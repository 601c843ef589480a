//! What two bundles share of an asset: how many of its first bars are the same in both.

#![forbid(unsafe_code)]

use super::Bundle;
use super::bars::Bars;
use super::digest::BATCH_ROWS;
use crate::asset::AssetId;
use crate::error::Error;

impl Bundle {
    /// How many first bars of an asset are the same, moments and values, in another bundle, where it may have another id.
    ///
    /// Told by digests as far as these go; so of bars that were appended, none is read, and else fewer than 4,096 of each.
    pub(crate) fn common_bars(&self, asset: AssetId, other: &Self, its: AssetId) -> Result<usize, Error> {
        let (one, other) = (&*self.0.assets[asset.index()], &*other.0.assets[its.index()]);
        let fewest = one.len().min(other.len());
        if one.len() == other.len() && one.values() == other.values() {
            return Ok(fewest);
        }
        // Bytes that are the same mean the same bars.
        let pieces = one.pieces().zip(other.pieces()).take_while(|(one, other)| one == other);
        let by_bytes = pieces.last().map_or(0, |(piece, _)| piece.end);
        let digests = one.values().iter().zip(other.values()).take(fewest / BATCH_ROWS);
        let by_values = digests.take_while(|(one, other)| one == other).count() * BATCH_ROWS;
        match by_bytes.max(by_values) {
            all if all == fewest => Ok(all),
            first => common_rows(one, other, first),
        }
    }

    /// Tells of the moments of an asset's first bars, which are known from another version, so that they are not read again.
    pub(crate) fn know_first_moments(&self, asset: AssetId, moments: &[i64]) -> Result<(), Error> {
        self.0.assets[asset.index()].know_first_moments(moments)
    }
}

/// How many first bars are the same, where all before `first` are; that many are looked at on either side.
fn common_rows(one: &dyn Bars, other: &dyn Bars, first: usize) -> Result<usize, Error> {
    let scales = one.scales().max(other.scales());
    let (moments, columns) = one.tail(&"asset".into(), first, scales)?;
    let (its_moments, its_columns) = other.tail(&"asset".into(), first, scales)?;
    let is_same = |row: &usize| {
        moments.timestamp(*row) == its_moments.timestamp(*row)
            && columns
                .iter()
                .zip(&its_columns)
                .all(|(one, other)| one.mantissas()[*row] == other.mantissas()[*row])
    };
    let rows = moments.len().min(its_moments.len());
    Ok(first + (0..rows).take_while(is_same).count())
}
