#![doc = include_str!("README.md")]

mod boarding;
mod budget;
mod change;
mod desk;
mod entry;
mod flight;
mod generation;
mod hashing;
#[cfg(test)]
mod lines;
mod log;
#[cfg(feature = "metrics")]
mod metrics;
mod options;
mod permanent;
mod policy;
mod publication;
mod reader;
mod replacing;
mod request;
mod side;
mod stats;
mod table;
mod variable;

use std::fmt;
use std::hash::Hash;

use crate::error::Error;
use crate::sync::{Arc, MapPin, Mutex, Pin, lock};

pub use entry::{Tier, Weigh};
pub use generation::{Audit, Generation};
pub use hashing::{FixedHash, FixedHasher};
pub use options::Options;
pub use policy::Policy;
pub use reader::Reader;
pub use stats::{Stats, TierStats};
pub use variable::ShardAudit;

use boarding::Boarding;
use change::Change;
use flight::Outcome;
use generation::Admission;
use replacing::Replacing;
use stats::{Counters, Tally};

/// What a key must be; every type that can be is one.
pub trait Key: Hash + Eq + Clone + Send + Sync + 'static {}

impl<T: Hash + Eq + Clone + Send + Sync + 'static> Key for T {}

/// What a value must be; every type that can be is one. A clone is expected to be cheap.
pub trait Value: Weigh + Clone + Send + Sync + 'static {}

impl<T: Weigh + Clone + Send + Sync + 'static> Value for T {}

/// A bounded cache of values of `V` by keys of `K`, loaded from a source `S` that is replaced as a whole.
///
/// Keys are hashed by `B`, which is [`FixedHash`] unless told otherwise by [`with_hasher`](Self::with_hasher).
///
/// # Examples
/// ```
/// use lookback::cache::{Cache, Options, Tier, Weigh};
///
/// #[derive(Clone)]
/// struct Number(f64);
/// impl Weigh for Number {
///     fn payload_bytes(&self) -> u64 {
///         0
///     }
/// }
///
/// let cache: Cache<u32, Number, f64> = Cache::new(Options::default(), "v1", 10.0)?;
/// let old = cache.current();
/// assert!(cache.invalidate("v2", 20.0));
/// let load = |source: &f64| Ok(Number(source + 1.0));
/// assert_eq!(old.reader().get_or_load(&1, Tier::Variable, load)?.0, 11.0);
/// assert_eq!(cache.current().reader().get_or_load(&1, Tier::Variable, load)?.0, 21.0);
/// # Ok::<(), lookback::Error>(())
/// ```
pub struct Cache<K: Key, V: Value, S = (), B = FixedHash> {
    current: Mutex<Generation<K, V, S, B>>,
    replacing: Replacing,
    counters: Arc<Counters>,
    options: Options,
}

// As for `Generation`: what a panic interrupts was not published yet.
impl<K: Key, V: Value, S, B> std::panic::UnwindSafe for Cache<K, V, S, B> {}
impl<K: Key, V: Value, S, B> std::panic::RefUnwindSafe for Cache<K, V, S, B> {}

impl<K: Key, V: Value, S, B> fmt::Debug for Cache<K, V, S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("current", &self.current())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<K: Key, V: Value> Cache<K, V> {
    /// A cache whose values are made by whoever asks: of one generation, without a source.
    ///
    /// # Errors
    /// `Invalid` where the options contradict each other.
    ///
    /// # Examples
    /// ```
    /// # use lookback::cache::{Cache, Options, Tier, Weigh};
    /// # #[derive(Clone, PartialEq, Debug)]
    /// # struct Square(u64);
    /// # impl Weigh for Square {
    /// #     fn payload_bytes(&self) -> u64 {
    /// #         0
    /// #     }
    /// # }
    /// let cache: Cache<u64, Square> = Cache::without_source(Options::default())?;
    /// let reader = cache.current().reader();
    /// let square = reader.get_or_load(&7, Tier::Variable, |()| Ok(Square(7 * 7)))?;
    /// assert_eq!(square, &Square(49));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn without_source(options: Options) -> Result<Self, Error> {
        Self::new(options, "", ())
    }
}

impl<K: Key, V: Value, S> Cache<K, V, S> {
    /// An empty cache of one generation.
    ///
    /// # Errors
    /// `Invalid` where the options contradict each other.
    ///
    /// # Examples
    /// ```
    /// # use lookback::cache::{Cache, Options, Tier, Weigh};
    /// # #[derive(Clone)]
    /// # struct Number(u64);
    /// # impl Weigh for Number {
    /// #     fn payload_bytes(&self) -> u64 {
    /// #         0
    /// #     }
    /// # }
    /// let cache: Cache<&str, Number, u64> = Cache::new(Options::default(), "monday", 10)?;
    /// assert_eq!((cache.current().version(), cache.current().source()), ("monday", &10));
    /// let contradiction = Options { shards: Some(0), ..Options::default() };
    /// assert!(Cache::<&str, Number, u64>::new(contradiction, "monday", 10).is_err());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn new(options: Options, version: impl Into<Box<str>>, source: S) -> Result<Self, Error> {
        Self::with_hasher(options, version, source, FixedHash)
    }
}

impl<K: Key, V: Value, S, B> Cache<K, V, S, B> {
    /// An empty cache of one generation, whose keys are hashed by a hasher of the caller's.
    ///
    /// For keys whose `Hash` is poor, or whose hash is known already. Equal keys must get equal hashes from every clone of
    /// the hasher. All 64 bits count: the high ones choose the shard and the place in it, low ones a slot and a tag. Hashes
    /// that differ in few bits, or are equal, cost time and nothing else.
    ///
    /// # Errors
    /// `Invalid` where the options contradict each other.
    ///
    /// # Examples
    /// ```
    /// use std::hash::{BuildHasher, Hash, Hasher, RandomState};
    ///
    /// use lookback::cache::{Cache, Options, Tier};
    /// # use lookback::cache::Weigh;
    /// # #[derive(Clone)]
    /// # struct Number(u64);
    /// # impl Weigh for Number {
    /// #     fn payload_bytes(&self) -> u64 {
    /// #         0
    /// #     }
    /// # }
    /// // A digest is a hash already; this hasher takes it as it is.
    /// #[derive(Clone, PartialEq, Eq)]
    /// struct Digest(u64);
    /// impl Hash for Digest {
    ///     fn hash<H: Hasher>(&self, state: &mut H) {
    ///         state.write_u64(self.0);
    ///     }
    /// }
    ///
    /// #[derive(Clone, Default)]
    /// struct AsItIs(u64);
    /// impl Hasher for AsItIs {
    ///     fn write(&mut self, _: &[u8]) {
    ///         unreachable!("a digest writes one number")
    ///     }
    ///     fn write_u64(&mut self, digest: u64) {
    ///         self.0 = digest;
    ///     }
    ///     fn finish(&self) -> u64 {
    ///         self.0
    ///     }
    /// }
    ///
    /// type HashedBefore = std::hash::BuildHasherDefault<AsItIs>;
    /// let cache: Cache<Digest, Number, (), HashedBefore> =
    ///     Cache::with_hasher(Options::default(), "", (), HashedBefore::default())?;
    /// let reader = cache.current().reader();
    /// reader.put(Digest(0x9e37_79b9_7f4a_7c15), Number(1), Tier::Variable);
    /// assert!(reader.get(&Digest(0x9e37_79b9_7f4a_7c15), Tier::Variable).is_some());
    ///
    /// // And where keys come from outside, a seed that nobody knows.
    /// let guarded: Cache<String, Number, (), RandomState> =
    ///     Cache::with_hasher(Options::default(), "", (), RandomState::new())?;
    /// assert!(guarded.current().is_empty());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn with_hasher(
        options: Options,
        version: impl Into<Box<str>>,
        source: S,
        hasher: B,
    ) -> Result<Self, Error> {
        options.validate()?;
        let counters = Arc::new(Counters::new());
        let first = Generation::new(&options, version.into(), source, hasher, counters.clone());
        Ok(Self { current: Mutex::new(first), replacing: Replacing::new(), counters, options })
    }

    /// The generation of now; a run takes it once and keeps it.
    ///
    /// One obtained after `invalidate` returned holds nothing older.
    ///
    /// # Examples
    /// ```
    /// # use lookback::cache::{Cache, Options, Tier, Weigh};
    /// # #[derive(Clone)]
    /// # struct Number(u64);
    /// # impl Weigh for Number {
    /// #     fn payload_bytes(&self) -> u64 {
    /// #         0
    /// #     }
    /// # }
    /// let cache: Cache<&str, Number, u64> = Cache::new(Options::default(), "monday", 10)?;
    /// let run = cache.current();
    /// cache.invalidate("tuesday", 20);
    /// assert_eq!((run.version(), cache.current().version()), ("monday", "tuesday"));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn current(&self) -> Generation<K, V, S, B> {
        lock(&self.current).clone()
    }

    /// Begins a new, empty generation; `false` and no change where the version is the current one.
    ///
    /// Readers are not disturbed: they go on with the generation that they hold.
    ///
    /// # Examples
    /// ```
    /// # use lookback::cache::{Cache, Options, Tier, Weigh};
    /// # #[derive(Clone)]
    /// # struct Number(u64);
    /// # impl Weigh for Number {
    /// #     fn payload_bytes(&self) -> u64 {
    /// #         0
    /// #     }
    /// # }
    /// let cache: Cache<&str, Number, u64> = Cache::new(Options::default(), "monday", 10)?;
    /// assert!(!cache.invalidate("monday", 10)); // the current one
    /// cache.current().reader().put("AAPL", Number(1), Tier::Permanent);
    /// assert!(cache.invalidate("tuesday", 20));
    /// assert!(cache.current().is_empty());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn invalidate(&self, version: impl Into<Box<str>>, source: S) -> bool
    where
        B: Clone,
    {
        self.invalidate_keeping(version, source, |_, _| false)
    }

    /// Begins a new generation that inherits every entry for which `keep` says that it is still true.
    ///
    /// The entries of a load that lands in the old generation meanwhile are not inherited.
    ///
    /// # Panics
    /// Where `keep`, or a clone or a weight of what is inherited, invalidates this cache itself: that would wait for
    /// itself. The panic comes out of both invalidations unless it is caught, and then nothing was replaced.
    ///
    /// # Examples
    /// ```
    /// # use lookback::cache::{Cache, Options, Tier, Weigh};
    /// # #[derive(Clone)]
    /// # struct Number(u64);
    /// # impl Weigh for Number {
    /// #     fn payload_bytes(&self) -> u64 {
    /// #         0
    /// #     }
    /// # }
    /// let cache: Cache<&str, Number, u64> = Cache::new(Options::default(), "monday", 10)?;
    /// let reader = cache.current().reader();
    /// reader.put("AAPL", Number(1), Tier::Permanent);
    /// reader.put("MSFT", Number(2), Tier::Variable);
    /// assert!(cache.invalidate_keeping("AAPL was restated", 20, |key, _| *key != "AAPL"));
    /// let reader = cache.current().reader();
    /// assert!(reader.get(&"AAPL", Tier::Permanent).is_none() && reader.get(&"MSFT", Tier::Variable).is_some());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn invalidate_keeping(
        &self,
        version: impl Into<Box<str>>,
        source: S,
        mut keep: impl FnMut(&K, &V) -> bool,
    ) -> bool
    where
        B: Clone,
    {
        let version = version.into();
        let mut source = Some(source);
        loop {
            let old = self.current();
            if *old.version() == *version {
                return false;
            }
            // A pin collects, at its start and at its end, and so runs whatever the values do in their drop; and this
            // may be the last hold on the old generation. All of it lies outside of the lock, and so does the end of
            // the new generation, where a panic prevents it, of what it cannot hold, and the clone of the hasher.
            let hasher = old.inner().hasher.clone();
            let old_pin = old.inner().variable.pin();
            let (mut new, mut new_pin, mut left_over) = (None, None, Vec::new());
            let replacing = self.replacing.begin();
            if !old.is(&self.current()) {
                continue;
            }
            let Some(source) = source.take() else { unreachable!("taken once, in the last round") };
            let (options, counters) = (&self.options, self.counters.clone());
            let new = new.insert(Generation::new(options, version, source, hasher, counters));
            let new_pin = new_pin.insert(new.inner().variable.pin());
            let inherited = inherit(&old, &old_pin, new, new_pin, &mut keep, &mut left_over);
            *lock(&self.current) = new.clone();
            drop(replacing);
            tracing::info!(from = old.version(), to = new.version(), inherited, "invalidation");
            return true;
        }
    }

    /// What the cache did so far, over all its generations.
    ///
    /// # Examples
    /// ```
    /// # use lookback::cache::{Cache, Options, Tier, Weigh};
    /// # #[derive(Clone)]
    /// # struct Number(u64);
    /// # impl Weigh for Number {
    /// #     fn payload_bytes(&self) -> u64 {
    /// #         0
    /// #     }
    /// # }
    /// let cache: Cache<&str, Number> = Cache::without_source(Options::default())?;
    /// let reader = cache.current().reader();
    /// reader.get_or_load(&"AAPL", Tier::Variable, |()| Ok(Number(1)))?;
    /// reader.get(&"AAPL", Tier::Variable);
    /// drop(reader); // which counted for itself until now
    /// let stats = cache.stats();
    /// assert_eq!((stats.misses, stats.loads, stats.variable.hits, stats.variable.entries), (1, 1, 1, 1));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.counters.snapshot(self.options.capacity_bytes)
    }

    /// The bounds that it was made with.
    ///
    /// # Examples
    /// ```
    /// # use lookback::cache::{Cache, Options, Tier, Weigh};
    /// # #[derive(Clone)]
    /// # struct Number(u64);
    /// # impl Weigh for Number {
    /// #     fn payload_bytes(&self) -> u64 {
    /// #         0
    /// #     }
    /// # }
    /// let cache: Cache<&str, Number> = Cache::without_source(Options { variable_entries: 7, ..Options::default() })?;
    /// assert_eq!(cache.options().variable_entries, 7);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }
}

/// Copies the entries to keep; how many.
fn inherit<K: Key, V: Value, S, B>(
    old: &Generation<K, V, S, B>,
    old_pin: &Pin,
    new: &Generation<K, V, S, B>,
    new_pin: &Pin,
    keep: &mut impl FnMut(&K, &V) -> bool,
    left_over: &mut Vec<V>,
) -> usize {
    let (from, to) = (old.inner(), new.inner());
    // Looked at first, so that an entry that is promoted meanwhile is seen in one tier at least.
    let variable = from.variable.entries(old_pin);
    let (old_map_pin, new_map_pin) = (from.permanent.pin(), to.permanent.pin());
    let tally = Tally::default();
    let mut heir = Heir { to, pin: new_pin, map_pin: &new_map_pin, tally: &tally, inherited: 0, left_over };
    from.permanent.for_each(|hash, key, value| {
        if keep(key, value) {
            heir.inherit(hash, key, value, Tier::Permanent);
        }
    });
    for lent in variable {
        let entry = lent.get();
        let is_promoted = from.permanent.get(entry.hash, &entry.key, &old_map_pin).is_some();
        if !is_promoted && keep(&entry.key, &entry.value) {
            // Looked at anew: a model sees that the pin outlasts the question.
            let entry = lent.get();
            heir.inherit(entry.hash, &entry.key, &entry.value, Tier::Variable);
        }
    }
    to.counters.flush(&tally);
    heir.inherited
}

/// Who takes entries over into a generation that nobody else knows of yet.
struct Heir<'a, K: Key, V: Value, S, B> {
    to: &'a generation::Inner<K, V, S, B>,
    pin: &'a Pin,
    map_pin: &'a MapPin<'a>,
    tally: &'a Tally,
    inherited: usize,
    /// Copies that there was no room for; to be dropped away from the lock.
    left_over: &'a mut Vec<V>,
}

impl<K: Key, V: Value, S, B> Heir<'_, K, V, S, B> {
    fn inherit(&mut self, hash: u64, key: &K, value: &V, tier: Tier) {
        let Boarding::Lead(mut lead) = self.to.variable.board(hash, key, None, self.pin) else {
            return;
        };
        let mut change = Change::new(self.pin, self.tally, &self.to.budget);
        match self.to.admit(&mut lead, key, value.clone(), tier, self.map_pin, &mut change) {
            Admission::Held(_) => self.inherited += 1,
            Admission::Uncached(value) => self.left_over.push(value),
        }
        lead.land(|| Outcome::Abandoned);
    }
}

/// The example of the page for those who come from other caches; checked with the others.
#[cfg(doctest)]
#[doc = include_str!("../../docs/moving.md")]
struct Moving;
