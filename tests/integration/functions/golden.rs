//! What TA-Lib and pandas say of the same bars. tests/data/functions/make_golden.py made the files.

use super::{Bars, Call};

const BARS: &str = include_str!("../../data/functions/bars.csv");
const GOLDEN: &str = include_str!("../../data/functions/golden.csv");

/// From this bar on TA-Lib's other seeds have worn off.
const LATE: usize = 388;

fn bars() -> Bars {
    let mut bars = Bars::default();
    for line in BARS.lines().skip(1) {
        let mut values = line.split(',').map(|value| value.parse::<f64>().unwrap());
        for column in bars.columns_mut() {
            column.push(values.next().unwrap());
        }
    }
    bars.condition = bars.close.iter().zip(&bars.open).map(|(close, open)| Some(close > open)).collect();
    bars
}

#[test]
fn functions_agree_with_talib_and_pandas() {
    let bars = bars();
    let mut lines = GOLDEN.lines();
    let columns = lines.next().unwrap().split(',').skip(1).map(|name| name.split_once(' ').unwrap());
    let computed: Vec<_> = columns.map(|(who, call)| (who, call, Call::parse(call).compute(&bars))).collect();
    let mut compared = vec![0; computed.len()];
    for line in lines {
        let mut cells = line.split(',');
        let bar: usize = cells.next().unwrap().parse().unwrap();
        for (at, cell) in cells.enumerate() {
            let (who, call, values) = &computed[at];
            if *who == "talib-late" && bar < LATE {
                continue;
            }
            compared[at] += 1;
            let found = values[bar];
            if cell.is_empty() {
                let is_truth = Call::parse(call).function.unit == lookback::rule::Unit::Truth;
                assert!(found.is_nan() || is_truth, "{who} {call} at bar {bar}: {found}, expected none");
                continue;
            }
            let expected: f64 = cell.parse().unwrap();
            // pandas has no third truth: what is unknown is false there.
            let is_unknown = found.is_nan() && expected == 0.0 && call.starts_with("cross");
            let tolerance = 1e-10 * expected.abs().max(1.0);
            assert!(
                is_unknown || (found - expected).abs() <= tolerance,
                "{who} {call} at bar {bar}: {found}, expected {expected}"
            );
        }
    }
    assert!(compared.iter().all(|rows| *rows >= 12), "{compared:?}");
}

#[test]
fn every_function_that_others_have_is_in_the_golden_file() {
    let named: Vec<_> = GOLDEN.lines().next().unwrap().split(',').collect();
    let is_there = |name: &str| named.iter().any(|column| column.split(' ').nth(1) == Some(name));
    let missing: Vec<_> =
        lookback::rule::functions().map(|function| function.name).filter(|name| !is_there(name)).collect();
    assert_eq!(missing, ["clamp", "nz"], "neither TA-Lib nor pandas is needed for these");
}
