//! The rows of a table, grouped by asset once and for all.

#![forbid(unsafe_code)]

use std::ops::Range;

use crate::asset::AssetId;

/// Which rows of a table each asset has: the table's list of assets, and where the rows of each one lie.
///
/// # Examples
/// ```
/// use lookback::AssetId;
/// use lookback::history::AssetRows;
/// let rows = AssetRows::group([7, 3, 7, 7].map(AssetId));
/// assert_eq!(rows.assets(), [AssetId(3), AssetId(7)]);
/// assert_eq!((rows.of(AssetId(7)), rows.of(AssetId(5))), (&[0, 2, 3][..], &[][..]));
/// ```
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct AssetRows {
    assets: Vec<AssetId>,
    /// Where each asset's rows begin, and where the last one's end.
    starts: Vec<usize>,
    rows: Vec<usize>,
}

impl AssetRows {
    /// Groups rows by the asset of each, in one pass and one sort; rows of an asset keep their order.
    #[must_use]
    pub fn group(assets: impl IntoIterator<Item = AssetId>) -> Self {
        let mut pairs: Vec<(AssetId, usize)> =
            assets.into_iter().enumerate().map(|(row, asset)| (asset, row)).collect();
        pairs.sort_by_key(|(asset, _)| asset.0);
        let mut grouped = Self { starts: vec![0], ..Self::default() };
        for (asset, row) in pairs {
            if grouped.assets.last() != Some(&asset) {
                grouped.assets.push(asset);
                grouped.starts.push(grouped.rows.len());
            }
            grouped.rows.push(row);
            if let Some(end) = grouped.starts.last_mut() {
                *end = grouped.rows.len();
            }
        }
        grouped
    }

    /// The assets that have rows, in ascending order.
    #[must_use]
    pub fn assets(&self) -> &[AssetId] {
        &self.assets
    }

    /// The rows of an asset, in the order of the table; none where it has none.
    #[must_use]
    pub fn of(&self, asset: AssetId) -> &[usize] {
        &self.rows[self.range(asset)]
    }

    fn range(&self, asset: AssetId) -> Range<usize> {
        match self.assets.binary_search_by_key(&asset.0, |one| one.0) {
            Ok(at) => self.starts[at]..self.starts[at + 1],
            Err(_) => 0..0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_its_asset_s_group_once_and_in_order() {
        let assets: Vec<AssetId> = (0..1_000_u32).map(|row| AssetId(row * row % 17)).collect();
        let rows = AssetRows::group(assets.iter().copied());
        for asset in (0..20).map(AssetId) {
            let expected: Vec<usize> = (0..1_000).filter(|&row| assets[row] == asset).collect();
            assert_eq!(rows.of(asset), expected, "{asset:?}");
            assert_eq!(rows.assets().contains(&asset), !expected.is_empty());
        }
        assert!(AssetRows::group([]).of(AssetId(0)).is_empty());
        assert!(AssetRows::default().of(AssetId(0)).is_empty());
    }
}
