//! Keys, values, loaders and subscribers that do their worst. Whatever fails, and whatever calls back: nothing leaks, the
//! bounds hold, and nobody waits for ever.

mod calling;
mod failing;
mod living;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use lookback::cache::Options;

use crate::foreign::{Foreigners, Script};

/// Longer than a test may take: whoever waits for it hangs, as far as the tests are concerned.
const FOR_EVER: Duration = Duration::from_secs(3_600);

/// Bytes of one entry: a key, a value and 8 of payload.
fn entry_bytes() -> u64 {
    let script = Arc::new(Script::default());
    let cache: Foreigners = Foreigners::new(Options::default(), "weigh", ()).unwrap();
    let generation = cache.current();
    let key = crate::foreign::Key::new(0, 0, &script);
    generation.reader().put(key, crate::foreign::Value::new(0, &script), lookback::cache::Tier::Variable);
    generation.resident_bytes()
}

/// Room for `entries` of both tiers together, two of them permanent; a waiter waits as good as for ever.
fn tight(entries: usize) -> Options {
    let bytes = entry_bytes();
    Options {
        capacity_bytes: bytes * entries as u64,
        permanent_bytes: Some(bytes * 2),
        variable_entries: entries,
        shards: Some(1),
        wait_limit: FOR_EVER,
        ..Options::default()
    }
}

/// What must be true of a cache at rest, whatever failed in it.
fn assert_whole(cache: &Foreigners, told: &str) {
    let generation = cache.current();
    let audit = generation.audit().expect("at rest");
    assert!(audit.holds(), "{told}: {audit:?}");
    assert_eq!(audit.reserved_bytes, audit.published_bytes(), "{told}: reserved for nothing, {audit:?}");
    assert_eq!(audit.permanent_bytes, generation.permanent_bytes(), "{told}: {audit:?}");
    let stats = cache.stats();
    if stats.generations == 1 {
        assert_eq!(stats.resident_bytes(), audit.published_bytes(), "{told}: {stats:?}");
        let entries: usize = audit.shards.iter().map(|shard| shard.entries).sum();
        assert_eq!(stats.variable.entries, entries as u64, "{told}: {stats:?}");
    }
}
