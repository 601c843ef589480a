//! What the plain model of `plain/` says of the same steps, with readers, generations and counts around it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use lookback::cache::{Options, Policy, Stats, Tier, TierStats};

use super::random::MANY_KEYS;
use super::step::{Answer, Loader, READERS, Step};
use crate::item::{Item, Items};
use crate::plain::{Bounds, Placed, Plain};

pub(super) struct PlainReader {
    pub(super) generation: usize,
    side: Vec<(u8, Item)>,
    /// What it counted and did not flush yet.
    tally: Stats,
}

/// The model of it.
pub(super) struct Expected {
    pub(super) generations: Vec<Plain>,
    pub(super) readers: Vec<Option<PlainReader>>,
    flights: BTreeSet<(usize, u8)>,
    stats: Stats,
    next: u64,
    pub(super) answers: Vec<Answer>,
    bounds: (Bounds, Policy, usize, usize),
}

impl Expected {
    pub(super) fn new(bounds: Bounds, policy: Policy, entries: usize, shards: usize) -> Self {
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

    pub(super) fn step(&mut self, step: &Step) {
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

    pub(super) fn stats(&self) -> Stats {
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
