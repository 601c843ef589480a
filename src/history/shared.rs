//! What all readers of a history cache share: its bounds, and the lock of its order.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::key::WindowKey;
use super::options::{Options, Order as Policy};
use crate::cache::Tier;

/// Under LRU, held while a variable window is looked up: the look is part of the order. It knows the windows that are being
/// loaded, each with how many threads wait for it: these are not moved, so that no one who waits finds them gone.
pub(super) type Order = HashMap<WindowKey, usize>;

pub(super) struct Shared {
    options: Options,
    order: Mutex<Order>,
}

impl Shared {
    pub(super) fn new(options: Options) -> Self {
        Self { options, order: Mutex::default() }
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// Where a window is asked for.
    pub(super) fn tier(&self, key: &WindowKey) -> Tier {
        let is_permanent = self.options.permanent_windows.contains(&key.bar_count);
        if is_permanent { Tier::Permanent } else { Tier::Variable }
    }

    /// The order, where a look changes it. A permanent window that is kept as variable, for want of room, is read without it
    /// and goes in the order of coming.
    pub(super) fn order(&self, tier: Tier) -> Option<MutexGuard<'_, Order>> {
        (self.options.order == Policy::Lru && tier == Tier::Variable).then(|| self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Order> {
        // Counts go up and down by one step each: there is nothing that a panic could leave half done.
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a window where it is until the loading ends.
    pub(super) fn loading(&self, mut order: MutexGuard<'_, Order>, key: WindowKey) -> Loading<'_> {
        *order.entry(key).or_default() += 1;
        Loading { shared: self, key }
    }
}

/// One thread's load of a window, or its wait for another one's.
pub(super) struct Loading<'s> {
    shared: &'s Shared,
    key: WindowKey,
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        let mut order = self.shared.lock();
        if let Some(threads) = order.get_mut(&self.key) {
            *threads -= 1;
            if *threads == 0 {
                order.remove(&self.key);
            }
        }
    }
}
