//! What a request allocates, counted. Each thread counts for itself, so that tests beside these change nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use lookback::cache::{Cache, Options, Policy, Reader, Tier, Weigh};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, with a count of its allocations.
struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: every call is the system allocator's own; the count beside it allocates nothing and has no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is handed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn allocations_of(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[derive(Clone)]
struct Numbers(Arc<[u64]>);

impl Weigh for Numbers {
    fn payload_bytes(&self) -> u64 {
        size_of_val::<[u64]>(&self.0) as u64
    }
}

/// A load that allocates once.
fn load((): &()) -> Result<Numbers, lookback::Error> {
    Ok(Numbers([1, 2, 3].into()))
}

const KEYS: u64 = 10_000;

fn ask(reader: &Reader<u64, Numbers>, key: u64, tier: Tier) {
    assert_eq!(reader.get_or_load(&key, tier, load).unwrap().0[2], 3);
}

#[test]
fn a_hit_allocates_nothing() {
    let cache: Cache<u64, Numbers> = Cache::without_source(Options::default()).unwrap();
    let mut reader = cache.current().reader();
    for tier in [Tier::Permanent, Tier::Variable] {
        let keys = if tier == Tier::Permanent { 0..100 } else { 100..200 };
        keys.clone().for_each(|key| ask(&reader, key, tier));
        let hits = || keys.clone().for_each(|key| ask(&reader, key, tier));
        assert_eq!(allocations_of(hits), 0, "{tier:?}");
        // Found by the second probe.
        let hits = || keys.clone().for_each(|key| assert!(reader.get(&key, other(tier)).is_some()));
        assert_eq!(allocations_of(hits), 0, "{tier:?} by way of the other tier");
    }
    assert_eq!(allocations_of(|| reader.refresh()), 0, "a refresh of a reader that retired nothing");
}

fn other(tier: Tier) -> Tier {
    if tier == Tier::Permanent { Tier::Variable } else { Tier::Permanent }
}

#[test]
fn a_miss_allocates_its_entry_and_what_the_load_does_and_next_to_nothing_else() {
    for policy in [Policy::Clock, Policy::ClockWithAdmission] {
        let options = Options { variable_entries: 64, policy, ..Options::default() };
        let cache: Cache<u64, Numbers> = Cache::without_source(options).unwrap();
        let mut reader = cache.current().reader();
        let mut miss_all = |from: u64| {
            for key in from..from + KEYS {
                ask(&reader, key, Tier::Variable);
                if key % 1_000 == 999 {
                    reader.refresh();
                }
            }
        };
        miss_all(0);
        let allocated = allocations_of(|| miss_all(KEYS));
        // Two a miss, the entry's and the load's. Of what is retired, 64 share a list and a closure, two more.
        assert!(
            (2 * KEYS..=2 * KEYS + KEYS / 20).contains(&allocated),
            "{policy:?}: {allocated} of {KEYS} misses"
        );
        assert_eq!(cache.stats().evictions, 2 * KEYS - 64);
    }
}

#[test]
fn a_permanent_miss_allocates_its_entry_once() {
    let options = Options { permanent_entries: 2 * 10_000, ..Options::default() };
    let cache: Cache<u64, Numbers> = Cache::without_source(options).unwrap();
    let reader = cache.current().reader();
    let allocated = allocations_of(|| (0..KEYS).for_each(|key| ask(&reader, key, Tier::Permanent)));
    assert!((2 * KEYS..=2 * KEYS + KEYS / 20).contains(&allocated), "{allocated} of {KEYS} misses");
}
