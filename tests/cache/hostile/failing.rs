//! Code of keys and values that panics at its n-th call, for each n.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use lookback::Error;
use lookback::cache::{Options, Tier};

use super::{FOR_EVER, assert_whole, tight};
use crate::confined::confined;
use crate::foreign::{Call, Foreigners, Key, Script, Value, failure_of};

const ALL: [Call; 6] = [Call::Hash, Call::Eq, Call::CloneKey, Call::CloneValue, Call::Weigh, Call::DropValue];

/// Goes through everything that a cache does: each request by itself, so that the next one comes after a failure.
/// How many failed.
fn go_through(cache: &Foreigners, script: &Arc<Script>) -> usize {
    let mut failures = 0;
    let mut reader = cache.current().reader();
    let key = |id: u64| Key::new(id, id % 3, script);
    for step in 0..40_u64 {
        let id = step * 7 % 11;
        let tier = if step % 4 == 0 { Tier::Permanent } else { Tier::Variable };
        let failure = failure_of(|| match step % 5 {
            0 => _ = reader.put(key(id), Value::new(id, script), tier),
            1 => _ = reader.get_owned(&key(id), tier),
            2 if step % 3 == 0 => {
                let failed = reader.get_or_load(&key(id), tier, |()| Err(Error::load("no such file")));
                assert!(failed.is_err() || failed.is_ok_and(|held| held.id == id));
            }
            _ => {
                let lent = reader.get_or_load(&key(id), tier, |()| Ok(Value::new(id, script))).unwrap();
                assert_eq!(lent.id, id);
            }
        });
        failures += usize::from(failure.is_some());
        if step % 13 == 12 {
            failures += usize::from(failure_of(|| reader.refresh()).is_some());
        }
        if step == 30 {
            let invalidate =
                || _ = cache.invalidate_keeping(format!("v{step}"), (), |key, _| key.id % 2 == 0);
            failures += usize::from(failure_of(invalidate).is_some());
            failures += usize::from(failure_of(|| reader = cache.current().reader()).is_some());
        }
    }
    failures + usize::from(failure_of(|| drop(reader)).is_some())
}

fn fail_at_each_call(calls: &[Call]) -> u64 {
    for nth in 1.. {
        let script = Arc::new(Script::default());
        let cache = Foreigners::new(tight(4), "v1", ()).unwrap();
        script.fail_at(calls, nth);
        let failures = go_through(&cache, &script);
        let is_over = script.disarm();
        let told = format!("call {nth} of {calls:?}");
        // A drop that fails while memory is freed is nobody's failure but is caught there.
        assert!(failures <= 1, "{told}: one panic, heard of {failures} times");
        assert_whole(&cache, &told);
        // Whoever found a flight that nobody leads would wait here.
        let reader = cache.current().reader();
        for id in 0..11 {
            let key = Key::new(id, id % 3, &script);
            let lent = reader.get_or_load(&key, Tier::Permanent, |()| Ok(Value::new(id, &script)));
            assert_eq!(lent.unwrap().id, id, "{told}");
        }
        drop(reader);
        assert_whole(&cache, &told);
        drop(cache);
        assert_eq!(script.alive(), 0, "{told}: keys or values are left");
        if is_over {
            return nth - 1;
        }
    }
    unreachable!("a run makes finitely many calls")
}

#[test]
fn a_panic_in_any_call_of_key_or_value_leaves_the_cache_whole_and_nothing_behind() {
    confined(
        "hostile::failing::a_panic_in_any_call_of_key_or_value_leaves_the_cache_whole_and_nothing_behind",
        || {
            for call in ALL {
                let calls = fail_at_each_call(&[call]);
                assert!(calls >= 3, "{call:?} was called {calls} times only");
            }
        },
    );
}

#[test]
fn failures_of_many_threads_leave_no_waiter_behind() {
    confined("hostile::failing::failures_of_many_threads_leave_no_waiter_behind", || {
        for round in 0..60 {
            let script = Arc::new(Script::default());
            let cache = Foreigners::new(tight(3), "v1", ()).unwrap();
            thread::scope(|scope| {
                for thread in 0..4_u64 {
                    let (cache, script) = (&cache, &script);
                    scope.spawn(move || {
                        let mut reader = cache.current().reader();
                        for step in 0..60 {
                            if thread == 0 {
                                script.fail_at(&ALL, (round * 7 + step) % 23 + 1);
                            }
                            let id = (step + thread) % 5;
                            let key = Key::new(id, id % 2, script);
                            let tier = if step % 7 == 0 { Tier::Permanent } else { Tier::Variable };
                            _ = failure_of(|| {
                                let load = |(): &()| Ok(Value::new(id, script));
                                // A panic of the leader may come back as an error, and never as another's value.
                                if let Ok(lent) = reader.get_or_load(&key, tier, load) {
                                    assert_eq!(lent.id, id);
                                }
                            });
                            if step % 9 == 8 {
                                _ = failure_of(|| reader.refresh());
                            }
                        }
                        _ = failure_of(|| drop(reader));
                    });
                }
            });
            script.disarm();
            assert_whole(&cache, &format!("round {round}"));
            drop(cache);
            assert_eq!(script.alive(), 0, "round {round}");
        }
    });
}

/// What a waiter gets whose leader loads well and fails in `call` afterwards.
fn wait_beside_a_failing(call: Call) {
    let script = Arc::new(Script::default());
    let options = Options { wait_limit: FOR_EVER, ..Options::default() };
    let cache = Foreigners::new(options, "v1", ()).unwrap();
    let (loading, began) = std::sync::mpsc::channel();
    let (waiter_key, key) = (Key::new(1, 1, &script), Key::new(1, 1, &script));
    thread::scope(|scope| {
        let leader = scope.spawn(|| {
            failure_of(|| {
                let reader = cache.current().reader();
                let load = |(): &()| {
                    loading.send(()).unwrap();
                    thread::sleep(Duration::from_millis(100));
                    script.fail_at(&[call], 1);
                    Ok(Value::new(1, &script))
                };
                reader.get_or_load(&key, Tier::Variable, load).unwrap();
            })
        });
        began.recv().unwrap();
        let reader = cache.current().reader();
        let lent = reader.get_or_load(&waiter_key, Tier::Variable, |()| Ok(Value::new(1, &script)));
        assert_eq!(lent.expect("the load went well").id, 1);
        leader.join().unwrap();
    });
    script.disarm();
    assert_whole(&cache, "after the leader");
    drop((cache, key, waiter_key));
    assert_eq!(script.alive(), 0);
}

#[test]
fn a_waiter_is_not_told_of_a_panic_when_the_load_went_well() {
    confined("hostile::failing::a_waiter_is_not_told_of_a_panic_when_the_load_went_well", || {
        for call in [Call::Weigh, Call::CloneValue] {
            wait_beside_a_failing(call);
        }
    });
}

/// A thread meets the load of another key with the same hash, holds its landing last, and the value in it fails in its drop.
#[test]
fn a_drop_that_fails_while_a_thread_takes_the_lead_leaves_no_flight_behind() {
    let name = "hostile::failing::a_drop_that_fails_while_a_thread_takes_the_lead_leaves_no_flight_behind";
    confined(name, || {
        let script = Arc::new(Script::default());
        let options = Options { wait_limit: FOR_EVER, ..Options::default() };
        let cache = Foreigners::new(options, "v1", ()).unwrap();
        let (began, beginning) = mpsc::channel();
        let (compared, comparing) = mpsc::channel();
        let (landed, landing) = mpsc::channel();
        let (comparing, landing) = (Mutex::new(comparing), Mutex::new(Some(landing)));
        script.react({
            let script = Arc::downgrade(&script);
            move |call, _| {
                let first = (call == Call::Eq).then(|| landing.lock().unwrap().take()).flatten();
                let (Some(landing), Some(script)) = (first, script.upgrade()) else { return };
                compared.send(()).unwrap();
                landing.recv().unwrap();
                script.fail_at(&[Call::DropValue], 1);
            }
        });
        let (stranger, key) = (Key::new(1, 7, &script), Key::new(2, 7, &script));
        let load = |(): &()| Ok(Value::new(2, &script));
        thread::scope(|scope| {
            scope.spawn(|| {
                let reader = cache.current().reader();
                let load_stranger = |(): &()| {
                    began.send(()).unwrap();
                    comparing.lock().unwrap().recv().unwrap();
                    Ok(Value::new(1, &script))
                };
                reader.get_or_load(&stranger, Tier::Variable, load_stranger).unwrap();
                landed.send(()).unwrap();
            });
            beginning.recv().unwrap();
            let reader = cache.current().reader();
            let failure = failure_of(|| _ = reader.get_or_load(&key, Tier::Variable, load));
            assert_eq!(failure, Some(Call::DropValue));
            // Another thread, because one that still counts as inside a load would not wait.
            let other = || cache.current().reader().get_or_load(&key, Tier::Variable, load).unwrap().id;
            assert_eq!(thread::scope(|scope| scope.spawn(other).join().unwrap()), 2);
        });
        assert_whole(&cache, "after the failure");
    });
}

#[test]
fn a_put_beside_a_key_whose_load_fails_for_ever_ends_within_its_limit() {
    confined("hostile::failing::a_put_beside_a_key_whose_load_fails_for_ever_ends_within_its_limit", || {
        let script = Arc::new(Script::default());
        let limit = Duration::from_millis(250);
        let cache = Foreigners::new(Options { wait_limit: limit, ..Options::default() }, "v1", ()).unwrap();
        let is_done = std::sync::atomic::AtomicBool::new(false);
        let took = thread::scope(|scope| {
            // So many that one of them leads the next load, most likely, and not the one who puts.
            for _ in 0..64 {
                scope.spawn(|| {
                    let (reader, key) = (cache.current().reader(), Key::new(1, 1, &script));
                    while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
                        let load = |(): &()| {
                            thread::sleep(Duration::from_millis(60));
                            Err(Error::load("no such file"))
                        };
                        _ = reader.get_or_load(&key, Tier::Variable, load);
                    }
                });
            }
            thread::sleep(Duration::from_millis(100));
            let began = Instant::now();
            let reader = cache.current().reader();
            let lent = reader.put(Key::new(1, 1, &script), Value::new(1, &script), Tier::Variable);
            assert_eq!(lent.id, 1);
            let took = began.elapsed();
            is_done.store(true, std::sync::atomic::Ordering::Relaxed);
            took
        });
        assert!(took < limit * 3, "put took {took:?}, its limit is {limit:?}");
    });
}
