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
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Instant;

use rayon::ThreadPoolBuilder;

pub use backtest::Backtest;

pub(super) use obey::Obedient;
pub(super) use player::{Player, Stage};
pub(super) use simulate::Typed;
pub(super) use trade::Planned;

use benchmark::BuyAndHold;
use delivery::Delivery;
use markets::Markets;
use tile::Tiles;
use worker::{Shared, Worker};

use super::Sweep;
use super::grid::Grid;
use super::results::{AssetSummary, Outcomes, Results};
use super::settings::Settings;
use super::strategy::SetupMemory;
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
    pub(super) stop: Option<&'a AtomicBool>,
    pub(super) progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

impl Job<'_> {
    pub(super) fn run<P: Player>(self, player: &P) -> Result<Results, Error> {
        let started = Instant::now();
        let (assets, points) = (self.assets.len(), self.grid.len());
        memory::check_trials(assets, points)?;
        let asked = self.threads.filter(|threads| *threads > Sweep::thread_limit());
        let threads = self.threads.map_or(0, |threads| threads.min(Sweep::thread_limit()));
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| Error::invalid("threads", format!("{threads} could not be started: {error}")))?;
        let mut outcomes = Outcomes::new(points);
        let shared = Shared {
            job: &self,
            player,
            markets: Markets::new(&self.assets, points, &self.settings),
            summaries: (0..assets).map(|_| OnceLock::new()).collect(),
            delivery: Delivery::new(&mut outcomes),
            tiles: Tiles::new(points, assets, pool.current_num_threads()),
            next: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        };
        pool.broadcast(|_| Worker::new(&shared).work());
        let summaries = shared.summaries.into_iter().filter_map(OnceLock::into_inner).collect();
        shared.delivery.end()?;
        let bundle = self.snapshot.bundle();
        Ok(Results {
            strategy: player.name(),
            settings: self.settings,
            version: bundle.version().to_owned(),
            assets: self.assets.iter().map(|asset| bundle.symbols()[asset.index()].clone()).collect(),
            summaries,
            outcomes,
            threads_asked: asked,
            threads: pool.current_num_threads(),
            elapsed: started.elapsed(),
            grid: self.grid,
        })
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
        buy_and_hold: simulate::run::<BuyAndHold>(&mut SetupMemory::default(), stage, &alone.point(0), None)?
            .metrics,
    })
}
