//! What does a miss cost beside its load? And a storm of misses, an invalidation, two generations at once?
//!
//! Machine: AMD EPYC, 2 shared cores, load below 1.5; rustc 1.95.0; 2026-11-23.
//!
//! | ns a miss | 1 thread | 2 threads, each |
//! |---|---|---|
//! | lookback, variable | 792 | 971 |
//! | quick_cache | 132 | 266 |
//! | lru in a mutex | 87 | 620 |
//!
//! The whole tables are in BENCHMARKS.md. Command: `cargo rivals --bench miss`

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use lookback::cache::{Cache, Options, Tier};

use rivals::{Block, CAPACITY, Key, Rival, chunks, figures::Figures};

/// Misses of one chunk: every chunk fills a cache of its own.
const CHUNK: usize = 1_024;

/// What is allocated, counted while somebody asks for it: the timed parts pay one branch.
struct Counting;

static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATED_BYTES: AtomicI64 = AtomicI64::new(0);

fn count(bytes: usize, sign: i64) {
    if IS_COUNTING.load(Ordering::Relaxed) {
        ALLOCATED_BYTES.fetch_add(sign * i64::try_from(bytes).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

// SAFETY: every call is passed to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 1);
        // SAFETY: the caller's own promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(layout.size(), -1);
        // SAFETY: the caller's own promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Every thread asks for keys that nobody asked for before, in a cache with room for all.
fn cold<R: Rival>(criterion: &mut Criterion, figures: &Figures, name: &'static str) {
    for threads in [1, 2] {
        let column = format!("cold key, {threads} threads");
        let mut group = criterion.benchmark_group(&column);
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(600));
        group.throughput(Throughput::Elements(1));
        let samples = RefCell::new(Vec::new());
        group.bench_function(BenchmarkId::from_parameter(name), |bench| {
            bench.iter_custom(|count| {
                let chunks = usize::try_from(count).unwrap().div_ceil(CHUNK).clamp(50, 200);
                let caches = (0..chunks).map(|_| R::new(CAPACITY)).collect::<Vec<_>>();
                let caches = &caches;
                let times = chunks::times(threads, chunks, |thread| {
                    let keys = (0..CHUNK).map(|index| Key::nth(2 * index + thread)).collect::<Vec<_>>();
                    move |round: usize| {
                        std::hint::black_box(R::load(&mut caches[round].handle(), &keys));
                    }
                });
                let miss_ns = chunks::fastest(&times).as_secs_f64() * 1e9 / CHUNK as f64;
                samples.borrow_mut().push(miss_ns);
                Duration::from_secs_f64(miss_ns * 1e-9 * count as f64)
            });
        });
        group.finish();
        figures.note(name, &column, &samples.borrow());
    }
}

/// One shard of `entries`, full: every miss copies a table of that many and evicts one.
fn publication(criterion: &mut Criterion, figures: &Figures, entries: usize) {
    let options = Options { variable_entries: entries, shards: Some(1), ..Options::default() };
    let cache: Cache<Key, Block, ()> = Cache::new(options, "1", ()).unwrap();
    let name = format!("{entries} entries in one shard");
    let mut group = criterion.benchmark_group("publication");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(600));
    let samples = RefCell::new(Vec::new());
    group.bench_function(BenchmarkId::from_parameter(&name), |bench| {
        bench.iter_custom(|count| {
            let chunks = usize::try_from(count).unwrap().div_ceil(CHUNK).clamp(50, 1_000);
            let times = chunks::times(1, chunks, |_| {
                let mut reader = cache.current().reader();
                move |round: usize| {
                    for index in 0..CHUNK {
                        let key = Key::nth(round * CHUNK + index);
                        reader.get_or_load(&key, Tier::Variable, |()| Ok(Block::of(&key))).unwrap();
                        if index % 64 == 0 {
                            reader.refresh();
                        }
                    }
                }
            });
            let miss_ns = chunks::fastest(&times).as_secs_f64() * 1e9 / CHUNK as f64;
            samples.borrow_mut().push(miss_ns);
            Duration::from_secs_f64(miss_ns * 1e-9 * count as f64)
        });
    });
    group.finish();
    figures.note(&name, "publication", &samples.borrow());
}

fn quantile(times: &[Duration], share: f64) -> Duration {
    times[((times.len() - 1) as f64 * share) as usize]
}

/// 64 threads ask for one cold key at once.
fn storm() {
    const THREADS: usize = 64;
    println!(
        "\n| load | threads | storms | loads a storm | joined a storm | median until the last has it | slowest |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (name, load_time) in [
        ("at once", Duration::ZERO),
        ("1 ms", Duration::from_millis(1)),
        ("20 ms", Duration::from_millis(20)),
    ] {
        let cache: Cache<Key, Block, ()> = Cache::new(Options::default(), "1", ()).unwrap();
        let storms = 50;
        let (cache, start) = (&cache, &Barrier::new(THREADS));
        let began = &AtomicU64::new(0);
        let clock = Instant::now();
        let now = || u64::try_from(clock.elapsed().as_nanos()).unwrap();
        let now = &now;
        let ended = std::thread::scope(|scope| {
            let asker = || {
                let mut reader = cache.current().reader();
                let mut ended = Vec::new();
                for storm in 0..storms {
                    reader.refresh();
                    if start.wait().is_leader() {
                        began.store(now(), Ordering::Relaxed);
                    }
                    start.wait();
                    let key = Key::nth(storm);
                    let load = |(): &()| {
                        std::thread::sleep(load_time);
                        Ok(Block::of(&key))
                    };
                    reader.get_or_load(&key, Tier::Variable, load).unwrap();
                    ended.push(now() - began.load(Ordering::Relaxed));
                }
                ended
            };
            let threads = (0..THREADS).map(|_| scope.spawn(asker)).collect::<Vec<_>>();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        let last = |storm: usize| Duration::from_nanos(ended.iter().map(|ended| ended[storm]).max().unwrap());
        let mut last = (0..storms).map(last).collect::<Vec<_>>();
        last.sort();
        let stats = cache.stats();
        assert_eq!(stats.loads, storms as u64, "one load for each storm");
        println!(
            "| {name} | {THREADS} | {storms} | {} | {:.1} | {:.2?} | {:.2?} |",
            stats.loads / storms as u64,
            stats.joined as f64 / storms as f64,
            quantile(&last, 0.5),
            quantile(&last, 1.0)
        );
    }
}

/// `invalidate` while readers hit as fast as they can, each on the generation that it took at its last trial.
fn invalidation() {
    println!("\n| readers | invalidations | median | 99th percentile | slowest | hits meanwhile |");
    println!("|---|---|---|---|---|---|");
    for readers in [0, 1, 2] {
        let cache: Cache<Key, Block, ()> = Cache::new(Options::default(), "0", ()).unwrap();
        let (cache, is_over) = (&cache, &AtomicBool::new(false));
        let mut times = std::thread::scope(|scope| {
            for _ in 0..readers {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        let reader = cache.current().reader();
                        for index in 0..20_000 {
                            let key = Key::nth(index % 200);
                            reader.get_or_load(&key, Tier::Permanent, |()| Ok(Block::of(&key))).unwrap();
                        }
                    }
                });
            }
            let times = (1..=2_000).map(|version| {
                let (version, began) = (version.to_string(), Instant::now());
                assert!(cache.invalidate(version, ()));
                let time = began.elapsed();
                std::thread::sleep(Duration::from_micros(200));
                time
            });
            let times = times.collect::<Vec<_>>();
            is_over.store(true, Ordering::Relaxed);
            times
        });
        times.sort();
        println!(
            "| {readers} | {} | {:.1?} | {:.1?} | {:.1?} | {} |",
            times.len(),
            quantile(&times, 0.5),
            quantile(&times, 0.99),
            quantile(&times, 1.0),
            cache.stats().hits(),
        );
    }
}

/// Bytes while generations overlap: 1,000 blocks of 2,048 numbers in each.
fn overlap() {
    println!("\n| moment | generations alive | resident bytes | limbo bytes | allocated bytes |");
    println!("|---|---|---|---|---|");
    IS_COUNTING.store(true, Ordering::Relaxed);
    let before = ALLOCATED_BYTES.load(Ordering::Relaxed);
    let cache: Cache<Key, Block, ()> = Cache::new(Options::default(), "0", ()).unwrap();
    let say = |moment: &str| {
        let (stats, allocated) = (cache.stats(), ALLOCATED_BYTES.load(Ordering::Relaxed) - before);
        println!(
            "| {moment} | {} | {} | {} | {allocated} |",
            stats.generations,
            stats.resident_bytes(),
            stats.limbo_bytes
        );
    };
    let fill = || {
        let mut reader = cache.current().reader();
        for index in 0..1_000 {
            let load = |(): &()| Ok(Block(Arc::new([0.0; 2_048])));
            reader.get_or_load(&Key::nth(index), Tier::Variable, load).unwrap();
            if index % 100 == 0 {
                reader.refresh();
            }
        }
        reader.refresh();
        reader
    };
    say("empty");
    let reader = fill();
    say("filled");
    cache.invalidate("1", ());
    say("invalidated, an old reader alive");
    drop(fill());
    say("the new one filled too");
    drop(reader);
    say("after the old reader's end");
    IS_COUNTING.store(false, Ordering::Relaxed);
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let figures = Figures::default();
    let on = (&mut criterion, &figures);
    cold::<rivals::Loader>(on.0, on.1, "the load alone");
    cold::<rivals::Lookback<rivals::Variable>>(on.0, on.1, "lookback, variable");
    cold::<rivals::Lookback<rivals::Permanent>>(on.0, on.1, "lookback, permanent");
    cold::<rivals::QuickCache>(on.0, on.1, "quick_cache");
    cold::<rivals::Moka>(on.0, on.1, "moka");
    cold::<rivals::Lru>(on.0, on.1, "lru in a mutex");
    cold::<rivals::DashMap>(on.0, on.1, "dashmap");
    cold::<rivals::Papaya>(on.0, on.1, "papaya alone");
    figures.print("ns a miss");
    let figures = Figures::default();
    for entries in [16, 32, 64, 128, 256, 1_024] {
        publication(&mut criterion, &figures, entries);
    }
    figures.print("ns a miss");
    if !std::env::args().any(|arg| arg == "--timed-only") {
        storm();
        invalidation();
        overlap();
    }
    criterion.final_summary();
}
