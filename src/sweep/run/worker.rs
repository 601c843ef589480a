//! One thread's share of a sweep.

#![forbid(unsafe_code)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::delivery::Delivery;
use super::markets::{Market, Markets};
use super::tile::{self, Tile, Tiles};
use super::{Job, Player, Progress, Stage, panics, summary};
use crate::error::Error;
use crate::portal::PortalReader;
use crate::sweep::grid::{Place, Point};
use crate::sweep::results::{AssetSummary, Slab};
use crate::sweep::score::Score;

/// Trials between two reports of a thread: rare enough that threads do not meet at the counter.
const REPORT_EVERY: usize = 64;

/// Bytes that a worker borrows from the cache before it ends its loans: until then what is evicted cannot be freed.
const LENT_BYTES: usize = 1 << 20;

/// What the workers of a sweep share.
pub(super) struct Shared<'a, P> {
    pub(super) job: &'a Job<'a>,
    pub(super) player: &'a P,
    pub(super) markets: Markets<'a>,
    pub(super) summaries: Vec<OnceLock<Result<AssetSummary, Error>>>,
    pub(super) delivery: Delivery<'a>,
    pub(super) tiles: Tiles,
    pub(super) done: AtomicUsize,
    /// Whether the sink has failed: then nothing more is run.
    pub(super) is_over: AtomicBool,
}

/// One thread's share of a job: a reader, its place in the grid, and what its player keeps.
pub(super) struct Worker<'s, 'a, P: Player> {
    shared: &'s Shared<'a, P>,
    scratch: P::Scratch,
    reader: PortalReader,
    place: Place<'a>,
    lent_bytes: usize,
    unreported: usize,
}

impl<'s, 'a, P: Player> Worker<'s, 'a, P> {
    pub(super) fn new(shared: &'s Shared<'a, P>) -> Self {
        let (reader, place) = (shared.job.snapshot.reader(), Place::new(&shared.job.grid));
        Self { shared, scratch: P::Scratch::default(), reader, place, lent_bytes: 0, unreported: 0 }
    }

    /// Runs tiles until none is left. They are begun in order, so that they end nearly so.
    pub(super) fn work(&mut self) {
        while let Some(tile) = self.shared.tiles.next() {
            if !self.tile(&tile) {
                return;
            }
        }
    }

    /// Runs the trials of a tile, all or those before the sweep is stopped; false where nobody takes results any more.
    fn tile(&mut self, tile: &Tile) -> bool {
        let (shared, asset) = (self.shared, tile.asset);
        self.reader.refresh();
        let market = shared.markets.enter(asset, &self.reader);
        if tile.is_first {
            let stage = |market| Stage { reader: &self.reader, market, settings: &shared.job.settings };
            let made = market.as_deref().map_err(Clone::clone).and_then(|market| summary(&stage(market)));
            shared.summaries[asset].get_or_init(|| made);
        }
        let slabs = self.trials(tile, &market);
        shared.markets.leave(asset, slabs.len());
        let is_taken =
            tile.slabs.clone().zip(slabs).all(|(place, slab)| shared.delivery.hand_over(place, slab));
        if !is_taken {
            // ORDERING: Relaxed, as for the flag that stops; why it failed is behind the delivery's lock.
            shared.is_over.store(true, Ordering::Relaxed);
        }
        is_taken
    }

    fn trials(&mut self, tile: &Tile, market: &Market) -> Vec<Slab> {
        let shared = self.shared;
        if self.is_stopped() {
            return tile.slabs.clone().map(|slab| Slab::of_place(shared.job.grid.len(), slab)).collect();
        }
        let points: Vec<Point<'_>> = tile.points.clone().map(|point| self.place.point(point)).collect();
        let mut slabs: Vec<Slab> = points.chunks(Slab::ROWS).map(|points| Slab::new(points.len())).collect();
        let mut is_done = vec![false; points.len()];
        for point in tile::order(&points) {
            if self.is_stopped() {
                break;
            }
            let (slab, row) = (&mut slabs[point / Slab::ROWS], point % Slab::ROWS);
            if let Err(error) = self.trial(market, &points[point], |score| slab.put(row, score)) {
                slab.fail(row, error);
            }
            is_done[point] = true;
        }
        // Of a tile that was stopped, what stands behind a gap is forgotten: some milliseconds of work.
        for (slab, is_done) in slabs.iter_mut().zip(is_done.chunks(Slab::ROWS)) {
            slab.end(is_done.iter().take_while(|done| **done).count());
        }
        slabs
    }

    fn is_stopped(&self) -> bool {
        // ORDERING: Relaxed, the flags guard no data: a trial more or less makes no difference.
        let is_set = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        self.shared.job.watch.stop.is_some_and(is_set) || is_set(&self.shared.is_over)
    }

    /// Runs a trial, and hands over its score from where it is made: a row is too long to be returned through many hands.
    fn trial(&mut self, market: &Market, point: &Point<'_>, put: impl FnOnce(&Score)) -> Result<(), Error> {
        let shared = self.shared;
        let market = market.as_deref().map_err(Clone::clone);
        // A trial is lent some columns, each of all the asset's bars; how many is not known, and need not be.
        self.lent_bytes += market.as_ref().map_or(0, |market| 4 * size_of::<f64>() * (market.last + 1));
        if self.lent_bytes > LENT_BYTES {
            self.lent_bytes = 0;
            self.reader.refresh();
        }
        let outcome = market.and_then(|market| {
            let stage = Stage { reader: &self.reader, market, settings: &shared.job.settings };
            let mut run = || shared.player.trial(&mut self.scratch, &stage, point, None);
            panics::catch(|| run().map(|score| put(&score)))
        });
        self.unreported += 1;
        if self.unreported == REPORT_EVERY {
            self.report();
        }
        outcome
    }

    fn report(&mut self) {
        let new = std::mem::take(&mut self.unreported);
        // ORDERING: Relaxed, a count for people to read: it guards no data.
        let done = self.shared.done.fetch_add(new, Ordering::Relaxed) + new;
        if let (Some(progress), 1..) = (self.shared.job.watch.progress, new) {
            progress(Progress { done, total: self.shared.job.assets.len() * self.shared.job.grid.len() });
        }
    }
}

impl<P: Player> Drop for Worker<'_, '_, P> {
    fn drop(&mut self) {
        self.report();
    }
}
