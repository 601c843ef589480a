//! Sixteen threads that do everything at once to small caches, from one seed.
//!
//! Nothing but `std::thread::spawn` and `join` outside of the cache: ThreadSanitizer knows these without an instrumented
//! std, and reports scopes, barriers and channels for nothing.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use lookback::Error;
use lookback::cache::{Cache, Options, Reader, Stats, Tier, Weigh};

const KEYS: u64 = 48;

/// Words that say whose they are, so that memory which was freed and used again shows.
#[derive(Clone, Debug)]
pub struct Words {
    version: u64,
    words: Box<[u64]>,
}

impl Words {
    fn new(key: u64, version: u64, dice: &mut Dice) -> Self {
        let words = (0..=dice.roll(24)).map(|at| key ^ (version << 8) ^ (at << 40)).collect();
        Self { version, words }
    }

    fn check(&self, key: u64) {
        for (at, word) in self.words.iter().enumerate() {
            let own = key ^ (self.version << 8) ^ ((at as u64) << 40);
            assert_eq!(*word, own, "the words of another value");
        }
    }
}

impl Weigh for Words {
    fn payload_bytes(&self) -> u64 {
        8 * self.words.len() as u64
    }
}

type Stormed = Cache<u64, Words, u64>;
type StormReader = Reader<u64, Words, u64>;

struct Dice(u64);

impl Dice {
    /// Source: G. Marsaglia, Xorshift RNGs, 2003.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    pub threads: u64,
    /// Calls of each thread to each cache.
    pub calls: u64,
    pub seed: u64,
}

impl Storm {
    /// Storms over one cache after another; panics where a promise is broken.
    pub fn rage(self) {
        for (at, options) in caches().into_iter().enumerate() {
            let stats = self.rage_over(options, at as u64);
            let calls = self.threads * self.calls;
            assert!(stats.requests() > calls / 2 && stats.loads > 0, "{stats}");
        }
    }

    fn rage_over(self, options: Options, at: u64) -> Stats {
        let cache: Arc<Stormed> = Arc::new(Cache::new(options, "0", 0).expect("valid options"));
        // What is made on first use is made before there are threads.
        drop(cache.current().reader());
        let threads: Vec<_> = (0..self.threads)
            .map(|thread| {
                let cache = cache.clone();
                let seed = (self.seed ^ (at << 32) ^ (thread + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
                thread::spawn(move || blow(&cache, thread, self.calls, Dice(seed)))
            })
            .collect();
        // All are joined before any is judged.
        let ended: Vec<_> = threads.into_iter().map(thread::JoinHandle::join).collect();
        for thread in ended {
            if let Err(payload) = thread {
                resume_unwind(payload);
            }
        }
        calm(&cache)
    }
}

/// Capacities of nothing, of one, of a few, and of bytes that never suffice.
fn caches() -> Vec<Options> {
    let base = Options { wait_limit: Duration::from_secs(2), ..Options::default() };
    let sized = |capacity_bytes, variable_entries, shards| Options {
        capacity_bytes,
        variable_entries,
        shards: Some(shards),
        ..base.clone()
    };
    vec![
        sized(3_000, 8, 2),
        sized(100_000, 1, 1),
        sized(8_000, 0, 1),
        Options { permanent_bytes: Some(1_500), ..sized(1_600, 64, 3) },
        sized(12_000, 24, 3),
    ]
}

fn blow(cache: &Stormed, thread: u64, calls: u64, mut dice: Dice) {
    let mut reader = cache.current().reader();
    // Every fourth reader holds its pin for long.
    let patience = if thread % 4 == 3 { calls / 8 + 1 } else { 1 + dice.roll(32) };
    for call in 0..calls {
        request(cache, &reader, &mut dice);
        if call % patience == patience - 1 {
            reader.refresh();
        }
        match dice.roll(4_000) {
            0 => {
                cache.invalidate(format!("{thread} {call}"), call);
            }
            1 => {
                cache.invalidate_keeping(format!("{thread} {call}"), call, |key, _| key % 3 > 0);
            }
            2..20 => reader = cache.current().reader(),
            20..60 => {
                if let Some(audit) = reader.generation().audit() {
                    assert!(audit.holds(), "{audit:?}");
                }
            }
            _ => {}
        }
    }
}

fn request(cache: &Stormed, reader: &StormReader, dice: &mut Dice) {
    // Some keys are asked for far more often than others.
    let key = dice.roll(KEYS).min(dice.roll(KEYS));
    let tier = if dice.roll(12) == 0 { Tier::Permanent } else { Tier::Variable };
    let check = |held: &Words| held.check(key);
    match dice.roll(16) {
        0..6 => {
            reader.get(&key, tier).inspect(|held| check(held));
        }
        6 => {
            reader.get_owned(&key, tier).inspect(|held| check(held));
        }
        7 => check(reader.put(key, Words::new(key, 77, dice), tier)),
        8 => {
            // Two loans side by side.
            let other = (key + 1) % KEYS;
            let (one, two) = (reader.get(&key, tier), reader.get(&other, tier));
            one.inspect(|held| check(held));
            two.inspect(|held| held.check(other));
        }
        _ => {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                let load = |source: &u64| match dice.roll(64) {
                    0 => Err(Error::load("failed")),
                    1 if dice.roll(4) == 0 => resume_unwind(Box::new("panicked")),
                    2 => {
                        // A load inside a load, of its own key or another's, by a reader of its own.
                        let inner = cache.current().reader();
                        let wanted = dice.roll(KEYS);
                        inner.get_or_load(&wanted, tier, |source| Ok(Words::new(wanted, *source, dice)))?;
                        Ok(Words::new(key, *source, dice))
                    }
                    _ => Ok(Words::new(key, *source, dice)),
                };
                reader.get_or_load(&key, tier, load).map(check)
            }));
            match outcome {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    let told = error.to_string();
                    assert!(told == "failed" || told.ends_with("panicked"), "{told}");
                }
                Err(payload) => assert_eq!(payload.downcast_ref(), Some(&"panicked"), "a check failed"),
            }
            reader.get(&key, tier).inspect(|held| check(held));
        }
    }
}

/// At rest: bounds, counts and limbo.
fn calm(cache: &Stormed) -> Stats {
    let mut last = cache.current().reader();
    (0..200).for_each(|_| last.refresh());
    let audit = last.generation().audit().expect("nobody else is at work");
    assert!(audit.holds(), "{audit:?}");
    assert_eq!(audit.published_bytes(), audit.reserved_bytes, "nothing is reserved for nothing");
    drop(last);
    let stats = cache.stats();
    assert_eq!(stats.generations, 1);
    assert_eq!(stats.resident_bytes(), audit.published_bytes());
    assert_eq!(stats.limbo_bytes, 0, "what was retired is freed");
    stats
}
