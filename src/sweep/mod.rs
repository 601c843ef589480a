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
mod merit;
mod metrics;
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
pub use strategy::{Bar, IndicatorId, Period, Setup, Strategy};
pub use validation::{
    AssetPaths, AssetWalk, BarSpan, Choice, Combinatorial, CombinatorialResults, CrossPath, Distribution,
    Fold, FoldBars, Split, Stability, WalkForward, WalkForwardResults,
};

pub use crate::compare::{above, below};
pub use crate::parameter::Parameter;

use rules::Compiled;
use run::{Job, Obedient, Planned, Player, Typed};

use crate::asset::{AssetId, Symbol};
use crate::error::Error;
use crate::portal::{DataPortal, Snapshot};

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

    /// Runs every trial and returns a row for each, in grid order, bit-identical for any number of threads.
    ///
    /// A trial that fails or panics is a row with its reason. Not to be called from inside a rayon pool's task that holds
    /// a reader.
    ///
    /// # Errors
    /// `BadParameter` as for [`Sweep::grid`] and for settings out of range; `UnknownAsset`; `Invalid` where the results
    /// would not fit into memory.
    pub fn run<S: Strategy>(&self, portal: &DataPortal) -> Result<Results, Error> {
        self.run_watched::<S>(portal, Watch::default())
    }

    /// Runs as [`Sweep::run`] does, and can be watched and stopped meanwhile.
    ///
    /// # Errors
    /// As [`Sweep::run`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// use std::sync::atomic::AtomicBool;
    /// let stop = AtomicBool::new(true); // before its first trial
    /// let watch = Watch { stop: Some(&stop), ..Watch::default() };
    /// let results = Sweep::new().parameter("fast=5".parse()?).filter("slow == 50").run_watched::<SmaCross>(&portal, watch);
    /// assert!(results.is_err(), "it was stopped while its grid was counted");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn run_watched<S: Strategy>(&self, portal: &DataPortal, watch: Watch<'_>) -> Result<Results, Error> {
        self.run_course::<S>(portal, watch.into())
    }

    /// Runs as [`Sweep::run_watched`] does, and hands over every result as it comes: to memory that is bounded by
    /// [`Sweep::keep`], any number of trials.
    ///
    /// # Errors
    /// As [`Sweep::run`], and whatever the observer fails with.
    pub fn run_observed<S: Strategy>(
        &self,
        portal: &DataPortal,
        watch: Watch<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Results, Error> {
        self.run_course::<S>(portal, Course { observer: Some(observer), ..watch.into() })
    }

    /// Runs as [`Sweep::run`] does, on a course of its own: observed, written to a journal, or a part of it.
    ///
    /// # Errors
    /// As [`Sweep::run`]; what the observer fails with; `Invalid`, `Corrupt` or `Io` from the journal; `BadParameter` for a
    /// shard that cannot be.
    pub fn run_course<S: Strategy>(&self, portal: &DataPortal, course: Course<'_>) -> Result<Results, Error> {
        self.settings.check()?;
        let snapshot = portal.snapshot();
        let assets = self.asset_ids(&snapshot)?;
        let grid = self.counted_grid(S::parameters()?, S::CONSTRAINT, course.watch.stop)?;
        self.play(&Typed::<S>::new(), grid, snapshot, assets, course)
    }

    /// Runs rules at every point of their grid, as [`Sweep::run`] does a strategy's type.
    ///
    /// A part of a rule that other trials can ask for again is computed once for the whole sweep, by whoever asks first,
    /// and lent to all trials by the portal's cache.
    ///
    /// # Errors
    /// `Expression` where a rule cannot be read or means nothing; `BadParameter` where parts do not go together, a
    /// parameter is used by no rule, a number makes no sense at some point of the grid, or the rules look back further than
    /// every series; as [`Sweep::run`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let rules = RuleSet::new("cross")
    ///     .rule(Part::Buy, "crossover(sma(close, fast), sma(close, slow))")
    ///     .rule(Part::Sell, "crossunder(sma(close, fast), sma(close, slow))")
    ///     .parameter("fast=5:9".parse()?)
    ///     .parameter("slow=20,50".parse()?);
    /// let results = Sweep::new().asset("IBM").run_rules(&rules, &portal)?;
    /// let built_in = Sweep::new().asset("IBM").parameter("fast=5:9".parse()?).parameter("slow=20,50".parse()?);
    /// let built_in = built_in.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.trial(3).outcome.metrics(), built_in.trial(3).outcome.metrics()); // to the last bit
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn run_rules(&self, rules: &RuleSet, portal: &DataPortal) -> Result<Results, Error> {
        self.run_rules_watched(rules, portal, Watch::default())
    }

    /// Runs as [`Sweep::run_rules`] does, and can be watched and stopped meanwhile.
    ///
    /// # Errors
    /// As [`Sweep::run_rules`].
    pub fn run_rules_watched(
        &self,
        rules: &RuleSet,
        portal: &DataPortal,
        watch: Watch<'_>,
    ) -> Result<Results, Error> {
        self.run_rules_course(rules, portal, watch.into())
    }

    /// Runs rules as [`Sweep::run_observed`] does a strategy's type.
    ///
    /// # Errors
    /// As [`Sweep::run_rules`], and whatever the observer fails with.
    pub fn run_rules_observed(
        &self,
        rules: &RuleSet,
        portal: &DataPortal,
        watch: Watch<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Results, Error> {
        self.run_rules_course(rules, portal, Course { observer: Some(observer), ..watch.into() })
    }

    /// Runs rules as [`Sweep::run_course`] does a strategy's type.
    ///
    /// # Errors
    /// As [`Sweep::run_rules`] and [`Sweep::run_course`].
    pub fn run_rules_course(
        &self,
        rules: &RuleSet,
        portal: &DataPortal,
        course: Course<'_>,
    ) -> Result<Results, Error> {
        self.settings.check()?;
        let snapshot = portal.snapshot();
        let assets = self.asset_ids(&snapshot)?;
        let (player, grid) = self.bound(rules, course.watch.stop)?;
        player.rules().check_lookback(&grid, &bars_of(&snapshot, &assets))?;
        self.play(&player, grid, snapshot, assets, course)
    }

    /// Tells what rules mean and what running them would take, without running anything.
    ///
    /// # Errors
    /// As [`Sweep::run_rules`], but for rules that look back too far: those are told.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let rules = RuleSet::new("cross")
    ///     .rule(Part::Buy, "sma(close, fast) > sma(close, slow)")
    ///     .parameter("fast=5:50".parse()?)
    ///     .parameter("slow=20:200:2".parse()?);
    /// let check = Sweep::new().asset("IBM").check_rules(&rules, &portal)?;
    /// // Averages of 5 to 50 bars and of 20, 22, … 200; 16 lengths are in both.
    /// assert_eq!((check.points, check.columns, check.warm_up), (46 * 91, 46 + 91 - 16, 199));
    /// assert_eq!(check.own, ["above(sma(close, fast), sma(close, slow))"]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn check_rules(&self, rules: &RuleSet, portal: &DataPortal) -> Result<RuleCheck, Error> {
        let snapshot = portal.snapshot();
        let assets = self.asset_ids(&snapshot)?;
        let (player, grid) = self.bound(rules, None)?;
        let capacity_bytes = portal.stats().capacity_bytes;
        Ok(player.rules().check(player.supply(), &grid, &bars_of(&snapshot, &assets), capacity_bytes))
    }

    fn play<P: Player>(
        &self,
        player: &P,
        grid: Grid,
        snapshot: Snapshot,
        assets: Vec<AssetId>,
        course: Course<'_>,
    ) -> Result<Results, Error> {
        let threads = self.threads.map(NonZeroUsize::get);
        let (settings, keep) = (self.settings, self.keep.clone());
        let Course { watch, observer, journal, shard } = course;
        Job { assets, snapshot, settings, grid, threads, keep, watch, shard }.run(player, observer, journal)
    }

    /// Runs one point on one asset, and keeps every fill and the equity of every bar.
    ///
    /// # Errors
    /// `BadParameter` where the grid has more than one point or there is more than one asset; and whatever
    /// the trial itself fails with.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let backtest = sweep.backtest::<SmaCross>(&portal)?;
    /// assert_eq!(backtest.summary().symbol.as_str(), "IBM");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn backtest<S: Strategy>(&self, portal: &DataPortal) -> Result<Backtest, Error> {
        self.settings.check()?;
        let snapshot = portal.snapshot();
        let asset = self.one_asset(&snapshot)?;
        Backtest::run(&Typed::<S>::new(), &snapshot, asset, self.settings, self.grid::<S>()?)
    }

    /// Trades a plan on one asset: signals that were worked out elsewhere, with stops and a size, or a column of weights.
    ///
    /// # Errors
    /// `BadParameter` for a plan or settings out of range, and where there is more than one asset; `Strategy` where a
    /// weight is not from -1 to 1.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Exits, Level, Metric, Positions, Reason, Signals, Sweep};
    /// use lookback::{Bundle, portal::{DataPortal, Options}};
    ///
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let buy = Signals::bits((0..1000).map(|bar| bar % 50 == 10)); // of the asset's bars, the first one first
    /// let plan = Positions {
    ///     signals: Signals { buy: Some(&buy), ..Signals::default() },
    ///     exits: Exits { stop_loss: Some(Level::Share(0.03)), max_bars: Some(20), ..Exits::default() },
    ///     ..Positions::default()
    /// };
    /// let backtest = Sweep::new().asset("IBM").backtest_plan(&portal, plan)?;
    /// assert!(backtest.fills().any(|(_, fill)| fill.reason == Reason::StopLoss));
    /// assert_eq!(backtest.metrics().get(Metric::Trades), Some(20.0));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn backtest_plan<'a>(
        &self,
        portal: &DataPortal,
        plan: impl Into<Plan<'a>>,
    ) -> Result<Backtest, Error> {
        let plan = plan.into();
        plan.check()?;
        self.settings.check()?;
        let snapshot = portal.snapshot();
        let asset = self.one_asset(&snapshot)?;
        Backtest::run(&Planned(plan), &snapshot, asset, self.settings, Grid::new(Vec::new(), &[])?)
    }

    /// Runs rules at one point on one asset, as [`Sweep::backtest`] does a strategy's type.
    ///
    /// # Errors
    /// As [`Sweep::backtest`] and [`Sweep::run_rules`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let rules = RuleSet::new("dip").rule(Part::Buy, "rsi(close, 2) < 10").rule(Part::Sell, "rsi(close, 2) > 70");
    /// let backtest = Sweep::new().asset("IBM").backtest_rules(&rules, &portal)?;
    /// assert_eq!(backtest.fills().next().map(|(_, fill)| fill.side()), Some("buy"));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn backtest_rules(&self, rules: &RuleSet, portal: &DataPortal) -> Result<Backtest, Error> {
        self.settings.check()?;
        let snapshot = portal.snapshot();
        let asset = self.one_asset(&snapshot)?;
        let (player, grid) = self.bound(rules, None)?;
        player.rules().check_lookback(&grid, &bars_of(&snapshot, &[asset]))?;
        Backtest::run(&player, &snapshot, asset, self.settings, grid)
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
