//! The variable tier: shards of immutable tables, each behind one atomic pointer, with CLOCK eviction.
//!
//! A hit loads a pointer, probes, compares the key and sets the reference bit where it is clear. Whatever changes a
//! shard copies its table, changes the private copy and publishes it by one compare-exchange.
//!
//! # States
//! | entry | named by the shard's table | owned by |
//! |---|---|---|
//! | fresh | no | the thread that inserts it |
//! | published | yes | the tier |
//! | retired | no | the collector |
//!
//! # Invariants
//! - I1: what a reader reaches is not freed before its pin ends: a table or an entry is retired only after the
//!   table that led to it was unpublished.
//! - I2: a published table never names more entries than its shard's capacity; the capacities sum to the tier's.
//! - I3: no key stands in a tier twice: a key is inserted, promoted or put inside its flight only.
//! - I4: bytes are reserved before they are published and pass from a victim to its evictor (ledger I2, I3).
//! - I5: an attempt that fails changes nothing, the reference bits included.
//! - I6: the address of a table is not used again while a thread that may compare with it is pinned (no ABA).
//!
//! # Orderings
//! - `publish` Release -> `load` Acquire: the slots, and the entries that they name. Entries of other threads were
//!   acquired with the table that named them before, and so are published again with it.

use std::ptr::NonNull;

use crate::sync::{Arc, AtomicPtr, Collector, Ordering, Pin, Retire, mutant, yield_now};

use super::entry::{Entry, Lent, RetiredEntry};
use super::ledger::Credit;
use super::stats::Counters;
use super::table::{Aftermath, Draft, Published, RetiredTable, Shape, Slot, Table};

/// How often an insertion starts again because another thread was faster or holds the bytes, before its value is
/// served uncached. Each time some other thread got what it wanted, so few are ever needed.
const SETBACKS: usize = 32;

/// The variable tier of one generation.
#[derive(Debug)]
pub(super) struct Clock<K, V> {
    shards: Box<[Shard<K, V>]>,
    shape: Shape,
    /// Where every shard starts; shared, so never retired.
    empty: *mut Slot<K, V>,
    collector: Collector,
    counters: Arc<Counters>,
}

// SAFETY: the raw pointers are tables and entries that the tier owns and lends under pins; sharing the tier shares
// keys and values by reference and drops them on any thread, which `K` and `V` allow.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for Clock<K, V> {}
// SAFETY: as above.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Clock<K, V> {}

/// One table and its bound, on a cache line of its own: a miss in one shard does not slow hits in another.
#[derive(Debug)]
#[repr(align(64))]
struct Shard<K, V> {
    table: AtomicPtr<Slot<K, V>>,
    capacity: usize,
}

impl<K, V> Clock<K, V> {
    /// A tier of `entries` in `shards`; the capacities differ by at most one and sum to `entries`.
    ///
    /// # Panics
    /// Where `shards` is 0.
    pub(super) fn new(entries: u32, shards: u32, counters: Arc<Counters>) -> Self {
        assert!(shards > 0, "a tier has at least one shard, even of capacity 0");
        let shape = Shape::new(entries.div_ceil(shards));
        let empty = Table::empty(shape).into_raw();
        let shards = (0..shards)
            .map(|shard| Shard {
                table: AtomicPtr::new(empty),
                capacity: (entries / shards + u32::from(shard < entries % shards)) as usize,
            })
            .collect();
        Self { shards, shape, empty, collector: Collector::new(), counters }
    }

    /// Pins this tier's memory for the calling thread.
    pub(super) fn pin(&self) -> Pin {
        self.collector.pin()
    }

    /// The current table of a shard. `pin` must be one of this tier's.
    #[inline]
    fn load<'pin>(&self, shard: &Shard<K, V>, pin: &'pin Pin) -> (*mut Slot<K, V>, Published<'pin, K, V>) {
        debug_assert!(pin.belongs_to(&self.collector), "I1: a pin keeps the memory of its own tier");
        // ORDERING: Acquire, pairs with the Release in `publish`: the table's slots and their entries.
        let order = if mutant!("table_read_relaxed") { Ordering::Relaxed } else { Ordering::Acquire };
        let first = shard.table.load(order);
        // SAFETY: a shard points to a published table of the tier's shape, and the pin keeps it (I1).
        (first, unsafe { Published::new(first, self.shape) })
    }

    /// Whether the tier holds nothing ever.
    pub(super) fn is_bypassed(&self) -> bool {
        self.shards[0].capacity == 0
    }

    #[inline]
    fn shard_of(&self, hash: u64) -> usize {
        // The high half, scaled to the number of shards: no division, and independent of the place in the table.
        let scaled = (hash >> 32) * self.shards.len() as u64;
        (scaled >> 32) as usize
    }
}

impl<K: Eq + Send + Sync + 'static, V: Send + Sync + 'static> Clock<K, V> {
    /// Finds a key. `pin` must be one of this tier's.
    #[inline]
    pub(super) fn get<'pin>(&self, hash: u64, key: &K, pin: &'pin Pin) -> Option<Lent<'pin, K, V>> {
        let (_, table) = self.load(&self.shards[self.shard_of(hash)], pin);
        table.find(hash, key)
    }

    /// Publishes an entry, evicting what has to go; gives it back where it cannot be held.
    ///
    /// Victims come from the entry's own shard first, in the order of its hand; where all of them would not do, one
    /// at a time from the shards that follow. The caller leads the flight of the key (I3).
    pub(super) fn insert<'pin>(
        &self,
        fresh: Box<Entry<K, V>>,
        credit: &mut Credit<'_>,
        fits: impl Fn(u64) -> bool,
        pin: &'pin Pin,
    ) -> Result<Lent<'pin, K, V>, Box<Entry<K, V>>> {
        let home = self.shard_of(fresh.hash);
        let shard = &self.shards[home];
        let weight = fresh.weight_bytes;
        let raw = NonNull::from(Box::leak(fresh));
        // SAFETY: just leaked; once published it is freed after this pin, and it is taken back below if it was not.
        let fresh: Lent<'pin, K, V> = unsafe { Lent::new(raw) };
        let (mut setbacks, mut victims) = (0, 0);
        while shard.capacity > 0 && setbacks < SETBACKS && fits(weight) {
            let (current, table) = self.load(shard, pin);
            let mut draft = table.draft();
            match self.make_room(shard, &mut draft, weight, credit) {
                Room::Made { freed } => {
                    draft.insert(fresh);
                    let (next, aftermath) = draft.finish();
                    if self.publish(shard, current, next, &aftermath, pin) {
                        self.counters.variable_published(weight);
                        credit.take_over(freed);
                        credit.spend(weight);
                        self.dispose(&aftermath, Gone::Evicted, pin);
                        return Ok(fresh);
                    }
                    setbacks += 1;
                }
                Room::Short => {
                    if self.evict_one(home + 1 + victims, credit, pin) {
                        victims += 1;
                    } else {
                        // Nothing is left to evict: other threads hold the bytes. Two that hold half each would
                        // wait for ever, so this one lets go and tries again.
                        credit.release();
                        yield_now();
                        setbacks += 1;
                    }
                }
            }
        }
        // SAFETY: it was never published, so this is the only pointer to the box that was leaked above.
        Err(unsafe { Box::from_raw(raw.as_ptr()) })
    }

    /// Drops entries from the draft until one more of `weight` fits, in number and in bytes.
    fn make_room(
        &self,
        shard: &Shard<K, V>,
        draft: &mut Draft<'_, K, V>,
        weight: u64,
        credit: &mut Credit<'_>,
    ) -> Room {
        let mut freed = 0_u64;
        while draft.len() >= shard.capacity && !mutant!("full_shard_evicts_none") {
            freed += draft.evict().unwrap_or(0);
        }
        loop {
            let short = weight.saturating_sub(credit.bytes().saturating_add(freed));
            if short == 0 || credit.try_add(short) {
                return Room::Made { freed };
            }
            match draft.evict() {
                Some(bytes) => freed += bytes,
                None => return Room::Short,
            }
        }
    }

    /// Unpublishes the next victim of the first shard from `start` on that has one, into the credit.
    pub(super) fn evict_one(&self, start: usize, credit: &mut Credit<'_>, pin: &Pin) -> bool {
        for offset in 0..self.shards.len() {
            let shard = &self.shards[(start + offset) % self.shards.len()];
            loop {
                let (current, table) = self.load(shard, pin);
                if table.len() == 0 {
                    break;
                }
                let mut draft = table.draft();
                let Some(freed) = draft.evict() else { break };
                let (next, aftermath) = draft.finish();
                if self.publish(shard, current, next, &aftermath, pin) {
                    credit.take_over(freed);
                    self.dispose(&aftermath, Gone::Evicted, pin);
                    return true;
                }
            }
        }
        false
    }

    /// The shard where a permanent entry of that hash looks for bytes first.
    pub(super) fn home(&self, hash: u64) -> usize {
        self.shard_of(hash)
    }

    /// Unpublishes a key for its promotion, its bytes into the credit. The caller leads the flight of the key (I3).
    pub(super) fn take<'pin>(
        &self,
        hash: u64,
        key: &K,
        credit: &mut Credit<'_>,
        pin: &'pin Pin,
    ) -> Option<Lent<'pin, K, V>> {
        let shard = &self.shards[self.shard_of(hash)];
        loop {
            let (current, table) = self.load(shard, pin);
            let entry = table.find(hash, key)?;
            let mut draft = table.draft();
            draft.remove(entry);
            let (next, aftermath) = draft.finish();
            if mutant!("promotion_leaves_its_entry") || self.publish(shard, current, next, &aftermath, pin) {
                credit.take_over(entry.get().weight_bytes);
                self.dispose(&aftermath, Gone::Promoted, pin);
                return Some(entry);
            }
        }
    }

    /// The one linearization point of every change: swaps the tables, and retires the old one.
    fn publish(
        &self,
        shard: &Shard<K, V>,
        current: *mut Slot<K, V>,
        next: Table<K, V>,
        aftermath: &Aftermath<'_, K, V>,
        pin: &Pin,
    ) -> bool {
        let next = next.into_raw();
        // ORDERING: Release publishes the slots and the fresh entry, pairs with the Acquire in `load`. Relaxed on
        // failure: nothing of the other table is read before it is loaded again.
        let order = if mutant!("table_published_relaxed") { Ordering::Relaxed } else { Ordering::Release };
        let swapped = if mutant!("publish_overwrites") {
            shard.table.store(next, order);
            true
        } else {
            shard.table.compare_exchange(current, next, order, Ordering::Relaxed).is_ok()
        };
        if !swapped {
            // SAFETY: the exchange failed, so `next` was seen by nobody.
            drop(unsafe { Table::from_raw(next, self.shape) });
            return false;
        }
        aftermath.clear_swept();
        if current != self.empty && !mutant!("old_table_not_retired") {
            self.retire(RetiredTable::new(current, self.shape), pin);
        }
        true
    }

    /// Retires what a published draft dropped, and counts it.
    fn dispose(&self, aftermath: &Aftermath<'_, K, V>, gone: Gone, pin: &Pin) {
        for &victim in &aftermath.victims {
            let bytes = victim.get().weight_bytes;
            self.counters.variable_unpublished(bytes);
            if matches!(gone, Gone::Evicted) {
                self.counters.evicted(bytes);
            }
            if !mutant!("victim_not_retired") {
                self.retire(RetiredEntry::new(victim), pin);
            }
        }
    }

    fn retire(&self, retired: impl Retire, pin: &Pin) {
        self.counters.retired(retired.bytes());
        let counters = self.counters.clone();
        // SAFETY: this thread's exchange has unpublished the table, or the table that named the entry, before (I1),
        // and no other thread's did: an address is not used again while this thread is pinned (I6).
        unsafe { pin.retire(retired, move |bytes| counters.freed(bytes)) };
    }

    /// Every entry that a shard names when its turn comes.
    pub(super) fn entries<'pin>(&self, pin: &'pin Pin) -> Vec<Lent<'pin, K, V>> {
        self.shards.iter().flat_map(|shard| self.load(shard, pin).1.entries()).collect()
    }

    /// What every shard names at one moment, at which `at` is called; `None` where a shard changed meanwhile.
    pub(super) fn still<T>(&self, pin: &Pin, at: impl FnOnce() -> T) -> Option<(T, Vec<ShardAudit>)> {
        let look = || self.shards.iter().map(|shard| self.load(shard, pin)).collect::<Vec<_>>();
        let before = look();
        let answer = at();
        // A pointer that is the same twice was there all the time: while this thread is pinned, none comes back (I6).
        let is_still = before.iter().zip(look()).all(|(before, after)| before.0 == after.0);
        let audit = |(shard, (_, table)): (&Shard<K, V>, &(_, Published<'_, K, V>))| ShardAudit {
            entries: table.len(),
            capacity: shard.capacity,
            bytes: table.entries().map(|entry| entry.get().weight_bytes).sum(),
        };
        is_still.then(|| (answer, self.shards.iter().zip(&before).map(audit).collect()))
    }
}

/// What one shard of the variable tier held at the moment of an [`Audit`](super::Audit).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShardAudit {
    /// Entries published.
    pub entries: usize,
    /// Entries that it may publish.
    pub capacity: usize,
    /// Bytes that the entries weigh.
    pub bytes: u64,
}

/// What `make_room` came to.
enum Room {
    /// The draft has room and the bytes are there: in the credit, and `freed` by its victims.
    Made { freed: u64 },
    /// Every entry of the shard would not be enough.
    Short,
}

/// Why an entry was unpublished.
#[derive(Clone, Copy)]
enum Gone {
    Evicted,
    Promoted,
}

impl<K, V> Drop for Clock<K, V> {
    fn drop(&mut self) {
        // Dropped last and together: a value whose drop panics leaks neither tables nor the other entries.
        let mut owned = Vec::new();
        for shard in &self.shards {
            // ORDERING: Relaxed: `&mut self` came from whoever dropped the last handle, after all the others.
            let first = shard.table.load(Ordering::Relaxed);
            if first == self.empty {
                continue;
            }
            // SAFETY: a shard's table is published and nobody is left to replace or free it.
            let table = unsafe { Published::new(first, self.shape) };
            for entry in table.entries() {
                self.counters.variable_unpublished(entry.get().weight_bytes);
                // SAFETY: the tier owns its published entries, each named once by one table.
                owned.push(unsafe { Box::from_raw(entry.as_ptr()) });
            }
            // SAFETY: the tier owns its published tables, and no reader is left.
            drop(unsafe { Table::from_raw(first, self.shape) });
        }
        // SAFETY: leaked by `new`, and no shard is read any more.
        drop(unsafe { Table::from_raw(self.empty, self.shape) });
    }
}
