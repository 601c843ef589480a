//! Statistics are exact when no reader is alive.

use lookback::cache::{Options, Tier};
use loom_tests::{Block, Sealed, blocks, composed, holding, options, put, weight_bytes, with};

fn twice(generation: &Sealed) {
    let reader = generation.reader();
    for _ in 0..2 {
        reader.get_or_load(&1, Tier::Variable, |_| Ok(Block::new(1))).unwrap();
    }
}

/// Stats I2, reader I3: every request is a hit or a miss, every miss a load or a seat beside one.
/// 675 interleavings, 0.1 s.
#[test]
fn requests_are_counted_once() {
    composed(|| {
        let cache = blocks(options(1));
        let generation = cache.current();
        let other = with(&generation, twice);
        twice(&generation);
        other.join().unwrap();
        let stats = cache.stats();
        assert_eq!(stats.requests(), 4);
        assert_eq!((stats.loads, stats.misses), (1, 1 + stats.joined));
    });
}

/// Stats I2: what is held, evicted and in limbo adds up, and ends with its generation.
/// 673 interleavings, 0.1 s.
#[test]
fn what_is_held_is_counted_exactly() {
    let weight = weight_bytes();
    composed(move || {
        let (cache, generation) = holding(options(1), &[1]);
        let other = with(&generation, |generation| put(generation, 2));
        put(&generation, 3);
        other.join().unwrap();
        let stats = cache.stats();
        assert_eq!((stats.variable.entries, stats.variable.bytes), (1, weight));
        assert_eq!((stats.evictions, stats.limbo_bytes, stats.rejected), (2, 0, 0));
        drop(generation);
        cache.invalidate("v2", 20);
        let stats = cache.stats();
        assert_eq!((stats.variable.entries, stats.variable.bytes, stats.generations), (0, 0, 1));
    });
}

/// Stats I2: a promotion is one, whoever inserts meanwhile; it moves an entry between the tiers' counts.
/// 857 interleavings, 0.1 s.
#[test]
fn a_promotion_moves_an_entry_between_the_counts() {
    let weight = weight_bytes();
    composed(move || {
        let (cache, generation) = holding(Options { permanent_bytes: Some(weight), ..options(2) }, &[1]);
        let other = with(&generation, |generation| {
            generation.reader().get_or_load(&1, Tier::Permanent, |_| unreachable!()).unwrap();
        });
        put(&generation, 2);
        other.join().unwrap();
        let stats = cache.stats();
        assert_eq!((stats.promotions, stats.evictions, stats.requests()), (1, 0, 1));
        assert_eq!((stats.permanent.entries, stats.permanent.bytes), (1, weight));
        assert_eq!((stats.variable.entries, stats.variable.bytes), (1, weight));
    });
}
