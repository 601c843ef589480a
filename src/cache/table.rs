//! One immutable table of a shard, and the private draft of its successor.
//!
//! A table is one allocation of equal slots: first the places that a key is probed at, then the eviction order from
//! the hand onwards, last a slot that holds the number of entries. So a hit reads the shard's pointer, one slot and
//! the entry, and copying a table copies one run of memory. A slot is one pointer: entries are aligned to a cache
//! line, and the bits that this leaves free carry a tag of the hash, which spares 63 of 64 false looks at an entry.
//!
//! # States
//! | table | reached from | may be freed |
//! |---|---|---|
//! | draft | its own thread | by its thread, at any time |
//! | published | the shard's pointer | no |
//! | retired | readers pinned before it was unpublished | once these pins have ended |
//!
//! # Invariants
//! - I1: a published table never changes.
//! - I2: an entry in the eviction order is in the probe slots too, once each, and nothing else is.
//! - I3: at least half of the probe slots are empty, so that every probe ends.
//! - I4: the eviction order is a queue whose front the hand points to: CLOCK with the ring cut at the hand.
//!
//! # Orderings
//! None of its own: [`super::clock`] publishes tables.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use crate::sync::{Retire, Track, mutant};

use super::entry::{Entry, Lent};

/// A place in a table: an entry with the tag of its hash, or nothing.
#[derive(Debug)]
pub(super) struct Slot<K, V> {
    /// The entry's pointer with the tag in the bits that its alignment leaves free; null where it names none.
    tagged: *mut Entry<K, V>,
    track: Track,
}

impl<K, V> Slot<K, V> {
    /// The bits of a pointer to an entry that are free for a tag.
    const TAG: usize = align_of::<Entry<K, V>>() - 1;

    /// The tag of a hash: bits that choose neither the shard nor, in a table of up to 2^26 slots, the place.
    #[inline]
    fn tag(hash: u64) -> usize {
        index_of(hash >> 26) & Self::TAG
    }

    /// A slot that names an entry.
    fn of(entry: Lent<'_, K, V>) -> Self {
        let tag = Self::tag(entry.get().hash);
        Self { tagged: entry.as_ptr().map_addr(|addr| addr | tag), track: Track::new() }
    }

    /// A slot that names none.
    fn vacant() -> Self {
        Self { tagged: ptr::null_mut(), track: Track::new() }
    }

    /// A slot that carries a number.
    fn count(count: usize) -> Self {
        Self { tagged: ptr::without_provenance_mut(count), track: Track::new() }
    }

    #[inline]
    fn is_vacant(&self) -> bool {
        self.tagged.is_null()
    }

    /// The entry that it names, where its tag is that one; not to be asked of a vacant slot.
    #[inline]
    fn entry_tagged(&self, tag: usize) -> Option<NonNull<Entry<K, V>>> {
        let entry = self.tagged.map_addr(|addr| addr ^ tag);
        if entry.addr() & Self::TAG == 0 { NonNull::new(entry) } else { None }
    }

    /// The entry that it names.
    fn entry(&self) -> Option<NonNull<Entry<K, V>>> {
        NonNull::new(self.tagged.map_addr(|addr| addr & !Self::TAG))
    }

    fn copy(&self) -> Self {
        self.track.read();
        Self { tagged: self.tagged, track: Track::new() }
    }
}

/// The lengths that every table of a tier has in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Probe slots: a power of two, at least twice the entries (I3).
    probes: u32,
    /// Places in the eviction order.
    entries: u32,
}

impl Shape {
    pub(super) fn new(entries: u32) -> Self {
        Self { probes: (2 * entries).next_power_of_two().max(2), entries }
    }

    #[inline]
    fn probes(self) -> usize {
        self.probes as usize
    }

    fn entries(self) -> usize {
        self.entries as usize
    }

    #[inline]
    fn slots(self) -> usize {
        self.probes() + self.entries() + 1
    }
}

/// An owned table.
pub(super) struct Table<K, V>(Box<[Slot<K, V>]>);

/// A table that was unpublished.
#[derive(Debug)]
pub(super) struct RetiredTable<K, V> {
    first: *mut Slot<K, V>,
    shape: Shape,
}

impl<K, V> RetiredTable<K, V> {
    pub(super) fn new(first: *mut Slot<K, V>, shape: Shape) -> Self {
        Self { first, shape }
    }
}

// SAFETY: a table only names entries and drops none; its own memory may be freed on any thread.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for RetiredTable<K, V> {}

impl<K: Send + Sync + 'static, V: Send + Sync + 'static> Retire for RetiredTable<K, V> {
    fn bytes(&self) -> u64 {
        (self.shape.slots() * size_of::<Slot<K, V>>()) as u64
    }

    unsafe fn tracks(&self, visit: &mut dyn FnMut(&Track)) {
        // SAFETY: not freed yet, says the caller; the length is that of `Table::into_raw`.
        let slots = unsafe { std::slice::from_raw_parts(self.first, self.shape.slots()) };
        slots.iter().for_each(|slot| visit(&slot.track));
    }

    unsafe fn free(self) {
        // SAFETY: it came from `Table::into_raw`, and nobody reads it any more, says the caller.
        drop(unsafe { Table::from_raw(self.first, self.shape) });
    }
}

impl<K, V> Table<K, V> {
    pub(super) fn empty(shape: Shape) -> Self {
        Self((0..shape.slots()).map(|_| Slot::vacant()).collect())
    }

    /// Leaks the table as a pointer to its first slot.
    pub(super) fn into_raw(self) -> *mut Slot<K, V> {
        Box::into_raw(self.0).cast()
    }

    /// # Safety
    /// `first` must come from [`Table::into_raw`] of a table of this shape, and be owned by the caller.
    pub(super) unsafe fn from_raw(first: *mut Slot<K, V>, shape: Shape) -> Self {
        let slots = ptr::slice_from_raw_parts_mut(first, shape.slots());
        // SAFETY: the pointer and the length are those of the box that `into_raw` leaked.
        Self(unsafe { Box::from_raw(slots) })
    }
}

/// A table that a shard points to, read under a pin.
#[derive(Debug)]
pub(super) struct Published<'pin, K, V> {
    slots: &'pin [Slot<K, V>],
    shape: Shape,
}

impl<K, V> Clone for Published<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Published<'_, K, V> {}

impl<'pin, K, V> Published<'pin, K, V> {
    /// # Safety
    /// `first` must be the pointer of a published table of this shape, loaded under a pin that lives for `'pin`.
    #[inline]
    pub(super) unsafe fn new(first: *const Slot<K, V>, shape: Shape) -> Self {
        // SAFETY: published tables are whole and never change (I1), and the pin keeps this one from being freed.
        Self { slots: unsafe { std::slice::from_raw_parts(first, shape.slots()) }, shape }
    }

    /// Finds the entry of a key.
    #[inline]
    pub(super) fn find(self, hash: u64, key: &K) -> Option<Lent<'pin, K, V>>
    where
        K: Eq,
    {
        let mask = self.shape.probes() - 1;
        let tag = Slot::<K, V>::tag(hash);
        // The low bits place a key in its table, the high ones chose the shard.
        let mut place = index_of(hash) & mask;
        loop {
            // SAFETY: `place <= mask < probes <= slots.len()`; `Shape::new` made `probes` a power of two.
            let slot = unsafe { self.slots.get_unchecked(place) };
            slot.track.read();
            if slot.is_vacant() {
                return None;
            }
            if let Some(named) = slot.entry_tagged(tag) {
                // SAFETY: a published table names live entries: an entry is retired after the table that names it
                // was unpublished, and `'pin` began before that.
                let lent = unsafe { Lent::new(named) };
                lent.get().track.read();
                if lent.get().key == *key {
                    return Some(lent);
                }
            }
            place = (place + 1) & mask;
        }
    }

    /// How many entries it names.
    pub(super) fn len(self) -> usize {
        let count = &self.slots[self.shape.slots() - 1];
        count.track.read();
        count.tagged.addr()
    }

    /// The entries, in the order in which the hand will meet them.
    pub(super) fn entries(self) -> impl Iterator<Item = Lent<'pin, K, V>> {
        self.slots[self.shape.probes()..][..self.len()].iter().map(|slot| {
            slot.track.read();
            let named = slot.entry().expect("I2: every place of the order names an entry");
            // SAFETY: as in `find`.
            let lent = unsafe { Lent::new(named) };
            lent.get().track.read();
            lent
        })
    }

    /// Starts a successor.
    pub(super) fn draft(self) -> Draft<'pin, K, V> {
        let (probes, order) = self.slots.split_at(self.shape.probes());
        let mut slots = Vec::with_capacity(self.shape.slots());
        slots.extend(probes.iter().map(Slot::copy));
        let unswept = self.len();
        let order = order[..unswept].iter().map(Slot::copy).collect::<Vec<_>>().into();
        Draft {
            slots,
            order,
            unswept,
            swept: Vec::new(),
            victims: Vec::new(),
            shape: self.shape,
            pin: PhantomData,
        }
    }
}

/// A successor in the making, seen by one thread. Dropping it changes nothing, the reference bits included.
///
/// Slots are copied as they are: an entry is looked at only when the hand meets it, so that a miss does not read
/// every entry of its shard.
#[derive(Debug)]
pub(super) struct Draft<'pin, K, V> {
    /// The probe slots, with room for what `finish` adds.
    slots: Vec<Slot<K, V>>,
    order: VecDeque<Slot<K, V>>,
    /// How many entries, from the front of the order, the hand has not met in this draft; those behind have had
    /// their second chance and count as clear.
    unswept: usize,
    swept: Vec<Lent<'pin, K, V>>,
    victims: Vec<Lent<'pin, K, V>>,
    shape: Shape,
    pin: PhantomData<&'pin Entry<K, V>>,
}

impl<'pin, K, V> Draft<'pin, K, V> {
    /// How many entries it names.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// The entry that a slot of this draft names.
    fn lent(slot: &Slot<K, V>) -> Option<Lent<'pin, K, V>> {
        // SAFETY: a draft names what its table named and what was inserted since, all of it alive for `'pin`.
        let lent = unsafe { Lent::new(slot.entry()?) };
        lent.get().track.read();
        Some(lent)
    }

    /// Moves the hand to the next entry whose bit is clear and drops that entry. Returns its weight.
    ///
    /// Source: F. Corbató, A paging experiment with the Multics system, 1968 (second chance on a ring).
    pub(super) fn evict(&mut self) -> Option<u64> {
        loop {
            let slot = self.order.pop_front()?;
            let entry = Self::lent(&slot).expect("I2: every place of the order names an entry");
            let is_first_visit = self.unswept > 0;
            self.unswept = self.unswept.saturating_sub(1);
            if is_first_visit && entry.get().referenced().is_set() {
                if mutant!("failed_sweep_clears_bits") {
                    entry.get().referenced().clear();
                }
                self.swept.push(entry);
                self.order.push_back(slot);
            } else {
                self.forget(entry);
                return Some(entry.get().weight_bytes);
            }
        }
    }

    /// Drops one entry out of turn.
    pub(super) fn remove(&mut self, entry: Lent<'pin, K, V>) {
        let named = NonNull::new(entry.as_ptr());
        let place = self.order.iter().position(|slot| slot.entry() == named);
        let place = place.expect("I2: what is in the probe slots is in the order");
        self.order.remove(place);
        self.unswept -= usize::from(place < self.unswept);
        self.forget(entry);
    }

    fn forget(&mut self, entry: Lent<'pin, K, V>) {
        let mask = self.shape.probes() - 1;
        let mut hole = index_of(entry.get().hash) & mask;
        while self.slots[hole].entry() != NonNull::new(entry.as_ptr()) {
            hole = (hole + 1) & mask;
        }
        // Later entries of the same run move up, so that no tombstone is needed.
        let mut next = (hole + 1) & mask;
        while let Some(named) = Self::lent(&self.slots[next]) {
            let home = index_of(named.get().hash) & mask;
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(hole) & mask {
                self.slots.swap(hole, next);
                hole = next;
            }
            next = (next + 1) & mask;
        }
        self.slots[hole] = Slot::vacant();
        self.victims.push(entry);
    }

    /// Adds an entry just behind the hand: it is met last.
    ///
    /// # Panics
    /// Where there is no room.
    pub(super) fn insert(&mut self, entry: Lent<'pin, K, V>) {
        assert!(self.order.len() < self.shape.entries(), "I3: at least half of the probe slots are empty");
        let mask = self.shape.probes() - 1;
        let mut place = index_of(entry.get().hash) & mask;
        while !self.slots[place].is_vacant() {
            place = (place + 1) & mask;
        }
        self.slots[place] = Slot::of(entry);
        // Behind entries that had their second chance it counts as clear, as they do; and clear it is.
        self.unswept += usize::from(self.unswept == self.order.len());
        self.order.push_back(Slot::of(entry));
    }

    /// Ends the draft: the table to publish, and what follows when that succeeds.
    pub(super) fn finish(self) -> (Table<K, V>, Aftermath<'pin, K, V>) {
        let mut slots = self.slots;
        slots.extend(self.order.iter().map(Slot::copy));
        slots.resize_with(self.shape.slots() - 1, Slot::vacant);
        slots.push(Slot::count(self.order.len()));
        (Table(slots.into_boxed_slice()), Aftermath { swept: self.swept, victims: self.victims })
    }
}

/// What publishing a draft brings with it.
#[derive(Debug)]
pub(super) struct Aftermath<'pin, K, V> {
    /// The entries that the hand passed; a victim among them is still alive, and nobody asks for its bit.
    swept: Vec<Lent<'pin, K, V>>,
    /// The entries that are reached from no table any more.
    pub(super) victims: Vec<Lent<'pin, K, V>>,
}

impl<K, V> Aftermath<'_, K, V> {
    /// Clears the bits that the hand passed. Only now: an attempt that fails leaves them as they were.
    pub(super) fn clear_swept(&self) {
        self.swept.iter().for_each(|entry| entry.get().referenced().clear());
    }
}

/// The bits of a hash that fit an index.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "only the low bits of a hash, or a length that fits, are asked for"
)]
fn index_of(hash: u64) -> usize {
    hash as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::entry::Weigh;

    impl Weigh for u8 {
        fn payload_bytes(&self) -> u64 {
            0
        }
    }

    fn entries(hashes: &[u64]) -> Vec<Lent<'static, u64, u8>> {
        let leak = |&hash: &u64| NonNull::from(Box::leak(Entry::new(hash, hash, 0)));
        // SAFETY: leaked for good.
        hashes.iter().map(|hash| unsafe { Lent::new(leak(hash)) }).collect()
    }

    #[test]
    fn a_removed_entry_leaves_the_rest_of_its_run_findable() {
        // All of one home slot, with the run wrapping around the end of the table.
        let shape = Shape::new(4);
        let all = entries(&[7, 15, 23, 6]);
        let empty = Table::empty(shape).into_raw();
        // SAFETY: just leaked, and freed below.
        let mut draft = unsafe { Published::new(empty, shape) }.draft();
        all.iter().for_each(|&entry| draft.insert(entry));
        draft.remove(all[0]);
        let (table, _) = draft.finish();
        let first = table.into_raw();
        // SAFETY: as above.
        let published = unsafe { Published::new(first, shape) };
        assert!(published.find(7, &7).is_none());
        for key in [15, 23, 6] {
            assert!(published.find(key, &key).is_some(), "{key}");
        }
        assert_eq!(published.entries().map(|entry| entry.get().key).collect::<Vec<_>>(), [15, 23, 6]);
        for raw in [empty, first] {
            // SAFETY: leaked above, and no longer read.
            drop(unsafe { Table::from_raw(raw, shape) });
        }
    }

    #[test]
    fn the_hand_gives_a_second_chance_and_a_dropped_draft_takes_none() {
        let shape = Shape::new(3);
        let all = entries(&[1, 2, 3]);
        let empty = Table::empty(shape).into_raw();
        // SAFETY: just leaked, and freed below.
        let mut draft = unsafe { Published::new(empty, shape) }.draft();
        all.iter().for_each(|&entry| draft.insert(entry));
        all[0].get().referenced().set();
        draft.evict();
        assert!(all[0].get().referenced().is_set(), "a sweep clears nothing before it is published");
        let (table, aftermath) = draft.finish();
        assert_eq!(aftermath.victims.iter().map(|entry| entry.get().key).collect::<Vec<_>>(), [2]);
        aftermath.clear_swept();
        assert!(!all[0].get().referenced().is_set());
        drop(table);
        // SAFETY: leaked above, and no longer read.
        drop(unsafe { Table::from_raw(empty, shape) });
    }
}
