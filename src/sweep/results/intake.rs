//! What takes the results of a sweep while it runs: it looks on, keeps what is wanted, and forgets the rest.

#![forbid(unsafe_code)]

use std::ops::Range;

use super::batch::{Batch, Observer};
use super::bytes::{Reader, Writer};
use super::harvest::{Bars, Buckets, Harvest, Recipe};
use super::keep::Keep;
use super::outcomes::Outcomes;
use super::sink::Sink;
use super::slab::Slab;
use crate::asset::Symbol;
use crate::error::Error;
use crate::sweep::grid::{Grid, Place};
use crate::sweep::journal::{Journal, Recorded};

/// Records of an asset, at most, but where rows are written too.
const RECORDS: usize = 1 << 11;

/// Points of a record, at least: some tenths of a second, against the milliseconds in which a disk makes sure of it.
const LEAST_POINTS: usize = 1 << 12;

/// Points of a record with rows, at most: 5 MB.
const MOST_ROWS: usize = 1 << 15;

/// Takes slabs in order: asset by asset, each in grid order.
pub(in crate::sweep) struct Intake<'a> {
    grid: &'a Grid,
    assets: &'a [Symbol],
    observer: Option<&'a mut dyn Observer>,
    /// The slabs that it takes, by their places among those of all assets, and the next one.
    span: Range<usize>,
    next: usize,
    kept: Kept<'a>,
    /// Slabs of an asset that are not observed yet.
    batch: Vec<Slab>,
    log: Option<Log<'a>>,
}

/// What is written to a journal as it is finished.
struct Log<'a> {
    journal: &'a mut Journal,
    /// Slabs of a record, at most.
    most: usize,
    /// What goes into the next record: of how many slabs, what is kept of them, and their rows.
    slabs: usize,
    unit: Harvest,
    rows: Writer,
    /// What would be left out of the whole's harvest, and so needs not be in a record.
    bars: Bars,
}

enum Kept<'a> {
    All(Vec<Slab>),
    Best { recipe: Recipe, harvests: Vec<Harvest>, place: Box<Place<'a>>, buckets: Box<Buckets> },
}

impl<'a> Intake<'a> {
    pub(in crate::sweep) fn new(
        grid: &'a Grid,
        assets: &'a [Symbol],
        keep: Keep,
        observer: Option<&'a mut dyn Observer>,
        span: Range<usize>,
    ) -> Self {
        let kept = match keep {
            Keep::All => Kept::All(Vec::new()),
            Keep::Best(wanted) => {
                let recipe = Recipe::new(wanted, grid);
                let harvests = vec![Harvest::new(&recipe); assets.len()];
                Kept::Best { recipe, harvests, place: Box::new(Place::new(grid)), buckets: Box::default() }
            }
        };
        Self { grid, assets, observer, next: span.start, span, kept, batch: Vec::new(), log: None }
    }

    /// The slabs that are to be run.
    pub(in crate::sweep) fn left(&self) -> Range<usize> {
        self.next..self.span.end
    }

    /// Takes what a journal holds, and writes to it what is finished from now on.
    ///
    /// # Errors
    /// `Invalid` where what it holds are not the next slabs of this run, or nothing but rows is kept.
    pub(in crate::sweep) fn follow(&mut self, journal: &'a mut Journal) -> Result<(), Error> {
        let Kept::Best { recipe, .. } = &self.kept else {
            return Err(Error::invalid(
                "journal",
                "keeps the best of each asset, expected a sweep that does so",
            ));
        };
        let recipe = recipe.clone();
        journal.read(|record| self.replay(&recipe, &record))?;
        if journal.is_written() {
            let most = (self.grid.len() / RECORDS).next_power_of_two().max(LEAST_POINTS);
            let most = if journal.has_rows() { most.min(MOST_ROWS) } else { most } / Slab::ROWS;
            let (unit, rows) = (Harvest::new(&recipe), Writer::default());
            self.log = Some(Log { journal, most, slabs: 0, unit, rows, bars: Bars::default() });
        }
        Ok(())
    }

    fn replay(&mut self, recipe: &Recipe, record: &Recorded) -> Result<(), Error> {
        let each = Slab::count(self.grid.len());
        let end = record.first.checked_add(record.slabs).filter(|end| *end <= self.span.end);
        if record.first != self.next || end.is_none() || record.slabs == 0 {
            return Err(Error::load(format!("holds slabs from {} on, expected {}", record.first, self.next)));
        }
        let mut bytes = Reader::new(&record.kept);
        let harvest = Harvest::read(recipe, &mut bytes)?;
        if let Kept::Best { harvests, .. } = &mut self.kept {
            harvests[record.first / each].merge(harvest);
        }
        if bytes.is_empty() {
            if self.observer.is_some() {
                return Err(Error::load("holds no rows, which the file of results needs"));
            }
            self.next += record.slabs;
            return Ok(());
        }
        for _ in 0..record.slabs {
            let slab = Slab::read(&mut bytes)?;
            self.gather(slab)?;
        }
        Ok(())
    }

    /// Ends it, once everything that ran was taken.
    pub(in crate::sweep) fn finish(mut self) -> Result<Outcomes, Error> {
        self.end_batch()?;
        let asset = self.next.saturating_sub(1) / Slab::count(self.grid.len());
        if let Kept::Best { recipe, harvests, buckets, .. } = &mut self.kept {
            match &mut self.log {
                Some(log) => log.end(self.next, &mut harvests[asset], recipe, buckets)?,
                None => harvests[asset].absorb(buckets),
            }
        }
        let points = self.grid.len();
        Ok(match self.kept {
            Kept::All(slabs) => Outcomes::all(points, slabs),
            Kept::Best { recipe, harvests, .. } => Outcomes::best(points, recipe, harvests),
        })
    }

    /// Takes what is kept of a slab.
    fn look(&mut self, slab: &Slab) -> Result<(), Error> {
        let (asset, points) = Slab::place(self.grid.len(), self.next);
        let is_last = points.end == self.grid.len();
        let Kept::Best { recipe, harvests, place, buckets } = &mut self.kept else { return Ok(()) };
        let whole = &mut harvests[asset];
        // A record is of slabs in a row, and of whole ones: behind a gap that a stop left, nothing is written any more.
        if !slab.is_whole()
            && let Some(mut log) = self.log.take()
        {
            log.end(self.next, whole, recipe, buckets)?;
        }
        let Some(log) = &mut self.log else {
            let bars = whole.bars();
            whole.feed(recipe, &bars, points.start, slab, place, buckets);
            if is_last {
                whole.absorb(buckets);
            }
            return Ok(());
        };
        if log.slabs == 0 {
            log.bars = whole.bars();
        }
        log.unit.feed(recipe, &log.bars, points.start, slab, place, buckets);
        if log.journal.has_rows() {
            slab.write(&mut log.rows);
        }
        log.slabs += 1;
        let is_full = (self.next + 1).is_multiple_of(log.most) || is_last;
        if is_full { log.end(self.next + 1, whole, recipe, buckets) } else { Ok(()) }
    }

    /// Puts a slab to those that are observed together.
    fn gather(&mut self, slab: Slab) -> Result<(), Error> {
        self.batch.push(slab);
        self.next += 1;
        let each = Slab::count(self.grid.len());
        let of_asset = self.next % each;
        if of_asset == 0 || of_asset.is_multiple_of(Slab::TOGETHER) { self.end_batch() } else { Ok(()) }
    }

    fn end_batch(&mut self) -> Result<(), Error> {
        let slabs = std::mem::take(&mut self.batch);
        if let (Some(observer), [_, ..]) = (&mut self.observer, &slabs[..]) {
            let each = Slab::count(self.grid.len());
            let first = self.next - slabs.len();
            let symbol = &self.assets[first / each];
            observer.observe(&Batch { grid: self.grid, symbol, slabs: &slabs, first: first % each })?;
        }
        if let Kept::All(all) = &mut self.kept {
            all.extend(slabs);
        }
        Ok(())
    }
}

impl Log<'_> {
    /// Writes a record of the slabs before one, and adds what is kept of them to the whole.
    fn end(
        &mut self,
        next: usize,
        whole: &mut Harvest,
        recipe: &Recipe,
        buckets: &mut Buckets,
    ) -> Result<(), Error> {
        if self.slabs == 0 {
            return Ok(());
        }
        let mut unit = std::mem::replace(&mut self.unit, Harvest::new(recipe));
        unit.absorb(buckets);
        let mut kept = Writer::default();
        unit.write(&mut kept);
        kept.append(&mut self.rows);
        self.journal.append(next - self.slabs, self.slabs, &kept.into_bytes())?;
        self.slabs = 0;
        whole.merge(unit);
        Ok(())
    }
}

impl Sink for Intake<'_> {
    fn take(&mut self, slab: Slab) -> Result<(), Error> {
        self.look(&slab)?;
        self.gather(slab)
    }
}
