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
//! - I4: a thread inside a load never waits for another thread's, and every other wait has a limit.
//!
//! # Orderings
//! None of its own.

use std::fmt;

use crate::error::Error;
use crate::sync::{ErasedMapPin, Pin, hash_of, mutant};

use super::entry::{Lent, Tier};
use super::flight::{Boarding, Inside, Join, Lead, attempt};
use super::generation::{Admission, Generation, Inner};
use super::side::SideList;
use super::stats::Tally;
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
pub struct Reader<K: Key, V: Value, S> {
    map_pin: ErasedMapPin,
    pin: Pin,
    side: SideList<K, V>,
    tally: Tally,
    // Last, so that it outlives the pins (I2).
    generation: Generation<K, V, S>,
}

impl<K: Key, V: Value, S> fmt::Debug for Reader<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("generation", &self.generation).finish_non_exhaustive()
    }
}

impl<K: Key, V: Value, S> Reader<K, V, S> {
    pub(super) fn new(generation: Generation<K, V, S>) -> Self {
        let inner = generation.inner();
        // SAFETY: the map lies inside the generation's shared allocation, which this reader holds until after its
        // pins are dropped (I2).
        let map_pin = unsafe { inner.permanent.pin().erase() };
        let pin = inner.clock.pin();
        Self { map_pin, pin, side: SideList::new(), tally: Tally::default(), generation }
    }

    /// The generation that it reads.
    #[must_use]
    pub fn generation(&self) -> &Generation<K, V, S> {
        &self.generation
    }

    #[inline]
    fn inner(&self) -> &Inner<K, V, S> {
        self.generation.inner()
    }

    /// Lends the value of a key, where it is held: looks into the tier asked for first, then into the other.
    ///
    /// Lock-free. In steady state it writes to this reader only. It never loads, waits or promotes: in the middle of
    /// another thread's promotion of the key it may find nothing.
    #[inline]
    pub fn get(&self, key: &K, tier: Tier) -> Option<&V> {
        let hash = hash_of(key);
        match self.probe(hash, key, tier) {
            Some(found) => Some(self.count_hit(found)),
            None => self.get_elsewhere(hash, key, tier),
        }
    }

    /// What `get` does after its first probe: out of line, so that a first-probe hit is small enough to be inlined.
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
    pub fn get_owned(&self, key: &K, tier: Tier) -> Option<V> {
        self.get(key, tier).cloned()
    }

    /// Lends the value of a key, loading it where it is not held.
    ///
    /// Of overlapping misses of one key one thread loads and the others wait for it, each for at most
    /// [`wait_limit`](super::Options::wait_limit). A value asked for as permanent that is held as variable is promoted
    /// without a load. Where a value cannot be held it is lent all the same, until `refresh`.
    ///
    /// `load` gets the source of this reader's generation. It must not enter rayon, whose work stealing can run a
    /// waiter on the loader's own stack, and should resolve what it needs before: a load inside a load does not wait.
    ///
    /// # Errors
    /// The loader's own, for every thread that waited for it; `LoadPanicked` where it panicked in another thread.
    /// Errors are not cached.
    ///
    /// # Panics
    /// Where `load` panics, in the thread that ran it.
    #[inline]
    pub fn get_or_load(
        &self,
        key: &K,
        tier: Tier,
        load: impl FnOnce(&S) -> Result<V, Error>,
    ) -> Result<&V, Error> {
        let hash = hash_of(key);
        match self.probe(hash, key, tier) {
            Some(found) => Ok(self.count_hit(found)),
            None => self.load_elsewhere(hash, key, tier, load),
        }
    }

    /// What `get_or_load` does after its first probe.
    fn load_elsewhere(
        &self,
        hash: u64,
        key: &K,
        tier: Tier,
        load: impl FnOnce(&S) -> Result<V, Error>,
    ) -> Result<&V, Error> {
        match self.probe(hash, key, tier.other()) {
            Some(Found::Variable(entry)) if self.is_to_promote(entry, tier) => {
                self.count_hit(Found::Variable(entry));
                Ok(self.promote(hash, key, entry))
            }
            Some(found) => Ok(self.count_hit(found)),
            None => self.miss(hash, key, tier, load),
        }
    }

    /// Holds a value that was made elsewhere, and lends it. The resident value wins: where one is held already, or is
    /// being loaded, that one is lent and `value` is dropped.
    ///
    /// Not counted as a request.
    pub fn put(&self, key: K, value: V, tier: Tier) -> &V {
        let hash = hash_of(&key);
        if let Some(found) = self.find(hash, &key, tier) {
            return self.settle(found, hash, &key, tier);
        }
        loop {
            match self.inner().flights.board(hash, &key) {
                Boarding::Lead(lead) => return self.lead_with(lead, hash, key, value, tier),
                Boarding::Join(_) if Inside::is_inside() => return self.side.push(hash, key, value),
                Boarding::Join(join) => match join.wait(self.inner().options.wait_limit) {
                    Some(Ok(landed)) => return self.lend(hash, &key, tier, landed),
                    Some(Err(_)) => {}
                    None => return self.side.push(hash, key, value),
                },
            }
        }
    }

    /// Ends every loan, lets memory go that was retired meanwhile, and adds this reader's counts to the cache's.
    ///
    /// A sweep calls it once a trial: often enough to free memory, seldom enough to cost nothing. It frees at least as
    /// much as this reader has retired, and more where a reader that held memory back has gone.
    pub fn refresh(&mut self) {
        self.side.clear();
        self.map_pin.refresh();
        self.pin.refresh();
        self.flush();
        if self.inner().counters.has_limbo() {
            self.pin.drain(|| self.generation.inner().counters.limbo_bytes());
        }
    }

    fn flush(&self) {
        self.inner().counters.flush(&self.tally);
    }

    /// Looks into both tiers, the one asked for first.
    fn find(&self, hash: u64, key: &K, tier: Tier) -> Option<Found<'_, K, V>> {
        self.probe(hash, key, tier).or_else(|| self.probe(hash, key, tier.other()))
    }

    /// Looks into one tier.
    #[inline]
    fn probe(&self, hash: u64, key: &K, tier: Tier) -> Option<Found<'_, K, V>> {
        let inner = self.inner();
        match tier {
            Tier::Permanent => inner.permanent.get(hash, key, self.map_pin.get()).map(Found::Permanent),
            Tier::Variable => inner.clock.get(hash, key, &self.pin).map(Found::Variable),
        }
    }

    #[inline]
    fn count_hit<'a>(&self, found: Found<'a, K, V>) -> &'a V {
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

    /// Lends what was found, promoted where it was asked for as permanent.
    fn settle<'a>(&'a self, found: Found<'a, K, V>, hash: u64, key: &K, tier: Tier) -> &'a V {
        match found {
            Found::Variable(entry) if self.is_to_promote(entry, tier) => self.promote(hash, key, entry),
            found => found.value(),
        }
    }

    fn is_to_promote(&self, entry: Lent<'_, K, V>, tier: Tier) -> bool {
        tier == Tier::Permanent && self.inner().ledger.permanent_has_room(entry.get().weight_bytes)
    }

    /// Moves a variable entry to the permanent tier with its reservation; without waiting for anybody.
    #[cold]
    fn promote<'a>(&'a self, hash: u64, key: &K, found: Lent<'a, K, V>) -> &'a V {
        let inner = self.inner();
        let Boarding::Lead(lead) = inner.flights.board(hash, key) else {
            // Another thread is promoting it, or loading what was evicted since: the value in hand is as good.
            return &found.get().value;
        };
        let published = inner.permanent.get(hash, key, self.map_pin.get());
        if let Some(value) = published.filter(|_| !mutant!("promoter_looks_once")) {
            lead.land(Ok(value.clone()));
            return value;
        }
        // The resident value wins: what was found may have been evicted, and its key loaded again, before this
        // thread had the lead. From now on its key can only leave.
        let entry = inner.clock.get(hash, key, &self.pin).unwrap_or(found).get();
        // Cloned before anything is set aside: foreign code may panic.
        let (own_key, copy, landing) = (key.clone(), entry.value.clone(), entry.value.clone());
        let weight = entry.weight_bytes;
        let mut value = &entry.value;
        if let Some(share) = inner.ledger.share(weight) {
            let mut credit = inner.ledger.credit();
            inner.clock.take(hash, key, &mut credit, &self.pin);
            // Evicted since it was found? Then its bytes are gone, and others have to be found for it.
            if inner.gather(weight, hash, &mut credit, &self.pin) {
                value = inner.permanent.publish(hash, own_key, copy, weight, self.map_pin.get());
                credit.spend(weight);
                share.keep();
                inner.counters.promotions.add(1);
                tracing::debug!(hash, bytes = weight, "promotion");
            }
        }
        lead.land(Ok(landing));
        value
    }

    #[cold]
    fn miss(
        &self,
        hash: u64,
        key: &K,
        tier: Tier,
        load: impl FnOnce(&S) -> Result<V, Error>,
    ) -> Result<&V, Error> {
        if let Some(served) = self.side.find(hash, key) {
            Tally::count(&self.tally.side_hits);
            return Ok(served);
        }
        Tally::count(&self.tally.misses);
        match self.inner().flights.board(hash, key) {
            Boarding::Lead(lead) => self.lead(lead, hash, key, tier, load),
            Boarding::Join(join) if !Inside::is_inside() => self.join(&join, hash, key, tier, load),
            Boarding::Join(_) => self.load_alone(hash, key, load),
        }
    }

    fn lead(
        &self,
        lead: Lead<'_, K, V>,
        hash: u64,
        key: &K,
        tier: Tier,
        load: impl FnOnce(&S) -> Result<V, Error>,
    ) -> Result<&V, Error> {
        // The last leader may have published between this thread's look and its boarding (flight I3).
        if let Some(found) = self.find(hash, key, tier).filter(|_| !mutant!("leader_looks_once")) {
            self.inner().counters.joined.add(1);
            lead.land(Ok(found.value().clone()));
            return Ok(self.settle(found, hash, key, tier));
        }
        match self.run(hash, load) {
            Ok(Ok(value)) => Ok(self.lead_with(lead, hash, key.clone(), value, tier)),
            Ok(Err(error)) => {
                lead.land(Err(error.clone()));
                Err(error)
            }
            Err(payload) => {
                lead.land_panicked(&*payload);
                std::panic::resume_unwind(payload)
            }
        }
    }

    /// Publishes what a leader has, then lands (flight I3).
    fn lead_with(&self, lead: Lead<'_, K, V>, hash: u64, key: K, value: V, tier: Tier) -> &V {
        if let Some(found) = self.find(hash, &key, tier) {
            lead.land(Ok(found.value().clone()));
            return self.settle(found, hash, &key, tier);
        }
        let copy = value.clone();
        if mutant!("lands_before_publishing") {
            lead.land(Ok(copy));
            return match self.inner().admit(hash, key, value, tier, self.map_pin.get(), &self.pin) {
                Admission::Held(value) => value,
                Admission::Uncached(key, value) => self.side.push(hash, key, value),
            };
        }
        let lent = match self.inner().admit(hash, key, value, tier, self.map_pin.get(), &self.pin) {
            Admission::Held(value) => value,
            Admission::Uncached(key, value) => self.side.push(hash, key, value),
        };
        lead.land(Ok(copy));
        lent
    }

    fn join(
        &self,
        join: &Join<V>,
        hash: u64,
        key: &K,
        tier: Tier,
        load: impl FnOnce(&S) -> Result<V, Error>,
    ) -> Result<&V, Error> {
        let Some(outcome) = join.wait(self.inner().options.wait_limit) else {
            return self.load_alone(hash, key, load);
        };
        self.inner().counters.joined.add(1);
        tracing::debug!(hash, "join");
        outcome.map(|landed| self.lend(hash, key, tier, landed))
    }

    /// Loads beside another thread's flight and keeps the value to this reader.
    fn load_alone(&self, hash: u64, key: &K, load: impl FnOnce(&S) -> Result<V, Error>) -> Result<&V, Error> {
        self.inner().counters.alone.add(1);
        match self.run(hash, load) {
            Ok(outcome) => outcome.map(|value| self.side.push(hash, key.clone(), value)),
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }

    fn run(
        &self,
        hash: u64,
        load: impl FnOnce(&S) -> Result<V, Error>,
    ) -> std::thread::Result<Result<V, Error>> {
        let inner = self.inner();
        inner.counters.loads.add(1);
        let _inside = Inside::enter();
        let outcome = attempt(|| load(&inner.source));
        tracing::debug!(hash, version = &*inner.version, ok = matches!(outcome, Ok(Ok(_))), "load");
        outcome
    }

    /// Lends the resident value of a key, or a value in hand where it is not held.
    fn lend(&self, hash: u64, key: &K, tier: Tier, value: V) -> &V {
        match self.find(hash, key, tier) {
            Some(found) => self.settle(found, hash, key, tier),
            None => self.side.push(hash, key.clone(), value),
        }
    }
}

impl<K: Key, V: Value, S> Drop for Reader<K, V, S> {
    fn drop(&mut self) {
        if mutant!("reader_keeps_its_generation") {
            std::mem::forget(self.generation.clone());
        }
        if !mutant!("reader_keeps_its_counts") {
            self.flush();
        }
        if self.inner().counters.has_limbo() {
            self.pin.share_out();
        }
    }
}

/// A value and the tier that holds it.
#[derive(Debug)]
enum Found<'pin, K, V> {
    Permanent(&'pin V),
    Variable(Lent<'pin, K, V>),
}

impl<'pin, K, V> Found<'pin, K, V> {
    fn value(&self) -> &'pin V {
        match self {
            Self::Permanent(value) => value,
            Self::Variable(entry) => &entry.get().value,
        }
    }
}
