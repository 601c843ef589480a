//! A seeded sample of trials: those whose points have the smallest hashes.
//!
//! Whether a trial is in it depends on the seed, its point and the others alone: not on the order in which they came.

#![forbid(unsafe_code)]

use std::collections::BinaryHeap;

use crate::error::Error;
use crate::sweep::broker::BLOCKS;
use crate::sweep::results::bytes::{Reader, Writer};
use crate::sweep::results::overfitting::hash;

/// A trial of the sample.
#[derive(Clone, Copy, Debug)]
pub(in crate::sweep) struct Drawn {
    /// The index of its point.
    pub(in crate::sweep) point: usize,
    /// What it is ranked by; NaN where that is not defined.
    pub(in crate::sweep) value: f64,
    /// Of each block of bars: the sum of the returns, and of their squares.
    pub(in crate::sweep) blocks: [[f64; 2]; BLOCKS],
}

/// The trials with the smallest hashes.
///
/// - Source: Cohen, Size-Estimation Framework with Applications to Transitive Closure and Reachability (1997), bottom-k
///   sketches.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    most: usize,
    seed: u64,
    /// The largest hash on top, with the place of its trial.
    heap: BinaryHeap<(u64, usize)>,
    trials: Vec<Drawn>,
}

impl Draw {
    pub(super) const ENTRY_BYTES: usize = size_of::<(u64, usize)>() + size_of::<Drawn>();

    pub(super) fn new(most: usize, seed: u64) -> Self {
        Self { most, seed, heap: BinaryHeap::new(), trials: Vec::new() }
    }

    /// Keeps a trial where its hash is among the smallest, and below a bar.
    #[inline]
    pub(super) fn offer(
        &mut self,
        point: usize,
        bar: Option<u64>,
        trial: impl FnOnce() -> (f64, [[f64; 2]; BLOCKS]),
    ) {
        // For one seed no two points have the same hash.
        let hash = hash(self.seed, point as u64);
        if bar.is_some_and(|bar| hash > bar) {
            return;
        }
        let place = if self.trials.len() < self.most {
            self.heap.push((hash, self.trials.len()));
            None
        } else {
            let Some(mut largest) = self.heap.peek_mut().filter(|largest| hash < largest.0) else { return };
            *largest = (hash, largest.1);
            Some(largest.1)
        };
        let (value, blocks) = trial();
        let drawn = Drawn { point, value, blocks };
        match place {
            Some(place) => self.trials[place] = drawn,
            None => self.trials.push(drawn),
        }
    }

    /// The largest hash that is kept, where there is no room for more.
    pub(super) fn highest(&self) -> Option<u64> {
        self.heap.peek().filter(|_| self.trials.len() == self.most).map(|(hash, _)| *hash)
    }

    pub(super) fn merge(&mut self, other: Self) {
        for one in other.trials {
            self.offer(one.point, None, || (one.value, one.blocks));
        }
    }

    pub(super) fn in_order(&self) -> Vec<&Drawn> {
        let mut trials: Vec<&Drawn> = self.trials.iter().collect();
        trials.sort_unstable_by_key(|one| one.point);
        trials
    }

    /// The points of the smallest hashes, in grid order.
    pub(super) fn fewer(&self, count: usize) -> Vec<usize> {
        let mut points: Vec<usize> = self.trials.iter().map(|one| one.point).collect();
        points.sort_unstable_by_key(|point| hash(self.seed, *point as u64));
        points.truncate(count);
        points.sort_unstable();
        points
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.len(self.trials.len());
        for one in self.in_order() {
            out.len(one.point);
            out.float(one.value);
            one.blocks.as_flattened().iter().for_each(|sum| out.float(*sum));
        }
    }

    pub(super) fn read(&mut self, bytes: &mut Reader<'_>) -> Result<(), Error> {
        for _ in 0..bytes.len(8 * (2 + 2 * BLOCKS))? {
            let (point, value) = (bytes.index()?, bytes.float()?);
            let mut blocks = [[0.0; 2]; BLOCKS];
            for block in &mut blocks {
                *block = bytes.floats()?;
            }
            self.offer(point, None, || (value, blocks));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(points: impl Iterator<Item = usize>, seed: u64) -> Vec<usize> {
        let mut draw = Draw::new(100, seed);
        points.for_each(|point| draw.offer(point, None, || (0.0, [[0.0; 2]; BLOCKS])));
        draw.fewer(100)
    }

    #[test]
    fn a_sample_does_not_depend_on_the_order_but_on_the_seed() {
        assert_eq!(drawn(0..10_000, 1), drawn((0..10_000).rev(), 1));
        assert_ne!(drawn(0..10_000, 1), drawn(0..10_000, 2));
        assert_eq!(drawn(0..100, 1), (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn every_part_of_a_grid_is_drawn_from_alike() {
        let mut tenths = [0_u32; 10];
        for seed in 0..100 {
            drawn(0..10_000, seed).into_iter().for_each(|point| tenths[point / 1_000] += 1);
        }
        assert!(tenths.iter().all(|count| (850..1_150).contains(count)), "{tenths:?}");
    }
}
