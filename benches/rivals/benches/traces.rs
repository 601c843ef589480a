//! What share of the requests hits, beside an LRU and beside Belady's optimum?
//!
//! Nothing is timed: the figures are the same on every machine. A moving clock hits 97 to 99.9 %, where an LRU of windows
//! keyed by date hits 0 to 2 %, or 87.5 % where eight threads go in step. The table is in BENCHMARKS.md.
//!
//! Command: `cargo rivals --bench traces`

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::Arc;

use lookback::cache::{Cache, Options, Reader, Tier};

use rivals::{Block, Key, QuickCache, Rival as _, Zipf};

const ASSETS: u32 = 5;
const DATES: u64 = 2_520;
/// Days between two events of an asset: a quarterly dividend.
const STRETCH: u64 = 63;
/// The permanent ones, and 37.
const WINDOWS: [u32; 4] = [20, 37, 50, 200];
/// Blocks of any of these windows hold so many bars before their stretch.
const LOOKBACK_CLASS: u64 = 256;
const THREADS: u64 = 8;

/// One request of a thread: what a cache keyed by date is asked for, and the block that answers it here.
#[derive(Clone, Copy)]
struct Request {
    thread: usize,
    dated: (u32, u32, u64),
    block: Key,
    tier: Tier,
}

impl Request {
    /// The last `bar_count` bars of an asset as of a date.
    fn history(thread: u64, asset: u32, bar_count: u32, date: u64) -> Self {
        let tier = if bar_count == 37 { Tier::Variable } else { Tier::Permanent };
        // Each asset has its events on days of its own.
        let stretch = (date + 13 * u64::from(asset)) / STRETCH;
        let block = Key { asset, columns: 256, stretch };
        Self { thread: usize::try_from(thread).unwrap(), dated: (asset, bar_count, date), block, tier }
    }

    /// One block, as it is.
    fn block(number: usize) -> Self {
        let dated = (0, 0, number as u64);
        Self { thread: 0, dated, block: Key::nth(number), tier: Tier::Variable }
    }
}

/// All that one bar of a run asks for.
fn bar(thread: u64, date: u64) -> impl Iterator<Item = Request> {
    (0..ASSETS).flat_map(move |asset| {
        WINDOWS.into_iter().map(move |bar_count| Request::history(thread, asset, bar_count, date))
    })
}

fn in_step() -> Vec<Request> {
    (0..DATES).flat_map(|date| (0..THREADS).flat_map(move |thread| bar(thread, date))).collect()
}

/// Every thread runs all dates from one of its own on, and a random one goes on next.
fn out_of_step() -> Vec<Request> {
    let mut random = fastrand::Rng::with_seed(2_520);
    let mut clocks = (0..THREADS).map(|_| (random.u64(..DATES), 0)).collect::<Vec<_>>();
    let mut requests = Vec::new();
    while let Some((thread, done)) =
        Some(random.usize(..clocks.len())).map(|thread| (thread, clocks[thread].1))
    {
        if done < DATES {
            requests.extend(bar(thread as u64, (clocks[thread].0 + done) % DATES));
            clocks[thread].1 += 1;
        } else if clocks.iter().all(|clock| clock.1 == DATES) {
            break;
        }
    }
    requests
}

/// Hits of least recently used.
fn lru<K: Hash + Eq + Copy>(keys: impl Iterator<Item = K>, capacity: usize) -> usize {
    let mut held = lru::LruCache::new(NonZeroUsize::new(capacity).unwrap());
    keys.filter(|&key| held.put(key, ()).is_some()).count()
}

/// Hits of quick_cache, in as many shards as it makes by itself, with the hasher that all have here.
fn quick_cache(keys: &[Key], capacity: usize) -> usize {
    let held = QuickCache::new(capacity);
    keys.iter().filter(|&key| held.is_held_or_put(key)).count()
}

/// Hits of the optimum: the entry whose next use is farthest goes.
///
/// Source: L. A. Belady, A study of replacement algorithms for a virtual-storage computer, 1966.
fn belady(keys: &[Key], capacity: usize) -> usize {
    let mut next = vec![usize::MAX; keys.len()];
    let mut seen = HashMap::new();
    for (at, key) in keys.iter().enumerate().rev() {
        next[at] = seen.insert(key, at).unwrap_or(usize::MAX - at);
    }
    let (mut held, mut uses, mut hits) = (HashMap::new(), BTreeSet::new(), 0);
    for (at, key) in keys.iter().enumerate() {
        if let Some(used) = held.insert(key, next[at]) {
            hits += 1;
            uses.remove(&(used, key.asset, key.stretch));
        } else if held.len() > capacity {
            let (_, asset, stretch) = uses.pop_last().unwrap();
            held.remove(&Key { asset, stretch, ..*key });
        }
        uses.insert((next[at], key.asset, key.stretch));
    }
    hits
}

/// Replays a trace and prints its row. `blocks`: what the bytes, and where it is bound by entries the tier, hold.
fn replay(name: &str, trace: &[Request], blocks: usize, is_bound_by_bytes: bool, shards: Option<usize>) {
    let payload = Block(vec![0.0; usize::try_from(LOOKBACK_CLASS + STRETCH).unwrap()].into());
    let weigh: Cache<Key, Block, ()> = Cache::new(Options::default(), "1", ()).unwrap();
    weigh.current().reader().put(Key::nth(0), payload.clone(), Tier::Variable);
    let weight = weigh.stats().resident_bytes();
    let options = if is_bound_by_bytes {
        Options { capacity_bytes: weight * blocks as u64, shards, ..Options::default() }
    } else {
        Options { variable_entries: blocks, shards, ..Options::default() }
    };
    let cache: Cache<Key, Block, ()> = Cache::new(options, "1", ()).unwrap();
    let generation = cache.current();
    let threads = trace.iter().map(|request| request.thread).max().unwrap() + 1;
    let mut readers: Vec<Reader<Key, Block, ()>> = (0..threads).map(|_| generation.reader()).collect();
    for (at, request) in trace.iter().enumerate() {
        let load = |(): &()| Ok(Block(Arc::clone(&payload.0)));
        readers[request.thread].get_or_load(&request.block, request.tier, load).unwrap();
        if at % 1_000 == 0 {
            readers.iter_mut().for_each(Reader::refresh);
        }
    }
    drop(readers);
    let (stats, shards) = (cache.stats(), generation.audit().unwrap().shards.len());
    let keys = trace.iter().map(|request| request.block).collect::<Vec<_>>();
    let percent = |hits: usize| format!("{:.2}", 100.0 * hits as f64 / trace.len() as f64);
    let ours = |hits: u64| percent(usize::try_from(hits).unwrap());
    println!(
        "| {name} | {} | {} | {blocks} | {shards} | {} | {} | {} | {} | {} | {} | {} |",
        trace.len(),
        keys.iter().collect::<HashSet<_>>().len(),
        ours(stats.permanent.hits),
        ours(stats.variable.hits),
        ours(stats.hits()),
        percent(quick_cache(&keys, blocks)),
        percent(lru(keys.iter().copied(), blocks)),
        percent(belady(&keys, blocks)),
        percent(lru(trace.iter().map(|request| request.dated), 256)),
    );
}

fn main() {
    println!(
        "| trace | requests | blocks asked for | blocks that fit | shards | permanent, % | variable, % | all, % | \
         quick_cache, % | LRU, % | Belady, % | LRU of 256 by date, % |\n|---|---|---|---|---|---|---|---|---|---|---|---|"
    );
    let one = (0..DATES).flat_map(|date| bar(0, date)).collect::<Vec<_>>();
    let histories =
        [("one strategy", one), ("8 threads in step", in_step()), ("8 threads out of step", out_of_step())];
    for (name, trace) in &histories {
        replay(name, trace, 70_000, true, None);
        replay(&format!("{name}, little memory"), trace, 64, true, None);
        replay(&format!("{name}, little memory, one shard"), trace, 64, true, Some(1));
    }
    let mut random = fastrand::Rng::with_seed(2_520);
    let mut zipf = |keys: usize| {
        let zipf = Zipf::new(keys, 0.9);
        (0..500_000).map(|_| Request::block(zipf.draw(&mut random))).collect::<Vec<_>>()
    };
    let (zipf, large_zipf) = (zipf(4_096), zipf(16_384));
    let round = |keys: usize| (0..100_000).map(|at| Request::block(at % keys)).collect::<Vec<_>>();
    // Every tenth request is of a scan that comes by once.
    let with_a_scan = |trace: &[Request]| {
        let requests = trace.iter().enumerate();
        requests
            .map(|(at, &request)| if at % 10 == 0 { Request::block(20_000 + at) } else { request })
            .collect::<Vec<_>>()
    };
    replay("zipf 0.9", &zipf, 256, false, None);
    replay("zipf 0.9 with a scan", &with_a_scan(&zipf), 256, false, None);
    replay("zipf 0.9", &large_zipf, 1_024, false, None);
    replay("zipf 0.9 with a scan", &with_a_scan(&large_zipf), 1_024, false, None);
    replay("scan", &round(100_000), 256, false, None);
    for (blocks, shards) in [(256, None), (1_024, Some(1)), (1_024, None)] {
        replay("a loop as long as the capacity", &round(blocks), blocks, false, shards);
        replay("a loop a quarter longer", &round(blocks * 5 / 4), blocks, false, shards);
        replay("a loop twice as long", &round(2 * blocks), blocks, false, shards);
    }
}
