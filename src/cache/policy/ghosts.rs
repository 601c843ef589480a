//! The hashes of what left lately, in the order in which it left.

/// A ring of hashes, and an index to find them by.
///
/// A hash leaves when it is taken, or when so many came after it as the ring has room for.
#[derive(Debug)]
pub(super) struct Ghosts {
    ring: Box<[u64]>,
    /// Where the next one goes, in place of the oldest.
    next: usize,
    /// Open addressing, at least half empty: the place in the ring, plus one, or 0.
    index: Box<[u32]>,
}

impl Ghosts {
    pub(super) fn new(room: usize) -> Self {
        let index = if room == 0 { 0 } else { (2 * room).next_power_of_two() };
        Self { ring: vec![0; room].into(), next: 0, index: vec![0; index].into() }
    }

    /// Adds the hash of what just left.
    pub(super) fn push(&mut self, hash: u64) {
        if self.ring.is_empty() {
            return;
        }
        let at = self.next;
        self.next = if at + 1 == self.ring.len() { 0 } else { at + 1 };
        // What came a whole ring ago leaves, unless it was taken.
        if let Some(place) = self.place_of(self.ring[at], |named| named == at) {
            self.vacate(place);
        }
        self.ring[at] = hash;
        let mut place = self.home(hash);
        while self.index[place] != 0 {
            place = self.behind(place);
        }
        self.index[place] = u32::try_from(at + 1).expect("a shard has at most 2^24 entries, says `Options`");
    }

    /// Takes the hash out, where it is among the last `window` that came.
    pub(super) fn take(&mut self, hash: u64, window: usize) -> bool {
        if self.ring.is_empty() {
            return false;
        }
        let Some(place) = self.place_of(hash, |named| self.ring[named] == hash) else {
            return false;
        };
        let at = self.index[place] as usize - 1;
        self.vacate(place);
        let age = if at < self.next { self.next - at } else { self.next + self.ring.len() - at };
        age <= window
    }

    /// The place of the index, on the way of that hash, that names such a place of the ring.
    fn place_of(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let mut place = self.home(hash);
        while self.index[place] != 0 {
            if is_it(self.index[place] as usize - 1) {
                return Some(place);
            }
            place = self.behind(place);
        }
        None
    }

    #[expect(clippy::cast_possible_truncation, reason = "masked by a length")]
    fn home(&self, hash: u64) -> usize {
        (hash as usize) & (self.index.len() - 1)
    }

    fn behind(&self, place: usize) -> usize {
        (place + 1) & (self.index.len() - 1)
    }

    /// Empties a place of the index; later ones of the same run move up, so that no tombstone is needed.
    fn vacate(&mut self, mut hole: usize) {
        let mask = self.index.len() - 1;
        let mut next = self.behind(hole);
        while self.index[next] != 0 {
            let home = self.home(self.ring[self.index[next] as usize - 1]);
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(hole) & mask {
                self.index[hole] = self.index[next];
                hole = next;
            }
            next = self.behind(next);
        }
        self.index[hole] = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[test]
    fn the_ring_is_a_queue_of_the_last_that_came() {
        let mut random = 7_u64;
        let mut ghosts = Ghosts::new(5);
        let mut plain: VecDeque<Option<u64>> = VecDeque::new();
        for _ in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Few hashes, many of one home; each is there once at most, as an entry is.
            let hash = (random >> 60) * 8;
            let window = (random >> 33) as usize % 7;
            if plain.contains(&Some(hash)) {
                let at = plain.iter().rposition(|&ghost| ghost == Some(hash)).unwrap();
                let is_young = plain.len() - at <= window;
                plain[at] = None;
                assert_eq!(ghosts.take(hash, window), is_young);
            } else {
                assert!(!ghosts.take(hash, window));
                ghosts.push(hash);
                plain.push_back(Some(hash));
                if plain.len() > 5 {
                    plain.pop_front();
                }
            }
        }
    }
}
