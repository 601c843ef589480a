//! The history cache for callers with data of their own, held against a plain model and seen from several threads.

use std::collections::{HashMap, VecDeque};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use lookback::cache::Tier;
use lookback::history::{HistoryCache, Options, Order, WindowKey};
use lookback::{AssetId, Block, Error, Field, Frequency, Timestamp};
use proptest::prelude::*;

fn key(asset: u32, bar_count: usize) -> WindowKey {
    WindowKey {
        asset: AssetId(asset),
        field: Field::Close,
        frequency: Frequency::Day,
        bar_count,
        end: Timestamp(0),
    }
}

/// A window whose values tell which it is.
fn window(key: &WindowKey) -> Block {
    vec![f64::from(key.asset.0); key.bar_count].into()
}

fn cache(variable_entries: usize, order: Order) -> HistoryCache {
    HistoryCache::with_options(Options { variable_entries, order, ..Options::default() }, "monday").unwrap()
}

fn held(cache: &HistoryCache) -> Vec<u32> {
    let mut assets: Vec<u32> = cache.reader().keys(Tier::Variable).map(|key| key.asset.0).collect();
    assets.sort_unstable();
    assets
}

#[test]
fn permanent_windows_stay_and_the_others_go_at_once() {
    for order in [Order::Clock, Order::Lru] {
        let cache = cache(3, order);
        for asset in 0..100 {
            for bar_count in [20, 37, 50, 200] {
                cache.put(key(asset, bar_count), window(&key(asset, bar_count)));
                assert!(cache.len(Tier::Variable) <= 3);
            }
        }
        assert_eq!((cache.len(Tier::Permanent), cache.len(Tier::Variable)), (300, 3));
        assert_eq!(held(&cache), [97, 98, 99]);
        assert_eq!(cache.stats().evictions, 97);
        assert_eq!(cache.memory_bytes(), 8 * (100 * 270 + 3 * 37));
    }
}

#[test]
fn every_part_of_a_key_tells_windows_apart() {
    let cache = cache(256, Order::Clock);
    let first = key(1, 20);
    let keys = [
        first,
        WindowKey { asset: AssetId(2), ..first },
        WindowKey { field: Field::Volume, ..first },
        WindowKey { frequency: Frequency::Minute, ..first },
        WindowKey { bar_count: 21, ..first },
        WindowKey { end: Timestamp(1), ..first },
    ];
    for (value, key) in keys.iter().enumerate() {
        cache.put(*key, vec![value as f64].into());
    }
    for (value, key) in keys.iter().enumerate() {
        assert_eq!(cache.get(key).unwrap().column(0), [value as f64]);
    }
}

#[test]
fn lru_spares_what_was_read_last_where_clock_does_not_tell() {
    // Both were read, 1 after 0: LRU lets 0 go; and after 0 was read again, 1.
    for (reads, lru) in [([0, 1], [1, 2]), ([1, 0], [0, 2])] {
        let cache = cache(2, Order::Lru);
        for asset in [0, 1] {
            cache.put(key(asset, 5), window(&key(asset, 5)));
        }
        for asset in reads {
            assert!(cache.get(&key(asset, 5)).is_some());
        }
        cache.put(key(2, 5), window(&key(2, 5)));
        assert_eq!(held(&cache), lru);
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Get(u32),
    Put(u32),
    Load(u32),
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0_u32..12).prop_map(Step::Get),
        4 => (0_u32..12).prop_map(Step::Put),
        8 => (0_u32..12).prop_map(Step::Load),
        1 => Just(Step::Clear),
    ]
}

/// What an LRU cache is, and nothing more: keys, the one read last at the back.
#[derive(Default)]
struct Plain {
    entries: VecDeque<u32>,
    hits: u64,
    misses: u64,
    evictions: u64,
}

impl Plain {
    fn touch(&mut self, key: u32) -> bool {
        let Some(at) = self.entries.iter().position(|&held| held == key) else { return false };
        self.entries.remove(at);
        self.entries.push_back(key);
        true
    }

    fn hold(&mut self, key: u32, capacity: usize) {
        if self.touch(key) || capacity == 0 {
            return;
        }
        if self.entries.len() == capacity {
            self.entries.pop_front();
            self.evictions += 1;
        }
        self.entries.push_back(key);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn a_small_lru_cache_is_the_plain_one_step_by_step(
        capacity in 1_usize..6,
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let cache = cache(capacity, Order::Lru);
        let mut plain = Plain::default();
        for step in steps {
            match step {
                Step::Get(asset) => {
                    let found = cache.get(&key(asset, 7));
                    let expected = plain.touch(asset);
                    *(if expected { &mut plain.hits } else { &mut plain.misses }) += 1;
                    assert_eq!(found, expected.then(|| window(&key(asset, 7))));
                }
                Step::Put(asset) => {
                    cache.put(key(asset, 7), window(&key(asset, 7)));
                    plain.hold(asset, capacity);
                }
                Step::Load(asset) => {
                    let found = cache.get_or_load(&key(asset, 7), || Ok(window(&key(asset, 7)))).unwrap();
                    assert_eq!(found, window(&key(asset, 7)));
                    *(if plain.entries.contains(&asset) { &mut plain.hits } else { &mut plain.misses }) += 1;
                    plain.hold(asset, capacity);
                }
                Step::Clear => {
                    cache.clear();
                    plain.entries.clear();
                }
            }
            let mut expected: Vec<u32> = plain.entries.iter().copied().collect();
            expected.sort_unstable();
            assert_eq!(held(&cache), expected);
            let stats = cache.stats();
            assert_eq!((stats.hits(), stats.misses, stats.evictions), (plain.hits, plain.misses, plain.evictions));
        }
    }
}

#[test]
fn a_window_of_old_data_never_answers_for_new() {
    let cache: HistoryCache<Block, f64> =
        HistoryCache::with_source(Options::default(), "first print", 1.0).unwrap();
    let before = cache.reader();
    let load = |price: &f64| Ok(vec![*price].into());
    let late = before.get_or_load(&key(0, 20), |price| {
        assert!(cache.replace("restated", 2.0), "in the middle of the load");
        load(price)
    });
    assert_eq!(late.unwrap().column(0), [1.0]);
    before.put(key(1, 20), vec![1.0].into());
    let after = cache.reader();
    assert!(after.get(&key(0, 20)).is_none() && after.get(&key(1, 20)).is_none());
    assert_eq!(after.get_or_load(&key(0, 20), load).unwrap().column(0), [2.0]);
    assert_eq!((before.version(), after.version()), ("first print", "restated"));
    assert_eq!(before.get(&key(0, 20)).unwrap().column(0), [1.0], "the run that began before goes on");
}

#[test]
fn threads_that_miss_one_window_load_it_once_in_either_order() {
    for order in [Order::Clock, Order::Lru] {
        let cache = cache(64, order);
        let (loads, barrier) = (AtomicUsize::new(0), Barrier::new(8));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let reader = cache.reader();
                    barrier.wait();
                    for asset in 0..32 {
                        let load = |(): &()| {
                            loads.fetch_add(1, Ordering::Relaxed);
                            Ok(window(&key(asset, 9)))
                        };
                        let found = reader.get_or_load(&key(asset, 9), load).unwrap();
                        assert_eq!(found, &window(&key(asset, 9)));
                    }
                });
            }
        });
        assert_eq!(loads.into_inner(), 32, "{order:?}");
        let stats = cache.stats();
        assert_eq!((stats.requests(), stats.evictions, cache.len(Tier::Variable)), (256, 0, 32));
    }
}

#[test]
fn lru_holds_its_bounds_and_gives_right_windows_while_threads_fight_for_room() {
    let cache = cache(4, Order::Lru);
    thread::scope(|scope| {
        for thread in 0..4_u32 {
            let cache = &cache;
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(thread.into());
                for _ in 0..5_000 {
                    let key = key(random.u32(0..12), 3);
                    assert_eq!(cache.get_or_load(&key, || Ok(window(&key))).unwrap(), window(&key));
                }
            });
        }
    });
    // A walk beside changes may meet an entry and the one that took its place: it is exact when nobody changes any.
    assert_eq!(cache.len(Tier::Variable), 4);
    let stats = cache.stats();
    assert_eq!((stats.requests(), stats.limbo_bytes), (20_000, 0));
}

#[test]
fn a_failed_load_is_told_and_not_kept() {
    for order in [Order::Clock, Order::Lru] {
        let cache = cache(4, order);
        let refused = cache.get_or_load(&key(0, 3), || Err(Error::load("no such asset"))).unwrap_err();
        assert_eq!(refused.to_string(), "no such asset");
        assert!(cache.is_empty());
        assert!(cache.get_or_load(&key(0, 3), || Ok(window(&key(0, 3)))).is_ok());
    }
}

#[test]
fn the_bytes_of_a_version_are_bounded_and_permanent_windows_have_half_of_them() {
    let options = Options { capacity_bytes: 100_000, ..Options::default() };
    let cache: HistoryCache = HistoryCache::with_options(options, "monday").unwrap();
    for asset in 0..200 {
        for bar_count in [200, 201] {
            let key = key(asset, bar_count);
            assert_eq!(cache.get_or_load(&key, || Ok(window(&key))).unwrap(), window(&key));
            let stats = cache.stats();
            assert!(stats.resident_bytes() <= 100_000 && stats.permanent.bytes <= 50_000, "{stats:?}");
        }
    }
    assert!(cache.stats().overflow > 0, "the rest of the permanent ones is kept as variable");
}

#[test]
fn the_rows_of_each_asset_are_grouped_once_a_version() {
    let table = |assets: &[u32]| assets.iter().copied().map(AssetId).collect::<Vec<_>>();
    let cache: HistoryCache<Block, Vec<AssetId>> =
        HistoryCache::with_source(Options::default(), "monday", table(&[3, 1, 3])).unwrap();
    let groups = AtomicUsize::new(0);
    let list = |table: &Vec<AssetId>| {
        groups.fetch_add(1, Ordering::Relaxed);
        table.clone()
    };
    for _ in 0..10 {
        assert_eq!(cache.reader().asset_rows(list).of(AssetId(3)), [0, 2]);
    }
    assert!(cache.replace("tuesday", table(&[3])));
    assert_eq!(cache.reader().asset_rows(list).of(AssetId(3)), [0]);
    assert_eq!(groups.into_inner(), 2);
}

#[test]
fn a_hit_rate_is_that_of_a_moving_clock_too() {
    // The predecessor's own measure, told honestly: the end is part of the key, so a clock that moves misses.
    let cache = cache(256, Order::Clock);
    let mut seen = HashMap::new();
    for day in 0..60 {
        for asset in 0..2 {
            for bar_count in [20, 50, 200] {
                let key = WindowKey { end: Timestamp(day), ..key(asset, bar_count) };
                *seen.entry(key).or_insert(0) += 1;
                cache.get_or_load(&key, || Ok(window(&key))).unwrap();
            }
        }
    }
    assert_eq!((cache.stats().hit_rate(), seen.len()), (Some(0.0), 360));
    assert_eq!(cache.warming(), None);
}
