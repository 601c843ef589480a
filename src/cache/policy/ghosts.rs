//! The hashes of what left lately, in the order in which it left.

/// A ring of hashes, and an index to find them by.
///
/// A hash leaves when it is taken, or when so many came after it as the ring has room for.
#[derive(Debug)]
pub(super) struct Ghosts {
    ring: Box<[u64]>,
    /// How many came so far; the newest lies before the place that this names.
    came: u64,
    /// Open addressing, at least half empty: the number by which a hash came, plus one, or 0.
    index: Box<[u64]>,
}

impl Ghosts {
    pub(super) fn new(room: usize) -> Self {
        let index = if room == 0 { 0 } else { (2 * room).next_power_of_two() };
        Self { ring: vec![0; room].into(), came: 0, index: vec![0; index].into() }
    }

    /// Adds the hash of what just left.
    pub(super) fn push(&mut self, hash: u64) {
        let room = self.ring.len() as u64;
        if room == 0 {
            return;
        }
        if let Some(oldest) = self.came.checked_sub(room) {
            self.forget(oldest);
        }
        let at = self.slot(self.came);
        self.ring[at] = hash;
        let mut place = self.home(hash);
        while self.index[place] != 0 {
            place = self.next(place);
        }
        self.came += 1;
        self.index[place] = self.came;
    }

    /// Takes the hash out, where it is among the last `window` that came.
    pub(super) fn take(&mut self, hash: u64, window: usize) -> bool {
        if self.ring.is_empty() {
            return false;
        }
        let mut place = self.home(hash);
        while let Some(number) = self.index[place].checked_sub(1) {
            if self.ring[self.slot(number)] == hash {
                self.vacate(place);
                return self.came - number <= window as u64;
            }
            place = self.next(place);
        }
        false
    }

    #[expect(clippy::cast_possible_truncation, reason = "a remainder by a length")]
    fn slot(&self, number: u64) -> usize {
        (number % self.ring.len() as u64) as usize
    }

    #[expect(clippy::cast_possible_truncation, reason = "masked by a length")]
    fn home(&self, hash: u64) -> usize {
        (hash as usize) & (self.index.len() - 1)
    }

    fn next(&self, place: usize) -> usize {
        (place + 1) & (self.index.len() - 1)
    }

    /// Drops what came by that number, unless it was taken.
    fn forget(&mut self, number: u64) {
        let mut place = self.home(self.ring[self.slot(number)]);
        while self.index[place] != 0 {
            if self.index[place] == number + 1 {
                return self.vacate(place);
            }
            place = self.next(place);
        }
    }

    /// Empties a place of the index; later ones of the same run move up, so that no tombstone is needed.
    fn vacate(&mut self, mut hole: usize) {
        let mask = self.index.len() - 1;
        let mut next = self.next(hole);
        while let Some(number) = self.index[next].checked_sub(1) {
            let home = self.home(self.ring[self.slot(number)]);
            if next.wrapping_sub(home) & mask >= next.wrapping_sub(hole) & mask {
                self.index[hole] = self.index[next];
                hole = next;
            }
            next = self.next(next);
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
