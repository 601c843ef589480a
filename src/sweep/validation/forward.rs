//! Running a walk forward: every point on every train span, then the chosen ones on the test spans.

#![forbid(unsafe_code)]

use std::time::Instant;

use super::choice::{Choice, Tried};
use super::crew::{Crew, Found, TrainSpan};
use super::orders::{Leg, orders};
use super::stability::stability;
use super::stitch::stitch;
use super::walk::{AssetWalk, BarSpan, Fold, WalkForwardResults};
use super::walk_forward::{FoldBars, WalkForward};
use crate::asset::AssetId;
use crate::error::Error;
use crate::portal::{DataPortal, Snapshot};
use crate::sweep::asset_market::AssetMarket;
use crate::sweep::grid::Grid;
use crate::sweep::rules::RuleSet;
use crate::sweep::run::{Player, Stage, Typed, catch, summary};
use crate::sweep::strategy::Strategy;
use crate::sweep::{Sweep, Watch, bars_of};

impl Sweep {
    /// Walks forward: on the bars of each train span the best point is chosen, and traded on the test span after it.
    ///
    /// A train span is a run of its own, on prices adjusted as of its own last bar, with the warm-up from the bars before it:
    /// nothing after it can change a choice. A test span begins with the position that the chosen point holds at the close
    /// before it, run from the asset's first bar: one order at the span's first fill makes of what is held what that point
    /// holds, and what is held at the end is handed on. The account runs on prices adjusted as of the run's last bar, as any
    /// run does. Each asset chooses for itself.
    ///
    /// # Errors
    /// As [`Sweep::run`]; `BadParameter` where no asset has bars for a single fold; `Load` where it was stopped.
    ///
    /// # Examples
    /// See [`WalkForwardResults`].
    pub fn walk_forward<S: Strategy>(
        &self,
        portal: &DataPortal,
        scheme: WalkForward,
        choice: Choice<'_>,
        watch: Watch<'_>,
    ) -> Result<WalkForwardResults, Error> {
        self.settings.check()?;
        let snapshot = portal.snapshot();
        let grid = self.counted_grid(S::parameters()?, S::CONSTRAINT, watch.stop)?;
        walk_forward(self, &Typed::<S>::new(), &snapshot, grid, scheme, choice, watch)
    }

    /// Walks forward as [`Sweep::walk_forward`] does, with rules.
    ///
    /// # Errors
    /// As [`Sweep::walk_forward`] and [`Sweep::run_rules`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let rules = RuleSet::new("dip")
    ///     .rule(Part::Buy, "rsi(close, n) < 30")
    ///     .rule(Part::Sell, "rsi(close, n) > 60")
    ///     .parameter("n=2:14".parse()?);
    /// let scheme: WalkForward = "train=1000,test=500,anchored".parse()?;
    /// let sweep = Sweep::new().asset("IBM");
    /// let results = sweep.walk_forward_rules(&rules, &portal, scheme, Choice::default(), Watch::default())?;
    /// let walk = results.walks[0].as_ref().unwrap();
    /// assert!(walk.folds.iter().all(|fold| fold.train.bars.start == 0));
    /// assert_eq!(results.trials(), 13 * walk.folds.len());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn walk_forward_rules(
        &self,
        rules: &RuleSet,
        portal: &DataPortal,
        scheme: WalkForward,
        choice: Choice<'_>,
        watch: Watch<'_>,
    ) -> Result<WalkForwardResults, Error> {
        self.settings.check()?;
        let snapshot = portal.snapshot();
        let (player, grid) = self.bound(rules, watch.stop)?;
        let assets = self.asset_ids(&snapshot)?;
        player.rules().check_lookback(&grid, &bars_of(&snapshot, &assets))?;
        walk_forward(self, &player, &snapshot, grid, scheme, choice, watch)
    }
}

impl Found for Tried {
    fn merge(&mut self, other: Self) {
        Self::merge(self, other);
    }
}

/// The bars of one asset's run, and its folds.
struct Plan {
    asset: AssetId,
    /// The run's first bar and its last.
    first: usize,
    last: usize,
    folds: Vec<FoldBars>,
}

pub(in crate::sweep) fn walk_forward<P: Player>(
    sweep: &Sweep,
    player: &P,
    snapshot: &Snapshot,
    grid: Grid,
    scheme: WalkForward,
    choice: Choice<'_>,
    watch: Watch<'_>,
) -> Result<WalkForwardResults, Error> {
    let started = Instant::now();
    scheme.check()?;
    let assets = sweep.asset_ids(snapshot)?;
    let plans: Vec<Result<Plan, Error>> =
        assets.iter().map(|asset| plan(sweep, snapshot, *asset, scheme)).collect();
    if let Some(Err(first)) = plans.first()
        && plans.iter().all(Result::is_err)
    {
        return Err(first.clone());
    }
    let spans: Vec<TrainSpan> = plans.iter().flatten().flat_map(Plan::train_spans).collect();
    let crew = Crew::new(player, snapshot, sweep, &grid, watch)?;
    let tried = crew.run(&spans, false, &Tried::default(), |found, ran| {
        let outcome = ran.outcome.as_ref().map(|score| score.metrics);
        found.add(&choice, ran.point, outcome);
    })?;
    let mut tried = tried.into_iter();
    let walks = plans.into_iter().map(|plan| {
        let plan = plan?;
        let tried: Vec<Tried> = tried.by_ref().take(plan.folds.len()).collect();
        asset_walk(&crew, &plan, tried)
    });
    let walks = walks.collect();
    let threads = crew.threads();
    let bundle = snapshot.bundle();
    Ok(WalkForwardResults {
        strategy: player.name(),
        settings: sweep.settings,
        scheme,
        rank_by: choice.rank_by.clone(),
        min_trades: choice.min_trades,
        is_required: choice.is_required(),
        version: bundle.version().to_owned(),
        assets: assets.iter().map(|asset| bundle.symbols()[asset.index()].clone()).collect(),
        walks,
        threads,
        elapsed: started.elapsed(),
        grid,
    })
}

fn plan(sweep: &Sweep, snapshot: &Snapshot, asset: AssetId, scheme: WalkForward) -> Result<Plan, Error> {
    let (first, last) = AssetMarket::bars(snapshot, asset, &sweep.settings)?.into_inner();
    let bars = last + 1 - first;
    let folds = scheme.folds(bars);
    if folds.is_empty() {
        return Err(scheme.too_long(snapshot.bundle().symbols()[asset.index()].as_str(), bars));
    }
    Ok(Plan { asset, first, last, folds })
}

impl Plan {
    fn train_spans(&self) -> impl Iterator<Item = TrainSpan> {
        let span = |fold: &FoldBars| TrainSpan {
            asset: self.asset,
            bars: self.first + fold.train.start..=self.first + fold.train.end - 1,
        };
        self.folds.iter().map(span)
    }
}

/// Trades what was chosen, and tells of it.
fn asset_walk<P: Player>(crew: &Crew<'_, P>, plan: &Plan, tried: Vec<Tried>) -> Result<AssetWalk, Error> {
    let reader = crew.snapshot.reader();
    let test = |fold: &FoldBars| plan.first + fold.test.start..plan.first + fold.test.end;
    let legs: Vec<Leg> = (plan.folds.iter().zip(&tried))
        .map(|(fold, tried)| Leg { bars: test(fold), point: tried.best.map(|best| best.point) })
        .collect();
    let load =
        |first| catch(|| AssetMarket::load_bars(&reader, plan.asset, crew.settings, first..=plan.last));
    let whole = load(0)?;
    let stage = |market| Stage { reader: &reader, market, settings: crew.settings };
    let orders = orders(crew.player, &stage(&whole), crew.grid, &legs)?;
    let market = load(legs[0].bars.start)?;
    let traded: Vec<_> =
        legs.iter().zip(&orders).map(|(leg, orders)| (leg.bars.clone(), orders.as_slice())).collect();
    let stitched = stitch(&market, crew.settings, &traded);
    let span = |bars: std::ops::Range<usize>| BarSpan {
        first: whole.timestamp(bars.start),
        last: whole.timestamp(bars.end - 1),
        bars,
    };
    let folds = plan.folds.iter().zip(tried).zip(stitched.spans);
    let folds: Vec<Fold> = folds
        .map(|((fold, tried), out_of_sample)| Fold {
            train: span(plan.first + fold.train.start..plan.first + fold.train.end),
            test: span(test(fold)),
            point: tried.best.map(|best| best.point),
            in_sample: tried.best.map(|best| best.metrics),
            out_of_sample,
            eligible: tried.eligible,
            failed: tried.failed,
            first_failure: tried.first_failure,
        })
        .collect();
    let hold = summary(&stage(&market))?;
    Ok(AssetWalk {
        symbol: hold.symbol,
        bars: plan.last + 1 - plan.first,
        periods_per_year: hold.periods_per_year,
        stability: stability(crew.grid, folds.iter().filter_map(|fold| fold.point)),
        folds,
        out_of_sample: stitched.whole,
        buy_and_hold: hold.buy_and_hold,
        equity: (market.first..).map(|bar| market.timestamp(bar)).zip(stitched.equity).collect(),
        fills: stitched.fills.into_iter().map(|fill| (market.timestamp(fill.bar), fill)).collect(),
    })
}
