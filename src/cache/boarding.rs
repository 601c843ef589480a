//! Who leads the flight of a key, who joins it, and who finds that there is no need.
//!
//! The desk compares hashes only: whatever has the same one is compared away from it, where a key's `eq` may take its
//! time, panic, or ask the cache. Flights are compared before this thread takes the lead; one that is another key's is
//! remembered, and the desk is asked again. Entries are compared after, when nobody else can insert the key any more.
//!
//! What is foreign is dropped before anything is returned: where a local's drop panics on the way out, the return value
//! is leaked (rust-lang/rust#47949), and a lead that is leaked leaves its flight on the desk for ever.

use crate::sync::{Arc, Pin};

use super::entry::Lent;
use super::flight::{Inside, Landing, Outcome};
use super::variable::Variable;

/// How many flights of other keys with this hash a thread meets before it goes its own way. It takes as many equal
/// hashes of 64 bits at a time: a `Hash` over less than the key.
const MOST_STRANGERS: usize = 64;

/// What boarding came to.
#[derive(Debug)]
pub(super) enum Boarding<'a, K, V> {
    /// This thread leads: it must land.
    Lead(Lead<'a, K, V>),
    /// Another thread is on it.
    Join(Arc<Landing<K, V>>),
    /// The key was published since this thread looked.
    Resident(Lent<'a, K, V>),
    /// Too many flights of other keys have this hash: whether one is this key's is not known.
    Crowded,
}

impl<K: Eq + Clone, V: Clone> Variable<K, V> {
    /// Takes the lead for a key, or a seat beside whoever has it, or the entry that is there now.
    ///
    /// `known`: an entry of the key that the caller has, and that is no reason not to lead.
    #[inline(always)]
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
        let mut strangers: Vec<Arc<Landing<K, V>>> = Vec::new();
        while strangers.len() < MOST_STRANGERS {
            let mut desk = self.desk(shard);
            let is_strange = |landing: &Arc<_>| strangers.iter().any(|other| Arc::ptr_eq(other, landing));
            let Some(landing) = desk.join(hash, is_strange) else {
                let mut unknown: Vec<Lent<'a, K, V>> = Vec::new();
                self.shelf(shard).of_hash(hash, |_, entry| {
                    if known.map(Lent::as_ptr) != Some(entry.as_ptr()) {
                        unknown.push(entry);
                    }
                    false
                });
                let id = desk.board(hash, own);
                drop(desk);
                let lead = Lead::new(self, shard, hash, id);
                // The last hold on a stranger's landing may be this one, and its value drops with it.
                drop(strangers);
                return Self::lead_or_resident(lead, key, unknown);
            };
            drop(desk);
            if landing.key == *key {
                drop((own, strangers));
                return Boarding::Join(landing);
            }
            strangers.push(landing);
        }
        Boarding::Crowded
    }

    /// Gives the lead up again where the key was published since the caller looked. The entries were there when the
    /// flight began, which is after the pin did; since then nobody else can have inserted the key.
    fn lead_or_resident<'a>(
        lead: Lead<'a, K, V>,
        key: &K,
        unknown: Vec<Lent<'a, K, V>>,
    ) -> Boarding<'a, K, V> {
        match unknown.into_iter().find(|entry| entry.get().key == *key) {
            Some(resident) => {
                lead.land(|| Outcome::Landed(resident.get().value.clone()));
                Boarding::Resident(resident)
            }
            None => Boarding::Lead(lead),
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
