//! A promotion moves one reservation and never loads again.

use lookback::cache::{Options, Tier};
use loom_tests::{Block, Sealed, composed, holding, options, put, small, weight_bytes, with};

fn ask(generation: &Sealed, tier: Tier) {
    let reader = generation.reader();
    let lent = reader.get_or_load(&1, tier, |_| unreachable!("the value was held all the time"));
    assert_eq!(lent.unwrap().number(), 1);
}

/// Flight I1, permanent I1: of two promoters one moves the entry, once, with its bytes.
/// 1,204 interleavings, 0.2 s.
#[test]
fn two_promoters_move_one_reservation() {
    let weight = weight_bytes();
    composed(move || {
        let (cache, generation) = holding(options(1), &[1]);
        let other = with(&generation, |generation| ask(generation, Tier::Permanent));
        ask(&generation, Tier::Permanent);
        other.join().unwrap();
        let stats = cache.stats();
        assert_eq!((stats.promotions, stats.loads, stats.evictions), (1, 0, 0));
        assert_eq!((stats.permanent.entries, stats.variable.entries), (1, 0));
        assert_eq!((generation.resident_bytes(), generation.permanent_bytes()), (weight, weight));
    });
}

/// Flight I1: a reader that comes between the two tiers in the middle of a promotion joins it or hits.
/// 56,326 interleavings, 7.6 s.
#[test]
fn a_reader_in_the_middle_of_a_promotion_never_loads() {
    small(|| {
        let (cache, generation) = holding(options(1), &[1]);
        let other = with(&generation, |generation| ask(generation, Tier::Permanent));
        ask(&generation, Tier::Variable);
        other.join().unwrap();
        assert_eq!(cache.stats().loads, 0);
        assert_eq!(generation.reader().get(&1, Tier::Permanent).unwrap().number(), 1);
    });
}

/// Clock I4, budget I2: a promotion against the eviction of the same key reserves for it once, whoever is first.
/// 917 interleavings, 0.1 s; without a bound 1,272,406 and 196 s.
#[test]
fn a_promotion_survives_the_eviction_of_its_entry() {
    let weight = weight_bytes();
    composed(move || {
        let limits = Options { permanent_bytes: Some(weight), capacity_bytes: 2 * weight, ..options(1) };
        let (cache, generation) = holding(limits, &[1]);
        let other = with(&generation, |generation| {
            let reader = generation.reader();
            let lent = reader.get_or_load(&1, Tier::Permanent, |_| Ok(Block::new(1))).unwrap();
            assert_eq!(lent.number(), 1);
        });
        put(&generation, 2);
        other.join().unwrap();
        let audit = generation.audit().expect("at rest");
        assert!(audit.holds(), "{audit:?}");
        assert_eq!((audit.published_bytes(), audit.permanent_bytes), (2 * weight, weight));
        assert_eq!(audit.reserved_bytes, 2 * weight, "nothing is reserved for what is not there");
        let stats = cache.stats();
        assert_eq!(stats.promotions + stats.loads, 1);
    });
}

/// Budget I2: in the middle of a promotion the entry's bytes are reserved, wherever it lies.
///
/// Who looks starts last: loom remembers one access to an atomic, and the promoter's own would hide the look.
#[test]
fn bounds_hold_in_the_middle_of_a_promotion() {
    let weight = weight_bytes();
    small(move || {
        let full = Options { capacity_bytes: weight, permanent_bytes: Some(weight), ..options(1) };
        let (_cache, generation) = holding(full, &[1]);
        let looker = with(&generation, move |generation| {
            if let Some(audit) = generation.audit() {
                assert!(audit.holds(), "{audit:?}");
                assert_eq!(audit.reserved_bytes, weight);
            }
        });
        ask(&generation, Tier::Permanent);
        looker.join().unwrap();
    });
}
