//! A hasher of the caller's own.

use std::cell::Cell;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use lookback::cache::{Cache, FixedHash, Options, Tier};

use crate::item::Item;

/// A key that writes one number.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Number(u64);

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// Takes the number that a key writes as its hash, as callers do whose keys are digests.
#[derive(Clone, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys write one number")
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

thread_local! {
    static HASHED: Cell<u64> = const { Cell::new(0) };
}

/// Counts how often it is asked.
#[derive(Clone)]
struct Counted;

impl BuildHasher for Counted {
    type Hasher = <FixedHash as BuildHasher>::Hasher;

    fn build_hasher(&self) -> Self::Hasher {
        HASHED.with(|hashed| hashed.set(hashed.get() + 1));
        FixedHash.build_hasher()
    }
}

/// Loads, evicts, promotes, inherits and removes, under that hasher.
fn live<B: BuildHasher + Clone>(hasher: B) {
    let options = Options { variable_entries: 1_000, shards: Some(4), ..Options::default() };
    let cache: Cache<Number, Item, (), B> = Cache::with_hasher(options, "v1", (), hasher).unwrap();
    let reader = cache.current().reader();
    for id in 0..3_000 {
        let lent = reader.get_or_load(&Number(id), Tier::Variable, |()| Ok(Item::light(id))).unwrap();
        assert_eq!(lent.id, id);
        assert_eq!(reader.get(&Number(id), Tier::Variable).unwrap().id, id, "it is there at once");
    }
    assert!(reader.generation().audit().unwrap().holds());
    let held: Vec<u64> = reader.iter().map(|(key, _, _)| key.0).collect();
    assert!(held.len() <= 1_000 && held.len() >= 250, "{}", held.len());
    for &id in &held {
        assert_eq!(reader.get(&Number(id), Tier::Permanent).unwrap().id, id);
        let promoted = reader.get_or_load(&Number(id), Tier::Permanent, |()| unreachable!("it is held"));
        assert_eq!(promoted.unwrap().id, id);
    }
    assert!(cache.invalidate_keeping("v2", (), |key, _| key.0 % 2 == 0));
    let next = cache.current().reader();
    assert!(held.iter().all(|&id| next.get(&Number(id), Tier::Permanent).is_some() == (id % 2 == 0)));
    next.put(Number(1), Item::light(1), Tier::Variable);
    assert!(next.remove(&Number(1)) && next.get(&Number(1), Tier::Variable).is_none());
}

#[test]
fn any_hasher_finds_loads_evicts_promotes_and_inherits() {
    live(FixedHash);
    live(RandomState::new());
    // Small numbers as hashes: all in one shard, behind one home bucket, and found all the same.
    live(std::hash::BuildHasherDefault::<AsItIs>::default());
}

#[test]
fn a_request_hashes_its_key_once_whatever_it_comes_to() {
    let options = Options { variable_entries: 2, ..Options::default() };
    let cache: Cache<Number, Item, (), Counted> = Cache::with_hasher(options, "v1", (), Counted).unwrap();
    let reader = cache.current().reader();
    let hashed_in = |request: &dyn Fn()| {
        let before = HASHED.with(Cell::get);
        request();
        HASHED.with(Cell::get) - before
    };
    let load = |id, tier| {
        reader.get_or_load(&Number(id), tier, |()| Ok(Item::light(id))).unwrap();
    };
    assert_eq!(hashed_in(&|| load(1, Tier::Variable)), 1, "a miss");
    assert_eq!(hashed_in(&|| load(1, Tier::Variable)), 1, "a hit");
    assert_eq!(hashed_in(&|| load(1, Tier::Permanent)), 1, "a promotion");
    assert_eq!(hashed_in(&|| load(1, Tier::Variable)), 1, "a hit in the other tier");
    (2..6).for_each(|id| assert_eq!(hashed_in(&|| load(id, Tier::Variable)), 1, "an eviction"));
    assert_eq!(hashed_in(&|| assert!(reader.get(&Number(9), Tier::Variable).is_none())), 1, "nothing");
    assert_eq!(hashed_in(&|| assert!(!reader.remove(&Number(9)))), 1);
}
