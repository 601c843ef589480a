//! The runner: every trial of a sweep on rayon, in an order that no thread count changes.

#![forbid(unsafe_code)]

mod backtest;
mod benchmark;
mod memory;
mod panics;
mod player;
mod simulate;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use rayon::ThreadPoolBuilder;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

pub use backtest::Backtest;

pub(super) use player::{Player, Stage};
pub(super) use simulate::Typed;

use benchmark::BuyAndHold;

use super::Sweep;
use super::asset_market::AssetMarket;
use super::grid::{Grid, Place};
use super::results::{AssetSummary, Outcome, Outcomes, Results};
use super::settings::Settings;
use crate::asset::AssetId;
use crate::error::Error;
use crate::portal::{PortalReader, Snapshot};

/// How many trials of a sweep are over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Trials that are done or failed.
    pub done: usize,
    /// All trials of the sweep.
    pub total: usize,
}

/// Trials between two reports of a thread: rare enough that threads do not meet at the counter.
const REPORT_EVERY: usize = 64;

/// What all workers of one sweep share.
pub(super) struct Job<'a> {
    pub(super) snapshot: Snapshot,
    pub(super) settings: Settings,
    pub(super) assets: Vec<AssetId>,
    pub(super) grid: Grid,
    pub(super) threads: Option<usize>,
    pub(super) stop: Option<&'a AtomicBool>,
    pub(super) progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

impl Job<'_> {
    pub(super) fn run<P: Player>(self, player: &P) -> Result<Results, Error> {
        let started = Instant::now();
        let (assets, points) = (self.assets.len(), self.grid.len());
        let total = memory::checked_trials(assets, points)?;
        let asked = self.threads.filter(|threads| *threads > Sweep::thread_limit());
        let threads = self.threads.map_or(0, |threads| threads.min(Sweep::thread_limit()));
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| Error::invalid("threads", format!("{threads} could not be started: {error}")))?;
        let done = AtomicUsize::new(0);
        let (chunks, summaries) = pool.install(|| {
            let worker = || Worker::new(&self, player, &done, total);
            let chunks = (0..assets * Outcomes::chunks_of(points)).into_par_iter();
            let chunks = chunks.map_init(worker, Worker::chunk).collect();
            let assets = (0..assets).into_par_iter();
            let summaries = assets.map_init(worker, Worker::summary).collect();
            (chunks, summaries)
        });
        let bundle = self.snapshot.bundle();
        Ok(Results {
            strategy: player.name(),
            settings: self.settings,
            version: bundle.version().to_owned(),
            assets: self.assets.iter().map(|asset| bundle.symbols()[asset.index()].clone()).collect(),
            summaries,
            outcomes: Outcomes::new(points, chunks),
            threads_asked: asked,
            threads: pool.current_num_threads(),
            elapsed: started.elapsed(),
            grid: self.grid,
        })
    }
}

/// One thread's share of a job: a reader, the asset that it is at, its place in the grid, and what its player keeps.
struct Worker<'a, P: Player> {
    job: &'a Job<'a>,
    player: &'a P,
    scratch: P::Scratch,
    reader: PortalReader,
    market: Option<(usize, Result<Box<AssetMarket>, Error>)>,
    place: Place<'a>,
    done: &'a AtomicUsize,
    total: usize,
    unreported: usize,
}

impl<'a, P: Player> Worker<'a, P> {
    fn new(job: &'a Job<'a>, player: &'a P, done: &'a AtomicUsize, total: usize) -> Self {
        let (reader, place) = (job.snapshot.reader(), Place::new(&job.grid));
        let scratch = P::Scratch::default();
        Self { job, player, scratch, reader, market: None, place, done, total, unreported: 0 }
    }

    /// Runs the trials of a chunk, all or those before the sweep is stopped.
    fn chunk(&mut self, chunk: usize) -> Vec<Outcome> {
        let (asset, points) = Outcomes::place(self.job.grid.len(), chunk);
        let mut outcomes = Vec::new();
        for point in points.clone() {
            // ORDERING: Relaxed, the flag guards no data: a trial more or less makes no difference.
            if self.job.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                outcomes.shrink_to_fit();
                break;
            }
            outcomes.reserve_exact(points.end - point);
            outcomes.push(self.trial(asset, point));
        }
        outcomes
    }

    fn trial(&mut self, asset: usize, point: usize) -> Outcome {
        let (job, player) = (self.job, self.player);
        let point = self.place.point(point);
        let (reader, market, scratch) = self.enter(asset);
        let outcome = market.and_then(|market| {
            let stage = Stage { reader, market, settings: &job.settings };
            panics::catch(|| player.trial(scratch, &stage, &point, None))
        });
        self.unreported += 1;
        if self.unreported == REPORT_EVERY {
            self.report();
        }
        outcome.map_or_else(Outcome::Failed, Outcome::Done)
    }

    fn summary(&mut self, asset: usize) -> Result<AssetSummary, Error> {
        let job = self.job;
        let (reader, market, _) = self.enter(asset);
        summary(&Stage { reader, market: market?, settings: &job.settings })
    }

    /// Ends the loans of the trial before, and prepares the asset where it is another one.
    fn enter(&mut self, asset: usize) -> (&PortalReader, Result<&AssetMarket, Error>, &mut P::Scratch) {
        self.reader.refresh();
        let market = match self.market.take() {
            Some((at, market)) if at == asset => market,
            _ => {
                let job = self.job;
                let load = || AssetMarket::load(&self.reader, job.assets[asset], &job.settings);
                panics::catch(load).map(Box::new)
            }
        };
        let (_, market) = self.market.insert((asset, market));
        (&self.reader, market.as_deref().map_err(|error| error.clone()), &mut self.scratch)
    }

    fn report(&mut self) {
        let new = std::mem::take(&mut self.unreported);
        // ORDERING: Relaxed, a count for people to read: it guards no data.
        let done = self.done.fetch_add(new, Ordering::Relaxed) + new;
        if let (Some(progress), 1..) = (self.job.progress, new) {
            progress(Progress { done, total: self.total });
        }
    }
}

impl<P: Player> Drop for Worker<'_, P> {
    fn drop(&mut self) {
        self.report();
    }
}

/// What all trials on an asset share, and what buying and holding it would have made.
fn summary(stage: &Stage<'_>) -> Result<AssetSummary, Error> {
    let alone = Grid::new(Vec::new(), &[])?;
    let market = stage.market;
    Ok(AssetSummary {
        symbol: market.symbol.clone(),
        bars: market.frame.bars,
        first: market.timestamp(market.first),
        last: market.timestamp(market.last),
        periods_per_year: market.frame.periods_per_year,
        buy_and_hold: simulate::run::<BuyAndHold>(stage, &alone.point(0), None)?,
    })
}
