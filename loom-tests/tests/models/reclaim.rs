//! Nothing is read after it was freed, and nothing is forgotten.

use lookback::cache::Tier;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom_tests::{Block, composed, holding, options, put, small, with};

/// Clock I1: an entry that a reader was lent stays whole while another thread evicts it.
/// 6,372 interleavings, 0.8 s.
#[test]
fn a_lent_entry_outlives_its_eviction() {
    small(|| {
        let (_cache, generation) = holding(options(1), &[1]);
        let other = with(&generation, |generation| {
            let reader = generation.reader();
            if let Some(lent) = reader.get(&1, Tier::Variable) {
                assert_eq!(lent.number(), 1);
                assert!(reader.get(&3, Tier::Variable).is_none());
                assert_eq!(lent.number(), 1, "still lent");
            }
        });
        put(&generation, 2);
        other.join().unwrap();
    });
}

/// Clock I1, I6: two threads that evict at once retire each table and each entry once, and forget none.
/// 379,524 interleavings, 62.8 s.
#[test]
fn two_evictors_retire_everything_once() {
    small(|| {
        let (cache, generation) = holding(options(1), &[1]);
        let other = with(&generation, |generation| put(generation, 2));
        put(&generation, 3);
        other.join().unwrap();
        assert_eq!(cache.stats().evictions, 2);
        assert_eq!(cache.stats().limbo_bytes, 0);
    });
}

/// Table's orderings, `clear` -> `find`: whoever finds that an entry went finds gone what went before it.
///
/// The flag orders nothing. Loom tries both of its answers, and so the look after both removals: their own look at the
/// slot before they clear it hides from loom that the looker's could come later.
#[test]
fn what_went_first_is_not_found_once_the_next_is_gone() {
    small(|| {
        let (_cache, generation) = holding(options(2), &[1, 2]);
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = is_over.clone();
        let looker = with(&generation, move |generation| {
            let reader = generation.reader();
            seen.load(Ordering::Relaxed);
            if reader.get(&2, Tier::Variable).is_none() {
                assert!(reader.get(&1, Tier::Variable).is_none(), "it went first");
            }
        });
        let reader = generation.reader();
        assert!(reader.remove(&1) && reader.remove(&2));
        is_over.store(true, Ordering::Relaxed);
        drop(reader);
        looker.join().unwrap();
    });
}

/// Clock I1: a reader between two evictors reads what was published, whole, or nothing.
/// 16,979 interleavings, 3.3 s.
#[test]
fn a_reader_between_two_evictors_reads_whole_entries() {
    composed(|| {
        let (_cache, generation) = holding(options(1), &[1]);
        let first = with(&generation, |generation| put(generation, 2));
        let second = with(&generation, |generation| put(generation, 3));
        let reader = generation.reader();
        for key in [1, 2] {
            if let Some(lent) = reader.get(&key, Tier::Variable) {
                assert_eq!(lent.number(), key);
            }
        }
        drop(reader);
        first.join().unwrap();
        second.join().unwrap();
    });
}

/// Reader I1: `refresh` ends the loans of before and protects those of after.
/// 726 interleavings, 0.1 s.
#[test]
fn a_refreshed_reader_is_protected_again() {
    composed(|| {
        let (_cache, generation) = holding(options(1), &[1]);
        let other = with(&generation, |generation| {
            let mut reader = generation.reader();
            reader.get(&1, Tier::Variable);
            reader.refresh();
            if let Some(lent) = reader.get(&2, Tier::Variable) {
                assert_eq!(lent.number(), 2);
            }
        });
        let mut reader = generation.reader();
        reader.put(2, Block::new(2), Tier::Variable);
        reader.refresh();
        reader.put(3, Block::new(3), Tier::Variable);
        drop(reader);
        other.join().unwrap();
    });
}
