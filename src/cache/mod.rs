#![doc = include_str!("README.md")]

mod clock;
mod entry;
mod flight;
mod generation;
mod ledger;
mod options;
mod permanent;
mod reader;
mod side;
mod stats;
mod table;

use std::fmt;
use std::hash::Hash;

use crate::error::Error;
use crate::sync::{Arc, Mutex, lock, mutant};

pub use clock::ShardAudit;
pub use entry::{Tier, Weigh};
pub use generation::{Audit, Generation};
pub use options::Options;
pub use reader::Reader;
pub use stats::{Stats, TierStats};

use generation::Admission;
use stats::Counters;

/// What a key must be; every type that can be is one.
pub trait Key: Hash + Eq + Clone + Send + Sync + 'static {}

impl<T: Hash + Eq + Clone + Send + Sync + 'static> Key for T {}

/// What a value must be; every type that can be is one. A clone is expected to be cheap.
pub trait Value: Weigh + Clone + Send + Sync + 'static {}

impl<T: Weigh + Clone + Send + Sync + 'static> Value for T {}

/// A bounded cache of values of `V` by keys of `K`, loaded from a source `S` that is replaced as a whole.
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
pub struct Cache<K: Key, V: Value, S> {
    current: Mutex<Generation<K, V, S>>,
    /// Held by whoever replaces the generation, so that `current` waits for no inheritance.
    replacing: Mutex<()>,
    counters: Arc<Counters>,
    options: Options,
}

// As for `Generation`: what a panic interrupts was not published yet.
impl<K: Key, V: Value, S> std::panic::UnwindSafe for Cache<K, V, S> {}
impl<K: Key, V: Value, S> std::panic::RefUnwindSafe for Cache<K, V, S> {}

impl<K: Key, V: Value, S> fmt::Debug for Cache<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("current", &self.current())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<K: Key, V: Value, S> Cache<K, V, S> {
    /// An empty cache of one generation.
    ///
    /// # Errors
    /// `Invalid` where the options contradict each other.
    pub fn new(options: Options, version: impl Into<Box<str>>, source: S) -> Result<Self, Error> {
        options.validate()?;
        let counters = Arc::new(Counters::new());
        let first = Generation::new(&options, version.into(), source, counters.clone());
        Ok(Self { current: Mutex::new(first), replacing: Mutex::new(()), counters, options })
    }

    /// The generation of now; a run takes it once and keeps it.
    ///
    /// One obtained after `invalidate` returned holds nothing older.
    #[must_use]
    pub fn current(&self) -> Generation<K, V, S> {
        lock(&self.current).clone()
    }

    /// Begins a new, empty generation; `false` and no change where the version is the current one.
    ///
    /// Readers are not disturbed: they go on with the generation that they hold.
    pub fn invalidate(&self, version: impl Into<Box<str>>, source: S) -> bool {
        self.invalidate_keeping(version, source, |_, _| false)
    }

    /// Begins a new generation that inherits every entry for which `keep` says that it is still true.
    ///
    /// The entries of a load that lands in the old generation meanwhile are not inherited. `keep` must not invalidate
    /// this cache itself.
    pub fn invalidate_keeping(
        &self,
        version: impl Into<Box<str>>,
        source: S,
        mut keep: impl FnMut(&K, &V) -> bool,
    ) -> bool {
        let version = version.into();
        // Declared before the lock, and so dropped after it: this may be the last hold on the old generation, and
        // what ends with it may call back.
        let old;
        let _replacing = (!mutant!("replaces_unlocked")).then(|| lock(&self.replacing));
        old = self.current();
        if *old.version() == *version {
            return false;
        }
        let new = Generation::new(&self.options, version, source, self.counters.clone());
        let inherited = inherit(&old, &new, &mut keep);
        tracing::info!(from = old.version(), to = new.version(), inherited, "invalidation");
        *lock(&self.current) = new;
        true
    }

    /// What the cache did so far, over all its generations.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.counters.snapshot(self.options.capacity_bytes)
    }

    /// The bounds that it was made with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }
}

/// How many entries are inherited before the tables are freed that they have replaced.
const DRAINED_TOGETHER: usize = 256;

/// Copies the entries to keep; how many.
fn inherit<K: Key, V: Value, S>(
    old: &Generation<K, V, S>,
    new: &Generation<K, V, S>,
    keep: &mut impl FnMut(&K, &V) -> bool,
) -> usize {
    let (from, to) = (old.inner(), new.inner());
    let mut inherited = 0;
    let (map_pin, mut pin) = (to.permanent.pin(), to.clock.pin());
    // Looked at first, so that an entry that is promoted meanwhile is seen in one tier at least.
    let from_pin = from.clock.pin();
    let variable = from.clock.entries(&from_pin);
    let mut copy = |hash: u64, key: &K, value: &V, tier: Tier| {
        if keep(key, value) || mutant!("inherits_everything") {
            let admission = to.admit(hash, key.clone(), value.clone(), tier, &map_pin, &pin);
            inherited += usize::from(matches!(admission, Admission::Held(_)));
            // Each variable entry retires the table that it replaces: as large as all that is inherited together.
            pin.refresh();
            if inherited % DRAINED_TOGETHER == 0 {
                pin.drain(|| to.counters.limbo_bytes());
            }
        }
    };
    from.permanent.for_each(|hash, key, value| copy(hash, key, value, Tier::Permanent));
    for entry in variable.into_iter().map(|entry| entry.get()) {
        if to.permanent.get(entry.hash, &entry.key, &map_pin).is_none() {
            copy(entry.hash, &entry.key, &entry.value, Tier::Variable);
        }
    }
    pin.drain(|| to.counters.limbo_bytes());
    inherited
}
