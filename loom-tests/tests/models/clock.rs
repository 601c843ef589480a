//! Second chance: what was read is spared.

use lookback::cache::Tier;
use loom_tests::{composed, holding, options, put, small, with};

/// Clock I5: a hit before the insertions saves its entry from both, however often an attempt fails.
/// 1,066 interleavings, 0.2 s.
#[test]
fn an_entry_that_was_read_is_spared_by_every_attempt() {
    composed(|| {
        let (cache, generation) = holding(options(3), &[1, 2, 3]);
        generation.reader().get(&1, Tier::Variable);
        let other = with(&generation, |generation| put(generation, 4));
        put(&generation, 5);
        other.join().unwrap();
        let reader = generation.reader();
        for (key, is_held) in [(1, true), (2, false), (3, false), (4, true), (5, true)] {
            assert_eq!(reader.get(&key, Tier::Variable).is_some(), is_held, "{key}");
        }
        assert_eq!(cache.stats().evictions, 2);
    });
}

/// Clock I5: the bit of a hit reaches an insertion that another thread makes after it was told.
/// 13,795 interleavings, 2.8 s.
#[test]
fn a_hit_in_another_thread_saves_its_entry() {
    small(|| {
        let (_cache, generation) = holding(options(2), &[1, 2]);
        let hit = with(&generation, |generation| {
            assert_eq!(generation.reader().get(&1, Tier::Variable).unwrap().number(), 1);
        });
        let miss = with(&generation, |generation| {
            generation.reader().get(&3, Tier::Variable);
        });
        hit.join().unwrap();
        put(&generation, 3);
        miss.join().unwrap();
        let reader = generation.reader();
        assert!(reader.get(&1, Tier::Variable).is_some());
        assert!(reader.get(&2, Tier::Variable).is_none());
    });
}
