//! The primitives of the concurrent core: std's, or loom's under `--cfg loom`. Only this file and its children know loom.
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
//! - I2: a value lent by [`Map::get`] stays where it is as long as the map lives: none is moved, removed or replaced.
//!
//! # Orderings
//! - `Map` insert Release -> `Map` get Acquire: the value's contents (papaya does the same inside).
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

#[cfg(lookback_sanitize)]
mod sanitize;

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
mod epochs;

#[cfg(all(loom, not(crossbeam_loom)))]
mod pin_book;

#[cfg(any(not(loom), crossbeam_loom))]
pub(crate) use epochs::{Collector, Pin};
#[cfg(all(loom, not(crossbeam_loom)))]
pub(crate) use pin_book::{Collector, Pin};

/// Hashes a key, once for every table that it is looked up in.
///
/// The seed is fixed, so that two runs place and evict alike; keys are the program's own, nobody's attack.
#[inline]
pub(crate) fn hash_of<K: Hash>(key: &K) -> u64 {
    foldhash::fast::FixedState::with_seed(0x6c6f_6f6b_6261_636b).hash_one(key)
}

#[cfg(not(loom))]
mod index;

#[cfg(loom)]
mod index_slots;

#[cfg(not(loom))]
pub(crate) use index::{ErasedMapPin, Map, MapPin};
#[cfg(loom)]
pub(crate) use index_slots::{ErasedMapPin, Map, MapPin};
