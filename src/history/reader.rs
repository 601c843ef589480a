//! A thread's handle on one version of a history cache.

#![forbid(unsafe_code)]

use std::fmt;
use std::sync::Arc;

use super::groups::AssetRows;
use super::key::WindowKey;
use super::shared::{Order, Shared};
use super::version::{Prepared, version_of};
use crate::asset::AssetId;
use crate::block::Block;
use crate::cache::{self, Tier, Value};
use crate::error::Error;

/// One thread's reader of a [`HistoryCache`](super::HistoryCache), of the version that was current when it was made.
///
/// It is not `Send`. What it lends lives until [`refresh`](Self::refresh) or its end. A window that it puts or loads lands in its
/// own version, whatever became current meanwhile: what was made of old data never answers for new.
///
/// # Examples
/// ```
/// use lookback::history::{HistoryCache, WindowKey};
/// use lookback::{AssetId, Field, Frequency, Timestamp};
/// let cache: HistoryCache = HistoryCache::new("monday")?;
/// let key = WindowKey {
///     asset: AssetId(0),
///     field: Field::Close,
///     frequency: Frequency::Day,
///     bar_count: 2,
///     end: Timestamp(0),
/// };
/// let before = cache.reader();
/// cache.invalidate("tuesday");
/// before.put(key, vec![1.0, 2.0].into());
/// assert!(before.get(&key).is_some() && cache.get(&key).is_none());
/// # Ok::<(), lookback::Error>(())
/// ```
pub struct HistoryReader<V: Value = Block, S: Send + Sync + 'static = ()> {
    reader: cache::Reader<WindowKey, V, Prepared<S>>,
    shared: Arc<Shared>,
}

impl<V: Value, S: Send + Sync + 'static> HistoryReader<V, S> {
    pub(super) fn new(reader: cache::Reader<WindowKey, V, Prepared<S>>, shared: Arc<Shared>) -> Self {
        Self { reader, shared }
    }

    /// Lends a window, where it is held. Counted as a hit or a miss.
    ///
    /// # Examples
    /// ```
    /// # use lookback::history::{HistoryCache, WindowKey};
    /// # use lookback::{AssetId, Field, Frequency, Timestamp};
    /// # let cache: HistoryCache = HistoryCache::new("monday")?;
    /// # let key = WindowKey {
    /// #     asset: AssetId(0), field: Field::Close, frequency: Frequency::Day, bar_count: 2, end: Timestamp(0),
    /// # };
    /// let reader = cache.reader();
    /// assert!(reader.get(&key).is_none());
    /// reader.put(key, vec![1.0, 2.0].into());
    /// assert_eq!(reader.get(&key).map(|window| window.column(0)), Some(&[1.0, 2.0][..]));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn get(&self, key: &WindowKey) -> Option<&V> {
        let tier = self.shared.tier(key);
        match self.shared.order(tier) {
            None => self.reader.get(key, tier),
            Some(order) => self.reader.get(key, tier).map(|value| self.touch(&order, key, value)),
        }
    }

    /// Lends a window, which is made where it is not held: once, however many threads ask for it at the same time.
    ///
    /// `load` gets the source of this reader's version. It must not enter rayon, and should not ask a history cache.
    ///
    /// # Errors
    /// Those of `load`, for every thread that waited for it; they are not kept. `LoadPanicked` where it panicked in another
    /// thread.
    ///
    /// # Examples
    /// ```
    /// # use lookback::history::{HistoryCache, WindowKey, Options};
    /// # use lookback::{AssetId, Field, Frequency, Timestamp};
    /// # let key = WindowKey {
    /// #     asset: AssetId(0), field: Field::Close, frequency: Frequency::Day, bar_count: 2, end: Timestamp(0),
    /// # };
    /// let closes = vec![1.0, 2.0, 3.0];
    /// let cache: HistoryCache<lookback::Block, Vec<f64>> =
    ///     HistoryCache::with_source(Options::default(), "monday", closes)?;
    /// let reader = cache.reader();
    /// let window = reader.get_or_load(&key, |closes| Ok(closes[1..].to_vec().into()))?;
    /// assert_eq!(window.column(0), [2.0, 3.0]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn get_or_load(
        &self,
        key: &WindowKey,
        load: impl FnOnce(&S) -> Result<V, Error>,
    ) -> Result<&V, Error> {
        let tier = self.shared.tier(key);
        let load = |prepared: &Prepared<S>| load(prepared.source());
        let Some(order) = self.shared.order(tier) else { return self.reader.get_or_load(key, tier, load) };
        // Counts a hit where there is one, and nothing where there is none.
        let absent = || Err::<(), _>(Error::load("absent"));
        let found = self.reader.get_or_load_after(key, tier, absent, |_, ()| Err(Error::load("absent")));
        if let Ok(value) = found {
            return Ok(self.touch(&order, key, value));
        }
        // A load takes its time, and others may read meanwhile.
        let _loading = self.shared.loading(order, *key);
        self.reader.get_or_load(key, tier, load)
    }

    /// Holds a window that was made elsewhere of this reader's version, and lends it. Not counted as a request.
    ///
    /// Within a version a window has one value: where it is held already, that one stays and is lent.
    ///
    /// # Examples
    /// ```
    /// # use lookback::history::{HistoryCache, WindowKey};
    /// # use lookback::{AssetId, Field, Frequency, Timestamp};
    /// # let cache: HistoryCache = HistoryCache::new("monday")?;
    /// # let key = WindowKey {
    /// #     asset: AssetId(0), field: Field::Close, frequency: Frequency::Day, bar_count: 1, end: Timestamp(0),
    /// # };
    /// let reader = cache.reader();
    /// assert_eq!(reader.put(key, vec![1.0].into()).column(0), [1.0]);
    /// assert_eq!(reader.put(key, vec![2.0].into()).column(0), [1.0]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn put(&self, key: WindowKey, value: V) -> &V {
        let tier = self.shared.tier(&key);
        // Not under the order's lock: a put may wait for another thread's load of the window.
        let held = self.reader.put(key, value, tier);
        match self.shared.order(tier) {
            None => held,
            Some(order) => self.touch(&order, &key, held),
        }
    }

    /// Which rows each asset has, grouped when first asked for and shared by all readers of this version.
    ///
    /// `list` tells the asset of each row of the source. Of two threads that ask first, both may list, and one result stays.
    ///
    /// # Examples
    /// ```
    /// use lookback::history::{HistoryCache, Options};
    /// use lookback::{AssetId, Block};
    /// let table = vec![AssetId(2), AssetId(1), AssetId(2)];
    /// let cache: HistoryCache<Block, Vec<AssetId>> = HistoryCache::with_source(Options::default(), "monday", table)?;
    /// let rows = cache.reader().asset_rows(|table| table.clone());
    /// assert_eq!(rows.of(AssetId(2)), [0, 2]);
    /// let again = cache.reader().asset_rows(|_| -> Vec<AssetId> { unreachable!("it is there") });
    /// assert!(std::sync::Arc::ptr_eq(&rows, &again));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn asset_rows<I: IntoIterator<Item = AssetId>>(&self, list: impl FnOnce(&S) -> I) -> Arc<AssetRows> {
        self.reader.generation().source().asset_rows(list)
    }

    /// The version that it reads.
    #[must_use]
    pub fn version(&self) -> &str {
        version_of(self.reader.generation().version())
    }

    /// What the version's windows are made of.
    ///
    /// # Examples
    /// ```
    /// use lookback::history::{HistoryCache, Options};
    /// let cache: HistoryCache<lookback::Block, &str> = HistoryCache::with_source(Options::default(), "monday", "prices")?;
    /// assert_eq!((cache.reader().version(), *cache.reader().source()), ("monday", "prices"));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn source(&self) -> &S {
        self.reader.generation().source().source()
    }

    /// Ends all loans, lets go of what was evicted, and reports this reader's counts.
    pub fn refresh(&mut self) {
        self.reader.refresh();
    }

    /// The keys that are held in a tier, in no order. Nothing is counted.
    ///
    /// # Examples
    /// ```
    /// # use lookback::cache::Tier;
    /// # use lookback::history::{HistoryCache, WindowKey};
    /// # use lookback::{AssetId, Field, Frequency, Timestamp};
    /// # let cache: HistoryCache = HistoryCache::new("monday")?;
    /// # let key = WindowKey {
    /// #     asset: AssetId(0), field: Field::Close, frequency: Frequency::Day, bar_count: 20, end: Timestamp(0),
    /// # };
    /// let reader = cache.reader();
    /// reader.put(key, vec![1.0; 20].into());
    /// reader.put(WindowKey { bar_count: 3, ..key }, vec![1.0; 3].into());
    /// assert_eq!(reader.keys(Tier::Permanent).collect::<Vec<_>>(), [key]); // 20 is a permanent window
    /// assert_eq!(reader.keys(Tier::Variable).map(|key| key.bar_count).collect::<Vec<_>>(), [3]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn keys(&self, tier: Tier) -> impl Iterator<Item = WindowKey> + '_ {
        self.reader.iter().filter(move |(_, _, held)| *held == tier).map(|(key, _, _)| *key)
    }

    /// The values of both tiers, in no order. Nothing is counted.
    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.reader.iter().map(|(_, value, _)| value)
    }

    /// Makes a variable window the one that was read last. Its queue has the order of coming, so it leaves and comes again.
    fn touch<'r>(&'r self, order: &Order, key: &WindowKey, value: &'r V) -> &'r V {
        if order.contains_key(key) {
            return value;
        }
        let again = value.clone();
        if self.reader.remove(key) { self.reader.put(*key, again, Tier::Variable) } else { value }
    }
}

impl<V: Value, S: Send + Sync + 'static> fmt::Debug for HistoryReader<V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryReader").field("version", &self.version()).finish_non_exhaustive()
    }
}
