//! Positions: each rule of docs/positions.md by hand, and all of them against a plain walk.

pub mod naive;
pub mod plain_metrics;
pub mod random;
mod rules;
mod stops;

use lookback::bundle::{Adjustment, Series};
use lookback::portal::{DataPortal, Options};
use lookback::sweep::{Backtest, Costs, FillAt, Plan, Settings, Signals, Sweep};
use lookback::{Bundle, Calendar, Frequency};
use rust_decimal::Decimal;

pub const DAY_NS: i64 = 86_400_000_000_000;

/// No costs, and a cash that makes small numbers.
pub fn free(fill: FillAt) -> Settings {
    let costs = Costs { fee: 0.0, commission: 0.0, slippage_bps: 0.0 };
    Settings { fill, costs, cash: 1000.0, ..Settings::default() }
}

/// One asset, by open, high, low and close of each day.
pub fn market(bars: &[[f64; 4]]) -> DataPortal {
    market_with(bars, &(0..bars.len() as i64).collect::<Vec<_>>(), Vec::new())
}

/// One asset, with its days since the epoch and its events.
pub fn market_with(bars: &[[f64; 4]], days: &[i64], adjustments: Vec<Adjustment>) -> DataPortal {
    let column = |field: usize| bars.iter().map(|bar| Decimal::try_from(bar[field]).unwrap()).collect();
    let series = Series {
        symbol: "A".into(),
        calendar: Calendar::new(days.iter().map(|day| day * DAY_NS).collect::<Vec<_>>()).unwrap(),
        values: [column(0), column(1), column(2), column(3), vec![Decimal::from(1000); bars.len()]],
        adjustments,
    };
    let bundle = Bundle::from_series("test", Frequency::Day, vec![series]).unwrap();
    DataPortal::new(bundle, Options::default()).unwrap()
}

/// Bars whose every price is the same.
pub fn flat(prices: &[f64]) -> DataPortal {
    market(&prices.iter().map(|price| [*price; 4]).collect::<Vec<_>>())
}

/// Bits that are set at these bars.
pub fn at(bars: &[usize]) -> Vec<u64> {
    Signals::bits((0..256).map(|bar| bars.contains(&bar)))
}

pub fn run<'a>(portal: &DataPortal, settings: Settings, plan: impl Into<Plan<'a>>) -> Backtest {
    Sweep::new().settings(settings).backtest_plan(portal, plan).unwrap()
}

/// Each fill: its bar, the market's price, the shares, and why.
pub fn told(backtest: &Backtest) -> Vec<(usize, f64, f64, &'static str)> {
    backtest.fills().map(|(_, fill)| (fill.bar, fill.price, fill.shares, fill.reason.name())).collect()
}
