//! Code of keys, values and loaders that calls the cache that it is called by.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use lookback::cache::{Options, Tier};

use super::{FOR_EVER, assert_whole, tight};
use crate::confined::confined;
use crate::foreign::{Call, Foreigners, Key, Script, Value};

fn load(script: &Arc<Script>, cache: &Foreigners, id: u64, hash: u64) -> u64 {
    let reader = cache.current().reader();
    let load = |(): &()| Ok(Value::new(id, script));
    reader.get_or_load(&Key::new(id, hash, script), Tier::Variable, load).unwrap().id
}

/// A script that runs `reaction` with the cache inside of one kind of call, while the cache lives.
fn reacting(
    options: Options,
    on: Call,
    reaction: impl Fn(&Arc<Script>, &Foreigners, u64) + Send + Sync + 'static,
) -> (Arc<Script>, Arc<Foreigners>) {
    let script = Arc::new(Script::default());
    let cache = Arc::new(Foreigners::new(options, "v1", ()).unwrap());
    let (weak, of): (Weak<Foreigners>, Weak<Script>) = (Arc::downgrade(&cache), Arc::downgrade(&script));
    script.react(move |call, id| {
        if call == on
            && let (Some(cache), Some(script)) = (weak.upgrade(), of.upgrade())
        {
            reaction(&script, &cache, id);
        }
    });
    (script, cache)
}

fn invalidate_anew(cache: &Foreigners) {
    static VERSION: AtomicU64 = AtomicU64::new(0);
    cache.invalidate(format!("by a drop, {}", VERSION.fetch_add(1, Ordering::Relaxed)), ());
}

#[test]
fn a_drop_that_invalidates_hangs_nobody() {
    confined("hostile::calling::a_drop_that_invalidates_hangs_nobody", || {
        let (script, cache) = reacting(tight(2), Call::DropValue, |_, cache, _| invalidate_anew(cache));
        let mut reader = cache.current().reader();
        for id in 0..200 {
            let tier = if id % 5 == 0 { Tier::Permanent } else { Tier::Variable };
            reader.put(Key::new(id, id, &script), Value::new(id, &script), tier);
            if id % 8 == 0 {
                reader.refresh();
                cache.invalidate_keeping(format!("by hand, {id}"), (), |key, _| key.id % 3 == 0);
                reader = cache.current().reader();
            }
        }
        drop(reader);
        assert_whole(&cache, "after the drops");
        drop(cache);
        assert_eq!(script.alive(), 0);
    });
}

#[test]
fn an_invalidation_that_frees_what_invalidates_hangs_nobody() {
    confined("hostile::calling::an_invalidation_that_frees_what_invalidates_hangs_nobody", || {
        for flushes in 0..12 {
            let is_armed = Arc::new(AtomicBool::new(false));
            let armed = is_armed.clone();
            let (script, cache) = reacting(tight(2), Call::DropValue, move |_, cache, _| {
                if armed.load(Ordering::Relaxed) {
                    invalidate_anew(cache);
                }
            });
            let idle = cache.current().reader();
            let evictor = cache.current().reader();
            for id in 0..1_000 {
                evictor.put(Key::new(id, id, &script), Value::new(id, &script), Tier::Variable);
            }
            // Held back by a reader that does nothing, and then old enough to be freed by whoever comes.
            drop(evictor);
            drop(idle);
            (0..flushes).for_each(|_| drop(cache.current().reader()));
            is_armed.store(true, Ordering::Relaxed);
            assert!(cache.invalidate_keeping("by hand", (), |_, _| true));
            assert!(cache.invalidate("by hand again", ()));
            assert_whole(&cache, "after the drops");
            is_armed.store(false, Ordering::Relaxed);
            drop(cache);
            assert_eq!(script.alive(), 0);
        }
    });
}

#[test]
fn drops_that_invalidate_in_many_threads_hang_nobody() {
    confined("hostile::calling::drops_that_invalidate_in_many_threads_hang_nobody", || {
        let (script, cache) = reacting(tight(2), Call::DropValue, |_, cache, _| invalidate_anew(cache));
        thread::scope(|scope| {
            for thread in 0..3_u64 {
                let (script, cache) = (&script, &cache);
                scope.spawn(move || {
                    for id in 0..150 {
                        assert_eq!(load(script, cache, id % 7, id % 7), id % 7);
                        if id % 20 == thread {
                            cache.invalidate(format!("by hand, {thread}, {id}"), ());
                        }
                    }
                });
            }
        });
        drop(cache);
        assert_eq!(script.alive(), 0);
    });
}

/// Asks for other keys of the same hash inside of a kind of call, beside another thread's load of such a key.
fn ask_beside_a_load(on: Call) -> Duration {
    let options = Options { wait_limit: Duration::from_secs(20), ..tight(8) };
    let (script, cache) = reacting(options, on, |script, cache, id| {
        assert_eq!(load(script, cache, id + 100, 1), id + 100);
    });
    let (loading, began) = std::sync::mpsc::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let took = thread::scope(|scope| {
        let script = &script;
        let other = cache.clone();
        scope.spawn(move || {
            let slow = |(): &()| {
                loading.send(()).unwrap();
                _ = ended.recv();
                Ok(Value::new(1, script))
            };
            other.current().reader().get_or_load(&Key::new(1, 1, script), Tier::Variable, slow).unwrap();
        });
        began.recv().unwrap();
        let start = Instant::now();
        for id in 2..6 {
            assert_eq!(load(script, &cache, id, 1), id);
            assert_eq!(load(script, &cache, id, 1), id);
        }
        drop(end);
        start.elapsed()
    });
    drop(cache);
    assert_eq!(script.alive(), 0);
    took
}

/// Four entries, of which two are permanent.
fn put_four(script: &Arc<Script>, cache: &Foreigners) {
    let reader = cache.current().reader();
    for id in 0..4 {
        let tier = if id < 2 { Tier::Permanent } else { Tier::Variable };
        reader.put(Key::new(id, id, script), Value::new(id, script), tier);
    }
}

fn message_of(body: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(body)).unwrap_err();
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.unwrap_or_else(|| *payload.downcast::<String>().unwrap())
}

#[test]
fn an_invalidation_from_inside_of_one_is_a_panic_and_changes_nothing() {
    confined("hostile::calling::an_invalidation_from_inside_of_one_is_a_panic_and_changes_nothing", || {
        let panics = |script: &Arc<Script>, cache: &Foreigners, keep: &dyn Fn() -> bool| {
            let text = message_of(|| assert!(cache.invalidate_keeping("v2", (), |_, _| keep())));
            assert!(text.contains("from inside of its own invalidation"), "{text}");
            assert_eq!(cache.current().version(), "v1");
            assert_whole(cache, "after the panic");
            assert_eq!(script.alive(), 2 * 4, "nothing of what was begun is left");
        };
        for call in [Call::CloneKey, Call::CloneValue, Call::Weigh] {
            let is_armed = Arc::new(AtomicBool::new(false));
            let armed = is_armed.clone();
            let (script, cache) = reacting(tight(4), call, move |_, cache, _| {
                if armed.load(Ordering::Relaxed) {
                    cache.invalidate("inside", ());
                }
            });
            put_four(&script, &cache);
            is_armed.store(true, Ordering::Relaxed);
            panics(&script, &cache, &|| true);
            is_armed.store(false, Ordering::Relaxed);
            assert!(cache.invalidate_keeping("v2", (), |_, _| true), "{call:?}: it goes on");
        }
        let (script, cache) = reacting(tight(4), Call::Eq, |_, _, _| {});
        put_four(&script, &cache);
        panics(&script, &cache, &|| cache.invalidate("inside", ()));
        assert!(!cache.invalidate_keeping("v1", (), |_, _| unreachable!()));
        // Another cache is another affair.
        let other = Foreigners::new(tight(4), "v1", ()).unwrap();
        assert!(cache.invalidate_keeping("v2", (), |_, _| other.invalidate("v2", ())));
    });
}

#[test]
fn what_a_failed_invalidation_copied_may_invalidate_as_it_drops() {
    confined("hostile::calling::what_a_failed_invalidation_copied_may_invalidate_as_it_drops", || {
        let (script, cache) = reacting(tight(4), Call::DropValue, |_, cache, _| invalidate_anew(cache));
        put_four(&script, &cache);
        let mut asked = 0;
        let keep = |_: &Key, _: &Value| {
            asked += 1;
            assert!(asked < 4, "no question is left");
            true
        };
        let text = message_of(|| assert!(cache.invalidate_keeping("v2", (), keep)));
        assert_eq!(text, "no question is left");
        assert_whole(&cache, "after the drops");
        assert_ne!(cache.current().version(), "v1", "the copies have begun generations");
    });
}

#[test]
fn an_eq_that_loads_does_not_hang() {
    confined("hostile::calling::an_eq_that_loads_does_not_hang", || {
        let took = ask_beside_a_load(Call::Eq);
        assert!(took < Duration::from_secs(10), "{took:?}");
    });
}

#[test]
fn a_hash_a_weight_or_a_clone_that_loads_does_not_hang() {
    confined("hostile::calling::a_hash_a_weight_or_a_clone_that_loads_does_not_hang", || {
        for call in [Call::Hash, Call::Weigh, Call::CloneKey, Call::CloneValue] {
            let took = ask_beside_a_load(call);
            assert!(took < Duration::from_secs(10), "{call:?}: {took:?}");
        }
    });
}

#[test]
fn a_clone_that_asks_for_its_own_key_waits_for_nobody() {
    confined("hostile::calling::a_clone_that_asks_for_its_own_key_waits_for_nobody", || {
        for call in [Call::CloneValue, Call::CloneKey, Call::Weigh] {
            let options = Options { wait_limit: FOR_EVER, ..tight(4) };
            let (script, cache) = reacting(options, call, |script, cache, id| {
                assert_eq!(load(script, cache, id, id), id);
            });
            for id in 0..50 {
                assert_eq!(load(&script, &cache, id, id), id);
            }
            drop(cache);
            assert_eq!(script.alive(), 0, "{call:?}");
        }
    });
}

#[test]
fn a_removal_in_the_middle_of_a_promotion_comes_before_it() {
    confined("hostile::calling::a_removal_in_the_middle_of_a_promotion_comes_before_it", || {
        let is_armed = Arc::new(AtomicBool::new(false));
        let armed = is_armed.clone();
        let (script, cache) = reacting(tight(4), Call::CloneValue, move |script, cache, id| {
            if armed.swap(false, Ordering::Relaxed) {
                assert!(cache.current().reader().remove(&Key::new(id, id, script)));
            }
        });
        assert_eq!(load(&script, &cache, 1, 1), 1);
        is_armed.store(true, Ordering::Relaxed);
        let reader = cache.current().reader();
        let key = Key::new(1, 1, &script);
        let held = reader.get_or_load(&key, Tier::Permanent, |()| unreachable!("it is held"));
        assert_eq!(held.unwrap().id, 1);
        assert!(!is_armed.load(Ordering::Relaxed), "it was taken out while it was copied");
        assert!(!reader.remove(&key), "it is permanent by now");
        drop((reader, key));
        let stats = cache.stats();
        assert_eq!((stats.permanent.entries, stats.variable.entries, stats.promotions), (1, 0, 1));
        assert_whole(&cache, "after a promotion of what was gone");
        drop(cache);
        assert_eq!(script.alive(), 0);
    });
}

#[test]
fn a_subtask_that_wants_the_key_of_the_load_that_it_is_a_part_of_ends_within_the_limit() {
    confined(
        "hostile::calling::a_subtask_that_wants_the_key_of_the_load_that_it_is_a_part_of_ends_within_the_limit",
        || {
            let script = Arc::new(Script::default());
            let limit = Duration::from_millis(200);
            let cache =
                Foreigners::new(Options { wait_limit: limit, ..Options::default() }, "v1", ()).unwrap();
            let reader = cache.current().reader();
            let began = Instant::now();
            let with_a_subtask = |(): &()| {
                let of_subtask = thread::scope(|scope| scope.spawn(|| load(&script, &cache, 1, 1)).join());
                assert_eq!(of_subtask.unwrap(), 1);
                Ok(Value::new(1, &script))
            };
            let key = Key::new(1, 1, &script);
            assert_eq!(reader.get_or_load(&key, Tier::Variable, with_a_subtask).unwrap().id, 1);
            assert!(began.elapsed() < limit * 5, "{:?}", began.elapsed());
            drop(reader);
            assert_eq!((cache.stats().loads, cache.stats().alone), (2, 1), "it loaded by itself, counted");
        },
    );
}
