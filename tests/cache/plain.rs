//! The whole contract as a plain sequential program, to compare the cache with.
//!
//! Nothing is shared with the crate but the published `Stats`: a shard is a queue of entries with a bit each, a tier is
//! a map, every bound is a comparison.

use std::collections::{BTreeMap, VecDeque};

use lookback::cache::{Stats, Tier};

use crate::item::Item;

#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub capacity_bytes: u64,
    pub permanent_bytes: u64,
    pub entry_bytes: u64,
}

#[derive(Clone, Debug)]
struct Queued {
    key: u8,
    item: Item,
    bit: bool,
}

/// One generation.
#[derive(Clone, Debug)]
pub struct Plain {
    bounds: Bounds,
    permanent: BTreeMap<u8, Item>,
    /// Each shard in the order in which its hand will meet the entries, beside its capacity.
    shards: Vec<(VecDeque<Queued>, usize)>,
    /// The shard of every key.
    placement: Vec<usize>,
}

/// Where a value came to lie.
pub enum Placed {
    Held,
    Uncached,
}

impl Plain {
    pub fn new(bounds: Bounds, entries: usize, shards: usize, placement: Vec<usize>) -> Self {
        let capacity = |shard| entries / shards + usize::from(shard < entries % shards);
        let shards = (0..shards).map(|shard| (VecDeque::new(), capacity(shard))).collect();
        Self { bounds, permanent: BTreeMap::new(), shards, placement }
    }

    fn weight(&self, item: Item) -> u64 {
        item.payload.saturating_add(self.bounds.entry_bytes)
    }

    pub fn permanent_bytes(&self) -> u64 {
        self.permanent.values().map(|&item| self.weight(item)).sum()
    }

    pub fn variable_bytes(&self) -> u64 {
        self.shards.iter().flat_map(|shard| &shard.0).map(|queued| self.weight(queued.item)).sum()
    }

    fn free_bytes(&self) -> u64 {
        self.bounds.capacity_bytes - self.permanent_bytes() - self.variable_bytes()
    }

    /// Entries of each shard.
    pub fn shard_entries(&self) -> Vec<usize> {
        self.shards.iter().map(|shard| shard.0.len()).collect()
    }

    pub fn tier_entries(&self) -> (u64, u64) {
        (self.permanent.len() as u64, self.shard_entries().iter().sum::<usize>() as u64)
    }

    /// Finds a key without touching anything.
    pub fn find(&self, key: u8) -> Option<(Item, Tier)> {
        if let Some(&item) = self.permanent.get(&key) {
            return Some((item, Tier::Permanent));
        }
        let queued =
            self.shards[self.placement[usize::from(key)]].0.iter().find(|queued| queued.key == key)?;
        Some((queued.item, Tier::Variable))
    }

    /// A hit leaves its mark.
    pub fn touch(&mut self, key: u8) {
        for queued in &mut self.shards[self.placement[usize::from(key)]].0 {
            queued.bit |= queued.key == key;
        }
    }

    /// The textbook's CLOCK: who was read since the hand last came is spared once.
    fn evict(queue: &mut VecDeque<Queued>) -> Option<Queued> {
        loop {
            let queued = queue.pop_front()?;
            if !queued.bit {
                return Some(queued);
            }
            queue.push_back(Queued { bit: false, ..queued });
        }
    }

    /// Evicts the next entry of the first shard from `start` on that has one.
    fn evict_from(&mut self, start: usize, stats: &mut Stats) {
        let count = self.shards.len();
        let shard =
            (0..count).map(|offset| (start + offset) % count).find(|&at| !self.shards[at].0.is_empty());
        Self::evict(&mut self.shards[shard.expect("something is left")].0);
        stats.evictions += 1;
    }

    fn may_be_permanent(&self, item: Item) -> bool {
        self.permanent_bytes().saturating_add(self.weight(item)) <= self.bounds.permanent_bytes
    }

    /// Moves a variable entry that is asked for as permanent, where there is room.
    pub fn promote(&mut self, key: u8, stats: &mut Stats) {
        let (item, tier) = self.find(key).expect("held");
        if tier == Tier::Variable && self.may_be_permanent(item) {
            self.shards[self.placement[usize::from(key)]].0.retain(|queued| queued.key != key);
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
        if self.shards.iter().all(|shard| shard.1 == 0) {
            return Placed::Uncached;
        }
        if weight > self.bounds.capacity_bytes - self.permanent_bytes() {
            stats.rejected += 1;
            return Placed::Uncached;
        }
        for others in 1.. {
            // The own shard gives up what it must, if that is enough; else another shard gives up one entry first.
            let mut trial = self.shards[home].0.clone();
            let (mut free, mut evicted) = (self.free_bytes(), 0);
            while trial.len() >= self.shards[home].1 || free < weight {
                let Some(victim) = Self::evict(&mut trial) else { break };
                free += self.weight(victim.item);
                evicted += 1;
            }
            if free >= weight {
                trial.push_back(Queued { key, item, bit: false });
                self.shards[home].0 = trial;
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
        for (queue, _) in &mut next.shards {
            queue.retain(|queued| keep(queued.key));
            queue.iter_mut().for_each(|queued| queued.bit = false);
        }
        next
    }
}
