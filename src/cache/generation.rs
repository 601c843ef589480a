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
//!
//! # Orderings
//! None of its own: handles are reference counts, tiers and ledger order themselves.

use std::fmt;

use crate::sync::{Arc, AtomicBool, MapPin, Ordering, Pin, yield_now};

use super::clock::{Clock, ShardAudit};
use super::entry::{Entry, Tier, weight_bytes};
use super::flight::Flights;
use super::ledger::{Credit, Ledger};
use super::options::Options;
use super::permanent::Permanent;
use super::reader::Reader;
use super::stats::Counters;
use super::{Key, Value};

/// How often a permanent entry looks for bytes again after every variable one is gone and others hold the rest.
const SETBACKS: usize = 32;

/// Everything cached under one version. A clone is another hold on the same generation.
///
/// A run takes one from [`Cache::current`](super::Cache::current) and keeps it: whatever is invalidated meanwhile, it
/// goes on reading what it started with. `Send + Sync`.
pub struct Generation<K: Key, V: Value, S>(Arc<Inner<K, V, S>>);

pub(super) struct Inner<K: Key, V: Value, S> {
    pub(super) version: Box<str>,
    pub(super) permanent: Permanent<K, V>,
    pub(super) clock: Clock<K, V>,
    pub(super) ledger: Ledger,
    pub(super) flights: Flights<K, V>,
    pub(super) counters: Arc<Counters>,
    pub(super) options: Options,
    warned: AtomicBool,
    /// Last, so that values end before what they were loaded from.
    pub(super) source: S,
}

impl<K: Key, V: Value, S> Clone for Generation<K, V, S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

// A panic leaves a generation whole: no lock is held across foreign code, every flight lands, every reservation that
// was not spent is given back, and tables change by one exchange.
impl<K: Key, V: Value, S> std::panic::UnwindSafe for Generation<K, V, S> {}
impl<K: Key, V: Value, S> std::panic::RefUnwindSafe for Generation<K, V, S> {}

impl<K: Key, V: Value, S> fmt::Debug for Generation<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generation")
            .field("version", &self.0.version)
            .field("resident_bytes", &self.resident_bytes())
            .finish_non_exhaustive()
    }
}

impl<K: Key, V: Value, S> Generation<K, V, S> {
    pub(super) fn new(options: &Options, version: Box<str>, source: S, counters: Arc<Counters>) -> Self {
        counters.generation_began();
        let (entries, shards) = options.variable_shape();
        Self(Arc::new(Inner {
            version,
            source,
            permanent: Permanent::new(options.permanent_entries, counters.clone()),
            clock: Clock::new(entries, shards, counters.clone()),
            ledger: Ledger::new(options.capacity_bytes, options.permanent_limit()),
            flights: Flights::new(),
            counters,
            options: options.clone(),
            warned: AtomicBool::new(false),
        }))
    }

    pub(super) fn inner(&self) -> &Inner<K, V, S> {
        &self.0
    }

    /// A handle for the calling thread, which pins memory until it is refreshed or dropped.
    #[must_use]
    pub fn reader(&self) -> Reader<K, V, S> {
        Reader::new(self.clone())
    }

    /// The version under which everything here was loaded.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// What this generation's loaders read from.
    #[must_use]
    pub fn source(&self) -> &S {
        &self.0.source
    }

    /// Bytes reserved by this generation's entries, published or about to be: never above the capacity.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        self.0.ledger.total_bytes()
    }

    /// Bytes of these that permanent entries hold.
    #[must_use]
    pub fn permanent_bytes(&self) -> u64 {
        self.0.ledger.permanent_bytes()
    }
}

impl<K: Key, V: Value, S> Generation<K, V, S> {
    /// Looks at everything published at one moment, beside the counts; `None` where a shard changed meanwhile.
    ///
    /// For tests and for the curious: it walks every entry.
    #[must_use]
    pub fn audit(&self) -> Option<Audit> {
        let inner = self.inner();
        // Permanent entries only come: those seen here are published at the moment of the count too.
        let (_, permanent_bytes) = inner.permanent.held();
        let count = || inner.ledger.total_bytes();
        let (reserved_bytes, shards) = inner.clock.still(&inner.clock.pin(), count)?;
        let capacity_bytes = inner.options.capacity_bytes;
        Some(Audit { reserved_bytes, capacity_bytes, permanent_bytes, shards })
    }
}

/// What a generation held at one moment.
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
    #[must_use]
    pub fn published_bytes(&self) -> u64 {
        self.permanent_bytes + self.shards.iter().map(|shard| shard.bytes).sum::<u64>()
    }

    /// Whether every bound held: what is published was reserved, within the capacity, and no shard held too many.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.published_bytes() <= self.reserved_bytes
            && self.reserved_bytes <= self.capacity_bytes
            && self.shards.iter().all(|shard| shard.entries <= shard.capacity)
    }
}

/// Where a value came to lie.
pub(super) enum Admission<'pin, K, V> {
    /// In a tier, lent from there.
    Held(&'pin V),
    /// Nowhere: key and value come back.
    Uncached(K, V),
}

impl<K: Key, V: Value, S> Inner<K, V, S> {
    /// Holds a value in the tier that was asked for, or in the other, or not at all. The caller leads the key's
    /// flight (I3) and has found the key in neither tier.
    pub(super) fn admit<'pin>(
        &self,
        hash: u64,
        key: K,
        value: V,
        tier: Tier,
        map_pin: &'pin MapPin<'_>,
        pin: &'pin Pin,
    ) -> Admission<'pin, K, V> {
        let weight = weight_bytes::<K, V>(&value);
        if tier == Tier::Permanent {
            if let Some(share) = self.ledger.share(weight) {
                let mut credit = self.ledger.credit();
                if self.gather(weight, hash, &mut credit, pin) {
                    let value = self.permanent.publish(hash, key, value, weight, map_pin);
                    credit.spend(weight);
                    share.keep();
                    return Admission::Held(value);
                }
            }
            self.counters.overflow.add(1);
            tracing::debug!(hash, bytes = weight, "permanent bytes are spent, kept as variable");
        }
        if self.clock.is_bypassed() {
            return Admission::Uncached(key, value);
        }
        let mut credit = self.ledger.credit();
        let fits = |bytes| self.ledger.fits_beside_permanents(bytes);
        match self.clock.insert(Entry::new(hash, key, value), &mut credit, fits, pin) {
            Ok(entry) => Admission::Held(&entry.get().value),
            Err(entry) => {
                self.reject(hash, weight);
                let Entry { key, value, .. } = *entry;
                Admission::Uncached(key, value)
            }
        }
    }

    /// Brings `bytes` into the credit, from what is free or from variable entries.
    pub(super) fn gather(&self, bytes: u64, hash: u64, credit: &mut Credit<'_>, pin: &Pin) -> bool {
        let (mut setbacks, mut victims) = (0, 0);
        while credit.bytes() < bytes && !credit.try_add(bytes - credit.bytes()) {
            // From shard to shard: one that lost all of its entries would have given no second chance.
            if self.clock.evict_one(self.clock.home(hash) + victims, credit, pin) {
                victims += 1;
            } else {
                // Other threads hold the rest; let go, so that one of them or this one gets all that it needs.
                credit.release();
                setbacks += 1;
                if setbacks == SETBACKS {
                    return false;
                }
                yield_now();
            }
        }
        true
    }

    fn reject(&self, hash: u64, bytes: u64) {
        self.counters.rejected.add(1);
        tracing::debug!(hash, bytes, "rejection");
        // ORDERING: Relaxed: decides who logs, guards nothing.
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                bytes,
                capacity_bytes = self.options.capacity_bytes,
                permanent_bytes = self.ledger.permanent_bytes(),
                "a value does not fit and is served uncached; further ones are counted only"
            );
        }
    }
}

impl<K: Key, V: Value, S> Drop for Inner<K, V, S> {
    fn drop(&mut self) {
        self.counters.generation_ended();
        tracing::debug!(version = &*self.version, bytes = self.ledger.total_bytes(), "generation dropped");
    }
}
