//! Where the entries of the variable tier are found: one array of buckets, changed in place, read without a lock.
//!
//! A bucket is a cache line: seven slots and an overflow count. A slot is one pointer; entries are aligned, and the
//! bits that this leaves free carry a tag of the hash, which spares 15 of 16 false looks at an entry. The high bits of
//! a hash choose its home bucket, and with it its shard; other bits choose the slot that is looked at first. An entry
//! that finds its home full goes to the next bucket of the shard, and the overflow count of each bucket that it passes
//! tells a look-up to go on.
//!
//! # States
//! | slot | named by it | changed by |
//! |---|---|---|
//! | vacant | nothing | `fill`, under the shard's desk |
//! | filled | one published entry | `clear`, under the shard's desk |
//!
//! # Invariants
//! - I1: an entry never moves, and lies in one slot.
//! - I2: while an entry lies beyond its home, the overflow count of its home and of each bucket between is at least 1.
//! - I3: at least half of a shard's slots are vacant, so that a place is found for every entry.
//! - I4: slots and counts of a shard change under its desk only.
//!
//! # Orderings
//! - `fill` Release -> `find` Acquire: the entry, and that its victims are gone.
//! - `clear` Release -> `find` Acquire: what was unpublished before; so no look-up answers with something older than
//!   what an earlier one of the same thread has seen.
//! - overflow raised Release, before the slot is filled; lowered Release, after it was cleared -> `find` Acquire.

use std::ptr::{self, NonNull};

use crate::sync::{AtomicPtr, AtomicU64, IS_MODEL, Ordering, Pin};

use super::entry::{Entry, Lent};
use super::policy::{Marks, Place};

/// Slots of a bucket: with the overflow count one cache line. Models have one, so that few entries overflow.
const SLOTS: usize = if IS_MODEL { 1 } else { 7 };

/// A cache line of slots.
#[derive(Debug)]
#[repr(align(64))]
struct Bucket<K, V> {
    slots: [AtomicPtr<Entry<K, V>>; SLOTS],
    /// Entries that passed this bucket because it was full.
    overflow: AtomicU64,
}

impl<K, V> Bucket<K, V> {
    fn new() -> Self {
        let slots = std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut()));
        Self { slots, overflow: AtomicU64::new(0) }
    }

    /// Whether later buckets may hold entries of this home.
    #[inline]
    fn overflows(&self) -> bool {
        // ORDERING: Acquire, pairs with the Release in `raise` and `lower`. If the count was raised for an entry that
        // this thread knows of, its rise is seen (I2). If it was lowered, the cleared slot is seen too: a later
        // look-up of this thread that comes there by another entry's overflow does not find it again.
        self.overflow.load(Ordering::Acquire) > 0
    }

    /// The entry of a key, where that slot names it.
    #[inline]
    fn look<'pin>(&self, at: usize, tag: usize, key: &K) -> Option<Lent<'pin, K, V>>
    where
        K: Eq,
    {
        debug_assert!(at < SLOTS, "a slot lies in its bucket");
        // SAFETY: `slot_of` gives an index below SLOTS, and so do the steps from it.
        let slot = unsafe { self.slots.get_unchecked(at) };
        // ORDERING: Acquire, pairs with the Release in `Shelf::fill`: the entry's contents, and that what had to go
        // for it is gone. If the slot was cleared since, the null is read, or the entry, which is older.
        let entry = entry_tagged(slot.load(Ordering::Acquire), tag)?;
        // SAFETY: a slot names a published entry; the caller is pinned since before it was read, and the entry is
        // retired only after the slot was cleared.
        let lent = unsafe { Lent::new(entry) };
        (lent.get().key == *key).then_some(lent)
    }

    /// The entry of a key, in whatever slot.
    #[inline]
    fn look_through<'pin>(&self, tag: usize, key: &K) -> Option<Lent<'pin, K, V>>
    where
        K: Eq,
    {
        (0..SLOTS).find_map(|at| self.look(at, tag, key))
    }
}

/// The bits of a pointer to an entry that are free for a tag.
const fn tag_bits<K, V>() -> usize {
    align_of::<Entry<K, V>>() - 1
}

/// The tag of a hash: bits that choose neither the bucket nor the slot.
#[inline]
fn tag_of<K, V>(hash: u64) -> usize {
    low_bits(hash >> 16) & tag_bits::<K, V>()
}

/// The slot of a bucket that is looked at first.
#[inline]
fn slot_of(hash: u64) -> usize {
    ((low_bits(hash) & 0xffff) * SLOTS) >> 16
}

/// The entry that a slot names, where its tag is that one.
#[inline]
fn entry_tagged<K, V>(tagged: *mut Entry<K, V>, tag: usize) -> Option<NonNull<Entry<K, V>>> {
    let entry = tagged.map_addr(|addr| addr ^ tag);
    if entry.addr() & tag_bits::<K, V>() == 0 { NonNull::new(entry) } else { None }
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "only the low bits are asked for, or a product that fits"
)]
fn low_bits(bits: u64) -> usize {
    bits as usize
}

/// The buckets of all shards, one shard after the other.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    buckets: Box<[Bucket<K, V>]>,
    shards: usize,
    buckets_per_shard: usize,
}

// SAFETY: slots name entries that the tier owns and lends under pins; sharing the table shares keys and values by
// reference, which `K` and `V` allow.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for Table<K, V> {}
// SAFETY: the slots are atomic, and what they name is shared as `Send` above says.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Table<K, V> {}

impl<K, V> Table<K, V> {
    /// Buckets for `shards` of at most `entries` each: two slots for an entry (I3).
    pub(super) fn new(shards: usize, entries: usize) -> Self {
        let buckets_per_shard = (2 * entries).div_ceil(SLOTS).max(1);
        let buckets = (0..shards * buckets_per_shard).map(|_| Bucket::new()).collect();
        Self { buckets, shards, buckets_per_shard }
    }

    /// The shard of a hash.
    pub(super) fn shard_of(&self, hash: u64) -> usize {
        // The home bucket's number by the buckets of a shard, rounded down; and so without a division.
        scaled(hash, self.shards)
    }

    /// One shard's buckets.
    pub(super) fn shelf(&self, shard: usize) -> Shelf<'_, K, V> {
        let first = shard * self.buckets_per_shard;
        Shelf {
            buckets: &self.buckets[first..first + self.buckets_per_shard],
            first,
            all: self.buckets.len(),
        }
    }

    /// What a reader keeps of it.
    ///
    /// # Safety
    /// The table must not be dropped while the view is used.
    pub(super) unsafe fn view(&self) -> View<K, V> {
        let buckets = NonNull::from(&*self.buckets).cast();
        View { buckets, len: self.buckets.len(), per_shard: self.buckets_per_shard }
    }
}

/// The place of a hash among so many: its high bits, scaled.
#[inline]
fn scaled(hash: u64, places: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "the high half of the product is below `places`")]
    let place = ((u128::from(hash) * places as u128) >> 64) as usize;
    place
}

/// The table as a reader sees it, without a step through generation and tier.
pub(super) struct View<K, V> {
    buckets: NonNull<Bucket<K, V>>,
    len: usize,
    per_shard: usize,
}

impl<K: Eq, V> View<K, V> {
    #[inline]
    fn bucket(&self, index: usize) -> &Bucket<K, V> {
        debug_assert!(index < self.len, "a home lies among the buckets");
        // SAFETY: below the table's length, because `scaled` scales to it and `find_beyond` stays in the shard.
        let bucket = unsafe { self.buckets.add(index) };
        // SAFETY: the table outlives the view, says `Table::view`, and is shared only.
        unsafe { bucket.as_ref() }
    }

    /// Finds the entry of a key, in one pass over its home and over the buckets that entries of this home went on to.
    ///
    /// A bounded number of steps: each bucket of the shard at most once, and mostly one slot. `None` is exact: at some
    /// moment between the first look and the last one, the key was not there.
    #[inline]
    pub(super) fn find<'pin>(&self, hash: u64, key: &K, pin: &'pin Pin) -> Option<Lent<'pin, K, V>> {
        let home = scaled(hash, self.len);
        match self.bucket(home).look(slot_of(hash), tag_of::<K, V>(hash), key) {
            Some(lent) => Some(lent),
            None => self.find_further(home, hash, key, pin),
        }
    }

    /// What `find` does after its first look: out of line, so that a hit at the first look is small.
    #[inline(never)]
    fn find_further<'pin>(
        &self,
        home: usize,
        hash: u64,
        key: &K,
        pin: &'pin Pin,
    ) -> Option<Lent<'pin, K, V>> {
        let bucket = self.bucket(home);
        // The home's first slot once more: a plain run over a cache line takes fewer steps than leaving it out.
        match bucket.look_through(tag_of::<K, V>(hash), key) {
            Some(lent) => Some(lent),
            None if bucket.overflows() => self.find_beyond(home, hash, key, pin),
            None => None,
        }
    }

    /// Looks into the buckets behind a home that was full.
    #[cold]
    fn find_beyond<'pin>(
        &self,
        home: usize,
        hash: u64,
        key: &K,
        _pin: &'pin Pin,
    ) -> Option<Lent<'pin, K, V>> {
        let tag = tag_of::<K, V>(hash);
        let end = (home / self.per_shard + 1) * self.per_shard;
        let mut index = home;
        for _ in 1..self.per_shard {
            index = if index + 1 == end { end - self.per_shard } else { index + 1 };
            let bucket = self.bucket(index);
            if let Some(lent) = bucket.look_through(tag, key) {
                return Some(lent);
            }
            if !bucket.overflows() {
                return None;
            }
        }
        None
    }
}

/// One shard's buckets, to be changed by whoever is at its desk (I4).
#[derive(Debug)]
pub(super) struct Shelf<'a, K, V> {
    buckets: &'a [Bucket<K, V>],
    first: usize,
    all: usize,
}

impl<K, V> Clone for Shelf<'_, K, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, V> Copy for Shelf<'_, K, V> {}

impl<'a, K, V> Shelf<'a, K, V> {
    /// How many places it has.
    pub(super) fn places(self) -> usize {
        self.buckets.len() * SLOTS
    }

    fn home(self, hash: u64) -> usize {
        scaled(hash, self.all) - self.first
    }

    fn slot(self, place: Place) -> &'a AtomicPtr<Entry<K, V>> {
        &self.buckets[place.index() / SLOTS].slots[place.index() % SLOTS]
    }

    /// The entry that a slot names, untagged.
    fn named<'pin>(slot: &AtomicPtr<Entry<K, V>>, order: Ordering) -> Option<Lent<'pin, K, V>> {
        let entry = NonNull::new(slot.load(order).map_addr(|addr| addr & !tag_bits::<K, V>()))?;
        // SAFETY: a slot names a published entry. Its lifetime is the caller's affair: a pin from before the look.
        Some(unsafe { Lent::new(entry) })
    }

    /// The entry at a place, for whoever is at the desk.
    ///
    /// # Panics
    /// Where there is none.
    pub(super) fn at(self, place: Place) -> Lent<'a, K, V> {
        // ORDERING: Relaxed: filled under this desk's lock, which orders it.
        let named = Self::named(self.slot(place), Ordering::Relaxed);
        named.expect("D1: a queue names filled places only")
    }

    /// The bucket after that one.
    fn after(self, bucket: usize) -> usize {
        if bucket + 1 == self.buckets.len() { 0 } else { bucket + 1 }
    }

    /// Visits every entry of that hash, whatever its key, until `visit` says that it is enough: for whoever is at the
    /// desk and may run no foreign code there.
    #[inline(always)]
    pub(super) fn of_hash(self, hash: u64, mut visit: impl FnMut(Place, Lent<'a, K, V>) -> bool) {
        let tag = tag_of::<K, V>(hash);
        let mut bucket = self.home(hash);
        for _ in 0..self.buckets.len() {
            for (at, slot) in self.buckets[bucket].slots.iter().enumerate() {
                // ORDERING: Relaxed: filled under this desk's lock, which orders it.
                let Some(entry) = entry_tagged(slot.load(Ordering::Relaxed), tag) else { continue };
                // SAFETY: a slot names a published entry, and at the desk nobody unpublishes it; what the caller
                // keeps of it is under its own pin.
                let lent = unsafe { Lent::new(entry) };
                if lent.get().hash == hash && visit(Place::new(bucket * SLOTS + at), lent) {
                    return;
                }
            }
            // ORDERING: Relaxed: changed under this desk's lock, which orders it.
            if self.buckets[bucket].overflow.load(Ordering::Relaxed) == 0 {
                return;
            }
            bucket = self.after(bucket);
        }
    }

    /// Publishes an entry: the linearization point of an insertion.
    ///
    /// # Panics
    /// Where no slot is vacant.
    #[inline(always)]
    pub(super) fn fill(self, entry: Lent<'_, K, V>) -> Place {
        let hash = entry.get().hash;
        let home = self.home(hash);
        let mut bucket = home;
        let mut at = slot_of(hash);
        for _ in 0..self.buckets.len() {
            for _ in 0..SLOTS {
                let slot = &self.buckets[bucket].slots[at];
                // ORDERING: Relaxed: changed under this desk's lock, which orders it.
                if slot.load(Ordering::Relaxed).is_null() {
                    self.passed(home, bucket).for_each(Bucket::raise);
                    let tagged = entry.as_ptr().map_addr(|addr| addr | tag_of::<K, V>(hash));
                    // ORDERING: Release, pairs with the Acquire in `find`. Whoever reads the pointer reads the whole
                    // entry, finds its victims gone (their slots were cleared before) and is led to it again (the
                    // overflow counts were raised before).
                    slot.store(tagged, Ordering::Release);
                    return Place::new(bucket * SLOTS + at);
                }
                at = if at + 1 == SLOTS { 0 } else { at + 1 };
            }
            bucket = self.after(bucket);
        }
        unreachable!("I3: at least half of the slots are vacant")
    }

    /// The buckets from the home of an entry on that it passed, because it lies in `bucket`.
    fn passed(self, home: usize, bucket: usize) -> impl Iterator<Item = &'a Bucket<K, V>> {
        let mut next = home;
        std::iter::from_fn(move || {
            let passed = (next != bucket).then(|| &self.buckets[next]);
            next = if passed.is_some() { self.after(next) } else { next };
            passed
        })
    }

    /// Unpublishes the entry at a place: the linearization point of its eviction or removal.
    #[inline(always)]
    pub(super) fn clear<'pin>(self, place: Place) -> Lent<'pin, K, V>
    where
        'a: 'pin,
    {
        let entry = self.at(place);
        // ORDERING: Release, pairs with the Acquire in `find`: whoever reads the null has seen what was unpublished
        // here before, and answers with nothing older from now on.
        self.slot(place).store(ptr::null_mut(), Ordering::Release);
        self.passed(self.home(entry.get().hash), place.index() / SLOTS).for_each(Bucket::lower);
        entry
    }

    /// Every entry that a slot names when its turn comes, for whoever is not at the desk but pinned.
    pub(super) fn glance<'pin>(self, _pin: &'pin Pin) -> impl Iterator<Item = Lent<'pin, K, V>>
    where
        'a: 'pin,
    {
        // ORDERING: Acquire, pairs with the Release in `fill`: the entry, and that its victims are gone.
        let slots = self.buckets.iter().flat_map(|bucket| &bucket.slots);
        slots.filter_map(|slot| Self::named(slot, Ordering::Acquire))
    }
}

impl<K, V> Bucket<K, V> {
    fn raise(&self) {
        // ORDERING: Relaxed read: changed under the desk's lock only. Release, pairs with the Acquire in `overflows`;
        // that it comes before the slot's store is what matters: whoever knows of the entry reads at least 1 (I2).
        let count = self.overflow.load(Ordering::Relaxed);
        self.overflow.store(count + 1, Ordering::Release);
    }

    fn lower(&self) {
        // ORDERING: Relaxed read: changed under the desk's lock only. Release, pairs with the Acquire in `overflows`:
        // whoever reads the lower count and stops here has seen the slot cleared.
        let count = self.overflow.load(Ordering::Relaxed);
        debug_assert!(count > 0, "I2: an overflow was raised before it is lowered");
        self.overflow.store(count - 1, Ordering::Release);
    }
}

impl<K, V> Marks for Shelf<'_, K, V> {
    fn hash(&self, place: Place) -> u64 {
        self.at(place).get().hash
    }

    fn weight_bytes(&self, place: Place) -> u64 {
        self.at(place).get().weight_bytes
    }

    fn take_mark(&self, place: Place) -> bool {
        self.at(place).get().referenced().take()
    }
}

impl<K, V> Table<K, V> {
    /// Takes every entry out: nobody reads or changes any more.
    pub(super) fn take_all(&mut self) -> Vec<Box<Entry<K, V>>> {
        let slots = self.buckets.iter_mut().flat_map(|bucket| &mut bucket.slots);
        let owned = slots.filter_map(|slot| {
            // ORDERING: Relaxed: `&mut self` came from whoever dropped the last handle, after all the others.
            let tagged = slot.load(Ordering::Relaxed);
            // ORDERING: Relaxed: as the load.
            slot.store(ptr::null_mut(), Ordering::Relaxed);
            let entry = NonNull::new(tagged.map_addr(|addr| addr & !tag_bits::<K, V>()))?;
            // SAFETY: the tier owns its published entries, each named by one slot, and this one was just cleared.
            Some(unsafe { Box::from_raw(entry.as_ptr()) })
        });
        owned.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Collector;

    /// Keys that are their own hashes, all of one home; leaked for good.
    fn entry(hash: u64) -> Lent<'static, u64, u8> {
        let leaked = Box::leak(Box::new(Entry::new(hash, hash, 0, 1)));
        // SAFETY: leaked for good, and shared only.
        unsafe { Lent::new(NonNull::from(leaked)) }
    }

    #[test]
    fn entries_that_went_on_from_a_full_home_are_found_until_they_leave() {
        let collector = Collector::new();
        let pin = collector.pin();
        let table: Table<u64, u8> = Table::new(2, 16);
        // SAFETY: the table outlives the view.
        let view = unsafe { table.view() };
        // The last bucket of the first shard, so that what goes on wraps around to its first.
        let per_shard = table.buckets_per_shard as u64;
        let home_step = u64::MAX / (2 * per_shard);
        let in_last = (per_shard - 1) * home_step + home_step / 2;
        let hashes: Vec<u64> = (0..16).map(|number| in_last + number).collect();
        assert!(hashes.iter().all(|&hash| table.shard_of(hash) == 0));
        let shelf = table.shelf(0);
        let places: Vec<Place> = hashes.iter().map(|&hash| shelf.fill(entry(hash))).collect();
        let is_found = |hash: u64| view.find(hash, &hash, &pin).is_some();
        assert!(hashes.iter().all(|&hash| is_found(hash)));
        // One after the other goes, in an order that empties the home first; the others stay findable.
        for gone in 0..16 {
            assert_eq!(shelf.clear(places[gone]).get().hash, hashes[gone]);
            for (at, &hash) in hashes.iter().enumerate() {
                assert_eq!(is_found(hash), at > gone, "{at} after {gone}");
            }
        }
        assert!(table.buckets.iter().all(|bucket| !bucket.overflows()), "every count is back at 0");
        assert_eq!(shelf.glance(&pin).count(), 0);
    }

    #[test]
    fn another_key_of_the_same_hash_is_not_taken_for_it() {
        let collector = Collector::new();
        let pin = collector.pin();
        let table: Table<u64, u8> = Table::new(1, 4);
        // SAFETY: the table outlives the view.
        let view = unsafe { table.view() };
        table.shelf(0).fill(entry(7));
        assert!(view.find(7, &8, &pin).is_none());
        let mut seen = 0;
        table.shelf(0).of_hash(7, |_, entry| {
            seen += entry.get().key;
            false
        });
        assert_eq!(seen, 7, "by its hash it is found all the same");
    }

    #[test]
    fn a_bucket_is_a_cache_line_and_an_entry_starts_where_malloc_does() {
        assert_eq!((size_of::<Bucket<u64, u8>>(), align_of::<Bucket<u64, u8>>()), (64, 64));
        assert_eq!(align_of::<Entry<u64, u8>>(), 16);
    }
}
