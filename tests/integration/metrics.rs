//! Metrics: each row of the table by hand on a few bars, and all of them against a plain computation from the equity.

use lookback::sweep::{
    Backtest, Bar, Costs, FillAt, Metric, Parameter, Point, Settings, Setup, Strategy, Sweep,
};
use lookback::{DataPortal, Error};

use super::stocks;

/// A strategy that sets fixed targets at fixed bars.
macro_rules! script {
    ($name:ident: $($bar:literal => $weight:expr),*) => {
        struct $name;
        impl Strategy for $name {
            const NAME: &'static str = stringify!($name);
            fn parameters() -> Result<Vec<Parameter>, Error> {
                Ok(Vec::new())
            }
            fn start(_: &Point<'_>, _: &mut Setup<'_>) -> Result<Self, Error> {
                Ok(Self)
            }
            fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
                match bar.index() {
                    $($bar => bar.set_target($weight),)*
                    _ => {}
                }
                Ok(())
            }
        }
    };
}

script!(Nothing: 999 => 1.0);
script!(Hold: 0 => 1.0);
script!(TwoTrades: 0 => 1.0, 1 => 0.0, 2 => 1.0, 3 => 0.0);
script!(BuyLast: 3 => 1.0);
script!(Short: 0 => -1.0, 2 => 0.0);
script!(Squeezed: 0 => -1.0, 1 => 1.0, 2 => 1.0);
script!(Flip: 0 => 0.5, 1 => -1.0, 2 => 1.0, 3 => -0.25);
script!(Again: 0 => 1.0, 1 => 1.0, 2 => 0.0, 3 => 0.0);

const FREE: Costs = Costs { fee: 0.0, commission: 0.0, slippage_bps: 0.0 };

fn settings(costs: Costs) -> Settings {
    Settings { fill: FillAt::Close, costs, cash: 1000.0, ..Settings::default() }
}

fn backtest<S: Strategy>(portal: &DataPortal, settings: Settings) -> Backtest {
    Sweep::new().settings(settings).backtest::<S>(portal).unwrap()
}

fn run<S: Strategy>(closes: &[f64], costs: Costs) -> Backtest {
    backtest::<S>(&stocks::portal(vec![stocks::closes("A", closes)]), settings(costs))
}

#[track_caller]
fn check(backtest: &Backtest, metric: Metric, expected: impl Into<Option<f64>>) {
    match (backtest.metrics().get(metric), expected.into()) {
        (Some(found), Some(expected)) => {
            assert!(
                (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
                "{metric}: {found}, not {expected}"
            );
        }
        (found, expected) => assert_eq!(found, expected, "{metric}"),
    }
}

#[test]
fn a_trial_without_trades_has_no_made_up_numbers() {
    let backtest = run::<Nothing>(&[10.0, 11.0, 12.0, 9.0], FREE);
    for metric in
        [Metric::Sharpe, Metric::Sortino, Metric::Calmar, Metric::WinRate, Metric::ProfitFactor, Metric::Cagr]
    {
        check(&backtest, metric, None);
    }
    let zero = [
        Metric::TotalReturn,
        Metric::Volatility,
        Metric::MaxDrawdown,
        Metric::MaxDrawdownBars,
        Metric::Trades,
        Metric::OpenTrades,
        Metric::Exposure,
        Metric::Turnover,
        Metric::Costs,
    ];
    zero.into_iter().for_each(|metric| check(&backtest, metric, 0.0));
}

#[test]
fn a_held_asset_has_the_returns_of_its_closes() {
    // r = 0, 0.25, -0.2, 0.5: mean 0.1375, squares 0.3525.
    let backtest = run::<Hold>(&[8.0, 10.0, 8.0, 12.0], FREE);
    let variance = (0.3525 - 4.0 * 0.1375 * 0.1375) / 3.0;
    check(&backtest, Metric::TotalReturn, 0.5);
    check(&backtest, Metric::Volatility, (variance * 252.0_f64).sqrt());
    check(&backtest, Metric::Sharpe, 0.1375 / variance.sqrt() * 252.0_f64.sqrt());
    check(&backtest, Metric::Sortino, 0.1375 / (0.04_f64 / 4.0).sqrt() * 252.0_f64.sqrt());
    check(&backtest, Metric::MaxDrawdown, -0.2);
    check(&backtest, Metric::MaxDrawdownBars, 1.0);
    check(&backtest, Metric::Trades, 0.0);
    check(&backtest, Metric::OpenTrades, 1.0);
    check(&backtest, Metric::WinRate, None);
    check(&backtest, Metric::Exposure, 1.0);
    // 1000 traded over 4 bars of a mean equity of (1000 + 1250 + 1000 + 1500) / 4.
    check(&backtest, Metric::Turnover, 1000.0 / 1187.5 * 252.0 / 4.0);
}

#[test]
fn the_peak_of_a_drawdown_starts_at_the_cash() {
    let costs = Costs { fee: 0.25, ..FREE };
    let backtest = run::<Hold>(&[8.0, 8.0, 8.0], costs);
    check(&backtest, Metric::MaxDrawdown, -0.2);
    check(&backtest, Metric::MaxDrawdownBars, 3.0);
    check(&backtest, Metric::TotalReturn, -0.2);
    check(&backtest, Metric::Costs, 200.0);
}

#[test]
fn a_close_that_only_reaches_the_peak_ends_the_drawdown() {
    let backtest = run::<Hold>(&[8.0, 6.0, 7.0, 8.0, 4.0, 5.0, 7.0], FREE);
    check(&backtest, Metric::MaxDrawdownBars, 3.0);
    check(&backtest, Metric::MaxDrawdown, -0.5);
}

#[test]
fn no_losing_bar_leaves_sortino_and_calmar_undefined() {
    let closes: Vec<f64> = (0..40).map(|day| 100.0 + f64::from(day)).collect();
    let backtest = run::<Hold>(&closes, FREE);
    check(&backtest, Metric::Sortino, None);
    check(&backtest, Metric::Calmar, None);
    check(&backtest, Metric::Cagr, 1.39_f64.powf(365.25 / 39.0) - 1.0);
    assert!(backtest.metrics().get(Metric::Sharpe).is_some());
}

#[test]
fn calmar_is_the_cagr_by_the_drawdown() {
    let mut closes = vec![100.0; 31];
    closes[10] = 80.0;
    closes[30] = 110.0;
    let backtest = run::<Hold>(&closes, FREE);
    let cagr = 1.1_f64.powf(365.25 / 30.0) - 1.0;
    check(&backtest, Metric::Cagr, cagr);
    check(&backtest, Metric::Calmar, cagr / 0.2);
    // One calendar day less is under 30.
    let backtest = run::<Hold>(&closes[1..], FREE);
    check(&backtest, Metric::Cagr, None);
    check(&backtest, Metric::Calmar, None);
}

#[test]
fn one_bar_has_neither_volatility_nor_sharpe() {
    let backtest = run::<Hold>(&[10.0], Costs { fee: 0.25, ..FREE });
    check(&backtest, Metric::Volatility, None);
    check(&backtest, Metric::Sharpe, None);
    check(&backtest, Metric::TotalReturn, -0.2);
    check(&backtest, Metric::Sortino, -(252.0_f64.sqrt()));
}

#[test]
fn equal_returns_have_no_variance() {
    // -0.2 by the fee, then nothing else: and with one bar of -0.2 twice, all returns are the same.
    let backtest = run::<Hold>(&[10.0, 8.0, 6.4], Costs { fee: 0.25, ..FREE });
    check(&backtest, Metric::Sharpe, None);
    check(&backtest, Metric::Volatility, 0.0);
}

#[test]
fn round_trips_are_won_or_lost_after_costs() {
    // 1000 -> 1250 by the first, 1250 -> 1000 by the second.
    let backtest = run::<TwoTrades>(&[8.0, 10.0, 10.0, 8.0], FREE);
    check(&backtest, Metric::Trades, 2.0);
    check(&backtest, Metric::OpenTrades, 0.0);
    check(&backtest, Metric::WinRate, 0.5);
    check(&backtest, Metric::ProfitFactor, 1.0);
    check(&backtest, Metric::Exposure, 0.5);
    // The first gain of 25 % is eaten by a fee of 25 % to buy and to sell.
    let backtest = run::<TwoTrades>(&[8.0, 10.0, 10.0, 8.0], Costs { fee: 0.25, ..FREE });
    check(&backtest, Metric::WinRate, 0.0);
    check(&backtest, Metric::ProfitFactor, 0.0);
    // 1000 buys 100 at 8 for 800, which sell for 1000 less 250; 750 buys 60 at 10, which sell for 480 less 120.
    check(&backtest, Metric::TotalReturn, 0.36 - 1.0);
    check(&backtest, Metric::Costs, 200.0 + 250.0 + 150.0 + 120.0);
}

#[test]
fn only_winners_leave_the_profit_factor_undefined() {
    let backtest = run::<TwoTrades>(&[8.0, 10.0, 10.0, 12.0], FREE);
    check(&backtest, Metric::WinRate, 1.0);
    check(&backtest, Metric::ProfitFactor, None);
}

#[test]
fn an_order_of_the_last_bar_waits_for_an_open_that_never_comes() {
    let portal = stocks::portal(vec![stocks::closes("A", &[8.0, 10.0, 10.0, 12.0])]);
    let next_open = Settings { fill: FillAt::NextOpen, ..settings(FREE) };
    assert_eq!(backtest::<BuyLast>(&portal, next_open).fills().len(), 0);
    assert_eq!(backtest::<BuyLast>(&portal, settings(FREE)).fills().len(), 1);
}

#[test]
fn the_next_open_is_what_an_order_is_filled_at() {
    let series = stocks::asset("A", &[(1.0, 2.0), (4.0, 5.0), (6.0, 8.0)], Vec::new());
    let next_open = Settings { fill: FillAt::NextOpen, ..settings(FREE) };
    let backtest = backtest::<Hold>(&stocks::portal(vec![series]), next_open);
    let equity: Vec<f64> = backtest.equity().map(|(_, equity)| equity).collect();
    assert_eq!(equity, [1000.0, 1250.0, 2000.0]);
    let (date, fill) = backtest.fills().next().unwrap();
    assert_eq!((date.to_string().as_str(), fill.price, fill.shares), ("2024-01-02", 4.0, 250.0));
}

#[test]
fn a_short_gains_what_the_price_loses() {
    let backtest = run::<Short>(&[10.0, 12.0, 8.0, 20.0], FREE);
    let equity: Vec<f64> = backtest.equity().map(|(_, equity)| equity).collect();
    assert_eq!(equity, [1000.0, 800.0, 1200.0, 1200.0]);
    check(&backtest, Metric::WinRate, 1.0);
    check(&backtest, Metric::Exposure, 0.5);
    check(&backtest, Metric::MaxDrawdown, -0.2);
}

#[test]
fn a_short_that_loses_everything_closes_the_account_and_is_finished() {
    // 100 shares short at 10: at 30 the account of 1000 owes 1000 more.
    let closes = [[10.0, 30.0, 8.0].as_slice(), &[20.0; 40]].concat();
    let backtest = run::<Short>(&closes, FREE);
    let equity: Vec<f64> = backtest.equity().map(|(_, equity)| equity).collect();
    assert_eq!(equity[..3], [1000.0, 0.0, 0.0]);
    assert_eq!((equity.len(), equity.last()), (43, Some(&0.0)));
    assert_eq!(backtest.fills().len(), 1);
    for loss in [Metric::TotalReturn, Metric::Cagr, Metric::MaxDrawdown] {
        check(&backtest, loss, -1.0);
    }
    check(&backtest, Metric::Debt, 1000.0);
    check(&backtest, Metric::Trades, 1.0);
    check(&backtest, Metric::OpenTrades, 0.0);
    check(&backtest, Metric::WinRate, 0.0);
    check(&backtest, Metric::Exposure, 1.0 / 43.0);
    // One return of -100 % among 43.
    let (mean, bars) = (-1.0 / 43.0, 43.0);
    let variance: f64 = (42.0 * f64::powi(mean, 2) + f64::powi(-1.0 - mean, 2)) / (bars - 1.0);
    check(&backtest, Metric::Sharpe, mean / variance.sqrt() * 252.0_f64.sqrt());
}

#[test]
fn who_owes_after_buying_back_is_closed_at_that_bar_and_orders_nothing_more() {
    // Sells 100 at 10, buys back at the open of 25, and would buy at the close.
    let bars = [(10.0, 10.0), (10.0, 10.0), (25.0, 12.0), (12.0, 12.0), (12.0, 12.0)];
    let portal = stocks::portal(vec![stocks::asset("A", &bars, Vec::new())]);
    let next_open = Settings { fill: FillAt::NextOpen, ..settings(FREE) };
    let backtest = backtest::<Squeezed>(&portal, next_open);
    let equity: Vec<f64> = backtest.equity().map(|(_, equity)| equity).collect();
    assert_eq!(equity, [1000.0, 1000.0, 0.0, 0.0, 0.0]);
    check(&backtest, Metric::Debt, 500.0);
    assert_eq!(backtest.fills().map(|(_, fill)| fill.shares).collect::<Vec<_>>(), [-100.0, 100.0]);
}

#[test]
fn a_strategy_sees_that_its_account_is_closed() {
    let closes = [10.0, 30.0, 8.0, 20.0];
    let backtest = run::<Watching>(&closes, FREE);
    check(&backtest, Metric::Debt, 1000.0);
}

/// Short at the first bar; fails unless nothing is left from the second on.
struct Watching;

impl Strategy for Watching {
    const NAME: &'static str = "watching";
    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(Vec::new())
    }
    fn start(_: &Point<'_>, _: &mut Setup<'_>) -> Result<Self, Error> {
        Ok(Self)
    }
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        match bar.index() {
            0 => bar.set_target(-1.0),
            _ => assert_eq!((bar.equity(), bar.position()), (0.0, 0.0)),
        }
        Ok(())
    }
}

#[test]
fn a_flip_closes_one_round_trip_and_opens_another() {
    // Half long at 10: 500 in shares. At 12 worth 1100: short 1100. At 11, worth 1200.8: long. At 12, a quarter short.
    let backtest = run::<Flip>(&[10.0, 12.0, 11.0, 12.0, 12.0], FREE);
    check(&backtest, Metric::Trades, 3.0);
    check(&backtest, Metric::OpenTrades, 1.0);
    check(&backtest, Metric::WinRate, 1.0);
    let equity = 1100.0 * (1.0 + 1.0 / 12.0) * (12.0 / 11.0);
    check(&backtest, Metric::TotalReturn, equity / 1000.0 - 1.0);
}

#[test]
fn the_same_target_twice_is_one_trade() {
    for costs in [FREE, Costs { fee: 0.001, commission: 1.0, slippage_bps: 3.0 }] {
        let backtest = run::<Again>(&[10.0, 12.3, 11.7, 12.0, 12.0], costs);
        assert_eq!(backtest.fills().len(), 2);
        check(&backtest, Metric::Trades, 1.0);
    }
}

#[test]
fn periods_follow_the_setting() {
    let portal = stocks::portal(vec![stocks::closes("A", &[8.0, 10.0, 8.0, 12.0])]);
    let by_frequency = backtest::<Hold>(&portal, settings(FREE));
    let crypto = backtest::<Hold>(&portal, Settings { periods_per_year: Some(1008.0), ..settings(FREE) });
    let of = |backtest: &Backtest| backtest.metrics().get(Metric::Sharpe).unwrap();
    assert!((of(&crypto) - 2.0 * of(&by_frequency)).abs() < 1e-12);
}

/// Metrics from nothing but the equity per bar.
fn plainly(backtest: &Backtest, cash: f64) -> [(Metric, Option<f64>); 6] {
    let equity: Vec<f64> = backtest.equity().map(|(_, equity)| equity).collect();
    let (mut before, mut peak, mut below, mut longest, mut worst) = (cash, cash, 0, 0, 0.0_f64);
    let mut returns = Vec::new();
    for now in &equity {
        returns.push(now / before - 1.0);
        before = *now;
        // Equal to rounding is not below: shares times the same close may differ in the last bit.
        below = if *now < peak * (1.0 - 1e-15) { below + 1 } else { 0 };
        longest = longest.max(below);
        peak = peak.max(*now);
        worst = worst.min(now / peak - 1.0);
    }
    let bars = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / bars;
    let variance = returns.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (bars - 1.0);
    let downside = returns.iter().map(|r| r.min(0.0).powi(2)).sum::<f64>() / bars;
    let root = 252.0_f64.sqrt();
    [
        (Metric::TotalReturn, Some(before / cash - 1.0)),
        (Metric::Volatility, Some(variance.sqrt() * root)),
        (Metric::Sharpe, (variance > 0.0).then(|| mean / variance.sqrt() * root)),
        (Metric::Sortino, (downside > 0.0).then(|| mean / downside.sqrt() * root)),
        (Metric::MaxDrawdown, Some(worst)),
        (Metric::MaxDrawdownBars, Some(f64::from(longest))),
    ]
}

/// Weights that change often: all in, partial, short, flat.
struct Restless(usize);

impl Strategy for Restless {
    const NAME: &'static str = "restless";
    fn parameters() -> Result<Vec<Parameter>, Error> {
        Ok(vec!["every=1:60".parse()?])
    }
    fn start(point: &Point<'_>, _: &mut Setup<'_>) -> Result<Self, Error> {
        Ok(Self(point.usize("every")?))
    }
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        const WEIGHTS: [f64; 7] = [1.0, 0.0, 0.5, 1.0, -0.3, 1.0, 0.7];
        if bar.index().is_multiple_of(self.0) {
            bar.set_target(WEIGHTS[bar.index() / self.0 % WEIGHTS.len()]);
        }
        Ok(())
    }
}

#[test]
fn metrics_are_those_of_the_equity_curve() {
    let portal = stocks::portal(vec![stocks::walk("A", 700, 1), stocks::walk("B", 333, 2)]);
    for (symbol, every, fill) in [
        ("A", 1, FillAt::Close),
        ("A", 13, FillAt::NextOpen),
        ("A", 60, FillAt::Close),
        ("B", 2, FillAt::NextOpen),
        ("B", 7, FillAt::Close),
        ("B", 41, FillAt::NextOpen),
    ] {
        let settings = Settings { fill, ..settings(Costs::default()) };
        let sweep = Sweep::new()
            .asset(symbol)
            .parameter(format!("every={every}").parse().unwrap())
            .settings(settings);
        let backtest = sweep.backtest::<Restless>(&portal).unwrap();
        for (metric, expected) in plainly(&backtest, 1000.0) {
            let found = backtest.metrics().get(metric);
            let near = found
                .zip(expected)
                .map_or(found == expected, |(a, b)| (a - b).abs() <= 1e-12 * b.abs().max(1.0));
            assert!(near, "{symbol} every {every} {fill} {metric}: {found:?}, plainly {expected:?}");
        }
    }
}
