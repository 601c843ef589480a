//! The whole contract as a plain sequential program, to compare the cache with.
//!
//! Nothing is shared with the crate but the published `Stats`: a shard is two queues of entries with a bit each, a tier
//! is a map, every bound is a comparison.

mod shard;

use std::collections::BTreeMap;

use lookback::cache::{Policy, Stats, Tier};

use crate::item::Item;
use shard::Shard;

#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub capacity_bytes: u64,
    pub permanent_bytes: u64,
    pub entry_bytes: u64,
}

/// One generation.
#[derive(Clone, Debug)]
pub struct Plain {
    bounds: Bounds,
    permanent: BTreeMap<u8, Item>,
    shards: Vec<Shard<u8, Item>>,
    /// The shard of every key.
    placement: Vec<usize>,
}

/// Where a value came to lie.
pub enum Placed {
    Held,
    Uncached,
}

impl Plain {
    pub fn new(bounds: Bounds, policy: Policy, entries: usize, shards: usize, placement: Vec<usize>) -> Self {
        let capacity = |shard| entries / shards + usize::from(shard < entries % shards);
        let has_admission = policy == Policy::ClockWithAdmission;
        let shards = (0..shards).map(|shard| Shard::new(has_admission, capacity(shard))).collect();
        Self { bounds, permanent: BTreeMap::new(), shards, placement }
    }

    fn weight(&self, item: Item) -> u64 {
        item.payload.saturating_add(self.bounds.entry_bytes)
    }

    pub fn permanent_bytes(&self) -> u64 {
        self.permanent.values().map(|&item| self.weight(item)).sum()
    }

    pub fn variable_bytes(&self) -> u64 {
        self.shards.iter().flat_map(Shard::all).map(|queued| queued.weight).sum()
    }

    fn free_bytes(&self) -> u64 {
        self.bounds.capacity_bytes - self.permanent_bytes() - self.variable_bytes()
    }

    /// Entries of each shard.
    pub fn shard_entries(&self) -> Vec<usize> {
        self.shards.iter().map(Shard::len).collect()
    }

    pub fn tier_entries(&self) -> (u64, u64) {
        (self.permanent.len() as u64, self.shard_entries().iter().sum::<usize>() as u64)
    }

    /// Finds a key without touching anything.
    pub fn find(&self, key: u8) -> Option<(Item, Tier)> {
        if let Some(&item) = self.permanent.get(&key) {
            return Some((item, Tier::Permanent));
        }
        let queued = self.shards[self.placement[usize::from(key)]].all().find(|queued| queued.key == key)?;
        Some((queued.value, Tier::Variable))
    }

    /// A hit leaves its mark.
    pub fn touch(&mut self, key: u8) {
        self.shards[self.placement[usize::from(key)]].touch(key);
    }

    /// Evicts the next entry of the first shard from `start` on that has one.
    fn evict_from(&mut self, start: usize, stats: &mut Stats) {
        let count = self.shards.len();
        let shard = (0..count).map(|offset| (start + offset) % count).find(|&at| self.shards[at].len() > 0);
        self.shards[shard.expect("something is left")].evict();
        stats.evictions += 1;
    }

    fn may_be_permanent(&self, item: Item) -> bool {
        self.permanent_bytes().saturating_add(self.weight(item)) <= self.bounds.permanent_bytes
    }

    /// Takes a variable entry out.
    pub fn remove(&mut self, key: u8) -> bool {
        self.shards[self.placement[usize::from(key)]].remove(key)
    }

    /// Everything held, by key, and whether it is permanent.
    pub fn all(&self) -> Vec<(u8, Item, bool)> {
        let permanent = self.permanent.iter().map(|(&key, &item)| (key, item, true));
        let variable =
            self.shards.iter().flat_map(Shard::all).map(|queued| (queued.key, queued.value, false));
        let mut all: Vec<_> = permanent.chain(variable).collect();
        all.sort_by_key(|held| held.0);
        all
    }

    /// Moves a variable entry that is asked for as permanent, where there is room.
    pub fn promote(&mut self, key: u8, stats: &mut Stats) {
        let (item, tier) = self.find(key).expect("held");
        if tier == Tier::Variable && self.may_be_permanent(item) {
            self.remove(key);
            self.permanent.insert(key, item);
            stats.promotions += 1;
        }
    }

    /// Holds a value that is held nowhere yet.
    pub fn admit(&mut self, key: u8, item: Item, tier: Tier, stats: &mut Stats) -> Placed {
        let weight = self.weight(item);
        let home = self.placement[usize::from(key)];
        if tier == Tier::Permanent {
            if self.may_be_permanent(item) {
                // From shard to shard, so that none loses everything.
                let mut from = home;
                while self.free_bytes() < weight {
                    self.evict_from(from, stats);
                    from += 1;
                }
                self.permanent.insert(key, item);
                return Placed::Held;
            }
            stats.overflow += 1;
        }
        if self.shards.iter().all(|shard| shard.capacity == 0) {
            return Placed::Uncached;
        }
        if weight > self.bounds.capacity_bytes - self.permanent_bytes() {
            stats.rejected += 1;
            return Placed::Uncached;
        }
        for others in 1.. {
            // The own shard gives up what it must, if that is enough; else another shard gives up one entry first.
            let mut trial = self.shards[home].clone();
            let (mut free, mut evicted) = (self.free_bytes(), 0);
            while trial.len() >= trial.capacity || free < weight {
                let Some(victim) = trial.evict() else { break };
                free += victim.weight;
                evicted += 1;
            }
            if free >= weight {
                trial.push(key, item, weight);
                self.shards[home] = trial;
                stats.evictions += evicted;
                return Placed::Held;
            }
            self.evict_from(home + others, stats);
        }
        unreachable!("what fits beside the permanent entries fits once the others are gone")
    }

    /// The next generation, with what is still true of this one.
    pub fn inherit(&self, keep: impl Fn(u8) -> bool) -> Self {
        let mut next = self.clone();
        next.permanent.retain(|&key, _| keep(key));
        for shard in &mut next.shards {
            // Into the main queue, which is filled first: what it held, then what the small one held.
            let mut heirs = shard.anew();
            shard
                .all()
                .filter(|queued| keep(queued.key))
                .for_each(|queued| heirs.push(queued.key, queued.value, queued.weight));
            *shard = heirs;
        }
        next
    }
}
