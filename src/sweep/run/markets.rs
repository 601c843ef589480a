//! The assets of a sweep, each loaded once, whoever of the workers needs it first.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::panics;
use crate::asset::AssetId;
use crate::error::Error;
use crate::portal::PortalReader;
use crate::sweep::asset_market::AssetMarket;
use crate::sweep::results::Slab;
use crate::sweep::settings::Settings;

/// An asset ready to be run on, or why it is not: then all its trials fail for that reason.
pub(super) type Market = Result<Arc<AssetMarket>, Error>;

/// The markets of a sweep's assets. One is held from the first of its slabs to the last: workers go through the slabs in
/// order, so that few are held at a time, however many assets there are.
pub(super) struct Markets<'a> {
    settings: &'a Settings,
    slots: Vec<Mutex<Slot>>,
}

struct Slot {
    asset: AssetId,
    market: Option<Market>,
    slabs_left: usize,
}

impl<'a> Markets<'a> {
    /// For the slabs of a span, by their places among those of all assets.
    pub(super) fn new(
        assets: &[AssetId],
        points: usize,
        settings: &'a Settings,
        span: &Range<usize>,
    ) -> Self {
        let each = Slab::count(points);
        let slot = |(position, asset): (usize, &AssetId)| {
            let (start, end) = (span.start.max(position * each), span.end.min((position + 1) * each));
            Mutex::new(Slot { asset: *asset, market: None, slabs_left: end.saturating_sub(start) })
        };
        Self { settings, slots: assets.iter().enumerate().map(slot).collect() }
    }

    /// The market of an asset for some of its slabs. Who comes while it is being loaded waits: loading takes as long for both.
    pub(super) fn enter(&self, asset: usize, reader: &PortalReader) -> Market {
        let mut slot = self.slots[asset].lock().unwrap_or_else(PoisonError::into_inner);
        let id = slot.asset;
        let load = || panics::catch(|| AssetMarket::load(reader, id, self.settings)).map(Arc::new);
        slot.market.get_or_insert_with(load).clone()
    }

    /// Ends some slabs; the last ones of an asset let go of its market.
    pub(super) fn leave(&self, asset: usize, slabs: usize) {
        let mut slot = self.slots[asset].lock().unwrap_or_else(PoisonError::into_inner);
        slot.slabs_left -= slabs;
        if slot.slabs_left == 0 {
            slot.market = None;
        }
    }
}
