//! Random markets, settings and schemes: choices against plain sweeps of the train spans, the account against a plain walk.

use std::cell::Cell;

use lookback::sweep::Merit;
use lookback::sweep::{
    Choice, FillAt, Metric, Metrics, Part, RuleSet, Settings, Sweep, Trial, Unit, WalkForward,
};
use lookback::{Adjust, DataPortal};

use super::{day, only, walked};
use crate::positions::naive::{self, Distance, Outcome, Rules, Terms};
use crate::positions::plain_metrics;
use crate::positions::random::{Dice, bars, market, settings};

/// Rules of a few points, as the library reads them and as the plain walk does.
struct Style {
    take_profit: Option<f64>,
    max_bars: Option<usize>,
    size: f64,
    is_short: bool,
}

impl Style {
    fn new(dice: &mut Dice) -> Self {
        Self {
            take_profit: dice.chance(0.3).then_some(0.06),
            max_bars: dice.chance(0.3).then(|| 2 + dice.below(12)),
            size: dice.one_of(&[1.0, 1.0, 0.35]),
            is_short: dice.chance(0.6),
        }
    }

    fn rules(&self) -> RuleSet {
        let mut rules = RuleSet::new("style")
            .rule(Part::Buy, "roc(close, n) > 0.7")
            .rule(Part::Sell, "roc(close, n) < -0.3")
            .rule(Part::StopLoss, "stop")
            .rule(Part::Size, self.size.to_string())
            .parameter("n=1:5".parse().unwrap())
            .parameter("stop=0.015,0.08".parse().unwrap());
        if self.is_short {
            rules = rules.rule(Part::Short, "roc(close, n) < -0.9").rule(Part::Cover, "roc(close, n) > 0.2");
        }
        if let Some(share) = self.take_profit {
            rules = rules.rule(Part::TakeProfit, share.to_string());
        }
        if let Some(bars) = self.max_bars {
            rules = rules.rule(Part::MaxBars, bars.to_string());
        }
        rules
    }

    /// The same at one point; `close` is the series that rules look at.
    fn plain(&self, close: &[f64], n: usize, stop: f64) -> Rules {
        let roc = |bar: usize| if bar < n { f64::NAN } else { 100.0 * (close[bar] / close[bar - n] - 1.0) };
        let where_true =
            |is_true: &dyn Fn(f64) -> bool| (0..close.len()).map(|bar| is_true(roc(bar))).collect();
        let nowhere = || vec![false; close.len()];
        Rules {
            buy: where_true(&|roc| roc > 0.7),
            sell: where_true(&|roc| roc < -0.3),
            short: if self.is_short { where_true(&|roc| roc < -0.9) } else { nowhere() },
            cover: if self.is_short { where_true(&|roc| roc > 0.2) } else { nowhere() },
            stop_loss: Some(Distance::Share(stop)),
            take_profit: self.take_profit.map(Distance::Share),
            max_bars: self.max_bars,
            size: naive::Size::Share(self.size),
            ..Rules::default()
        }
    }
}

struct Case {
    portal: DataPortal,
    days: Vec<i64>,
    settings: Settings,
    terms: Terms,
    scheme: WalkForward,
}

impl Case {
    fn new(dice: &mut Dice) -> Self {
        let count = 60 + dice.below(120);
        let (portal, days) = market(dice, count);
        let first = if dice.chance(0.5) { 0 } else { dice.below(20) };
        let mut settings = settings(dice);
        settings.from = Some(day(days[first]));
        let terms = Terms {
            at_next_open: settings.fill == FillAt::NextOpen,
            cash: settings.cash,
            fee: settings.costs.fee,
            commission: settings.costs.commission,
            slippage: settings.costs.slippage_bps * 1e-4,
            borrow: settings.rates.borrow,
            interest: settings.rates.interest,
        };
        let scheme = WalkForward {
            train: 12 + dice.below(15),
            test: 3 + dice.below(12),
            is_anchored: dice.chance(0.3),
            purge: dice.below(3),
            embargo: dice.below(2),
        };
        Self { portal, days, settings, terms, scheme }
    }
}

/// By how much rounding may differ: a ratio whose denominator is nearly nothing keeps few digits.
fn agree(metric: Metric, found: Option<f64>, plain: Option<f64>, cash: f64) -> bool {
    let scale = if metric.unit() == Unit::Currency { cash } else { 1.0 };
    let tolerance = match metric {
        Metric::Sharpe | Metric::Sortino | Metric::Calmar | Metric::ProfitFactor => 1e-7,
        _ => 1e-10,
    };
    match (found, plain) {
        (Some(found), Some(plain)) => (found - plain).abs() <= tolerance * plain.abs().max(scale),
        (found, plain) => found == plain,
    }
}

/// The part of an outcome that falls on some of its bars, as a run of its own.
fn part(of: &Outcome, from: usize, to: usize) -> Outcome {
    Outcome { equity: of.equity[from..to].to_vec(), ..Outcome::default() }
}

#[test]
fn a_walk_forward_trades_as_a_plain_walk_over_the_bars_does() {
    // Hand-overs that trade, that need not, spans without a choice, stops within spans, folds; so that a test which compares
    // nothing is seen.
    let seen: [Cell<usize>; 5] = std::array::from_fn(|_| Cell::new(0));
    let count = |at: usize, more: usize| seen[at].set(seen[at].get() + more);
    for seed in 0..150 {
        let mut dice = Dice(seed);
        let case = Case::new(&mut dice);
        let style = Style::new(&mut dice);
        let rules = style.rules();
        // Calm points only, so that some folds have none.
        let calm = |metrics: &Metrics| metrics.get(Metric::MaxDrawdown) > Some(-0.04);
        let by = dice.one_of(&["sharpe", "total_return", "max_drawdown", "sharpe - 0.5 * volatility"]);
        // What ranks, worked out here.
        let value = |metrics: &Metrics| match by {
            "sharpe" => metrics.get(Metric::Sharpe),
            "total_return" => metrics.get(Metric::TotalReturn),
            "max_drawdown" => metrics.get(Metric::MaxDrawdown),
            _ => metrics.get(Metric::Sharpe).zip(metrics.get(Metric::Volatility)).map(|(a, b)| a - 0.5 * b),
        };
        // The same condition as text, or as a function.
        let (is_calm, as_text) = (dice.chance(0.4), dice.chance(0.5));
        let merit: Merit = by.parse().unwrap();
        let choice = Choice {
            rank_by: if is_calm && as_text { merit.require("max_drawdown > -0.04").unwrap() } else { merit },
            min_trades: dice.below(3),
            require: if is_calm && !as_text { Some(&calm) } else { None },
        };
        let min_trades = choice.min_trades;
        let results = walked(&case.portal, &rules, case.settings, case.scheme, choice);
        assert_eq!(results.is_required, is_calm);
        let walk = only(&results);
        let all = bars(&case.portal, &case.days, 0, case.settings.adjust);
        let looked_at = bars(&case.portal, &case.days, 0, Adjust::Total).close;

        // Each choice is the best of a sweep of the train span alone.
        for fold in &walk.folds {
            let span = &fold.train.bars;
            let train = Settings {
                from: Some(day(case.days[span.start])),
                to: Some(day(case.days[span.end - 1])),
                ..case.settings
            };
            let sweep = Sweep::new().settings(train).run_rules(&rules, &case.portal).unwrap();
            let passes = |trial: &Trial<'_>| {
                let metrics = trial.outcome.metrics().unwrap();
                value(metrics).is_some()
                    && metrics.get(Metric::Trades) >= Some(min_trades as f64)
                    && (!is_calm || calm(metrics))
            };
            let worth = |at: usize| value(sweep.trial(at).outcome.metrics().unwrap()).unwrap();
            let eligible: Vec<usize> = (0..10).filter(|at| passes(&sweep.trial(*at))).collect();
            let best =
                eligible.iter().copied().reduce(|best, at| if worth(at) > worth(best) { at } else { best });
            assert_eq!((fold.point, fold.eligible), (best, eligible.len()), "seed {seed}");
            let metrics = best.map(|best| *sweep.trial(best).outcome.metrics().unwrap());
            let bits = |metrics: Option<Metrics>| metrics.map(|metrics| metrics.to_bits());
            assert_eq!(bits(fold.in_sample), bits(metrics), "seed {seed}");
            count(2, usize::from(best.is_none()));
        }

        // The account, bar by bar.
        let point = |index: usize| {
            let point = results.grid.point(index);
            let plain = style.plain(&looked_at, point.usize("n").unwrap(), point.f64("stop").unwrap());
            naive::trade(&all, &plain, case.terms)
        };
        let runs: Vec<Option<Outcome>> = walk.folds.iter().map(|fold| fold.point.map(point)).collect();
        let spans = walk.folds.iter().zip(&runs).map(|(fold, run)| (fold.test.bars.clone(), run.as_ref()));
        let expected = naive::hand_over(&all, &spans.collect::<Vec<_>>(), case.terms);
        let found: Vec<naive::Filled> = walk
            .fills
            .iter()
            .map(|(_, fill)| naive::Filled {
                bar: fill.bar,
                price: fill.price,
                shares: fill.shares,
                weight: fill.weight,
                cost: fill.cost,
                reason: fill.reason.name(),
            })
            .collect();
        for (found, expected) in found.iter().zip(&expected.fills) {
            assert_eq!(found, expected, "seed {seed}");
        }
        assert_eq!(found.len(), expected.fills.len(), "seed {seed}");
        assert_eq!(walk.equity.len(), expected.equity.len());
        for ((moment, found), expected) in walk.equity.iter().zip(&expected.equity) {
            assert!((found - expected).abs() <= 1e-12 * expected.abs(), "seed {seed}: {moment}");
        }

        // Metrics: of the whole account, and of each test span by its returns.
        let first = walk.folds[0].test.bars.start;
        let length = |from: usize, to: usize| (case.days[to - 1] - case.days[from]) as f64;
        let whole = plain_metrics::metrics(&expected, case.terms, length(first, case.days.len()), 252.0);
        for (metric, plain) in Metric::ALL.into_iter().zip(whole) {
            let plain = plain.filter(|_| !matches!(metric, Metric::CappedTrades | Metric::BothEntries));
            let found = walk.out_of_sample.get(metric);
            assert!(
                agree(metric, found, plain, case.terms.cash),
                "seed {seed}: {metric}: {found:?}, {plain:?}"
            );
        }
        let mut trades = 0.0;
        for fold in &walk.folds {
            let (from, to) = (fold.test.bars.start, fold.test.bars.end);
            let own = part(&expected, from - first, to - first);
            let cash = if from == first { case.terms.cash } else { expected.equity[from - first - 1] };
            if cash == 0.0 {
                continue; // nothing was left
            }
            let plain = plain_metrics::metrics(&own, Terms { cash, ..case.terms }, length(from, to), 252.0);
            for (metric, plain) in Metric::ALL.into_iter().zip(plain).take(8) {
                let found = fold.out_of_sample.get(metric);
                assert!(agree(metric, found, plain, cash), "seed {seed}: {metric}: {found:?}, {plain:?}");
            }
            trades += fold.out_of_sample.get(Metric::Trades).unwrap();
        }
        assert_eq!(walk.out_of_sample.get(Metric::Trades), Some(trades), "seed {seed}");
        let costs: f64 = walk.folds.iter().filter_map(|fold| fold.out_of_sample.get(Metric::Costs)).sum();
        let all_costs = walk.out_of_sample.get(Metric::Costs).unwrap();
        assert!((costs - all_costs).abs() <= 1e-9 * all_costs.max(1.0));
        let handed = found.iter().filter(|fill| fill.reason == "hand-over").count();
        count(0, handed);
        count(1, walk.folds.len() - handed);
        count(3, found.iter().filter(|fill| fill.reason == "stop-loss").count());
        count(4, walk.folds.len());
    }
    assert!(seen.iter().all(|seen| seen.get() > 100), "hardly met: {seen:?}");
}
