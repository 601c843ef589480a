//! Epochs: crossbeam's, one collector for each generation. `super` has the invariants and orderings.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{IS_MODEL, Retire};
use crossbeam_epoch as epoch;

/// What one flush frees at most: 8 bags of 64.
///
/// Source: crossbeam-epoch 0.9.21, `Global::COLLECT_STEPS` and `MAX_OBJECTS` in src/internal.rs.
const FREED_BY_A_FLUSH: u32 = 8 * 64;

/// Flushes that one thread spends on what others could not free: about 32,000 objects, a few milliseconds. loom
/// would try every interleaving of each.
const BACKLOG_FLUSHES: u32 = if IS_MODEL { 0 } else { 64 };

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
