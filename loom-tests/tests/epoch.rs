//! The variable tier on the real crossbeam-epoch: what the stand-in promises, the epochs keep.
//!
//! Memory is really freed here, by flushes: without them a reader that forgets to pin goes unseen. Every model checks
//! that its memory was freed while its threads ran, at the latest when the last reader flushed.
#![cfg(crossbeam_loom)]

use lookback::cache::Tier;
use loom_tests::{Block, Sealed, holding, on_epochs, options, with};

/// Puts a key and flushes until what was evicted can be freed.
fn put_and_flush(generation: &Sealed, key: u64) {
    let mut reader = generation.reader();
    reader.put(key, Block::new(key), Tier::Variable);
    reader.refresh();
}

/// Sync I1, clock I1: a lent entry is freed by no flush before its reader's pin ends.
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
