//! Who leads the flight of a key, who joins it, and who finds that there is no need.
//!
//! The desk compares hashes only: whatever has the same one is compared away from it, where a key's `eq` may take its
//! time, panic, or ask the cache. What turned out to be another key is remembered, and the desk is asked again.

use crate::sync::{Arc, Pin};

use super::entry::Lent;
use super::flight::{Inside, Landing, Outcome};
use super::variable::Variable;

/// What boarding came to.
#[derive(Debug)]
pub(super) enum Boarding<'a, K, V> {
    /// This thread leads: it must land.
    Lead(Lead<'a, K, V>),
    /// Another thread is on it.
    Join(Arc<Landing<K, V>>),
    /// The key was published since this thread looked.
    Resident(Lent<'a, K, V>),
}

impl<K: Eq + Clone, V> Variable<K, V> {
    /// Takes the lead for a key, or a seat beside whoever has it, or the entry that is there now.
    ///
    /// `known`: an entry of the key that the caller has, and that is no reason not to lead.
    pub(super) fn board<'a>(
        &'a self,
        hash: u64,
        key: &K,
        known: Option<Lent<'a, K, V>>,
        pin: &'a Pin,
    ) -> Boarding<'a, K, V> {
        debug_assert!(self.is_pinned_by(pin), "V1: a pin keeps the memory of its own tier");
        let own = key.clone();
        let shard = self.shard_of(hash);
        // Empty, and so without an allocation, unless another key has this hash.
        let mut strange_entries: Vec<*mut _> = known.iter().map(|entry| entry.as_ptr()).collect();
        let mut strange_flights: Vec<Arc<Landing<K, V>>> = Vec::new();
        loop {
            let mut desk = self.desk(shard);
            // An address stays an entry's own while this thread is pinned.
            let is_strange = |entry: &Lent<'_, K, V>| strange_entries.contains(&entry.as_ptr());
            let of_hash = self.shelf(shard).of_hash(hash).map(|(_, entry)| entry);
            let unknown: Vec<Lent<'_, K, V>> = of_hash.filter(|entry| !is_strange(entry)).collect();
            if !unknown.is_empty() {
                drop(desk);
                // Each was published at the desk just now, and this thread was pinned before.
                if let Some(&resident) = unknown.iter().find(|entry| entry.get().key == *key) {
                    return Boarding::Resident(resident);
                }
                strange_entries.extend(unknown.iter().map(|entry| entry.as_ptr()));
                continue;
            }
            let is_strange =
                |landing: &Arc<_>| strange_flights.iter().any(|other| Arc::ptr_eq(other, landing));
            let Some(landing) = desk.join(hash, is_strange) else {
                let id = desk.board(hash, own);
                drop(desk);
                return Boarding::Lead(Lead::new(self, shard, hash, id));
            };
            drop(desk);
            if landing.key == *key {
                return Boarding::Join(landing);
            }
            strange_flights.push(landing);
        }
    }
}

/// The lead of a flight, until it lands. Dropped before, as by a panic, it leaves the desk and lands as abandoned.
#[derive(Debug)]
pub(super) struct Lead<'a, K, V> {
    tier: &'a Variable<K, V>,
    shard: usize,
    hash: u64,
    id: u64,
    /// Whether the flight is on the desk.
    is_under_way: bool,
    /// What those wait for who joined; known once the flight has left the desk.
    landing: Option<Arc<Landing<K, V>>>,
    /// A leader never waits, whatever its clones, weights and loads ask the cache for.
    _inside: Inside,
}

impl<'a, K, V> Lead<'a, K, V> {
    fn new(tier: &'a Variable<K, V>, shard: usize, hash: u64, id: u64) -> Self {
        Self { tier, shard, hash, id, is_under_way: true, landing: None, _inside: Inside::enter() }
    }

    pub(super) fn shard(&self) -> usize {
        self.shard
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// Notes that the flight was taken off the desk, with the entry that it led to.
    pub(super) fn left(&mut self, landing: Option<Arc<Landing<K, V>>>) {
        self.is_under_way = false;
        self.landing = landing;
    }

    fn leave(&mut self) {
        if self.is_under_way {
            let (key, landing) = self.tier.desk(self.shard).leave(self.id);
            self.left(landing);
            // Away from the desk: a key's drop is foreign code.
            drop(key);
        }
    }

    /// Ends the flight, and hands its outcome to whoever joined; where nobody did, the outcome is not even made.
    pub(super) fn land(mut self, outcome: impl FnOnce() -> Outcome<V>) {
        self.leave();
        if let Some(landing) = &self.landing {
            // A clone that panics leaves the landing to `drop`.
            landing.fill(outcome());
            self.landing = None;
        }
    }
}

impl<K, V> Drop for Lead<'_, K, V> {
    fn drop(&mut self) {
        self.leave();
        if let Some(landing) = self.landing.take() {
            landing.fill(Outcome::Abandoned);
        }
    }
}
