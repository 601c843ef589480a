//! What the models share: values that notice being read after their end, small caches, and the two ways to run a model.
//!
//! A *single piece* runs unbounded ([`small`]); a *composition* of three threads or more operations runs with a bounded
//! number of preemptions ([`composed`]): most bugs need one or two, and three threads without a bound never end.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lookback::cache::{Cache, Generation, Options, Tier, Weigh};
use loom::alloc::Track;
use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::thread::{self, JoinHandle};

/// The cache of every model: numbers of a source that is a number.
pub type Blocks = Cache<u64, Block, u64>;
/// Its generation.
pub type Sealed = Generation<u64, Block, u64>;

/// The payload of a block that panics when it is weighed: foreign code fails where it likes.
pub const UNWEIGHABLE: u64 = u64::MAX;

const ALIVE: u64 = 0xb10c_b10c_b10c_b10c;

/// A value that carries a canary: loom sees who reads it, who ends it, and whether it is forgotten.
pub struct Block {
    number: u64,
    payload_bytes: u64,
    canary: UnsafeCell<u64>,
    _leaks: Track<()>,
}

// SAFETY: the canary is written by `drop` only, and loom checks that nobody reads it then.
unsafe impl Sync for Block {}

impl Block {
    pub fn new(number: u64) -> Self {
        Self::with_payload(number, 0)
    }

    pub fn with_payload(number: u64, payload_bytes: u64) -> Self {
        Self { number, payload_bytes, canary: UnsafeCell::new(ALIVE), _leaks: Track::new(()) }
    }

    /// Reads the value, the canary included.
    pub fn number(&self) -> u64 {
        // SAFETY: read inside the closure, by value.
        let canary = self.canary.with(|canary| unsafe { *canary });
        assert_eq!(canary, ALIVE, "a value is read after its end");
        self.number
    }
}

impl Clone for Block {
    fn clone(&self) -> Self {
        Self::with_payload(self.number(), self.payload_bytes)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: `&mut self`: nobody else holds the value.
        self.canary.with_mut(|canary| unsafe { canary.write_volatile(0) });
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Block({})", self.number)
    }
}

impl Weigh for Block {
    fn payload_bytes(&self) -> u64 {
        if self.payload_bytes == UNWEIGHABLE {
            std::panic::resume_unwind(Box::new("off the scale"));
        }
        self.payload_bytes
    }
}

/// Room for `entries` variable entries of one shard, and for any number of bytes; waits have no limit.
pub fn options(entries: usize) -> Options {
    Options { variable_entries: entries, shards: Some(1), wait_limit: Duration::MAX, ..Options::default() }
}

/// A cache that reads from the number 10.
pub fn blocks(options: Options) -> Blocks {
    Cache::new(options, "v1", 10).expect("a model's options are valid")
}

/// A generation that holds these keys as variable, each with its own number, in this order.
pub fn holding(options: Options, keys: &[u64]) -> (Blocks, Sealed) {
    let cache = blocks(options);
    let generation = cache.current();
    let reader = generation.reader();
    for &key in keys {
        reader.put(key, Block::new(key), Tier::Variable);
    }
    drop(reader);
    (cache, generation)
}

/// Runs `work` on a generation in another thread.
pub fn with<T: 'static>(generation: &Sealed, work: impl FnOnce(&Sealed) -> T + 'static) -> JoinHandle<T> {
    let generation = generation.clone();
    thread::spawn(move || work(&generation))
}

/// Puts a key with its own number as a variable entry, and reads what was lent.
pub fn put(generation: &Sealed, key: u64) {
    let reader = generation.reader();
    assert_eq!(reader.put(key, Block::new(key), Tier::Variable).number(), key);
}

/// What an entry without a payload weighs.
pub fn weight_bytes() -> u64 {
    static WEIGHT: OnceLock<u64> = OnceLock::new();
    *WEIGHT.get_or_init(|| {
        let seen = std::sync::Arc::new(AtomicU64::new(0));
        let found = seen.clone();
        loom::model(move || {
            let (_cache, generation) = holding(options(1), &[1]);
            found.store(generation.resident_bytes(), Ordering::Relaxed);
        });
        seen.load(Ordering::Relaxed)
    })
}

/// Checks a single piece: every interleaving.
pub fn small(model: impl Fn() + Sync + Send + 'static) {
    run(None, model);
}

/// Checks a composition: every interleaving with up to three preemptions.
pub fn composed(model: impl Fn() + Sync + Send + 'static) {
    run(Some(3), model);
}

/// Checks a model on the real epochs: every interleaving with up to two preemptions, without which an unpinned
/// reader goes unseen.
pub fn on_epochs(model: impl Fn() + Sync + Send + 'static) {
    run(Some(2), model);
}

/// The same with one preemption, for two threads that both retire and flush.
pub fn on_epochs_with_writers(model: impl Fn() + Sync + Send + 'static) {
    run(Some(1), model);
}

fn run(preemptions: Option<usize>, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = preemptions;
    builder.max_branches = 20_000;
    let (start, interleavings) = (Instant::now(), std::sync::Arc::new(AtomicU64::new(0)));
    let count = interleavings.clone();
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let name = std::thread::current().name().unwrap_or("a model").to_owned();
    let (count, seconds) = (interleavings.load(Ordering::Relaxed), start.elapsed().as_secs_f64());
    println!("{name}: {count} interleavings, {seconds:.1} s");
}
