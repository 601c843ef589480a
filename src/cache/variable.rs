//! The variable tier: shards that are read without a lock and changed at their desks.
//!
//! # States
//! | entry | named by a slot | owned by |
//! |---|---|---|
//! | fresh | no | the thread that inserts it |
//! | published | yes | the tier |
//! | retired | no | the collector |
//!
//! # Invariants
//! - V1: what a reader reaches is not freed before its pin ends: an entry is retired only after its slot was cleared.
//! - V2: no key stands in the tier twice: a key is inserted, promoted or put inside its flight only.
//! - V3: at most one desk is locked by a thread at any time; `gathering` is taken before a desk and never at one.
//! - V4: bytes stay in a thread's hand across two desks only while it holds `gathering`, so that no two threads wait
//!   for each other's half.
//! - V5: `changes` of a shard rises after a slot was cleared and before another is filled: whoever reads the same
//!   number before and after a look saw no entry that came in between.
//!
//! # Orderings
//! - `changes` Release -> `still` Acquire. Slots and counts: see [`super::table`].

use crate::sync::{Arc, AtomicU64, Collector, Mutex, Ordering, Pin, lock, yield_now};

use super::change::Change;
use super::desk::Desk;
use super::entry::Lent;
use super::options::Options;
use super::policy::Chosen;
use super::stats::Counters;
use super::table::{Shelf, Table, View};

/// The variable tier of one generation.
#[derive(Debug)]
pub(super) struct Variable<K, V> {
    table: Table<K, V>,
    pub(super) shards: Box<[Shard<K, V>]>,
    /// Held by whoever needs more bytes than one shard can yield (V4).
    pub(super) gathering: Mutex<()>,
    collector: Collector,
    pub(super) counters: Arc<Counters>,
}

/// A desk and its bound, on cache lines of their own: a miss in one shard does not slow those in another.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Shard<K, V> {
    pub(super) desk: Mutex<Desk<K, V>>,
    changes: AtomicU64,
    pub(super) capacity: usize,
}

impl<K, V> Shard<K, V> {
    pub(super) fn changed(&self) {
        // ORDERING: Relaxed read: changed under the desk's lock only. Release, pairs with the Acquire in `still`: who
        // reads the new number has seen the slots cleared; who sees what is filled after it reads the new number.
        let changes = self.changes.load(Ordering::Relaxed);
        self.changes.store(changes + 1, Ordering::Release);
    }
}

impl<K, V> Variable<K, V> {
    /// An empty tier. The capacities of its shards differ by at most one and sum to the option's.
    pub(super) fn new(options: &Options, counters: Arc<Counters>) -> Self {
        let (entries, shards) = options.variable_shape();
        let table = Table::new(shards, entries.div_ceil(shards));
        let capacity = |shard| entries / shards + usize::from(shard < entries % shards);
        let shard = |shard| Shard {
            desk: Mutex::new(Desk::new(Chosen::new(
                options.policy,
                capacity(shard),
                table.shelf(shard).places(),
            ))),
            changes: AtomicU64::new(0),
            capacity: capacity(shard),
        };
        let shards = (0..shards).map(shard).collect();
        let collector = Collector::new();
        counters.watch(collector.limbo());
        Self { shards, table, gathering: Mutex::new(()), collector, counters }
    }

    /// Pins this tier's memory for the calling thread.
    pub(super) fn pin(&self) -> Pin {
        self.collector.pin()
    }

    pub(super) fn is_pinned_by(&self, pin: &Pin) -> bool {
        pin.belongs_to(&self.collector)
    }

    /// What a reader looks through.
    ///
    /// # Safety
    /// The tier must not be dropped while the view is used.
    pub(super) unsafe fn view(&self) -> View<K, V> {
        // SAFETY: the table lives as long as the tier.
        unsafe { self.table.view() }
    }

    /// Whether the tier holds nothing ever.
    pub(super) fn is_bypassed(&self) -> bool {
        self.shards[0].capacity == 0
    }

    pub(super) fn shard_of(&self, hash: u64) -> usize {
        self.table.shard_of(hash)
    }

    pub(super) fn shelf(&self, shard: usize) -> Shelf<'_, K, V> {
        self.table.shelf(shard)
    }

    /// The desk of a shard.
    pub(super) fn desk(&self, shard: usize) -> impl std::ops::DerefMut<Target = Desk<K, V>> {
        lock(&self.shards[shard].desk)
    }

    /// Every entry, shard by shard, in the order in which they would go.
    pub(super) fn entries<'pin>(&'pin self, pin: &'pin Pin) -> Vec<Lent<'pin, K, V>> {
        debug_assert!(self.is_pinned_by(pin), "V1: a pin keeps the memory of its own tier");
        let in_order = |shard| self.desk(shard).in_order(self.table.shelf(shard));
        (0..self.shards.len()).flat_map(in_order).collect()
    }

    /// Every entry, in no order, without a lock.
    pub(super) fn glance<'pin>(&'pin self, pin: &'pin Pin) -> impl Iterator<Item = Lent<'pin, K, V>> {
        debug_assert!(self.is_pinned_by(pin), "V1: a pin keeps the memory of its own tier");
        (0..self.shards.len()).flat_map(move |shard| self.shelf(shard).glance(pin))
    }

    /// How many entries it holds, shard by shard.
    pub(super) fn len(&self) -> u64 {
        (0..self.shards.len()).map(|shard| self.desk(shard).held().entries).sum()
    }

    /// What every shard names at one moment, at which `at` is called; `None` where a shard changed meanwhile.
    ///
    /// Takes no lock: it sees the published states that readers see.
    pub(super) fn still<T>(&self, pin: &Pin, at: impl FnOnce() -> T) -> Option<(T, Vec<ShardAudit>)> {
        // ORDERING: Acquire, pairs with the Release in `changed`. Before: what was cleared until then is seen cleared.
        // After: where an entry was seen that was filled since, or bytes released since, the number has risen (V5).
        let changes =
            || self.shards.iter().map(|shard| shard.changes.load(Ordering::Acquire)).collect::<Vec<_>>();
        let before = changes();
        let answer = at();
        let look = |(number, shard): (usize, &Shard<K, V>)| {
            let seen = self.table.shelf(number).glance(pin).map(|entry| entry.get().weight_bytes);
            let (entries, bytes) =
                seen.fold((0, 0), |(entries, bytes), weight| (entries + 1, bytes + weight));
            ShardAudit { entries, capacity: shard.capacity, bytes }
        };
        let audit = self.shards.iter().enumerate().map(look).collect();
        (changes() == before).then_some((answer, audit))
    }
}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Variable<K, V> {
    /// Brings `bytes` into the credit, from what is free or from variable entries. They fit beside the permanent
    /// entries: the caller has set its share aside.
    pub(super) fn gather<'a>(&'a self, bytes: u64, hash: u64, change: &mut Change<'a, K, V>) {
        if change.credit.reach(bytes) {
            return;
        }
        let _gathering = lock(&self.gathering);
        // From shard to shard: one that lost all of its entries would have given no second chance.
        let mut from = self.shard_of(hash);
        while !change.credit.reach(bytes) {
            if self.evict_one(from, change) {
                from += 1;
            } else {
                yield_now();
            }
        }
    }

    /// Unpublishes the next victim of the first shard from `start` on that has one, into the credit.
    pub(super) fn evict_one<'a>(&'a self, start: usize, change: &mut Change<'a, K, V>) -> bool {
        for offset in 0..self.shards.len() {
            let number = (start + offset) % self.shards.len();
            let mut desk = self.desk(number);
            let held = desk.held();
            if let Some(victim) = desk.evict(self.shelf(number)) {
                self.shards[number].changed();
                self.counters.variable_shrunk(held, desk.held());
                drop(desk);
                change.credit.take_over(victim.get().weight_bytes);
                change.evicted(victim);
                change.retire_evicted();
                return true;
            }
        }
        false
    }

    /// Unpublishes an entry for its promotion, its bytes into the credit; false where it has gone. The caller leads
    /// the flight of its key.
    pub(super) fn take<'a>(&'a self, entry: Lent<'a, K, V>, change: &mut Change<'a, K, V>) -> bool {
        let number = self.shard_of(entry.get().hash);
        let mut desk = self.desk(number);
        let held = desk.held();
        if !desk.remove(self.shelf(number), entry) {
            return false;
        }
        self.shards[number].changed();
        self.counters.variable_shrunk(held, desk.held());
        drop(desk);
        change.credit.take_over(entry.get().weight_bytes);
        change.retire(entry);
        true
    }
}

/// What one shard of the variable tier held at the moment of an [`Audit`](super::Audit).
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
/// let cache: Cache<u64, Number> = Cache::without_source(Options { variable_entries: 2, shards: Some(2), ..Options::default() })?;
/// cache.current().reader().put(1, Number(1), Tier::Variable);
/// let shards = cache.current().audit().expect("nobody changes it now").shards;
/// assert_eq!(shards.iter().map(|shard| (shard.entries, shard.capacity)).max(), Some((1, 1)));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShardAudit {
    /// Entries published.
    pub entries: usize,
    /// Entries that it may publish.
    pub capacity: usize,
    /// Bytes that the entries weigh.
    pub bytes: u64,
}

impl<K, V> Drop for Variable<K, V> {
    fn drop(&mut self) {
        // Dropped last and together: a value whose drop panics leaks none of the others.
        let owned = self.table.take_all();
        let bytes = owned.iter().map(|entry| entry.weight_bytes).sum();
        self.counters.variable_dropped(owned.len() as u64, bytes);
    }
}
