//! A reader's own list of values that were served uncached, so that they can be lent all the same.
//!
//! # Invariants
//! - I1: a value stays where it is until `clear`, which needs `&mut`: what was lent from the list is gone by then.
//! - I2: no reference to the list itself lives across foreign code (a key's `eq`), which may call back into the list.

use std::cell::UnsafeCell;
use std::ptr::NonNull;

/// Keyed values in the order in which they were served. `!Sync`.
pub(super) struct SideList<K, V>(UnsafeCell<Vec<NonNull<(K, V)>>>);

impl<K, V> SideList<K, V> {
    pub(super) fn new() -> Self {
        Self(UnsafeCell::new(Vec::new()))
    }

    fn len(&self) -> usize {
        // SAFETY: as in `at`.
        let items = unsafe { &*self.0.get() };
        items.len()
    }

    fn at(&self, index: usize) -> Option<NonNull<(K, V)>> {
        // SAFETY: the list is `!Sync`, and this reference ends here, before any foreign code runs (I2).
        let items = unsafe { &*self.0.get() };
        items.get(index).copied()
    }

    /// Finds the value of a key that was served last.
    pub(super) fn find(&self, key: &K) -> Option<&V>
    where
        K: Eq,
    {
        let mut index = self.len();
        while index > 0 {
            index -= 1;
            // SAFETY: items are leaked boxes that live until `clear` (I1).
            let (served, value) = unsafe { self.at(index)?.as_ref() };
            if served == key {
                return Some(value);
            }
        }
        None
    }

    /// Adds a value and lends it.
    pub(super) fn push(&self, key: K, value: V) -> &V {
        let item = NonNull::from(Box::leak(Box::new((key, value))));
        // SAFETY: the list is `!Sync`, and no other reference to it lives (I2).
        let items = unsafe { &mut *self.0.get() };
        items.push(item);
        // SAFETY: just leaked, and it lives until `clear` (I1).
        &unsafe { item.as_ref() }.1
    }

    /// Drops every value.
    pub(super) fn clear(&mut self) {
        let boxed = |item: NonNull<(K, V)>| {
            // SAFETY: leaked by `push`, taken out of the list below, and no longer lent (I1).
            unsafe { Box::from_raw(item.as_ptr()) }
        };
        // Boxed first: a value whose drop panics does not keep the others.
        drop(std::mem::take(self.0.get_mut()).into_iter().map(boxed).collect::<Vec<_>>());
    }
}

impl<K, V> Drop for SideList<K, V> {
    fn drop(&mut self) {
        self.clear();
    }
}
