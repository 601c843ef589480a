//! The outcomes of a sweep in memory: a row for each trial, or what is kept of any number of them.

#![forbid(unsafe_code)]

use std::borrow::Cow;

use super::harvest::{Buckets, Harvest, Recipe};
use super::keep::Best;
use super::slab::Slab;
use super::trial::Outcome;
use crate::error::Error;
use crate::sweep::grid::{Grid, Place};
use crate::sweep::score::ReturnSums;

/// What became of each trial.
#[derive(Clone, Debug)]
pub(in crate::sweep) struct Outcomes {
    points: usize,
    kept: Kept,
    ran: usize,
    failed: usize,
    /// Of each asset that was begun, the first failures: the index of the point, and the reason.
    failures: Vec<Vec<(usize, Error)>>,
}

#[derive(Clone, Debug)]
enum Kept {
    /// Slabs of consecutive points, asset by asset: one that no thread reached holds nothing.
    All(Vec<Slab>),
    Best {
        recipe: Recipe,
        of: Vec<BestOf>,
    },
}

/// What is kept of an asset.
#[derive(Clone, Debug)]
struct BestOf {
    harvest: Harvest,
    /// The points of the best trials, ascending, and their rows.
    points: Vec<usize>,
    rows: Slab,
}

/// Rows of one asset, with the points that they are of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed<'a> {
    pub(super) asset: usize,
    pub(super) places: Places<'a>,
    pub(super) slab: &'a Slab,
}

/// The points of rows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Places<'a> {
    /// Consecutive ones from an index on.
    From(usize),
    /// By their indices.
    At(&'a [usize]),
}

impl Placed<'_> {
    /// The index of a row's point.
    pub(super) fn point(&self, row: usize) -> usize {
        match self.places {
            Places::From(first) => first + row,
            Places::At(points) => points[row],
        }
    }
}

impl Outcomes {
    /// Of every slab, in order.
    pub(super) fn all(points: usize, slabs: Vec<Slab>) -> Self {
        let (mut ran, mut failed, mut failures) = (0, 0, Vec::new());
        for (at, slab) in slabs.iter().enumerate() {
            let (asset, of) = Slab::place(points, at);
            failures.resize_with(asset + 1, Vec::new);
            ran += slab.rows();
            failed += slab.failures().len();
            let first = slab.failures().iter().map(|(row, error)| (of.start + row, error.clone()));
            failures[asset].extend(first.take(1));
        }
        Self { points, kept: Kept::All(slabs), ran, failed, failures }
    }

    /// Of what was kept of each asset.
    pub(super) fn best(points: usize, recipe: Recipe, harvests: Vec<Harvest>) -> Self {
        let count = |of: fn(&Harvest) -> u64| harvests.iter().map(of).sum::<u64>();
        let (ran, failed) = (count(Harvest::ran), count(Harvest::failed));
        let failures = harvests.iter().map(|harvest| harvest.failures().to_vec()).collect();
        let of = harvests.into_iter().map(|harvest| {
            let best = harvest.best();
            let points = best.iter().map(|(point, _)| *point).collect();
            BestOf { points, rows: Slab::of_metrics(best.into_iter().map(|(_, metrics)| metrics)), harvest }
        });
        let [ran, failed] = [ran, failed].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        Self { points, kept: Kept::Best { recipe, of: of.collect() }, ran, failed, failures }
    }

    pub(in crate::sweep) fn get(&self, asset: usize, point: usize) -> Outcome<'_> {
        match &self.kept {
            Kept::All(slabs) => {
                let (slab, row) = Slab::find(self.points, asset, point);
                slabs[slab].outcome(row)
            }
            Kept::Best { of, .. } => {
                let failed = self.failures[asset].iter().find(|(failed, _)| *failed == point);
                match (failed, of[asset].points.binary_search(&point)) {
                    (Some((_, error)), _) => Outcome::Failed(error),
                    (None, Ok(row)) => of[asset].rows.outcome(row),
                    (None, Err(_)) => Outcome::NotKept,
                }
            }
        }
    }

    /// What the returns of a trial sum to; `None` where it is not done or was not kept.
    pub(in crate::sweep) fn returns(&self, asset: usize, point: usize) -> Option<ReturnSums> {
        let Kept::All(slabs) = &self.kept else { return None };
        let (slab, row) = Slab::find(self.points, asset, point);
        slabs[slab].returns(row)
    }

    /// The trials of an asset that ran and were kept, by the index of their point.
    pub(in crate::sweep) fn ran_of(&self, asset: usize) -> impl Iterator<Item = (usize, Outcome<'_>)> {
        self.placed_of(asset).flat_map(|placed| {
            (0..placed.slab.rows()).map(move |row| (placed.point(row), placed.slab.outcome(row)))
        })
    }

    /// The rows of an asset.
    pub(super) fn placed_of(&self, asset: usize) -> impl Iterator<Item = Placed<'_>> {
        let (slabs, best): (&[Slab], _) = match &self.kept {
            Kept::All(slabs) => {
                let count = Slab::count(self.points);
                (&slabs[asset * count..(asset + 1) * count], None)
            }
            Kept::Best { of, .. } => (&[], Some(&of[asset])),
        };
        let all = slabs.iter().enumerate().map(move |(at, slab)| {
            let first = Slab::place(self.points, at).1.start;
            Placed { asset, places: Places::From(first), slab }
        });
        all.chain(best.map(|of| Placed { asset, places: Places::At(&of.points), slab: &of.rows }))
    }

    /// What is kept of an asset's trials; made now, by what is wanted, where a row of each is held.
    pub(in crate::sweep) fn harvest(
        &self,
        asset: usize,
        grid: &Grid,
        wanted: Best,
    ) -> (Recipe, Cow<'_, Harvest>) {
        if let Kept::Best { recipe, of } = &self.kept {
            return (recipe.clone(), Cow::Borrowed(&of[asset].harvest));
        }
        let recipe = Recipe::new(wanted, grid);
        let (mut harvest, mut place, mut buckets) =
            (Harvest::new(&recipe), Place::new(grid), Buckets::default());
        for placed in self.placed_of(asset) {
            let bars = harvest.bars();
            harvest.feed(&recipe, &bars, placed.point(0), placed.slab, &mut place, &mut buckets);
        }
        harvest.absorb(&mut buckets);
        (recipe, Cow::Owned(harvest))
    }

    /// What ranks those that were kept; none where all were.
    pub(in crate::sweep) fn wanted(&self) -> Option<Best> {
        match &self.kept {
            Kept::All(_) => None,
            Kept::Best { recipe, .. } => Some(recipe.wanted.clone()),
        }
    }

    /// Whether trials of an asset that could be ranked were left out.
    pub(in crate::sweep) fn is_cut(&self, asset: usize) -> bool {
        matches!(&self.kept, Kept::Best { of, .. } if of[asset].harvest.is_full())
    }

    pub(super) fn ran(&self) -> usize {
        self.ran
    }

    pub(super) fn failed(&self) -> usize {
        self.failed
    }

    /// The first failures of each asset: its position, the index of the point, and the reason.
    pub(super) fn failures(&self) -> impl Iterator<Item = (usize, usize, &Error)> {
        self.failures
            .iter()
            .enumerate()
            .flat_map(|(asset, failures)| failures.iter().map(move |(point, error)| (asset, *point, error)))
    }
}
