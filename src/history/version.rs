//! A version of the data: what the engine calls it, and what is prepared of its source.

#![forbid(unsafe_code)]

use std::sync::{Arc, OnceLock};

use super::groups::AssetRows;
use crate::asset::AssetId;

/// A version's source, and what is prepared of it once.
pub(super) struct Prepared<S> {
    source: S,
    rows: OnceLock<Arc<AssetRows>>,
}

impl<S> Prepared<S> {
    pub(super) fn new(source: S) -> Self {
        Self { source, rows: OnceLock::new() }
    }

    pub(super) fn source(&self) -> &S {
        &self.source
    }

    pub(super) fn asset_rows<I: IntoIterator<Item = AssetId>>(
        &self,
        list: impl FnOnce(&S) -> I,
    ) -> Arc<AssetRows> {
        // Listed outside of the cell: a list that asks again would wait for itself.
        if let Some(known) = self.rows.get() {
            return Arc::clone(known);
        }
        let grouped = Arc::new(AssetRows::group(list(&self.source)));
        Arc::clone(self.rows.get_or_init(|| grouped))
    }
}

/// What the engine calls a version: its name, and how often it was cleared.
pub(super) fn label(version: &str, clears: u64) -> String {
    format!("{version}\0{clears}")
}

/// The name of a version by its label.
pub(super) fn version_of(label: &str) -> &str {
    label.rsplit_once('\0').map_or(label, |(version, _)| version)
}

/// The label of the same version, cleared once more.
pub(super) fn cleared(old: &str) -> String {
    let clears = old.rsplit_once('\0').and_then(|(_, clears)| clears.parse().ok()).unwrap_or(0);
    label(version_of(old), clears + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_keeps_its_name_however_often_it_is_cleared() {
        for name in ["", "monday", "with\0null"] {
            let mut now = label(name, 0);
            for _ in 0..3 {
                let next = cleared(&now);
                assert_ne!(next, now);
                now = next;
            }
            assert_eq!(version_of(&now), name);
        }
    }
}
