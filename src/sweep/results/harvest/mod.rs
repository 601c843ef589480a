//! What is kept of an asset's trials whatever their number: the best, a sample, and counts.
//!
//! Two harvests of different trials merge into that of all of them, to the bit and in any order: counts are whole numbers,
//! sums are of whole numbers, and who is among the best or in the sample depends on a trial and its place in the grid alone.

#![forbid(unsafe_code)]

mod best;
mod cells;
mod draw;
mod moments;
mod sketch;

use best::Best;
use draw::Draw;
use moments::Moments;

pub use cells::HeatMap;
pub use sketch::Sketch;

pub(in crate::sweep) use cells::{Cells, Field};
pub(in crate::sweep) use draw::Drawn;
pub(in crate::sweep) use sketch::{Buckets, Sketches};

use super::bytes::{Reader, Writer};
use super::keep::Best as Wanted;
use super::slab::Slab;
use crate::error::Error;
use crate::sweep::grid::{Grid, Place};
use crate::sweep::metrics::{Metric, Metrics};

/// The most trials of an asset that are cross-validated: of more, a seeded sample.
pub(in crate::sweep) const MOST_DRAWN: usize = 100_000;

/// Failures whose reasons are kept.
const FAILURES: usize = 3;

/// How harvests of a sweep are made: what ranks, and which cells a grid has.
#[derive(Clone, Debug)]
pub(in crate::sweep) struct Recipe {
    pub(in crate::sweep) wanted: Wanted,
    pub(in crate::sweep) field: Field,
}

impl Recipe {
    pub(in crate::sweep) fn new(wanted: Wanted, grid: &Grid) -> Self {
        Self { wanted, field: Field::new(grid) }
    }

    /// Bytes that the harvest of an asset with so many points takes, at most.
    pub(in crate::sweep) fn bytes(&self, points: usize) -> Option<usize> {
        let best = points.min(self.wanted.count).checked_mul(Best::ENTRY_BYTES)?;
        let drawn = points.min(MOST_DRAWN) * Draw::ENTRY_BYTES;
        best.checked_add(drawn)?.checked_add(self.field.bytes())
    }
}

/// What is kept of some trials of one asset.
#[derive(Clone, Debug)]
pub(in crate::sweep) struct Harvest {
    ran: u64,
    failed: u64,
    /// Done, and not what is required.
    unmet: u64,
    /// Sharpe ratios, a year.
    sharpes: Moments,
    best: Best,
    drawn: Draw,
    sketches: Sketches,
    cells: Cells,
    /// Those that failed first in grid order.
    failures: Vec<(usize, Error)>,
}

/// Who need not be looked at: others that are kept already leave no room.
#[derive(Clone, Copy, Default, Debug)]
pub(in crate::sweep) struct Bars {
    best: Option<(u64, usize)>,
    drawn: Option<u64>,
}

impl Harvest {
    pub(in crate::sweep) fn new(recipe: &Recipe) -> Self {
        Self {
            ran: 0,
            failed: 0,
            unmet: 0,
            sharpes: Moments::default(),
            best: Best::new(recipe.wanted.count),
            drawn: Draw::new(MOST_DRAWN, recipe.wanted.seed),
            sketches: Sketches::default(),
            cells: Cells::default(),
            failures: Vec::new(),
        }
    }

    /// Adds the trials of a slab whose first point has this index; counts go into `buckets` until they are
    /// [absorbed](Self::absorb).
    pub(in crate::sweep) fn feed(
        &mut self,
        recipe: &Recipe,
        bars: &Bars,
        first: usize,
        slab: &Slab,
        place: &mut Place<'_>,
        buckets: &mut Buckets,
    ) {
        let rows = slab.rows();
        self.ran += rows as u64;
        self.failed += slab.failures().len() as u64;
        for (row, error) in slab.failures() {
            self.fail(first + row, error);
        }
        buckets.add(slab);
        let (trades, sharpes) = (slab.metric(Metric::Trades), slab.metric(Metric::Sharpe));
        let merit = &recipe.wanted.by;
        let mut stack = Vec::new();
        let mut failures = slab.failures().iter().map(|(row, _)| *row).peekable();
        for row in 0..rows {
            if failures.next_if_eq(&row).is_some() {
                continue;
            }
            let point = first + row;
            self.sharpes.add(sharpes[row]);
            let read = |metric: Metric| slab.metric(metric)[row];
            let by = merit.number(read, &mut stack);
            let is_met = merit.accepts(read, &mut stack);
            self.unmet += u64::from(!is_met);
            if let Some(key) = recipe.wanted.key(by, trades[row]).filter(|_| is_met) {
                if bars.best.is_none_or(|worst| best::is_before((key, point), worst)) {
                    self.best.offer(key, point, || slab.metrics(row));
                }
                if !recipe.field.is_empty() {
                    self.cells.add(&recipe.field, place.point(point), key);
                }
            }
            self.drawn.offer(point, bars.drawn, || (by, slab.blocks(row)));
        }
    }

    /// Takes over what has been counted.
    pub(in crate::sweep) fn absorb(&mut self, buckets: &mut Buckets) {
        self.sketches.absorb(buckets);
    }

    /// Adds what was kept of other trials.
    pub(in crate::sweep) fn merge(&mut self, other: Self) {
        self.ran += other.ran;
        self.failed += other.failed;
        self.unmet += other.unmet;
        self.sharpes.merge(&other.sharpes);
        self.best.merge(other.best);
        self.drawn.merge(other.drawn);
        self.sketches.merge(&other.sketches);
        self.cells.merge(&other.cells);
        for (point, error) in &other.failures {
            self.fail(*point, error);
        }
    }

    fn fail(&mut self, point: usize, error: &Error) {
        let place = self.failures.partition_point(|(earlier, _)| *earlier < point);
        if place < FAILURES {
            self.failures.insert(place, (point, error.clone()));
            self.failures.truncate(FAILURES);
        }
    }

    /// What a trial has to be better than to be kept beside these.
    pub(in crate::sweep) fn bars(&self) -> Bars {
        Bars { best: self.best.worst(), drawn: self.drawn.highest() }
    }

    pub(in crate::sweep) fn ran(&self) -> u64 {
        self.ran
    }

    pub(in crate::sweep) fn failed(&self) -> u64 {
        self.failed
    }

    /// Those that are done and do not meet what is required.
    pub(in crate::sweep) fn unmet(&self) -> u64 {
        self.unmet
    }

    /// Those that are done and have no Sharpe ratio.
    pub(in crate::sweep) fn without_sharpe(&self) -> u64 {
        self.ran - self.failed - self.sharpes.count()
    }

    /// The sample variance of the Sharpe ratios, a year; none of fewer than two.
    pub(in crate::sweep) fn variance(&self) -> Option<f64> {
        self.sharpes.variance()
    }

    /// The first failures in grid order.
    pub(in crate::sweep) fn failures(&self) -> &[(usize, Error)] {
        &self.failures
    }

    /// The best trials with the index of their point, in grid order.
    pub(in crate::sweep) fn best(&self) -> Vec<(usize, Metrics)> {
        self.best.in_order()
    }

    /// Whether trials that could be ranked were left out.
    pub(in crate::sweep) fn is_full(&self) -> bool {
        self.best.worst().is_some()
    }

    /// The sample, in grid order; all that are done where they are not more than [`MOST_DRAWN`].
    pub(in crate::sweep) fn drawn(&self) -> Vec<&Drawn> {
        self.drawn.in_order()
    }

    /// The points of a smaller sample, in grid order.
    pub(in crate::sweep) fn drawn_points(&self, count: usize) -> Vec<usize> {
        self.drawn.fewer(count)
    }

    /// How the values of a metric are spread.
    pub(in crate::sweep) fn sketch(&self, metric: Metric) -> &Sketch {
        self.sketches.of(metric)
    }

    pub(in crate::sweep) fn cells(&self) -> &Cells {
        &self.cells
    }

    /// Writes it so that equal harvests have equal bytes, in whatever order they were made.
    pub(in crate::sweep) fn write(&self, out: &mut Writer) {
        out.number(self.ran);
        out.number(self.failed);
        out.number(self.unmet);
        self.sharpes.write(out);
        self.best.write(out);
        self.drawn.write(out);
        self.sketches.write(out);
        self.cells.write(out);
        out.len(self.failures.len());
        for (point, error) in &self.failures {
            out.len(*point);
            out.text(&error.to_string());
        }
    }

    /// # Errors
    /// `Invalid` where the bytes are not those of a harvest.
    pub(in crate::sweep) fn read(recipe: &Recipe, bytes: &mut Reader<'_>) -> Result<Self, Error> {
        let mut harvest = Self::new(recipe);
        harvest.ran = bytes.number()?;
        harvest.failed = bytes.number()?;
        harvest.unmet = bytes.number()?;
        harvest.sharpes = Moments::read(bytes)?;
        harvest.best.read(bytes)?;
        harvest.drawn.read(bytes)?;
        harvest.sketches = Sketches::read(bytes)?;
        harvest.cells = Cells::read(bytes)?;
        for _ in 0..bytes.len(16)? {
            let point = bytes.index()?;
            harvest.failures.push((point, Error::load(bytes.text()?)));
        }
        Ok(harvest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::results::overfitting::Random;
    use crate::sweep::score::Score;

    fn grid() -> Grid {
        Grid::new(vec!["a=1:40".parse().unwrap(), "b=1:50".parse().unwrap()], &[]).unwrap()
    }

    fn recipe(count: usize, grid: &Grid) -> Recipe {
        Recipe::new(Wanted { count, by: Metric::Sharpe.into(), min_trades: 2, seed: 7 }, grid)
    }

    /// Slabs of trials with few values, so that many tie; some fail.
    fn slabs(points: usize) -> Vec<(usize, Slab)> {
        let mut random = Random::new(5);
        (0..points.div_ceil(Slab::ROWS))
            .map(|at| {
                let first = at * Slab::ROWS;
                let rows = Slab::ROWS.min(points - first);
                let mut slab = Slab::new(rows);
                for row in 0..rows {
                    let value = if random.below(9) == 0 { f64::NAN } else { bars(random.below(20)) / 7.0 };
                    let score = Score::of_value(value);
                    let fails = random.below(30) == 0;
                    if fails {
                        slab.fail(row, Error::load("no luck"));
                    } else {
                        slab.put(row, &score);
                    }
                }
                slab.end(rows);
                (first, slab)
            })
            .collect()
    }

    fn bars(count: usize) -> f64 {
        crate::sweep::broker::bars_f64(count)
    }

    fn of(recipe: &Recipe, grid: &Grid, slabs: &[(usize, Slab)], bars: &Bars) -> Harvest {
        let (mut harvest, mut place, mut buckets) =
            (Harvest::new(recipe), Place::new(grid), Buckets::default());
        for (first, slab) in slabs {
            harvest.feed(recipe, bars, *first, slab, &mut place, &mut buckets);
        }
        harvest.absorb(&mut buckets);
        harvest
    }

    fn bytes(harvest: &Harvest) -> Vec<u8> {
        let mut out = Writer::default();
        harvest.write(&mut out);
        out.into_bytes()
    }

    #[test]
    fn parts_merge_into_the_whole_to_the_byte_in_any_order() {
        let grid = grid();
        let slabs = slabs(grid.len());
        for count in [0, 1, 100, 5_000] {
            let recipe = recipe(count, &grid);
            let whole = of(&recipe, &grid, &slabs, &Bars::default());
            let mut random = Random::new(3);
            for _ in 0..20 {
                let mut parts: Vec<Harvest> = Vec::new();
                let mut left = &slabs[..];
                while !left.is_empty() {
                    let (part, rest) = left.split_at(1 + random.below(left.len()));
                    parts.push(of(&recipe, &grid, part, &Bars::default()));
                    left = rest;
                }
                let mut all = Harvest::new(&recipe);
                while !parts.is_empty() {
                    all.merge(parts.swap_remove(random.below(parts.len())));
                }
                assert_eq!(bytes(&all), bytes(&whole), "the best {count}");
            }
        }
    }

    #[test]
    fn what_cannot_be_kept_any_more_is_left_out_of_later_parts_and_changes_nothing() {
        let (grid, slabs) = (grid(), slabs(2_000));
        let recipe = recipe(50, &grid);
        let mut all = of(&recipe, &grid, &slabs[..9], &Bars::default());
        let later = of(&recipe, &grid, &slabs[9..], &all.bars());
        all.merge(later);
        assert_eq!(bytes(&all), bytes(&of(&recipe, &grid, &slabs, &Bars::default())));
    }

    #[test]
    fn the_best_are_those_of_a_sort_with_equals_in_grid_order() {
        let (grid, slabs) = (grid(), slabs(2_000));
        let found = of(&recipe(100, &grid), &grid, &slabs, &Bars::default());
        let value = |row: usize, slab: &Slab| slab.metric(Metric::Sharpe)[row];
        let mut all: Vec<(usize, f64)> = Vec::new();
        for (first, slab) in &slabs {
            let failed = |row: usize| slab.failures().iter().any(|(failed, _)| *failed == row);
            all.extend(
                (0..slab.rows()).filter(|row| !failed(*row)).map(|row| (first + row, value(row, slab))),
            );
        }
        all.sort_by(|a, b| {
            (a.1.is_nan(), 0.0 - a.1).partial_cmp(&(b.1.is_nan(), 0.0 - b.1)).unwrap_or(a.0.cmp(&b.0))
        });
        let mut expected: Vec<usize> = all[..100].iter().map(|(point, _)| *point).collect();
        expected.sort_unstable();
        assert_eq!(found.best().iter().map(|(point, _)| *point).collect::<Vec<_>>(), expected);
        assert_eq!(found.ran(), 2_000);
    }

    #[test]
    fn what_is_written_reads_back_and_what_is_cut_is_refused() {
        let (grid, slabs) = (grid(), slabs(700));
        let recipe = recipe(30, &grid);
        let written = bytes(&of(&recipe, &grid, &slabs, &Bars::default()));
        let read = Harvest::read(&recipe, &mut Reader::new(&written)).unwrap();
        assert_eq!(bytes(&read), written);
        for end in 0..written.len() {
            assert!(Harvest::read(&recipe, &mut Reader::new(&written[..end])).is_err(), "{end} bytes");
        }
    }
}
