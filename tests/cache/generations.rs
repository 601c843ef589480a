//! Contract 5: a generation is sealed with its data.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Weak};
use std::thread;

use lookback::Error;
use lookback::cache::{Cache, Options, Tier};

use crate::item::{Item, Items, cache, room_for, unexpected};

fn of_source(source: &u64) -> Result<Item, Error> {
    Ok(Item::light(*source))
}

#[test]
fn going_back_to_a_version_is_a_third_generation() {
    let cache = cache(room_for(4));
    let first = cache.current();
    first.reader().put(1, Item::light(100), Tier::Permanent);
    assert!(cache.invalidate("v2", 2));
    let second = cache.current();
    assert!(cache.invalidate("v1", 3));
    let third = cache.current();
    assert_eq!([first.version(), second.version(), third.version()], ["v1", "v2", "v1"]);
    assert_eq!([*first.source(), *second.source(), *third.source()], [1, 2, 3]);
    assert_eq!(third.reader().get(&1, Tier::Permanent), None, "nothing of the first is left in it");
    assert_eq!(first.reader().get(&1, Tier::Permanent), Some(&Item::light(100)));
    assert_eq!(cache.stats().generations, 3);
    drop((first, second));
    assert_eq!(cache.stats().generations, 1);
}

#[test]
fn the_same_version_changes_nothing() {
    let cache = cache(room_for(4));
    cache.current().reader().put(1, Item::light(1), Tier::Variable);
    assert!(!cache.invalidate("v1", 2));
    assert!(!cache.invalidate_keeping("v1", 2, |_, _| panic!("asked")));
    let current = cache.current();
    assert_eq!(*current.source(), 1);
    assert_eq!(current.reader().get(&1, Tier::Variable), Some(&Item::light(1)));
    assert_eq!(cache.stats().generations, 1);
}

#[test]
fn what_is_still_true_is_inherited_in_its_tier_and_its_order() {
    let cache = cache(Options { permanent_bytes: Some(4_000), capacity_bytes: 8_000, ..room_for(3) });
    let old = cache.current();
    let reader = old.reader();
    for key in 1..=4 {
        reader.put(key, Item::light(u64::from(key)), Tier::Permanent);
    }
    for key in 11..=13 {
        reader.put(key, Item::light(u64::from(key)), Tier::Variable);
    }
    assert!(cache.invalidate_keeping("v2", 2, |key, value| {
        assert_eq!(u64::from(*key), value.id);
        key % 2 == 1
    }));
    let new = cache.current().reader();
    let held = |key| new.get(&key, Tier::Permanent).is_some();
    assert_eq!([1, 2, 3, 4, 11, 12, 13].map(held), [true, false, true, false, true, false, true]);
    assert_eq!(new.get_or_load(&12, Tier::Variable, of_source).unwrap().id, 2, "loaded from the new source");
    let permanent = new.generation().permanent_bytes();
    assert_eq!(permanent * 2, reader.generation().permanent_bytes());
    assert_eq!(reader.get(&2, Tier::Permanent), Some(&Item::light(2)), "the old one keeps all");
}

#[test]
fn a_reader_in_the_middle_of_a_sweep_goes_on_with_the_data_it_started_with() {
    let cache = cache(room_for(16));
    let (swapped, wait_swapped) = channel();
    let started = cache.current();
    let reader = started.reader();
    thread::scope(|scope| {
        let cache = &cache;
        scope.spawn(move || {
            for version in 2..20 {
                // The clock is put back: the next sweep starts over on other data.
                assert!(cache.invalidate(format!("v{version}"), version));
                let reader = cache.current().reader();
                for key in 0..8 {
                    assert_eq!(reader.get_or_load(&key, Tier::Variable, of_source).unwrap().id, version);
                }
                swapped.send(version).unwrap();
            }
        });
        while wait_swapped.recv().is_ok() {
            for key in 0..8 {
                let tier = if key % 2 == 0 { Tier::Permanent } else { Tier::Variable };
                assert_eq!(reader.get_or_load(&key, tier, of_source).unwrap().id, 1);
            }
        }
    });
    drop(reader);
    assert_eq!(started.reader().get_or_load(&3, Tier::Variable, unexpected).unwrap().id, 1);
}

#[test]
fn a_load_in_flight_across_an_invalidation_lands_where_it_started() {
    let cache = cache(room_for(4));
    let old = cache.current();
    let reader = old.reader();
    let late = reader.get_or_load(&1, Tier::Permanent, |source| {
        cache.invalidate("v2", 2);
        assert_eq!(cache.current().reader().get(&1, Tier::Permanent), None);
        of_source(source)
    });
    assert_eq!(late.unwrap(), &Item::light(1));
    assert_eq!(cache.current().reader().get(&1, Tier::Permanent), None);
    assert_eq!(old.reader().get(&1, Tier::Permanent), Some(&Item::light(1)));
}

#[test]
fn a_reader_kept_for_ever_keeps_its_own_generation_and_no_other() {
    let cache: Cache<u8, Item, Arc<u64>> = Cache::new(room_for(8), "v0", Arc::new(0)).unwrap();
    let fill = |version: u64| {
        let reader = cache.current().reader();
        for key in 0..16_u8 {
            reader.get_or_load(&key, Tier::Variable, |source| Ok(Item::light(**source))).unwrap();
        }
        let source: Weak<u64> = Arc::downgrade(reader.generation().source());
        assert_eq!(**reader.generation().source(), version);
        source
    };
    let kept = fill(0);
    let mut forever = cache.current().reader();
    let lent = *forever.get(&15, Tier::Variable).unwrap();
    let one = cache.stats().resident_bytes();
    let mut sources = Vec::new();
    for version in 1..100 {
        assert!(cache.invalidate(format!("v{version}"), Arc::new(version)));
        sources.push(fill(version));
        let stats = cache.stats();
        assert_eq!(stats.generations, 2, "the kept one and the current one");
        assert_eq!(stats.resident_bytes(), 2 * one);
    }
    assert!(kept.upgrade().is_some());
    assert_eq!(sources.iter().filter(|source| source.upgrade().is_some()).count(), 1);
    forever.refresh();
    assert_eq!(forever.get(&15, Tier::Variable), Some(&lent));
    drop(forever);
    assert!(kept.upgrade().is_none(), "with its last reader the generation ends");
    assert_eq!((cache.stats().generations, cache.stats().resident_bytes()), (1, one));
}

#[test]
fn a_value_lent_before_an_eviction_stays_readable_until_the_refresh() {
    let cache: Cache<u8, Item, ()> = Cache::new(room_for(1), "v1", ()).unwrap();
    let reader = cache.current().reader();
    let lent = reader.put(0, Item::light(7), Tier::Variable);
    for key in 1..100 {
        reader.put(key, Item::light(u64::from(key)), Tier::Variable);
        let other = cache.current().reader();
        other.put(200, Item::light(200), Tier::Variable);
        drop(other);
    }
    assert_eq!(reader.get(&0, Tier::Variable), None);
    assert_eq!(lent, &Item::light(7));
}

/// A source that calls back into its cache when it ends.
struct Closing(u64, Option<Box<dyn Fn() + Send + Sync>>);

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some(call) = &self.1 {
            call();
        }
    }
}

#[test]
fn a_source_that_uses_the_cache_while_it_ends_does_not_hang_the_invalidation() {
    let cache: Arc<Cache<u8, Item, Closing>> =
        Arc::new(Cache::new(room_for(2), "v1", Closing(1, None)).unwrap());
    let called = Arc::new(AtomicBool::new(false));
    let call: Box<dyn Fn() + Send + Sync> = {
        let (cache, called) = (Arc::downgrade(&cache), called.clone());
        Box::new(move || {
            let cache = cache.upgrade().unwrap();
            assert!(cache.invalidate("v4", Closing(4, None)));
            assert_eq!(cache.current().source().0, 4);
            called.store(true, Ordering::Relaxed);
        })
    };
    cache.invalidate("v2", Closing(2, Some(call)));
    let (done, wait_done) = channel();
    let worker = cache.clone();
    thread::spawn(move || {
        worker.invalidate("v3", Closing(3, None));
        done.send(()).unwrap();
    });
    wait_done.recv_timeout(std::time::Duration::from_secs(30)).expect("it does not hang");
    assert!(called.load(Ordering::Relaxed));
    assert_eq!(cache.current().version(), "v4");
}

#[test]
fn inheriting_a_large_generation_leaves_little_behind() {
    let entries = 2_000;
    let options = Options { variable_entries: 4 * entries, ..Options::default() };
    let cache: Cache<usize, Item, ()> = Cache::new(options, "v1", ()).unwrap();
    let mut reader = cache.current().reader();
    for key in 0..entries {
        reader.put(key, Item::light(key as u64), Tier::Variable);
        reader.refresh();
    }
    drop(reader);
    cache.invalidate_keeping("v2", (), |_, _| true);
    let stats = cache.stats();
    assert_eq!(stats.variable.entries, entries as u64);
    let limit = stats.resident_bytes();
    assert!(stats.limbo_bytes < 8 * limit, "{} of {limit} bytes", stats.limbo_bytes);
}

#[test]
fn two_threads_that_bring_the_same_version_begin_one_generation() {
    let cache = Items::new(room_for(2), "v0", 0).unwrap();
    for version in 1..100_u64 {
        let name = format!("v{version}");
        let begun: usize = thread::scope(|scope| {
            let swap = || usize::from(cache.invalidate(name.as_str(), version));
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(swap)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(begun, 1);
    }
}
