//! What goes out through the `metrics` facade.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lookback::cache::Tier;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use crate::item::{Item, cache, room_for};

type Seen = Arc<Mutex<BTreeMap<String, f64>>>;

/// Writes down the last figure of each name and its labels.
#[derive(Default)]
struct Scribe(Seen);

struct Line(String, Seen);

impl CounterFn for Line {
    fn increment(&self, _: u64) {
        unreachable!("figures go out as they are");
    }

    fn absolute(&self, value: u64) {
        self.1.lock().unwrap().insert(self.0.clone(), f64::from(u32::try_from(value).unwrap()));
    }
}

impl GaugeFn for Line {
    fn increment(&self, _: f64) {
        unreachable!("figures go out as they are");
    }

    fn decrement(&self, _: f64) {
        unreachable!("figures go out as they are");
    }

    fn set(&self, value: f64) {
        self.1.lock().unwrap().insert(self.0.clone(), value);
    }
}

impl Scribe {
    fn line(&self, key: &Key) -> Arc<Line> {
        let labels = key.labels().map(|label| format!(" {}={}", label.key(), label.value()));
        Arc::new(Line(key.name().to_owned() + &labels.collect::<String>(), self.0.clone()))
    }
}

impl Recorder for Scribe {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.line(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.line(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn the_statistics_go_out_with_the_name_of_their_cache() {
    let cache = cache(room_for(1));
    let reader = cache.current().reader();
    reader.get_or_load(&1, Tier::Variable, |_| Ok(Item::light(1))).unwrap();
    reader.get_or_load(&1, Tier::Variable, |_| Ok(Item::light(1))).unwrap();
    reader.get_or_load(&2, Tier::Variable, |_| Ok(Item::light(2))).unwrap();
    drop(reader);
    let scribe = Scribe::default();
    metrics::with_local_recorder(&scribe, || cache.stats().publish("blocks"));
    let seen = scribe.0.lock().unwrap();
    for (name, figure) in [
        ("lookback_cache_hits_total cache=blocks tier=variable", 1.0),
        ("lookback_cache_misses_total cache=blocks", 2.0),
        ("lookback_cache_evictions_total cache=blocks", 1.0),
        ("lookback_cache_entries cache=blocks tier=variable", 1.0),
        ("lookback_cache_generations cache=blocks", 1.0),
    ] {
        assert_eq!(seen.get(name), Some(&figure), "{name}: {seen:?}");
    }
}
