//! Contract 4 and 6: one load for overlapping misses, whatever the loader does.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use lookback::cache::{Cache, Options, Tier};
use lookback::{Error, ErrorKind};

use crate::item::{Item, Items, cache, room_for, unexpected};

/// Fails the test instead of letting it hang.
fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, outcome) = channel();
    let worker = thread::spawn(move || done.send(work()));
    match outcome.recv_timeout(limit) {
        Ok(outcome) => outcome,
        Err(_) if worker.is_finished() => match worker.join() {
            Err(payload) => std::panic::resume_unwind(payload),
            Ok(_) => unreachable!("it would have sent"),
        },
        Err(error) => panic!("hangs: {error}"),
    }
}

const SOON: Duration = Duration::from_secs(30);

fn patient(wait_limit: Duration) -> Options {
    Options { wait_limit, ..room_for(8) }
}

#[test]
fn sixty_four_threads_on_a_cold_key_make_one_load() {
    for tier in [Tier::Variable, Tier::Permanent] {
        let cache = cache(patient(SOON));
        let (loads, barrier) = (AtomicU64::new(0), Barrier::new(64));
        thread::scope(|scope| {
            for _ in 0..64 {
                scope.spawn(|| {
                    let reader = cache.current().reader();
                    barrier.wait();
                    let load = |_: &u64| {
                        thread::sleep(Duration::from_millis(50));
                        Ok(Item::light(loads.fetch_add(1, Ordering::Relaxed)))
                    };
                    assert_eq!(reader.get_or_load(&1, tier, load).unwrap(), &Item::light(0));
                });
            }
        });
        let stats = cache.stats();
        assert_eq!((loads.into_inner(), stats.loads, stats.alone), (1, 1, 0));
        assert_eq!(stats.requests(), 64);
        assert_eq!(stats.misses, stats.loads + stats.joined);
    }
}

#[test]
fn a_failed_load_answers_its_waiters_and_is_not_remembered() {
    let cache = cache(patient(SOON));
    let (loads, barrier) = (AtomicU64::new(0), Barrier::new(8));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let reader = cache.current().reader();
                barrier.wait();
                let load = |_: &u64| {
                    loads.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_millis(100));
                    Err(Error::load("aapl.csv: no such file"))
                };
                let error = reader.get_or_load(&1, Tier::Variable, load).unwrap_err();
                assert_eq!(error.to_string(), "aapl.csv: no such file");
            });
        }
    });
    assert!(loads.into_inner() < 8, "overlapping misses share the failure");
    let reader = cache.current().reader();
    assert_eq!(reader.get_or_load(&1, Tier::Variable, |_| Ok(Item::light(5))).unwrap(), &Item::light(5));
}

#[test]
fn a_panicking_load_wakes_the_waiters_and_unwinds_its_own_thread_only() {
    let cache = Arc::new(cache(patient(SOON)));
    let (inside, wait_inside) = channel();
    let leader = {
        let cache = cache.clone();
        thread::spawn(move || {
            let reader = cache.current().reader();
            let _ = reader.get_or_load(&1, Tier::Variable, |_| {
                inside.send(()).unwrap();
                thread::sleep(Duration::from_millis(100));
                std::panic::resume_unwind(Box::new("bad column"))
            });
        })
    };
    wait_inside.recv().unwrap();
    let began = Instant::now();
    let reader = cache.current().reader();
    let error = reader.get_or_load(&1, Tier::Variable, unexpected).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::LoadPanicked { message } if message == "bad column"),
        "{error}"
    );
    assert!(began.elapsed() < SOON);
    assert_eq!(leader.join().unwrap_err().downcast_ref(), Some(&"bad column"));
    // The key is as free as before.
    assert_eq!(reader.get_or_load(&1, Tier::Variable, |_| Ok(Item::light(2))).unwrap(), &Item::light(2));
}

#[test]
fn a_load_that_blocks_holds_nobody_longer_than_the_limit() {
    let cache = Arc::new(cache(patient(Duration::from_millis(50))));
    let (inside, wait_inside) = channel();
    let (release, wait_release) = channel::<()>();
    let leader = {
        let cache = cache.clone();
        thread::spawn(move || {
            let reader = cache.current().reader();
            let load = |_: &u64| {
                inside.send(()).unwrap();
                wait_release.recv().unwrap();
                Ok(Item::light(1))
            };
            *reader.get_or_load(&1, Tier::Variable, load).unwrap()
        })
    };
    wait_inside.recv().unwrap();
    let reader = cache.current().reader();
    assert_eq!(reader.get_or_load(&1, Tier::Variable, |_| Ok(Item::light(2))).unwrap(), &Item::light(2));
    // `put` does not wait for ever either, and gives the caller its own value.
    let other = cache.current().reader();
    assert_eq!(other.put(1, Item::light(3), Tier::Variable), &Item::light(3));
    release.send(()).unwrap();
    assert_eq!(leader.join().unwrap(), Item::light(1));
    let fresh = cache.current().reader();
    assert_eq!(fresh.get(&1, Tier::Variable), Some(&Item::light(1)), "the leader's value won the key");
    drop((reader, other, fresh));
    assert_eq!((cache.stats().loads, cache.stats().alone), (2, 1));
}

#[test]
fn a_loader_may_ask_for_its_own_key_and_for_others() {
    within(SOON, || {
        let cache = cache(patient(SOON));
        let reader = cache.current().reader();
        let outer = reader.get_or_load(&1, Tier::Variable, |_| {
            let own = reader.get_or_load(&1, Tier::Variable, |_| Ok(Item::light(10)))?.id;
            let other = reader.get_or_load(&2, Tier::Permanent, |_| Ok(Item::light(20)))?.id;
            let put = reader.put(1, Item::light(30), Tier::Variable).id;
            assert_eq!((own, put), (10, 30));
            Ok(Item::light(own + other))
        });
        assert_eq!(outer.unwrap(), &Item::light(30));
        assert_eq!(reader.get(&1, Tier::Variable), Some(&Item::light(30)));
        assert_eq!(reader.get(&2, Tier::Variable), Some(&Item::light(20)));
        drop(reader);
        assert_eq!((cache.stats().loads, cache.stats().alone), (3, 1));
    });
}

#[test]
fn two_loaders_that_want_each_others_key_do_not_wait_for_each_other() {
    within(SOON, || {
        let cache = cache(patient(Duration::from_secs(3_600)));
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            for (own, other) in [(1, 2), (2, 1)] {
                let (cache, barrier) = (&cache, &barrier);
                scope.spawn(move || {
                    let reader = cache.current().reader();
                    let load = |_: &u64| {
                        barrier.wait();
                        reader.get_or_load(&other, Tier::Variable, |_| Ok(Item::light(9))).copied()
                    };
                    assert_eq!(reader.get_or_load(&own, Tier::Variable, load).unwrap(), &Item::light(9));
                });
            }
        });
        assert!(cache.stats().alone >= 1);
    });
}

#[test]
fn a_loader_that_enters_rayon_all_the_same_hangs_nobody() {
    within(SOON, || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let cache = Arc::new(cache(patient(Duration::from_millis(200))));
        // The leader joins inside its load; a thief takes the other half, which wants the same key and waits for
        // the leader, who waits for the thief.
        let request = |id| {
            let reader = cache.current().reader();
            let load = |_: &u64| {
                let half = || {
                    let reader = cache.current().reader();
                    reader.get_or_load(&1, Tier::Variable, |_| Ok(Item::light(id))).unwrap().id
                };
                let pause = || thread::sleep(Duration::from_millis(20));
                let (_, found) = rayon::join(pause, half);
                Ok(Item::light(found))
            };
            reader.get_or_load(&1, Tier::Variable, load).unwrap().id
        };
        pool.install(|| rayon::join(|| request(1), || request(2)));
        for _ in 0..20 {
            cache.invalidate(format!("{:?}", Instant::now()), 1);
            pool.install(|| {
                rayon::scope(|scope| {
                    for id in 0..4 {
                        scope.spawn(move |_| assert!(request(id) < 4));
                    }
                });
            });
        }
    });
}

#[test]
fn a_reader_works_inside_map_init() {
    use rayon::prelude::*;
    let cache = cache(room_for(8));
    let generation = cache.current();
    let total: u64 = (0..1_000_u64)
        .into_par_iter()
        .map_init(
            || generation.reader(),
            |reader, at| {
                let key = (at % 16) as u8;
                let id =
                    reader.get_or_load(&key, Tier::Variable, |_| Ok(Item::light(u64::from(key)))).unwrap().id;
                reader.refresh();
                id
            },
        )
        .sum();
    assert_eq!(total, (0..1_000_u64).map(|at| at % 16).sum::<u64>());
}

/// A key whose clone, comparison or hash fails when told to.
mod brittle {
    use std::cell::Cell;
    use std::hash::{Hash, Hasher};

    thread_local! {
        /// Calls until one panics; 0 is never.
        pub static FUSE: Cell<u32> = const { Cell::new(0) };
    }

    #[derive(Debug)]
    pub struct Brittle(pub u8);

    fn burn() {
        let left = FUSE.get();
        if left > 0 {
            FUSE.set(left - 1);
            if left == 1 {
                std::panic::resume_unwind(Box::new("brittle"));
            }
        }
    }

    impl Clone for Brittle {
        fn clone(&self) -> Self {
            burn();
            Self(self.0)
        }
    }

    impl PartialEq for Brittle {
        fn eq(&self, other: &Self) -> bool {
            burn();
            self.0 == other.0
        }
    }

    impl Eq for Brittle {}

    impl Hash for Brittle {
        fn hash<H: Hasher>(&self, state: &mut H) {
            burn();
            self.0.hash(state);
        }
    }

    #[derive(PartialEq, Debug)]
    pub struct BrittleItem(pub u64);

    impl Clone for BrittleItem {
        fn clone(&self) -> Self {
            burn();
            Self(self.0)
        }
    }

    impl lookback::cache::Weigh for BrittleItem {
        fn payload_bytes(&self) -> u64 {
            burn();
            0
        }
    }
}

#[test]
fn a_key_or_value_that_panics_in_any_of_its_calls_leaves_the_cache_as_good_as_before() {
    use brittle::{Brittle, BrittleItem, FUSE};
    type Broken = Cache<Brittle, BrittleItem, ()>;
    let request = |cache: &Broken, fuse: u32, work: &dyn Fn(&Broken)| {
        FUSE.set(fuse);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(cache)));
        FUSE.set(0);
        outcome.is_ok()
    };
    let works: [&dyn Fn(&Broken); 4] = [
        &|cache| {
            let _ =
                cache.current().reader().get_or_load(&Brittle(1), Tier::Permanent, |()| Ok(BrittleItem(1)));
        },
        &|cache| {
            let _ =
                cache.current().reader().get_or_load(&Brittle(2), Tier::Variable, |()| Ok(BrittleItem(2)));
        },
        // A promotion.
        &|cache| {
            let _ =
                cache.current().reader().get_or_load(&Brittle(3), Tier::Permanent, |()| Ok(BrittleItem(3)));
        },
        &|cache| {
            cache.current().reader().put(Brittle(4), BrittleItem(4), Tier::Permanent);
        },
    ];
    for work in works {
        for fuse in 1.. {
            let options = Options {
                capacity_bytes: 10_000,
                variable_entries: 2,
                shards: Some(1),
                // Whoever finds a flight that nobody leads fails the test by this.
                wait_limit: Duration::from_secs(3_600),
                ..Options::default()
            };
            let cache: Broken = Cache::new(options, "v1", ()).unwrap();
            cache.current().reader().put(Brittle(3), BrittleItem(3), Tier::Variable);
            let is_whole = request(&cache, fuse, work);
            let generation = cache.current();
            let audit = generation.audit().unwrap();
            assert_eq!(audit.reserved_bytes, audit.published_bytes(), "fuse {fuse}");
            assert_eq!(generation.permanent_bytes(), audit.permanent_bytes, "fuse {fuse}");
            let stats = cache.stats();
            assert_eq!(stats.resident_bytes(), audit.published_bytes(), "fuse {fuse}");
            let reader = generation.reader();
            for key in 1..=4 {
                let value =
                    reader.get_or_load(&Brittle(key), Tier::Permanent, |()| Ok(BrittleItem(key.into())));
                assert_eq!(value.unwrap(), &BrittleItem(key.into()));
            }
            if is_whole {
                assert!(fuse > 3, "the fuse did burn");
                break;
            }
        }
    }
}

#[test]
fn errors_of_overlapping_generations_do_not_mix() {
    let cache = Items::new(room_for(2), "v1", 1).unwrap();
    let old = cache.current();
    cache.invalidate("v2", 2);
    let load = |source: &u64| if *source == 1 { Err(Error::load("old")) } else { Ok(Item::light(2)) };
    assert_eq!(cache.current().reader().get_or_load(&1, Tier::Variable, load).unwrap().id, 2);
    assert_eq!(old.reader().get_or_load(&1, Tier::Variable, load).unwrap_err().to_string(), "old");
}

#[test]
fn what_a_load_needs_is_waited_for_before_its_own_flight() {
    let cache = cache(patient(SOON));
    let (started, begun) = channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            let slow = |_: &u64| {
                started.send(()).unwrap();
                thread::sleep(Duration::from_millis(50));
                Ok(Item::light(10))
            };
            cache.current().reader().get_or_load(&1, Tier::Variable, slow).unwrap();
        });
        begun.recv().unwrap();
        let reader = cache.current().reader();
        let need = || reader.get_or_load(&1, Tier::Variable, |_| Err(Error::load("it is being loaded")));
        let twice = |_: &u64, ten: &Item| Ok(Item::light(ten.id * 2));
        let twenty = reader.get_or_load_after(&2, Tier::Variable, need, twice).unwrap();
        assert_eq!(twenty, &Item::light(20));
        // A hit prepares nothing.
        let unasked = || -> Result<(), Error> { Err(Error::load("nobody needs it")) };
        let held = reader.get_or_load_after(&2, Tier::Variable, unasked, |_, ()| Ok(Item::light(0)));
        assert_eq!(held.unwrap(), &Item::light(20));
    });
    let stats = cache.stats();
    assert_eq!((stats.loads, stats.joined, stats.misses, stats.alone), (2, 1, 3, 0), "{stats:?}");
    assert_eq!(stats.hits(), 1);
}
