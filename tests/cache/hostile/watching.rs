//! A tracing subscriber that panics.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lookback::cache::{Options, Tier};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::{assert_whole, entry_bytes, tight};
use crate::confined::confined;
use crate::foreign::{Call, Foreigners, Key, Script, Value, failure_of};

/// Fails at the event of that number; 0 was the last one.
struct Fragile(AtomicU64);

impl Subscriber for Fragile {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("lookback")
    }

    fn event(&self, _: &Event<'_>) {
        if self.0.fetch_sub(1, Ordering::Relaxed) == 1 && !std::thread::panicking() {
            resume_unwind(Box::new(Call::Weigh));
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn a_subscriber_that_panics_at_any_event_leaves_the_cache_whole_and_nothing_behind() {
    let name =
        "hostile::watching::a_subscriber_that_panics_at_any_event_leaves_the_cache_whole_and_nothing_behind";
    confined(name, || {
        let mut nth = 0;
        let mut failures = 1;
        while failures > 0 {
            nth += 1;
            let script = Arc::new(Script::default());
            // A byte less than four entries: one that comes evicts two.
            let options = Options { capacity_bytes: 4 * entry_bytes() - 1, ..tight(4) };
            let cache = Foreigners::new(options, "v1", ()).unwrap();
            failures = 0;
            tracing::subscriber::with_default(Fragile(AtomicU64::new(nth)), || {
                let mut reader = cache.current().reader();
                for step in 0..40 {
                    let id = step % 9;
                    let tier = if step % 4 == 1 { Tier::Permanent } else { Tier::Variable };
                    let request = failure_of(|| {
                        let load = |(): &()| Ok(Value::new(id, &script));
                        reader.get_or_load(&Key::new(id, id, &script), tier, load).unwrap();
                    });
                    failures += u32::from(request.is_some());
                    if step % 10 == 9 {
                        failures += u32::from(failure_of(|| reader.refresh()).is_some());
                    }
                    if step == 25 {
                        let keep = |key: &Key, _: &Value| key.id.is_multiple_of(2);
                        let invalidate = failure_of(|| _ = cache.invalidate_keeping("v2", (), keep));
                        failures += u32::from(invalidate.is_some());
                        failures += u32::from(failure_of(|| reader = cache.current().reader()).is_some());
                    }
                }
                failures += u32::from(failure_of(|| drop(reader)).is_some());
            });
            assert!(failures <= 1, "event {nth}: one panic, heard of {failures} times");
            assert_whole(&cache, &format!("event {nth}"));
            let reader = cache.current().reader();
            for id in 0..9 {
                let key = Key::new(id, id, &script);
                let lent = reader.get_or_load(&key, Tier::Variable, |()| Ok(Value::new(id, &script)));
                assert_eq!(lent.unwrap().id, id, "event {nth}");
            }
            drop(reader);
            assert_eq!(cache.stats().limbo_bytes, 0, "event {nth}");
            drop(cache);
            assert_eq!(script.alive(), 0, "event {nth}");
        }
        assert!(nth > 30, "many events are told: {nth}");
    });
}
