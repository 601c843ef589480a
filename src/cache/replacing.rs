//! Who replaces a cache's generation: one thread at a time.
//!
//! What is asked while a generation is inherited is foreign code: the question itself, and clones and weights. It may use
//! the cache; but a thread that replaced the generation from inside of a replacement would wait for itself, so that it
//! panics instead.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::sync::{Mutex, lock};

crate::sync::thread_local! {
    /// The caches whose generation this thread is replacing, by the address of their lock, which stays while it is held.
    #[allow(clippy::missing_const_for_thread_local, reason = "the macro of models takes no const block")]
    static REPLACED_HERE: RefCell<Vec<usize>> = RefCell::new(Vec::new());
}

/// The right to replace a cache's generation.
#[derive(Debug)]
pub(super) struct Replacing(Mutex<()>);

impl Replacing {
    pub(super) fn new() -> Self {
        Self(Mutex::new(()))
    }

    /// Waits for whoever has it; `current` waits for nobody.
    ///
    /// # Panics
    /// Where this thread has it already.
    pub(super) fn begin(&self) -> Held<impl std::ops::DerefMut<Target = ()> + '_> {
        let address = std::ptr::from_ref(self).addr();
        let is_inside = REPLACED_HERE.with(|caches| caches.borrow().contains(&address));
        assert!(
            !is_inside,
            "a cache is invalidated from inside of its own invalidation, which would wait for itself"
        );
        let lock = lock(&self.0);
        REPLACED_HERE.with(|caches| caches.borrow_mut().push(address));
        Held { _mark: Mark(address, PhantomData), _lock: lock }
    }
}

/// Held until it is dropped.
pub(super) struct Held<T> {
    // Declared, and so dropped, before the lock.
    _mark: Mark,
    _lock: T,
}

/// `!Send`: it is of its thread.
struct Mark(usize, PhantomData<*mut ()>);

impl Drop for Mark {
    fn drop(&mut self) {
        REPLACED_HERE.with(|caches| caches.borrow_mut().retain(|&address| address != self.0));
    }
}
