//! The crew: every point of a grid on every train span, on all threads, with the tiles of a sweep.

#![forbid(unsafe_code)]

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::ThreadPool;

use crate::asset::AssetId;
use crate::error::Error;
use crate::portal::{PortalReader, Snapshot};
use crate::sweep::asset_market::AssetMarket;
use crate::sweep::grid::{Grid, Place, Point};
use crate::sweep::results::Slab;
use crate::sweep::run::{Player, Progress, Recording, Stage, Tile, Tiles, catch, pool, tile_order};
use crate::sweep::score::Score;
use crate::sweep::settings::Settings;
use crate::sweep::{Sweep, Watch};

/// Bytes that a thread borrows from the cache before it ends its loans: until then what is evicted cannot be freed.
const LENT_BYTES: usize = 1 << 20;

/// Some bars of one asset, on which every point of the grid is run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct TrainSpan {
    pub(super) asset: AssetId,
    /// The first and the last one, among the asset's own.
    pub(super) bars: RangeInclusive<usize>,
}

/// What trials leave; parts can be put together in any order.
pub(super) trait Found: Clone + Send + Sync {
    fn merge(&mut self, other: Self);
}

/// One trial that is over.
pub(super) struct Ran<'a> {
    /// The place of its span.
    pub(super) span: usize,
    /// The index of its point.
    pub(super) point: usize,
    pub(super) outcome: Result<Score, Error>,
    /// Its fills and its equity, where they were asked for.
    pub(super) record: &'a Recording,
}

/// Who runs trials, and on what.
pub(super) struct Crew<'a, P> {
    pub(super) player: &'a P,
    pub(super) snapshot: &'a Snapshot,
    pub(super) settings: &'a Settings,
    pub(super) grid: &'a Grid,
    pub(super) watch: Watch<'a>,
    /// Its own, where none was lent.
    own: Option<ThreadPool>,
}

/// A span's market while its tiles are run: loaded by who comes first, let go of by who goes last.
struct Slot {
    market: Option<Result<Arc<AssetMarket>, Error>>,
    points_left: usize,
}

/// What the threads share.
struct Shared<'a, F> {
    spans: &'a [TrainSpan],
    slots: Vec<Mutex<Slot>>,
    found: Vec<Mutex<F>>,
    tiles: Tiles,
    done: AtomicUsize,
    is_recorded: bool,
}

impl<'a, P: Player> Crew<'a, P> {
    pub(super) fn new(
        player: &'a P,
        snapshot: &'a Snapshot,
        sweep: &'a Sweep,
        grid: &'a Grid,
        watch: Watch<'a>,
    ) -> Result<Self, Error> {
        let own = match watch.pool {
            Some(_) => None,
            None => Some(pool(sweep.threads.map_or(0, |threads| threads.get().min(Sweep::thread_limit())))?),
        };
        Ok(Self { player, snapshot, settings: &sweep.settings, grid, watch, own })
    }

    fn pool(&self) -> &ThreadPool {
        self.own.as_ref().or(self.watch.pool).expect("where none is lent, one is made")
    }

    pub(super) fn threads(&self) -> usize {
        self.pool().current_num_threads()
    }

    /// Runs every point on every span, and lets `one` add each trial to what its span has found, which starts as `empty`.
    ///
    /// # Errors
    /// `Load` where the watch stopped it.
    pub(super) fn run<F: Found>(
        &self,
        spans: &[TrainSpan],
        is_recorded: bool,
        empty: &F,
        one: impl Fn(&mut F, &Ran<'_>) + Sync,
    ) -> Result<Vec<F>, Error> {
        let points = self.grid.len();
        let slot = |_| Mutex::new(Slot { market: None, points_left: points });
        let shared = Shared {
            spans,
            slots: (0..spans.len()).map(slot).collect(),
            found: spans.iter().map(|_| Mutex::new(empty.clone())).collect(),
            tiles: Tiles::new(points, 0..spans.len() * Slab::count(points), self.threads()),
            done: AtomicUsize::new(0),
            is_recorded,
        };
        self.pool().broadcast(|_| self.work(&shared, empty, &one));
        let done = shared.done.into_inner();
        let all = spans.len() * points;
        if done < all {
            return Err(Error::load(format!("stopped: {} of {all} trials did not run", all - done)));
        }
        Ok(shared
            .found
            .into_iter()
            .map(|found| found.into_inner().unwrap_or_else(PoisonError::into_inner))
            .collect())
    }

    fn is_stopped(&self) -> bool {
        // ORDERING: Relaxed, the flag guards no data: a trial more or less makes no difference.
        self.watch.stop.is_some_and(|stop: &AtomicBool| stop.load(Ordering::Relaxed))
    }

    /// One thread's share: tiles until none is left.
    fn work<F: Found>(&self, shared: &Shared<'_, F>, empty: &F, one: &(impl Fn(&mut F, &Ran<'_>) + Sync)) {
        let mut reader = self.snapshot.reader();
        let (mut scratch, mut place) = (P::Scratch::default(), Place::new(self.grid));
        let mut record = Recording::default();
        loop {
            let Some(tile) = shared.tiles.next() else { return };
            reader.refresh();
            let market = self.enter(shared, tile.asset, &reader);
            let mut found = empty.clone();
            let points: Vec<Point<'_>> = tile.points.clone().map(|point| place.point(point)).collect();
            let bars = market.as_ref().map_or(0, |market| market.last + 1);
            let mut lent_bytes = 0;
            for at in tile_order(&points) {
                if self.is_stopped() {
                    return;
                }
                lent_bytes += 4 * size_of::<f64>() * bars;
                if lent_bytes > LENT_BYTES {
                    lent_bytes = 0;
                    reader.refresh();
                }
                record.clear();
                let outcome = market.as_deref().map_err(Clone::clone).and_then(|market| {
                    let stage = Stage { reader: &reader, market, settings: self.settings };
                    let record = shared.is_recorded.then_some(&mut record);
                    catch(|| self.player.trial(&mut scratch, &stage, &points[at], record))
                });
                let point = tile.points.start + at;
                one(&mut found, &Ran { span: tile.asset, point, outcome, record: &record });
            }
            self.leave(shared, &tile, found);
        }
    }

    /// The market of a span. Who comes while it is being loaded waits: loading takes as long for both.
    fn enter<F>(
        &self,
        shared: &Shared<'_, F>,
        span: usize,
        reader: &PortalReader,
    ) -> Result<Arc<AssetMarket>, Error> {
        let mut slot = shared.slots[span].lock().unwrap_or_else(PoisonError::into_inner);
        let TrainSpan { asset, bars } = &shared.spans[span];
        let load =
            || catch(|| AssetMarket::load_bars(reader, *asset, self.settings, bars.clone())).map(Arc::new);
        slot.market.get_or_insert_with(load).clone()
    }

    /// Hands over what a tile has found; the last one of a span lets go of its market.
    fn leave<F: Found>(&self, shared: &Shared<'_, F>, tile: &Tile, found: F) {
        shared.found[tile.asset].lock().unwrap_or_else(PoisonError::into_inner).merge(found);
        let mut slot = shared.slots[tile.asset].lock().unwrap_or_else(PoisonError::into_inner);
        slot.points_left -= tile.points.len();
        if slot.points_left == 0 {
            slot.market = None;
        }
        drop(slot);
        // ORDERING: Relaxed, a count; who reads it at the end has joined the threads.
        let done = shared.done.fetch_add(tile.points.len(), Ordering::Relaxed) + tile.points.len();
        if let Some(progress) = self.watch.progress {
            progress(Progress { done, total: shared.spans.len() * self.grid.len() });
        }
    }
}
