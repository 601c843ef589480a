//! Epochs: crossbeam's, one collector for each generation. `super` has the invariants and orderings.

use std::cell::{Cell, UnsafeCell};
use std::panic::catch_unwind;
use std::ptr::NonNull;
use std::sync::Arc;

use super::{IS_MODEL, Limbo, Ordering, Retire, UnmodelledU64};
use crossbeam_epoch as epoch;

/// Bags that one flush frees at most, of 64 closures each.
///
/// Source: crossbeam-epoch 0.9.21, `Global::COLLECT_STEPS` and `MAX_OBJECTS` in src/internal.rs.
const BAGS_OF_A_FLUSH: u32 = 8;
const CLOSURES_OF_A_FLUSH: u32 = BAGS_OF_A_FLUSH * 64;

/// How much a pin retires before it hands it to the epochs: one closure, and one step of the shared count, for so many.
const RETIRED_TOGETHER: usize = 64;

/// Flushes that one thread spends on what others could not free: about 32,000 objects, a few milliseconds. loom
/// would try every interleaving of each.
const BACKLOG_FLUSHES: u32 = if IS_MODEL { 0 } else { 64 };

/// Flushes of the last one out: as many as it takes. In models, as many as two entries take.
const LAST_FLUSHES: u32 = if IS_MODEL { 3 } else { u32::MAX };

/// Flushes that free nothing before a thread gives up, beside those that empty bags may take.
const FLUSHES_IN_VAIN: u64 = 4;

/// Frees retired memory once nobody can hold it (I1): an own epoch, shared by the readers of one generation.
#[derive(Debug)]
pub(crate) struct Collector {
    // Declared, and so dropped, first: its end frees what is left, and tells the account.
    epochs: epoch::Collector,
    account: Arc<Account>,
}

/// What is known of a collector beside its epochs.
#[derive(Debug)]
struct Account {
    limbo: Arc<Limbo>,
    /// Pins that have not ended. Not modelled: it decides who takes pains, and the epochs decide what is freed.
    pins: UnmodelledU64,
    /// Bags that ended pins have left, at most: each leaves one, mostly empty, and bags are freed in their order.
    bags: UnmodelledU64,
}

impl Account {
    /// Flushes until nothing is left in limbo, at most so many times, and gives up when it frees nothing any more.
    fn flush_while_it_helps(&self, most: u32, mut flush: impl FnMut()) {
        // ORDERING: Relaxed: a bound on an effort.
        let bags = self.bags.load(Ordering::Relaxed);
        let most_in_vain = FLUSHES_IN_VAIN + bags / u64::from(BAGS_OF_A_FLUSH);
        let (mut in_vain, mut least) = (0, self.limbo.bytes());
        for _ in 0..most {
            if least == 0 || in_vain == most_in_vain {
                break;
            }
            flush();
            let left = self.limbo.bytes();
            in_vain = if left < least { 0 } else { in_vain + 1 };
            least = left.min(least);
        }
        if least == 0 {
            let left = |now: u64| Some(now.saturating_sub(bags));
            // ORDERING: Relaxed, twice: as above.
            let _ = self.bags.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        }
    }
}

impl Collector {
    pub(crate) fn new() -> Self {
        let (limbo, pins, bags) = (Arc::new(Limbo::new()), UnmodelledU64::new(0), UnmodelledU64::new(0));
        let account = Account { limbo, pins, bags };
        Self { epochs: epoch::Collector::new(), account: Arc::new(account) }
    }

    /// Pins memory for this thread until the pin is refreshed or dropped.
    pub(crate) fn pin(&self) -> Pin {
        // ORDERING: Relaxed: the count decides who drains, and guards no memory; its changes have one order anyway.
        self.account.pins.fetch_add(1, Ordering::Relaxed);
        let place = Place { epochs: self.epochs.clone(), account: self.account.clone() };
        let handle = self.epochs.register();
        let guard = handle.pin();
        let batch = UnsafeCell::new(Batch::default());
        Pin { guard, _handle: handle, handed_over: Cell::new(0), batch, place }
    }

    /// The count of what is in limbo here.
    pub(crate) fn limbo(&self) -> &Arc<Limbo> {
        &self.account.limbo
    }
}

/// A thread's hold on memory. `!Send`.
#[derive(Debug)]
pub(crate) struct Pin {
    // Declared, and so dropped, before the handle that it belongs to.
    guard: epoch::Guard,
    _handle: epoch::LocalHandle,
    /// Closures that this thread handed over since it last drained.
    handed_over: Cell<u32>,
    /// What it retired and did not hand to the epochs yet.
    batch: UnsafeCell<Batch>,
    // Last: it counts this pin until the hold has ended.
    place: Place,
}

impl Pin {
    /// Frees `retired` when no pin of now is left.
    ///
    /// # Safety
    /// Whoever pins from now on must have no way to reach `retired`, and it is retired once.
    pub(crate) unsafe fn retire<T: Retire>(&self, retired: T) {
        let raw = retired.into_raw();
        // SAFETY: not freed yet: that is what it is handed over for.
        let bytes = unsafe { T::bytes(raw) };
        // SAFETY: the pin is `!Sync`, and this reference ends before any other code runs.
        let batch = unsafe { &mut *self.batch.get() };
        if batch.retired.capacity() == 0 {
            batch.retired.reserve_exact(RETIRED_TOGETHER);
        }
        batch.bytes += bytes;
        batch.retired.push(Retired::new::<T>(raw));
        if batch.retired.len() == RETIRED_TOGETHER {
            self.hand_over();
        }
    }

    /// Hands to the epochs what this pin has retired.
    fn hand_over(&self) {
        // SAFETY: the pin is `!Sync`, and this reference ends with the statement.
        let batch = std::mem::take(unsafe { &mut *self.batch.get() });
        if batch.retired.is_empty() {
            return;
        }
        self.handed_over.set(self.handed_over.get().saturating_add(1));
        let limbo = Arc::as_ptr(&self.place.account.limbo);
        self.place.account.limbo.add(batch.bytes);
        let free = move || {
            batch.retired.into_iter().for_each(Retired::free);
            // SAFETY: this runs in a flush of a pin, in the end of a handle or of the collector; each of these holds
            // the account until the epochs behind it are gone, because it is declared after them.
            unsafe { &*limbo }.subtract(batch.bytes);
        };
        // SAFETY: what was retired may be freed on any thread, because `Retire` is Send, and the count may be told on
        // any, because it is atomic; that no new pin reaches the memory is the contract of `retire`.
        unsafe { self.guard.defer_unchecked(free) };
    }

    /// Ends the hold and takes a new one.
    pub(crate) fn refresh(&mut self) {
        // A whole pin and not `repin`, which has no fence: a later load of a slot could move before it.
        self.guard.repin_after(|| {});
    }

    /// Whether it holds memory of that collector.
    pub(crate) fn belongs_to(&self, collector: &Collector) -> bool {
        self.guard.collector() == Some(&collector.epochs)
    }

    /// Frees at least as much as this thread has retired, as far as the other pins allow, and goes on for a while
    /// where memory was held back before.
    ///
    /// Each thread pays for itself: were it one flush whatever was retired, memory would grow without bound.
    pub(crate) fn drain(&mut self) {
        self.hand_over();
        if self.place.account.limbo.bytes() == 0 {
            return;
        }
        // An epoch ends once every pin has seen it, and memory waits for two.
        for _ in 0..2 + self.handed_over.take() / CLOSURES_OF_A_FLUSH {
            self.flush();
        }
        let account = self.place.account.clone();
        account.flush_while_it_helps(BACKLOG_FLUSHES, || self.flush());
    }

    fn flush(&mut self) {
        self.guard.flush();
        self.refresh();
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.hand_over();
        // In models the last one out does it all: two who flush at once are more interleavings than can be tried.
        if !IS_MODEL && self.place.account.limbo.bytes() > 0 {
            for _ in 0..=self.handed_over.take() / CLOSURES_OF_A_FLUSH {
                self.flush();
            }
        }
    }
}

/// Retired together.
#[derive(Default, Debug)]
struct Batch {
    retired: Vec<Retired>,
    bytes: u64,
}

/// Something retired, whatever its type.
#[derive(Debug)]
struct Retired {
    raw: NonNull<()>,
    /// Frees what `raw` points to.
    free: unsafe fn(NonNull<()>),
}

impl Retired {
    fn new<T: Retire>(raw: NonNull<T::Target>) -> Self {
        let free = |raw: NonNull<()>| {
            let raw = raw.cast::<T::Target>();
            #[cfg(loom)]
            // SAFETY: not freed yet: that is the next step.
            unsafe {
                T::track(raw).bury();
            }
            // SAFETY: every pin that could reach it has ended when this runs, once, says the caller.
            unsafe { T::free(raw) };
        };
        Self { raw: raw.cast(), free }
    }

    /// Called by the epochs, when every pin has ended that could reach the memory.
    fn free(self) {
        // SAFETY: once, because `self` is taken, and late enough, because the epochs call this.
        let freed = catch_unwind(|| unsafe { (self.free)(self.raw) });
        // A value whose drop panics ends neither the thread that happens to free it nor the rest of its batch; the
        // panic's hook has reported it.
        if let Err(payload) = freed {
            std::mem::forget(payload);
        }
    }
}

/// Counts a pin until its hold has ended. The last one out drains: nobody may ever come after it.
#[derive(Debug)]
struct Place {
    epochs: epoch::Collector,
    account: Arc<Account>,
}

impl Drop for Place {
    fn drop(&mut self) {
        // ORDERING: Relaxed: a bound on an effort.
        self.account.bags.fetch_add(1, Ordering::Relaxed);
        // ORDERING: AcqRel: Release ends this pin's hold before the count falls, and Acquire shows the last one out
        // that all the others have ended; so its flushes wait for nobody who left before it.
        let pins = self.account.pins.fetch_sub(1, Ordering::AcqRel);
        if pins == 1 && self.account.limbo.bytes() > 0 {
            let handle = self.epochs.register();
            let mut guard = handle.pin();
            self.account.flush_while_it_helps(LAST_FLUSHES, || {
                guard.flush();
                guard.repin_after(|| {});
            });
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::super::Track;
    use super::*;

    /// A box of bytes that counts as it is freed.
    struct Bytes(NonNull<[u8; 100]>);

    // SAFETY: it stands for a box of bytes.
    unsafe impl Send for Bytes {}

    impl Retire for Bytes {
        type Target = [u8; 100];

        fn into_raw(self) -> NonNull<[u8; 100]> {
            self.0
        }

        unsafe fn bytes(_: NonNull<[u8; 100]>) -> u64 {
            100
        }

        unsafe fn track<'a>(_: NonNull<[u8; 100]>) -> &'a Track {
            unreachable!("asked in models only")
        }

        unsafe fn free(raw: NonNull<[u8; 100]>) {
            // SAFETY: leaked from a box by `retire`, and freed once, says the caller.
            drop(unsafe { Box::from_raw(raw.as_ptr()) });
        }
    }

    fn retire(pin: &Pin) {
        let bytes = Bytes(NonNull::from(Box::leak(Box::new([0; 100]))));
        // SAFETY: just leaked, and known to nobody else.
        unsafe { pin.retire(bytes) };
    }

    #[test]
    fn a_pin_takes_no_pains_for_what_another_collector_cannot_free() {
        let (old, new) = (Collector::new(), Collector::new());
        let _idle = old.pin();
        let mut evictor = old.pin();
        retire(&evictor);
        evictor.drain();
        drop(evictor);
        assert_eq!(old.limbo().bytes(), 100, "an idle pin holds it");
        let mut pin = new.pin();
        // What the epochs of the new one know of, and its limbo does not: a flush would free it.
        let is_freed = Arc::new(AtomicBool::new(false));
        let freed = is_freed.clone();
        // SAFETY: the closure owns what it touches.
        unsafe { pin.guard.defer_unchecked(move || freed.store(true, Ordering::Relaxed)) };
        (0..100).for_each(|_| pin.drain());
        assert!(!is_freed.load(Ordering::Relaxed), "nothing of its own is in limbo, and nothing is flushed");
        retire(&pin);
        pin.drain();
        assert!(is_freed.load(Ordering::Relaxed));
        assert_eq!((old.limbo().bytes(), new.limbo().bytes()), (100, 0));
    }
}
