//! The storm of `storm/mod.rs` under an allocator that counts: nothing leaks, and limbo is empty at rest.
//!
//! The long form: `cargo test --no-default-features --release --test stress -- --ignored`.

#![expect(unsafe_code, reason = "an allocator that counts")]

mod storm;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use storm::Storm;

struct Counting;

static LIVE_BYTES: AtomicI64 = AtomicI64::new(0);

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).expect("an allocation is smaller than half of the address space")
}

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE_BYTES.fetch_add(signed(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's layout, as it is.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE_BYTES.fetch_sub(signed(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's pointer and layout, as they are.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The count is the process's: one storm at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Room for what threads leave behind once: thread-locals, and the runtime's own tables.
const SLACK_BYTES: i64 = 64 * 1024;

fn leaks_nothing(storm: Storm) {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Storm { calls: 50, ..storm }.rage();
    let before = LIVE_BYTES.load(Ordering::Relaxed);
    storm.rage();
    let kept = LIVE_BYTES.load(Ordering::Relaxed) - before;
    assert!(kept < SLACK_BYTES, "{kept} bytes are left behind");
}

#[test]
fn a_short_storm_breaks_no_bound_and_leaks_nothing() {
    leaks_nothing(Storm { threads: 16, calls: 10_000, seed: 1 });
}

#[test]
#[ignore = "takes a minute or two"]
fn long_storms_break_no_bound_and_leak_nothing() {
    for seed in 2..6 {
        leaks_nothing(Storm { threads: 16, calls: 100_000, seed });
    }
}
