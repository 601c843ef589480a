//! CLOCK behind a small queue: a newcomer has to be read, or asked for again soon, before it displaces what was.
//!
//! S3-FIFO with one bit. A newcomer enters the small queue, which is held to a twentieth of the shard, in entries and in
//! bytes. When its turn comes there it goes on to the main queue, a CLOCK, where it was read; else it goes, and its hash
//! stays behind as a ghost. A key whose ghost is among the last half as many as there are entries enters the main
//! queue. Until a shard gives up its first entry, every newcomer enters the main queue.
//!
//! Source: J. Yang and others, FIFO queues are all you need for cache eviction, SOSP 2023. The filling of the main queue
//! first is quick_cache's habit; it keeps a part of a loop that is longer than the capacity.

use super::ghosts::Ghosts;
use super::queue::{Links, Queue};
use super::{Eviction, Marks, Place};

/// The small queue holds one part in so many.
const SMALL_PART: usize = 20;

/// Ghosts count as fresh for as many departures as the entries are, divided by this.
const GHOST_PART: usize = 2;

const SMALL: u32 = 0;
const MAIN: u32 = 1;

/// The two queues of one shard and what left the small one.
#[derive(Debug)]
pub(in super::super) struct ClockWithAdmission {
    links: Links,
    small: Queue,
    main: Queue,
    small_bytes: u64,
    bytes: u64,
    ghosts: Ghosts,
    /// Whether no entry had to go yet.
    is_filling: bool,
}

impl ClockWithAdmission {
    pub(super) fn new(entries: usize, places: usize) -> Self {
        Self {
            links: Links::new(places),
            small: Queue::new(SMALL),
            main: Queue::new(MAIN),
            small_bytes: 0,
            bytes: 0,
            ghosts: Ghosts::new(entries / GHOST_PART),
            is_filling: true,
        }
    }

    fn len(&self) -> usize {
        self.small.len() + self.main.len()
    }

    /// Whether the next to go is in the small queue.
    #[inline(always)]
    fn is_small_next(&self) -> bool {
        // One newcomer is let be, however heavy it is.
        let is_over = self.small.len() > (self.len() / SMALL_PART).max(1)
            || (self.small.len() > 1 && self.small_bytes > self.bytes / SMALL_PART as u64);
        is_over || self.main.len() == 0
    }
}

impl Eviction for ClockWithAdmission {
    #[inline(always)]
    fn admit(&mut self, place: Place, marks: &impl Marks) {
        let weight = marks.weight_bytes(place);
        let window = self.len() / GHOST_PART;
        let is_back = !self.is_filling && self.ghosts.take(marks.hash(place), window);
        self.bytes += weight;
        if is_back || self.is_filling {
            self.main.push_back(&mut self.links, place);
        } else {
            self.small_bytes += weight;
            self.small.push_back(&mut self.links, place);
        }
    }

    #[inline(always)]
    fn evict(&mut self, marks: &impl Marks) -> Option<Place> {
        // Asked in vain, as for bytes that another shard has to yield, an empty shard goes on filling.
        self.is_filling &= self.len() == 0;
        let mut spared = 0;
        loop {
            let is_small = self.is_small_next();
            let queue = if is_small { &mut self.small } else { &mut self.main };
            let place = queue.front()?;
            queue.remove(&mut self.links, place);
            let weight = marks.weight_bytes(place);
            if is_small {
                self.small_bytes -= weight;
            }
            // Who was spared in this turn is not spared again, though it was read meanwhile.
            if spared > self.len() || !marks.take_mark(place) {
                self.bytes -= weight;
                if is_small {
                    self.ghosts.push(marks.hash(place));
                }
                return Some(place);
            }
            self.main.push_back(&mut self.links, place);
            spared += 1;
        }
    }

    fn remove(&mut self, place: Place, marks: &impl Marks) {
        let weight = marks.weight_bytes(place);
        self.bytes -= weight;
        if self.links.name(place) == SMALL {
            self.small_bytes -= weight;
            self.small.remove(&mut self.links, place);
        } else {
            self.main.remove(&mut self.links, place);
        }
    }

    fn order(&self) -> Vec<Place> {
        self.main.places(&self.links).chain(self.small.places(&self.links)).collect()
    }
}
