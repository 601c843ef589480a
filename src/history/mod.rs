//! A cache of history windows for callers with data of their own: put and get by key, on the engine of [`cache`](crate::cache).
//!
//! Who has a bundle asks a [`DataPortal`](crate::portal::DataPortal) instead, which caches stretches of the series: there a
//! clock that moves hits. Here each window is an entry, and one is a hit only if it was there with the same end.
//!
//! # What is kept
//! - A window whose bar count is a **permanent window** (20, 50 and 200 bars unless told) stays until the version ends, within
//!   its share of the bytes, which is half. What is beyond that is kept as the others are.
//! - The others, 256 unless told, go one by one when room is needed, at once, in an [`Order`]: clock, or exact LRU.
//! - All of it belongs to a **version**. [`invalidate`](HistoryCache::invalidate) begins another one, and a window that was made
//!   of an older one never answers for it.
//!
//! Windows are read-only, and shared: an owned one is a reference count. Counts are exact when no reader is alive; the methods
//! of [`HistoryCache`] itself leave none.

#![forbid(unsafe_code)]

mod groups;
mod key;
mod options;
mod reader;
mod shared;
mod version;

use std::fmt;
use std::sync::Arc;

pub use groups::AssetRows;
pub use key::WindowKey;
pub use options::{Options, Order};
pub use reader::HistoryReader;

use shared::Shared;
use version::{Prepared, label, version_of};

use crate::block::Block;
use crate::cache::{Cache, Stats, Tier, Value, Weigh};
use crate::error::Error;

impl Weigh for Block {
    fn payload_bytes(&self) -> u64 {
        self.bytes()
    }
}

/// Windows by [`WindowKey`], of one version of the data at a time, for any number of threads.
///
/// `V` is what a window is, a [`Block`] unless told; `S` what windows are made of, nothing unless told.
///
/// # Examples
/// ```
/// use lookback::history::{HistoryCache, WindowKey};
/// use lookback::{AssetId, Block, Field, Frequency, Timestamp};
/// let cache: HistoryCache = HistoryCache::new("monday")?;
/// let key = WindowKey {
///     asset: AssetId(0),
///     field: Field::Close,
///     frequency: Frequency::Day,
///     bar_count: 3,
///     end: Timestamp(0),
/// };
/// let window = cache.get_or_load(&key, || Ok(vec![1.0, 2.0, 3.0].into()))?;
/// assert_eq!(window.column(0), [1.0, 2.0, 3.0]);
/// assert_eq!(cache.get(&key), Some(window));
/// assert!(cache.invalidate("tuesday"));
/// assert_eq!(cache.get(&key), None);
/// let stats = cache.stats();
/// assert_eq!((stats.hits(), stats.misses, stats.loads), (1, 2, 1));
/// # Ok::<(), lookback::Error>(())
/// ```
pub struct HistoryCache<V: Value = Block, S: Send + Sync + 'static = ()> {
    cache: Cache<WindowKey, V, Prepared<S>>,
    shared: Arc<Shared>,
}

impl<V: Value> HistoryCache<V> {
    /// An empty cache within the default bounds.
    ///
    /// # Errors
    /// None: the default bounds agree.
    pub fn new(version: &str) -> Result<Self, Error> {
        Self::with_options(Options::default(), version)
    }

    /// An empty cache within these bounds.
    ///
    /// # Errors
    /// Those of [`Options::validate`].
    ///
    /// # Examples
    /// ```
    /// use lookback::history::{HistoryCache, Options};
    /// let small = Options { capacity_bytes: 1_000_000, variable_entries: 4, ..Options::default() };
    /// let cache: HistoryCache = HistoryCache::with_options(small, "monday")?;
    /// assert_eq!((cache.version(), cache.options().variable_entries), ("monday".to_owned(), 4));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn with_options(options: Options, version: &str) -> Result<Self, Error> {
        Self::with_source(options, version, ())
    }

    /// Begins another version, which holds nothing; false and no change where it is the current one.
    ///
    /// Windows that were made of the old version land in the old version, also where they come later.
    ///
    /// # Examples
    /// ```
    /// let cache: lookback::history::HistoryCache = lookback::history::HistoryCache::new("monday")?;
    /// assert!(!cache.invalidate("monday"));
    /// assert!(cache.invalidate("tuesday") && cache.version() == "tuesday");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn invalidate(&self, version: &str) -> bool {
        self.replace(version, ())
    }

    /// Lets go of all windows, and stays with the version.
    ///
    /// # Examples
    /// ```
    /// # use lookback::history::{HistoryCache, WindowKey};
    /// # use lookback::{AssetId, Field, Frequency, Timestamp};
    /// # let key = WindowKey {
    /// #     asset: AssetId(0), field: Field::Close, frequency: Frequency::Day, bar_count: 20, end: Timestamp(0),
    /// # };
    /// let cache: HistoryCache = HistoryCache::new("monday")?;
    /// cache.put(key, vec![1.0; 20].into());
    /// cache.clear();
    /// assert_eq!((cache.get(&key), cache.version().as_str()), (None, "monday"));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn clear(&self) {
        let next = version::cleared(self.cache.current().version());
        self.cache.invalidate(next, Prepared::new(()));
    }

    /// Clones a window of the version of now, which is made where it is not held, as [`HistoryReader::get_or_load`] does.
    ///
    /// # Errors
    /// Those of `load`, for every thread that waited for it.
    pub fn get_or_load(&self, key: &WindowKey, load: impl FnOnce() -> Result<V, Error>) -> Result<V, Error> {
        self.reader().get_or_load(key, |()| load()).cloned()
    }
}

impl<V: Value, S: Send + Sync + 'static> HistoryCache<V, S> {
    /// An empty cache whose windows are made of a source, which is replaced with the version.
    ///
    /// # Errors
    /// Those of [`Options::validate`].
    pub fn with_source(options: Options, version: &str, source: S) -> Result<Self, Error> {
        options.validate()?;
        let cache = Cache::new(options.of_cache(), label(version, 0), Prepared::new(source))?;
        Ok(Self { cache, shared: Arc::new(Shared::new(options)) })
    }

    /// Begins another version with its source; false and no change where it is the current one.
    ///
    /// # Examples
    /// ```
    /// use lookback::history::{HistoryCache, Options};
    /// let cache: HistoryCache<lookback::Block, u32> = HistoryCache::with_source(Options::default(), "monday", 1)?;
    /// let run = cache.reader();
    /// assert!(cache.replace("tuesday", 2));
    /// assert_eq!((*run.source(), *cache.reader().source()), (1, 2));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn replace(&self, version: &str, source: S) -> bool {
        if version_of(self.cache.current().version()) == version {
            return false;
        }
        self.cache.invalidate(label(version, 0), Prepared::new(source))
    }

    /// A handle for the calling thread on the version of now.
    #[must_use]
    pub fn reader(&self) -> HistoryReader<V, S> {
        HistoryReader::new(self.cache.current().reader(), Arc::clone(&self.shared))
    }

    /// Clones a window of the version of now, where it is held.
    ///
    /// It makes a reader and ends it, which takes a thousand times as long as a hit: a loop keeps a [`reader`](Self::reader).
    #[must_use]
    pub fn get(&self, key: &WindowKey) -> Option<V> {
        self.reader().get(key).cloned()
    }

    /// Holds a window of the version of now; what was made of an older one goes in through a reader of that.
    pub fn put(&self, key: WindowKey, value: V) -> V {
        self.reader().put(key, value).clone()
    }

    /// Whether a window is held in a tier. It looks through the tier, and counts nothing.
    ///
    /// # Examples
    /// ```
    /// # use lookback::cache::Tier;
    /// # use lookback::history::{HistoryCache, WindowKey};
    /// # use lookback::{AssetId, Field, Frequency, Timestamp};
    /// # let key = WindowKey {
    /// #     asset: AssetId(0), field: Field::Close, frequency: Frequency::Day, bar_count: 20, end: Timestamp(0),
    /// # };
    /// let cache: HistoryCache = HistoryCache::new("monday")?;
    /// cache.put(key, vec![1.0; 20].into());
    /// assert!(cache.contains(&key, Tier::Permanent) && !cache.contains(&key, Tier::Variable));
    /// assert_eq!((cache.len(Tier::Permanent), cache.len(Tier::Variable)), (1, 0));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn contains(&self, key: &WindowKey, tier: Tier) -> bool {
        self.reader().keys(tier).any(|held| held == *key)
    }

    /// How many windows of the version of now a tier holds. Exact while nobody changes them: it walks them.
    #[must_use]
    pub fn len(&self, tier: Tier) -> usize {
        self.reader().keys(tier).count()
    }

    /// Whether the version of now holds no window.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cache.current().is_empty()
    }

    /// Bytes of the values of the version of now. With their entries they weigh what [`stats`](Self::stats) says.
    ///
    /// # Examples
    /// ```
    /// # use lookback::history::{HistoryCache, WindowKey};
    /// # use lookback::{AssetId, Field, Frequency, Timestamp};
    /// # let key = WindowKey {
    /// #     asset: AssetId(0), field: Field::Close, frequency: Frequency::Day, bar_count: 20, end: Timestamp(0),
    /// # };
    /// let cache: HistoryCache = HistoryCache::new("monday")?;
    /// cache.put(key, vec![1.0; 20].into());
    /// assert_eq!(cache.memory_bytes(), 160);
    /// assert!(cache.stats().resident_bytes() < 2 * 160);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.reader().values().map(Weigh::payload_bytes).sum()
    }

    /// What the cache did, over all versions.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.cache.stats()
    }

    /// How many requests it took until six in ten were hits; `None` while it warms up.
    ///
    /// # Examples
    /// ```
    /// # use lookback::history::{HistoryCache, WindowKey};
    /// # use lookback::{AssetId, Field, Frequency, Timestamp};
    /// # let key = WindowKey {
    /// #     asset: AssetId(0), field: Field::Close, frequency: Frequency::Day, bar_count: 20, end: Timestamp(0),
    /// # };
    /// let cache: HistoryCache = HistoryCache::new("monday")?;
    /// cache.put(key, vec![1.0; 20].into());
    /// assert_eq!(cache.warming(), None);
    /// cache.get(&key);
    /// assert_eq!(cache.warming(), Some(1));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn warming(&self) -> Option<u64> {
        self.stats().warming
    }

    /// The version of now.
    #[must_use]
    pub fn version(&self) -> String {
        version_of(self.cache.current().version()).to_owned()
    }

    /// The bounds.
    #[must_use]
    pub fn options(&self) -> &Options {
        self.shared.options()
    }
}

impl<V: Value, S: Send + Sync + 'static> fmt::Debug for HistoryCache<V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryCache")
            .field("version", &self.version())
            .field("options", self.options())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
