//! What is told to `tracing`, with which fields, and how often. Hits are counted and never told.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

use lookback::Error;
use lookback::cache::{Options, Tier};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::foreign::{Call, Foreigners, Key, Script, Value};
use crate::item::{ENTRY_BYTES, Item, cache, room_for};

#[derive(Clone, Debug)]
struct Told {
    level: Level,
    fields: BTreeMap<&'static str, String>,
}

impl Told {
    fn message(&self) -> &str {
        &self.fields["message"]
    }

    /// The value of a field.
    fn get(&self, field: &str) -> &str {
        self.fields.get(field).unwrap_or_else(|| panic!("{self:?} has no {field}"))
    }
}

/// Writes down every event of the thread that it is the default of.
#[derive(Clone, Default)]
struct Scribe(Arc<Mutex<Vec<Told>>>);

impl Scribe {
    fn hear(work: impl FnOnce()) -> Vec<Told> {
        let scribe = Self::default();
        tracing::subscriber::with_default(scribe.clone(), work);
        std::mem::take(&mut *scribe.0.lock().unwrap())
    }
}

struct Fields<'a>(&'a mut BTreeMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = String::new();
        write!(text, "{value:?}").unwrap();
        self.0.insert(field.name(), text.trim_matches('"').to_owned());
    }
}

impl Subscriber for Scribe {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("lookback")
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = BTreeMap::new();
        event.record(&mut Fields(&mut fields));
        self.0.lock().unwrap().push(Told { level: *event.metadata().level(), fields });
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn messages(told: &[Told]) -> Vec<&str> {
    told.iter().map(Told::message).collect()
}

#[test]
fn loads_tell_their_key_version_and_outcome() {
    let cache = cache(room_for(4));
    let told = Scribe::hear(|| {
        let reader = cache.current().reader();
        reader.get_or_load(&1, Tier::Variable, |_| Ok(Item::light(1))).unwrap();
        reader.get_or_load(&2, Tier::Variable, |_| Err(Error::load("gone"))).unwrap_err();
    });
    assert_eq!(messages(&told), ["load", "load"]);
    assert_eq!(told.iter().map(|told| told.get("ok")).collect::<Vec<_>>(), ["true", "false"]);
    assert!(told.iter().all(|told| told.get("version") == "v1" && told.get("hash").parse::<u64>().is_ok()));
    assert!(told.iter().all(|told| told.level == Level::DEBUG));
}

#[test]
fn hits_and_misses_without_a_load_tell_nothing() {
    let cache = cache(room_for(4));
    let reader = cache.current().reader();
    reader.put(1, Item::light(1), Tier::Variable);
    reader.put(2, Item::light(2), Tier::Permanent);
    let told = Scribe::hear(|| {
        for _ in 0..100 {
            reader.get(&1, Tier::Variable).unwrap();
            reader.get_or_load(&2, Tier::Permanent, crate::item::unexpected).unwrap();
            assert!(reader.get(&3, Tier::Variable).is_none());
        }
    });
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn evictions_and_promotions_tell_their_bytes() {
    let cache = cache(room_for(1));
    let reader = cache.current().reader();
    let told = Scribe::hear(|| {
        reader.put(1, Item::light(1), Tier::Variable);
        reader.put(2, Item::light(2), Tier::Variable);
        reader.get_or_load(&2, Tier::Permanent, crate::item::unexpected).unwrap();
    });
    assert_eq!(messages(&told), ["eviction", "promotion"]);
    assert!(told.iter().all(|told| told.get("bytes") == ENTRY_BYTES.to_string()));
}

#[test]
fn a_value_that_does_not_fit_warns_once_and_is_told_each_time() {
    let cache = cache(room_for(1));
    let told = Scribe::hear(|| {
        let reader = cache.current().reader();
        for key in 0..5 {
            reader.put(key, Item { id: 0, payload: 1 }, Tier::Variable);
        }
    });
    let warnings: Vec<_> = told.iter().filter(|told| told.level == Level::WARN).collect();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].message().contains("served uncached"), "{}", warnings[0].message());
    assert_eq!(warnings[0].get("bytes"), (*ENTRY_BYTES + 1).to_string());
    assert_eq!(warnings[0].get("capacity_bytes"), ENTRY_BYTES.to_string());
    assert_eq!(told.iter().filter(|told| told.message() == "rejection").count(), 5);
    assert_eq!(cache.stats().rejected, 5);
}

#[test]
fn an_invalidation_tells_both_versions_and_the_generation_its_end() {
    let cache = cache(room_for(2));
    cache.current().reader().put(1, Item::light(1), Tier::Variable);
    let told = Scribe::hear(|| {
        cache.invalidate_keeping("v2", 2, |_, _| true);
        cache.invalidate("v2", 3);
    });
    assert_eq!(messages(&told), ["invalidation", "generation dropped"]);
    assert_eq!(told[0].level, Level::INFO);
    assert_eq!((told[0].get("from"), told[0].get("to"), told[0].get("inherited")), ("v1", "v2", "1"));
    assert_eq!((told[1].get("version"), told[1].get("bytes")), ("v1", &*ENTRY_BYTES.to_string()));
}

#[test]
fn a_joined_load_is_told_by_the_thread_that_joined() {
    // A key is compared with the one that is being loaded by whoever is about to wait for it.
    let script = Arc::new(Script::default());
    let is_compared = Arc::new(AtomicBool::new(false));
    script.react({
        let is_compared = is_compared.clone();
        move |call, _| is_compared.store(is_compared.load(Relaxed) || call == Call::Eq, Relaxed)
    });
    let options = Options { wait_limit: std::time::Duration::from_secs(3_600), ..Options::default() };
    let cache = Foreigners::new(options, "v1", ()).unwrap();
    let key = || Key::new(1, 1, &script);
    let (inside, wait_inside) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let load = |(): &()| {
                inside.send(()).unwrap();
                while !is_compared.load(Relaxed) {
                    std::thread::yield_now();
                }
                Ok(Value::new(1, &script))
            };
            cache.current().reader().get_or_load(&key(), Tier::Variable, load).unwrap();
        });
        wait_inside.recv().unwrap();
        let told = Scribe::hear(|| {
            let reader = cache.current().reader();
            let load = |(): &()| panic!("loaded again");
            assert_eq!(reader.get_or_load(&key(), Tier::Variable, load).unwrap().id, 1);
        });
        assert_eq!(messages(&told), ["join"]);
    });
    assert_eq!(cache.stats().joined, 1);
}

#[test]
fn permanent_bytes_that_are_spent_are_told() {
    let cache = cache(Options { permanent_bytes: Some(0), ..room_for(2) });
    let told = Scribe::hear(|| {
        cache.current().reader().put(1, Item::light(1), Tier::Permanent);
    });
    assert_eq!(told.len(), 1);
    assert!(told[0].message().contains("kept as variable"));
    assert_eq!(cache.stats().overflow, 1);
}
