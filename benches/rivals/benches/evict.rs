//! What does a request cost in a full cache?
//!
//! Machine: AMD EPYC, 2 shared cores, load below 1.5; rustc 1.95.0; 2026-11-23.
//!
//! | ns a request | zipf, 1 thread | scan, 1 thread |
//! |---|---|---|
//! | lookback, bound by entries | 472 | 951 |
//! | quick_cache | 66 | 71 |
//! | moka | 699 | 1,400 |
//!
//! The whole table is in BENCHMARKS.md. Command: `cargo rivals --bench evict`

use std::cell::RefCell;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};

use rivals::{Key, Rival, chunks, figures::Figures};

/// Requests of one chunk.
const CHUNK: usize = 2_048;

/// Blocks that every cache may hold.
const CAPACITY: usize = 1_024;

/// Blocks that are asked for.
const KEYS: usize = 16 * CAPACITY;

/// Requests of one thread, a million or so: zipf with exponent 0.9, or one block after the other, round and round.
fn requests(pattern: &str, thread: usize) -> Vec<Key> {
    let mut random = fastrand::Rng::with_seed(2_520 + thread as u64);
    let zipf = rivals::Zipf::new(KEYS, 0.9);
    let nth = |at: usize| match pattern {
        "zipf" => zipf.draw(&mut random),
        _ => (at + thread * KEYS / 2) % KEYS,
    };
    (0..64 * CHUNK).map(nth).map(Key::nth).collect()
}

fn measure<R: Rival>(criterion: &mut Criterion, figures: &Figures, rates: &Figures, name: &str) {
    for pattern in ["zipf", "scan"] {
        let all = [requests(pattern, 0), requests(pattern, 1)];
        let all = &all;
        let cache = R::new(CAPACITY);
        R::load(&mut cache.handle(), &all[0]);
        let before = rivals::made();
        R::load(&mut cache.handle(), &all[1]);
        let share = (rivals::made() - before) as f64 / all[1].len() as f64;
        rates.note(name, pattern, &[100.0 - 100.0 * share]);
        for threads in [1, 2] {
            let column = format!("{pattern}, {threads} threads");
            let mut group = criterion.benchmark_group(&column);
            group.sampling_mode(SamplingMode::Flat).sample_size(10);
            group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_secs(1));
            group.throughput(Throughput::Elements(1));
            let samples = RefCell::new(Vec::new());
            group.bench_function(BenchmarkId::from_parameter(name), |bench| {
                bench.iter_custom(|count| {
                    let chunks = usize::try_from(count).unwrap().div_ceil(CHUNK).clamp(100, 1_000);
                    let times = chunks::times(threads, chunks, |thread| {
                        let mut handle = cache.handle();
                        move |round: usize| {
                            let start = round % 64 * CHUNK;
                            std::hint::black_box(R::load(&mut handle, &all[thread][start..start + CHUNK]));
                        }
                    });
                    let request_ns = chunks::fastest(&times).as_secs_f64() * 1e9 / CHUNK as f64;
                    samples.borrow_mut().push(request_ns);
                    Duration::from_secs_f64(request_ns * 1e-9 * count as f64)
                });
            });
            group.finish();
            figures.note(name, &column, &samples.borrow());
        }
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let (figures, rates) = (Figures::default(), Figures::default());
    let on = (&mut criterion, &figures, &rates);
    measure::<rivals::Lookback<rivals::Variable>>(on.0, on.1, on.2, "lookback, bound by entries");
    measure::<rivals::InBytes>(on.0, on.1, on.2, "lookback, bound by bytes");
    measure::<rivals::QuickCache>(on.0, on.1, on.2, "quick_cache");
    measure::<rivals::Moka>(on.0, on.1, on.2, "moka");
    measure::<rivals::Lru>(on.0, on.1, on.2, "lru in a mutex");
    figures.print("ns a request");
    rates.print("hits, %");
    criterion.final_summary();
}
