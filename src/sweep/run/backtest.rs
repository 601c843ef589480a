//! One point in full: its metrics, its fills and its equity.

#![forbid(unsafe_code)]

use super::player::{Player, Recording, Stage};
use super::{panics, summary};
use crate::asset::AssetId;
use crate::error::Error;
use crate::portal::Snapshot;
use crate::sweep::asset_market::AssetMarket;
use crate::sweep::broker::{Counts, Fill};
use crate::sweep::grid::{Grid, Point};
use crate::sweep::metrics::Metrics;
use crate::sweep::results::AssetSummary;
use crate::sweep::settings::Settings;
use crate::time::Timestamp;

/// One trial with all that it did. Made by [`Sweep::backtest`](crate::sweep::Sweep::backtest).
#[derive(Clone, Debug)]
pub struct Backtest {
    strategy: String,
    settings: Settings,
    grid: Grid,
    version: String,
    summary: AssetSummary,
    metrics: Metrics,
    fills: Vec<Fill>,
    moments: Vec<Timestamp>,
    equity: Vec<f64>,
    first: usize,
    closed: Option<usize>,
    counts: Counts,
}

impl Backtest {
    pub(in crate::sweep) fn run<P: Player>(
        player: &P,
        snapshot: &Snapshot,
        asset: AssetId,
        settings: Settings,
        grid: Grid,
    ) -> Result<Self, Error> {
        if let Some(wide) = grid.parameters().iter().find(|one| one.count() > 1) {
            let (name, count, first) = (wide.name(), wide.count(), wide.value(0));
            let message = format!("has {count} values, a single run needs one: such as {name}={first}");
            return Err(Error::bad_parameter(wide.name(), message));
        }
        let reader = snapshot.reader();
        let market = AssetMarket::load(&reader, asset, &settings)?;
        let mut record = Recording::default();
        let stage = Stage { reader: &reader, market: &market, settings: &settings };
        let mut scratch = P::Scratch::default();
        let score = panics::catch(|| player.trial(&mut scratch, &stage, &grid.point(0), Some(&mut record)))?;
        let summary = summary(&stage)?;
        Ok(Self {
            strategy: player.name(),
            settings,
            grid,
            version: snapshot.bundle().version().to_owned(),
            summary,
            metrics: score.metrics,
            fills: record.fills,
            moments: (market.first..=market.last).map(|bar| market.timestamp(bar)).collect(),
            equity: record.equity,
            first: market.first,
            closed: record.closed,
            counts: record.counts,
        })
    }

    /// The strategy's name.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let backtest = sweep.backtest::<SmaCross>(&portal)?;
    /// assert_eq!(backtest.strategy(), "sma-cross");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn strategy(&self) -> &str {
        &self.strategy
    }

    /// How it was run.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its parameters.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let backtest = sweep.backtest::<SmaCross>(&portal)?;
    /// assert_eq!(backtest.point().usize("slow")?, 50);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn point(&self) -> Point<'_> {
        self.grid.point(0)
    }

    /// The version of the bundle that it read.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The asset, its bars, and what buying and holding it would have made.
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
    #[must_use]
    pub fn summary(&self) -> &AssetSummary {
        &self.summary
    }

    /// Its metrics: the same bits as in a sweep.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let backtest = sweep.backtest::<SmaCross>(&portal)?;
    /// let in_sweep = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(in_sweep.trial(0).outcome.metrics(), Some(backtest.metrics()));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Every fill, oldest first, with its moment.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let backtest = sweep.backtest::<SmaCross>(&portal)?;
    /// let (_, first) = backtest.fills().next().unwrap();
    /// assert_eq!((first.side(), first.weight), ("buy", 1.0));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn fills(&self) -> impl ExactSizeIterator<Item = (Timestamp, &Fill)> {
        self.fills.iter().map(|fill| (self.moments[fill.bar - self.first], fill))
    }

    /// Equity at each bar's close, in quote currency, oldest first, with its moment.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let backtest = sweep.backtest::<SmaCross>(&portal)?;
    /// assert_eq!(backtest.equity().len(), backtest.summary().bars);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn equity(&self) -> impl ExactSizeIterator<Item = (Timestamp, f64)> {
        self.moments.iter().copied().zip(self.equity.iter().copied())
    }

    /// When the account was closed because nothing was left; [`Metric::Debt`](crate::sweep::Metric::Debt) is what it owed.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let backtest = sweep.backtest::<SmaCross>(&portal)?;
    /// assert_eq!(backtest.closed_at(), None); // it is never short
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn closed_at(&self) -> Option<Timestamp> {
        self.closed.map(|bar| self.moments[bar])
    }

    /// What happened to orders beside fills: entries that were capped, bars with both entries.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let always = Signals::bits([true; 500]);
    /// let signals = Signals { buy: Some(&always), short: Some(&always), ..Signals::default() };
    /// let plan = Positions { signals, ..Positions::default() };
    /// let backtest = Sweep::new().asset("IBM").backtest_plan(&portal, plan)?;
    /// assert_eq!((backtest.counts().both_entries, backtest.fills().len()), (500, 0));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }
}
