//! The map of the permanent tier: papaya, behind a pin of its own. `super` has the invariants and orderings.
//!
//! papaya sees hashes and never a key, so that no code of a user's runs while it inserts or grows. It is never
//! iterated: iterating ends a growth that is under way, and that may not end (docs/notes/papaya.md).

use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use foldhash::fast::FixedState;

/// An insert-only concurrent map from hashes, with a collector of its own.
///
/// Hashes are placed by a second hash with a seed of the map's own: neither a poor `Hash` of a key nor one that was
/// chosen with care puts many of them into the same place, where papaya would grow without need. The seed is random;
/// nothing shows, because only this map's places depend on it.
pub(crate) struct Map<T>(papaya::HashMap<u64, T, FixedState>);

/// A hold on the tables of a [`Map`]. `!Send`.
///
/// It owns its place in the collector. A guard of the thread's place would be cheaper to make, but the thread gives
/// that place away when it ends, and a reader in a `thread_local!` may end later.
pub(crate) struct MapPin<'map>(papaya::OwnedGuard<'map>, PhantomData<*mut ()>);

/// A [`MapPin`] that does not say which map it belongs to.
///
/// `MaybeUninit`, because the pin refers to a map that may be freed before a function returns that was handed the
/// pin by value: a plain reference in such an argument would have to stay valid until then.
pub(crate) struct ErasedMapPin(MaybeUninit<MapPin<'static>>);

impl ErasedMapPin {
    #[inline]
    pub(crate) fn get(&self) -> &MapPin<'static> {
        // SAFETY: initialised by `erase`, and dropped with `self` only.
        unsafe { self.0.assume_init_ref() }
    }

    pub(crate) fn refresh(&mut self) {
        // SAFETY: initialised by `erase`, and dropped with `self` only.
        papaya::Guard::refresh(unsafe { &mut self.0.assume_init_mut().0 });
    }
}

impl Drop for ErasedMapPin {
    fn drop(&mut self) {
        // SAFETY: initialised by `erase`, and not used again.
        unsafe { self.0.assume_init_drop() };
    }
}

impl<T> Map<T> {
    /// Room for `capacity` hashes before the first resize.
    pub(crate) fn new(capacity: usize) -> Self {
        let seed = RandomState::new().hash_one(capacity);
        Self(papaya::HashMap::builder().capacity(capacity).hasher(FixedState::with_seed(seed)).build())
    }

    pub(crate) fn pin(&self) -> MapPin<'_> {
        MapPin(self.0.owned_guard(), PhantomData)
    }

    #[inline(always)]
    pub(crate) fn get<'pin>(&self, hash: u64, pin: &'pin MapPin<'_>) -> Option<&'pin T> {
        self.0.get(&hash, &pin.0)
    }

    /// Inserts, or gives `value` back beside the one that was there first.
    pub(crate) fn insert<'pin>(
        &self,
        hash: u64,
        value: T,
        pin: &'pin MapPin<'_>,
    ) -> Result<&'pin T, (&'pin T, T)> {
        self.0.try_insert(hash, value, &pin.0).map_err(|occupied| (occupied.current, occupied.not_inserted))
    }
}

impl MapPin<'_> {
    /// Forgets which map the pin belongs to.
    ///
    /// # Safety
    /// The map must stay where it is until the pin is dropped.
    pub(crate) unsafe fn erase(self) -> ErasedMapPin {
        // SAFETY: only the lifetime changes; the caller keeps the map in place for as long as the pin lives.
        ErasedMapPin(MaybeUninit::new(unsafe { std::mem::transmute::<MapPin<'_>, MapPin<'static>>(self) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// papaya's table grows where probes get long; the hashes of a test that differ in few bits must not do that.
    #[test]
    fn hashes_that_agree_in_their_low_or_high_bits_are_found() {
        for shift in [0, 16, 32, 48] {
            let map = Map::new(4);
            let pin = map.pin();
            for value in 0..5_000_u64 {
                assert_eq!(map.insert(value << shift, value, &pin), Ok(&value));
            }
            assert!((0..5_000_u64).all(|value| map.get(value << shift, &pin) == Some(&value)), "{shift}");
            assert_eq!(map.insert(7 << shift, 0, &pin), Err((&7, 0)), "the first value of a hash stays");
        }
    }
}
