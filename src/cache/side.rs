//! A reader's own list of values that were served uncached, so that they can be lent all the same.
//!
//! # Invariants
//! - I1: a value stays where it is until `clear`, which needs `&mut`: what was lent from the list is gone by then.
//! - I2: no reference to the list itself lives across foreign code (a key's `eq`), which may call back into the list.

use std::cell::UnsafeCell;
use std::ptr::NonNull;

/// The hash of a key, and the leaked box of key and value.
type Item<K, V> = (u64, NonNull<(K, V)>);

/// Keyed values in the order in which they were served. `!Sync`.
pub(super) struct SideList<K, V>(UnsafeCell<Vec<Item<K, V>>>);

impl<K, V> SideList<K, V> {
    pub(super) fn new() -> Self {
        Self(UnsafeCell::new(Vec::new()))
    }

    fn len(&self) -> usize {
        // SAFETY: as in `at`.
        let items = unsafe { &*self.0.get() };
        items.len()
    }

    fn at(&self, index: usize) -> Option<Item<K, V>> {
        // SAFETY: the list is `!Sync`, and this reference ends here, before any foreign code runs (I2).
        let items = unsafe { &*self.0.get() };
        items.get(index).copied()
    }

    /// Finds the value of a key that was served last.
    pub(super) fn find(&self, hash: u64, key: &K) -> Option<&V>
    where
        K: Eq,
    {
        let mut index = self.len();
        while index > 0 {
            index -= 1;
            let (served_hash, item) = self.at(index)?;
            if served_hash == hash {
                // SAFETY: items are leaked boxes that live until `clear` (I1).
                let (served, value) = unsafe { item.as_ref() };
                if served == key {
                    return Some(value);
                }
            }
        }
        None
    }

    /// Adds a value and lends it.
    pub(super) fn push(&self, hash: u64, key: K, value: V) -> &V {
        let item = NonNull::from(Box::leak(Box::new((key, value))));
        // SAFETY: the list is `!Sync`, and no other reference to it lives (I2).
        let items = unsafe { &mut *self.0.get() };
        items.push((hash, item));
        // SAFETY: just leaked, and it lives until `clear` (I1).
        &unsafe { item.as_ref() }.1
    }

    /// Drops every value.
    pub(super) fn clear(&mut self) {
        let boxed = |(_, item): Item<K, V>| {
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
