//! The permanent tier: a concurrent map that only grows, until its generation ends.
//!
//! # States
//! | entry | in the map | its bytes |
//! |---|---|---|
//! | set aside | no | reserved in both counts of the ledger |
//! | published | yes | as before, until the generation ends |
//!
//! # Invariants
//! - I1: an entry is never removed or replaced: the first value of a key stays.
//! - I2: the index has a collector of its own; no two maps share one (papaya #102).
//! - I3: bytes are set aside before an entry is published (ledger I1, I2).
//!
//! # Orderings
//! The map's own: insert Release -> get Acquire.

use std::hash::Hash;

use crate::sync::{Arc, Map, MapPin};

use super::stats::Counters;

/// The permanent tier of one generation.
pub(super) struct Permanent<K: Hash + Eq, V> {
    map: Map<K, Kept<V>>,
    counters: Arc<Counters>,
}

/// A value with what it was charged.
struct Kept<V> {
    value: V,
    weight_bytes: u64,
}

impl<K: Hash + Eq, V> Permanent<K, V> {
    /// A tier with room for `entries` before its index grows.
    pub(super) fn new(entries: usize, counters: Arc<Counters>) -> Self {
        Self { map: Map::new(entries), counters }
    }

    pub(super) fn pin(&self) -> MapPin<'_> {
        self.map.pin()
    }

    /// Finds a key.
    #[inline]
    pub(super) fn get<'pin>(&self, hash: u64, key: &K, pin: &'pin MapPin<'_>) -> Option<&'pin V>
    where
        K: 'pin,
    {
        self.map.get(hash, key, pin).map(|kept| &kept.value)
    }

    /// Publishes a value whose bytes were set aside. The caller leads the flight of the key and found it absent.
    pub(super) fn publish<'pin>(
        &self,
        hash: u64,
        key: K,
        value: V,
        weight_bytes: u64,
        pin: &'pin MapPin<'_>,
    ) -> &'pin V
    where
        K: 'pin,
    {
        let published = self.map.insert(hash, key, Kept { value, weight_bytes }, pin);
        debug_assert!(published.is_ok(), "I1: only the leader of a key inserts it, once");
        self.counters.permanent_published(weight_bytes);
        let (Ok(kept) | Err(kept)) = published;
        &kept.value
    }

    /// Calls `visit` with hash, key and value of every entry.
    pub(super) fn for_each(&self, mut visit: impl FnMut(u64, &K, &V)) {
        self.map.for_each(|hash, key, kept| visit(hash, key, &kept.value));
    }

    /// How many entries are published, and what they weigh.
    pub(super) fn held(&self) -> (u64, u64) {
        let (mut entries, mut bytes) = (0, 0);
        self.map.for_each(|_, _, kept| {
            entries += 1;
            bytes += kept.weight_bytes;
        });
        (entries, bytes)
    }
}

impl<K: Hash + Eq, V> Drop for Permanent<K, V> {
    fn drop(&mut self) {
        let (entries, bytes) = self.held();
        self.counters.permanent_dropped(entries, bytes);
    }
}
