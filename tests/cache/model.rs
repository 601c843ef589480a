//! Random sequences of operations, on the cache and on the plain model of `plain.rs`: every answer, every bound, every
//! eviction in its order, and every count must be the same after every step.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::LazyLock;

use lookback::Error;
use lookback::cache::{Options, Policy, Stats, Tier, TierStats};
use proptest::prelude::*;

use crate::item::{ENTRY_BYTES, Item, ItemReader, Items, room_for};
use crate::plain::{Bounds, Placed, Plain};

/// Of small shards, which evict at every other step.
const KEYS: u8 = 6;
/// Of larger ones, whose small queue holds more than one entry.
const MANY_KEYS: u8 = 80;
const READERS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Get {
        reader: usize,
        key: u8,
        tier: Tier,
    },
    Load {
        reader: usize,
        key: u8,
        tier: Tier,
        loader: Loader,
    },
    Put {
        reader: usize,
        key: u8,
        tier: Tier,
        payload: u64,
    },
    Remove {
        reader: usize,
        key: u8,
    },
    Refresh {
        reader: usize,
    },
    /// Drops the reader, and takes one of the current generation.
    Renew {
        reader: usize,
    },
    Drop {
        reader: usize,
    },
    Invalidate {
        is_new: bool,
    },
    Keep {
        keys: u8,
    },
}

#[derive(Clone, Debug)]
enum Loader {
    Gives {
        payload: u64,
    },
    Fails,
    Panics,
    /// Comes back into the cache first.
    After {
        step: Box<Step>,
        loader: Box<Loader>,
    },
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Answer {
    Item(Option<Item>),
    Failed,
    Panicked,
    Is(bool),
}

/// The cache under test.
struct Subject {
    cache: Items,
    readers: Vec<Option<ItemReader>>,
    next: Cell<u64>,
    versions: Cell<u64>,
    answers: RefCell<Vec<Answer>>,
}

impl Subject {
    fn new(options: Options) -> Self {
        let cache = Items::new(options, "v0", 0).unwrap();
        let mut readers: Vec<_> = (0..READERS).map(|_| None).collect();
        readers[0] = Some(cache.current().reader());
        Self { cache, readers, next: Cell::new(0), versions: Cell::new(0), answers: RefCell::default() }
    }

    fn item(&self, payload: u64) -> Item {
        let id = self.next.replace(self.next.get() + 1);
        Item { id, payload }
    }

    fn load(&self, loader: &Loader) -> Result<Item, Error> {
        match loader {
            Loader::Gives { payload } => Ok(self.item(*payload)),
            Loader::Fails => Err(Error::load("no such file")),
            // Without the hook's message.
            Loader::Panics => resume_unwind(Box::new("index out of range")),
            Loader::After { step, loader } => {
                self.perform(step);
                self.load(loader)
            }
        }
    }

    fn perform(&self, step: &Step) {
        let reader = |at: &usize| self.readers[*at].as_ref();
        let answer = match step {
            Step::Get { reader: at, key, tier } => reader(at).map(|reader| {
                // The owned form is the same request.
                let is_owned = key % 2 == 0;
                Answer::Item(if is_owned {
                    reader.get_owned(key, *tier)
                } else {
                    reader.get(key, *tier).copied()
                })
            }),
            Step::Load { reader: at, key, tier, loader } => reader(at).map(|reader| {
                let version = reader.generation().version().to_owned();
                let load = |source: &u64| {
                    assert_eq!(format!("v{source}"), version, "a loader gets the source of its generation");
                    self.load(loader)
                };
                match catch_unwind(AssertUnwindSafe(|| reader.get_or_load(key, *tier, load).copied())) {
                    Ok(Ok(item)) => Answer::Item(Some(item)),
                    Ok(Err(error)) => {
                        assert_eq!(error.to_string(), "no such file");
                        Answer::Failed
                    }
                    Err(payload) => {
                        assert_eq!(payload.downcast_ref(), Some(&"index out of range"));
                        Answer::Panicked
                    }
                }
            }),
            Step::Put { reader: at, key, tier, payload } => {
                reader(at).map(|reader| Answer::Item(Some(*reader.put(*key, self.item(*payload), *tier))))
            }
            Step::Remove { reader: at, key } => reader(at).map(|reader| Answer::Is(reader.remove(key))),
            Step::Invalidate { is_new } => {
                let version = self.versions.get() + u64::from(*is_new);
                self.versions.set(version);
                Some(Answer::Is(self.cache.invalidate(format!("v{version}"), version)))
            }
            Step::Keep { keys } => {
                let version = self.versions.get() + 1;
                self.versions.set(version);
                let keep = |key: &u8, _: &Item| keys & (1 << (key % 8)) != 0;
                Some(Answer::Is(self.cache.invalidate_keeping(format!("v{version}"), version, keep)))
            }
            Step::Refresh { .. } | Step::Renew { .. } | Step::Drop { .. } => {
                unreachable!("needs the reader for itself")
            }
        };
        self.answers.borrow_mut().extend(answer);
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Refresh { reader } => {
                self.readers[reader].iter_mut().for_each(ItemReader::refresh);
            }
            Step::Renew { reader } => self.readers[reader] = Some(self.cache.current().reader()),
            Step::Drop { reader } => self.readers[reader] = None,
            _ => self.perform(step),
        }
    }
}

struct PlainReader {
    generation: usize,
    side: Vec<(u8, Item)>,
    /// What it counted and did not flush yet.
    tally: Stats,
}

/// The model of it.
struct Expected {
    generations: Vec<Plain>,
    readers: Vec<Option<PlainReader>>,
    flights: BTreeSet<(usize, u8)>,
    stats: Stats,
    next: u64,
    answers: Vec<Answer>,
    bounds: (Bounds, Policy, usize, usize),
}

impl Expected {
    fn new(bounds: Bounds, policy: Policy, entries: usize, shards: usize) -> Self {
        let first = Plain::new(bounds, policy, entries, shards, PLACEMENT[&shards].clone());
        let mut readers: Vec<_> = (0..READERS).map(|_| None).collect();
        readers[0] = Some(PlainReader { generation: 0, side: Vec::new(), tally: Stats::default() });
        Self {
            generations: vec![first],
            readers,
            flights: BTreeSet::new(),
            stats: Stats { capacity_bytes: bounds.capacity_bytes, ..Stats::default() },
            next: 0,
            answers: Vec::new(),
            bounds: (bounds, policy, entries, shards),
        }
    }

    fn item(&mut self, payload: u64) -> Item {
        self.next += 1;
        Item { id: self.next - 1, payload }
    }

    /// What a request finds, counted as such.
    fn request(&mut self, at: usize, key: u8) -> Option<(Item, bool)> {
        let reader = self.readers[at].as_mut().unwrap();
        let generation = &mut self.generations[reader.generation];
        if let Some((item, tier)) = generation.find(key) {
            match tier {
                Tier::Permanent => reader.tally.permanent.hits += 1,
                Tier::Variable => reader.tally.variable.hits += 1,
            }
            generation.touch(key);
            return Some((item, true));
        }
        // What was served last.
        let served = reader.side.iter().rev().find(|served| served.0 == key);
        match served {
            Some(_) => reader.tally.side_hits += 1,
            None => reader.tally.misses += 1,
        }
        served.map(|served| (served.1, false))
    }

    fn load(&mut self, loader: &Loader) -> Result<Item, Answer> {
        match loader {
            Loader::Gives { payload } => Ok(self.item(*payload)),
            Loader::Fails => Err(Answer::Failed),
            Loader::Panics => Err(Answer::Panicked),
            Loader::After { step, loader } => {
                self.perform(step);
                self.load(loader)
            }
        }
    }

    fn tally(&mut self, at: usize) -> &mut Stats {
        &mut self.readers[at].as_mut().unwrap().tally
    }

    fn promote(&mut self, at: usize, key: u8) {
        let reader = self.readers[at].as_mut().unwrap();
        self.generations[reader.generation].promote(key, &mut reader.tally);
    }

    fn admit(&mut self, at: usize, key: u8, item: Item, tier: Tier) {
        let reader = self.readers[at].as_mut().unwrap();
        match self.generations[reader.generation].admit(key, item, tier, &mut reader.tally) {
            Placed::Held => {}
            Placed::Uncached => reader.side.push((key, item)),
        }
    }

    fn get_or_load(&mut self, at: usize, key: u8, tier: Tier, loader: &Loader) -> Answer {
        let generation = self.readers[at].as_ref().unwrap().generation;
        if let Some((item, is_held)) = self.request(at, key) {
            if is_held && tier == Tier::Permanent {
                self.promote(at, key);
            }
            return Answer::Item(Some(item));
        }
        self.tally(at).loads += 1;
        let is_lead = self.flights.insert((generation, key));
        if !is_lead {
            // Its own thread is loading it already, and it cannot wait for itself.
            self.tally(at).alone += 1;
            return match self.load(loader) {
                Ok(item) => {
                    self.readers[at].as_mut().unwrap().side.push((key, item));
                    Answer::Item(Some(item))
                }
                Err(answer) => answer,
            };
        }
        let loaded = self.load(loader);
        self.flights.remove(&(generation, key));
        match loaded {
            Ok(item) => {
                self.admit(at, key, item, tier);
                Answer::Item(Some(item))
            }
            Err(answer) => answer,
        }
    }

    fn put(&mut self, at: usize, key: u8, tier: Tier, payload: u64) -> Answer {
        let item = self.item(payload);
        let reader = self.readers[at].as_mut().unwrap();
        let generation = reader.generation;
        if let Some((resident, _)) = self.generations[generation].find(key) {
            if tier == Tier::Permanent {
                self.promote(at, key);
            }
            return Answer::Item(Some(resident));
        }
        if self.flights.contains(&(generation, key)) {
            reader.side.push((key, item));
        } else {
            self.admit(at, key, item, tier);
        }
        Answer::Item(Some(item))
    }

    fn perform(&mut self, step: &Step) {
        let is_there = |reader: &usize| self.readers[*reader].is_some();
        let answer = match step {
            Step::Get { reader, key, .. } if is_there(reader) => {
                Answer::Item(self.request(*reader, *key).map(|(item, _)| item))
            }
            Step::Load { reader, key, tier, loader } if is_there(reader) => {
                self.get_or_load(*reader, *key, *tier, loader)
            }
            Step::Put { reader, key, tier, payload } if is_there(reader) => {
                self.put(*reader, *key, *tier, *payload)
            }
            Step::Remove { reader, key } if is_there(reader) => {
                let generation = self.readers[*reader].as_ref().unwrap().generation;
                Answer::Is(self.generations[generation].remove(*key))
            }
            Step::Invalidate { is_new } => {
                if *is_new {
                    let (bounds, policy, entries, shards) = self.bounds;
                    let placement = PLACEMENT[&shards].clone();
                    self.generations.push(Plain::new(bounds, policy, entries, shards, placement));
                }
                Answer::Is(*is_new)
            }
            Step::Keep { keys } => {
                let next = self.generations.last().unwrap().inherit(|key| keys & (1 << (key % 8)) != 0);
                self.generations.push(next);
                Answer::Is(true)
            }
            _ => return,
        };
        self.answers.push(answer);
    }

    fn flush(&mut self, tally: Stats) {
        self.stats.permanent.hits += tally.permanent.hits;
        self.stats.variable.hits += tally.variable.hits;
        self.stats.side_hits += tally.side_hits;
        self.stats.misses += tally.misses;
        self.stats.loads += tally.loads;
        self.stats.alone += tally.alone;
        self.stats.evictions += tally.evictions;
        self.stats.rejected += tally.rejected;
        self.stats.overflow += tally.overflow;
        self.stats.promotions += tally.promotions;
        let (hits, requests) = (self.stats.hits(), self.stats.requests());
        if self.stats.warming.is_none() && hits * 10 > requests * 6 {
            self.stats.warming = Some(requests);
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Refresh { reader: at } => {
                if let Some(reader) = &mut self.readers[at] {
                    reader.side.clear();
                    let tally = std::mem::take(&mut reader.tally);
                    self.flush(tally);
                }
            }
            Step::Renew { reader } | Step::Drop { reader } => {
                let next = PlainReader {
                    generation: self.generations.len() - 1,
                    side: Vec::new(),
                    tally: Stats::default(),
                };
                let next = matches!(step, Step::Renew { .. }).then_some(next);
                if let Some(gone) = std::mem::replace(&mut self.readers[reader], next) {
                    self.flush(gone.tally);
                }
            }
            _ => self.perform(step),
        }
    }

    fn stats(&self) -> Stats {
        let mut alive: BTreeSet<usize> =
            self.readers.iter().flatten().map(|reader| reader.generation).collect();
        alive.insert(self.generations.len() - 1);
        let mut stats = Stats { generations: alive.len() as u64, ..self.stats };
        for generation in alive.into_iter().map(|at| &self.generations[at]) {
            let (permanent, variable) = generation.tier_entries();
            let add = |tier: &mut TierStats, entries, bytes| {
                tier.entries += entries;
                tier.bytes += bytes;
            };
            add(&mut stats.permanent, permanent, generation.permanent_bytes());
            add(&mut stats.variable, variable, generation.variable_bytes());
        }
        stats
    }
}

/// For each number of shards, the shard where each key lies: looked up in a roomy cache, the seed being fixed.
static PLACEMENT: LazyLock<BTreeMap<usize, Vec<usize>>> = LazyLock::new(|| {
    let placement_in = |shards| {
        let shard_of = |key| {
            let options =
                Options { variable_entries: 8 * shards, shards: Some(shards), ..Options::default() };
            let generation = Items::new(options, "look", 0).unwrap().current();
            generation.reader().put(key, Item::light(0), Tier::Variable);
            generation.audit().unwrap().shards.iter().position(|shard| shard.entries == 1).unwrap()
        };
        (0..MANY_KEYS).map(shard_of).collect()
    };
    (1..=3).map(|shards| (shards, placement_in(shards))).collect()
});

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

fn step(keys: u8) -> impl Strategy<Value = Step> {
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
fn options(most: usize) -> impl Strategy<Value = Options> {
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
fn larger_options() -> impl Strategy<Value = Options> {
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
fn busy_step() -> impl Strategy<Value = Step> {
    let key = prop_oneof![2 => 0..MANY_KEYS / 4, 3 => 0..MANY_KEYS];
    let load = (key, prop_oneof![9 => Just(0_u64), 1 => payload()]).prop_map(|(key, payload)| Step::Load {
        reader: 0,
        key,
        tier: Tier::Variable,
        loader: Loader::Gives { payload },
    });
    prop_oneof![30 => load, 1 => step(MANY_KEYS)]
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
