//! What a sweep is asked to do: to run, with whoever looks on, to check rules, or to backtest one point.

#![forbid(unsafe_code)]

use std::num::NonZeroUsize;

use super::broker::Plan;
use super::course::Course;
use super::grid::{Grid, Point};
use super::results::{Observer, Results};
use super::rules::{RuleCheck, RuleSet};
use super::run::{Backtest, BuyAndHold, Job, Planned, Player, Typed};
use super::strategy::Strategy;
use super::{Sweep, Watch, bars_of};
use crate::asset::{AssetId, Symbol};
use crate::error::Error;
use crate::parameter::Parameter;
use crate::portal::{DataPortal, Snapshot};

impl Sweep {
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

    pub(super) fn play<P: Player>(
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

    /// Buys everything at the first bar of the run and holds, with this sweep's asset, fills and costs: what every trial is
    /// measured against, bar by bar.
    ///
    /// # Errors
    /// As [`Sweep::backtest`], but for parameters: it has none.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let (backtest, hold) = (sweep.backtest::<SmaCross>(&portal)?, sweep.buy_and_hold(&portal)?);
    /// assert_eq!(hold.metrics().to_bits(), backtest.summary().buy_and_hold.to_bits());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn buy_and_hold(&self, portal: &DataPortal) -> Result<Backtest, Error> {
        let own = Self { assets: self.assets.clone(), settings: self.settings, ..Self::default() };
        own.backtest::<BuyAndHold>(portal)
    }

    /// The same sweep of one point of one asset alone, such as the best of its results.
    ///
    /// # Errors
    /// `BadParameter` where a value is none that a parameter can have.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let sweep = Sweep::new().parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let best = results.ranking(0, Metric::Sharpe, 1)[0];
    /// let backtest = sweep.only(best.trial.asset, best.trial.point)?.backtest::<SmaCross>(&portal)?;
    /// assert_eq!(backtest.metrics().to_bits(), best.metrics.to_bits());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn only(&self, asset: &Symbol, point: Point<'_>) -> Result<Self, Error> {
        let parameters = point.told().map(|(name, value)| Parameter::new(name, &value.to_string()));
        Ok(Self {
            parameters: parameters.collect::<Result<_, _>>()?,
            assets: vec![asset.as_str().to_owned()],
            settings: self.settings,
            threads: self.threads,
            ..Self::default()
        })
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
}
