//! What a walk forward leaves: its folds, and the account that was stitched from their test spans.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::time::Duration;

use super::stability::Stability;
use super::walk_forward::WalkForward;
use crate::asset::Symbol;
use crate::error::Error;
use crate::sweep::broker::{Fill, bars_f64};
use crate::sweep::grid::{Grid, Point};
use crate::sweep::merit::Merit;
use crate::sweep::metrics::{Metric, Metrics};
use crate::sweep::settings::Settings;
use crate::time::Timestamp;

/// Some bars of an asset in time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BarSpan {
    /// Among the asset's own bars, the first one 0.
    pub bars: Range<usize>,
    /// The moment of the first one.
    pub first: Timestamp,
    /// The moment of the last one.
    pub last: Timestamp,
}

/// One fold of one asset.
#[derive(Clone, Debug)]
pub struct Fold {
    /// What the point was chosen on.
    pub train: BarSpan,
    /// What it was traded on.
    pub test: BarSpan,
    /// The index of the chosen point in the grid; `None` where nothing passed, and the fold stays in cash.
    pub point: Option<usize>,
    /// The chosen point's metrics on the train span, as a sweep of these bars alone has them.
    pub in_sample: Option<Metrics>,
    /// The account's metrics on the test span; it begins with the equity and the position that the fold before left.
    pub out_of_sample: Metrics,
    /// Points that could have been chosen.
    pub eligible: usize,
    /// Points that failed on the train span.
    pub failed: usize,
    /// The first of them in grid order, and why.
    pub first_failure: Option<(usize, Error)>,
}

impl Fold {
    /// Annual return out of sample by that in sample; `None` where the latter is not above 0, or either is not defined.
    ///
    /// # Examples
    /// See [`WalkForwardResults`].
    #[must_use]
    pub fn efficiency(&self) -> Option<f64> {
        let inside = self.in_sample.as_ref()?.get(Metric::Cagr).filter(|cagr| *cagr > 0.0)?;
        Some(self.out_of_sample.get(Metric::Cagr)? / inside)
    }
}

/// A walk forward over one asset.
#[derive(Clone, Debug)]
pub struct AssetWalk {
    /// The asset.
    pub symbol: Symbol,
    /// Bars of the run, train spans included.
    pub bars: usize,
    /// Periods in a year, as annual figures count them.
    pub periods_per_year: f64,
    /// The folds, the earliest first.
    pub folds: Vec<Fold>,
    /// Metrics of the stitched account, from the first test bar to the last.
    pub out_of_sample: Metrics,
    /// What buying at the first test bar and holding would have made.
    pub buy_and_hold: Metrics,
    /// The stitched account's equity at the close of each test bar, in quote currency.
    pub equity: Vec<(Timestamp, f64)>,
    /// Its fills. Those that make of one fold's position that of the next have the reason `hand-over`.
    pub fills: Vec<(Timestamp, Fill)>,
    /// How stable each parameter's chosen values are.
    pub stability: Vec<Stability>,
}

impl AssetWalk {
    /// Folds in which nothing passed, so that they stay in cash.
    #[must_use]
    pub fn in_cash(&self) -> usize {
        self.folds.iter().filter(|fold| fold.point.is_none()).count()
    }

    /// The mean annual return in sample of what was chosen; `None` where no fold has one.
    #[must_use]
    pub fn in_sample_cagr(&self) -> Option<f64> {
        let cagr = |fold: &Fold| fold.in_sample.as_ref()?.get(Metric::Cagr);
        let all: Vec<f64> = self.folds.iter().filter_map(cagr).collect();
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / bars_f64(all.len()))
    }

    /// The stitched account's annual return by the mean one in sample; `None` where the latter is not above 0.
    ///
    /// - Source: Pardo, The Evaluation and Optimization of Trading Strategies (2008), chapter 11: walk-forward efficiency.
    #[must_use]
    pub fn efficiency(&self) -> Option<f64> {
        let inside = self.in_sample_cagr().filter(|cagr| *cagr > 0.0)?;
        Some(self.out_of_sample.get(Metric::Cagr)? / inside)
    }
}

/// A walk forward: each asset by itself. Made by [`Sweep::walk_forward`](crate::sweep::Sweep::walk_forward).
///
/// # Examples
/// ```
/// use lookback::sweep::{Choice, Metric, Sweep, WalkForward, Watch};
/// use lookback::{Bundle, portal::{DataPortal, Options}, strategies::SmaCross};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM").parameter("fast=5:50:5".parse()?).parameter("slow=60:200:20".parse()?);
/// let scheme: WalkForward = "train=756,test=252".parse()?;
/// let results = sweep.walk_forward::<SmaCross>(&portal, scheme, Choice::default(), Watch::default())?;
/// let walk = results.walks[0].as_ref().unwrap();
/// let fold = &walk.folds[0];
/// assert_eq!(fold.train.bars, 0..756);
/// assert_eq!(results.point(fold).unwrap().iter().count(), 2);
/// assert!(walk.in_sample_cagr() > walk.out_of_sample.get(Metric::Cagr)); // what was chosen earned less than it had
/// assert!(walk.efficiency() < Some(1.0));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct WalkForwardResults {
    /// The strategy's name.
    pub strategy: String,
    /// How trials were run.
    pub settings: Settings,
    /// How the run was cut.
    pub scheme: WalkForward,
    /// What chose, and what a point had to meet.
    pub rank_by: Merit,
    /// Closed round trips that a point needed to be chosen.
    pub min_trades: usize,
    /// Whether points had to pass a condition besides.
    pub is_required: bool,
    /// The points that were tried in each fold.
    pub grid: Grid,
    /// The version of the bundle.
    pub version: String,
    /// The assets, in order.
    pub assets: Vec<Symbol>,
    /// For each asset its walk, or why there is none.
    pub walks: Vec<Result<AssetWalk, Error>>,
    /// Threads that ran.
    pub threads: usize,
    /// Time on the wall.
    pub elapsed: Duration,
}

impl WalkForwardResults {
    /// Trials that were run to choose from: every point in every fold of every asset.
    #[must_use]
    pub fn trials(&self) -> usize {
        let folds: usize = self.walks.iter().flatten().map(|walk| walk.folds.len()).sum();
        folds.saturating_mul(self.grid.len())
    }

    /// The point that a fold chose.
    #[must_use]
    pub fn point(&self, fold: &Fold) -> Option<Point<'_>> {
        fold.point.map(|point| self.grid.point(point))
    }

    /// The largest number of folds of an asset.
    #[must_use]
    pub fn most_folds(&self) -> usize {
        self.walks.iter().flatten().map(|walk| walk.folds.len()).max().unwrap_or(0)
    }

    /// Assets with fewer folds than another, as their series are shorter, with the number of their folds.
    pub fn shorter(&self) -> impl Iterator<Item = (&Symbol, usize)> {
        let most = self.most_folds();
        let folds = self.walks.iter().flatten().map(|walk| (&walk.symbol, walk.folds.len()));
        folds.filter(move |(_, folds)| *folds < most)
    }
}
