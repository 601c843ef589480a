//! What combinatorial cross-validation leaves: its splits, and the paths that their tested groups make.

#![forbid(unsafe_code)]

use std::time::Duration;

use super::combinatorial::Combinatorial;
use super::walk::BarSpan;
use crate::asset::Symbol;
use crate::error::Error;
use crate::sweep::broker::bars_f64;
use crate::sweep::grid::{Grid, Point};
use crate::sweep::merit::Merit;
use crate::sweep::metrics::Metrics;
use crate::sweep::settings::Settings;
use crate::time::Timestamp;

/// One split: the groups that are tested, and what was chosen on the others.
#[derive(Clone, Debug)]
pub struct Split {
    /// The tested groups, by their places.
    pub test: Vec<usize>,
    /// Bars that were trained on.
    pub train_bars: usize,
    /// The index of the chosen point in the grid; `None` where nothing passed, and the split stays in cash.
    pub point: Option<usize>,
    /// The chosen point's metrics over the bars that were trained on, joined. Not all metrics are defined there.
    pub in_sample: Option<Metrics>,
    /// Points that could have been chosen.
    pub eligible: usize,
}

/// One path over the whole run: each group as traded by a split that tested it.
#[derive(Clone, Debug)]
pub struct CrossPath {
    /// For each group the place of its split.
    pub splits: Vec<usize>,
    /// Metrics of an account that trades it.
    pub out_of_sample: Metrics,
    /// Its equity at the close of each bar of the run, in quote currency.
    pub equity: Vec<f64>,
}

/// Combinatorial cross-validation of one asset.
#[derive(Clone, Debug)]
pub struct AssetPaths {
    /// The asset.
    pub symbol: Symbol,
    /// Bars in a year, as annual figures count them.
    pub periods_per_year: f64,
    /// The groups.
    pub groups: Vec<BarSpan>,
    /// The splits, in lexicographic order of their tested groups.
    pub splits: Vec<Split>,
    /// The paths.
    pub paths: Vec<CrossPath>,
    /// What buying at the first bar and holding would have made.
    pub buy_and_hold: Metrics,
    /// The moment of each bar of the run.
    pub moments: Vec<Timestamp>,
    /// Points that failed.
    pub failed: usize,
    /// The first of them in grid order, and why.
    pub first_failure: Option<(usize, Error)>,
}

/// How a metric is distributed over paths.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Distribution {
    /// Paths on which it is defined.
    pub paths: usize,
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation; `None` for a single path.
    pub deviation: Option<f64>,
    /// The lowest value, the three quartiles, and the highest value. Quartiles between two values are interpolated.
    pub quantiles: [f64; 5],
    /// The share of paths below 0.
    pub below_zero: f64,
}

impl Distribution {
    /// Of some values, none of which is NaN; `None` of none.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Distribution;
    /// let found = Distribution::of(&[2.0, -1.0, 0.0, 1.0, 3.0]).unwrap();
    /// assert_eq!((found.quantiles, found.mean, found.below_zero), ([-1.0, 0.0, 1.0, 2.0, 3.0], 1.0, 0.2));
    /// assert_eq!(found.deviation, Some(2.5_f64.sqrt()));
    /// ```
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (paths, count) = (sorted.len(), bars_f64(sorted.len()));
        let last = paths.checked_sub(1)?;
        let mean = sorted.iter().sum::<f64>() / count;
        let squares: f64 = sorted.iter().map(|one| (one - mean) * (one - mean)).sum();
        let quantile = |quarter: usize| {
            let (at, rest) = (last * quarter / 4, bars_f64(last * quarter % 4) / 4.0);
            let next = sorted[last.min(at + 1)];
            sorted[at] + rest * (next - sorted[at])
        };
        Some(Self {
            paths,
            mean,
            deviation: (paths > 1).then(|| (squares / (count - 1.0)).sqrt()),
            quantiles: std::array::from_fn(quantile),
            below_zero: bars_f64(sorted.iter().filter(|one| **one < 0.0).count()) / count,
        })
    }
}

impl AssetPaths {
    /// How a metric, or what ranks, is distributed over the paths; `None` where it is defined on none.
    ///
    /// # Examples
    /// See [`CombinatorialResults`].
    #[must_use]
    pub fn distribution(&self, of: impl Into<Merit>) -> Option<Distribution> {
        let of = of.into();
        let values = self.paths.iter().filter_map(|path| of.value(&path.out_of_sample));
        Distribution::of(&values.collect::<Vec<_>>())
    }

    /// How a metric of what was chosen is distributed over the splits, in sample; `None` where it is defined on none.
    #[must_use]
    pub fn in_sample(&self, of: impl Into<Merit>) -> Option<Distribution> {
        let of = of.into();
        let values = self.splits.iter().filter_map(|split| of.value(split.in_sample.as_ref()?));
        Distribution::of(&values.collect::<Vec<_>>())
    }

    /// Splits in which nothing passed, so that they stay in cash.
    #[must_use]
    pub fn in_cash(&self) -> usize {
        self.splits.iter().filter(|split| split.point.is_none()).count()
    }
}

/// Combinatorial cross-validation: each asset by itself. Made by
/// [`Sweep::cross_validate`](crate::sweep::Sweep::cross_validate).
///
/// # Examples
/// ```
/// use lookback::sweep::{Choice, Combinatorial, Metric, Sweep, Watch};
/// use lookback::{Bundle, portal::{DataPortal, Options}, strategies::SmaCross};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM").parameter("fast=5:50:5".parse()?).parameter("slow=60:200:20".parse()?);
/// let scheme: Combinatorial = "groups=6,test=2,purge=5".parse()?;
/// let results = sweep.cross_validate::<SmaCross>(&portal, scheme, Choice::default(), Watch::default())?;
/// let found = results.paths[0].as_ref().unwrap();
/// let sharpe = found.distribution(Metric::Sharpe).unwrap();
/// assert_eq!((found.splits.len(), sharpe.paths), (15, 5));
/// assert!(sharpe.mean < found.in_sample(Metric::Sharpe).unwrap().mean);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct CombinatorialResults {
    /// The strategy's name.
    pub strategy: String,
    /// How trials were run.
    pub settings: Settings,
    /// How the run was cut.
    pub scheme: Combinatorial,
    /// What chose, and what a point had to meet.
    pub rank_by: Merit,
    /// Closed round trips that a point needed to be chosen.
    pub min_trades: usize,
    /// Whether points had to pass a condition besides.
    pub is_required: bool,
    /// The points that were tried.
    pub grid: Grid,
    /// The version of the bundle.
    pub version: String,
    /// The assets, in order.
    pub assets: Vec<Symbol>,
    /// For each asset its splits and paths, or why there are none.
    pub paths: Vec<Result<AssetPaths, Error>>,
    /// Threads that ran.
    pub threads: usize,
    /// Time on the wall.
    pub elapsed: Duration,
}

impl CombinatorialResults {
    /// Trials that were run to choose from: every point on every asset, once.
    #[must_use]
    pub fn trials(&self) -> usize {
        self.paths.iter().flatten().count().saturating_mul(self.grid.len())
    }

    /// The point that a split chose.
    #[must_use]
    pub fn point(&self, split: &Split) -> Option<Point<'_>> {
        split.point.map(|point| self.grid.point(point))
    }
}
