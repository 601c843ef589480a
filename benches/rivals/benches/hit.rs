//! How long does a hit take inside a reader, beside its rivals?
//!
//! Machine: AMD EPYC, 2 shared cores, load below 1.5; rustc 1.95.0; 2026-11-23.
//!
//! | ns a hit, 200 keys in random order | 1 thread | 2 threads, each |
//! |---|---|---|
//! | lookback, permanent | 5.5 | 5.5 |
//! | lookback, variable | 5.3 | 5.3 |
//! | quick_cache | 13.1 | 32.8 |
//! | moka | 133.8 | 275.8 |
//!
//! The whole table is in BENCHMARKS.md. Command: `cargo rivals --bench hit`

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};

use rivals::{CAPACITY, Key, Rival, chunks, figures::Figures};

/// Requests of one chunk: about 0.04 ms of hits.
const CHUNK: usize = 4_096;

/// The keys that one thread asks for, in order.
fn requests(keys: usize, same: bool, thread: usize) -> Vec<Key> {
    let mut random = fastrand::Rng::with_seed(2_520 + thread as u64);
    (0..CHUNK).map(|_| Key::nth(if same { keys / 2 } else { random.usize(..keys) })).collect()
}

fn measure<R: Rival>(criterion: &mut Criterion, figures: &Figures, name: &'static str) {
    for (keys, same) in [(200, false), (4_096, false), (200, true)] {
        let cache = R::new(CAPACITY);
        let all = (0..keys).map(Key::nth).collect::<Vec<_>>();
        let expected: f64 = R::load(&mut cache.handle(), &all);
        assert!((R::sum(&mut cache.handle(), &all) - expected).abs() < 1e-6, "{name}: every key is a hit");
        for threads in [1, 2] {
            let column =
                format!("{} keys, {threads} threads", if same { "same".into() } else { keys.to_string() });
            let mut group = criterion.benchmark_group(&column);
            group.sampling_mode(SamplingMode::Flat).sample_size(10);
            group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(1_000));
            group.throughput(Throughput::Elements(1));
            let mut samples = Vec::new();
            group.bench_function(BenchmarkId::from_parameter(name), |bench| {
                bench.iter_custom(|count| {
                    let chunks = usize::try_from(count).unwrap().div_ceil(CHUNK).max(100);
                    let times = chunks::times(threads, chunks, |thread| {
                        let requests = requests(keys, same, thread);
                        let mut handle = cache.handle();
                        move |_| {
                            black_box(R::sum(&mut handle, black_box(&requests)));
                        }
                    });
                    let hit_ns = chunks::fastest(&times).as_secs_f64() * 1e9 / CHUNK as f64;
                    samples.push(hit_ns);
                    Duration::from_secs_f64(hit_ns * 1e-9 * count as f64)
                });
            });
            group.finish();
            figures.note(name, &column, &samples);
        }
    }
}

/// The time of a hit on so many threads, which share the first cache or read one each.
fn hit_ns<R: Rival>(threads: usize, caches: &[R], keys: usize, same: bool) -> f64 {
    let times = chunks::times(threads, 100, |thread| {
        let requests = requests(keys, same, thread);
        let mut handle = caches[thread % caches.len()].handle();
        move |_| {
            black_box(R::sum(&mut handle, black_box(&requests)));
        }
    });
    chunks::fastest(&times).as_secs_f64() * 1e9 / CHUNK as f64
}

/// Throughput of two threads over that of one, in turns: of one cache, and of a cache for each, which is what the
/// machine itself allows.
fn scaling<R: Rival>(name: &str) {
    const ROUNDS: usize = 60;
    for (keys, same) in [(200, false), (4_096, false), (200, true)] {
        let caches = [R::new(CAPACITY), R::new(CAPACITY)];
        let all = (0..keys).map(Key::nth).collect::<Vec<_>>();
        caches.iter().for_each(|cache| {
            R::load(&mut cache.handle(), &all);
        });
        let (mut shared, mut own) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let one = hit_ns(1, &caches, keys, same);
            shared.push(2.0 * one / hit_ns(2, &caches[..1], keys, same));
            own.push(2.0 * one / hit_ns(2, &caches, keys, same));
        }
        shared.sort_by(f64::total_cmp);
        own.sort_by(f64::total_cmp);
        println!(
            "| {name} | {} | {:.2} | {:.2} | {:.2} | {:.2} |",
            if same { "same".into() } else { keys.to_string() },
            shared[ROUNDS / 2],
            shared[ROUNDS * 9 / 10],
            own[ROUNDS / 2],
            own[ROUNDS * 9 / 10],
        );
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let figures = Figures::default();
    let on = (&mut criterion, &figures);
    measure::<rivals::Slice>(on.0, on.1, "slice");
    measure::<rivals::Lookback<rivals::Permanent>>(on.0, on.1, "lookback, permanent");
    measure::<rivals::Lookback<rivals::Variable>>(on.0, on.1, "lookback, variable");
    measure::<rivals::Lookback<rivals::PermanentSecond>>(on.0, on.1, "lookback, permanent, second probe");
    measure::<rivals::Lookback<rivals::VariableSecond>>(on.0, on.1, "lookback, variable, second probe");
    measure::<rivals::Owned>(on.0, on.1, "lookback, owned clone");
    measure::<rivals::QuickCache>(on.0, on.1, "quick_cache");
    measure::<rivals::Moka>(on.0, on.1, "moka");
    measure::<rivals::Lru>(on.0, on.1, "lru in a mutex");
    measure::<rivals::DashMap>(on.0, on.1, "dashmap");
    measure::<rivals::Papaya>(on.0, on.1, "papaya alone");
    figures.print("ns a hit");
    println!(
        "\n| throughput of 2 threads over 1 | keys | shared, median | best tenth | own caches, median | best tenth |"
    );
    println!("|---|---|---|---|---|---|");
    scaling::<rivals::Slice>("slice");
    scaling::<rivals::Lookback<rivals::Permanent>>("lookback, permanent");
    scaling::<rivals::Lookback<rivals::Variable>>("lookback, variable");
    scaling::<rivals::Papaya>("papaya alone");
    scaling::<rivals::QuickCache>("quick_cache");
    criterion.final_summary();
}
