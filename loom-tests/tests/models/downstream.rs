//! A user's own model: a rendezvous on top of the cache, written against the public API alone.
//!
//! A feed puts the day's closes into the cache and raises a flag; a strategy that sees the flag relies on a hit. The
//! types are the user's: under `--cfg loom` the cache's own primitives are loom's, so that the two are checked together.

use lookback::cache::{Cache, Options, Tier, Weigh};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

#[derive(Clone)]
struct Closes(std::sync::Arc<[f64]>);

impl Weigh for Closes {
    fn payload_bytes(&self) -> u64 {
        std::mem::size_of_val::<[f64]>(&self.0) as u64
    }
}

/// Publishes a day's closes, then says so.
struct Feed {
    cache: Cache<u32, Closes, ()>,
    is_ready: AtomicBool,
}

impl Feed {
    fn new() -> Self {
        let options = Options { variable_entries: 1, ..Options::default() };
        Self { cache: Cache::new(options, "day 1", ()).unwrap(), is_ready: AtomicBool::new(false) }
    }

    fn publish(&self, day: u32, closes: &[f64], raise: Ordering) {
        let reader = self.cache.current().reader();
        reader.put(day, Closes(closes.into()), Tier::Permanent);
        self.is_ready.store(true, raise);
    }

    /// The last close of a day; `None` before it is published.
    fn last(&self, day: u32) -> Option<f64> {
        if !self.is_ready.load(Ordering::Acquire) {
            return None;
        }
        let reader = self.cache.current().reader();
        let closes = reader.get(&day, Tier::Permanent).expect("a day that is ready is held");
        closes.0.last().copied()
    }
}

fn model(raise: Ordering) {
    loom::model(move || {
        let feed = Arc::new(Feed::new());
        let strategy = feed.clone();
        let strategy = thread::spawn(move || strategy.last(1).is_none_or(|last| last == 3.0));
        feed.publish(1, &[1.0, 2.0, 3.0], raise);
        assert!(strategy.join().unwrap());
    });
}

/// The user's invariant: who sees the flag finds the day.
#[test]
fn a_day_that_is_ready_is_held() {
    model(Ordering::Release);
}

/// The model has teeth: with a Relaxed flag it finds a strategy that sees the flag and not the day.
#[test]
#[should_panic(expected = "a day that is ready is held")]
fn a_flag_without_release_is_caught() {
    model(Ordering::Relaxed);
}
