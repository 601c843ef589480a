//! Sweeps: one strategy over a grid of parameters, asset by asset, on every core.
//!
//! A [`Strategy`] decides at each bar's close through a [`Bar`] and sets a target weight; a [`Sweep`] runs it at every
//! point of a [`Grid`] on every asset; [`Results`] hold a row for each trial, in grid order, bit-identical for any number
//! of threads.
//!
//! # What a trial does
//! - Signals count from `from` on, warm-up comes from the bars before it, and metrics cover `from` to `to`.
//! - A target weight is one order, not a standing rebalancing. It is filled at the next bar's open, or at the same close.
//! - On total adjustment (default) the ledger runs on the series adjusted as of the run's last bar: a split is no loss and
//!   a dividend is reinvested. Prices that a strategy sees are those of its own time.
//! - A position that is open at the end is marked at the last close and counted as an open trade.
//! - A short that loses everything closes its account at 0; the trial is finished.
//! - A trial that fails or panics is a row with its reason; the others go on.

#![forbid(unsafe_code)]

mod asset_market;
mod broker;
mod course;
mod describe;
mod grid;
mod journal;
mod launch;
mod merit;
mod metrics;
mod models;
mod random;
mod results;
mod rules;
mod run;
mod score;
mod settings;
mod strategy;
mod validation;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::thread;

use rayon::ThreadPool;

pub use broker::{
    Costs, Counts, Exits, Fill, FillAt, Level, Plan, Positions, Rates, Reason, Signals, Size, Weights,
};
pub use course::Course;
pub use grid::{Grid, Point, Points, Told};
pub use journal::{Description, Journal, PartHead, Shard};
pub use merit::Merit;
pub use metrics::{Better, Metric, Metrics, Unit};
pub use results::{
    AssetSummary, Batch, Best, HeatMap, Honesty, HonestyOptions, Keep, KeepCount, Observer, Outcome, Ranked,
    Results, RowFormat, RowWriter, Rows, Sketch, Trial, number_cell,
};
pub use results::{
    BlockSums, CrossValidation, Edition, Haircut, Neighbourhood, SharpeInterval, Spa, SpaTest, Terrain,
    TrackRecord, TrialCorrelation, TrialCount, deviation_of_maximum, expected_maximum,
};
pub use rules::{AssetWarmUp, Document, Entry, Part, RuleCheck, RuleSet};
pub use run::{Backtest, Progress};
pub use settings::Settings;
pub use strategy::{Bar, Decide, IndicatorId, Model, Period, Setup, Strategy};
pub use validation::{
    AssetPaths, AssetWalk, BarSpan, Choice, Combinatorial, CombinatorialResults, CrossPath, Distribution,
    Fold, FoldBars, Split, Stability, WalkForward, WalkForwardResults,
};

pub use crate::compare::{above, below};
pub use crate::parameter::Parameter;

use rules::Compiled;
use run::Obedient;

use crate::asset::{AssetId, Symbol};
use crate::error::Error;
use crate::portal::Snapshot;

/// What to sweep: parameters, assets and settings. Nothing is read before it runs.
///
/// # Examples
/// ```
/// use lookback::strategies::SmaCross;
/// use lookback::sweep::{Metric, Sweep};
/// use lookback::{Bundle, portal::{DataPortal, Options}};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().parameter("fast=5:50:5".parse()?).parameter("slow=100,200".parse()?).asset("IBM");
/// let results = sweep.run::<SmaCross>(&portal)?;
/// let best = &results.ranking(0, Metric::Sharpe, 1)[0];
/// assert!(best.metrics.get(Metric::Sharpe) > Some(0.3));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Sweep {
    parameters: Vec<Parameter>,
    filter: String,
    assets: Vec<String>,
    settings: Settings,
    threads: Option<NonZeroUsize>,
    keep: Keep,
    search: Search,
}

/// Which points of the grid are tried, where it is not all of them.
#[derive(Clone, PartialEq, Debug, Default)]
struct Search {
    /// So many, by a seed.
    random: Option<(usize, u64)>,
    /// So many of each asset were gone round, which made this grid.
    refined: Option<(usize, Grid)>,
}

/// What looks on while a sweep runs, and whose threads run it.
///
/// # Examples
/// ```
/// use lookback::strategies::SmaCross;
/// use lookback::sweep::{Sweep, Watch};
/// use lookback::{Bundle, portal::{DataPortal, Options}};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
/// let watch = Watch { pool: Some(&pool), ..Watch::default() };
/// let results = Sweep::new().asset("IBM").run_watched::<SmaCross>(&portal, watch)?;
/// assert_eq!(results.threads(), 3);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, Default)]
pub struct Watch<'a> {
    /// Once true, no further trial starts: those that run are finished, and the rest stay [`Outcome::Unfinished`].
    pub stop: Option<&'a AtomicBool>,
    /// Called now and then, from any thread, with the trials that are over.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
    /// A pool that runs the trials on all its threads, whatever [`Sweep::threads`] says; without one, a sweep starts threads
    /// of its own. Not to be one of whose tasks this is called.
    pub pool: Option<&'a ThreadPool>,
}

impl Sweep {
    /// Every asset, the strategy's own ranges, default settings, one thread for each core.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a parameter other values than the strategy's own.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let sweep = Sweep::new().parameter("fast=10,20".parse()?).parameter("slow=50".parse()?);
    /// assert_eq!(sweep.grid::<SmaCross>()?.len(), 2);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// Keeps only the points where an expression holds, such as `fast < slow and slow - fast >= 5`.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let sweep = Sweep::new().filter("fast >= 50");
    /// assert_eq!(sweep.grid::<SmaCross>()?.constraint(), "fast < slow and fast >= 50");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn filter(self, expression: impl Into<String>) -> Self {
        Self { filter: expression.into(), ..self }
    }

    /// Adds an asset; without any, all of the bundle's are swept.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let sweep = Sweep::new().parameter("fast=5".parse()?).asset("IBM").asset("AAPL");
    /// assert!(sweep.run::<SmaCross>(&portal).is_ok_and(|results| results.assets()[0].as_str() == "IBM"));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn asset(mut self, symbol: impl Into<String>) -> Self {
        self.assets.push(symbol.into());
        self
    }

    /// Says how trials are run.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let sweep = Sweep::new().settings(Settings { cash: 0.0, ..Settings::default() });
    /// let error = sweep.run::<SmaCross>(&portal).unwrap_err();
    /// assert_eq!(error.to_string(), "cash: is 0, expected an amount above 0");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// Limits the threads; more than [`Sweep::thread_limit`] are not started. Results do not depend on it.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let sweep = Sweep::new().asset("IBM").parameter("fast=5:9".parse()?);
    /// let alone = sweep.clone().threads(1.try_into().unwrap()).run::<SmaCross>(&portal)?;
    /// let metrics = |results: &Results| results.trial(7).outcome.metrics().map(Metrics::to_bits);
    /// assert_eq!(metrics(&alone), metrics(&sweep.run::<SmaCross>(&portal)?));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn threads(self, threads: NonZeroUsize) -> Self {
        Self { threads: Some(threads), ..self }
    }

    /// The most threads that a sweep starts, whatever it is asked for: four for each core, and 64 in any case.
    ///
    /// More would only take turns. Where a sweep asked for more, [`Results::threads_asked`] says so.
    ///
    /// # Examples
    /// ```
    /// assert!(lookback::sweep::Sweep::thread_limit() >= 64);
    /// ```
    #[must_use]
    pub fn thread_limit() -> usize {
        thread::available_parallelism().map_or(1, NonZeroUsize::get).saturating_mul(4).max(64)
    }

    /// Says which results are kept in memory: a row for each trial unless it is said otherwise.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let sweep = Sweep::new().asset("IBM").keep(Keep::Best(Best { count: 1, ..Best::default() }));
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let best = &results.ranking(0, Metric::Sharpe, 0)[0];
    /// assert_eq!(results.trial(17).outcome.status(), "not kept");
    /// assert_eq!(results.sketch(0, Metric::Sharpe).count(), 3930);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn keep(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }

    /// Tries so many points of the grid, drawn at random without replacement; all of them where there are not more.
    ///
    /// The same points for the same seed: results depend on nothing else. See [`Grid::random`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let results = Sweep::new().asset("IBM").random(50, 7).run::<SmaCross>(&portal)?;
    /// assert_eq!((results.len(), results.grid().whole_len()), (50, 3930));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn random(mut self, count: usize, seed: u64) -> Self {
        self.search.random = Some((count, seed));
        self
    }

    /// Makes a sweep of the same points and of a finer grid around the best of each asset: so many places of the ranking
    /// that [`Results::ranking`] gives. See [`Grid::refine`].
    ///
    /// The sweep is then of all points, old and new, in one grid: each of them counts in what is told of luck.
    ///
    /// # Errors
    /// As [`Grid::refine`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let coarse = Sweep::new().asset("IBM").parameter("fast=5:45:20".parse()?).parameter("slow=60:180:40".parse()?);
    /// let first = coarse.run::<SmaCross>(&portal)?;
    /// let fine = coarse.refine(&first, Metric::Sharpe, 1, 2)?.run::<SmaCross>(&portal)?;
    /// assert!(fine.len() > first.len());
    /// let best = |of: &Results| of.ranking(0, Metric::Sharpe, 1)[0].metrics.get(Metric::Sharpe);
    /// assert!(best(&fine) >= best(&first));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn refine(
        &self,
        results: &Results,
        by: impl Into<Merit>,
        min_trades: usize,
        count: usize,
    ) -> Result<Self, Error> {
        let by = by.into();
        let best = |asset| {
            let ranking = results.ranking(asset, &by, min_trades);
            ranking.into_iter().take(count).map(|one| one.trial.point).collect::<Vec<_>>()
        };
        let around: Vec<Point<'_>> = (0..results.assets().len()).flat_map(best).collect();
        let mut fine = self.clone();
        fine.search.refined = Some((count, results.grid().refine(&around)?));
        Ok(fine)
    }

    /// Returns the grid that a strategy would be run over, without running anything.
    ///
    /// # Errors
    /// `BadParameter` where a parameter is not the strategy's, the filter cannot be read, or no point is left.
    ///
    /// # Examples
    /// ```
    /// use lookback::{strategies::SmaCross, sweep::Sweep};
    /// assert_eq!(Sweep::new().parameter("fast=5:9".parse()?).grid::<SmaCross>()?.len(), 5 * 91);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn grid<S: Strategy>(&self) -> Result<Grid, Error> {
        self.counted_grid(S::parameters()?, S::CONSTRAINT, None)
    }

    /// Returns the grid that rules would be run over, without running anything.
    ///
    /// # Errors
    /// As [`Sweep::run_rules`].
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Part, RuleSet, Sweep};
    /// let rules = RuleSet::new("dip").rule(Part::Buy, "rsi(close, n) < 30").parameter("n=2:3:0.5".parse()?);
    /// let error = Sweep::new().rules_grid(&rules).unwrap_err().to_string();
    /// assert!(error.contains("n is 2.5, expected a whole number"), "{error}");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn rules_grid(&self, rules: &RuleSet) -> Result<Grid, Error> {
        let (_, grid) = self.bound(rules, None)?;
        Ok(grid)
    }

    fn counted_grid(
        &self,
        own: Vec<Parameter>,
        constraint: &str,
        stop: Option<&AtomicBool>,
    ) -> Result<Grid, Error> {
        if let Some((_, grid)) = &self.search.refined {
            return Ok(grid.clone());
        }
        let grid = Grid::of_strategy(own, constraint, &self.parameters, &self.filter, stop)?;
        match self.search.random {
            Some((count, seed)) => grid.random(count, seed),
            None => Ok(grid),
        }
    }

    /// Rules with the grid that they are run over, and all that can be wrong with either found.
    fn bound(&self, rules: &RuleSet, stop: Option<&AtomicBool>) -> Result<(Obedient, Grid), Error> {
        // What a parameter chooses from must be known before names are bound.
        let is_own = |one: &&Parameter| rules.parameters().iter().any(|own| own.name() == one.name());
        let given = self.parameters.iter().filter(is_own).cloned();
        let rules = Compiled::new(&given.fold(rules.clone(), RuleSet::parameter))?;
        let grid = self.counted_grid(rules.parameters.clone(), &rules.constraint, stop)?;
        Ok((Obedient::new(rules, &grid)?, grid))
    }

    fn one_asset(&self, snapshot: &Snapshot) -> Result<AssetId, Error> {
        match self.asset_ids(snapshot)?[..] {
            [one] => Ok(one),
            ref many => {
                let message = format!("{} assets are chosen, a single run needs one", many.len());
                Err(Error::bad_parameter("asset", message))
            }
        }
    }

    /// The assets in the order given, or all of them in the bundle's.
    fn asset_ids(&self, snapshot: &Snapshot) -> Result<Vec<AssetId>, Error> {
        let bundle = snapshot.bundle();
        if self.assets.is_empty() {
            return bundle.symbols().iter().map(|symbol| bundle.asset(symbol.as_str())).collect();
        }
        for (at, name) in self.assets.iter().enumerate() {
            if self.assets[..at].contains(name) {
                return Err(Error::bad_parameter("asset", format!("{name} is given twice")));
            }
        }
        self.assets.iter().map(|name| bundle.asset(name)).collect()
    }
}

/// Assets by name, with how many bars each has.
fn bars_of(snapshot: &Snapshot, assets: &[AssetId]) -> Vec<(Symbol, usize)> {
    let bundle = snapshot.bundle();
    assets.iter().map(|asset| (bundle.symbols()[asset.index()].clone(), bundle.bars(*asset))).collect()
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut watch = f.debug_struct("Watch");
        watch.field("stop", &self.stop).field("progress", &self.progress.is_some());
        watch.field("pool", &self.pool.is_some()).finish()
    }
}
