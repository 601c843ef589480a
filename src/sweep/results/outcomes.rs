//! The outcomes of a sweep in memory, in slabs of consecutive points of one asset: one that no thread reached holds nothing.

#![forbid(unsafe_code)]

use super::sink::Sink;
use super::slab::Slab;
use super::trial::Outcome;
use crate::error::Error;
use crate::sweep::score::ReturnSums;

/// What became of each trial.
#[derive(Clone, Debug)]
pub(in crate::sweep) struct Outcomes {
    points: usize,
    /// Asset by asset.
    slabs: Vec<Slab>,
    ran: usize,
    failed: usize,
    /// The position of the asset and the index of the point.
    first_failed: Option<(usize, usize)>,
}

impl Sink for Outcomes {
    fn take(&mut self, slab: Slab) -> Result<(), Error> {
        let (asset, points) = Slab::place(self.points, self.slabs.len());
        self.ran += slab.rows();
        self.failed += slab.failures().len();
        if let Some((row, _)) = slab.failures().first() {
            self.first_failed.get_or_insert((asset, points.start + row));
        }
        self.slabs.push(slab);
        Ok(())
    }
}

impl Outcomes {
    /// For a grid of so many points.
    pub(in crate::sweep) fn new(points: usize) -> Self {
        Self { points, slabs: Vec::new(), ran: 0, failed: 0, first_failed: None }
    }

    pub(in crate::sweep) fn get(&self, asset: usize, point: usize) -> Outcome<'_> {
        let (slab, row) = Slab::find(self.points, asset, point);
        self.slabs[slab].outcome(row)
    }

    /// What the returns of a trial sum to; `None` where it is not done.
    pub(in crate::sweep) fn returns(&self, asset: usize, point: usize) -> Option<ReturnSums> {
        let (slab, row) = Slab::find(self.points, asset, point);
        self.slabs[slab].returns(row)
    }

    /// The trials of an asset that ran, by the index of their point.
    pub(in crate::sweep) fn ran_of(&self, asset: usize) -> impl Iterator<Item = (usize, Outcome<'_>)> {
        self.slabs_of(asset)
            .flat_map(|(first, slab)| (0..slab.rows()).map(move |row| (first + row, slab.outcome(row))))
    }

    /// The slabs of an asset, each with the index of its first point.
    pub(super) fn slabs_of(&self, asset: usize) -> impl Iterator<Item = (usize, &Slab)> {
        let count = Slab::count(self.points);
        let slabs = (asset * count..).zip(&self.slabs[asset * count..(asset + 1) * count]);
        slabs.map(|(slab, rows)| (Slab::place(self.points, slab).1.start, rows))
    }

    pub(super) fn ran(&self) -> usize {
        self.ran
    }

    pub(super) fn failed(&self) -> usize {
        self.failed
    }

    pub(super) fn first_failed(&self) -> Option<(usize, usize)> {
        self.first_failed
    }
}
