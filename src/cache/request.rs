//! What a request does that finds nothing: load, wait for whoever loads, promote.
//!
//! # Invariants
//! - R1: a thread that leads a flight never waits for another's, and every other wait ends at one deadline, however
//!   often the flights before it failed.
//! - R2: foreign code, which is a key's `eq` and `clone`, a value's `clone` and weight, loads and subscribers of events,
//!   runs without a lock. Evictions and promotions are told when everything is in its place; loads, overflows and
//!   rejections by the thread that is still about them: who waits for the value waits for the subscriber too.

use std::hash::BuildHasher;

use crate::error::Error;
use crate::sync::Deadline;

use super::boarding::{Boarding, Lead};
use super::change::Change;
use super::entry::{Lent, Tier};
use super::flight::{Inside, Outcome, attempt, panicked};
use super::generation::Admission;
use super::reader::{Found, Reader};
use super::stats::Tally;
use super::{Key, Value};

impl<K: Key, V: Value, S, B: BuildHasher> Reader<K, V, S, B> {
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
    /// let cache: Cache<u32, Number, u64> = Cache::new(Options::default(), "v1", 10)?;
    /// let reader = cache.current().reader();
    /// assert_eq!(reader.get_or_load(&1, Tier::Variable, |ten| Ok(Number(ten + 1)))?.0, 11);
    /// assert_eq!(reader.get_or_load(&1, Tier::Permanent, |_| unreachable!("it is held, and promoted"))?.0, 11);
    /// let refused = reader.get_or_load(&2, Tier::Variable, |_| Err(lookback::Error::load("no answer")));
    /// assert_eq!(refused.err().map(|error| error.to_string()).as_deref(), Some("no answer"));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    pub fn get_or_load(
        &self,
        key: &K,
        tier: Tier,
        load: impl FnOnce(&S) -> Result<V, Error>,
    ) -> Result<&V, Error> {
        let hash = self.hash_of(key);
        match self.probe(hash, key, tier) {
            Some(found) => Ok(self.count_hit(found)),
            None => self.load_elsewhere(hash, key, tier, load),
        }
    }

    /// Lends the value of a key as [`get_or_load`](Self::get_or_load) does, where a load needs what this reader can lend.
    ///
    /// Where the key is not held, `prepare` runs first, outside of the key's flight: it may ask this reader for other
    /// keys, load them and wait for them. What it returns goes to `load`, or is dropped where another thread was faster.
    ///
    /// # Errors
    /// Those of `prepare`, for this thread alone; else those of [`get_or_load`](Self::get_or_load).
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
    /// let cache: Cache<u32, Number, u64> = Cache::new(Options::default(), "v1", 10)?;
    /// let reader = cache.current().reader();
    /// let ten = || reader.get_or_load(&1, Tier::Variable, |ten| Ok(Number(*ten)));
    /// let twenty = reader.get_or_load_after(&2, Tier::Variable, ten, |_, ten| Ok(Number(ten.0 * 2)))?;
    /// assert_eq!((twenty.0, reader.get(&1, Tier::Variable).is_some()), (20, true));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    pub fn get_or_load_after<'a, P>(
        &'a self,
        key: &K,
        tier: Tier,
        prepare: impl FnOnce() -> Result<P, Error>,
        load: impl FnOnce(&S, P) -> Result<V, Error>,
    ) -> Result<&'a V, Error> {
        let hash = self.hash_of(key);
        if let Some(found) = self.probe(hash, key, tier) {
            return Ok(self.count_hit(found));
        }
        match self.held_elsewhere(hash, key, tier).or_else(|| self.served(hash, key)) {
            Some(held) => Ok(held),
            None => {
                let prepared = prepare()?;
                self.miss(hash, key, tier, |source| load(source, prepared))
            }
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
        match self.held_elsewhere(hash, key, tier) {
            Some(held) => Ok(held),
            None => self.miss(hash, key, tier, load),
        }
    }

    /// The value of a key in the tier that was not asked for, promoted where that is called for.
    fn held_elsewhere(&self, hash: u64, key: &K, tier: Tier) -> Option<&V> {
        match self.probe(hash, key, tier.other())? {
            Found::Variable(entry) if self.is_to_promote(entry, tier) => {
                self.count_hit(Found::Variable(entry));
                Some(self.promote(hash, key, entry))
            }
            found => Some(self.count_hit(found)),
        }
    }

    /// What this reader was served uncached before.
    fn served(&self, hash: u64, key: &K) -> Option<&V> {
        self.side.find(hash, key).inspect(|_| Tally::count(&self.tally.side_hits))
    }

    /// Holds a value that was made elsewhere, and lends it. The resident value wins: where one is held already, or is
    /// being loaded, that one is lent and `value` is dropped.
    ///
    /// Not counted as a request.
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
    /// assert_eq!(reader.put("AAPL", Number(1), Tier::Variable).0, 1);
    /// assert_eq!(reader.put("AAPL", Number(2), Tier::Variable).0, 1); // the resident value wins
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn put(&self, key: K, value: V, tier: Tier) -> &V {
        let hash = self.hash_of(&key);
        if let Some(found) = self.find(hash, &key, tier) {
            return self.settle(found, hash, &key, tier);
        }
        let mut deadline = None;
        loop {
            match self.inner().variable.board(hash, &key, None, &self.pin) {
                Boarding::Resident(entry) => return self.settle(Found::Variable(entry), hash, &key, tier),
                Boarding::Lead(lead) => return self.lead_put(lead, hash, &key, value, tier),
                Boarding::Crowded => return self.side.push(hash, key, value),
                Boarding::Join(_) if Inside::is_inside() => return self.side.push(hash, key, value),
                Boarding::Join(landing) => match landing.wait(self.deadline(&mut deadline)) {
                    Some(Outcome::Landed(landed)) => return self.lend(hash, &key, tier, landed),
                    Some(Outcome::Failed(_) | Outcome::Abandoned) => {}
                    None => return self.side.push(hash, key, value),
                },
            }
        }
    }

    /// Takes a variable entry out, and its bytes with it; false where none is held, and where the key is permanent: such
    /// an entry leaves with its generation only.
    ///
    /// A load or a promotion of the key that is under way publishes after it. What this reader was lent stays lent until
    /// `refresh`, and so does a value that it was served uncached. Not counted as a request, nor as an eviction.
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
    /// assert!(reader.remove(&"AAPL"));
    /// assert!(reader.get(&"AAPL", Tier::Variable).is_none() && !reader.remove(&"AAPL"));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn remove(&self, key: &K) -> bool {
        let hash = self.hash_of(key);
        while let Some(Found::Variable(entry)) = self.probe(hash, key, Tier::Variable) {
            // False where another thread was faster; the key may have been loaded again since.
            let mut change = self.change();
            if self.inner().variable.take(entry, &mut change) {
                return true;
            }
        }
        false
    }

    fn lead_put(&self, lead: Lead<'_, K, V>, hash: u64, key: &K, value: V, tier: Tier) -> &V {
        match self.published_meanwhile(hash, key) {
            Some(resident) => {
                lead.land(|| Outcome::Landed(resident.clone()));
                resident
            }
            None => self.publish_and_land(lead, hash, key, value, tier),
        }
    }

    #[cold]
    fn miss(
        &self,
        hash: u64,
        key: &K,
        tier: Tier,
        load: impl FnOnce(&S) -> Result<V, Error>,
    ) -> Result<&V, Error> {
        if let Some(served) = self.served(hash, key) {
            return Ok(served);
        }
        Tally::count(&self.tally.misses);
        let mut deadline = None;
        loop {
            match self.inner().variable.board(hash, key, None, &self.pin) {
                Boarding::Resident(entry) => {
                    Tally::count(&self.tally.joined);
                    return Ok(self.settle(Found::Variable(entry), hash, key, tier));
                }
                Boarding::Lead(lead) => return self.lead(lead, hash, key, tier, load),
                Boarding::Crowded => return self.load_alone(hash, key, load),
                Boarding::Join(_) if Inside::is_inside() => return self.load_alone(hash, key, load),
                Boarding::Join(landing) => {
                    let Some(outcome) = landing.wait(self.deadline(&mut deadline)) else {
                        return self.load_alone(hash, key, load);
                    };
                    let outcome = match outcome {
                        Outcome::Landed(landed) => Ok(self.lend(hash, key, tier, landed)),
                        Outcome::Failed(error) => Err(error.clone()),
                        Outcome::Abandoned => continue,
                    };
                    Tally::count(&self.tally.joined);
                    tracing::debug!(hash, "join");
                    return outcome;
                }
            }
        }
    }

    /// The end of all waiting of one request, counted from its first wait on.
    fn deadline<'a>(&self, deadline: &'a mut Option<Deadline>) -> &'a Deadline {
        deadline.get_or_insert_with(|| Deadline::after(self.inner().options.wait_limit))
    }

    fn lead(
        &self,
        lead: Lead<'_, K, V>,
        hash: u64,
        key: &K,
        tier: Tier,
        load: impl FnOnce(&S) -> Result<V, Error>,
    ) -> Result<&V, Error> {
        if let Some(resident) = self.published_meanwhile(hash, key) {
            Tally::count(&self.tally.joined);
            lead.land(|| Outcome::Landed(resident.clone()));
            return Ok(resident);
        }
        match self.run(hash, load) {
            Ok(Ok(value)) => Ok(self.publish_and_land(lead, hash, key, value, tier)),
            Ok(Err(error)) => {
                lead.land(|| Outcome::Failed(error.clone()));
                Err(error)
            }
            Err(payload) => {
                lead.land(|| Outcome::Failed(panicked(&*payload)));
                std::panic::resume_unwind(payload)
            }
        }
    }

    /// What the last leader has published as permanent between this thread's look and its boarding (flight F3). What
    /// it has published as variable, the desk has shown.
    fn published_meanwhile(&self, hash: u64, key: &K) -> Option<&V> {
        self.inner().permanent.get(hash, key, self.map_pin.get())
    }

    /// Publishes what a leader has, then lands (flight F3).
    fn publish_and_land(&self, mut lead: Lead<'_, K, V>, hash: u64, key: &K, value: V, tier: Tier) -> &V {
        let mut change = self.change();
        let lent = match self.inner().admit(&mut lead, key, value, tier, self.map_pin.get(), &mut change) {
            Admission::Held(value) => value,
            Admission::Uncached(value) => self.side.push(hash, key.clone(), value),
        };
        lead.land(|| Outcome::Landed(lent.clone()));
        change.tell();
        lent
    }

    /// Loads beside another thread's flight and keeps the value to this reader.
    fn load_alone(&self, hash: u64, key: &K, load: impl FnOnce(&S) -> Result<V, Error>) -> Result<&V, Error> {
        Tally::count(&self.tally.alone);
        let _inside = Inside::enter();
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
        Tally::count(&self.tally.loads);
        let outcome = attempt(|| load(&inner.source));
        tracing::debug!(hash, version = &*inner.version, ok = matches!(outcome, Ok(Ok(_))), "load");
        outcome
    }

    /// Lends the resident value of a key, or a clone of the one at hand where it is not held.
    fn lend(&self, hash: u64, key: &K, tier: Tier, value: &V) -> &V {
        match self.find(hash, key, tier) {
            Some(found) => self.settle(found, hash, key, tier),
            None => self.side.push(hash, key.clone(), value.clone()),
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
        tier == Tier::Permanent && self.inner().budget.permanent_has_room(entry.get().weight_bytes)
    }

    /// Moves a variable entry to the permanent tier with its reservation; without waiting for anybody.
    #[cold]
    fn promote<'a>(&'a self, hash: u64, key: &K, mut found: Lent<'a, K, V>) -> &'a V {
        let inner = self.inner();
        // The resident value wins: what was found may have been evicted, and its key loaded again, before this thread
        // has the lead. From then on its key can only leave.
        let lead = loop {
            match inner.variable.board(hash, key, Some(found), &self.pin) {
                Boarding::Lead(lead) => break lead,
                Boarding::Resident(newer) => found = newer,
                // Another thread is promoting it, or loading what was evicted since: the value in hand is as good.
                Boarding::Join(_) | Boarding::Crowded => return &found.get().value,
            }
        };
        if let Some(resident) = self.published_meanwhile(hash, key) {
            lead.land(|| Outcome::Landed(resident.clone()));
            return resident;
        }
        let entry = found.get();
        // Cloned before anything is set aside: foreign code may panic.
        let (own_key, copy) = (key.clone(), entry.value.clone());
        let (weight, mut lent) = (entry.weight_bytes, &entry.value);
        let mut change = self.change();
        let share = inner.budget.share(weight);
        let is_promoted = share.is_some();
        if let Some(share) = share {
            inner.variable.take(found, &mut change);
            // Evicted since it was found? Then its bytes are gone, and others have to be found for it.
            inner.variable.gather(weight, hash, &mut change);
            lent = inner.permanent.publish(hash, own_key, copy, weight, self.map_pin.get());
            change.credit.spend(weight);
            share.keep();
            Tally::count(&self.tally.promotions);
        }
        lead.land(|| Outcome::Landed(lent.clone()));
        change.tell();
        if is_promoted {
            tracing::debug!(hash, bytes = weight, "promotion");
        }
        lent
    }

    fn change(&self) -> Change<'_, K, V> {
        Change::new(&self.pin, &self.tally, &self.inner().budget)
    }
}
