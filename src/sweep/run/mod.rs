//! The runner: every trial of a sweep on rayon, in an order that no thread count changes.

#![forbid(unsafe_code)]

mod backtest;
mod benchmark;
mod panics;
mod simulate;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use rayon::ThreadPoolBuilder;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

pub use backtest::Backtest;

use benchmark::BuyAndHold;

use super::asset_market::AssetMarket;
use super::grid::Grid;
use super::results::{AssetSummary, Outcome, Results};
use super::settings::Settings;
use super::strategy::Strategy;
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
    pub(super) threads: usize,
    pub(super) stop: Option<&'a AtomicBool>,
    pub(super) progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

impl Job<'_> {
    pub(super) fn run<S: Strategy>(self) -> Result<Results, Error> {
        let started = Instant::now();
        let pool = ThreadPoolBuilder::new().num_threads(self.threads).build().map_err(|error| {
            Error::invalid("threads", format!("{} could not be started: {error}", self.threads))
        })?;
        let total = self.assets.len() * self.grid.len();
        let done = AtomicUsize::new(0);
        let (outcomes, summaries) = pool.install(|| {
            let trials = (0..total).into_par_iter();
            let outcomes = trials.map_init(|| Worker::new(&self, &done, total), Worker::trial::<S>).collect();
            let assets = (0..self.assets.len()).into_par_iter();
            let summaries = assets.map_init(|| Worker::new(&self, &done, total), Worker::summary).collect();
            (outcomes, summaries)
        });
        let bundle = self.snapshot.bundle();
        Ok(Results {
            strategy: S::NAME,
            settings: self.settings,
            version: bundle.version().to_owned(),
            assets: self.assets.iter().map(|asset| bundle.symbols()[asset.index()].clone()).collect(),
            summaries,
            outcomes,
            threads: pool.current_num_threads(),
            elapsed: started.elapsed(),
            grid: self.grid,
        })
    }
}

/// One thread's share of a job: a reader, and the asset that it is at.
struct Worker<'a> {
    job: &'a Job<'a>,
    reader: PortalReader,
    market: Option<(usize, Result<Box<AssetMarket>, Error>)>,
    done: &'a AtomicUsize,
    total: usize,
    unreported: usize,
}

impl<'a> Worker<'a> {
    fn new(job: &'a Job<'a>, done: &'a AtomicUsize, total: usize) -> Self {
        Self { job, reader: job.snapshot.reader(), market: None, done, total, unreported: 0 }
    }

    fn trial<S: Strategy>(&mut self, index: usize) -> Outcome {
        let job = self.job;
        // ORDERING: Relaxed, the flag guards no data: a trial more or less makes no difference.
        if job.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            return Outcome::Unfinished;
        }
        let points = job.grid.len();
        let (reader, market) = self.enter(index / points);
        let outcome = market.and_then(|market| {
            let point = job.grid.point(index % points);
            panics::catch(|| simulate::run::<S>(reader, market, &job.settings, &point, None))
        });
        self.unreported += 1;
        if self.unreported == REPORT_EVERY {
            self.report();
        }
        outcome.map_or_else(Outcome::Failed, Outcome::Done)
    }

    fn summary(&mut self, asset: usize) -> Result<AssetSummary, Error> {
        let job = self.job;
        let (reader, market) = self.enter(asset);
        summary(reader, market?, &job.settings)
    }

    /// Ends the loans of the trial before, and prepares the asset where it is another one.
    fn enter(&mut self, asset: usize) -> (&PortalReader, Result<&AssetMarket, Error>) {
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
        (&self.reader, market.as_deref().map_err(|error| error.clone()))
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

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        self.report();
    }
}

/// What all trials on an asset share, and what buying and holding it would have made.
pub(super) fn summary(
    reader: &PortalReader,
    market: &AssetMarket,
    settings: &Settings,
) -> Result<AssetSummary, Error> {
    let alone = Grid::new(Vec::new(), &[])?;
    Ok(AssetSummary {
        symbol: market.symbol.clone(),
        bars: market.frame.bars,
        first: market.timestamp(market.first),
        last: market.timestamp(market.last),
        periods_per_year: market.frame.periods_per_year,
        buy_and_hold: simulate::run::<BuyAndHold>(reader, market, settings, &alone.point(0), None)?,
    })
}
