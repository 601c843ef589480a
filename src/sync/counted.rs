//! The atomics of this crate's own tests: std's, and each write is noted by the thread that makes it.
//!
//! That a hit writes to no line that another thread reads is what makes it scale, and a miss is as dear as the lines that
//! it takes away from others. Both are counts, and hold on a machine of two cores as on one of many: `cache/lines.rs`.

use std::cell::RefCell;
use std::ptr;
use std::sync::atomic::{self, Ordering};

/// Bytes of a cache line.
const LINE: usize = 64;

thread_local! {
    /// The lines written so far; none where nobody asks.
    static LINES: RefCell<Option<Vec<usize>>> = const { RefCell::new(None) };
}

/// Notes a write to where that lies.
pub(super) fn note<T: ?Sized>(written: &T) {
    let line = ptr::from_ref(written).addr() / LINE;
    // A thread that ends may write when its own list has gone: nobody asks any more.
    let _ = LINES.try_with(|lines| lines.borrow_mut().as_mut().map(|lines| lines.push(line)));
}

/// The cache lines that `work` writes on this thread, by an atomic or a lock, one for each write and in their order.
pub(crate) fn lines_written(work: impl FnOnce()) -> Vec<usize> {
    LINES.with(|lines| *lines.borrow_mut() = Some(Vec::new()));
    work();
    LINES.with(|lines| lines.borrow_mut().take()).expect("nobody else has asked on this thread")
}

/// An atomic of std whose writes are noted; a read-modify-write that fails takes the line all the same.
macro_rules! noted {
    ($name:ident $(<$of:ident>)?, $value:ty, { $($write:ident($($argument:ident: $type:ty),*) -> $answer:ty;)* }) => {
        #[derive(Default, Debug)]
        pub(crate) struct $name $(<$of>)? (atomic::$name $(<$of>)?);

        impl $(<$of>)? $name $(<$of>)? {
            pub(crate) const fn new(value: $value) -> Self {
                Self(atomic::$name::new(value))
            }

            #[inline]
            pub(crate) fn load(&self, order: Ordering) -> $value {
                self.0.load(order)
            }

            $(#[inline]
            pub(crate) fn $write(&self, $($argument: $type),*) -> $answer {
                note(self);
                self.0.$write($($argument),*)
            })*
        }
    };
}

noted!(AtomicBool, bool, {
    store(value: bool, order: Ordering) -> ();
    swap(value: bool, order: Ordering) -> bool;
});

noted!(AtomicU64, u64, {
    store(value: u64, order: Ordering) -> ();
    fetch_add(value: u64, order: Ordering) -> u64;
    fetch_sub(value: u64, order: Ordering) -> u64;
    fetch_update(set: Ordering, fetch: Ordering, f: impl FnMut(u64) -> Option<u64>) -> Result<u64, u64>;
    compare_exchange(current: u64, new: u64, set: Ordering, fetch: Ordering) -> Result<u64, u64>;
    compare_exchange_weak(current: u64, new: u64, set: Ordering, fetch: Ordering) -> Result<u64, u64>;
});

noted!(AtomicPtr<T>, *mut T, {
    store(value: *mut T, order: Ordering) -> ();
    compare_exchange_weak(current: *mut T, new: *mut T, set: Ordering, fetch: Ordering) -> Result<*mut T, *mut T>;
});
