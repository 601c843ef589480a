//! One shard of the plain model: two queues of entries with a bit each, and the keys of what left.
//!
//! Nothing but std: the crate's own tests replay through it what the desks of many threads wrote down.

use std::collections::VecDeque;

#[derive(Clone, Debug)]
pub struct Queued<K, T> {
    pub key: K,
    pub value: T,
    pub weight: u64,
    bit: bool,
}

/// One shard: without admission all entries are in `main`.
#[derive(Clone, Debug)]
pub struct Shard<K, T> {
    has_admission: bool,
    pub capacity: usize,
    small: VecDeque<Queued<K, T>>,
    /// In the order in which the hand will meet them.
    main: VecDeque<Queued<K, T>>,
    /// What left `small` unread, the last of them at the back; what came back is crossed out.
    ghosts: VecDeque<Option<K>>,
    is_filling: bool,
}

impl<K: Copy + PartialEq, T> Shard<K, T> {
    pub fn new(has_admission: bool, capacity: usize) -> Self {
        let (small, main, ghosts) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        Self { has_admission, capacity, small, main, ghosts, is_filling: true }
    }

    /// An empty one of the same kind.
    pub fn anew(&self) -> Self {
        Self::new(self.has_admission, self.capacity)
    }

    pub fn len(&self) -> usize {
        self.small.len() + self.main.len()
    }

    /// In the order in which they would go, were none of them marked.
    pub fn all(&self) -> impl Iterator<Item = &Queued<K, T>> {
        self.main.iter().chain(&self.small)
    }

    pub fn push(&mut self, key: K, value: T, weight: u64) {
        let queued = Queued { key, value, weight, bit: false };
        let window = self.len() / 2;
        let mut is_back = false;
        if !self.is_filling
            && let Some(at) = self.ghosts.iter().rposition(|&ghost| ghost == Some(key))
        {
            is_back = self.ghosts.len() - at <= window;
            self.ghosts[at] = None;
        }
        if !self.has_admission || self.is_filling || is_back {
            self.main.push_back(queued);
        } else {
            self.small.push_back(queued);
        }
    }

    /// A hit leaves its mark.
    pub fn touch(&mut self, key: K) {
        for queued in self.small.iter_mut().chain(&mut self.main) {
            queued.bit |= queued.key == key;
        }
    }

    pub fn remove(&mut self, key: K) -> bool {
        let before = self.len();
        self.small.retain(|queued| queued.key != key);
        self.main.retain(|queued| queued.key != key);
        self.len() < before
    }

    /// The textbook's CLOCK, behind the textbook's FIFO: who was read since the hand last came is spared once.
    pub fn evict(&mut self) -> Option<Queued<K, T>> {
        self.evict_by(|queued| queued.bit)
    }

    /// The same, where somebody else knows which bits are set; each entry that the hand meets is asked for.
    ///
    /// One turn spares as many as there are, and then takes the next, unasked.
    pub fn evict_by(&mut self, mut is_set: impl FnMut(&Queued<K, T>) -> bool) -> Option<Queued<K, T>> {
        self.is_filling &= self.len() == 0;
        let most = self.len();
        for spared in 0.. {
            let small_bytes: u64 = self.small.iter().map(|queued| queued.weight).sum();
            let bytes: u64 = self.all().map(|queued| queued.weight).sum();
            let is_over = self.small.len() > 1
                && (self.small.len() > (self.len() / 20).max(1) || small_bytes > bytes / 20);
            let is_small = is_over || self.main.is_empty();
            let queued = if is_small { self.small.pop_front() } else { self.main.pop_front() }?;
            if spared < most && is_set(&queued) {
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
        None
    }
}
