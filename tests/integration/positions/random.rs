//! Random markets, rules, costs and rates: positions against the plain walk. The same fills to the last bit, the curve
//! and the metrics within rounding, nothing defined that the plain walk leaves open, nor the other way round.

use std::cell::Cell;

use lookback::bundle::{Adjustment, AdjustmentKind};
use lookback::sweep::{
    Backtest, Costs, Exits, FillAt, Level, Metric, Positions, Rates, Settings, Signals, Size, Unit, Weights,
};
use lookback::{Adjust, DataPortal, Field, Frequency, Timestamp};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::naive::{self, Bars, Distance, Outcome, Rules, Terms};
use super::plain_metrics;
use super::{DAY_NS, market_with, run};

/// Numbers that look random, the same for a seed.
pub struct Dice(pub u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        // Source: S. Vigna, SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.roll() % end as u64) as usize
    }

    pub fn share(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn chance(&mut self, share: f64) -> bool {
        self.share() < share
    }

    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// A market with gaps, ties and bars of one price: quiet or wild, in cents or in halves.
pub fn market(dice: &mut Dice, bars: usize) -> (DataPortal, Vec<i64>) {
    let unit = dice.one_of(&[0.01, 0.01, 0.5]);
    let range = dice.one_of(&[0.04, 0.04, 0.3]);
    let tick = |price: f64| (price.max(1.0) / unit).round() * unit;
    let mut last = tick(20.0 + 80.0 * dice.share());
    let (mut prices, mut days, mut day) = (Vec::new(), Vec::new(), 0);
    for _ in 0..bars {
        let open = if dice.chance(0.3) { last } else { tick(last * (1.0 + range * (dice.share() - 0.5))) };
        let close = if dice.chance(0.1) { open } else { tick(open * (1.0 + range * (dice.share() - 0.5))) };
        let (mut high, mut low) = (open.max(close), open.min(close));
        if !dice.chance(0.15) {
            high = high.max(tick(high * (1.0 + 0.5 * range * dice.share())));
            low = low.min(tick(low * (1.0 - 0.5 * range * dice.share())));
        }
        prices.push([open, high, low, close].map(|price| (price * 100.0).round() / 100.0));
        days.push(day);
        day += dice.one_of(&[1, 1, 1, 1, 3, 4]);
        last = close;
    }
    let mut events = Vec::new();
    for _ in 0..dice.below(3) {
        let kind = if dice.chance(0.5) {
            AdjustmentKind::Split(dice.one_of(&[2.0, 0.5, 1.5]))
        } else {
            AdjustmentKind::Dividend(0.3)
        };
        let ex_date = Timestamp(days[dice.below(bars)] * DAY_NS);
        if events.iter().all(|event: &Adjustment| event.ex_date != ex_date) {
            events.push(Adjustment::new(ex_date, kind));
        }
    }
    (market_with(&prices, &days, events), days)
}

/// The bars of a run as the ledger sees them, asked for one column at a time.
pub fn bars(portal: &DataPortal, days: &[i64], first: usize, adjust: Adjust) -> Bars {
    let snapshot = portal.snapshot();
    let reader = snapshot.reader();
    let column = |field| {
        let request = snapshot.request(["A"], [field], days.len(), Frequency::Day).unwrap().adjust(adjust);
        reader.history(&request, days.len() - 1).unwrap().column(0)[first..].to_vec()
    };
    let gaps = (first..days.len()).map(|bar| if bar == first { 0 } else { days[bar] - days[bar - 1] });
    Bars {
        open: column(Field::Open),
        high: column(Field::High),
        low: column(Field::Low),
        close: column(Field::Close),
        days: gaps.map(|days| days as f64).collect(),
    }
}

fn distance(dice: &mut Dice, close: &[f64]) -> Option<Distance> {
    match dice.below(4) {
        0 | 1 => None,
        2 if dice.chance(0.3) => Some(Distance::Share(dice.one_of(&[0.01, 0.05, 0.1]))),
        2 => Some(Distance::Share(0.2 * dice.share() + 1e-4)),
        _ => {
            let size = 0.2 * dice.share();
            let mut one = |close: &f64| match dice.below(50) {
                0..5 => f64::NAN,
                5 => dice.one_of(&[-1.0, 0.0, f64::INFINITY]),
                _ => close * size * (0.5 + dice.share()),
            };
            Some(Distance::Column(close.iter().map(&mut one).collect()))
        }
    }
}

fn rules(dice: &mut Dice, close: &[f64]) -> Rules {
    let mut signal = || {
        let often = dice.one_of(&[0.0, 0.02, 0.1, 0.5, 0.97]);
        close.iter().map(|_| dice.chance(often)).collect::<Vec<bool>>()
    };
    let (buy, sell, short, cover) = (signal(), signal(), signal(), signal());
    let (stop_loss, trailing_stop) = (distance(dice, close), distance(dice, close));
    let has_stop = stop_loss.is_some() || trailing_stop.is_some();
    Rules {
        buy,
        sell,
        short,
        cover,
        stop_loss,
        take_profit: distance(dice, close),
        trailing_stop,
        max_bars: dice.chance(0.4).then(|| 1 + dice.below(12)),
        cooldown: if dice.chance(0.5) { 0 } else { dice.below(8) },
        size: if has_stop && dice.chance(0.5) {
            naive::Size::Risk(0.2 * dice.share() + 1e-4)
        } else {
            naive::Size::Share(if dice.chance(0.5) { 1.0 } else { dice.share().max(0.01) })
        },
    }
}

pub fn settings(dice: &mut Dice) -> Settings {
    let mut some = |often: f64, most: f64| if dice.chance(often) { most * dice.share() } else { 0.0 };
    let costs = Costs { fee: some(0.7, 0.002), commission: some(0.3, 5.0), slippage_bps: some(0.7, 20.0) };
    let rates = Rates { borrow: some(0.4, 0.3), interest: some(0.4, 0.1) };
    let fill = dice.one_of(&[FillAt::NextOpen, FillAt::Close]);
    let adjust = dice.one_of(&[Adjust::Total, Adjust::Splits, Adjust::Raw]);
    Settings { fill, costs, rates, adjust, cash: 1000.0, ..Settings::default() }
}

/// A column of the run as one of the asset: what lies before the run must not matter.
fn of_asset<T: Clone>(before: T, first: usize, column: &[T]) -> Vec<T> {
    std::iter::repeat_n(before, first).chain(column.iter().cloned()).collect()
}

/// Trades the rules by the library.
fn traded(portal: &DataPortal, settings: Settings, rules: &Rules, first: usize) -> Backtest {
    let bits = |truths: &[bool]| Signals::bits(of_asset(true, first, truths));
    let [buy, sell, short, cover] =
        [&rules.buy, &rules.sell, &rules.short, &rules.cover].map(|one| bits(one));
    let column = |distance: &Option<Distance>| match distance {
        Some(Distance::Column(column)) => of_asset(1.0, first, column),
        _ => Vec::new(),
    };
    let all = [&rules.stop_loss, &rules.take_profit, &rules.trailing_stop];
    let columns = all.map(column);
    let level = |at: usize| {
        all[at].as_ref().map(|distance| match distance {
            Distance::Share(share) => Level::Share(*share),
            Distance::Column(_) => Level::Column(&columns[at]),
        })
    };
    let plan = Positions {
        signals: Signals { buy: Some(&buy), sell: Some(&sell), short: Some(&short), cover: Some(&cover) },
        exits: Exits {
            stop_loss: level(0),
            take_profit: level(1),
            trailing_stop: level(2),
            max_bars: rules.max_bars,
            cooldown: rules.cooldown,
        },
        size: match rules.size {
            naive::Size::Share(share) => Size::Share(share),
            naive::Size::Risk(risk) => Size::Risk(risk),
        },
    };
    run(portal, settings, plan)
}

const REASONS: [&str; 5] = ["signal", "stop-loss", "trailing-stop", "take-profit", "max-bars"];

/// A market, where a run on it starts, and how its trials are run.
struct Case {
    portal: DataPortal,
    days: Vec<i64>,
    first: usize,
    settings: Settings,
    bars: Bars,
    terms: Terms,
}

impl Case {
    fn new(dice: &mut Dice, count: usize) -> Self {
        let (portal, days) = market(dice, count);
        let first = if dice.chance(0.5) { 0 } else { dice.below(count) };
        let mut settings = settings(dice);
        settings.from = Some(Timestamp(days[first] * DAY_NS).to_string().parse().unwrap());
        let bars = bars(&portal, &days, first, settings.adjust);
        let terms = Terms {
            at_next_open: settings.fill == FillAt::NextOpen,
            cash: settings.cash,
            fee: settings.costs.fee,
            commission: settings.costs.commission,
            slippage: settings.costs.slippage_bps * 1e-4,
            borrow: settings.rates.borrow,
            interest: settings.rates.interest,
        };
        Self { portal, days, first, settings, bars, terms }
    }

    fn compare(&self, found: &Backtest, expected: &Outcome) {
        compare_fills(found, expected, self.first);
        let near = |found: f64, expected: f64, scale: f64| (found - expected).abs() <= 1e-12 * scale;
        for (bar, ((_, found), expected)) in found.equity().zip(&expected.equity).enumerate() {
            let is_near = near(found, *expected, expected.abs());
            assert!(is_near, "equity of bar {bar}: {found}, expected {expected}");
        }
        assert_eq!(found.equity().len(), expected.equity.len());
        let length = (self.days[self.days.len() - 1] - self.days[self.first]) as f64;
        let metrics = plain_metrics::metrics(expected, self.terms, length, 252.0);
        for (metric, plain) in Metric::ALL.into_iter().zip(metrics) {
            let found = found.metrics().get(metric);
            let scale = if metric.unit() == Unit::Currency { self.terms.cash } else { 1.0 };
            let factor = condition(metric, expected, self.terms.cash);
            let agree = match (found, plain) {
                (Some(found), Some(plain)) => near(found, plain, factor * plain.abs().max(scale)),
                (found, plain) => found == plain,
            };
            assert!(agree, "{metric}: {found:?}, expected {plain:?}");
        }
    }
}

/// By how much rounding grows in a ratio whose denominator is what is left of a difference: a fall, where equity hardly
/// fell, a gross loss, which is what equity lost, and a variance, where every return is nearly the mean of all.
fn condition(metric: Metric, outcome: &Outcome, cash: f64) -> f64 {
    let equity = [&[cash], outcome.equity.as_slice()].concat();
    let change = |pair: &[f64]| if pair[0] > 0.0 { pair[1] / pair[0] - 1.0 } else { 0.0 };
    let returns: Vec<f64> = equity.windows(2).map(change).collect();
    let mean = returns.iter().sum::<f64>() / returns.len() as f64;
    let squares = |from: f64| returns.iter().map(|r| (r - from).powi(2)).sum::<f64>();
    let mut peak = cash;
    let falls = outcome.equity.iter().map(|equity| {
        peak = peak.max(*equity);
        1.0 - equity / peak
    });
    let (whole, left) = match metric {
        Metric::Sharpe => (squares(0.0), squares(mean)),
        Metric::Calmar => (1.0, falls.fold(0.0, f64::max)),
        Metric::ProfitFactor => (cash, -outcome.profits.iter().filter(|profit| **profit < 0.0).sum::<f64>()),
        _ => (0.0, 1.0),
    };
    // A thousandth: 1e-12 is some thousand roundings already.
    if left > 0.0 { 1.0 + 1e-3 * whole / left } else { 1.0 }
}

fn compare_fills(found: &Backtest, expected: &Outcome, first: usize) {
    let fills: Vec<naive::Filled> = found
        .fills()
        .map(|(_, fill)| naive::Filled {
            bar: fill.bar - first,
            price: fill.price,
            shares: fill.shares,
            weight: fill.weight,
            cost: fill.cost,
            reason: fill.reason.name(),
        })
        .collect();
    for (found, expected) in fills.iter().zip(&expected.fills) {
        assert_eq!(found, expected);
    }
    assert_eq!(fills.len(), expected.fills.len(), "{:?} {:?}", fills.last(), expected.fills.last());
}

/// Runs a comparison on some thousand cases: mostly short ones, which meet the ends of a run.
fn thousands(compare: impl Fn(&mut Dice, usize)) {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3000) };
    MET.into_iter().for_each(|(seed, count)| compare(&mut Dice(seed), count));
    let cases = (any::<u64>(), prop_oneof![4 => 1_usize..60, 1 => 60_usize..400]);
    // The same cases in every run, so that a failure is met again.
    let outcome = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha)).run(
        &cases,
        |(seed, count)| {
            compare(&mut Dice(seed), count);
            Ok(())
        },
    );
    outcome.unwrap();
}

/// Cases that were met once: returns that hardly vary, a drawdown of nearly nothing, an account closed with a gain.
const MET: [(u64, usize); 5] = [
    (11_942_682_725_747_025_774, 53),
    (8_995_027_233_322_104_207, 57),
    (3_853_857_409_161_474_443, 3),
    (5_225_119_073_613_110_579, 22),
    (13_583_146_750_202_351_890, 21),
];

#[test]
fn positions_trade_as_a_plain_walk_does() {
    // How often each kind of event was compared, so that a test which compares nothing is seen.
    let seen: [Cell<usize>; 7] = std::array::from_fn(|_| Cell::new(0));
    let count = |at: usize, more: usize| seen[at].set(seen[at].get() + more);
    thousands(|dice, bars| {
        let case = Case::new(dice, bars);
        let rules = rules(dice, &case.bars.close);
        let expected = naive::trade(&case.bars, &rules, case.terms);
        let found = traded(&case.portal, case.settings, &rules, case.first);
        case.compare(&found, &expected);
        for filled in &expected.fills {
            count(REASONS.iter().position(|reason| *reason == filled.reason).unwrap(), 1);
        }
        count(5, expected.capped as usize);
        count(6, usize::from(found.closed_at().is_some()));
    });
    assert!(seen[..6].iter().all(|seen| seen.get() > 1000) && seen[6].get() > 0, "hardly met: {seen:?}");
}

#[test]
fn weights_are_followed_as_by_a_plain_walk() {
    let (fills, closed) = (Cell::new(0), Cell::new(0));
    thousands(|dice, bars| {
        let case = Case::new(dice, bars);
        let held = dice.chance(0.3);
        let mut last = 0.0;
        let mut weight = || {
            // Some repeat the weight before, which is a rebalancing; some are all in, flat, or undefined.
            if !(held && dice.chance(0.8)) {
                last = match dice.below(8) {
                    0 => f64::NAN,
                    1 | 2 => dice.one_of(&[1.0, 0.0, -1.0]),
                    _ => 2.0 * dice.share() - 1.0,
                };
            }
            last
        };
        let column: Vec<f64> = case.bars.close.iter().map(|_| weight()).collect();
        let every = 1 + dice.below(7);
        let expected = naive::follow(&case.bars, &column, every, case.terms);
        let column = of_asset(7.0, case.first, &column);
        let found = run(&case.portal, case.settings, Weights { column: &column, every });
        case.compare(&found, &expected);
        fills.set(fills.get() + expected.fills.len());
        closed.set(closed.get() + usize::from(found.closed_at().is_some()));
    });
    assert!(fills.get() > 10_000 && closed.get() > 0, "hardly met: {fills:?} fills, {closed:?} ruins");
}
