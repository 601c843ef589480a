//! The desk of a shard: everything that changes the shard, under one short lock.
//!
//! Plain sequential code. Slots are changed here and read everywhere, so a change is a sequence of published states:
//! first the victims' slots are cleared, then the newcomer's is filled.
//!
//! What every miss passes through is inlined into its one caller, here and in the files around: out of line it took 230
//! instructions of 2,470 for nothing but registers saved and restored.
//!
//! # Invariants
//! - D1: the policy's queues name the places of the filled slots, each once; `entries` and `bytes` say how many they
//!   are and what they weigh.
//! - D2: no foreign code runs at the desk: no comparison, clone, hash or drop of keys and values, and no event. Memory
//!   may be allocated.
//! - D3: a shard names at most its capacity in every published state: victims go before the newcomer comes.
//! - D4: bytes are reserved before they are published, and a victim's pass to its evictor's credit (budget I2, I3).

use crate::sync::Arc;

use super::change::Change;
use super::entry::Lent;
use super::flight::{Flight, Landing};
use super::log::Log;
use super::policy::{Chosen, Eviction};
use super::stats::Held;
use super::table::Shelf;

/// What lies on a shard's desk.
#[derive(Debug)]
pub(super) struct Desk<K, V> {
    policy: Chosen,
    entries: usize,
    bytes: u64,
    /// Few at any time, one for each thread inside a load of this shard at most: a list beats a map.
    flights: Vec<Flight<K, V>>,
    boarded: u64,
    /// Nothing outside of this crate's tests.
    pub(super) log: Log,
}

/// What the leader of a flight and those who joined it are left with.
pub(super) type Parts<K, V> = (Option<K>, Option<Arc<Landing<K, V>>>);

impl<K, V> Desk<K, V> {
    pub(super) fn new(policy: Chosen) -> Self {
        Self { policy, entries: 0, bytes: 0, flights: Vec::new(), boarded: 0, log: Log::new() }
    }

    pub(super) fn held(&self) -> Held {
        Held { entries: self.entries as u64, bytes: self.bytes }
    }

    /// The entries in the order in which they would go, were none of them marked.
    pub(super) fn in_order<'pin>(&self, shelf: Shelf<'pin, K, V>) -> Vec<Lent<'pin, K, V>> {
        self.policy.order().into_iter().map(|place| shelf.at(place)).collect()
    }

    /// Unpublishes the next victim.
    #[inline(always)]
    pub(super) fn evict<'pin>(&mut self, shelf: Shelf<'pin, K, V>) -> Option<Lent<'pin, K, V>> {
        let place = self.policy.evict(&self.log.reading(shelf))?;
        let entry = shelf.clear(place);
        self.log.evicted(entry.get().hash);
        self.forget(entry);
        Some(entry)
    }

    /// Unpublishes one entry out of turn; false where it is gone already.
    pub(super) fn remove(&mut self, shelf: Shelf<'_, K, V>, entry: Lent<'_, K, V>) -> bool {
        let mut found = None;
        shelf.of_hash(entry.get().hash, |place, named| {
            found = (named.as_ptr() == entry.as_ptr()).then_some(place);
            found.is_some()
        });
        let Some(place) = found else {
            return false;
        };
        self.policy.remove(place, &shelf);
        self.log.removed(entry.get().hash);
        shelf.clear(place);
        self.forget(entry);
        true
    }

    fn forget(&mut self, entry: Lent<'_, K, V>) {
        self.entries -= 1;
        self.bytes -= entry.get().weight_bytes;
    }

    /// Unpublishes entries until one more of `weight` fits, in number and in bytes, with its bytes in the credit;
    /// false, and nothing has changed, where all of the shard would not be enough.
    #[inline(always)]
    pub(super) fn make_room<'pin>(
        &mut self,
        shelf: Shelf<'pin, K, V>,
        capacity: usize,
        weight: u64,
        change: &mut Change<'pin, K, V>,
    ) -> bool {
        let within_reach = self.bytes.saturating_add(change.credit.bytes());
        if within_reach < weight && !change.credit.try_add(weight - within_reach) {
            return false;
        }
        let mut freed = 0;
        loop {
            let short = weight.saturating_sub(change.credit.bytes().saturating_add(freed));
            // Only what the victims do not bring is asked of the budget.
            if self.entries < capacity && (short == 0 || change.credit.try_add(short)) {
                break;
            }
            let Some(victim) = self.evict(shelf) else {
                debug_assert!(false, "D1: an empty shard has room, and what is within reach was reckoned");
                break;
            };
            freed += victim.get().weight_bytes;
            change.evicted(victim);
        }
        change.credit.take_over(freed);
        true
    }

    /// Publishes an entry, for which there is room.
    #[inline(always)]
    pub(super) fn publish(&mut self, shelf: Shelf<'_, K, V>, entry: Lent<'_, K, V>) {
        let place = shelf.fill(entry);
        self.policy.admit(place, &shelf);
        self.log.admitted(entry.get().hash, entry.get().weight_bytes);
        self.entries += 1;
        self.bytes += entry.get().weight_bytes;
    }

    /// A flight of that hash that is not among those which are another key's.
    #[inline(always)]
    pub(super) fn join(
        &mut self,
        hash: u64,
        is_strange: impl Fn(&Arc<Landing<K, V>>) -> bool,
    ) -> Option<Arc<Landing<K, V>>> {
        self.flights
            .iter_mut()
            .filter(|flight| flight.hash == hash)
            .map(Flight::join)
            .find(|landing| !is_strange(landing))
    }

    /// Begins a flight, and says by which number it goes.
    pub(super) fn board(&mut self, hash: u64, key: K) -> u64 {
        self.boarded += 1;
        self.flights.push(Flight::new(self.boarded, hash, key));
        self.boarded
    }

    /// Whether somebody has joined that flight.
    pub(super) fn is_joined(&self, id: u64) -> bool {
        self.flights.iter().any(|flight| flight.id == id && flight.is_joined())
    }

    /// Takes a flight off the desk. What comes back may be dropped away from the desk only.
    ///
    /// # Panics
    /// Where it is not there.
    pub(super) fn leave(&mut self, id: u64) -> Parts<K, V> {
        let at = self.flights.iter().position(|flight| flight.id == id);
        self.flights.swap_remove(at.expect("F1: a leader takes its flight off once")).into_parts()
    }
}
