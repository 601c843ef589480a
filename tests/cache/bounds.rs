//! Contract 2, 3 and 7: capacities of 0 and 1, what cannot fit, and permanents under pressure.

use std::sync::mpsc::channel;
use std::time::Duration;

use lookback::ErrorKind;
use lookback::cache::{Cache, Options, Tier};

use crate::item::{ENTRY_BYTES, Item, Items, cache, room_for, unexpected};

fn options(capacity_bytes: u64, variable_entries: usize) -> Options {
    Options { capacity_bytes, variable_entries, shards: Some(1), ..Options::default() }
}

#[test]
fn no_variable_entries_bypass_the_tier_and_the_value_is_lent_all_the_same() {
    let cache = cache(options(100 * *ENTRY_BYTES, 0));
    let mut reader = cache.current().reader();
    let value = *reader.get_or_load(&1, Tier::Variable, |_| Ok(Item::light(7))).unwrap();
    assert_eq!(value, Item::light(7));
    // Until the refresh this reader has it still.
    assert_eq!(reader.get_or_load(&1, Tier::Variable, unexpected).unwrap(), &value);
    reader.refresh();
    assert_eq!(reader.get(&1, Tier::Variable), None);
    assert_eq!(reader.generation().resident_bytes(), 0);
    // The permanent tier is not concerned.
    reader.put(2, Item::light(8), Tier::Permanent);
    reader.refresh();
    assert_eq!(reader.get(&2, Tier::Variable), Some(&Item::light(8)));
}

#[test]
fn one_variable_entry_works() {
    let cache = cache(room_for(1));
    let reader = cache.current().reader();
    reader.put(1, Item::light(1), Tier::Variable);
    assert_eq!(reader.get(&1, Tier::Variable), Some(&Item::light(1)));
    reader.put(2, Item::light(2), Tier::Variable);
    assert_eq!(reader.get(&1, Tier::Variable), None);
    assert_eq!(reader.get(&2, Tier::Variable), Some(&Item::light(2)));
    drop(reader);
    assert_eq!(cache.stats().evictions, 1);
}

#[test]
fn no_bytes_and_one_byte_serve_every_value_uncached() {
    for capacity_bytes in [0, 1] {
        let cache = cache(options(capacity_bytes, 4));
        let reader = cache.current().reader();
        for (key, tier) in [(1, Tier::Variable), (2, Tier::Permanent)] {
            let value = reader.get_or_load(&key, tier, |_| Ok(Item::light(u64::from(key)))).unwrap();
            assert_eq!(value.id, u64::from(key));
        }
        assert_eq!(reader.put(3, Item::light(3), Tier::Variable), &Item::light(3));
        assert_eq!(reader.generation().resident_bytes(), 0);
        drop(reader);
        let stats = cache.stats();
        assert_eq!((stats.rejected, stats.overflow, stats.resident_bytes()), (3, 1, 0));
    }
}

#[test]
fn the_whole_budget_can_go_to_one_entry_and_a_byte_less_cannot() {
    for (missing, resident) in [(0, *ENTRY_BYTES + 5), (1, 0)] {
        let cache = cache(options(*ENTRY_BYTES + 5 - missing, 4));
        let reader = cache.current().reader();
        reader.put(1, Item { id: 1, payload: 5 }, Tier::Variable);
        assert_eq!(reader.generation().resident_bytes(), resident);
        drop(reader);
        assert_eq!(cache.stats().rejected, missing);
    }
}

#[test]
fn more_shards_than_entries_are_refused_with_both_numbers() {
    let options = Options { shards: Some(9), variable_entries: 8, ..Options::default() };
    let error = Items::new(options, "v1", 1).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Invalid { subject, .. } if subject == "shards"));
    assert_eq!(error.to_string(), "shards: is 9, expected at most variable_entries 8");
}

#[test]
fn a_value_larger_than_the_budget_evicts_nothing() {
    let cache = cache(room_for(3));
    let mut reader = cache.current().reader();
    (0..3).for_each(|key| {
        reader.put(key, Item::light(u64::from(key)), Tier::Variable);
    });
    for payload in [3 * *ENTRY_BYTES, u64::MAX] {
        let huge = Item { id: 99, payload };
        assert_eq!(reader.get_or_load(&9, Tier::Variable, |_| Ok(huge)).unwrap(), &huge);
        assert_eq!(reader.get_or_load(&9, Tier::Variable, unexpected).unwrap(), &huge);
        reader.refresh();
        assert_eq!(reader.get(&9, Tier::Variable), None);
    }
    let audit = reader.generation().audit().unwrap();
    assert_eq!(audit.shards[0].entries, 3);
    drop(reader);
    let stats = cache.stats();
    assert_eq!((stats.rejected, stats.evictions, stats.side_hits), (2, 0, 2));
}

#[test]
fn permanents_stay_whatever_comes_after_them() {
    let options = Options { permanent_bytes: Some(2 * *ENTRY_BYTES), ..room_for(4) };
    let cache = cache(options);
    let mut reader = cache.current().reader();
    for key in [1, 2] {
        reader.put(key, Item::light(u64::from(key)), Tier::Permanent);
    }
    for round in 0..1_000_u64 {
        let key = 10 + (round % 50) as u8;
        reader.get_or_load(&key, Tier::Variable, |_| Ok(Item { id: round, payload: round % 90 })).unwrap();
        reader.refresh();
        assert!(reader.generation().audit().unwrap().holds());
    }
    for key in [1, 2] {
        assert_eq!(reader.get(&key, Tier::Permanent), Some(&Item::light(u64::from(key))));
    }
    assert!(cache.stats().evictions > 500);
}

#[test]
fn what_is_permanent_beyond_the_limit_is_kept_as_variable_and_counted() {
    let options = Options { permanent_bytes: Some(*ENTRY_BYTES), ..room_for(2) };
    let cache = cache(options);
    let mut reader = cache.current().reader();
    reader.put(1, Item::light(1), Tier::Permanent);
    reader.put(2, Item::light(2), Tier::Permanent);
    assert_eq!(reader.generation().permanent_bytes(), *ENTRY_BYTES);
    assert_eq!(reader.get(&2, Tier::Permanent), Some(&Item::light(2)));
    reader.refresh();
    assert_eq!(cache.stats().overflow, 1);
    // As a variable entry it goes when room is needed.
    reader.put(3, Item::light(3), Tier::Variable);
    reader.put(4, Item::light(4), Tier::Variable);
    assert_eq!(reader.get(&2, Tier::Permanent), None);
    assert_eq!(reader.get(&1, Tier::Permanent), Some(&Item::light(1)));
}

#[test]
fn a_promotion_loads_nothing_and_moves_the_reservation() {
    let cache = cache(room_for(2));
    let reader = cache.current().reader();
    let heavy = Item { id: 1, payload: *ENTRY_BYTES };
    reader.get_or_load(&1, Tier::Variable, |_| Ok(heavy)).unwrap();
    let resident = reader.generation().resident_bytes();
    assert_eq!(reader.get_or_load(&1, Tier::Permanent, unexpected).unwrap(), &heavy);
    assert_eq!(reader.generation().resident_bytes(), resident);
    assert_eq!(reader.generation().permanent_bytes(), resident);
    assert_eq!(reader.generation().audit().unwrap().shards[0].entries, 0);
    drop(reader);
    let stats = cache.stats();
    assert_eq!((stats.loads, stats.promotions, stats.evictions), (1, 1, 0));
    assert_eq!((stats.permanent.bytes, stats.variable.bytes), (resident, 0));
}

#[test]
fn what_is_put_as_permanent_is_permanent_though_it_was_held_as_variable() {
    let cache = cache(room_for(1));
    let reader = cache.current().reader();
    reader.put(1, Item::light(1), Tier::Variable);
    assert_eq!(reader.put(1, Item::light(2), Tier::Permanent), &Item::light(1), "the resident value wins");
    reader.put(2, Item::light(3), Tier::Variable);
    assert_eq!(reader.get(&1, Tier::Permanent), Some(&Item::light(1)));
}

/// Keys and values that call back when they are cloned.
mod cloning {
    use std::cell::RefCell;

    use lookback::cache::Weigh;

    type Call = RefCell<Option<Box<dyn FnOnce()>>>;

    thread_local! {
        pub static ON_KEY: Call = const { RefCell::new(None) };
        pub static ON_VALUE: Call = const { RefCell::new(None) };
    }

    fn call(on: &'static std::thread::LocalKey<Call>) {
        let call = on.with_borrow_mut(Option::take);
        if let Some(call) = call {
            call();
        }
    }

    #[derive(PartialEq, Eq, Hash, Debug)]
    pub struct CallingKey(pub u8);

    impl Clone for CallingKey {
        fn clone(&self) -> Self {
            call(&ON_KEY);
            Self(self.0)
        }
    }

    #[derive(PartialEq, Debug)]
    pub struct Calling(pub u64);

    impl Clone for Calling {
        fn clone(&self) -> Self {
            call(&ON_VALUE);
            Self(self.0)
        }
    }

    impl Weigh for Calling {
        fn payload_bytes(&self) -> u64 {
            self.0
        }
    }
}

#[test]
fn a_promotion_never_brings_back_a_value_that_was_replaced() {
    use cloning::{Calling, CallingKey as Key, ON_KEY, ON_VALUE};
    // Between finding the old value and moving it, its key is evicted and another value wins it: by whatever step the
    // promotion takes first, and whichever of the two is the heavier.
    for (on, old, new) in [&ON_KEY, &ON_VALUE].into_iter().flat_map(|on| [(on, 10, 900), (on, 900, 10)]) {
        // Who clones inside a flight waits for itself, but not for long.
        let wait_limit = Duration::from_millis(100);
        let options =
            Options { capacity_bytes: 10_000, permanent_bytes: Some(10_000), wait_limit, ..room_for(1) };
        let cache: Cache<Key, Calling, ()> = Cache::new(options, "v1", ()).unwrap();
        let generation = cache.current();
        let reader = generation.reader();
        reader.put(Key(1), Calling(old), Tier::Variable);
        let (other, (tell, told)) = (generation.clone(), channel());
        on.set(Some(Box::new(move || {
            let reader = other.reader();
            reader.put(Key(2), Calling(1), Tier::Variable);
            reader.put(Key(1), Calling(new), Tier::Variable);
            let resident = other.reader().get(&Key(1), Tier::Variable).map(|value| value.0);
            tell.send(resident).unwrap();
        })));
        reader.get_or_load(&Key(1), Tier::Permanent, |()| panic!("loaded again")).unwrap();
        let won = told.recv().expect("the promotion has cloned");
        let resident = generation.reader().get(&Key(1), Tier::Permanent).map(|value| value.0);
        assert_eq!(resident, won.or(Some(old)), "the resident value wins");
        let audit = generation.audit().unwrap();
        assert!(audit.holds(), "{audit:?}");
        assert_eq!(audit.published_bytes(), audit.reserved_bytes);
        assert_eq!(generation.permanent_bytes(), audit.permanent_bytes);
    }
}

#[test]
fn a_clone_that_weighs_differently_does_not_spoil_the_accounts() {
    /// Like a `String` with room to spare, whose clone has none.
    #[derive(Debug)]
    struct Shrinking(u64);
    impl Clone for Shrinking {
        fn clone(&self) -> Self {
            Self(self.0 / 2)
        }
    }
    impl lookback::cache::Weigh for Shrinking {
        fn payload_bytes(&self) -> u64 {
            self.0
        }
    }
    let cache: Cache<u8, Shrinking, ()> = Cache::new(Options::default(), "v1", ()).unwrap();
    let generation = cache.current();
    let reader = generation.reader();
    reader.put(1, Shrinking(1_000), Tier::Variable);
    let resident = generation.resident_bytes();
    reader.put(1, Shrinking(0), Tier::Permanent);
    assert_eq!(generation.resident_bytes(), resident);
    assert_eq!(generation.permanent_bytes(), resident);
    assert_eq!(generation.audit().unwrap().published_bytes(), resident);
}
