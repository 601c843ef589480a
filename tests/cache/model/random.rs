//! Random bounds and random steps.

use lookback::cache::{Options, Policy, Tier};
use proptest::prelude::*;

use super::step::{Loader, READERS, Step};
use crate::item::ENTRY_BYTES;

/// Of small shards, which evict at every other step.
pub(super) const KEYS: u8 = 6;
/// Of larger ones, whose small queue holds more than one entry.
pub(super) const MANY_KEYS: u8 = 80;

fn payload() -> impl Strategy<Value = u64> {
    // About as often less than an entry's own cost as a multiple of it.
    prop_oneof![3 => 0_u64..4, 2 => (0_u64..4).prop_map(|entries| entries * *ENTRY_BYTES), 1 => Just(u64::MAX)]
}

fn tier() -> impl Strategy<Value = Tier> {
    prop_oneof![1 => Just(Tier::Permanent), 3 => Just(Tier::Variable)]
}

/// What a loader may do too: everything that needs no reader for itself.
fn request(
    keys: u8,
    loader: impl Strategy<Value = Loader> + Clone + 'static,
) -> impl Strategy<Value = Step> + Clone {
    let at = move || (0..READERS, 0..keys, tier());
    let get = at().prop_map(|(reader, key, tier)| Step::Get { reader, key, tier });
    let load =
        (at(), loader).prop_map(|((reader, key, tier), loader)| Step::Load { reader, key, tier, loader });
    let put =
        (at(), payload()).prop_map(|((reader, key, tier), payload)| Step::Put { reader, key, tier, payload });
    let remove = (0..READERS, 0..keys).prop_map(|(reader, key)| Step::Remove { reader, key });
    prop_oneof![5 => get.boxed(), 10 => load.boxed(), 3 => put.boxed(), 1 => remove.boxed()].boxed()
}

pub(super) fn step(keys: u8) -> impl Strategy<Value = Step> {
    let simple = prop_oneof![
        8 => payload().prop_map(|payload| Loader::Gives { payload }),
        1 => Just(Loader::Fails),
        1 => Just(Loader::Panics),
    ]
    .boxed();
    let swap = prop_oneof![
        any::<bool>().prop_map(|is_new| Step::Invalidate { is_new }),
        any::<u8>().prop_map(|keys| Step::Keep { keys }),
    ]
    .boxed();
    let inner = prop_oneof![6 => request(keys, simple.clone()), 1 => swap.clone()];
    let nested = (inner, simple.clone())
        .prop_map(|(step, loader)| Loader::After { step: Box::new(step), loader: Box::new(loader) });
    let loader = prop_oneof![8 => simple, 2 => nested].boxed();
    prop_oneof![
        40 => request(keys, loader),
        3 => (0..READERS).prop_map(|reader| Step::Refresh { reader }),
        3 => (0..READERS).prop_map(|reader| Step::Renew { reader }),
        1 => (0..READERS).prop_map(|reader| Step::Drop { reader }),
        2 => swap,
    ]
}

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![Just(Policy::Clock), Just(Policy::ClockWithAdmission)]
}

/// Bounds of fewer than so many entries, in bytes and in number.
pub(super) fn options(most: usize) -> impl Strategy<Value = Options> {
    let bytes = (0..most as u64, 0_u64..8).prop_map(|(entries, rest)| entries * *ENTRY_BYTES + rest);
    (bytes, proptest::option::of(0_u64..=4), 0..most, 1_usize..=3, policy()).prop_map(
        |(capacity_bytes, quarters, variable_entries, shards, policy)| Options {
            capacity_bytes,
            permanent_bytes: quarters.map(|quarters| capacity_bytes * quarters / 4),
            variable_entries,
            shards: Some(shards.min(variable_entries.max(1))),
            policy,
            ..Options::default()
        },
    )
}

/// A shard that is bound by number or by bytes, whose small queue has room for more than one entry.
pub(super) fn larger_options() -> impl Strategy<Value = Options> {
    (20_u64..64, 20_usize..64, 1_usize..=2, policy()).prop_map(
        |(entries, variable_entries, shards, policy)| Options {
            capacity_bytes: entries * *ENTRY_BYTES,
            variable_entries,
            shards: Some(shards),
            policy,
            ..Options::default()
        },
    )
}

/// Mostly loads of variable entries, some keys more often than others.
pub(super) fn busy_step() -> impl Strategy<Value = Step> {
    let key = prop_oneof![2 => 0..MANY_KEYS / 4, 3 => 0..MANY_KEYS];
    let load = (key, prop_oneof![9 => Just(0_u64), 1 => payload()]).prop_map(|(key, payload)| Step::Load {
        reader: 0,
        key,
        tier: Tier::Variable,
        loader: Loader::Gives { payload },
    });
    prop_oneof![30 => load, 1 => step(MANY_KEYS)]
}
