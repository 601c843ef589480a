//! The primitives of the concurrent core: std's, or loom's under `--cfg loom`. The only file that knows loom.
//!
//! What loom has no model of is swapped for a stand-in with the same interface and the same promises:
//!
//! | here | built on | under `--cfg loom` | under `--cfg loom --cfg crossbeam_loom` |
//! |---|---|---|---|
//! | [`Map`] | papaya | a fixed array of `AtomicPtr` slots: Release insert, Acquire get | the same stand-in |
//! | [`Collector`], [`Pin`] | crossbeam-epoch | a count of pins; what is retired is freed when nobody is pinned | crossbeam-epoch |
//! | [`Track`] | nothing | a checked cell: reading, freeing and leaking are seen by loom | the same |
//! | [`Flag::wait_for`] | a timed wait | waits for ever, or not at all where the limit is zero | the same |
//!
//! # Invariants
//! - I1: what was retired through a [`Pin`] is freed only after every pin that was held at that moment has ended or
//!   was refreshed.
//! - I2: a value lent by [`Map::get`] lives as long as the map: entries are never removed or replaced.
//!
//! # Orderings
//! - `Map` insert Release -> `Map` get Acquire: the entry's contents (papaya does the same inside).
//! - `Pin` start Acquire and `fence(SeqCst)` -> the retiring thread's pin end AcqRel: a thread that is not counted
//!   sees every unpublishing that came before.

use std::hash::{BuildHasher, Hash};
use std::time::Duration;

#[cfg(not(loom))]
pub(crate) use std::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering},
};
#[cfg(not(loom))]
pub(crate) use std::thread_local;

/// For counters that guard nothing: std's under loom too, so that statistics do not multiply the interleavings.
pub(crate) use std::sync::atomic::AtomicU64 as UnmodelledU64;
/// The orderings of [`UnmodelledU64`].
pub(crate) use std::sync::atomic::Ordering as UnmodelledOrdering;

#[cfg(loom)]
pub(crate) use loom::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering},
    },
    thread_local,
};

#[cfg(not(loom))]
pub(crate) use std::thread::yield_now;

#[cfg(loom)]
pub(crate) use loom::thread::yield_now;

/// Whether this build carries the mutant of that name: one rule broken, to show that a model sees it.
macro_rules! mutant {
    ($name:literal) => {
        cfg!(all(loom, lookback_mutant = $name))
    };
}
pub(crate) use mutant;

/// Locks; a panic in another thread while it held the lock does not poison it.
///
/// Every critical section of this crate leaves its data whole at each step, so there is nothing to distrust.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> impl std::ops::DerefMut<Target = T> + '_ {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A slot that is filled once, and a way to wait for that.
#[derive(Debug)]
pub(crate) struct Flag<T> {
    value: Mutex<Option<T>>,
    filled: Condvar,
}

impl<T: Clone> Flag<T> {
    pub(crate) fn new() -> Self {
        Self { value: Mutex::new(None), filled: Condvar::new() }
    }

    /// Fills the slot and wakes every waiter.
    pub(crate) fn fill(&self, value: T) {
        *lock(&self.value) = Some(value);
        if !mutant!("flight_forgets_to_wake") {
            self.filled.notify_all();
        }
    }

    /// Waits until the slot is filled, or until the limit has passed.
    #[cfg(not(loom))]
    pub(crate) fn wait_for(&self, limit: Duration) -> Option<T> {
        let value = self.value.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (value, _) = self
            .filled
            .wait_timeout_while(value, limit, |value| value.is_none())
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        value.clone()
    }

    /// Loom has no time: a limit of zero has always passed, any other never does.
    #[cfg(loom)]
    pub(crate) fn wait_for(&self, limit: Duration) -> Option<T> {
        let mut value = self.value.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while value.is_none() && !limit.is_zero() {
            value = self.filled.wait(value).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        value.clone()
    }
}

/// Shows loom who reads a piece of memory and who frees it. Nothing at all outside of models.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct Track;

#[cfg(not(loom))]
impl Track {
    #[inline]
    pub(crate) fn new() -> Self {
        Self
    }

    /// The memory that holds this is read, here and until the reader's pin ends.
    #[inline]
    pub(crate) fn read(&self) {}
}

/// Shows loom who reads a piece of memory and who frees it. Nothing at all outside of models.
#[cfg(loom)]
#[derive(Debug)]
pub(crate) struct Track {
    cell: loom::cell::UnsafeCell<bool>,
    _leaks: loom::alloc::Track<()>,
}

#[cfg(loom)]
impl Track {
    pub(crate) fn new() -> Self {
        Self { cell: loom::cell::UnsafeCell::new(true), _leaks: loom::alloc::Track::new(()) }
    }

    /// The memory that holds this is read, here and until the reader's pin ends.
    pub(crate) fn read(&self) {
        // SAFETY: the pointer is read inside the closure only, because nothing of it is returned but a copy.
        let alive = self.cell.with(|alive| unsafe { *alive });
        assert!(alive, "I1: nothing is read after it was freed");
    }

    fn bury(&self) {
        // SAFETY: the pointer is written inside the closure only; loom checks that nobody reads at the same time.
        self.cell.with_mut(|alive| unsafe { *alive = false });
    }
}

/// What may be retired: a pointer that knows how to free what it points to.
///
/// A pointer and not a `Box`: a box claims to be the only way to its memory, and readers still hold references.
pub(crate) trait Retire: Send + 'static {
    /// Bytes that freeing it gives back.
    fn bytes(&self) -> u64;

    /// Calls `visit` with every track inside, so that a model sees the memory being freed.
    ///
    /// # Safety
    /// The memory must not have been freed yet.
    #[cfg(loom)]
    unsafe fn tracks(&self, visit: &mut dyn FnMut(&Track));

    /// Frees the memory.
    ///
    /// # Safety
    /// Nobody may read it any more, and it is freed once.
    unsafe fn free(self);
}

#[cfg(any(not(loom), crossbeam_loom))]
mod reclaim {
    use super::Retire;
    use crossbeam_epoch as epoch;

    /// Frees retired memory once nobody can hold it (I1): an own epoch, shared by the readers of one generation.
    #[derive(Debug)]
    pub(crate) struct Collector(epoch::Collector);

    impl Collector {
        pub(crate) fn new() -> Self {
            Self(epoch::Collector::new())
        }

        /// Pins memory for this thread until the pin is refreshed or dropped.
        pub(crate) fn pin(&self) -> Pin {
            let handle = self.0.register();
            Pin { guard: handle.pin(), _handle: handle }
        }
    }

    /// A thread's hold on memory. `!Send`.
    #[derive(Debug)]
    pub(crate) struct Pin {
        // Declared, and so dropped, before the handle that it belongs to.
        guard: epoch::Guard,
        _handle: epoch::LocalHandle,
    }

    impl Pin {
        /// Frees `retired` when no pin of now is left; `after` is told the bytes then.
        ///
        /// # Safety
        /// Whoever pins from now on must have no way to reach `retired`, and it is retired once.
        pub(crate) unsafe fn retire<T: Retire>(&self, retired: T, after: impl FnOnce(u64) + Send + 'static) {
            let free = move || {
                let bytes = retired.bytes();
                #[cfg(loom)]
                // SAFETY: not freed yet: that is the next step.
                unsafe {
                    retired.tracks(&mut |track| track.bury());
                }
                // SAFETY: every pin that could reach it has ended when the epoch runs this, once.
                unsafe { retired.free() };
                after(bytes);
            };
            // SAFETY: `free` is Send and owns what it captures, because `T: Retire` and `after` do; that no new pin
            // reaches the memory is this function's own contract.
            unsafe { self.guard.defer_unchecked(free) };
        }

        /// Ends the hold and takes a new one.
        pub(crate) fn refresh(&mut self) {
            self.guard.repin();
        }

        /// Hands what this thread has retired to all, and frees what can be freed.
        pub(crate) fn flush(&self) {
            self.guard.flush();
        }
    }
}

#[cfg(all(loom, not(crossbeam_loom)))]
mod reclaim {
    use super::{Arc, Retire};
    use loom::sync::atomic::{AtomicUsize, Ordering, fence};

    /// Marks memory as freed, and gives the step that gives it back.
    type Bury = Box<dyn FnOnce() -> Box<dyn FnOnce()>>;

    /// The stand-in for epochs: what is retired is freed as soon as nobody at all is pinned.
    ///
    /// That is later than epochs free, never earlier, for a thread that pins; a thread that forgets to is not
    /// waited for. Freed memory is marked and kept until the collector ends, so that a late read is reported
    /// instead of being undefined.
    #[derive(Debug)]
    pub(crate) struct Collector(Arc<State>);

    struct State {
        pinned: AtomicUsize,
        // Not modelled: no step of loom lies between taking one of these locks and letting it go.
        limbo: std::sync::Mutex<Vec<Bury>>,
        graveyard: std::sync::Mutex<Vec<Box<dyn FnOnce()>>>,
    }

    // SAFETY: `limbo` holds closures over `T: Retire`, which is Send, and `graveyard` what they return; both are
    // reached under their locks only.
    unsafe impl Send for State {}
    // SAFETY: as above.
    unsafe impl Sync for State {}

    impl std::fmt::Debug for State {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("State").field("pinned", &self.pinned).finish_non_exhaustive()
        }
    }

    impl Collector {
        pub(crate) fn new() -> Self {
            Self(Arc::new(State {
                pinned: AtomicUsize::new(0),
                limbo: std::sync::Mutex::default(),
                graveyard: std::sync::Mutex::default(),
            }))
        }

        pub(crate) fn pin(&self) -> Pin {
            if !super::mutant!("reader_forgets_to_pin") {
                self.0.start();
            }
            Pin(self.0.clone(), std::marker::PhantomData)
        }
    }

    impl State {
        fn start(&self) {
            // ORDERING: Acquire, pairs with the AcqRel in `end`: whatever was freed before this pin started had
            // been unpublished in this thread's sight (I1).
            self.pinned.fetch_add(1, Ordering::Acquire);
            fence(Ordering::SeqCst);
        }

        fn end(&self) {
            // ORDERING: AcqRel: Release ends this thread's reads before the count falls, Acquire sees those of
            // the others before anything is freed (I1).
            if self.pinned.fetch_sub(1, Ordering::AcqRel) == 1 {
                self.free();
            }
        }

        fn free(&self) {
            let limbo = std::mem::take(&mut *self.limbo.lock().expect("never poisoned"));
            for bury in limbo {
                let buried = bury();
                self.graveyard.lock().expect("never poisoned").push(buried);
            }
        }
    }

    impl Drop for State {
        fn drop(&mut self) {
            self.free();
            for give_back in self.graveyard.get_mut().expect("never poisoned").drain(..) {
                give_back();
            }
        }
    }

    /// A thread's hold on memory. `!Send`.
    #[derive(Debug)]
    pub(crate) struct Pin(Arc<State>, std::marker::PhantomData<*mut ()>);

    impl Pin {
        /// Frees `retired` when no pin is left; `after` is told the bytes then.
        ///
        /// # Safety
        /// Whoever pins from now on must have no way to reach `retired`, and it is retired once.
        pub(crate) unsafe fn retire<T: Retire>(&self, retired: T, after: impl FnOnce(u64) + Send + 'static) {
            let bury: Bury = Box::new(move || {
                // SAFETY: the memory is given back after the last pin, in the collector's drop.
                unsafe { retired.tracks(&mut |track| track.bury()) };
                after(retired.bytes());
                Box::new(move || {
                    // SAFETY: the collector is being dropped: no pin is left, and this runs once.
                    unsafe { retired.free() };
                }) as Box<dyn FnOnce()>
            });
            if super::mutant!("retire_frees_at_once") {
                let buried = bury();
                self.0.graveyard.lock().expect("never poisoned").push(buried);
            } else {
                self.0.limbo.lock().expect("never poisoned").push(bury);
            }
        }

        pub(crate) fn refresh(&mut self) {
            if !super::mutant!("reader_forgets_to_pin") {
                self.0.end();
                self.0.start();
            }
        }

        pub(crate) fn flush(&self) {}
    }

    impl Drop for Pin {
        fn drop(&mut self) {
            if !super::mutant!("reader_forgets_to_pin") {
                self.0.end();
            }
        }
    }
}

pub(crate) use reclaim::{Collector, Pin};

/// Hashes a key, once for every table that it is looked up in.
///
/// The seed is fixed, so that two runs place and evict alike; keys are the program's own, nobody's attack.
#[inline]
pub(crate) fn hash_of<K: Hash>(key: &K) -> u64 {
    foldhash::fast::FixedState::with_seed(0x6c6f_6f6b_6261_636b).hash_one(key)
}

/// Hashes the keys of a plain `HashMap`, several times faster than std's default.
pub(crate) type KeyHasher = foldhash::fast::FixedState;

#[cfg(not(loom))]
mod map {
    use std::hash::{BuildHasherDefault, Hash, Hasher};

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

    /// A thread's hold on the tables of a [`Map`]. `!Send`.
    pub(crate) struct MapPin<'map>(papaya::LocalGuard<'map>);

    impl<K: Hash + Eq, V> Map<K, V> {
        /// Room for `capacity` entries before the first resize.
        pub(crate) fn new(capacity: usize) -> Self {
            Self(papaya::HashMap::builder().capacity(capacity).hasher(BuildHasherDefault::default()).build())
        }

        pub(crate) fn pin(&self) -> MapPin<'_> {
            MapPin(self.0.guard())
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
            for (Hashed(key), value) in &self.0.pin() {
                visit(super::hash_of(key), key, value);
            }
        }
    }

    impl MapPin<'_> {
        pub(crate) fn refresh(&mut self) {
            papaya::Guard::refresh(&mut self.0);
        }

        /// Forgets which map the pin belongs to.
        ///
        /// # Safety
        /// The map must stay where it is until the pin is dropped.
        pub(crate) unsafe fn erase(self) -> MapPin<'static> {
            // SAFETY: only the lifetime changes; the caller keeps the map in place for as long as the pin lives.
            unsafe { std::mem::transmute::<MapPin<'_>, MapPin<'static>>(self) }
        }
    }
}

#[cfg(loom)]
mod map {
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
        pub(crate) fn refresh(&mut self) {}

        /// Forgets which map the pin belongs to.
        ///
        /// # Safety
        /// The map must stay where it is until the pin is dropped.
        pub(crate) unsafe fn erase(self) -> MapPin<'static> {
            MapPin(PhantomData)
        }
    }
}

pub(crate) use map::{Map, MapPin};
