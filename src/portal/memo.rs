//! What one thread has met before, found by a small index without a lock.

#![forbid(unsafe_code)]

use std::cell::{Ref, RefCell};

/// A growing table of one thread's own; a hit borrows, nothing is ever replaced by `get`.
pub(super) struct Memo<T>(RefCell<Vec<Option<T>>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T> Memo<T> {
    #[inline]
    pub(super) fn get(&self, at: usize, fits: impl FnOnce(&T) -> bool) -> Option<Ref<'_, T>> {
        Ref::filter_map(self.0.borrow(), |known| known.get(at)?.as_ref().filter(|value| fits(value))).ok()
    }

    /// Keeps a value and lends it.
    ///
    /// # Panics
    /// While something of this memo is lent: loans end before the next value is looked for.
    pub(super) fn put(&self, at: usize, value: T) -> Ref<'_, T> {
        let mut known = self.0.borrow_mut();
        if known.len() <= at {
            known.resize_with(at + 1, || None);
        }
        known[at] = Some(value);
        drop(known);
        Ref::map(self.0.borrow(), |known| known[at].as_ref().expect("it was put there just now"))
    }
}
