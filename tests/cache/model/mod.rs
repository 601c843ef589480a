//! Random sequences of operations, on the cache and on the plain model of `plain/`: every answer, every bound, every
//! eviction in its order, and every count must be the same after every step.

mod expected;
mod random;
mod step;
mod subject;

use lookback::cache::{Options, Policy, Stats, Tier};
use proptest::prelude::*;

use crate::item::{ENTRY_BYTES, room_for};
use crate::plain::Bounds;
use expected::Expected;
use random::{KEYS, busy_step, larger_options, options, step};
use step::{Answer, Loader, READERS, Step};
use subject::Subject;

fn compare(options: Options, steps: &[Step]) -> Result<(), TestCaseError> {
    let bounds = Bounds {
        capacity_bytes: options.capacity_bytes,
        permanent_bytes: options.permanent_bytes.unwrap_or(options.capacity_bytes / 2),
        entry_bytes: *ENTRY_BYTES,
    };
    let (policy, shards) = (options.policy, options.shards.unwrap());
    let mut expected = Expected::new(bounds, policy, options.variable_entries, shards);
    let mut subject = Subject::new(options);
    for (at, step) in steps.iter().enumerate() {
        subject.step(step);
        expected.step(step);
        prop_assert_eq!(
            &*subject.answers.borrow(),
            &expected.answers,
            "answers after step {}: {:?}",
            at,
            step
        );
        for (reader, plain) in subject.readers.iter().zip(&expected.readers) {
            let (Some(reader), Some(plain)) = (reader, plain) else { continue };
            let (generation, plain) = (reader.generation(), &expected.generations[plain.generation]);
            let audit = generation.audit().expect("nobody else is at work");
            prop_assert!(audit.holds(), "{:?}", audit);
            prop_assert_eq!(generation.permanent_bytes(), plain.permanent_bytes());
            prop_assert_eq!(generation.resident_bytes(), plain.permanent_bytes() + plain.variable_bytes());
            prop_assert_eq!(audit.published_bytes(), audit.reserved_bytes, "nothing is held for nothing");
            let entries: Vec<_> = audit.shards.iter().map(|shard| shard.entries).collect();
            prop_assert_eq!(entries, plain.shard_entries());
            let mut held: Vec<_> =
                reader.iter().map(|(&key, &item, tier)| (key, item, tier == Tier::Permanent)).collect();
            held.sort_by_key(|held| held.0);
            prop_assert_eq!(generation.len(), held.len());
            prop_assert_eq!(held, plain.all());
        }
        let found = subject.cache.stats();
        let limbo_bytes = found.limbo_bytes;
        prop_assert_eq!(found, Stats { limbo_bytes, ..expected.stats() }, "step {}: {:?}", at, step);
    }
    // At rest every count is exact, and what was retired is freed.
    for reader in 0..READERS {
        subject.step(&Step::Drop { reader });
        expected.step(&Step::Drop { reader });
    }
    let mut last = subject.cache.current().reader();
    // Every pin that ended, those of the audits too, has left a bag, and a refresh empties some forty.
    (0..10).for_each(|_| last.refresh());
    drop(last);
    prop_assert_eq!(subject.cache.stats(), expected.stats());
    Ok(())
}

#[test]
fn an_empty_shard_that_is_asked_for_bytes_goes_on_filling() {
    let options = Options {
        capacity_bytes: 7 * *ENTRY_BYTES,
        variable_entries: 4,
        shards: Some(2),
        policy: Policy::ClockWithAdmission,
        ..Options::default()
    };
    let (heavy, light) = (3 * *ENTRY_BYTES, 0);
    let load = |key, tier, payload| Step::Load { reader: 0, key, tier, loader: Loader::Gives { payload } };
    let steps = [
        load(3, Tier::Variable, light),
        load(2, Tier::Permanent, heavy),
        Step::Refresh { reader: 0 },
        Step::Renew { reader: 1 },
        load(5, Tier::Permanent, heavy),
        Step::Get { reader: 0, key: 0, tier: Tier::Permanent },
        load(0, Tier::Variable, light),
        Step::Get { reader: 0, key: 1, tier: Tier::Permanent },
        Step::Get { reader: 0, key: 5, tier: Tier::Permanent },
        Step::Put { reader: 0, key: 1, tier: Tier::Variable, payload: light },
    ];
    compare(options, &steps).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_cache_does_what_the_plain_model_does(
        options in options(8),
        steps in proptest::collection::vec(step(KEYS), 1..60),
    ) {
        compare(options, &steps)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn larger_shards_evict_in_the_order_of_the_plain_model(
        options in larger_options(),
        steps in proptest::collection::vec(busy_step(), 100..300),
    ) {
        compare(options, &steps)?;
    }
}

#[test]
fn what_was_read_is_spared_and_the_model_says_so_too() {
    // Key 0 was read since it came, so 1 has to go; a model that ignores the bit says 0.
    let put = |key| Step::Put { reader: 0, key, tier: Tier::Variable, payload: 0 };
    let get = |key| Step::Get { reader: 0, key, tier: Tier::Variable };
    let steps = [put(0), put(1), get(0), put(2), get(0), get(1)];
    compare(room_for(2), &steps).unwrap();
    let mut subject = Subject::new(room_for(2));
    steps.iter().for_each(|step| subject.step(step));
    let answers = subject.answers.borrow();
    let found: Vec<_> = answers[4..].iter().map(|answer| *answer != Answer::Item(None)).collect();
    assert_eq!(found, [true, false]);
}
