//! What a generation of the portal's cache reads from: a bundle, and what is resolved of it.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

use super::layout::Layout;
use super::registry::{Registry, Selection};
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
}

impl Catalog {
    pub(super) fn new(bundle: Bundle, registry: Arc<Registry>) -> Self {
        Self { bundle, registry, timelines: RwLock::default(), layouts: RwLock::default() }
    }

    pub(super) fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(super) fn layout(&self, selection: &Selection) -> Result<Arc<Layout>, Error> {
        resolve_once(&self.layouts, selection.id(), || {
            let names = selection.names();
            self.check_frequency(names.frequency)?;
            let timelines = names.assets.iter().map(|name| self.timeline(self.bundle.asset(name.as_str())?));
            Layout::new(timelines.collect::<Result<_, _>>()?, names.fields.clone(), self.bundle.lag_ns())
        })
    }

    /// Refuses what this bundle's bars cannot be read as.
    pub(super) fn check_frequency(&self, frequency: Frequency) -> Result<(), Error> {
        let held = self.bundle.frequency();
        if frequency == held {
            return Ok(());
        }
        let expected = format!("the bundle holds {held} bars; resampling is not available");
        Err(ErrorKind::BadFrequency { found: frequency.to_string(), expected }.into())
    }

    pub(super) fn timeline(&self, asset: AssetId) -> Result<Arc<Timeline>, Error> {
        let assets = self.bundle.symbols().len();
        if asset.index() >= assets {
            let message = format!("the bundle holds {assets} assets, counted from 0");
            return Err(Error::invalid(format!("asset {}", asset.0), message));
        }
        resolve_once(&self.timelines, asset, || Timeline::new(&self.bundle, asset))
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
