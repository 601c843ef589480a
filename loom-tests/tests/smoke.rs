use lookback::cache::{Cache, Options, Tier, Weigh};
use std::time::Duration;
#[derive(Clone, PartialEq, Debug)]
struct Number(u64);
impl Weigh for Number {
    fn payload_bytes(&self) -> u64 { 0 }
}
fn options(entries: usize) -> Options {
    Options { variable_entries: entries, wait_limit: Duration::MAX, ..Options::default() }
}
#[test]
fn get_against_evict() {
    loom::model(|| {
        let cache: Cache<u64, Number, ()> = Cache::new(options(1), "v", ()).unwrap();
        let generation = cache.current();
        generation.reader().put(1, Number(1), Tier::Variable);
        let other = generation.clone();
        let thread = loom::thread::spawn(move || {
            let reader = other.reader();
            if let Some(v) = reader.get(&1, Tier::Variable) { assert_eq!(v.0, 1); }
            drop(reader);
        });
        generation.reader().put(2, Number(2), Tier::Variable);
        thread.join().unwrap();
    });
}
#[test]
fn one_load() {
    loom::model(|| {
        let cache: Cache<u64, Number, ()> = Cache::new(options(1), "v", ()).unwrap();
        let generation = cache.current();
        let other = generation.clone();
        let thread = loom::thread::spawn(move || {
            assert_eq!(other.reader().get_or_load(&1, Tier::Variable, |_| Ok(Number(1))).unwrap().0, 1);
        });
        assert_eq!(generation.reader().get_or_load(&1, Tier::Variable, |_| Ok(Number(1))).unwrap().0, 1);
        thread.join().unwrap();
        assert_eq!(cache.stats().loads, 1);
    });
}
