//! What a sweep leaves: a row for each trial, in grid order.

#![forbid(unsafe_code)]

mod arrow;
mod batch;
mod bytes;
mod harvest;
mod honesty;
mod intake;
mod json;
mod keep;
mod outcomes;
mod overfitting;
mod rank;
mod row_writer;
mod rows;
mod sink;
mod slab;
mod trial;

use std::ops::Range;
use std::time::Duration;

pub use batch::{Batch, Observer};
pub use harvest::{HeatMap, Sketch};
pub use honesty::{Honesty, HonestyOptions};
pub use keep::{Best, Keep, KeepCount};
pub use overfitting::{
    BlockSums, CrossValidation, Edition, Haircut, Neighbourhood, SharpeInterval, Spa, SpaTest, Terrain,
    TrackRecord, TrialCorrelation, TrialCount, deviation_of_maximum, expected_maximum,
};
pub use rank::Ranked;
pub use row_writer::{RowFormat, RowWriter};
pub use rows::{Rows, number_cell};
pub use trial::{AssetSummary, Outcome, Trial};

pub(super) use harvest::{Harvest, Recipe};
pub(super) use intake::Intake;
pub(super) use outcomes::Outcomes;
pub(super) use overfitting::standardised;
pub(super) use sink::Sink;
pub(super) use slab::Slab;

use super::grid::{Grid, Place};
use super::merit::Merit;
use super::metrics::Metric;
use super::score::ReturnSums;
use super::settings::Settings;
use crate::asset::Symbol;
use crate::error::Error;

/// The results of a sweep: asset by asset, each in grid order, whatever the number of threads.
///
/// They are held column by column. A trial that ran takes 432 bytes, whatever its outcome: its metrics, and what its
/// returns sum to. One that a stopped sweep never reached takes none. Of a sweep that [keeps the best](Keep::Best) alone,
/// these are its rows, and counts are of all trials.
#[derive(Clone, Debug)]
pub struct Results {
    pub(super) strategy: String,
    pub(super) settings: Settings,
    pub(super) grid: Grid,
    pub(super) version: String,
    pub(super) assets: Vec<Symbol>,
    pub(super) summaries: Vec<Result<AssetSummary, Error>>,
    pub(super) outcomes: Outcomes,
    pub(super) threads: usize,
    pub(super) threads_asked: Option<usize>,
    pub(super) elapsed: Duration,
}

impl Results {
    /// The strategy's name.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.strategy(), "sma-cross");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn strategy(&self) -> &str {
        &self.strategy
    }

    /// How trials were run.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.settings().fill, FillAt::NextOpen);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The grid of every asset.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.grid().len(), 2);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The version of the bundle that every trial read.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.version(), portal.snapshot().bundle().version());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The assets in the order of the results.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.assets()[0].as_str(), "IBM");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn assets(&self) -> &[Symbol] {
        &self.assets
    }

    /// For each asset what its trials share; an error where it could not be read or has no bar in the run, and then all
    /// its trials failed for that reason.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let summary = results.summaries()[0].as_ref().unwrap();
    /// assert!(summary.bars > 1000 && summary.buy_and_hold.get(Metric::Trades) == Some(0.0));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn summaries(&self) -> &[Result<AssetSummary, Error>] {
        &self.summaries
    }

    /// How many trials there are, failed and unfinished ones included.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.len(), results.assets().len() * results.grid().len());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.assets.len() * self.grid.len()
    }

    /// Whether there is no trial; never so for a sweep that ran.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many trials failed or panicked.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.failed(), 0);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn failed(&self) -> usize {
        self.outcomes.failed()
    }

    /// The first trial, in the order of the results, that failed or panicked; its outcome holds the reason.
    ///
    /// # Examples
    /// ```
    /// use lookback::strategies::SmaCross;
    /// use lookback::sweep::{Settings, Sweep};
    /// use lookback::{Bundle, portal::{DataPortal, Options}};
    ///
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let settings = Settings { from: Some("2030-01-01".parse()?), ..Settings::default() };
    /// let results = Sweep::new().parameter("fast=5".parse()?).settings(settings).run::<SmaCross>(&portal)?;
    /// assert_eq!(results.failed(), results.len());
    /// let reason = results.first_failure().and_then(|trial| trial.outcome.error()).map(|error| error.to_string());
    /// assert!(reason.is_some_and(|reason| reason.contains("no bar from 2030-01-01")));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn first_failure(&self) -> Option<Trial<'_>> {
        self.failures().next()
    }

    /// The first failures of each asset, in the order of the results: one at least of each where a trial failed.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let settings = Settings { from: Some("2030-01-01".parse()?), ..Settings::default() };
    /// let results = Sweep::new().parameter("fast=5".parse()?).settings(settings).run::<SmaCross>(&portal)?;
    /// assert!(results.failures().count() >= results.assets().len());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn failures(&self) -> impl Iterator<Item = Trial<'_>> {
        self.outcomes.failures().map(|(asset, point, error)| Trial {
            asset: &self.assets[asset],
            point: self.grid.point(point),
            outcome: Outcome::Failed(error),
        })
    }

    /// What ranks the trials that were kept; `None` where all were.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// assert_eq!(sweep.clone().run::<SmaCross>(&portal)?.kept(), None);
    /// let best = Best { count: 1, ..Best::default() };
    /// let results = sweep.keep(Keep::Best(best.clone())).run::<SmaCross>(&portal)?;
    /// assert_eq!((results.kept(), results.is_cut(0)), (Some(best), true));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn kept(&self) -> Option<Best> {
        self.outcomes.wanted()
    }

    /// Whether there was room for no further trial of an asset: then a place of its ranking may stand for more points than
    /// it says, and others follow the last one.
    #[must_use]
    pub fn is_cut(&self, asset: usize) -> bool {
        self.outcomes.is_cut(asset)
    }

    /// How many trials of an asset are done and do not meet what `by` [requires](Merit::require): they are not ranked, and
    /// were tried all the same.
    ///
    /// Where only the best are kept, it is of what they had to meet, whatever `by` is.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.unmet(0, Merit::from(Metric::Sharpe).require("trades > 1e6")?), 2);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn unmet(&self, asset: usize, by: impl Into<Merit>) -> usize {
        let wanted = Best { count: 0, by: by.into(), ..Best::default() };
        let (_, harvest) = self.outcomes.harvest(asset, &self.grid, wanted);
        usize::try_from(harvest.unmet()).unwrap_or(usize::MAX)
    }

    /// How the values of a metric are spread over an asset's trials, whatever their number.
    #[must_use]
    pub fn sketch(&self, asset: usize, metric: Metric) -> Sketch {
        let (_, harvest) = self.outcomes.harvest(asset, &self.grid, Best { count: 0, ..Best::default() });
        harvest.sketch(metric).clone()
    }

    /// The best of what ranks over two parameters, whatever the others are, by the asset's position.
    ///
    /// `None` where one of them is no parameter, has a single value or comes after the first five, where they are the same,
    /// and where the results keep what is best by something else.
    #[must_use]
    pub fn heat_map(&self, asset: usize, by: impl Into<Merit>, first: &str, second: &str) -> Option<HeatMap> {
        let by = by.into();
        let wanted = Best { count: 0, by: by.clone(), ..Best::default() };
        let (recipe, harvest) = self.outcomes.harvest(asset, &self.grid, wanted);
        let position = |name: &str| self.grid.parameters().iter().position(|one| one.name() == name);
        let (x, y) = (position(first)?, position(second)?);
        if !recipe.wanted.by.ranks_as(&by) {
            return None;
        }
        harvest.cells().map(&recipe.field, x, y, |key| recipe.wanted.value(key))
    }

    /// How many trials the sweep was stopped before.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.unfinished(), 0); // nobody stopped it
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.len() - self.outcomes.ran()
    }

    /// Bars of the run over all assets.
    #[must_use]
    pub fn bars(&self) -> usize {
        self.summaries.iter().flatten().map(|summary| summary.bars).sum()
    }

    /// Every trial in order, unfinished ones included.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let fast: Vec<usize> = results.trials().map(|trial| trial.point.usize("fast").unwrap()).collect();
    /// assert_eq!(fast, [20, 30]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn trials(&self) -> impl ExactSizeIterator<Item = Trial<'_>> {
        Trials::new(self, 0..self.len())
    }

    /// The trials of one asset, by its position in [`Results::assets`], unfinished ones included.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert!(results.trials_of(0).all(|trial| trial.asset.as_str() == "IBM"));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn trials_of(&self, asset: usize) -> impl ExactSizeIterator<Item = Trial<'_>> {
        let points = self.grid.len();
        Trials::new(self, asset * points..(asset + 1) * points)
    }

    /// The trials that ran, in order: of a sweep that was stopped, a few of what could be very many.
    ///
    /// # Examples
    /// ```
    /// use std::sync::atomic::AtomicBool;
    /// use lookback::strategies::SmaCross;
    /// use lookback::sweep::{Sweep, Watch};
    /// use lookback::{Bundle, portal::{DataPortal, Options}};
    ///
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let sweep = Sweep::new().asset("IBM").parameter("fast=5".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.ran().count(), results.len());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn ran(&self) -> impl Iterator<Item = Trial<'_>> {
        (0..self.assets.len()).flat_map(|asset| self.ran_of(asset))
    }

    /// The trials of one asset that ran, by its position in [`Results::assets`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.ran_of(0).count(), 2);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn ran_of(&self, asset: usize) -> impl Iterator<Item = Trial<'_>> {
        let mut place = Place::new(&self.grid);
        self.outcomes.ran_of(asset).map(move |(point, outcome)| Trial {
            asset: &self.assets[asset],
            point: place.point(point),
            outcome,
        })
    }

    /// One trial, by its place in the order of the results.
    ///
    /// # Panics
    /// Where `index` is not below [`Results::len`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.trial(1).point.usize("fast")?, 30);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn trial(&self, index: usize) -> Trial<'_> {
        let mut one = Trials::new(self, index..self.len());
        one.next().unwrap_or_else(|| panic!("trial {index} of {} trials", self.len()))
    }

    /// What the returns per bar of a trial sum to, by its place in the order of the results: r, and its second, third and
    /// fourth powers. `None` where the trial is not done, and where only the best are kept.
    ///
    /// # Panics
    /// Where `index` is not below [`Results::len`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let bars = results.summaries()[0].as_ref().unwrap().bars as f64;
    /// let record = TrackRecord::of_sums(bars, results.power_sums(0).unwrap()).unwrap();
    /// let annual = record.sharpe * 252_f64.sqrt();
    /// assert!((annual - results.trial(0).outcome.metrics().unwrap().get(Metric::Sharpe).unwrap()).abs() < 1e-9);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn power_sums(&self, index: usize) -> Option<[f64; 4]> {
        self.returns(index).map(|returns| returns.powers)
    }

    /// The sums of a trial's returns and of their squares over 16 blocks of consecutive bars, by its place in the order of
    /// the results. `None` where the trial is not done, and where only the best are kept.
    ///
    /// # Panics
    /// Where `index` is not below [`Results::len`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let (blocks, [returns, ..]) = (results.block_sums(0).unwrap(), results.power_sums(0).unwrap());
    /// assert!((blocks.returns.iter().sum::<f64>() - returns).abs() < 1e-12);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn block_sums(&self, index: usize) -> Option<BlockSums> {
        self.returns(index).map(|sums| BlockSums {
            returns: sums.blocks.map(|[returns, _]| returns),
            squares: sums.blocks.map(|[_, squares]| squares),
        })
    }

    fn returns(&self, index: usize) -> Option<ReturnSums> {
        assert!(index < self.len(), "trial {index} of {} trials", self.len());
        self.outcomes.returns(index / self.grid.len(), index % self.grid.len())
    }

    /// How many threads ran it.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// How many threads were asked for, where that was more than [`Sweep::thread_limit`](super::Sweep::thread_limit).
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?);
    /// let results = sweep.threads(100_000.try_into().unwrap()).run::<SmaCross>(&portal)?;
    /// assert_eq!((results.threads(), results.threads_asked()), (Sweep::thread_limit(), Some(100_000)));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn threads_asked(&self) -> Option<usize> {
        self.threads_asked
    }

    /// How long the trials took, from the first to the last.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

/// Trials in order, each at the point after the one before.
struct Trials<'a> {
    results: &'a Results,
    left: Range<usize>,
    place: Place<'a>,
}

impl<'a> Trials<'a> {
    fn new(results: &'a Results, left: Range<usize>) -> Self {
        Self { results, left, place: Place::new(&results.grid) }
    }
}

impl<'a> Iterator for Trials<'a> {
    type Item = Trial<'a>;

    fn next(&mut self) -> Option<Trial<'a>> {
        let index = self.left.next()?;
        let points = self.results.grid.len();
        let (asset, point) = (index / points, index % points);
        let outcome = self.results.outcomes.get(asset, point);
        Some(Trial { asset: &self.results.assets[asset], point: self.place.point(point), outcome })
    }

    fn nth(&mut self, count: usize) -> Option<Trial<'a>> {
        self.left.start = self.left.end.min(self.left.start.saturating_add(count));
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl ExactSizeIterator for Trials<'_> {}
