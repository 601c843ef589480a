//! The permanent tier under keys whose `Hash` is poor, and under `Hash`, `Eq` and `Drop` that fail.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lookback::cache::{Cache, Options, Tier, Weigh};

use crate::confined::confined;
use crate::foreign::{Call, Foreigners, Key, Script, Value, failure_of};

/// Puts permanent entries of these hashes and reads them back; then everything that walks them must end.
fn keep_and_end(permanent_entries: usize, hashes: impl Iterator<Item = u64>) {
    let script = Arc::new(Script::default());
    let cache: Foreigners =
        Cache::new(Options { permanent_entries, ..Options::default() }, "v1", ()).unwrap();
    let generation = cache.current();
    let reader = generation.reader();
    let keys: Vec<_> = (0..).zip(hashes).map(|(id, hash)| Key::new(id, hash, &script)).collect();
    let count = u64::try_from(keys.len()).unwrap();
    for key in &keys {
        reader.put(key.clone(), Value::new(key.id, &script), Tier::Permanent);
    }
    for key in &keys {
        assert_eq!(reader.get(key, Tier::Permanent).map(|value| value.id), Some(key.id));
    }
    let audit = generation.audit().unwrap();
    assert!(audit.holds(), "{audit:?}");
    assert_eq!(audit.permanent_bytes, generation.permanent_bytes());
    let mut inherited = BTreeSet::new();
    cache.invalidate_keeping("v2", (), |key, value| {
        assert_eq!(key.id, value.id);
        inherited.insert(key.id);
        key.id % 2 == 0
    });
    assert_eq!(inherited.len(), keys.len(), "each entry is asked about");
    assert_eq!(cache.stats().permanent.entries, count + count.div_ceil(2));
    drop((reader, generation));
    assert_eq!(cache.stats().permanent.entries, count.div_ceil(2));
    cache.invalidate("v3", ());
    assert_eq!((cache.stats().permanent.entries, cache.stats().permanent.bytes), (0, 0));
    drop((keys, cache));
    assert_eq!(script.alive(), 0);
}

#[test]
fn thirty_seven_permanent_keys_of_one_hash_end_like_any_others() {
    confined("permanent::thirty_seven_permanent_keys_of_one_hash_end_like_any_others", || {
        for keys in [1, 2, 36, 37, 38, 500] {
            keep_and_end(4, (0..keys).map(|_| 7));
        }
    });
}

#[test]
fn thousands_of_permanent_keys_of_one_hash_end_at_the_default_options() {
    confined("permanent::thousands_of_permanent_keys_of_one_hash_end_at_the_default_options", || {
        keep_and_end(Options::default().permanent_entries, (0..2_500).map(|_| 7));
    });
}

#[test]
fn a_hash_over_a_part_of_the_key_is_enough() {
    confined("permanent::a_hash_over_a_part_of_the_key_is_enough", || {
        for shift in [0, 20, 40, 60] {
            keep_and_end(4, (0..3_000_u64).map(|id| (id % 64) << shift));
        }
    });
}

#[test]
fn a_hash_that_panics_while_the_index_grows_leaves_nobody_waiting() {
    confined("permanent::a_hash_that_panics_while_the_index_grows_leaves_nobody_waiting", || {
        let (mut nth, mut failed) = (0, true);
        while failed {
            nth += 1;
            let script = Arc::new(Script::default());
            let cache: Foreigners =
                Cache::new(Options { permanent_entries: 4, ..Options::default() }, "v1", ()).unwrap();
            let generation = cache.current();
            let reader = generation.reader();
            script.fail_at(&[Call::Hash], nth);
            failed = false;
            for id in 0..200 {
                let put =
                    || _ = reader.put(Key::new(id, id, &script), Value::new(id, &script), Tier::Permanent);
                failed |= failure_of(put).is_some();
            }
            script.disarm();
            assert!(generation.audit().unwrap().holds());
            assert!(cache.invalidate("v2", ()));
            drop((reader, generation, cache));
            assert_eq!(script.alive(), 0, "after a panic of call {nth}");
        }
        assert_eq!(nth, 201, "a key that is put is hashed once");
    });
}

#[test]
fn an_eq_that_panics_in_the_permanent_tier_leaks_neither_key_nor_value() {
    let (mut nth, mut failed) = (0, true);
    while failed {
        nth += 1;
        let script = Arc::new(Script::default());
        let cache: Foreigners = Cache::new(Options::default(), "v1", ()).unwrap();
        let reader = cache.current().reader();
        script.fail_at(&[Call::Eq], nth);
        failed = false;
        for id in 0..12 {
            let key = Key::new(id % 9, id % 2, &script);
            let ask =
                || _ = reader.get_or_load(&key, Tier::Permanent, |()| Ok(Value::new(id, &script))).unwrap();
            failed |= failure_of(ask).is_some();
        }
        script.disarm();
        let whole = cache.current().audit().unwrap();
        assert!(whole.holds(), "{whole:?}");
        assert_eq!(whole.reserved_bytes, whole.published_bytes(), "nothing is reserved for what failed");
        drop((reader, cache));
        assert_eq!(script.alive(), 0, "after a panic of call {nth}");
    }
    assert!(nth > 20, "keys of one hash are compared: {nth}");
}

#[test]
fn permanent_keys_of_one_hash_are_kept_by_many_threads_beside_audits() {
    confined("permanent::permanent_keys_of_one_hash_are_kept_by_many_threads_beside_audits", || {
        const KEYS: u64 = 400;
        let script = Arc::new(Script::default());
        let cache: Foreigners =
            Cache::new(Options { permanent_entries: 4, ..Options::default() }, "v1", ()).unwrap();
        let generation = cache.current();
        let is_done = AtomicBool::new(false);
        thread::scope(|scope| {
            let writers: Vec<_> = (0..3)
                .map(|thread| {
                    let (generation, script) = (&generation, &script);
                    scope.spawn(move || {
                        let reader = generation.reader();
                        for id in 0..KEYS {
                            let id = if thread == 2 { KEYS - 1 - id } else { id };
                            let key = Key::new(id, id % 3, script);
                            let load = |(): &()| Ok(Value::new(id, script));
                            assert_eq!(reader.get_or_load(&key, Tier::Permanent, load).unwrap().id, id);
                        }
                    })
                })
                .collect();
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    assert!(generation.audit().is_none_or(|audit| audit.holds()));
                }
            });
            let ended: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
            is_done.store(true, Ordering::Relaxed);
            assert!(ended.iter().all(Result::is_ok));
        });
        let stats = cache.stats();
        assert_eq!((stats.permanent.entries, stats.loads), (KEYS, KEYS), "each key once");
        assert_eq!(stats.permanent.bytes, generation.permanent_bytes());
        drop((generation, cache));
        assert_eq!(script.alive(), 0);
    });
}

#[test]
fn a_generation_ends_whole_though_a_permanent_value_panics_in_its_drop() {
    struct Last(Arc<AtomicBool>);
    impl Clone for Last {
        fn clone(&self) -> Self {
            Self(self.0.clone())
        }
    }
    impl Drop for Last {
        fn drop(&mut self) {
            if self.0.swap(false, Ordering::Relaxed) && !thread::panicking() {
                std::panic::resume_unwind(Box::new("a destructor failed"));
            }
        }
    }
    impl Weigh for Last {
        fn payload_bytes(&self) -> u64 {
            0
        }
    }
    let is_armed = Arc::new(AtomicBool::new(false));
    let cache: Cache<u8, Last, ()> = Cache::new(Options::default(), "v1", ()).unwrap();
    let reader = cache.current().reader();
    for key in 0..20 {
        reader.put(key, Last(is_armed.clone()), Tier::Permanent);
    }
    drop(reader);
    is_armed.store(true, Ordering::Relaxed);
    let ended = catch_unwind(AssertUnwindSafe(|| drop(cache)));
    assert!(ended.is_err(), "whoever ends the generation hears of it");
    assert_eq!(Arc::strong_count(&is_armed), 1, "the other values were dropped all the same");
}
