//! What a desk did, in the order of its lock, with the bits that it read: written down in this crate's tests only.
//!
//! The order of a policy is exact under threads too: a log that many threads wrote is replayed, step by step, through
//! the plain model of `tests/cache`, which has to choose the same victims.

#[cfg(test)]
#[path = "../../tests/cache/plain/shard.rs"]
#[expect(dead_code, reason = "values, and bits that the model keeps itself, are for tests/cache")]
mod shard;

/// Nothing: outside of tests no log is kept.
#[cfg(not(test))]
#[derive(Debug)]
pub(super) struct Log;

#[cfg(not(test))]
#[expect(clippy::unused_self, reason = "the log of tests has what to write to")]
impl Log {
    pub(super) fn new() -> Self {
        Self
    }

    #[inline]
    pub(super) fn reading<M>(&self, marks: M) -> M {
        marks
    }

    #[inline]
    pub(super) fn admitted(&mut self, _hash: u64, _weight: u64) {}

    #[inline]
    pub(super) fn evicted(&mut self, _hash: u64) {}

    #[inline]
    pub(super) fn removed(&mut self, _hash: u64) {}
}

#[cfg(test)]
pub(super) use kept::Log;

#[cfg(test)]
mod kept {
    use std::cell::RefCell;

    use super::super::policy::{Marks, Place};

    /// One step of a desk; entries go by their hashes.
    #[derive(Debug)]
    pub(super) enum Step {
        Admitted {
            hash: u64,
            weight: u64,
        },
        Evicted {
            /// The entries whose bits were read, and what they said.
            read: Vec<(u64, bool)>,
            hash: u64,
        },
        Removed {
            hash: u64,
        },
    }

    #[derive(Default, Debug)]
    pub(in super::super) struct Log {
        steps: Vec<Step>,
        read: RefCell<Vec<(u64, bool)>>,
    }

    impl Log {
        pub(in super::super) fn new() -> Self {
            Self::default()
        }

        /// The marks of a shard, each look at one noted.
        pub(in super::super) fn reading<M: Marks>(&self, marks: M) -> impl Marks {
            self.read.borrow_mut().clear();
            Reading { marks, read: &self.read }
        }

        pub(in super::super) fn admitted(&mut self, hash: u64, weight: u64) {
            self.steps.push(Step::Admitted { hash, weight });
        }

        pub(in super::super) fn evicted(&mut self, hash: u64) {
            self.steps.push(Step::Evicted { read: self.read.take(), hash });
        }

        pub(in super::super) fn removed(&mut self, hash: u64) {
            self.steps.push(Step::Removed { hash });
        }

        pub(super) fn take(&mut self) -> Vec<Step> {
            std::mem::take(&mut self.steps)
        }
    }

    struct Reading<'a, M> {
        marks: M,
        read: &'a RefCell<Vec<(u64, bool)>>,
    }

    impl<M: Marks> Marks for Reading<'_, M> {
        fn hash(&self, place: Place) -> u64 {
            self.marks.hash(place)
        }

        fn weight_bytes(&self, place: Place) -> u64 {
            self.marks.weight_bytes(place)
        }

        fn take_mark(&self, place: Place) -> bool {
            let is_set = self.marks.take_mark(place);
            self.read.borrow_mut().push((self.marks.hash(place), is_set));
            is_set
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::{Cache, Options, Policy, Tier, Weigh};
    use super::kept::Step;
    use super::shard::Shard;

    #[derive(Clone)]
    struct Number(u64);

    impl Weigh for Number {
        fn payload_bytes(&self) -> u64 {
            self.0 % 5 * 40
        }
    }

    /// A quarter of the keys takes most of the requests.
    fn next_key(random: &mut u64) -> u64 {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let draw = *random >> 33;
        if draw.is_multiple_of(4) { draw % 400 } else { draw % 100 }
    }

    /// Many threads ask, remove and promote; the logs that this leaves, one for each shard, are replayed.
    fn ask_and_replay(options: &Options) {
        let cache: Cache<u64, Number> = Cache::without_source(options.clone()).expect("nothing fails here");
        let generation = cache.current();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let generation = &generation;
                scope.spawn(move || {
                    let (mut reader, mut random) = (generation.reader(), thread);
                    for round in 0..4_000 {
                        let key = next_key(&mut random);
                        let load = |(): &()| Ok(Number(key));
                        match round % 50 {
                            0 => {
                                reader.remove(&key);
                            }
                            1 => {
                                let key = key % 16;
                                reader
                                    .get_or_load(&key, Tier::Permanent, |()| Ok(Number(key)))
                                    .expect("nothing fails here");
                            }
                            2 => reader.refresh(),
                            _ => assert_eq!(
                                reader.get_or_load(&key, Tier::Variable, load).expect("nothing fails here").0,
                                key
                            ),
                        }
                    }
                });
            }
        });
        let tier = &generation.inner().variable;
        let mut evictions = 0;
        for number in 0..tier.shards.len() {
            let held: Vec<u64> =
                tier.desk(number).in_order(tier.shelf(number)).iter().map(|entry| entry.get().hash).collect();
            let has_admission = options.policy == Policy::ClockWithAdmission;
            let mut plain: Shard<u64, ()> = Shard::new(has_admission, tier.shards[number].capacity);
            for (at, step) in tier.desk(number).log.take().into_iter().enumerate() {
                match step {
                    Step::Admitted { hash, weight } => plain.push(hash, (), weight),
                    Step::Removed { hash } => assert!(plain.remove(hash), "step {at}"),
                    Step::Evicted { read, hash } => {
                        evictions += 1;
                        let mut read = read.into_iter();
                        let victim = plain.evict_by(|queued| {
                            let (asked, is_set) = read.next().expect("the model asks no further");
                            assert_eq!(asked, queued.key, "the hand is elsewhere in step {at}");
                            is_set
                        });
                        assert_eq!(victim.map(|victim| victim.key), Some(hash), "step {at}");
                        assert_eq!(read.next(), None, "the model asks no less in step {at}");
                    }
                }
            }
            assert_eq!(held, plain.all().map(|queued| queued.key).collect::<Vec<_>>());
        }
        assert!(evictions > 1_000, "{evictions} evictions say little");
    }

    #[test]
    fn what_eight_threads_did_at_the_desks_the_plain_model_does_alone() {
        for policy in [Policy::Clock, Policy::ClockWithAdmission] {
            for shards in [1, 3] {
                let by_entries =
                    Options { variable_entries: 90, shards: Some(shards), policy, ..Options::default() };
                ask_and_replay(&by_entries);
                // The bytes of some sixty entries: shards yield to each other.
                ask_and_replay(&Options { capacity_bytes: 12_000, ..by_entries });
            }
        }
    }
}
