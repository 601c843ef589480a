//! The primitives of the concurrent core: std's, or loom's under `--cfg loom`. The only file that knows loom.
//!
//! What loom has no model of is swapped for a stand-in with the same interface and the same promises:
//!
//! | here | built on | under `--cfg loom` | under `--cfg loom --cfg crossbeam_loom` |
//! |---|---|---|---|
//! | [`Map`] | papaya | a fixed array of `AtomicPtr` slots: Release insert, Acquire get | the same stand-in |
//! | [`Collector`], [`Pin`] | crossbeam-epoch | a book of pins: what is retired is freed when those of that moment have ended | crossbeam-epoch |
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
//! - retire AcqRel -> `Pin` start Acquire, in the stand-in: a pin that is not waited for sees what was unpublished.
//!   crossbeam-epoch promises the same by its fences.

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

/// Whether this is a build for models, in which less of everything shows as much.
pub(crate) const IS_MODEL: bool = cfg!(loom);

/// Whether the mutant of that name runs: one rule broken, to show that a model or a sanitizer sees it. In builds for
/// these only.
///
/// Asked of the environment, `LOOKBACK_MUTANT`, so that one build serves every mutant.
macro_rules! mutant {
    ($name:literal) => {
        cfg!(any(loom, lookback_sanitize)) && $crate::sync::is_mutant($name)
    };
}
pub(crate) use mutant;

#[cfg(any(loom, lookback_sanitize))]
pub(crate) fn is_mutant(name: &str) -> bool {
    static CHOSEN: std::sync::OnceLock<Option<String>> = std::sync::OnceLock::new();
    CHOSEN.get_or_init(|| std::env::var("LOOKBACK_MUTANT").ok()).as_deref() == Some(name)
}

#[cfg(not(any(loom, lookback_sanitize)))]
pub(crate) const fn is_mutant(_name: &str) -> bool {
    false
}

/// Locks; a panic in another thread while it held the lock does not poison it.
///
/// Every critical section of this crate leaves its data whole at each step, so there is nothing to distrust.
#[cfg(not(lookback_sanitize))]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> impl std::ops::DerefMut<Target = T> + '_ {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(lookback_sanitize)]
pub(crate) use sanitize::lock;

/// ThreadSanitizer does not see into std, and so not that a contended mutex orders what it guards: here each mutex
/// says so by an atomic of its own.
#[cfg(lookback_sanitize)]
mod sanitize {
    use super::{AtomicU64, Mutex, Ordering};
    use std::ops::{Deref, DerefMut};
    use std::sync::{MutexGuard, PoisonError};

    /// Mutexes whose addresses differ by a multiple of this share one; too few do to hide a race.
    const EDGES: usize = 4_093;

    static SEEN: [AtomicU64; EDGES] = [const { AtomicU64::new(0) }; EDGES];

    fn edge<T>(mutex: &Mutex<T>) -> &'static AtomicU64 {
        &SEEN[(std::ptr::from_ref(mutex).addr() / 8) % EDGES]
    }

    /// Shows that this thread holds the mutex: called after it was locked and before it is unlocked out of sight.
    pub(super) fn hold<T>(mutex: &Mutex<T>) {
        // ORDERING: AcqRel, pairs with itself in other threads, as locking and unlocking do.
        edge(mutex).fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) struct Guard<'a, T>(MutexGuard<'a, T>, &'static AtomicU64);

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> Guard<'_, T> {
        let guard = mutex.lock().unwrap_or_else(PoisonError::into_inner);
        hold(mutex);
        Guard(guard, edge(mutex))
    }

    impl<T> Deref for Guard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0
        }
    }

    impl<T> DerefMut for Guard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.0
        }
    }

    impl<T> Drop for Guard<'_, T> {
        fn drop(&mut self) {
            // ORDERING: Release, pairs with the Acquire in `hold`.
            self.1.fetch_add(1, Ordering::Release);
        }
    }
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
            .wait_timeout_while(value, limit, |value| {
                #[cfg(lookback_sanitize)]
                sanitize::hold(&self.value);
                let is_none = value.is_none();
                #[cfg(lookback_sanitize)]
                sanitize::hold(&self.value);
                is_none
            })
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let answer = value.clone();
        #[cfg(lookback_sanitize)]
        sanitize::hold(&self.value);
        answer
    }

    /// Loom has no time: a limit of zero has always passed, any other never does.
    #[cfg(loom)]
    pub(crate) fn wait_for(&self, limit: Duration) -> Option<T> {
        let mut value = self.value.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while value.is_none() && (!limit.is_zero() || mutant!("waits_without_limit")) {
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
    #[cfg_attr(not(loom), expect(dead_code, reason = "asked in models only"))]
    unsafe fn tracks(&self, visit: &mut dyn FnMut(&Track));

    /// Frees the memory.
    ///
    /// # Safety
    /// Nobody may read it any more, and it is freed once.
    unsafe fn free(self);
}

#[cfg(any(not(loom), crossbeam_loom))]
mod reclaim {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::Retire;
    use crossbeam_epoch as epoch;

    /// What one flush frees at most: 8 bags of 64.
    ///
    /// Source: crossbeam-epoch 0.9.21, `Global::COLLECT_STEPS` and `MAX_OBJECTS` in src/internal.rs.
    const FREED_BY_A_FLUSH: u32 = 8 * 64;

    /// Flushes that one thread spends on what others could not free: about 32,000 objects, a few milliseconds. loom
    /// would try every interleaving of each.
    const BACKLOG_FLUSHES: u32 = if cfg!(loom) { 0 } else { 64 };

    /// Flushes that free nothing before a thread gives up: every pin that ends leaves a bag, mostly an empty one, and
    /// bags are freed in their order.
    const FLUSHES_IN_VAIN: u32 = 4;

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
            let guard = handle.pin();
            #[cfg(loom)]
            if super::mutant!("reader_forgets_to_pin") {
                // SAFETY: the twin ends the hold here; `Pin::drop` takes one anew for the guard that is kept to end.
                drop(unsafe { std::ptr::read(&raw const guard) });
            }
            Pin { guard, _handle: handle, retired: Cell::new(0) }
        }
    }

    #[cfg(loom)]
    impl Drop for Pin {
        fn drop(&mut self) {
            if super::mutant!("reader_forgets_to_pin") {
                std::mem::forget(self._handle.pin());
            }
        }
    }

    /// A thread's hold on memory. `!Send`.
    #[derive(Debug)]
    pub(crate) struct Pin {
        // Declared, and so dropped, before the handle that it belongs to.
        guard: epoch::Guard,
        _handle: epoch::LocalHandle,
        /// How much this thread retired since it last drained.
        retired: Cell<u32>,
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
                let freed = catch_unwind(AssertUnwindSafe(|| unsafe { retired.free() }));
                // A value whose drop panics ends neither the thread that happens to free it nor the rest of its
                // bag; the panic's hook has reported it.
                if let Err(payload) = freed {
                    std::mem::forget(payload);
                }
                after(bytes);
            };
            self.retired.set(self.retired.get().saturating_add(1));
            // SAFETY: `free` is Send and owns what it captures, because `T: Retire` and `after` do; that no new pin
            // reaches the memory is this function's own contract.
            unsafe { self.guard.defer_unchecked(free) };
        }

        /// Ends the hold and takes a new one.
        pub(crate) fn refresh(&mut self) {
            // A whole pin and not `repin`, which has no fence: a later load of a table could move before it.
            self.guard.repin_after(|| {});
        }

        /// Whether it holds memory of that collector.
        pub(crate) fn belongs_to(&self, collector: &Collector) -> bool {
            self.guard.collector() == Some(&collector.0)
        }

        /// Hands what this thread has retired to all, and frees as much of what is old enough.
        pub(crate) fn share_out(&mut self) {
            self.flush(1 + self.retired.take() / FREED_BY_A_FLUSH);
        }

        /// Frees at least as much as this thread has retired, as far as the other pins allow, and goes on for a while
        /// where memory was held back before.
        ///
        /// Each thread pays for itself: were it one flush whatever was retired, memory would grow without bound.
        pub(crate) fn drain(&mut self, limbo_bytes: impl Fn() -> u64) {
            // An epoch ends once every pin has seen it, and memory waits for two.
            self.flush(2 + self.retired.take() / FREED_BY_A_FLUSH);
            let (mut in_vain, mut least) = (0, limbo_bytes());
            for _ in 0..BACKLOG_FLUSHES {
                if least == 0 || in_vain == FLUSHES_IN_VAIN {
                    break;
                }
                self.flush(1);
                let left = limbo_bytes();
                in_vain = if left < least { 0 } else { in_vain + 1 };
                least = left.min(least);
            }
        }

        fn flush(&mut self, times: u32) {
            for _ in 0..times {
                self.guard.flush();
                self.refresh();
            }
        }
    }
}

#[cfg(all(loom, not(crossbeam_loom)))]
mod reclaim {
    use std::collections::BTreeSet;

    use super::{Arc, Retire};
    use loom::sync::atomic::{AtomicUsize, Ordering, fence};

    /// Marks memory as freed, and gives the step that gives it back.
    type Bury = Box<dyn FnOnce() -> Box<dyn FnOnce()>>;

    /// The stand-in for epochs: what is retired is freed as soon as every pin that was held at that moment has ended
    /// or was refreshed, whatever pins began since.
    ///
    /// That is as early as epochs may ever free, and mostly earlier than they do. A thread that forgets to pin is not
    /// waited for, and what is retired before it was unpublished is freed under whoever finds it then. Freed memory is
    /// marked and kept until the collector ends, so that a late read is reported instead of being undefined.
    #[derive(Debug)]
    pub(crate) struct Collector(Arc<State>);

    struct State {
        /// Orders pins, retirements and frees; its value means nothing.
        turns: AtomicUsize,
        // Not modelled: no step of loom lies between taking this lock and letting it go.
        books: std::sync::Mutex<Books>,
    }

    #[derive(Default)]
    struct Books {
        pins: usize,
        held: BTreeSet<usize>,
        limbo: Vec<(BTreeSet<usize>, Bury)>,
        graveyard: Vec<Box<dyn FnOnce()>>,
    }

    // SAFETY: `limbo` holds closures over `T: Retire`, which is Send, and `graveyard` what they return; both are
    // reached under their lock only.
    unsafe impl Send for State {}
    // SAFETY: as above.
    unsafe impl Sync for State {}

    impl std::fmt::Debug for State {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("State").field("turns", &self.turns).finish_non_exhaustive()
        }
    }

    impl Collector {
        pub(crate) fn new() -> Self {
            Self(Arc::new(State { turns: AtomicUsize::new(0), books: std::sync::Mutex::default() }))
        }

        pub(crate) fn pin(&self) -> Pin {
            let id = self.0.start();
            Pin { state: self.0.clone(), id, _not_send: std::marker::PhantomData }
        }
    }

    impl State {
        fn books(&self) -> std::sync::MutexGuard<'_, Books> {
            self.books.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
        }

        fn start(&self) -> usize {
            // ORDERING: Acquire, pairs with the AcqRel in `retire`: a pin that is not waited for sees unpublished
            // what was retired before it began (I1).
            self.turns.fetch_add(1, Ordering::Acquire);
            fence(Ordering::SeqCst);
            let mut books = self.books();
            books.pins += 1;
            let id = books.pins;
            if !super::mutant!("reader_forgets_to_pin") {
                books.held.insert(id);
            }
            id
        }

        fn end(&self, id: usize) {
            // ORDERING: AcqRel: Release ends this thread's reads before what it held back is freed, Acquire sees
            // those of the others that held it back (I1).
            self.turns.fetch_add(1, Ordering::AcqRel);
            let mut books = self.books();
            books.held.remove(&id);
            books.limbo.iter_mut().for_each(|(waits_for, _)| {
                waits_for.remove(&id);
            });
            drop(books);
            self.bury();
        }

        fn retire(&self, bury: Bury) {
            // ORDERING: AcqRel, pairs with the Acquire in `start`.
            self.turns.fetch_add(1, Ordering::AcqRel);
            let mut books = self.books();
            let waits_for =
                if super::mutant!("retire_frees_at_once") { BTreeSet::new() } else { books.held.clone() };
            books.limbo.push((waits_for, bury));
            drop(books);
            if super::mutant!("retire_frees_at_once") {
                self.bury();
            }
        }

        /// Buries what nobody holds back any more.
        fn bury(&self) {
            let mut books = self.books();
            let (free, held): (Vec<_>, Vec<_>) =
                books.limbo.drain(..).partition(|(waits_for, _)| waits_for.is_empty());
            books.limbo = held;
            drop(books);
            for (_, bury) in free {
                let give_back = bury();
                self.books().graveyard.push(give_back);
            }
        }
    }

    impl Drop for State {
        fn drop(&mut self) {
            // The last handle is gone, and no pin outlives its generation.
            self.books().limbo.iter_mut().for_each(|(waits_for, _)| waits_for.clear());
            self.bury();
            let graveyard = std::mem::take(&mut self.books().graveyard);
            graveyard.into_iter().for_each(|give_back| give_back());
        }
    }

    /// A thread's hold on memory. `!Send`.
    #[derive(Debug)]
    pub(crate) struct Pin {
        state: Arc<State>,
        id: usize,
        _not_send: std::marker::PhantomData<*mut ()>,
    }

    impl Pin {
        /// Frees `retired` when no pin of now is left; `after` is told the bytes then.
        ///
        /// # Safety
        /// Whoever pins from now on must have no way to reach `retired`, and it is retired once.
        pub(crate) unsafe fn retire<T: Retire>(&self, retired: T, after: impl FnOnce(u64) + Send + 'static) {
            self.state.retire(Box::new(move || {
                // SAFETY: the memory is given back later, in the collector's drop.
                unsafe { retired.tracks(&mut |track| track.bury()) };
                after(retired.bytes());
                Box::new(move || {
                    // SAFETY: the collector is being dropped: no pin is left, and this runs once.
                    unsafe { retired.free() };
                })
            }));
        }

        /// Ends the hold and takes a new one.
        pub(crate) fn refresh(&mut self) {
            self.state.end(self.id);
            self.id = self.state.start();
        }

        /// Whether it holds memory of that collector.
        pub(crate) fn belongs_to(&self, collector: &Collector) -> bool {
            Arc::ptr_eq(&self.state, &collector.0)
        }

        pub(crate) fn share_out(&mut self) {}

        pub(crate) fn drain(&mut self, _limbo_bytes: impl Fn() -> u64) {}
    }

    impl Drop for Pin {
        fn drop(&mut self) {
            self.state.end(self.id);
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

#[cfg(not(loom))]
mod map {
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
            ErasedMapPin(MaybeUninit::new(unsafe {
                std::mem::transmute::<MapPin<'_>, MapPin<'static>>(self)
            }))
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
}

pub(crate) use map::{ErasedMapPin, Map, MapPin};
