//! One load for each key among overlapping misses, and nothing can hang.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use lookback::cache::{Options, Tier};
use lookback::{Error, ErrorKind};
use loom::sync::{Arc, Condvar, Mutex};
use loom_tests::{Block, Sealed, UNWEIGHABLE, blocks, composed, options, small, with};

fn load(source: &u64) -> Result<Block, Error> {
    Ok(Block::new(source + 1))
}

fn ask(generation: &Sealed) {
    assert_eq!(generation.reader().get_or_load(&1, Tier::Variable, load).unwrap().number(), 11);
}

/// Flight I1, I3: two misses of one key make one load, at whatever moment the second comes.
/// 37,673 interleavings, 4.7 s.
#[test]
fn two_misses_make_one_load() {
    small(|| {
        let cache = blocks(options(1));
        let generation = cache.current();
        let other = with(&generation, ask);
        ask(&generation);
        other.join().unwrap();
        assert_eq!(cache.stats().loads, 1);
    });
}

/// Flight I1, I2: three threads, one load; its leader wakes both waiters.
/// 11,648 interleavings, 1.9 s.
#[test]
fn three_misses_make_one_load() {
    composed(|| {
        let cache = blocks(options(1));
        let generation = cache.current();
        let others = [with(&generation, ask), with(&generation, ask)];
        ask(&generation);
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(cache.stats().loads, 1);
    });
}

/// Flight I1: a value that cannot be held is handed to the waiters all the same.
/// 16,074 interleavings, 2.0 s.
#[test]
fn a_bypassed_tier_still_flies() {
    small(|| {
        let cache = blocks(options(0));
        let generation = cache.current();
        let other = with(&generation, ask);
        ask(&generation);
        other.join().unwrap();
        let stats = cache.stats();
        assert_eq!((stats.loads + stats.joined, stats.variable.entries), (2, 0));
    });
}

/// Flight I2: an error answers every waiter and is not cached.
/// 16,074 interleavings, 2.3 s.
#[test]
fn an_error_answers_the_waiters_and_is_forgotten() {
    fn fail(generation: &Sealed) {
        let fail = |_: &u64| Err(Error::new(ErrorKind::Load { message: "no such block".into() }));
        let error = generation.reader().get_or_load(&1, Tier::Variable, fail).unwrap_err();
        assert_eq!(error.to_string(), "no such block");
    }
    small(|| {
        let cache = blocks(options(1));
        let generation = cache.current();
        let other = with(&generation, fail);
        fail(&generation);
        other.join().unwrap();
        let stats = cache.stats();
        assert_eq!(stats.loads + stats.joined, 2);
        ask(&generation);
        assert_eq!(cache.stats().loads, stats.loads + 1);
    });
}

/// Flight I2: a panic goes on in its own thread; a waiter is told, and nobody hangs.
/// 32,713 interleavings, 3.7 s.
#[test]
fn a_panic_stays_in_its_thread_and_wakes_the_waiters() {
    small(|| {
        let cache = blocks(options(1));
        let generation = cache.current();
        let other = with(&generation, |generation| {
            let reader = generation.reader();
            let panicking = |_: &u64| resume_unwind(Box::new("out of tape"));
            let ask = || reader.get_or_load(&1, Tier::Variable, panicking).map(Block::number);
            match catch_unwind(AssertUnwindSafe(ask)) {
                Ok(joined) => assert_eq!(joined.unwrap(), 11),
                Err(payload) => assert_eq!(*payload.downcast_ref::<&str>().unwrap(), "out of tape"),
            }
        });
        match generation.reader().get_or_load(&1, Tier::Variable, load) {
            Ok(lent) => assert_eq!(lent.number(), 11),
            Err(error) => {
                assert!(
                    matches!(error.kind(), ErrorKind::LoadPanicked { message } if message == "out of tape")
                );
            }
        }
        other.join().unwrap();
        ask(&generation);
    });
}

/// Flight I2: a panic behind the load, in the caller's own types, ends the flight too.
/// 32,713 interleavings, 4.1 s.
#[test]
fn a_panic_behind_the_load_wakes_the_waiters() {
    small(|| {
        let cache = blocks(options(1));
        let generation = cache.current();
        let other = with(&generation, |generation| {
            let reader = generation.reader();
            let heavy = |_: &u64| Ok(Block::with_payload(11, UNWEIGHABLE));
            let ask = || reader.get_or_load(&1, Tier::Variable, heavy).map(Block::number);
            if let Ok(joined) = catch_unwind(AssertUnwindSafe(ask)) {
                assert_eq!(joined.unwrap(), 11);
            }
        });
        // Whoever waited for the one that came to grief loads for itself.
        let lent = generation.reader().get_or_load(&1, Tier::Variable, load).map(Block::number);
        assert_eq!(lent.expect("the load went well"), 11);
        other.join().unwrap();
        ask(&generation);
    });
}

/// Reader I4: a loader that asks for its own key loads by itself; another thread's miss of that key still ends.
/// 58,050 interleavings, 7.1 s.
#[test]
fn a_loader_that_asks_for_its_own_key_does_not_wait() {
    small(|| {
        let cache = blocks(options(1));
        let generation = cache.current();
        let other = with(&generation, ask);
        let reader = generation.reader();
        let again = |_: &u64| {
            let inner = reader.get_or_load(&1, Tier::Variable, load)?;
            Ok(Block::new(inner.number()))
        };
        assert_eq!(reader.get_or_load(&1, Tier::Variable, again).unwrap().number(), 11);
        drop(reader);
        other.join().unwrap();
        let stats = cache.stats();
        assert_eq!(stats.loads, 1 + stats.alone);
        assert_eq!(stats.variable.entries, 1);
    });
}

/// Reader I4: two loads that need each other's key crosswise both end.
/// 830 interleavings, 0.2 s.
#[test]
fn loads_nested_crosswise_do_not_hang() {
    fn nested(generation: &Sealed, outer: u64, inner: u64) {
        let reader = generation.reader();
        let load_outer = |_: &u64| {
            let lent = reader.get_or_load(&inner, Tier::Variable, load)?;
            Ok(Block::new(lent.number()))
        };
        assert_eq!(reader.get_or_load(&outer, Tier::Variable, load_outer).unwrap().number(), 11);
    }
    composed(|| {
        let cache = blocks(options(2));
        let generation = cache.current();
        let other = with(&generation, |generation| nested(generation, 2, 1));
        nested(&generation, 1, 2);
        other.join().unwrap();
        assert_eq!(cache.stats().variable.entries, 2);
    });
}

/// Flight I2: a waiter whose limit has passed loads by itself, even where the leader waits for that very thread.
/// 3,775 interleavings, 0.5 s.
#[test]
fn a_wait_that_is_over_ends_in_a_load() {
    small(|| {
        let cache = blocks(Options { wait_limit: Duration::ZERO, ..options(1) });
        let generation = cache.current();
        let done = Arc::new((Mutex::new(false), Condvar::new()));
        let signal = done.clone();
        let other = with(&generation, move |generation| {
            ask(generation);
            *signal.0.lock().unwrap() = true;
            signal.1.notify_all();
        });
        let slow = |source: &u64| {
            let mut is_done = done.0.lock().unwrap();
            while !*is_done {
                is_done = done.1.wait(is_done).unwrap();
            }
            load(source)
        };
        assert_eq!(generation.reader().get_or_load(&1, Tier::Variable, slow).unwrap().number(), 11);
        other.join().unwrap();
        let stats = cache.stats();
        assert_eq!((stats.loads, stats.variable.entries), (1 + stats.alone, 1));
    });
}

/// Flight I1: of a put and a load of one key one wins, and both threads are lent the winner.
/// 37,673 interleavings, 5.4 s.
#[test]
fn a_put_and_a_load_lend_the_same_value() {
    small(|| {
        let cache = blocks(options(1));
        let generation = cache.current();
        let other = with(&generation, |generation| {
            generation.reader().get_or_load(&1, Tier::Variable, load).unwrap().number()
        });
        let put = generation.reader().put(1, Block::new(7), Tier::Variable).number();
        assert_eq!(put, other.join().unwrap());
        let resident = generation.reader().get(&1, Tier::Variable).unwrap().number();
        assert_eq!(put, resident);
        assert_eq!(cache.stats().variable.entries, 1);
    });
}
