//! The bounds hold in every published state, and nobody is turned away in vain.

use std::sync::OnceLock;

use lookback::cache::{Options, Tier};
use loom_tests::{Block, Sealed, blocks, composed, holding, options, put, small, weight_bytes, with};

fn look(generation: &Sealed) {
    if let Some(audit) = generation.audit() {
        assert!(audit.holds(), "{audit:?}");
    }
}

/// Budget I1, I2; clock I2: whenever a third thread looks at two inserters, every bound holds.
///
/// Who looks starts last: loom remembers one access to an atomic, and an inserter's own would hide the look.
#[test]
fn bounds_hold_whenever_a_third_thread_looks() {
    let weight = weight_bytes();
    composed(move || {
        // Bytes for one entry more, places for two.
        let bytes = Options { capacity_bytes: 2 * weight, ..options(3) };
        let (_cache, generation) = holding(bytes, &[1]);
        let first = with(&generation, |generation| put(generation, 2));
        let looker = with(&generation, look);
        put(&generation, 3);
        first.join().unwrap();
        looker.join().unwrap();
        assert!(generation.audit().expect("at rest").holds());
    });
}

/// Clock I2: the same of the places of a shard, where bytes are plenty.
#[test]
fn places_hold_whenever_a_second_thread_looks() {
    small(|| {
        let (_cache, generation) = holding(options(1), &[1]);
        let looker = with(&generation, look);
        put(&generation, 2);
        looker.join().unwrap();
    });
}

/// Two keys of one of two shards, and one of the other.
fn keys_of_two_shards() -> ([u64; 2], u64) {
    static KEYS: OnceLock<([u64; 2], u64)> = OnceLock::new();
    *KEYS.get_or_init(|| {
        let found = std::sync::Arc::new(std::sync::Mutex::new([Vec::new(), Vec::new()]));
        let keys = found.clone();
        loom::model(move || {
            for key in 1..=8 {
                let (_cache, generation) = holding(Options { shards: Some(2), ..options(2) }, &[key]);
                let shards = generation.audit().expect("at rest").shards;
                keys.lock().unwrap()[usize::from(shards[1].entries == 1)].push(key);
            }
        });
        let mut keys = found.lock().unwrap();
        keys.sort_by_key(Vec::len);
        ([keys[1][0], keys[1][1]], keys[0][0])
    })
}

/// Budget's orderings, `release` -> `reserve`: whoever finds an entry in bytes that another shard released finds what
/// held them gone. An audit cannot see that, because it reads the count itself; two look-ups can.
#[test]
fn who_finds_the_newcomer_finds_its_bytes_given_up() {
    let (weight, ([heavy, light], elsewhere)) = (weight_bytes(), keys_of_two_shards());
    composed(move || {
        let full = Options { capacity_bytes: 2 * weight, shards: Some(2), ..options(2) };
        let cache = blocks(full);
        let generation = cache.current();
        generation.reader().put(heavy, Block::with_payload(heavy, weight), Tier::Variable);
        let other = with(&generation, move |generation| put(generation, elsewhere));
        let looker = with(&generation, move |generation| {
            let reader = generation.reader();
            if reader.get(&elsewhere, Tier::Variable).is_some() {
                assert!(reader.get(&heavy, Tier::Variable).is_none(), "its bytes are another's");
            }
        });
        put(&generation, light);
        other.join().unwrap();
        looker.join().unwrap();
    });
}

/// Budget I2: bytes that an eviction left over are released after their entry was unpublished, for every observer.
/// 1,675 interleavings, 0.2 s.
#[test]
fn released_bytes_are_unpublished_bytes() {
    small(|| {
        let cache = blocks(options(1));
        let generation = cache.current();
        generation.reader().put(1, Block::with_payload(1, 1_000), Tier::Variable);
        let other = with(&generation, |generation| put(generation, 2));
        look(&generation);
        other.join().unwrap();
        let audit = generation.audit().expect("at rest");
        assert_eq!(audit.reserved_bytes, audit.published_bytes());
    });
}

/// Budget I3: two inserters that need each other's bytes, from shard to shard, both get in.
/// 811,684 interleavings, 129.3 s.
#[test]
fn two_inserters_in_a_full_tier_are_both_admitted() {
    let weight = weight_bytes();
    small(move || {
        let full = Options { capacity_bytes: weight, shards: Some(2), ..options(2) };
        let (cache, generation) = holding(full, &[1]);
        let other = with(&generation, |generation| put(generation, 2));
        put(&generation, 3);
        other.join().unwrap();
        let stats = cache.stats();
        assert_eq!((stats.rejected, stats.evictions, stats.variable.entries), (0, 2, 1));
        assert_eq!(generation.resident_bytes(), weight);
    });
}

/// Clock I2: shards of unequal capacity hold no more than theirs, in number.
/// 832 interleavings, 0.1 s.
#[test]
fn a_smaller_shard_keeps_to_its_own_capacity() {
    composed(|| {
        let (_cache, generation) = holding(Options { shards: Some(2), ..options(3) }, &[1, 2, 3]);
        let other = with(&generation, |generation| put(generation, 4));
        put(&generation, 5);
        other.join().unwrap();
        assert!(generation.audit().expect("at rest").holds());
    });
}

/// Budget I1: of two permanent entries with room for one, one is permanent and the other is kept as variable.
/// 893 interleavings, 0.1 s.
#[test]
fn permanents_never_exceed_their_limit() {
    let weight = weight_bytes();
    composed(move || {
        let cache = blocks(Options { permanent_bytes: Some(weight), ..options(1) });
        let generation = cache.current();
        let other = with(&generation, |generation| {
            generation.reader().put(1, Block::new(1), Tier::Permanent);
        });
        generation.reader().put(2, Block::new(2), Tier::Permanent);
        other.join().unwrap();
        let stats = cache.stats();
        assert_eq!((stats.permanent.entries, stats.variable.entries, stats.overflow), (1, 1, 1));
        assert_eq!(generation.permanent_bytes(), weight);
    });
}

/// Budget I1, I3: a permanent entry and a variable one contend for the last bytes; the total stays within them.
/// 1,845 interleavings, 0.3 s.
#[test]
fn a_permanent_entry_takes_the_last_bytes() {
    let weight = weight_bytes();
    composed(move || {
        let full = Options { capacity_bytes: weight, permanent_bytes: Some(weight), ..options(1) };
        let (cache, generation) = holding(full, &[1]);
        let other = with(&generation, |generation| put(generation, 2));
        generation.reader().put(3, Block::new(3), Tier::Permanent);
        look(&generation);
        other.join().unwrap();
        let stats = cache.stats();
        assert_eq!((stats.permanent.entries, stats.variable.entries), (1, 0));
        assert_eq!(generation.resident_bytes(), weight);
    });
}
