//! What does a window cost that the cache holds, beside a slice of a plain `Vec`?
//!
//! One asset of the sample, closes adjusted as of the window's end, 20 bars (37 where variable); ends in the
//! order of a moving clock and shuffled (seeded). Each thread has its own reader; a figure is the time of one
//! window in each thread.
//!
//! Machine: Intel Xeon, 2 shared cores, the smallest median of six runs beside other work; rustc 1.95.0; 2026-11-25.
//!
//! | ns a window, 1 thread | moving | shuffled |
//! |---|---|---|
//! | slice of a `Vec` | 1.1 | 1.0 |
//! | bar, permanent | 8.7 | 9.9 |
//! | bar, variable | 15.9 | 17.6 |
//! | timestamp, permanent | 9.9 | 17.0 |
//!
//! Command: `cargo bench --bench history`

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lookback::history::{self, HistoryCache, Order, WindowKey};
use lookback::portal::{FrameShape, Options};
use lookback::{AssetId, Bundle, DataPortal, Field, Frequency, PortalReader, Request, Snapshot, Timestamp};

const BAR_COUNT: usize = 20;

/// A power of two, so that going round costs a mask and no division.
const ENDS: usize = 2048;

/// Runs `iterations` of `each` on every thread at once; the time of the slowest.
fn on_threads<S, F>(threads: usize, iterations: u64, set_up: impl Fn() -> S + Sync, each: F) -> Duration
where
    F: Fn(&S, usize) + Sync,
{
    let iterations = usize::try_from(iterations).expect("no run is that long");
    let barrier = Barrier::new(threads);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let state = set_up();
                    barrier.wait();
                    let start = Instant::now();
                    for iteration in 0..iterations {
                        each(&state, iteration);
                    }
                    start.elapsed()
                })
            })
            .collect();
        let elapsed = workers.into_iter().map(|worker| worker.join().expect("no window fails"));
        elapsed.max().unwrap_or_default()
    })
}

/// A reader that has met every block of the request.
fn warm(snapshot: &Snapshot, request: &Request, ends: &[usize]) -> PortalReader {
    let reader = snapshot.reader();
    for &end in ends {
        reader.history(request, end).expect("the sample holds every window");
    }
    reader
}

fn history(criterion: &mut Criterion) {
    let portal = DataPortal::new(Bundle::sample().expect("the sample is whole"), Options::default())
        .expect("default options agree");
    let snapshot = portal.snapshot();
    let request =
        |bars| portal.request(["AAPL"], [Field::Close], bars, Frequency::Day).expect("AAPL is there");
    let (permanent, variable) = (request(BAR_COUNT), request(37));
    let calendar = snapshot.calendar(&permanent).expect("the sample is in memory");
    let moments = calendar.as_slice();
    let mut closes = Vec::new();
    let apple = snapshot.bundle().asset("AAPL").expect("AAPL is there");
    snapshot.bundle().read(apple, Field::Close, 0..moments.len(), &mut closes).expect("it is in memory");

    let moving: Vec<usize> = (moments.len() - ENDS..moments.len()).collect();
    let mut shuffled = moving.clone();
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for at in (1..shuffled.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        shuffled.swap(at, usize::try_from(state >> 33).expect("31 bits fit") % (at + 1));
    }

    for (order, ends) in [("moving", &moving), ("shuffled", &shuffled)] {
        let mut group = criterion.benchmark_group(format!("history/{order}"));
        let end = |iteration: usize| ends[iteration % ENDS];
        for threads in [1, 2] {
            group.throughput(Throughput::Elements(threads as u64));
            let id = |name| BenchmarkId::new(name, threads);
            group.bench_function(id("vec slice"), |bencher| {
                bencher.iter_custom(|iterations| {
                    on_threads(
                        threads,
                        iterations,
                        || (),
                        |(), at| {
                            let end = end(at);
                            black_box(&black_box(&closes)[end + 1 - BAR_COUNT..=end]);
                        },
                    )
                });
            });
            for (name, request) in [("bar, permanent", &permanent), ("bar, variable", &variable)] {
                group.bench_function(id(name), |bencher| {
                    bencher.iter_custom(|iterations| {
                        on_threads(
                            threads,
                            iterations,
                            || warm(&snapshot, request, ends),
                            |reader, at| {
                                let window = reader.history(black_box(request), end(at));
                                black_box(window.expect("warm").column(0));
                            },
                        )
                    });
                });
            }
            group.bench_function(id("timestamp, permanent"), |bencher| {
                bencher.iter_custom(|iterations| {
                    on_threads(
                        threads,
                        iterations,
                        || warm(&snapshot, &permanent, ends),
                        |reader, at| {
                            let window = reader.history(black_box(&permanent), Timestamp(moments[end(at)]));
                            black_box(window.expect("warm").column(0));
                        },
                    )
                });
            });
        }
        group.finish();
    }
}

/// What the shapes of one window cost beside each other: three assets of two fields, 50 bars.
fn shapes(criterion: &mut Criterion) {
    let portal = DataPortal::new(Bundle::sample().expect("the sample is whole"), Options::default())
        .expect("default options agree");
    let fields = [Field::Close, Field::Volume];
    let request = portal.request(["AAPL", "IBM", "MSFT"], fields, 50, Frequency::Day).expect("all are there");
    let ends: Vec<usize> = (1_000..1_000 + ENDS).collect();
    let reader = warm(&portal.snapshot(), &request, &ends);
    let mut group = criterion.benchmark_group("history/shapes");
    let mut at = 0;
    let mut end = move || {
        at = (at + 1) % ENDS;
        ends[at]
    };
    let lent = |end| reader.history(black_box(&request), end).expect("warm");
    let named = |end| reader.named(black_box(&request), end).expect("warm");
    group.bench_function("columns", |bencher| bencher.iter(|| black_box(lent(end()).column(5))));
    group.bench_function("current", |bencher| bencher.iter(|| black_box(lent(end()).current(5))));
    group.bench_function("array, 2 axes", |bencher| bencher.iter(|| black_box(lent(end()).view())));
    group.bench_function("array, 3 axes", |bencher| bencher.iter(|| black_box(lent(end()).view3(2))));
    group.bench_function("owned", |bencher| bencher.iter(|| black_box(lent(end()).to_owned())));
    group.bench_function("named", |bencher| {
        bencher.iter(|| black_box(named(end()).current("MSFT", Field::Volume)));
    });
    for (name, shape) in [("record batch, wide", FrameShape::Wide), ("record batch, long", FrameShape::Long)]
    {
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(named(end()).to_record_batch(shape)));
        });
    }
    group.finish();
}

/// A hit of the cache for callers with data of their own, 200 windows of 20 or 37 bars in turn.
fn own_data(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("history/cache");
    for (name, order, bar_count) in [
        ("permanent", Order::Clock, 20),
        ("variable, clock", Order::Clock, 37),
        ("variable, LRU", Order::Lru, 37),
    ] {
        let options = history::Options { order, ..history::Options::default() };
        let cache: HistoryCache = HistoryCache::with_options(options, "v1").expect("they agree");
        let key = |asset: u32| WindowKey {
            asset: AssetId(asset),
            field: Field::Close,
            frequency: Frequency::Day,
            bar_count,
            end: Timestamp(0),
        };
        let mut reader = cache.reader();
        for asset in 0..200 {
            reader.put(key(asset), vec![0.5; bar_count].into());
        }
        let mut asset = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                asset = (asset + 1) % 200;
                if asset == 0 {
                    reader.refresh();
                }
                black_box(reader.get(&key(asset)).expect("it is held").column(0)[0])
            });
        });
        group.bench_function(format!("{name}, without a reader"), |bencher| {
            bencher.iter(|| {
                asset = (asset + 1) % 200;
                black_box(cache.get(&key(asset)).expect("it is held"))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, history, shapes, own_data);
criterion_main!(benches);
