//! Entries that lie beyond their full home bucket, and look-ups on their way there. In models a bucket has one slot.

use std::hash::{Hash, Hasher};

use lookback::cache::{Cache, Generation, Tier};
use loom::thread;
use loom_tests::{Block, options, small};

/// A key whose home is every other one's.
#[derive(Clone, PartialEq, Eq)]
struct Neighbour(u64);

impl Hash for Neighbour {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u8(0);
    }
}

type Crowded = Generation<Neighbour, Block, u64>;

/// A generation with room for two, which holds these keys in the order of their distance from home.
fn holding(keys: &[u64]) -> Crowded {
    let cache = Cache::new(options(2), "v1", 10).expect("a model's options are valid");
    let generation = cache.current();
    keys.iter().for_each(|&key| put(&generation, key));
    generation
}

fn put(generation: &Crowded, key: u64) {
    let reader = generation.reader();
    assert_eq!(reader.put(Neighbour(key), Block::new(key), Tier::Variable).number(), key);
}

fn entries(generation: &Crowded) -> Option<usize> {
    generation.audit().map(|audit| audit.shards[0].entries)
}

/// Table I2: an entry beyond its home is found, while the home is emptied and filled with another one.
/// 4,138 interleavings, 0.2 s.
#[test]
fn an_entry_beyond_its_home_is_found_while_the_home_changes() {
    small(|| {
        let generation = holding(&[1, 2]);
        // Read, and so spared.
        assert!(generation.reader().get(&Neighbour(2), Tier::Variable).is_some());
        let shared = generation.clone();
        let other = thread::spawn(move || {
            let reader = shared.reader();
            let lent = reader.get(&Neighbour(2), Tier::Variable).expect("it is held all the time");
            assert_eq!(lent.number(), 2);
        });
        put(&generation, 3);
        other.join().unwrap();
        assert!(generation.reader().get(&Neighbour(1), Tier::Variable).is_none());
    });
}

/// Table I2, `raise` -> `overflows`: whoever knows that an entry was published finds it beyond its home.
/// 9,745 interleavings, 0.7 s.
#[test]
fn what_an_audit_has_counted_is_found() {
    small(|| {
        let generation = holding(&[1]);
        let shared = generation.clone();
        let other = thread::spawn(move || {
            if entries(&shared) == Some(2) {
                assert!(shared.reader().get(&Neighbour(2), Tier::Variable).is_some(), "it was counted");
            }
        });
        put(&generation, 2);
        other.join().unwrap();
    });
}

/// Table's orderings, `lower` -> `overflows`: whoever stopped at the home, because nothing was beyond it any more, sees
/// nothing there later.
/// 3,694 interleavings, 0.2 s.
#[test]
fn what_was_not_found_is_not_counted_later() {
    small(|| {
        let generation = holding(&[1, 2]);
        let shared = generation.clone();
        let other = thread::spawn(move || {
            let reader = shared.reader();
            // In the middle of the promotion it is in neither tier.
            if reader.get(&Neighbour(2), Tier::Variable).is_none() {
                // Without a new pin: its fence would do what the look-up has to.
                let mut variable = reader.iter().filter(|found| found.2 == Tier::Variable);
                assert!(variable.all(|(key, _, _)| *key == Neighbour(1)), "it was gone");
                assert!(entries(&shared).is_none_or(|entries| entries == 1), "it was gone");
            }
        });
        let reader = generation.reader();
        let lent = reader.get_or_load(&Neighbour(2), Tier::Permanent, |_| unreachable!("it is held"));
        assert_eq!(lent.unwrap().number(), 2);
        other.join().unwrap();
    });
}
