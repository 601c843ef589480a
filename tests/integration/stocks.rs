//! Bundles that tests of the sweep are run on.

use std::path::Path;

use lookback::bundle::{Adjustment, Series};
use lookback::portal::{DataPortal, Options};
use lookback::{Bundle, Calendar, Frequency, Timestamp};
use rust_decimal::Decimal;

const DAY_NS: i64 = 86_400_000_000_000;

/// One asset: a bar a day from 2024-01-01, by open and close.
pub fn asset(symbol: &str, bars: &[(f64, f64)], adjustments: Vec<Adjustment>) -> Series {
    let start = Timestamp::from_date(2024, 1, 1).unwrap().0;
    let moments: Vec<i64> = (0..bars.len() as i64).map(|day| start + day * DAY_NS).collect();
    let decimals = |value: &dyn Fn(&(f64, f64)) -> f64| -> Vec<Decimal> {
        bars.iter().map(|bar| Decimal::try_from(value(bar)).unwrap()).collect()
    };
    let values = [
        decimals(&|bar| bar.0),
        decimals(&|bar| bar.0.max(bar.1)),
        decimals(&|bar| bar.0.min(bar.1)),
        decimals(&|bar| bar.1),
        decimals(&|_| 1000.0),
    ];
    Series { symbol: symbol.into(), calendar: Calendar::new(moments).unwrap(), values, adjustments }
}

/// One asset whose every bar opens where the one before closed.
pub fn closes(symbol: &str, closes: &[f64]) -> Series {
    let opens = std::iter::once(&closes[0]).chain(closes);
    let bars: Vec<(f64, f64)> = opens.zip(closes).map(|(open, close)| (*open, *close)).collect();
    asset(symbol, &bars, Vec::new())
}

pub fn portal(series: Vec<Series>) -> DataPortal {
    let bundle = Bundle::from_series("test", Frequency::Day, series).unwrap();
    DataPortal::new(bundle, Options::default()).unwrap()
}

/// A walk of rounded prices that goes up and down, the same in every run.
pub fn walk(symbol: &str, bars: usize, seed: u64) -> Series {
    let mut state = seed;
    let mut next = || {
        // Source: S. Vigna, SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    let mut price: f64 = 100.0;
    let bars: Vec<(f64, f64)> = (0..bars)
        .map(|_| {
            let open = price * (1.0 + 0.01 * next());
            price = open * (1.0 + 0.05 * next());
            ((open * 100.0).round() / 100.0, (price * 100.0).round() / 100.0)
        })
        .collect();
    asset(symbol, &bars, Vec::new())
}

/// The rows of a file of `tests/data`, without the header.
pub fn rows(file: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// The synthetic series that the reference was made on.
pub fn synthetic() -> Series {
    let rows = rows("SYN00.csv");
    let moments: Vec<i64> =
        rows.iter().map(|row| row[0].parse::<lookback::When>().unwrap().first_moment().0).collect();
    let column = |at: usize| rows.iter().map(|row| row[at].parse::<Decimal>().unwrap()).collect();
    let values = [column(1), column(2), column(3), column(4), column(5)];
    let calendar = Calendar::new(moments).unwrap();
    Series { symbol: "SYN00".into(), calendar, values, adjustments: Vec::new() }
}
