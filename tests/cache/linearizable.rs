//! Real threads, recorded calls, and the search for an order that explains them, key by key; beside them a watcher
//! that audits the bounds all the time.
//!
//! The recording counts every call with one shared counter, which orders more than the cache promises: orderings are
//! the business of the loom models, protocols that of these runs.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use lookback::cache::{Options, Tier};
use lookback::{Error, ErrorKind};

use crate::history::{Call, Rules, Seen, is_linearizable};
use crate::item::{ENTRY_BYTES, Item, ItemReader, Items, room_for};

const KEYS: u64 = 3;

struct Run {
    options: Options,
    rules: Rules,
    /// In how many of 8 calls the permanent tier is asked.
    permanent: u64,
    swaps: bool,
}

/// Small and repeatable.
///
/// Source: G. Marsaglia, Xorshift RNGs, 2003.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}

struct Recorder {
    clock: AtomicU64,
    next: AtomicU64,
    /// Calls by version of the generation and key.
    calls: Mutex<BTreeMap<(u64, u8), Vec<Call>>>,
}

impl Recorder {
    fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// A number that says which version it belongs to.
    fn number(&self, version: u64) -> u64 {
        (version << 32) | self.next.fetch_add(1, Ordering::Relaxed)
    }
}

fn version_of(reader: &ItemReader) -> u64 {
    reader.generation().version().parse().unwrap()
}

fn load(run: &Recorder, reader: &ItemReader, key: u8, tier: Tier, dice: &mut Dice) -> Seen {
    let version = version_of(reader);
    let mut ran = None;
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        reader.get_or_load(&key, tier, |source| {
            assert_eq!(*source, version, "a loader gets the source of its generation");
            let number = run.number(version);
            ran = Some(number);
            (0..dice.roll(4)).for_each(|_| thread::yield_now());
            match dice.roll(10) {
                0 => Err(Error::load(number.to_string())),
                1 => resume_unwind(Box::new(number.to_string())),
                _ => Ok(Item { id: number, payload: dice.roll(2) * *ENTRY_BYTES / 2 }),
            }
        })
    }));
    let failed = |text: &str| Seen::Failed { ran: ran.is_some(), error: text.parse().unwrap() };
    match outcome {
        Ok(Ok(item)) => Seen::Loaded { ran, got: item.id },
        Ok(Err(error)) => match error.kind() {
            ErrorKind::Load { message } | ErrorKind::LoadPanicked { message } => failed(message),
            kind => panic!("{kind:?}"),
        },
        Err(payload) => match payload.downcast_ref::<String>() {
            Some(text) => failed(text),
            None => resume_unwind(payload),
        },
    }
}

fn work(run: &Run, recorder: &Recorder, cache: &Items, announced: &AtomicU64, calls: u64, mut dice: Dice) {
    let mut reader = cache.current().reader();
    for _ in 0..calls {
        if run.swaps && dice.roll(4) == 0 {
            let floor = announced.load(Ordering::Acquire);
            reader = cache.current().reader();
            assert!(version_of(&reader) >= floor, "what comes after an invalidation holds nothing older");
        }
        let key = u8::try_from(dice.roll(KEYS)).unwrap();
        let tier = if dice.roll(8) < run.permanent { Tier::Permanent } else { Tier::Variable };
        let version = version_of(&reader);
        let invoked = recorder.now();
        let seen = match dice.roll(8) {
            0..3 => Seen::Got(reader.get(&key, tier).map(|item| item.id)),
            3..7 => load(recorder, &reader, key, tier, &mut dice),
            _ => {
                let offered = recorder.number(version);
                Seen::Put { offered, got: reader.put(key, Item::light(offered), tier).id }
            }
        };
        let returned = recorder.now();
        if let Seen::Got(Some(got)) | Seen::Loaded { got, .. } | Seen::Put { got, .. } = seen {
            assert_eq!(got >> 32, version, "nothing of another generation is mixed in");
        }
        let call = Call { invoked, returned, seen };
        recorder.calls.lock().unwrap().entry((version, key)).or_default().push(call);
        // The list of what was served uncached is the reader's own: no part of the shared object.
        reader.refresh();
        if dice.roll(3) == 0 {
            thread::yield_now();
        }
    }
}

/// Plays a run in rounds; how many audits found the shards still.
fn play(run: &Run, threads: u64, rounds: u64) {
    let mut audits = 0;
    for round in 0..rounds {
        let options = Options { wait_limit: Duration::from_secs(60), ..run.options.clone() };
        let cache = Items::new(options, "0", 0).unwrap();
        let recorder =
            Recorder { clock: AtomicU64::new(0), next: AtomicU64::new(0), calls: Mutex::default() };
        let (announced, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
        let barrier = Barrier::new(usize::try_from(threads).unwrap() + 1);
        thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                barrier.wait();
                let mut audits = 0_u64;
                let mut version = 0;
                while !is_over.load(Ordering::Relaxed) {
                    if let Some(audit) = cache.current().audit() {
                        assert!(audit.holds(), "{audit:?}");
                        audits += 1;
                    }
                    if run.swaps && audits % 4 == 3 && version < 3 {
                        version += 1;
                        assert!(cache.invalidate(version.to_string(), version));
                        announced.store(version, Ordering::Release);
                    }
                    thread::yield_now();
                }
                audits
            });
            let workers: Vec<_> = (1..=threads)
                .map(|thread| {
                    let (recorder, cache, announced, barrier) = (&recorder, &cache, &announced, &barrier);
                    scope.spawn(move || {
                        barrier.wait();
                        let dice = Dice(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(round * 64 + thread) | 1);
                        work(run, recorder, cache, announced, 160 / threads, dice);
                    })
                })
                .collect();
            let ended: Vec<_> = workers.into_iter().map(thread::ScopedJoinHandle::join).collect();
            is_over.store(true, Ordering::Relaxed);
            audits += watcher.join().unwrap();
            ended.into_iter().for_each(|ended| ended.unwrap());
        });
        let stats = cache.stats();
        assert_eq!((stats.alone, stats.misses >= stats.loads + stats.joined), (0, true), "{stats:?}");
        for ((version, key), calls) in recorder.calls.into_inner().unwrap() {
            assert!(
                is_linearizable(&calls, run.rules),
                "{threads} threads, round {round}, version {version}, key {key}: {calls:#?}"
            );
        }
    }
    assert!(audits > 0, "the watcher saw the shards still at times");
}

fn play_with_every_number_of_threads(run: &Run) {
    for threads in [2, 4, 8, 16] {
        play(run, threads, 40);
    }
}

#[test]
fn with_room_for_all_the_first_value_of_a_key_stays() {
    let rules = Rules { evicts: false, promotes: false };
    let run = Run { options: room_for(16), rules, permanent: 0, swaps: false };
    play_with_every_number_of_threads(&run);
    play_with_every_number_of_threads(&Run { permanent: 8, ..run });
}

#[test]
fn under_eviction_a_hit_returns_the_value_that_won_its_key() {
    let rules = Rules { evicts: true, promotes: false };
    for entries in [1, 2] {
        let run = Run { options: room_for(entries), rules, permanent: 0, swaps: true };
        play_with_every_number_of_threads(&run);
    }
    // Bytes are short, in several shards.
    let options = Options { variable_entries: 4, shards: Some(3), ..room_for(2) };
    play_with_every_number_of_threads(&Run { options, rules, permanent: 0, swaps: false });
}

#[test]
fn promotions_and_evictions_together_lose_no_value_and_bring_none_back() {
    let rules = Rules { evicts: true, promotes: true };
    let tight = Options { permanent_bytes: Some(*ENTRY_BYTES), variable_entries: 2, ..room_for(2) };
    for (options, permanent) in [(tight.clone(), 3), (tight, 1), (room_for(3), 2)] {
        play_with_every_number_of_threads(&Run { options, rules, permanent, swaps: false });
    }
    play_with_every_number_of_threads(&Run { options: room_for(4), rules, permanent: 2, swaps: true });
}
