//! Every value is dropped once, and nothing is left when everything is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::thread;

use lookback::cache::{Cache, Options, Tier, Weigh};

use crate::item::room_for;

/// Counts itself, and is not fooled by a second drop of the same one.
struct Counted {
    alive: Arc<AtomicI64>,
    canary: Box<u64>,
}

impl Counted {
    fn new(alive: &Arc<AtomicI64>) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self { alive: alive.clone(), canary: Box::new(0xfeed) }
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        assert_eq!(*self.canary, 0xfeed, "cloned after it was dropped");
        Self::new(&self.alive)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        assert_eq!(*self.canary, 0xfeed, "dropped twice");
        *self.canary = 0xdead;
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Weigh for Counted {
    fn payload_bytes(&self) -> u64 {
        8
    }
}

type Counting = Cache<u8, Counted, ()>;

#[test]
fn every_value_is_dropped_once_and_none_is_left() {
    let alive = Arc::new(AtomicI64::new(0));
    let cache: Counting = Cache::new(Options { capacity_bytes: 2_000, ..room_for(8) }, "v0", ()).unwrap();
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (cache, alive) = (&cache, &alive);
            scope.spawn(move || {
                let mut reader = cache.current().reader();
                for round in 0..5_000_u64 {
                    let key = (round.wrapping_mul(thread + 7) % 24) as u8;
                    let tier = if round % 11 == 0 { Tier::Permanent } else { Tier::Variable };
                    reader.get_or_load(&key, tier, |()| Ok(Counted::new(alive))).unwrap();
                    reader.put(key ^ 1, Counted::new(alive), Tier::Variable);
                    drop(reader.get_owned(&key, tier));
                    if round % 16 == 0 {
                        reader.refresh();
                    }
                    if round % 500 == 499 {
                        cache.invalidate_keeping(format!("{thread} {round}"), (), |key, _| key % 2 == 0);
                        reader = cache.current().reader();
                    }
                }
            });
        }
    });
    assert!(alive.load(Ordering::Relaxed) > 0, "something is cached");
    drop(cache);
    assert_eq!(alive.load(Ordering::Relaxed), 0);
}

#[test]
fn an_evicted_value_is_dropped_when_the_last_loan_has_ended() {
    let alive = Arc::new(AtomicI64::new(0));
    let cache: Counting = Cache::new(Options { capacity_bytes: 2_000, ..room_for(1) }, "v1", ()).unwrap();
    let mut lender = cache.current().reader();
    let mut evictor = cache.current().reader();
    lender.put(1, Counted::new(&alive), Tier::Variable);
    evictor.put(2, Counted::new(&alive), Tier::Variable);
    (0..10).for_each(|_| evictor.refresh());
    assert_eq!(alive.load(Ordering::Relaxed), 2, "the first one is still lent");
    (0..3).for_each(|_| lender.refresh());
    (0..10).for_each(|_| evictor.refresh());
    assert_eq!(alive.load(Ordering::Relaxed), 1);
    assert_eq!(cache.stats().limbo_bytes, 0);
}

#[test]
fn a_trial_of_any_length_leaves_as_little_behind_as_a_short_one() {
    // Every miss of a full tier retires an entry and a table. A reader that frees less than it retires at each
    // refresh would fill the memory, however often it is refreshed.
    let cache: Cache<u32, Heavy, ()> =
        Cache::new(Options { capacity_bytes: 20_000, ..room_for(8) }, "v1", ()).unwrap();
    let mut reader = cache.current().reader();
    let mut limbo = Vec::new();
    for trial in 0..40_u32 {
        for bar in 0..5_000 {
            reader.get_or_load(&(trial * 5_000 + bar), Tier::Variable, |()| Ok(Heavy)).unwrap();
        }
        reader.refresh();
        limbo.push(cache.stats().limbo_bytes);
    }
    assert!(limbo.iter().all(|&bytes| bytes < 100_000), "{limbo:?}");
}

#[test]
fn a_million_evictions_never_keep_more_in_limbo_than_three_trials_evict() {
    let cache: Cache<u32, Heavy, ()> =
        Cache::new(Options { capacity_bytes: 20_000, ..room_for(8) }, "v1", ()).unwrap();
    let mut reader = cache.current().reader();
    reader.put(0, Heavy, Tier::Variable);
    let weight = cache.stats().variable.bytes;
    let mut most = 0;
    for trial in 0..1_000_u32 {
        for bar in 0..1_000 {
            reader.put(1 + trial * 1_000 + bar, Heavy, Tier::Variable);
        }
        most = cache.stats().limbo_bytes.max(most);
        reader.refresh();
    }
    assert!(most >= 900 * weight, "what one trial evicts waits for its refresh: {most}");
    assert!(most <= 3 * 1_000 * weight, "{most} bytes are {} entries", most / weight);
}

#[test]
fn readers_that_come_and_go_leave_no_memory_behind() {
    let cache: Cache<u32, Heavy, ()> =
        Cache::new(Options { capacity_bytes: 20_000, ..room_for(8) }, "v1", ()).unwrap();
    for task in 0..40_u32 {
        let reader = cache.current().reader();
        for bar in 0..5_000 {
            reader.get_or_load(&(task * 5_000 + bar), Tier::Variable, |()| Ok(Heavy)).unwrap();
        }
    }
    let one_task = 5_000 * 500;
    assert!(cache.stats().limbo_bytes < 4 * one_task, "{} bytes", cache.stats().limbo_bytes);
}

#[derive(Clone, PartialEq, Debug)]
struct Heavy;

impl Weigh for Heavy {
    fn payload_bytes(&self) -> u64 {
        100
    }
}

/// A value whose drop fails, as often as there are matches left.
struct Explosive(Arc<AtomicU64>);

impl Clone for Explosive {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Drop for Explosive {
    fn drop(&mut self) {
        let burn = |left: u64| left.checked_sub(1);
        if self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, burn).is_ok() && !thread::panicking() {
            std::panic::resume_unwind(Box::new("a destructor failed"));
        }
    }
}

impl Weigh for Explosive {
    fn payload_bytes(&self) -> u64 {
        0
    }
}

#[test]
fn a_value_whose_drop_panics_harms_no_innocent_reader() {
    let matches = Arc::new(AtomicU64::new(0));
    let cache: Cache<u8, Explosive, ()> = Cache::new(room_for(4), "v1", ()).unwrap();
    let mut reader = cache.current().reader();
    for key in 0..100 {
        reader.put(key, Explosive(matches.clone()), Tier::Variable);
    }
    matches.store(10, Ordering::Relaxed);
    (0..10).for_each(|_| reader.refresh());
    assert_eq!(matches.load(Ordering::Relaxed), 0, "they were dropped, and none was heard of here");
    assert_eq!(cache.stats().limbo_bytes, 0);
    drop((reader, cache));
    assert_eq!(Arc::strong_count(&matches), 1);
}

#[test]
fn a_generation_ends_whole_though_a_value_panics_in_its_drop() {
    let matches = Arc::new(AtomicU64::new(0));
    let cache: Cache<u8, Explosive, ()> = Cache::new(room_for(4), "v1", ()).unwrap();
    let reader = cache.current().reader();
    for key in 0..4 {
        reader.put(key, Explosive(matches.clone()), Tier::Variable);
    }
    drop(reader);
    matches.store(1, Ordering::Relaxed);
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(cache)));
    assert!(ended.is_err(), "whoever ends the generation hears of it");
    assert_eq!(Arc::strong_count(&matches), 1, "the other values were dropped all the same");
}

#[test]
fn a_value_that_uses_the_cache_in_its_drop_works() {
    struct Caller(u8, std::sync::Weak<Cache<u8, Caller, ()>>);
    impl Clone for Caller {
        fn clone(&self) -> Self {
            Self(self.0, self.1.clone())
        }
    }
    impl Drop for Caller {
        fn drop(&mut self) {
            if let Some(cache) = self.1.upgrade()
                && self.0 > 0
            {
                let reader = cache.current().reader();
                let (left, weak) = (self.0 - 1, self.1.clone());
                reader.put(self.0, Self(left, weak), Tier::Variable);
            }
        }
    }
    impl Weigh for Caller {
        fn payload_bytes(&self) -> u64 {
            0
        }
    }
    let cache: Arc<Cache<u8, Caller, ()>> = Arc::new(Cache::new(room_for(1), "v1", ()).unwrap());
    let mut reader = cache.current().reader();
    for round in 0..50 {
        reader.put(100 + round, Caller(4, Arc::downgrade(&cache)), Tier::Variable);
        reader.refresh();
    }
    assert!(cache.stats().evictions >= 50);
    drop(reader);
    cache.invalidate("v2", ());
}
