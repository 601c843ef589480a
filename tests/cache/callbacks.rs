//! What a key, a value and a subscriber may do while the cache calls them: take their time, panic, ask the cache. No lock
//! is held meanwhile, and nothing is left half done.

use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use lookback::Error;
use lookback::cache::{Cache, Options, Tier, Weigh};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::confined::confined;
use crate::foreign::{Call, Foreigners, Key, Script, Value};
use crate::item::{ENTRY_BYTES, Item, Items, cache, room_for, unexpected};

#[test]
fn a_drop_that_invalidates_does_not_make_the_invalidation_wait_for_itself() {
    struct Closing(Weak<Cache<u64, Closing, ()>>, Arc<AtomicU64>);
    impl Clone for Closing {
        fn clone(&self) -> Self {
            Self(self.0.clone(), self.1.clone())
        }
    }
    impl Drop for Closing {
        fn drop(&mut self) {
            let number = self.1.fetch_add(1, Ordering::Relaxed);
            if let Some(cache) = self.0.upgrade() {
                cache.invalidate(format!("closed {number}"), ());
            }
        }
    }
    impl Weigh for Closing {
        fn payload_bytes(&self) -> u64 {
            0
        }
    }
    confined("callbacks::a_drop_that_invalidates_does_not_make_the_invalidation_wait_for_itself", || {
        let drops = Arc::new(AtomicU64::new(0));
        let cache: Arc<Cache<u64, Closing, ()>> = Arc::new(Cache::new(room_for(2), "v0", ()).unwrap());
        for round in 0..50_u64 {
            let generation = cache.current();
            // A reader that stays keeps the others from freeing what they retire: the invalidation's pin does.
            let idle = generation.reader();
            let reader = generation.reader();
            for key in 0..200 {
                reader.put(key, Closing(Arc::downgrade(&cache), drops.clone()), Tier::Variable);
            }
            drop(reader);
            drop(idle);
            cache.invalidate(format!("round {round}"), ());
            cache.invalidate_keeping(format!("kept {round}"), (), |_, _| true);
        }
        drop(cache);
        assert!(drops.load(Ordering::Relaxed) >= 50 * 200);
    });
}

#[test]
fn those_who_waited_for_a_leader_that_came_to_grief_behind_its_load_load_for_themselves() {
    // A weight, and the clone for the waiter: the load itself was good.
    for call in [Call::Weigh, Call::CloneValue] {
        let script = Arc::new(Script::default());
        let options = Options { wait_limit: Duration::from_secs(3_600), ..room_for(4) };
        let cache: Foreigners = Cache::new(options, "v1", ()).unwrap();
        let (inside, wait_inside) = channel();
        thread::scope(|scope| {
            let (cache, script) = (&cache, &script);
            let leader = scope.spawn(move || {
                let load = |(): &()| {
                    inside.send(()).unwrap();
                    thread::sleep(Duration::from_millis(200));
                    script.fail_at(&[call], 1);
                    Ok(Value::new(1, script))
                };
                let key = Key::new(1, 1, script);
                let reader = cache.current().reader();
                let outcome = catch_unwind(AssertUnwindSafe(|| {
                    reader.get_or_load(&key, Tier::Variable, load).map(|value| value.id)
                }));
                assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&call), "the leader hears of it");
            });
            wait_inside.recv().unwrap();
            let reader = cache.current().reader();
            let key = Key::new(1, 1, script);
            // Its own load, where the value was lost, or what the leader published before it came to grief.
            let value = reader.get_or_load(&key, Tier::Variable, |()| Ok(Value::new(1, script)));
            assert_eq!(value.unwrap().id, 1);
            leader.join().unwrap();
        });
        let audit = cache.current().audit().unwrap();
        assert_eq!(audit.published_bytes(), audit.reserved_bytes);
        drop(cache);
        assert_eq!(script.alive(), 0);
    }
}

#[test]
fn a_put_beside_loads_that_keep_failing_waits_no_longer_than_the_limit() {
    let cache = cache(Options { wait_limit: Duration::from_millis(100), ..room_for(8) });
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let reader = cache.current().reader();
                while !is_over.load(Ordering::Relaxed) {
                    let _ = reader.get_or_load(&1, Tier::Variable, |_| {
                        thread::sleep(Duration::from_millis(30));
                        Err(Error::load("the disk is gone"))
                    });
                }
            });
        }
        thread::sleep(Duration::from_millis(50));
        let reader = cache.current().reader();
        let began = Instant::now();
        assert_eq!(reader.put(1, Item::light(7), Tier::Variable), &Item::light(7));
        let waited = began.elapsed();
        is_over.store(true, Ordering::Relaxed);
        assert!(waited < Duration::from_secs(2), "{waited:?}");
    });
}

/// A key that asks the cache for another one, and for itself, whenever it is compared.
#[derive(Clone, Debug)]
struct Asking {
    id: u64,
    cache: Weak<Cache<Asking, Item, ()>>,
}

thread_local! {
    static IS_ASKING: Cell<bool> = const { Cell::new(false) };
}

impl PartialEq for Asking {
    fn eq(&self, other: &Self) -> bool {
        if !IS_ASKING.replace(true) {
            if let Some(cache) = self.cache.upgrade() {
                let reader = cache.current().reader();
                for id in [self.id, self.id + 1] {
                    let key = Asking { id, cache: self.cache.clone() };
                    reader.get_or_load(&key, Tier::Variable, |()| Ok(Item::light(id))).unwrap();
                }
            }
            IS_ASKING.set(false);
        }
        self.id == other.id
    }
}

impl Eq for Asking {}

impl Hash for Asking {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // All alike, so that every key is compared with every other.
        state.write_u64(7);
    }
}

#[test]
fn a_comparison_that_asks_the_cache_does_not_hang() {
    confined("callbacks::a_comparison_that_asks_the_cache_does_not_hang", || {
        let options = Options { wait_limit: Duration::from_secs(3_600), ..room_for(4) };
        let cache: Arc<Cache<Asking, Item, ()>> = Arc::new(Cache::new(options, "v1", ()).unwrap());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let reader = cache.current().reader();
                    for round in 0..300 {
                        let key = Asking { id: round % 7, cache: Arc::downgrade(&cache) };
                        let tier = if round % 50 == 0 { Tier::Permanent } else { Tier::Variable };
                        let load = |(): &()| Ok(Item::light(key.id));
                        assert_eq!(reader.get_or_load(&key, tier, load).unwrap().id, key.id);
                    }
                });
            }
        });
        assert!(cache.current().audit().unwrap().holds());
    });
}

#[test]
fn keys_of_one_hash_are_loaded_once_each_and_at_the_same_time() {
    let script = Arc::new(Script::default());
    let options = Options { wait_limit: Duration::from_secs(3_600), ..room_for(64) };
    let cache: Foreigners = Cache::new(Options { capacity_bytes: 1_000_000, ..options }, "v1", ()).unwrap();
    let began = Instant::now();
    thread::scope(|scope| {
        for thread in 0..16_u64 {
            let (cache, script) = (&cache, &script);
            scope.spawn(move || {
                let reader = cache.current().reader();
                // Each key is asked for by two threads.
                let key = Key::new(thread / 2, 1, script);
                let load = |(): &()| {
                    thread::sleep(Duration::from_millis(300));
                    Ok(Value::new(key.id, script))
                };
                assert_eq!(reader.get_or_load(&key, Tier::Variable, load).unwrap().id, key.id);
            });
        }
    });
    assert_eq!(cache.stats().loads, 8);
    assert!(began.elapsed() < Duration::from_millis(8 * 300), "one after the other: {:?}", began.elapsed());
}

/// Fails at every event of that message.
struct Failing(&'static str);

struct Message(String);

impl tracing::field::Visit for Message {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Failing {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("lookback")
    }

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        if message.0 == self.0 {
            resume_unwind(Box::new("no space left in the log"));
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_subscriber_that_panics_leaves_no_entry_behind_and_the_accounts_right() {
    for message in ["eviction", "load", "promotion", "rejection"] {
        let script = Arc::new(Script::default());
        let cache: Foreigners = Cache::new(room_for(4), "v1", ()).unwrap();
        let generation = cache.current();
        tracing::subscriber::with_default(Failing(message), || {
            for id in 0..40 {
                // A new reader each time: what it served uncached does not answer the next request.
                let reader = generation.reader();
                let key = Key::new(id % 9, id % 9, &script);
                let load = |(): &()| Ok(Value::new(id, &script));
                let tier = if id % 13 == 0 { Tier::Permanent } else { Tier::Variable };
                let _ = catch_unwind(AssertUnwindSafe(|| {
                    reader.get_or_load(&key, tier, load).map(|value| value.id)
                }));
            }
        });
        let audit = generation.audit().unwrap();
        assert!(audit.holds(), "{message}: {audit:?}");
        assert_eq!(audit.published_bytes(), audit.reserved_bytes, "{message}");
        let stats = cache.stats();
        assert_eq!(stats.resident_bytes(), audit.published_bytes(), "{message}");
        assert_eq!(stats.limbo_bytes, 0, "{message}");
        drop((generation, cache));
        assert_eq!(script.alive(), 0, "{message}: every key and value was dropped");
    }
}

#[test]
fn what_the_statistics_show_keeps_to_the_bounds_at_every_moment() {
    let options = Options { capacity_bytes: 9 * *ENTRY_BYTES, ..room_for(8) };
    let cache = Items::new(options, "v1", 1).unwrap();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (cache, is_over) = (&cache, &is_over);
            scope.spawn(move || {
                let mut reader = cache.current().reader();
                for round in 0_u64.. {
                    let key = ((round * 7 + thread * 13) % 40) as u8;
                    let item = Item { id: u64::from(key), payload: 40 * (round % 5) };
                    reader.put(key, item, Tier::Variable);
                    if round % 64 == 0 {
                        reader.refresh();
                        if is_over.load(Ordering::Relaxed) {
                            break;
                        }
                    }
                }
            });
        }
        let began = Instant::now();
        let mut seen = 0;
        while began.elapsed() < Duration::from_millis(400) {
            let stats = cache.stats();
            let is_within = stats.variable.entries <= 8 && stats.resident_bytes() <= 9 * *ENTRY_BYTES;
            seen = stats.variable.entries.max(seen);
            if !is_within {
                is_over.store(true, Ordering::Relaxed);
                panic!("{stats}");
            }
        }
        is_over.store(true, Ordering::Relaxed);
        assert!(seen > 4);
    });
}

#[test]
fn a_value_that_fits_is_never_turned_away_whoever_else_is_at_work() {
    // Some are as heavy as half of everything, so that bytes are gathered from shard to shard.
    let options = Options { variable_entries: 12, shards: Some(3), ..room_for(12) };
    let cache: Cache<u64, Item, u64> = Cache::new(options, "v1", 1).unwrap();
    thread::scope(|scope| {
        for thread in 0..16_u64 {
            let cache = &cache;
            scope.spawn(move || {
                let mut reader = cache.current().reader();
                for round in 0..2_000_u64 {
                    let payload = if round % 3 == 0 { 5 * *ENTRY_BYTES } else { 0 };
                    reader.put(thread * 2_000 + round, Item { id: round, payload }, Tier::Variable);
                    if round % 32 == 0 {
                        reader.refresh();
                    }
                }
            });
        }
    });
    let stats = cache.stats();
    assert_eq!((stats.rejected, stats.overflow), (0, 0));
    let audit = cache.current().audit().unwrap();
    assert!(audit.holds() && audit.published_bytes() == audit.reserved_bytes, "{audit:?}");
}

#[test]
fn the_last_reader_out_leaves_nothing_in_limbo() {
    let cache: Cache<u64, Item, u64> = Cache::new(room_for(2), "v1", 1).unwrap();
    let generation = cache.current();
    let idle = generation.reader();
    let reader = generation.reader();
    for key in 0..5_000 {
        reader.put(key, Item::light(key), Tier::Variable);
    }
    drop(reader);
    assert!(cache.stats().limbo_bytes >= 4_000 * *ENTRY_BYTES, "the idle reader keeps it");
    drop(idle);
    assert_eq!(cache.stats().limbo_bytes, 0);
}

#[test]
fn a_clone_that_asks_for_its_own_key_waits_for_nobody() {
    thread_local! {
        static CLONES: Cell<u32> = const { Cell::new(0) };
    }
    struct Echo(Weak<Cache<u8, Echo, ()>>);
    impl Clone for Echo {
        fn clone(&self) -> Self {
            if CLONES.replace(CLONES.get() + 1) == 0
                && let Some(cache) = self.0.upgrade()
            {
                let reader = cache.current().reader();
                // Evicts it, so that its own key has to be loaded while its promotion is under way.
                reader.put(2, Echo(Weak::new()), Tier::Variable);
                reader.get_or_load(&1, Tier::Variable, |()| Ok(Echo(Weak::new()))).unwrap();
            }
            Self(self.0.clone())
        }
    }
    impl Weigh for Echo {
        fn payload_bytes(&self) -> u64 {
            0
        }
    }
    confined("callbacks::a_clone_that_asks_for_its_own_key_waits_for_nobody", || {
        let wait_limit = Duration::from_secs(3_600);
        let options = Options { capacity_bytes: 10_000, variable_entries: 1, wait_limit, ..room_for(1) };
        let cache: Arc<Cache<u8, Echo, ()>> = Arc::new(Cache::new(options, "v1", ()).unwrap());
        let reader = cache.current().reader();
        reader.put(1, Echo(Arc::downgrade(&cache)), Tier::Variable);
        let promoted = reader.get_or_load(&1, Tier::Permanent, |()| panic!("loaded again"));
        assert!(promoted.is_ok());
        assert!(CLONES.get() > 0, "the promotion has cloned");
        drop(reader);
        assert_eq!(cache.stats().promotions, 1);
    });
}

#[test]
fn a_loader_that_is_joined_hands_on_its_value_though_it_is_gone_at_once() {
    // One entry, and the leader's thread puts another one before the waiter looks.
    let cache = cache(Options { wait_limit: Duration::from_secs(3_600), ..room_for(1) });
    let (inside, wait_inside) = channel();
    thread::scope(|scope| {
        let cache = &cache;
        scope.spawn(move || {
            let reader = cache.current().reader();
            reader
                .get_or_load(&1, Tier::Variable, |_| {
                    inside.send(()).unwrap();
                    thread::sleep(Duration::from_millis(100));
                    Ok(Item::light(1))
                })
                .unwrap();
            reader.put(2, Item::light(2), Tier::Variable);
        });
        wait_inside.recv().unwrap();
        let reader = cache.current().reader();
        assert_eq!(reader.get_or_load(&1, Tier::Variable, unexpected).unwrap(), &Item::light(1));
    });
}
