//! The whole contract as a plain sequential program, to compare the cache with.
//!
//! Nothing is shared with the crate but the published `Stats`: a shard is two queues of entries with a bit each, a tier
//! is a map, every bound is a comparison.

use std::collections::{BTreeMap, VecDeque};

use lookback::cache::{Policy, Stats, Tier};

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

/// One shard: under `Policy::Clock` all entries are in `main`.
#[derive(Clone, Debug)]
struct Shard {
    policy: Policy,
    capacity: usize,
    small: VecDeque<Queued>,
    /// In the order in which the hand will meet them.
    main: VecDeque<Queued>,
    /// What left `small` unread, the last of them at the back; what came back is crossed out.
    ghosts: VecDeque<Option<u8>>,
    is_filling: bool,
}

impl Shard {
    fn new(policy: Policy, capacity: usize) -> Self {
        let (small, main, ghosts) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        Self { policy, capacity, small, main, ghosts, is_filling: true }
    }

    fn len(&self) -> usize {
        self.small.len() + self.main.len()
    }

    fn all(&self) -> impl Iterator<Item = &Queued> {
        self.main.iter().chain(&self.small)
    }

    fn push(&mut self, key: u8, item: Item) {
        let queued = Queued { key, item, bit: false };
        let window = self.len() / 2;
        let mut is_back = false;
        if !self.is_filling
            && let Some(at) = self.ghosts.iter().rposition(|&ghost| ghost == Some(key))
        {
            is_back = self.ghosts.len() - at <= window;
            self.ghosts[at] = None;
        }
        if self.policy == Policy::Clock || self.is_filling || is_back {
            self.main.push_back(queued);
        } else {
            self.small.push_back(queued);
        }
    }

    /// The textbook's CLOCK, behind the textbook's FIFO: who was read since the hand last came is spared once.
    fn evict(&mut self, weight: impl Fn(&Queued) -> u64) -> Option<Queued> {
        self.is_filling = false;
        loop {
            let small_bytes: u64 = self.small.iter().map(&weight).sum();
            let bytes: u64 = self.all().map(&weight).sum();
            let is_over = self.small.len() > 1
                && (self.small.len() > (self.len() / 20).max(1) || small_bytes > bytes / 20);
            let is_small = is_over || self.main.is_empty();
            let queued = if is_small { self.small.pop_front() } else { self.main.pop_front() }?;
            if queued.bit {
                self.main.push_back(Queued { bit: false, ..queued });
                continue;
            }
            if is_small {
                self.ghosts.push_back(Some(queued.key));
                if self.ghosts.len() > self.capacity / 2 {
                    self.ghosts.pop_front();
                }
            }
            return Some(queued);
        }
    }
}

/// One generation.
#[derive(Clone, Debug)]
pub struct Plain {
    bounds: Bounds,
    permanent: BTreeMap<u8, Item>,
    shards: Vec<Shard>,
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
        let shards = (0..shards).map(|shard| Shard::new(policy, capacity(shard))).collect();
        Self { bounds, permanent: BTreeMap::new(), shards, placement }
    }

    fn weight(&self, item: Item) -> u64 {
        item.payload.saturating_add(self.bounds.entry_bytes)
    }

    pub fn permanent_bytes(&self) -> u64 {
        self.permanent.values().map(|&item| self.weight(item)).sum()
    }

    pub fn variable_bytes(&self) -> u64 {
        self.shards.iter().flat_map(Shard::all).map(|queued| self.weight(queued.item)).sum()
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
        Some((queued.item, Tier::Variable))
    }

    /// A hit leaves its mark.
    pub fn touch(&mut self, key: u8) {
        let shard = &mut self.shards[self.placement[usize::from(key)]];
        for queued in shard.small.iter_mut().chain(&mut shard.main) {
            queued.bit |= queued.key == key;
        }
    }

    /// Evicts the next entry of the first shard from `start` on that has one.
    fn evict_from(&mut self, start: usize, stats: &mut Stats) {
        let count = self.shards.len();
        let shard = (0..count).map(|offset| (start + offset) % count).find(|&at| self.shards[at].len() > 0);
        let entry_bytes = self.bounds.entry_bytes;
        let weight = |queued: &Queued| queued.item.payload.saturating_add(entry_bytes);
        self.shards[shard.expect("something is left")].evict(weight);
        stats.evictions += 1;
    }

    fn may_be_permanent(&self, item: Item) -> bool {
        self.permanent_bytes().saturating_add(self.weight(item)) <= self.bounds.permanent_bytes
    }

    /// Takes a variable entry out.
    pub fn remove(&mut self, key: u8) -> bool {
        let shard = &mut self.shards[self.placement[usize::from(key)]];
        let before = shard.len();
        shard.small.retain(|queued| queued.key != key);
        shard.main.retain(|queued| queued.key != key);
        shard.len() < before
    }

    /// Everything held, by key, and whether it is permanent.
    pub fn all(&self) -> Vec<(u8, Item, bool)> {
        let permanent = self.permanent.iter().map(|(&key, &item)| (key, item, true));
        let variable = self.shards.iter().flat_map(Shard::all).map(|queued| (queued.key, queued.item, false));
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
                let Some(victim) = trial.evict(|queued| self.weight(queued.item)) else { break };
                free += self.weight(victim.item);
                evicted += 1;
            }
            if free >= weight {
                trial.push(key, item);
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
            let mut heirs = Shard::new(shard.policy, shard.capacity);
            shard
                .all()
                .filter(|queued| keep(queued.key))
                .for_each(|queued| heirs.push(queued.key, queued.item));
            *shard = heirs;
        }
        next
    }
}
