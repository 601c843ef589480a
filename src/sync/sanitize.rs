//! Mutexes that ThreadSanitizer understands; only under `--cfg lookback_sanitize`.
//!
//! It does not see into std, and so not that a contended mutex orders what it guards: here each mutex says so by an
//! atomic of its own.

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
