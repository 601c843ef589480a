//! What is shown and what is kept while threads come, go and evict.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lookback::cache::{Options, Tier};

use super::{assert_whole, entry_bytes};
use crate::foreign::{Foreigners, Key, Script, Value};

/// Inserts and evicts in four threads, and watches what is shown meanwhile.
fn watch_what_is_shown(options: &Options) {
    let script = Arc::new(Script::default());
    let cache = Foreigners::new(options.clone(), "v1", ()).unwrap();
    let (most, permanent) = (options.capacity_bytes, options.permanent_limit());
    let entries = options.variable_entries as u64;
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..4_u64)
            .map(|thread| {
                let (cache, script) = (&cache, &script);
                scope.spawn(move || {
                    let mut reader = cache.current().reader();
                    for step in 0..20_000_u64 {
                        let id = (step * (thread + 3)) % 41;
                        let tier = if step % 1_000 == 999 { Tier::Permanent } else { Tier::Variable };
                        let load = |(): &()| Ok(Value::new(id, script));
                        reader.get_or_load(&Key::new(id, id, script), tier, load).unwrap();
                        if step % 64 == 0 {
                            reader.refresh();
                        }
                    }
                })
            })
            .collect();
        let watch = scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                for _ in 0..1_000 {
                    let stats = cache.stats();
                    assert!(
                        stats.variable.entries <= entries,
                        "{} of {entries} entries",
                        stats.variable.entries
                    );
                    assert!(stats.variable.bytes <= most, "{} of {most} bytes", stats.variable.bytes);
                    assert!(stats.permanent.bytes <= permanent, "{} of {permanent}", stats.permanent.bytes);
                }
                let held = cache.current().resident_bytes();
                assert!(held <= most, "{held} of {most} bytes");
            }
        });
        let ended: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        is_done.store(true, Ordering::Relaxed);
        watch.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload));
        assert!(ended.iter().all(Result::is_ok));
    });
    assert_whole(&cache, "at the end");
    assert!(cache.stats().evictions > 1_000);
    drop(cache);
    assert_eq!(script.alive(), 0);
}

#[test]
fn statistics_never_show_more_than_the_bounds_while_four_threads_insert_and_evict() {
    let bytes = entry_bytes();
    let bounds = |entries: u64, variable_entries| Options {
        capacity_bytes: entries * bytes,
        permanent_bytes: Some(2 * bytes),
        variable_entries,
        shards: Some(1),
        ..Options::default()
    };
    // Entries are short, then bytes.
    watch_what_is_shown(&bounds(12, 4));
    watch_what_is_shown(&bounds(6, 12));
}

#[test]
fn nothing_waits_to_be_freed_once_the_last_reader_has_left() {
    let script = Arc::new(Script::default());
    let options = Options { variable_entries: 4, shards: Some(1), ..Options::default() };
    let cache = Foreigners::new(options, "v1", ()).unwrap();
    let generation = cache.current();
    let evict = |from: u64, entries: u64| {
        let reader = generation.reader();
        for id in from..from + entries {
            reader.put(Key::new(id, id, &script), Value::new(id, &script), Tier::Variable);
        }
        reader
    };
    // Whichever leaves last: one that evicted, or one that only held memory back.
    for is_idle_last in [true, false] {
        let idle = generation.reader();
        let evictor = evict(0, 3_000);
        assert!(cache.stats().limbo_bytes > 0, "the idle reader holds it back");
        if is_idle_last {
            drop((evictor, idle))
        } else {
            drop((idle, evictor))
        }
        assert_eq!(cache.stats().limbo_bytes, 0, "the idle reader left last: {is_idle_last}");
    }
    // Of many threads too.
    let idle = generation.reader();
    thread::scope(|scope| {
        for thread in 1..5_u64 {
            let evict = &evict;
            scope.spawn(move || drop(evict(thread * 10_000, 2_000)));
        }
    });
    drop(idle);
    assert_eq!(cache.stats().limbo_bytes, 0);
    assert_eq!(script.alive(), 2 * 4, "four entries of a key and a value");
}

#[test]
fn an_idle_reader_of_an_old_generation_costs_the_new_one_nothing() {
    let script = Arc::new(Script::default());
    let options = Options { variable_entries: 4, shards: Some(1), ..Options::default() };
    let cache = Foreigners::new(options, "v1", ()).unwrap();
    let put = |reader: &lookback::cache::Reader<Key, Value, ()>, id| {
        reader.put(Key::new(id, id, &script), Value::new(id, &script), Tier::Variable);
    };
    let idle = cache.current().reader();
    let evictor = cache.current().reader();
    (0..2_000).for_each(|id| put(&evictor, id));
    drop(evictor);
    let of_old = cache.stats().limbo_bytes;
    assert!(of_old > 0);
    cache.invalidate("v2", ());
    let mut reader = cache.current().reader();
    for id in 0..2_000 {
        put(&reader, id);
        if id % 100 == 99 {
            reader.refresh();
        }
    }
    reader.refresh();
    reader.refresh();
    assert_eq!(cache.stats().limbo_bytes, of_old, "the new one frees its own");
    drop(idle);
    assert_eq!(cache.stats().limbo_bytes, 0);
}
