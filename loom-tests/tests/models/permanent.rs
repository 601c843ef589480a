//! Permanent entries whose keys have one hash, and those who walk all of them.

use std::hash::{Hash, Hasher};

use lookback::cache::{Cache, Generation, Tier};
use loom_tests::{Block, composed, options, small};

/// A key that any other key collides with.
#[derive(Clone, PartialEq, Eq)]
struct Alike(u64);

impl Hash for Alike {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(0);
    }
}

type Colliding = Generation<Alike, Block, u64>;

/// A generation that keeps these keys, each with its own number.
fn keeping(keys: &[u64]) -> Colliding {
    let cache = Cache::new(options(0), "v1", 10).expect("a model's options are valid");
    let generation = cache.current();
    keys.iter().for_each(|&key| keep(&generation, key));
    generation
}

fn keep(generation: &Colliding, key: u64) {
    let reader = generation.reader();
    assert_eq!(reader.put(Alike(key), Block::new(key), Tier::Permanent).number(), key);
}

fn keep_elsewhere(generation: &Colliding, key: u64) -> loom::thread::JoinHandle<()> {
    let generation = generation.clone();
    loom::thread::spawn(move || keep(&generation, key))
}

fn number(generation: &Colliding, key: u64) -> Option<u64> {
    generation.reader().get(&Alike(key), Tier::Permanent).map(Block::number)
}

/// Permanent's orderings, `chain` -> `next`: whoever finds a chained entry finds it whole.
/// 23,110 interleavings, 1.7 s.
#[test]
fn a_reader_finds_a_chained_entry_whole() {
    small(|| {
        let generation = keeping(&[1]);
        let other = keep_elsewhere(&generation, 2);
        assert_eq!(number(&generation, 1), Some(1));
        assert!(number(&generation, 2).is_none_or(|found| found == 2));
        other.join().unwrap();
        assert_eq!(number(&generation, 2), Some(2));
    });
}

/// Permanent I1: of entries that are published at the same time under one hash none is lost, and each is dropped once.
/// 2,281 interleavings, 0.2 s.
#[test]
fn two_keys_of_one_hash_are_both_kept() {
    composed(|| {
        let generation = keeping(&[]);
        let other = keep_elsewhere(&generation, 2);
        keep(&generation, 1);
        other.join().unwrap();
        assert_eq!((number(&generation, 1), number(&generation, 2)), (Some(1), Some(2)));
        let audit = generation.audit().expect("at rest");
        assert_eq!((audit.published_bytes(), audit.holds()), (audit.reserved_bytes, true));
    });
}

/// Permanent I1, I4: two entries that are chained behind a third at the same time are both found.
#[test]
fn two_further_keys_of_one_hash_are_both_kept() {
    composed(|| {
        let generation = keeping(&[1]);
        let other = keep_elsewhere(&generation, 2);
        keep(&generation, 3);
        other.join().unwrap();
        assert_eq!([1, 2, 3].map(|key| number(&generation, key)), [Some(1), Some(2), Some(3)]);
    });
}

/// Permanent's orderings, `list` -> `iter`: whoever walks all entries finds each whole, and its bytes reserved.
///
/// The walk is in the thread that starts last: loom remembers one access to an atomic, so a publisher's own load of
/// `newest` would hide a walker's from its exchange, and no walk would come after it.
/// 832 interleavings, 0.1 s.
#[test]
fn a_walk_beside_a_publisher_finds_whole_entries() {
    small(|| {
        let generation = keeping(&[1]);
        let shared = generation.clone();
        let walker = loom::thread::spawn(move || {
            let audit = shared.audit().expect("no shard ever changes");
            assert!(audit.permanent_bytes > 0 && audit.holds(), "{audit:?}");
        });
        keep(&generation, 2);
        walker.join().unwrap();
        assert_eq!(generation.audit().expect("at rest").permanent_bytes, generation.permanent_bytes());
    });
}
