//! The variable tier on the real crossbeam-epoch: what the stand-in promises, the epochs keep.
//!
//! Memory is really freed here, and only by flushes: without them a reader that forgets to pin goes unseen. So the
//! writers refresh, which flushes while something is in limbo.

use lookback::cache::Tier;
use loom_tests::{Block, Sealed, holding, on_epochs, on_epochs_with_writers, options, put, with};

/// Puts a key and flushes, so that what it evicted is freed as soon as nobody is pinned.
fn put_and_flush(generation: &Sealed, key: u64) {
    let mut reader = generation.reader();
    reader.put(key, Block::new(key), Tier::Variable);
    reader.refresh();
}

/// Sync I1, clock I1: no flush frees a lent entry before its reader's pin ends.
/// 85,475 interleavings, 13.7 s.
#[test]
fn a_lent_entry_outlives_its_eviction() {
    on_epochs(|| {
        let (_cache, generation) = holding(options(1), &[1]);
        let other = with(&generation, |generation| {
            let reader = generation.reader();
            if let Some(lent) = reader.get(&1, Tier::Variable) {
                assert_eq!(lent.number(), 1);
            }
        });
        put_and_flush(&generation, 2);
        other.join().unwrap();
    });
}

/// Clock I1, I6: what two evictors retire is freed once, by flushes, while the generation lives.
/// 24,681 interleavings, 5.6 s.
#[test]
fn what_two_evictors_retire_is_freed_by_flushes() {
    on_epochs_with_writers(|| {
        let (cache, generation) = holding(options(1), &[1]);
        let other = with(&generation, |generation| put(generation, 2));
        put(&generation, 3);
        other.join().unwrap();
        let mut reader = generation.reader();
        for _ in 0..2 {
            reader.refresh();
        }
        assert_eq!(cache.stats().limbo_bytes, 0);
    });
}
