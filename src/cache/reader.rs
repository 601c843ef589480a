//! A thread's handle: it pins memory once, lends values, and counts for itself.
//!
//! # States
//! | reader | pins | lends |
//! |---|---|---|
//! | alive | both tiers | under `&self`, any number of values side by side |
//! | refreshed | both tiers anew | nothing of before: `refresh` takes `&mut self` |
//!
//! # Invariants
//! - I1: everything lent lives until `refresh` or the reader's end: entries by the pins, uncached values by the list.
//! - I2: the pins end before the generation that they pin: fields drop in the order in which they are declared.
//! - I3: a request is counted once: as a hit where it was answered by what was there, else as a miss.
//!
//! What a request does that finds nothing is in [`super::request`].

use std::fmt;
use std::hash::BuildHasher;

use crate::sync::{ErasedMapPin, Pin};

use super::entry::{Lent, Tier};
use super::generation::{Generation, Inner};
use super::hashing::FixedHash;
use super::side::SideList;
use super::stats::Tally;
use super::table::View;
use super::{Key, Value};

/// A thread's handle on a [`Generation`]. `!Send`; make one for each thread, and call [`refresh`](Self::refresh) now and
/// then, so that evicted memory can be freed.
///
/// Works inside rayon's `map_init(|| generation.reader(), …)`. Do not hold one across `rayon::join`: while it waits, it
/// keeps memory pinned.
///
/// # Examples
/// ```
/// use std::sync::Arc;
///
/// use lookback::cache::{Cache, Options, Tier, Weigh};
///
/// #[derive(Clone)]
/// struct Text(Arc<str>);
/// impl Weigh for Text {
///     fn payload_bytes(&self) -> u64 {
///         self.0.len() as u64
///     }
/// }
///
/// let cache: Cache<u32, Text, &str> = Cache::new(Options::default(), "v1", "source")?;
/// let mut reader = cache.current().reader();
/// let text = reader.get_or_load(&7, Tier::Variable, |source| Ok(Text(format!("{source} 7").into())))?;
/// assert_eq!(&*text.0, "source 7");
/// assert!(reader.get(&7, Tier::Variable).is_some());
/// reader.refresh();
/// assert_eq!(cache.stats().loads, 1);
/// # Ok::<(), lookback::Error>(())
/// ```
pub struct Reader<K: Key, V: Value, S = (), B = FixedHash> {
    pub(super) map_pin: ErasedMapPin,
    /// Into the variable tier, past generation and tier: a hit there takes no step more than it has to.
    view: View<K, V>,
    pub(super) tally: Tally,
    pub(super) pin: Pin,
    pub(super) side: SideList<K, V>,
    // Last, so that it outlives the pins and the view (I2).
    generation: Generation<K, V, S, B>,
}

impl<K: Key, V: Value, S, B> fmt::Debug for Reader<K, V, S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl<K: Key, V: Value, S, B> Generation<K, V, S, B> {
    /// A handle for the calling thread, which pins memory until it is refreshed or dropped.
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
    /// let cache: Cache<u64, Number> = Cache::without_source(Options::default())?;
    /// let generation = cache.current();
    /// std::thread::scope(|scope| {
    ///     for key in 0..4 {
    ///         let generation = &generation;
    ///         scope.spawn(move || generation.reader().put(key, Number(key), Tier::Variable).0);
    ///     }
    /// });
    /// assert_eq!(generation.len(), 4);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn reader(&self) -> Reader<K, V, S, B> {
        Reader::new(self.clone())
    }
}

impl<K: Key, V: Value, S, B> Reader<K, V, S, B> {
    fn new(generation: Generation<K, V, S, B>) -> Self {
        let inner = generation.inner();
        // SAFETY: the map lies inside the generation's shared allocation, which this reader holds until after its
        // pins are dropped (I2).
        let map_pin = unsafe { inner.permanent.pin().erase() };
        let pin = inner.variable.pin();
        // SAFETY: as the map, so the tier.
        let view = unsafe { inner.variable.view() };
        Self { map_pin, view, tally: Tally::default(), pin, side: SideList::new(), generation }
    }

    /// The generation that it reads.
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
    /// cache.invalidate("tuesday", 20);
    /// assert_eq!(reader.generation().version(), "monday");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn generation(&self) -> &Generation<K, V, S, B> {
        &self.generation
    }

    #[inline]
    pub(super) fn inner(&self) -> &Inner<K, V, S, B> {
        self.generation.inner()
    }

    /// Lends the value of a key, where it is held: looks into the tier asked for first, then into the other.
    ///
    /// Wait-free: its steps are bounded whatever other threads do ([how many](super#how-many-steps-a-hit-takes)). In steady
    /// state it writes to this reader only. It never loads, waits or promotes: in the middle of
    /// another thread's promotion of the key it may find nothing.
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
    /// assert!(reader.get(&"AAPL", Tier::Variable).is_none());
    /// reader.put("AAPL", Number(7), Tier::Permanent);
    /// assert_eq!(reader.get(&"AAPL", Tier::Variable).map(|number| number.0), Some(7)); // by its second look
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline(always)]
    pub fn get(&self, key: &K, tier: Tier) -> Option<&V>
    where
        B: BuildHasher,
    {
        let hash = self.hash_of(key);
        match self.probe(hash, key, tier) {
            Some(found) => Some(self.count_hit(found)),
            None => self.get_elsewhere(hash, key, tier),
        }
    }

    /// What `get` does after its first probe: out of line, so that a first-probe hit is small enough to be inlined.
    #[inline(never)]
    fn get_elsewhere(&self, hash: u64, key: &K, tier: Tier) -> Option<&V> {
        if let Some(found) = self.probe(hash, key, tier.other()) {
            return Some(self.count_hit(found));
        }
        let served = self.side.find(hash, key);
        Tally::count(if served.is_some() { &self.tally.side_hits } else { &self.tally.misses });
        served
    }

    /// Clones the value of a key, where it is held: an owned value outlives the reader, at the price of whatever
    /// `V::clone` writes (for an `Arc`, a shared count).
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
    /// reader.put("AAPL", Number(7), Tier::Variable);
    /// let owned = reader.get_owned(&"AAPL", Tier::Variable);
    /// drop((reader, cache));
    /// assert_eq!(owned.map(|number| number.0), Some(7));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn get_owned(&self, key: &K, tier: Tier) -> Option<V>
    where
        B: BuildHasher,
    {
        self.get(key, tier).cloned()
    }

    /// Every entry that is held, with its tier, in no order: for a look at what is there.
    ///
    /// Takes no lock. An entry that is held all the time is seen once; one that comes, goes, or is promoted meanwhile may
    /// be seen or not. Nothing is counted as a request, and no entry as read.
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
    /// reader.put("AAPL", Number(1), Tier::Variable);
    /// reader.put("MSFT", Number(2), Tier::Permanent);
    /// let mut keys: Vec<_> = reader.iter().map(|(key, _, _)| *key).collect();
    /// keys.sort();
    /// assert_eq!(keys, ["AAPL", "MSFT"]);
    /// assert_eq!(reader.generation().len(), 2);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V, Tier)> {
        let variable = self.inner().variable.glance(&self.pin).map(super::entry::Lent::get);
        let variable = variable.map(|entry| (&entry.key, &entry.value, Tier::Variable));
        let permanent = self.inner().permanent.entries().map(|(key, value)| (key, value, Tier::Permanent));
        variable.chain(permanent)
    }

    /// Ends every loan, lets memory go that was retired meanwhile, and adds this reader's counts to the cache's.
    ///
    /// A sweep calls it once a trial: often enough to free memory, seldom enough to cost nothing. It frees at least as
    /// much as this reader has retired, and more where a reader that held memory back has gone.
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
    /// let cache: Cache<u64, Number> = Cache::without_source(Options { variable_entries: 1, ..Options::default() })?;
    /// let mut reader = cache.current().reader();
    /// for trial in 0..100 {
    ///     reader.put(trial, Number(trial), Tier::Variable); // what is evicted stays whole until the trial ends
    ///     reader.refresh();
    /// }
    /// assert_eq!((cache.stats().evictions, cache.stats().limbo_bytes), (99, 0));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn refresh(&mut self) {
        self.side.clear();
        self.map_pin.refresh();
        self.pin.refresh();
        self.flush();
        self.pin.drain();
    }

    fn flush(&self) {
        self.inner().counters.flush(&self.tally);
    }

    /// Hashes a key, once for every table that it is looked up in.
    #[inline]
    pub(super) fn hash_of(&self, key: &K) -> u64
    where
        B: BuildHasher,
    {
        self.inner().hasher.hash_one(key)
    }

    /// Looks into both tiers, the one asked for first.
    pub(super) fn find(&self, hash: u64, key: &K, tier: Tier) -> Option<Found<'_, K, V>> {
        self.probe(hash, key, tier).or_else(|| self.probe(hash, key, tier.other()))
    }

    /// Looks into one tier. Always inline: called, it saves and restores registers that take as long as the look.
    #[inline(always)]
    pub(super) fn probe(&self, hash: u64, key: &K, tier: Tier) -> Option<Found<'_, K, V>> {
        match tier {
            Tier::Permanent => {
                self.inner().permanent.get(hash, key, self.map_pin.get()).map(Found::Permanent)
            }
            Tier::Variable => self.view.find(hash, key, &self.pin).map(Found::Variable),
        }
    }

    #[inline]
    pub(super) fn count_hit<'a>(&self, found: Found<'a, K, V>) -> &'a V {
        match found {
            Found::Permanent(value) => {
                Tally::count(&self.tally.permanent_hits);
                value
            }
            Found::Variable(entry) => {
                Tally::count(&self.tally.variable_hits);
                let entry = entry.get();
                entry.referenced().set();
                &entry.value
            }
        }
    }
}

impl<K: Key, V: Value, S, B> Drop for Reader<K, V, S, B> {
    fn drop(&mut self) {
        self.flush();
    }
}

/// A value and the tier that holds it.
#[derive(Debug)]
pub(super) enum Found<'pin, K, V> {
    Permanent(&'pin V),
    Variable(Lent<'pin, K, V>),
}

impl<'pin, K, V> Found<'pin, K, V> {
    pub(super) fn value(&self) -> &'pin V {
        match self {
            Self::Permanent(value) => value,
            Self::Variable(entry) => &entry.get().value,
        }
    }
}
