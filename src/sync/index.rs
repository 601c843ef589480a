//! The map of the permanent tier: papaya, behind a pin of its own. `super` has the invariants and orderings.

use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// A key that hashes by [`super::hash_of`]: once more only when the map grows, so that entries need not hold it.
struct Hashed<K>(K);

impl<K: Hash> Hash for Hashed<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(super::hash_of(&self.0));
    }
}

impl<K: PartialEq> PartialEq for Hashed<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K: Eq> Eq for Hashed<K> {}

/// A key to look up, borrowed, with the hash that [`super::hash_of`] gave it.
struct Sought<'a, K> {
    hash: u64,
    key: &'a K,
}

impl<K> Hash for Sought<'_, K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl<K: Eq> papaya::Equivalent<Hashed<K>> for Sought<'_, K> {
    fn equivalent(&self, other: &Hashed<K>) -> bool {
        *self.key == other.0
    }
}

/// Passes the hash of [`Hashed`] and [`Sought`] keys through.
#[derive(Default)]
struct Through(u64);

impl Hasher for Through {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a hashed key writes one u64");
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// An insert-only concurrent map with a collector of its own.
pub(crate) struct Map<K, V>(papaya::HashMap<Hashed<K>, V, BuildHasherDefault<Through>>);

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
        // SAFETY: as in `get`.
        papaya::Guard::refresh(unsafe { &mut self.0.assume_init_mut().0 });
    }
}

impl Drop for ErasedMapPin {
    fn drop(&mut self) {
        // SAFETY: initialised by `erase`, and not used again.
        unsafe { self.0.assume_init_drop() };
    }
}

impl<K: Hash + Eq, V> Map<K, V> {
    /// Room for `capacity` entries before the first resize.
    pub(crate) fn new(capacity: usize) -> Self {
        Self(papaya::HashMap::builder().capacity(capacity).hasher(BuildHasherDefault::default()).build())
    }

    pub(crate) fn pin(&self) -> MapPin<'_> {
        MapPin(self.0.owned_guard(), PhantomData)
    }

    #[inline]
    pub(crate) fn get<'pin>(&self, hash: u64, key: &K, pin: &'pin MapPin<'_>) -> Option<&'pin V>
    where
        K: 'pin,
    {
        self.0.get(&Sought { hash, key }, &pin.0)
    }

    /// Inserts, or gives back the value that was there first.
    pub(crate) fn insert<'pin>(
        &self,
        hash: u64,
        key: K,
        value: V,
        pin: &'pin MapPin<'_>,
    ) -> Result<&'pin V, &'pin V> {
        debug_assert_eq!(hash, super::hash_of(&key), "a key is found by the hash that it is inserted by");
        self.0.try_insert(Hashed(key), value, &pin.0).map_err(|occupied| occupied.current)
    }

    /// Calls `visit` with every entry that was there when the call began.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(u64, &K, &V)) {
        for (Hashed(key), value) in &self.0.pin_owned() {
            visit(super::hash_of(key), key, value);
        }
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
