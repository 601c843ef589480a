//! Everything cached under one version, sealed with the source that it came from.
//!
//! # States
//! | generation | handed out by `current` | ends |
//! |---|---|---|
//! | current | yes | not before the next invalidation |
//! | superseded | no | with the last handle or reader that holds it |
//!
//! # Invariants
//! - I1: what a generation holds was loaded from its own source, or inherited when it began.
//! - I2: a load publishes into the generation that it started in, whatever became current meanwhile.
//! - I3: a key's flight is held by whoever changes where the key lies.

use std::fmt;

use crate::sync::{Arc, AtomicBool, MapPin, Ordering};

use super::boarding::Lead;
use super::budget::Budget;
use super::change::Change;
use super::entry::{Tier, weight_bytes};
use super::hashing::FixedHash;
use super::options::Options;
use super::permanent::Permanent;
use super::stats::{Counters, Tally};
use super::variable::{ShardAudit, Variable};
use super::{Key, Value};

/// Everything cached under one version. A clone is another hold on the same generation.
///
/// A run takes one from [`Cache::current`](super::Cache::current) and keeps it: whatever is invalidated meanwhile, it
/// goes on reading what it started with. `Send + Sync`.
pub struct Generation<K: Key, V: Value, S = (), B = FixedHash>(Arc<Inner<K, V, S, B>>);

pub(super) struct Inner<K: Key, V: Value, S, B> {
    pub(super) version: Box<str>,
    pub(super) permanent: Permanent<K, V>,
    pub(super) variable: Variable<K, V>,
    pub(super) budget: Budget,
    pub(super) counters: Arc<Counters>,
    pub(super) options: Options,
    pub(super) hasher: B,
    warned: AtomicBool,
    /// Last, so that values end before what they were loaded from.
    pub(super) source: S,
}

impl<K: Key, V: Value, S, B> Clone for Generation<K, V, S, B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

// A panic leaves a generation whole: no lock is held across foreign code, every flight lands, and every reservation
// that was not spent is given back.
impl<K: Key, V: Value, S, B> std::panic::UnwindSafe for Generation<K, V, S, B> {}
impl<K: Key, V: Value, S, B> std::panic::RefUnwindSafe for Generation<K, V, S, B> {}

impl<K: Key, V: Value, S, B> fmt::Debug for Generation<K, V, S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generation")
            .field("version", &self.0.version)
            .field("resident_bytes", &self.resident_bytes())
            .finish_non_exhaustive()
    }
}

impl<K: Key, V: Value, S, B> Generation<K, V, S, B> {
    pub(super) fn new(
        options: &Options,
        version: Box<str>,
        source: S,
        hasher: B,
        counters: Arc<Counters>,
    ) -> Self {
        counters.generation_began();
        Self(Arc::new(Inner {
            version,
            source,
            permanent: Permanent::new(options.permanent_entries, counters.clone()),
            variable: Variable::new(options, counters.clone()),
            budget: Budget::new(options.capacity_bytes, options.permanent_limit()),
            counters,
            options: options.clone(),
            hasher,
            warned: AtomicBool::new(false),
        }))
    }

    #[inline]
    pub(super) fn inner(&self) -> &Inner<K, V, S, B> {
        &self.0
    }

    /// Whether both are holds on one generation.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The version under which everything here was loaded.
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
    /// assert_eq!(cache.current().version(), "monday");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// What this generation's loaders read from.
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
    /// assert_eq!(cache.current().source(), &10);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn source(&self) -> &S {
        &self.0.source
    }

    /// Bytes reserved by this generation's entries, published or about to be: never above the capacity.
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
    /// let generation = cache.current();
    /// generation.reader().put("AAPL", Number(1), Tier::Variable);
    /// let one = generation.resident_bytes(); // without a payload: the entry itself and its part of the tables
    /// generation.reader().put("MSFT", Number(2), Tier::Permanent);
    /// assert!(one > 0 && generation.resident_bytes() == 2 * one);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        self.0.budget.total_bytes()
    }

    /// Bytes of these that permanent entries hold.
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
    /// let generation = cache.current();
    /// generation.reader().put("AAPL", Number(1), Tier::Variable);
    /// assert_eq!(generation.permanent_bytes(), 0);
    /// generation.reader().put("MSFT", Number(2), Tier::Permanent);
    /// assert_eq!(2 * generation.permanent_bytes(), generation.resident_bytes());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn permanent_bytes(&self) -> u64 {
        self.0.budget.permanent_bytes()
    }

    /// Entries held in both tiers. Exact while nobody changes them; it walks the permanent ones.
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
    /// assert_eq!(reader.generation().len(), 2);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        let entries = self.0.variable.len() + self.0.permanent.held().0;
        usize::try_from(entries).unwrap_or(usize::MAX)
    }

    /// Whether nothing is held.
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
    /// assert!(cache.current().is_empty());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Key, V: Value, S, B> Generation<K, V, S, B> {
    /// Looks at everything published at one moment, beside the counts; `None` where a shard changed meanwhile.
    ///
    /// For tests and for the curious: it walks every entry.
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
    /// let cache: Cache<&str, Number> = Cache::without_source(Options { variable_entries: 2, ..Options::default() })?;
    /// let reader = cache.current().reader();
    /// for key in ["AAPL", "IBM", "MSFT"] {
    ///     reader.put(key, Number(1), Tier::Variable);
    /// }
    /// let audit = cache.current().audit().expect("nobody changes it now");
    /// assert!(audit.holds());
    /// assert_eq!((audit.shards[0].entries, audit.shards[0].capacity), (2, 2));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn audit(&self) -> Option<Audit> {
        let inner = self.inner();
        // Permanent entries only come: those seen here are published at the moment of the count too.
        let (_, permanent_bytes) = inner.permanent.held();
        let count = || inner.budget.total_bytes();
        let (reserved_bytes, shards) = inner.variable.still(&inner.variable.pin(), count)?;
        let capacity_bytes = inner.options.capacity_bytes;
        Some(Audit { reserved_bytes, capacity_bytes, permanent_bytes, shards })
    }
}

/// What a generation held at one moment.
///
/// # Examples
/// ```
/// let audit = lookback::cache::Audit { reserved_bytes: 70, capacity_bytes: 100, permanent_bytes: 30, shards: Vec::new() };
/// assert!(audit.holds() && audit.published_bytes() == 30);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Audit {
    /// Bytes counted as reserved.
    pub reserved_bytes: u64,
    /// Bytes that may be reserved.
    pub capacity_bytes: u64,
    /// Bytes of the permanent entries that were published.
    pub permanent_bytes: u64,
    /// The shards of the variable tier.
    pub shards: Vec<ShardAudit>,
}

impl Audit {
    /// Bytes of the entries that were published.
    ///
    /// # Examples
    /// ```
    /// use lookback::cache::{Audit, ShardAudit};
    /// let shards = vec![ShardAudit { entries: 1, capacity: 2, bytes: 40 }];
    /// let audit = Audit { reserved_bytes: 70, capacity_bytes: 100, permanent_bytes: 30, shards };
    /// assert_eq!(audit.published_bytes(), 70);
    /// ```
    #[must_use]
    pub fn published_bytes(&self) -> u64 {
        self.permanent_bytes + self.shards.iter().map(|shard| shard.bytes).sum::<u64>()
    }

    /// Whether every bound held: what is published was reserved, within the capacity, and no shard held too many.
    ///
    /// # Examples
    /// ```
    /// use lookback::cache::{Audit, ShardAudit};
    /// let shards = vec![ShardAudit { entries: 3, capacity: 2, bytes: 40 }];
    /// let audit = Audit { reserved_bytes: 70, capacity_bytes: 100, permanent_bytes: 30, shards };
    /// assert!(!audit.holds()); // three entries where two may be
    /// ```
    #[must_use]
    pub fn holds(&self) -> bool {
        self.published_bytes() <= self.reserved_bytes
            && self.reserved_bytes <= self.capacity_bytes
            && self.shards.iter().all(|shard| shard.entries <= shard.capacity)
    }
}

/// Where a value came to lie.
pub(super) enum Admission<'a, V> {
    /// In a tier, lent from there.
    Held(&'a V),
    /// Nowhere: the value comes back.
    Uncached(V),
}

impl<K: Key, V: Value, S, B> Inner<K, V, S, B> {
    /// Holds a value in the tier that was asked for, or in the other, or not at all. The caller leads the key's
    /// flight (I3) and has found the key in neither tier.
    #[inline(always)]
    pub(super) fn admit<'a>(
        &'a self,
        lead: &mut Lead<'_, K, V>,
        key: &K,
        value: V,
        tier: Tier,
        map_pin: &'a MapPin<'_>,
        change: &mut Change<'a, K, V>,
    ) -> Admission<'a, V> {
        let weight = weight_bytes::<K, V>(&value);
        if tier == Tier::Permanent {
            if let Some(share) = self.budget.share(weight) {
                let own_key = key.clone();
                self.variable.gather(weight, lead.hash(), change);
                let value = self.permanent.publish(lead.hash(), own_key, value, weight, map_pin);
                change.credit.spend(weight);
                change.credit.release();
                share.keep();
                return Admission::Held(value);
            }
            Tally::count(&change.tally.overflow);
            tracing::debug!(
                hash = lead.hash(),
                bytes = weight,
                "permanent bytes are spent, kept as variable"
            );
        }
        if self.variable.is_bypassed() {
            return Admission::Uncached(value);
        }
        match self.variable.publish(lead, key, value, weight, &self.budget, change) {
            Ok(entry) => Admission::Held(&entry.get().value),
            Err(value) => {
                Tally::count(&change.tally.rejected);
                self.tell_rejected(lead.hash(), weight);
                Admission::Uncached(value)
            }
        }
    }

    fn tell_rejected(&self, hash: u64, bytes: u64) {
        tracing::debug!(hash, bytes, "rejection");
        // ORDERING: Relaxed: decides who logs, guards nothing.
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                bytes,
                capacity_bytes = self.options.capacity_bytes,
                permanent_bytes = self.budget.permanent_bytes(),
                "a value does not fit and is served uncached; further ones are counted only"
            );
        }
    }
}

impl<K: Key, V: Value, S, B> Drop for Inner<K, V, S, B> {
    fn drop(&mut self) {
        self.counters.generation_ended();
        tracing::debug!(version = &*self.version, bytes = self.budget.total_bytes(), "generation dropped");
    }
}
