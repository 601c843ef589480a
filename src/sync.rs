//! The primitives of the concurrent core: std's, or loom's under `--cfg loom`. Only this file and its children know loom.
//!
//! What loom has no model of is swapped for a stand-in with the same interface and the same promises:
//!
//! | here | built on | under `--cfg loom` | under `--cfg loom --cfg crossbeam_loom` |
//! |---|---|---|---|
//! | [`Map`] | papaya | a fixed array of `AtomicPtr` slots: Release insert, Acquire get | the same stand-in |
//! | [`Collector`], [`Pin`] | crossbeam-epoch | a book of pins: what is retired is freed when those of that moment have ended | crossbeam-epoch |
//! | [`Track`] | nothing | a checked cell: reading, freeing and leaking are seen by loom | the same |
//! | [`Deadline`] | a moment | never passes, or has passed where the limit is zero | the same |
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

use std::time::Duration;

#[cfg(not(any(loom, test)))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64};
#[cfg(not(loom))]
pub(crate) use std::sync::{Arc, Condvar, Mutex, atomic::Ordering};

#[cfg(all(test, not(loom)))]
pub(crate) mod counted;
#[cfg(all(test, not(loom)))]
pub(crate) use counted::{AtomicBool, AtomicPtr, AtomicU64};
#[cfg(not(loom))]
pub(crate) use std::thread_local;

#[cfg(all(test, not(loom)))]
pub(crate) use counted::AtomicU64 as UnmodelledU64;
/// For counters that guard nothing: std's under loom too, so that statistics do not multiply the interleavings.
#[cfg(any(loom, not(test)))]
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

/// Locks; a panic in another thread while it held the lock does not poison it.
///
/// Every critical section of this crate leaves its data whole at each step, so there is nothing to distrust.
#[cfg(not(lookback_sanitize))]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> impl std::ops::DerefMut<Target = T> + '_ {
    #[cfg(all(test, not(loom)))]
    counted::note(mutex);
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(lookback_sanitize)]
pub(crate) use sanitize::lock;

#[cfg(lookback_sanitize)]
mod sanitize;

/// A slot that is filled once, and a way to wait for that. What it holds is read without a lock.
#[derive(Debug)]
pub(crate) struct Flag<T> {
    /// std's under loom too, which has none: it is set before `is_filled` says so and read after, never both at once.
    value: std::sync::OnceLock<T>,
    is_filled: Mutex<bool>,
    filled: Condvar,
}

impl<T> Flag<T> {
    pub(crate) fn new() -> Self {
        Self { value: std::sync::OnceLock::new(), is_filled: Mutex::new(false), filled: Condvar::new() }
    }

    /// Fills the slot and wakes every waiter; a second filling changes nothing.
    pub(crate) fn fill(&self, value: T) {
        drop(self.value.set(value));
        *lock(&self.is_filled) = true;
        self.filled.notify_all();
    }

    /// Waits until the slot is filled, or until the deadline has passed.
    #[cfg(not(loom))]
    pub(crate) fn wait_until(&self, deadline: &Deadline) -> Option<&T> {
        let is_filled = self.is_filled.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (is_filled, _) = self
            .filled
            .wait_timeout_while(is_filled, deadline.left(), |is_filled| {
                #[cfg(lookback_sanitize)]
                sanitize::hold(&self.is_filled);
                let is_empty = !*is_filled;
                #[cfg(lookback_sanitize)]
                sanitize::hold(&self.is_filled);
                is_empty
            })
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_readable = *is_filled;
        #[cfg(lookback_sanitize)]
        sanitize::hold(&self.is_filled);
        drop(is_filled);
        self.value.get().filter(|_| is_readable)
    }

    /// Loom has no time: a limit of zero has always passed, any other never does.
    #[cfg(loom)]
    pub(crate) fn wait_until(&self, deadline: &Deadline) -> Option<&T> {
        let mut is_filled = self.is_filled.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        while !*is_filled && !deadline.has_passed {
            is_filled = self.filled.wait(is_filled).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        let is_readable = *is_filled;
        drop(is_filled);
        self.value.get().filter(|_| is_readable)
    }
}

/// When the waiting ends, however often it begins anew.
#[derive(Debug)]
pub(crate) struct Deadline {
    /// None where the clock does not reach that far.
    #[cfg(not(loom))]
    at: Option<std::time::Instant>,
    #[cfg(loom)]
    has_passed: bool,
}

impl Deadline {
    pub(crate) fn after(limit: Duration) -> Self {
        #[cfg(not(loom))]
        return Self { at: std::time::Instant::now().checked_add(limit) };
        #[cfg(loom)]
        return Self { has_passed: limit.is_zero() };
    }

    #[cfg(not(loom))]
    fn left(&self) -> Duration {
        self.at.map_or(Duration::MAX, |at| at.saturating_duration_since(std::time::Instant::now()))
    }
}

/// The bytes that were retired and are not freed yet, of one collector.
///
/// Shared by an `Arc` of std in models too: whoever runs the last free holds it.
#[derive(Debug)]
pub(crate) struct Limbo(LimboCount);

/// What the real epochs decide by has to be seen by loom; the stand-in decides nothing by it.
#[cfg(not(all(loom, not(crossbeam_loom))))]
type LimboCount = AtomicU64;
#[cfg(all(loom, not(crossbeam_loom)))]
type LimboCount = UnmodelledU64;

impl Limbo {
    fn new() -> Self {
        Self(LimboCount::new(0))
    }

    /// Bytes in limbo; 0 where a fall was seen before its rise.
    pub(crate) fn bytes(&self) -> u64 {
        // ORDERING: Relaxed: it guards no memory; a late look costs a flush too many or too few.
        let bytes = self.0.load(Ordering::Relaxed);
        if bytes > u64::MAX / 2 { 0 } else { bytes }
    }

    fn add(&self, bytes: u64) {
        // ORDERING: Relaxed: see `bytes`.
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    fn subtract(&self, bytes: u64) {
        // ORDERING: Relaxed: see `bytes`.
        self.0.fetch_sub(bytes, Ordering::Relaxed);
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
    /// What the pointer points to.
    type Target;

    /// The pointer itself.
    fn into_raw(self) -> std::ptr::NonNull<Self::Target>;

    /// Bytes that freeing it gives back.
    ///
    /// # Safety
    /// The memory must not have been freed yet.
    unsafe fn bytes(raw: std::ptr::NonNull<Self::Target>) -> u64;

    /// The track inside, so that a model sees the memory being freed.
    ///
    /// # Safety
    /// The memory must not have been freed yet.
    #[cfg_attr(not(loom), expect(dead_code, reason = "asked in models only"))]
    unsafe fn track<'a>(raw: std::ptr::NonNull<Self::Target>) -> &'a Track;

    /// Frees the memory.
    ///
    /// # Safety
    /// Nobody may read it any more, and it is freed once.
    unsafe fn free(raw: std::ptr::NonNull<Self::Target>);
}

#[cfg(any(not(loom), crossbeam_loom))]
mod epochs;

#[cfg(all(loom, not(crossbeam_loom)))]
mod pin_book;

#[cfg(any(not(loom), crossbeam_loom))]
pub(crate) use epochs::{Collector, Pin};
#[cfg(all(loom, not(crossbeam_loom)))]
pub(crate) use pin_book::{Collector, Pin};

#[cfg(not(loom))]
mod index;

#[cfg(loom)]
mod index_slots;

#[cfg(not(loom))]
pub(crate) use index::{ErasedMapPin, Map, MapPin};
#[cfg(loom)]
pub(crate) use index_slots::{ErasedMapPin, Map, MapPin};
