//! Running combinatorial cross-validation: every point once, a choice for every split, and the paths.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::time::Instant;

use super::choice::{Choice, Tried};
use super::combinatorial::Combinatorial;
use super::crew::{Crew, Found, TrainSpan};
use super::orders::{Leg, orders};
use super::paths::{AssetPaths, CombinatorialResults, CrossPath, Split};
use super::stitch::stitch;
use super::stretch::{JOINED, Stretch, cut, days_before};
use super::walk::BarSpan;
use crate::asset::AssetId;
use crate::error::Error;
use crate::portal::{DataPortal, Snapshot};
use crate::sweep::asset_market::AssetMarket;
use crate::sweep::grid::Grid;
use crate::sweep::rules::RuleSet;
use crate::sweep::run::{Player, Stage, Typed, catch, summary};
use crate::sweep::strategy::Strategy;
use crate::sweep::{Sweep, Watch, bars_of};
use crate::time::Timestamp;

impl Sweep {
    /// Cross-validates: of some groups of bars every combination is tested on a choice that was made on the others, and the
    /// tested groups make paths over the whole run.
    ///
    /// A strategy with positions cannot be run over bars with holes. So each point is run once, from the run's first bar to
    /// its last, and each bar's return belongs to the group that the bar is in: a split judges a point by the returns of the
    /// bars that it trains on, joined. A position may have been taken in a tested group; `purge` and `embargo` leave out the
    /// bars where that tells most. The chosen point is traded on the tested groups as in [`Sweep::walk_forward`]: one order
    /// takes over what it holds, and what is held at the end of a group is handed on.
    ///
    /// - Source: López de Prado, Advances in Financial Machine Learning (2018), chapter 12.
    ///
    /// # Errors
    /// As [`Sweep::run`]; `BadParameter` where no asset has bars for the groups, or the metric that chooses is not defined over
    /// joined bars; `Load` where it was stopped.
    ///
    /// # Examples
    /// See [`CombinatorialResults`].
    pub fn cross_validate<S: Strategy>(
        &self,
        portal: &DataPortal,
        scheme: Combinatorial,
        choice: Choice<'_>,
        watch: Watch<'_>,
    ) -> Result<CombinatorialResults, Error> {
        self.settings.check()?;
        let snapshot = portal.snapshot();
        let grid = self.counted_grid(S::parameters()?, S::CONSTRAINT, watch.stop)?;
        cross_validate(self, &Typed::<S>::new(), &snapshot, grid, scheme, choice, watch)
    }

    /// Cross-validates as [`Sweep::cross_validate`] does, with rules.
    ///
    /// # Errors
    /// As [`Sweep::cross_validate`] and [`Sweep::run_rules`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let rules = RuleSet::new("dip").rule(Part::Buy, "rsi(close, n) < 30").parameter("n=2:5".parse()?);
    /// let (scheme, choice): (Combinatorial, _) = ("groups=5,test=1".parse()?, Choice::default());
    /// let sweep = Sweep::new().asset("IBM");
    /// let results = sweep.cross_validate_rules(&rules, &portal, scheme, choice, Watch::default())?;
    /// assert_eq!(results.paths[0].as_ref().unwrap().paths.len(), 1);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn cross_validate_rules(
        &self,
        rules: &RuleSet,
        portal: &DataPortal,
        scheme: Combinatorial,
        choice: Choice<'_>,
        watch: Watch<'_>,
    ) -> Result<CombinatorialResults, Error> {
        self.settings.check()?;
        let snapshot = portal.snapshot();
        let (player, grid) = self.bound(rules, watch.stop)?;
        let assets = self.asset_ids(&snapshot)?;
        player.rules().check_lookback(&grid, &bars_of(&snapshot, &assets))?;
        cross_validate(self, &player, &snapshot, grid, scheme, choice, watch)
    }
}

/// The choice of each split.
#[derive(Clone)]
struct Choices(Vec<Tried>);

impl Found for Choices {
    fn merge(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(own, other)| own.merge(other));
    }
}

/// One asset's run, cut.
struct Plan {
    asset: AssetId,
    first: usize,
    last: usize,
    /// Three pieces of each group: what is left out behind a tested group, the rest, what is left out before one.
    pieces: Vec<Range<usize>>,
    groups: Vec<Range<usize>>,
    days: Vec<f64>,
    periods_per_year: f64,
    moments: Vec<Timestamp>,
}

impl Plan {
    fn new(sweep: &Sweep, snapshot: &Snapshot, asset: AssetId, scheme: Combinatorial) -> Result<Self, Error> {
        let (first, last) = AssetMarket::bars(snapshot, asset, &sweep.settings)?.into_inner();
        let bars = last + 1 - first;
        if let Some(refusal) = scheme.refusal(snapshot.bundle().symbols()[asset.index()].as_str(), bars) {
            return Err(refusal);
        }
        let groups = scheme.group_bars(bars);
        let piece = |group: &Range<usize>| {
            let (head, tail) = (group.start + scheme.purge + scheme.embargo, group.end - scheme.purge);
            [group.start..head, head..tail, tail..group.end]
        };
        let reader = snapshot.reader();
        let market = catch(|| AssetMarket::load_bars(&reader, asset, &sweep.settings, first..=last))?;
        let moments: Vec<Timestamp> = (first..=last).map(|bar| market.timestamp(bar)).collect();
        Ok(Self {
            asset,
            first,
            last,
            pieces: groups.iter().flat_map(piece).collect(),
            days: days_before(moments.iter().map(|moment| moment.days())),
            periods_per_year: market.frame.periods_per_year,
            groups,
            moments,
        })
    }
}

/// Which pieces a split trains on.
fn trained(groups: usize, test: &[usize]) -> Vec<usize> {
    let is_tested = |group: usize| test.contains(&group);
    let of = |group: usize| {
        let begins = group == 0 || !is_tested(group - 1);
        let ends = group + 1 == groups || !is_tested(group + 1);
        [begins.then_some(3 * group), Some(3 * group + 1), ends.then_some(3 * group + 2)]
    };
    (0..groups).filter(|group| !is_tested(*group)).flat_map(of).flatten().collect()
}

pub(in crate::sweep) fn cross_validate<P: Player>(
    sweep: &Sweep,
    player: &P,
    snapshot: &Snapshot,
    grid: Grid,
    scheme: Combinatorial,
    choice: Choice<'_>,
    watch: Watch<'_>,
) -> Result<CombinatorialResults, Error> {
    let started = Instant::now();
    scheme.check()?;
    if let Some(other) = choice.rank_by.reads().into_iter().find(|metric| !JOINED.contains(metric)) {
        let names = JOINED.map(|metric| metric.name()).join(", ");
        let message = format!("{other} is not defined over joined bars, expected one of {names}");
        return Err(Error::bad_parameter("rank-by", message));
    }
    let assets = sweep.asset_ids(snapshot)?;
    let plans: Vec<Result<Plan, Error>> =
        assets.iter().map(|asset| Plan::new(sweep, snapshot, *asset, scheme)).collect();
    if let Some(Err(first)) = plans.first()
        && plans.iter().all(Result::is_err)
    {
        return Err(first.clone());
    }
    let splits = scheme.splits();
    let trained: Vec<Vec<usize>> = splits.iter().map(|test| trained(scheme.groups, test)).collect();
    let whole: Vec<&Plan> = plans.iter().flatten().collect();
    let spans: Vec<TrainSpan> =
        whole.iter().map(|plan| TrainSpan { asset: plan.asset, bars: plan.first..=plan.last }).collect();
    let crew = Crew::new(player, snapshot, sweep, &grid, watch)?;
    let empty = Choices(vec![Tried::default(); splits.len()]);
    let cash = sweep.settings.cash;
    let tried = crew.run(&spans, true, &empty, |found, ran| {
        let plan = whole[ran.span];
        let mut stretches = Vec::new();
        if ran.outcome.is_ok() {
            cut(ran.record, plan.first, cash, &plan.days, &plan.pieces, &mut stretches);
        }
        for (tried, pieces) in found.0.iter_mut().zip(&trained) {
            let joined = || {
                let all = pieces.iter().fold(Stretch::EMPTY, |all, piece| all.then(&stretches[*piece]));
                all.metrics(plan.periods_per_year)
            };
            tried.add(&choice, ran.point, ran.outcome.as_ref().map(|_| joined()));
        }
    })?;
    let mut tried = tried.into_iter();
    let paths = plans.iter().map(|plan| {
        let plan = plan.as_ref().map_err(Clone::clone)?;
        let choices = tried.next().map_or_else(Vec::new, |choices| choices.0);
        asset_paths(&crew, plan, scheme, &splits, &trained, choices)
    });
    let paths = paths.collect();
    let threads = crew.threads();
    let bundle = snapshot.bundle();
    Ok(CombinatorialResults {
        strategy: player.name(),
        settings: sweep.settings,
        scheme,
        rank_by: choice.rank_by.clone(),
        min_trades: choice.min_trades,
        is_required: choice.is_required(),
        version: bundle.version().to_owned(),
        assets: assets.iter().map(|asset| bundle.symbols()[asset.index()].clone()).collect(),
        paths,
        threads,
        elapsed: started.elapsed(),
        grid,
    })
}

/// Trades what was chosen along every path.
fn asset_paths<P: Player>(
    crew: &Crew<'_, P>,
    plan: &Plan,
    scheme: Combinatorial,
    splits: &[Vec<usize>],
    trained: &[Vec<usize>],
    choices: Vec<Tried>,
) -> Result<AssetPaths, Error> {
    let reader = crew.snapshot.reader();
    let load =
        |first| catch(|| AssetMarket::load_bars(&reader, plan.asset, crew.settings, first..=plan.last));
    let stage = |market| Stage { reader: &reader, market, settings: crew.settings };
    let whole = load(0)?;
    let own = |group: usize| {
        let bars = &plan.groups[group];
        plan.first + bars.start..plan.first + bars.end
    };
    // For each group its splits; path j takes the j-th of each.
    let tested = |group: usize| (0..splits.len()).filter(move |split| splits[*split].contains(&group));
    let by_group: Vec<Vec<usize>> = (0..scheme.groups).map(|group| tested(group).collect()).collect();
    let leg = |group: usize, split: &usize| Leg {
        bars: own(group),
        point: choices[*split].best.map(|best| best.point),
    };
    let legs: Vec<Leg> = (by_group.iter().enumerate())
        .flat_map(|(group, splits)| splits.iter().map(move |split| (group, split)))
        .map(|(group, split)| leg(group, split))
        .collect();
    let orders = orders(crew.player, &stage(&whole), crew.grid, &legs)?;
    let market = load(plan.first)?;
    let paths = scheme.paths();
    let path = |path: usize| {
        // Legs come group by group, each with one for every path.
        let spans = (0..scheme.groups).map(|group| (own(group), orders[group * paths + path].as_slice()));
        let stitched = stitch(&market, crew.settings, &spans.collect::<Vec<_>>());
        CrossPath {
            splits: by_group.iter().map(|splits| splits[path]).collect(),
            out_of_sample: stitched.whole,
            equity: stitched.equity,
        }
    };
    let hold = summary(&stage(&market))?;
    let bars_of = |pieces: &Vec<usize>| pieces.iter().map(|piece| plan.pieces[*piece].len()).sum();
    let first_failure = choices.first().and_then(|tried| tried.first_failure.clone());
    Ok(AssetPaths {
        symbol: hold.symbol,
        periods_per_year: hold.periods_per_year,
        groups: (0..scheme.groups)
            .map(own)
            .map(|bars| BarSpan {
                first: whole.timestamp(bars.start),
                last: whole.timestamp(bars.end - 1),
                bars,
            })
            .collect(),
        paths: (0..paths).map(path).collect(),
        buy_and_hold: hold.buy_and_hold,
        moments: plan.moments.clone(),
        failed: choices.first().map_or(0, |tried| tried.failed),
        first_failure,
        splits: splits
            .iter()
            .zip(trained)
            .zip(choices)
            .map(|((test, pieces), tried)| Split {
                test: test.clone(),
                train_bars: bars_of(pieces),
                point: tried.best.map(|best| best.point),
                in_sample: tried.best.map(|best| best.metrics),
                eligible: tried.eligible,
            })
            .collect(),
    })
}
