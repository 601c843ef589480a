//! The stand-in for papaya in models: a few slots. `super` has the invariants and orderings.

use super::{AtomicPtr, Ordering, Track};
use std::marker::PhantomData;

const SLOTS: usize = 4;

struct Entry<K, V> {
    track: Track,
    hash: u64,
    key: K,
    value: V,
}

/// The stand-in for papaya: a few slots, filled once each, nothing between an insert and a get but one pointer.
pub(crate) struct Map<K, V>([AtomicPtr<Entry<K, V>>; SLOTS]);

pub(crate) struct MapPin<'map>(PhantomData<(&'map (), *mut ())>);

pub(crate) struct ErasedMapPin(MapPin<'static>);

impl ErasedMapPin {
    pub(crate) fn get(&self) -> &MapPin<'static> {
        &self.0
    }

    pub(crate) fn refresh(&mut self) {}
}

impl<K: Eq, V> Map<K, V> {
    pub(crate) fn new(_capacity: usize) -> Self {
        Self(std::array::from_fn(|_| AtomicPtr::new(std::ptr::null_mut())))
    }

    pub(crate) fn pin(&self) -> MapPin<'_> {
        MapPin(PhantomData)
    }

    fn entry<'pin>(&self, slot: usize) -> Option<&'pin Entry<K, V>> {
        // ORDERING: Acquire, pairs with the Release in `insert`: the entry's contents.
        let entry = self.0[slot].load(Ordering::Acquire);
        // SAFETY: a slot holds null or a box that lives until the map is dropped (I2).
        let entry = unsafe { entry.as_ref() }?;
        entry.track.read();
        Some(entry)
    }

    pub(crate) fn get<'pin>(&self, hash: u64, key: &K, _pin: &'pin MapPin<'_>) -> Option<&'pin V>
    where
        K: 'pin,
    {
        (0..SLOTS)
            .map_while(|slot| self.entry(slot))
            .find(|entry| entry.hash == hash && entry.key == *key)
            .map(|entry| &entry.value)
    }

    pub(crate) fn insert<'pin>(
        &self,
        hash: u64,
        key: K,
        value: V,
        _pin: &'pin MapPin<'_>,
    ) -> Result<&'pin V, &'pin V>
    where
        K: 'pin,
    {
        let entry = Box::into_raw(Box::new(Entry { track: Track::new(), hash, key, value }));
        // SAFETY: just made from a box, and freed by nobody before the map.
        let fresh: &'pin Entry<K, V> = unsafe { &*entry };
        for slot in &self.0 {
            // ORDERING: Release publishes the entry; Acquire on failure reads the one that was first.
            let published = if super::mutant!("map_publishes_relaxed") {
                slot.compare_exchange(std::ptr::null_mut(), entry, Ordering::Relaxed, Ordering::Acquire)
            } else {
                slot.compare_exchange(std::ptr::null_mut(), entry, Ordering::Release, Ordering::Acquire)
            };
            let Err(first) = published else {
                return Ok(&fresh.value);
            };
            // SAFETY: as in `entry`.
            let first = unsafe { &*first };
            if first.hash == hash && first.key == fresh.key {
                // SAFETY: never published, so this is the only pointer.
                drop(unsafe { Box::from_raw(entry) });
                return Err(&first.value);
            }
        }
        panic!("a model holds at most {SLOTS} permanent entries");
    }

    pub(crate) fn for_each(&self, mut visit: impl FnMut(u64, &K, &V)) {
        for entry in (0..SLOTS).map_while(|slot| self.entry(slot)) {
            visit(entry.hash, &entry.key, &entry.value);
        }
    }
}

impl<K, V> Drop for Map<K, V> {
    fn drop(&mut self) {
        for slot in &mut self.0 {
            let entry = slot.with_mut(|entry| *entry);
            if !entry.is_null() {
                // SAFETY: the map owned the box, and `&mut self` says that nobody reads any more.
                let entry = unsafe { Box::from_raw(entry) };
                entry.track.bury();
            }
        }
    }
}

impl MapPin<'_> {
    /// Forgets which map the pin belongs to.
    ///
    /// # Safety
    /// The map must stay where it is until the pin is dropped.
    pub(crate) unsafe fn erase(self) -> ErasedMapPin {
        ErasedMapPin(MapPin(PhantomData))
    }
}
