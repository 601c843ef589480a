//! What a generation of the portal's cache reads from: a bundle, and what is resolved of it.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use super::buckets::Buckets;
use super::layout::Layout;
use super::registry::{Names, Registry, Selection};
use super::timeline::Timeline;
use crate::asset::AssetId;
use crate::bundle::Bundle;
use crate::error::{Error, ErrorKind};
use crate::time::Frequency;

/// A bundle version with its timelines and layouts, each resolved at its first use and shared by all readers.
#[derive(Debug)]
pub struct Catalog {
    bundle: Bundle,
    registry: Arc<Registry>,
    timelines: RwLock<HashMap<AssetId, Arc<Timeline>>>,
    layouts: RwLock<HashMap<u32, Arc<Layout>>>,
    /// Coarse bars of one asset, and of several by the selection that names them.
    own_buckets: RwLock<HashMap<(AssetId, Frequency), Arc<Buckets>>>,
    buckets: RwLock<HashMap<u32, Arc<Buckets>>>,
}

impl Catalog {
    pub(super) fn new(bundle: Bundle, registry: Arc<Registry>) -> Self {
        Self {
            bundle,
            registry,
            timelines: RwLock::default(),
            layouts: RwLock::default(),
            own_buckets: RwLock::default(),
            buckets: RwLock::default(),
        }
    }

    pub(super) fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Where the bundle's own bars of a selection lie, whatever frequency it asks for.
    pub(super) fn layout(&self, selection: &Selection) -> Result<Arc<Layout>, Error> {
        let (names, base) = (selection.names(), self.bundle.frequency());
        self.check_frequency(names.frequency)?;
        if names.frequency != base {
            return self.layout(&self.registry.selection(&Names { frequency: base, ..names.clone() }));
        }
        resolve_once(&self.layouts, selection.id(), || {
            let timelines = names.assets.iter().map(|name| self.timeline(self.bundle.asset(name.as_str())?));
            Layout::new(&self.bundle, timelines.collect::<Result<_, _>>()?, names.fields.clone())
        })
    }

    /// The coarse bars that a selection asks for; `None` where it asks for the bundle's own.
    pub(super) fn buckets(&self, selection: &Selection) -> Result<Option<Arc<Buckets>>, Error> {
        let names = selection.names();
        if names.frequency == self.bundle.frequency() {
            return Ok(None);
        }
        if let [one] = names.assets.as_slice() {
            return self.own_buckets(self.bundle.asset(one.as_str())?, names.frequency).map(Some);
        }
        let cut = || Buckets::new(&self.bundle, &self.layout(selection)?.calendar, names.frequency);
        resolve_once(&self.buckets, selection.id(), cut).map(Some)
    }

    /// The coarse bars of an asset.
    pub(super) fn own_buckets(&self, asset: AssetId, frequency: Frequency) -> Result<Arc<Buckets>, Error> {
        self.check_frequency(frequency)?;
        let timeline = self.timeline(asset)?;
        resolve_once(&self.own_buckets, (asset, frequency), || {
            Buckets::new(&self.bundle, timeline.calendar(), frequency)
        })
    }

    /// Refuses what cannot be made of this bundle's bars.
    pub(super) fn check_frequency(&self, frequency: Frequency) -> Result<(), Error> {
        let held = self.bundle.frequency();
        if frequency.is_made_of(held) {
            return Ok(());
        }
        let why = match frequency < held {
            true => format!("the bundle holds {held} bars, and finer ones cannot be made of them"),
            false => format!("the bundle holds {held} bars, which do not fill it"),
        };
        let expected = format!("{why}; expected one of {}", Frequency::list(held.makes()));
        Err(ErrorKind::BadFrequency { found: frequency.to_string(), expected }.into())
    }

    pub(super) fn timeline(&self, asset: AssetId) -> Result<Arc<Timeline>, Error> {
        let assets = self.bundle.symbols().len();
        if asset.index() >= assets {
            let message = format!("the bundle holds {assets} assets, counted from 0");
            return Err(Error::invalid(format!("asset {}", asset.0), message));
        }
        resolve_once(&self.timelines, asset, || {
            let subject = self.registry.asset(&self.bundle.symbols()[asset.index()]);
            Timeline::new(&self.bundle, asset, subject)
        })
    }
}

/// Reads a memo, or fills it: outside the lock, since resolving reads files; of two that race, the first
/// stays.
fn resolve_once<K: Hash + Eq, V>(
    memo: &RwLock<HashMap<K, Arc<V>>>,
    key: K,
    resolve: impl FnOnce() -> Result<V, Error>,
) -> Result<Arc<V>, Error> {
    if let Some(known) = memo.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(known.clone());
    }
    let resolved = Arc::new(resolve()?);
    Ok(memo.write().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(resolved).clone())
}
