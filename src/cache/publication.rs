//! How a leader's value comes into the variable tier: victims out, the value in, its flight off the desk.
//!
//! It keeps the invariants of [`super::variable`]: the one desk that is locked here is that of the value's own shard,
//! and whoever has to look beyond it holds `gathering` while bytes are in hand (V3, V4).

use std::ptr::NonNull;

use crate::sync::{lock, yield_now};

use super::boarding::Lead;
use super::budget::Budget;
use super::change::Change;
use super::entry::{Entry, Lent};
use super::variable::Variable;

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Variable<K, V> {
    /// Publishes a value inside its flight, which leaves the desk with it; gives it back where it cannot be held.
    ///
    /// Victims come from the entry's own shard first, in the order of its policy; where all of them would not do, one
    /// at a time from the shards that follow.
    #[inline(always)]
    pub(super) fn publish<'a>(
        &'a self,
        lead: &mut Lead<'_, K, V>,
        key: &K,
        value: V,
        weight: u64,
        budget: &Budget,
        change: &mut Change<'a, K, V>,
    ) -> Result<Lent<'a, K, V>, V>
    where
        K: Clone,
    {
        let shard = &self.shards[lead.shard()];
        let shelf = self.shelf(lead.shard());
        // Allocated away from the desk, and written there: the flight has the key.
        let room = Box::new_uninit();
        let (mut own_key, mut gathering, mut elsewhere) = (None, None, 0);
        while shard.capacity > 0 && budget.fits_beside_permanents(weight) {
            let mut desk = lock(&shard.desk);
            if own_key.is_none() && desk.is_joined(lead.id()) {
                // Those who joined have the flight's key. A clone is foreign code: no lock is held, no byte kept.
                drop(desk);
                gathering = None;
                change.credit.release();
                own_key = Some(key.clone());
                continue;
            }
            let held = desk.held();
            if desk.make_room(shelf, shard.capacity, weight, change) {
                shard.changed();
                let will_hold = desk.held().and(weight);
                self.counters.variable_shrunk(held, will_hold);
                let (flights_key, landing) = desk.leave(lead.id());
                let own_key = flights_key.or(own_key).expect("a flight has its key unless it was joined");
                let entry = Box::write(room, Entry::new(lead.hash(), own_key, value, weight));
                // SAFETY: leaked here and published below, it is freed after it was retired, and this thread is
                // pinned.
                let fresh: Lent<'a, K, V> = unsafe { Lent::new(NonNull::from(Box::leak(entry))) };
                desk.publish(shelf, fresh);
                self.counters.variable_grown(held, will_hold);
                drop(desk);
                change.credit.spend(weight);
                change.credit.release();
                drop(gathering);
                lead.left(landing);
                change.retire_evicted();
                return Ok(fresh);
            }
            drop(desk);
            gathering.get_or_insert_with(|| lock(&self.gathering));
            if self.evict_one(lead.shard() + 1 + elsewhere, change) {
                elsewhere += 1;
            } else {
                // What is missing is in the hands of threads that are about to publish or to release it.
                yield_now();
            }
        }
        change.credit.release();
        // Before the value is returned: a key's drop may panic (see `boarding`).
        drop(own_key);
        Err(value)
    }
}
