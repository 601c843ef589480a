//! CLOCK: second chance on a ring that is cut at the hand, and so is a queue.
//!
//! Source: F. Corbató, A paging experiment with the Multics system, 1968.

use super::queue::{Links, Queue};
use super::{Eviction, Marks, Place};

/// The ring of one shard.
#[derive(Debug)]
pub(in super::super) struct Clock {
    links: Links,
    ring: Queue,
}

impl Clock {
    pub(super) fn new(places: usize) -> Self {
        Self { links: Links::new(places), ring: Queue::new(0) }
    }
}

impl Eviction for Clock {
    fn admit(&mut self, place: Place, _: &impl Marks) {
        self.ring.push_back(&mut self.links, place);
    }

    fn evict(&mut self, marks: &impl Marks) -> Option<Place> {
        let mut spared = 0;
        loop {
            let place = self.ring.front()?;
            self.ring.remove(&mut self.links, place);
            // Who was spared in this turn is not spared again, though it was read meanwhile.
            if spared > self.ring.len() || !marks.take_mark(place) {
                return Some(place);
            }
            self.ring.push_back(&mut self.links, place);
            spared += 1;
        }
    }

    fn remove(&mut self, place: Place, _: &impl Marks) {
        self.ring.remove(&mut self.links, place);
    }

    fn order(&self) -> Vec<Place> {
        self.ring.places(&self.links).collect()
    }
}
