//! A cache of a caller's own windows: the crate's `HistoryCache`, over arrays of Python's.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lookback::cache::{Tier, Weigh};
use lookback::history::{self, HistoryCache, Options, Order};
use lookback::{AssetId, Error, Timestamp, When, WindowKey};
use pyo3::prelude::*;

use crate::convert;
use crate::error::Answer;

/// An array, and what its numbers take.
#[derive(Clone)]
struct Held {
    array: Arc<Py<PyAny>>,
    bytes: u64,
}

impl Weigh for Held {
    fn payload_bytes(&self) -> u64 {
        self.bytes
    }
}

/// What an asset is called.
#[derive(PartialEq, Eq, Hash, FromPyObject)]
enum Name {
    Number(i64),
    Text(String),
}

/// A key as Python has it: asset, field, bar count, end, frequency.
type Asked<'py> = (Name, String, usize, Bound<'py, PyAny>, String);

/// Windows by key, of one version at a time.
#[pyclass(frozen, subclass, module = "lookback._lookback", name = "_HistoryCache")]
pub(crate) struct Cache {
    cache: HistoryCache<Held>,
    /// Assets by the order in which they were first heard of.
    names: Mutex<HashMap<Name, u32>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Cache {
    fn key(&self, (asset, field, bar_count, end, frequency): Asked<'_>) -> Answer<WindowKey> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let next = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let asset = AssetId(*names.entry(asset).or_insert(next));
        drop(names);
        let when = convert::when(&end)?;
        let when =
            when.ok_or_else(|| Error::invalid("end_date", "expected a date or a moment".to_owned()))?;
        let end: Timestamp = match when {
            When::Moment(moment) => moment,
            day @ When::Date(_) => day.last_moment(),
        };
        Ok(WindowKey { asset, field: field.parse()?, frequency: frequency.parse()?, bar_count, end })
    }
}

fn tier(is_permanent: bool) -> Tier {
    if is_permanent { Tier::Permanent } else { Tier::Variable }
}

#[pymethods]
impl Cache {
    #[new]
    fn new(permanent_windows: Vec<usize>, tier2_maxsize: usize, cache_size_limit: u64) -> Answer<Self> {
        let options = Options {
            capacity_bytes: cache_size_limit,
            variable_entries: tier2_maxsize,
            permanent_windows,
            order: Order::Lru,
            ..history::Options::default()
        };
        let cache = HistoryCache::with_options(options, "")?;
        Ok(Self { cache, names: Mutex::default(), hits: AtomicU64::new(0), misses: AtomicU64::new(0) })
    }

    fn _get(&self, py: Python<'_>, key: Asked<'_>) -> Answer<Option<Py<PyAny>>> {
        let found = self.cache.get(&self.key(key)?);
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        // Relaxed: a count.
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(found.map(|held| held.array.clone_ref(py)))
    }

    /// Holds an array of a version; false where the cache has gone on to another one.
    fn _put(&self, key: Asked<'_>, array: Py<PyAny>, bytes: u64, version: Option<&str>) -> Answer<bool> {
        let key = self.key(key)?;
        let reader = self.cache.reader();
        if version.is_some_and(|version| version != reader.version()) {
            return Ok(false);
        }
        // Into the version of this reader, whatever becomes current meanwhile.
        reader.put(key, Held { array: Arc::new(array), bytes });
        Ok(true)
    }

    fn _contains(&self, key: Asked<'_>, is_permanent: bool) -> Answer<bool> {
        Ok(self.cache.contains(&self.key(key)?, tier(is_permanent)))
    }

    fn _len(&self, is_permanent: bool) -> usize {
        self.cache.len(tier(is_permanent))
    }

    fn _memory_bytes(&self) -> u64 {
        self.cache.memory_bytes()
    }

    /// Lets go of everything, whatever the version is called.
    fn _invalidate(&self, version: &str) {
        if !self.cache.invalidate(version) {
            self.cache.clear();
        }
        self.hits.store(0, Ordering::Relaxed);
        self.misses.store(0, Ordering::Relaxed);
    }

    #[getter]
    fn version(&self) -> String {
        self.cache.version()
    }

    #[getter]
    fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    #[setter]
    fn set_hits(&self, hits: u64) {
        self.hits.store(hits, Ordering::Relaxed);
    }

    #[getter]
    fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }

    #[setter]
    fn set_misses(&self, misses: u64) {
        self.misses.store(misses, Ordering::Relaxed);
    }
}
