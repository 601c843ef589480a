//! The stand-in for papaya in models: a few slots. `super` has the invariants and orderings.

use super::{AtomicPtr, Ordering, Track};
use std::marker::PhantomData;

const SLOTS: usize = 4;

struct Slot<T> {
    track: Track,
    hash: u64,
    value: T,
}

/// The stand-in for papaya: a few slots, filled once each, nothing between an insert and a get but one pointer.
pub(crate) struct Map<T> {
    slots: [AtomicPtr<Slot<T>>; SLOTS],
    /// What a pin touches when it ends, as papaya's does: shared, so that one which ends too late is reported.
    track: std::sync::Arc<Track>,
}

pub(crate) struct MapPin<'map> {
    track: std::sync::Arc<Track>,
    _of: PhantomData<(&'map (), *mut ())>,
}

impl Drop for MapPin<'_> {
    fn drop(&mut self) {
        self.track.read();
    }
}

pub(crate) struct ErasedMapPin(MapPin<'static>);

impl ErasedMapPin {
    pub(crate) fn get(&self) -> &MapPin<'static> {
        &self.0
    }

    pub(crate) fn refresh(&mut self) {}
}

impl<T> Map<T> {
    pub(crate) fn new(_capacity: usize) -> Self {
        let slots = std::array::from_fn(|_| AtomicPtr::new(std::ptr::null_mut()));
        Self { slots, track: std::sync::Arc::new(Track::new()) }
    }

    pub(crate) fn pin(&self) -> MapPin<'_> {
        MapPin { track: self.track.clone(), _of: PhantomData }
    }

    pub(crate) fn get<'pin>(&self, hash: u64, _pin: &'pin MapPin<'_>) -> Option<&'pin T> {
        let filled = |slot: &AtomicPtr<Slot<T>>| {
            // ORDERING: Acquire, pairs with the Release in `insert`: the slot's contents.
            let filled = slot.load(Ordering::Acquire);
            // SAFETY: a slot holds null or a box that lives until the map is dropped (I2).
            let filled: &'pin Slot<T> = unsafe { filled.as_ref() }?;
            filled.track.read();
            Some(filled)
        };
        self.slots.iter().map_while(filled).find(|slot| slot.hash == hash).map(|slot| &slot.value)
    }

    pub(crate) fn insert<'pin>(
        &self,
        hash: u64,
        value: T,
        _pin: &'pin MapPin<'_>,
    ) -> Result<&'pin T, (&'pin T, T)> {
        let fresh = Box::into_raw(Box::new(Slot { track: Track::new(), hash, value }));
        for slot in &self.slots {
            // ORDERING: Release publishes the contents; Acquire on failure reads those that were first.
            let published =
                slot.compare_exchange(std::ptr::null_mut(), fresh, Ordering::Release, Ordering::Acquire);
            let Err(first) = published else {
                // SAFETY: just published, and it lives until the map is dropped (I2).
                return Ok(&unsafe { &*fresh }.value);
            };
            // SAFETY: a slot that is not null holds a box that lives until the map is dropped (I2).
            let first: &'pin Slot<T> = unsafe { &*first };
            if first.hash == hash {
                // SAFETY: never published, so this is the only pointer.
                let fresh = unsafe { Box::from_raw(fresh) };
                return Err((&first.value, fresh.value));
            }
        }
        panic!("a model holds permanent entries of at most {SLOTS} hashes");
    }
}

impl<T> Drop for Map<T> {
    fn drop(&mut self) {
        for slot in &mut self.slots {
            let slot = slot.with_mut(|slot| *slot);
            if !slot.is_null() {
                // SAFETY: the map owned the box, and `&mut self` says that nobody reads any more.
                let slot = unsafe { Box::from_raw(slot) };
                slot.track.bury();
            }
        }
        self.track.bury();
    }
}

impl MapPin<'_> {
    /// Forgets which map the pin belongs to.
    ///
    /// # Safety
    /// The map must stay where it is until the pin is dropped.
    pub(crate) unsafe fn erase(self) -> ErasedMapPin {
        ErasedMapPin(MapPin { track: self.track.clone(), _of: PhantomData })
    }
}
