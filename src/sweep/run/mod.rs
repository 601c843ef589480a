//! The runner: every trial of a sweep on rayon, in an order that no thread count changes.

#![forbid(unsafe_code)]

mod backtest;
mod benchmark;
mod delivery;
mod honesty;
mod markets;
mod memory;
mod obey;
mod panics;
mod player;
mod simulate;
mod tile;
mod trade;
mod worker;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use rayon::{ThreadPool, ThreadPoolBuilder};

pub use backtest::Backtest;

pub(super) use benchmark::BuyAndHold;
pub(super) use honesty::judge;
pub(super) use obey::Obedient;
pub(super) use panics::catch;
pub(super) use player::{Player, Recording, Stage};
pub(super) use simulate::Typed;
pub(super) use tile::{Tile, Tiles, order as tile_order};
pub(super) use trade::Planned;

use delivery::Delivery;
use markets::Markets;
use worker::{Shared, Worker};

use super::asset_market::AssetMarket;
use super::grid::Grid;
use super::journal::{Journal, Shard};
use super::results::{AssetSummary, Intake, Keep, Observer, Results, Slab};
use super::settings::Settings;
use super::strategy::SetupMemory;
use super::{Sweep, Watch};
use crate::asset::AssetId;
use crate::error::Error;
use crate::portal::Snapshot;

/// How many trials of a sweep are over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// Trials that are done or failed.
    pub done: usize,
    /// All trials of the sweep.
    pub total: usize,
}

/// What all workers of one sweep share.
pub(super) struct Job<'a> {
    pub(super) snapshot: Snapshot,
    pub(super) settings: Settings,
    pub(super) assets: Vec<AssetId>,
    pub(super) grid: Grid,
    pub(super) threads: Option<usize>,
    pub(super) keep: Keep,
    pub(super) watch: Watch<'a>,
    pub(super) shard: Option<Shard>,
}

impl Job<'_> {
    pub(super) fn run<P: Player>(
        self,
        player: &P,
        observer: Option<&mut dyn Observer>,
        journal: Option<&mut Journal>,
    ) -> Result<Results, Error> {
        let started = Instant::now();
        let (assets, points) = (self.assets.len(), self.grid.len());
        memory::check_trials(assets, &self.grid, &self.keep)?;
        let asked = self.threads.filter(|threads| *threads > Sweep::thread_limit());
        let own = match self.watch.pool {
            Some(_) => None,
            None => Some(pool(self.threads.map_or(0, |threads| threads.min(Sweep::thread_limit())))?),
        };
        let pool = own.as_ref().or(self.watch.pool).expect("where none is lent, one is made");
        let bundle = self.snapshot.bundle();
        let symbols: Vec<_> =
            self.assets.iter().map(|asset| bundle.symbols()[asset.index()].clone()).collect();
        let observer = observer.map(|one| one as &mut dyn Observer);
        let each = Slab::count(points);
        let span = self.shard.map_or(Ok(0..assets * each), |shard| shard.span(assets, each))?;
        let mut intake = Intake::new(&self.grid, &symbols, self.keep.clone(), observer, span);
        if let Some(journal) = journal {
            intake.follow(journal)?;
        }
        let span = intake.left();
        let before = span.start * Slab::ROWS;
        let shared = Shared {
            job: &self,
            player,
            markets: Markets::new(&self.assets, points, &self.settings, &span),
            summaries: (0..assets).map(|_| OnceLock::new()).collect(),
            delivery: Delivery::new(&mut intake, span.start),
            tiles: Tiles::new(points, span.clone(), pool.current_num_threads()),
            done: AtomicUsize::new(before),
            is_over: AtomicBool::new(false),
        };
        pool.broadcast(|_| Worker::new(&shared).work());
        if self.shard.is_none() {
            self.summarise_others(&shared.summaries);
        }
        let summaries = shared.summaries.into_iter().filter_map(OnceLock::into_inner).collect();
        shared.delivery.end()?;
        let outcomes = intake.finish()?;
        Ok(Results {
            strategy: player.name(),
            settings: self.settings,
            version: bundle.version().to_owned(),
            assets: symbols,
            summaries,
            outcomes,
            threads_asked: asked,
            threads: pool.current_num_threads(),
            elapsed: started.elapsed(),
            grid: self.grid,
        })
    }
}

impl Job<'_> {
    /// What is known of assets whose first trials were run before, and are in a journal.
    fn summarise_others(&self, summaries: &[OnceLock<Result<AssetSummary, Error>>]) {
        let is_stopped = self.watch.stop.is_some_and(|stop| {
            // ORDERING: Relaxed, the flag guards no data.
            stop.load(Ordering::Relaxed)
        });
        let reader = self.snapshot.reader();
        for (asset, made) in self.assets.iter().zip(summaries) {
            if made.get().is_none() && !is_stopped {
                let of =
                    panics::catch(|| AssetMarket::load(&reader, *asset, &self.settings)).and_then(|market| {
                        summary(&Stage { reader: &reader, market: &market, settings: &self.settings })
                    });
                made.get_or_init(|| of);
            }
        }
    }
}

/// Threads of a sweep's own; 0 is one for each core.
pub(super) fn pool(threads: usize) -> Result<ThreadPool, Error> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| Error::invalid("threads", format!("{threads} could not be started: {error}")))
}

/// What all trials on an asset share, and what buying and holding it would have made.
pub(super) fn summary(stage: &Stage<'_>) -> Result<AssetSummary, Error> {
    let alone = Grid::new(Vec::new(), &[])?;
    let market = stage.market;
    Ok(AssetSummary {
        symbol: market.symbol.clone(),
        bars: market.frame.bars,
        first: market.timestamp(market.first),
        last: market.timestamp(market.last),
        periods_per_year: market.frame.periods_per_year,
        buy_and_hold: Typed::<BuyAndHold>::new()
            .trial(&mut SetupMemory::default(), stage, &alone.point(0), None)?
            .metrics,
    })
}
