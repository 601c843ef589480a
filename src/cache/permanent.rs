//! The permanent tier: entries that only come, until their generation ends.
//!
//! The index leads from a hash to the first entry of that hash; further ones hang behind it in a chain, so that keys
//! with equal hashes cost a longer walk and nothing else. All entries hang in one list too, the newest first, which
//! is what is walked by whoever wants all of them.
//!
//! # States
//! | entry | found by its key | in the list | its bytes |
//! |---|---|---|---|
//! | set aside | no | no | reserved in both counts of the budget |
//! | published | yes | no | reserved |
//! | listed | yes | yes | reserved, until the generation ends |
//!
//! # Invariants
//! - I1: an entry is never moved, removed or replaced while the tier lives: what was lent stays.
//! - I2: the index has a collector of its own; no two maps share one (papaya #102).
//! - I3: bytes are set aside before an entry is published (budget I1, I2).
//! - I4: an entry lies in the index, or in a box that is the `next` of exactly one other entry.
//! - I5: publishing runs no code of key or value, and so cannot panic half way: whoever finds an entry published will
//!   find it listed once its publisher has returned.
//!
//! # Orderings
//! - index insert Release -> `get` Acquire: the first entry of a hash.
//! - `chain` Release -> `next` Acquire: the entries behind it.
//! - `list` Release -> `iter` Acquire: every entry listed so far, because each exchange of `newest` goes on with the
//!   release sequence of those before it.

use std::mem::ManuallyDrop;
use std::ptr;

use crate::sync::{Arc, AtomicPtr, Map, MapPin, Ordering, Track};

use super::stats::Counters;

/// The permanent tier of one generation.
pub(super) struct Permanent<K, V> {
    index: Map<Kept<K, V>>,
    newest: AtomicPtr<Kept<K, V>>,
    counters: Arc<Counters>,
}

/// An entry, where it stays.
struct Kept<K, V> {
    track: Track,
    hash: u64,
    /// The first entry of a hash heads the chain of the others, which hang by this too.
    next: AtomicPtr<Self>,
    /// The one that was listed before.
    older: AtomicPtr<Self>,
    weight_bytes: u64,
    /// Taken out before the memory is freed: what a `drop` of these does must not keep the index from being freed.
    entry: ManuallyDrop<(K, V)>,
}

impl<K, V> Kept<K, V> {
    fn new(hash: u64, entry: (K, V), weight_bytes: u64) -> Self {
        Self {
            track: Track::new(),
            hash,
            next: AtomicPtr::new(ptr::null_mut()),
            older: AtomicPtr::new(ptr::null_mut()),
            weight_bytes,
            entry: ManuallyDrop::new(entry),
        }
    }

    /// The entry behind this one in its chain.
    fn next(&self) -> Option<&Self> {
        // ORDERING: Acquire, pairs with the Release in `chain`: the contents of the entry that is read next.
        let next = self.next.load(Ordering::Acquire);
        // SAFETY: null, or a box that lives as long as the tier (I1, I4), which this borrow of an entry does not outlive.
        unsafe { next.as_ref() }
    }

    /// Hangs a further entry of the same hash behind this one, which is the first.
    fn chain(&self, entry: (K, V), weight_bytes: u64) -> &Self {
        // Kept as it came from the box: it is freed by this pointer.
        let raw = Box::into_raw(Box::new(Self::new(self.hash, entry, weight_bytes)));
        // SAFETY: just made from a box, and freed by nobody before the tier (I1).
        let fresh: &Self = unsafe { &*raw };
        // ORDERING: Relaxed: what is read here is handed on, not looked into.
        let mut second = self.next.load(Ordering::Relaxed);
        loop {
            // ORDERING: Relaxed: nobody knows the entry before the exchange below.
            fresh.next.store(second, Ordering::Relaxed);
            // ORDERING: Release, pairs with the Acquire in `next`: whoever finds the entry finds it whole. Those
            // behind it stay published, because this exchange goes on with their release sequence.
            match self.next.compare_exchange_weak(second, raw, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return fresh,
                Err(seen) => second = seen,
            }
        }
    }
}

impl<K, V> Permanent<K, V> {
    /// A tier with room for `entries` before its index grows.
    pub(super) fn new(entries: usize, counters: Arc<Counters>) -> Self {
        Self { index: Map::new(entries), newest: AtomicPtr::new(ptr::null_mut()), counters }
    }

    pub(super) fn pin(&self) -> MapPin<'_> {
        self.index.pin()
    }

    /// Finds a key. Always inline, and `Reader::get` with it: called, either saves and restores registers, for 18 instructions
    /// of 96.
    #[inline(always)]
    pub(super) fn get<'pin>(&self, hash: u64, key: &K, pin: &'pin MapPin<'_>) -> Option<&'pin V>
    where
        K: Eq + 'pin,
    {
        let first = self.index.get(hash, pin)?;
        first.track.read();
        let (own, value) = &*first.entry;
        if *key == *own { Some(value) } else { Self::get_chained(first, key) }
    }

    /// Finds a key behind the first one of its hash: where 64 bits are equal, which a fair `Hash` never sees.
    #[cold]
    #[inline(never)]
    fn get_chained<'pin>(first: &'pin Kept<K, V>, key: &K) -> Option<&'pin V>
    where
        K: Eq,
    {
        let chained = std::iter::successors(first.next(), |kept| kept.next());
        chained
            .inspect(|kept| kept.track.read())
            .map(|kept| &*kept.entry)
            .find_map(|(own, value)| (*key == *own).then_some(value))
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
        let kept = match self.index.insert(hash, Kept::new(hash, (key, value), weight_bytes), pin) {
            Ok(first) => first,
            Err((first, Kept { entry, .. })) => first.chain(ManuallyDrop::into_inner(entry), weight_bytes),
        };
        self.list(kept);
        self.counters.permanent_published(weight_bytes);
        &kept.entry.1
    }

    fn list(&self, kept: &Kept<K, V>) {
        // Read through only, whoever has it.
        let listed = ptr::from_ref(kept).cast_mut();
        // ORDERING: Relaxed: what is read here is handed on, not looked into.
        let mut newest = self.newest.load(Ordering::Relaxed);
        loop {
            // ORDERING: Relaxed: published by the exchange below.
            kept.older.store(newest, Ordering::Relaxed);
            // ORDERING: Release, pairs with the Acquire in `iter`: whoever walks the list finds the entry whole.
            match self.newest.compare_exchange_weak(newest, listed, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(seen) => newest = seen,
            }
        }
    }

    /// Every entry that was listed when the call began, the newest first.
    fn iter(&self) -> impl Iterator<Item = &Kept<K, V>> {
        // ORDERING: Acquire, pairs with the Release in `list`: this entry and all that were listed before it.
        let newest = self.newest.load(Ordering::Acquire);
        // SAFETY: null, or an entry that lives as long as the tier (I1), which this borrow does not outlive.
        let newest = unsafe { newest.as_ref() };
        std::iter::successors(newest, |kept| {
            // ORDERING: Relaxed: written before the entry was listed, and never again.
            let older = kept.older.load(Ordering::Relaxed);
            // SAFETY: null, or an entry that lives as long as the tier (I1), which this borrow does not outlive.
            unsafe { older.as_ref() }
        })
        .inspect(|kept| kept.track.read())
    }

    /// Key and value of every entry.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&K, &V)> {
        self.iter().map(|kept| (&kept.entry.0, &kept.entry.1))
    }

    /// Calls `visit` with hash, key and value of every entry.
    pub(super) fn for_each(&self, mut visit: impl FnMut(u64, &K, &V)) {
        self.iter().for_each(|kept| visit(kept.hash, &kept.entry.0, &kept.entry.1));
    }

    /// How many entries are published, and what they weigh.
    pub(super) fn held(&self) -> (u64, u64) {
        self.iter().fold((0, 0), |(entries, bytes), kept| (entries + 1, bytes + kept.weight_bytes))
    }
}

impl<K, V> Drop for Permanent<K, V> {
    fn drop(&mut self) {
        let (entries, bytes) = self.held();
        self.counters.permanent_dropped(entries, bytes);
        let mut owned = Vec::with_capacity(usize::try_from(entries).unwrap_or_default());
        let mut chained = Vec::new();
        for kept in self.iter() {
            // SAFETY: nobody reads it any more, says `&mut self`, and each entry is listed once: it is moved out once.
            owned.push(unsafe { ptr::read(&raw const *kept.entry) });
            // ORDERING: Relaxed: `&mut self` came from whoever dropped the last handle, after all the others.
            chained.push(kept.next.load(Ordering::Relaxed));
        }
        for boxed in chained.into_iter().filter(|next| !next.is_null()) {
            // SAFETY: boxed by `chain`, named by this `next` only (I4), and emptied above.
            drop(unsafe { Box::from_raw(boxed) });
        }
        // Together, and after all else: one that panics in its drop keeps neither the others nor the index.
        drop(owned);
    }
}
