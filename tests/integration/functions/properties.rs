//! What holds of all functions.

use lookback::Indicator;
use lookback::rule::{DegreeRule, Kernel, Unit, functions};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{Bars, Call, every_call, naive, same_bits};

/// Bars of a walk whose prices often tie and whose closes are between low and high.
pub fn bars(len: std::ops::Range<usize>) -> impl Strategy<Value = Bars> {
    let bar = (-3_i32..=3, -3_i32..=3, 0_i32..=2, 0_i32..=2, 0_u32..6, 0..4_u8);
    prop::collection::vec(bar, len).prop_map(|steps| {
        let (mut bars, mut price) = (Bars::default(), 100.0);
        for (step, gap, above, below, volume, condition) in steps {
            let open: f64 = price + f64::from(gap) * 0.25;
            let close: f64 = open + f64::from(step) * 0.37;
            let (low, high) = (open.min(close), open.max(close));
            let values = [
                open,
                high + f64::from(above) * 0.11,
                low - f64::from(below) * 0.13,
                close,
                f64::from(volume) * 100.0,
            ];
            for (column, value) in bars.columns_mut().into_iter().zip(values) {
                column.push(value);
            }
            bars.condition.push([Some(true), Some(false), None, Some(true)][usize::from(condition)]);
            price = close.max(20.0);
        }
        bars
    })
}

/// Takes away some cells, or all of a bar.
fn with_holes(mut bars: Bars, holes: &[(usize, usize)]) -> Bars {
    let len = bars.len();
    for &(bar, column) in holes {
        for (at, values) in bars.columns_mut().into_iter().enumerate() {
            if at == column || column >= 5 {
                values[bar % len] = f64::NAN;
            }
        }
    }
    bars
}

fn holes() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..200_usize, 0..8_usize), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::with_cases(48) })]

    #[test]
    fn a_function_is_what_its_definition_says_bar_by_bar(bars in bars(1..70), holes in holes()) {
        let bars = with_holes(bars, &holes);
        for call in every_call() {
            let (found, expected) = (call.compute(&bars), naive::compute(&call, &bars));
            for (bar, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let is_same = found.is_nan() && expected.is_nan()
                    || (found - expected).abs() <= 1e-9 * expected.abs().max(1.0);
                prop_assert!(is_same, "{} at bar {}: {}, expected {}", call, bar, found, expected);
            }
        }
    }

    #[test]
    fn a_later_bar_changes_no_bit(bars in bars(1..50), holes in holes(), first in 0..50_usize) {
        let bars = with_holes(bars, &holes);
        let until = first % (bars.len() + 1);
        for call in every_call() {
            let (whole, part) = (call.compute(&bars), call.compute(&bars.part(0..until)));
            prop_assert!(same_bits(&part, &whole[..until]), "{} over the first {} bars", call, until);
        }
    }

    #[test]
    fn a_function_begins_anew_behind_a_bar_that_is_missing(bars in bars(2..70), gap in 0..70_usize) {
        let gap = gap % bars.len();
        let mut bars = with_holes(bars, &[(gap, 5)]);
        bars.condition.fill(Some(false));
        for call in every_call() {
            // These look at one bar of the past, and not at those between.
            if matches!(call.function.name, "change" | "roc") {
                continue;
            }
            let (whole, rest) = (call.compute(&bars), call.compute(&bars.part(gap + 1..bars.len())));
            prop_assert!(same_bits(&rest, &whole[gap + 1..]), "{} behind bar {}", call, gap);
        }
    }

    #[test]
    fn a_function_moves_with_prices_and_volumes_as_its_degree_says(
        bars in bars(1..70), holes in holes(), price in -9..9_i32, volume in -9..9_i32,
    ) {
        let bars = with_holes(bars, &holes);
        // A root of prices moves in steps of four.
        let (price, volume) = (4.0_f64.powi(price), 4.0_f64.powi(volume));
        let scaled = bars.scaled(price, volume);
        for call in every_call() {
            if call.function.degree == DegreeRule::Plain {
                continue;
            }
            let scale = degree_scale(&call, price, volume);
            let expected: Vec<_> = call.compute(&bars).iter().map(|value| value * scale).collect();
            prop_assert!(same_bits(&call.compute(&scaled), &expected), "{}", call);
        }
    }

    #[test]
    fn no_value_is_infinite(cells in prop::collection::vec((0..12_usize, 0..12_usize, 0..12_usize), 1..60)) {
        let odd = [0.0, -0.0, 1.0, -1.0, 1e300, -1e300, 5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 3.0];
        let column = |of: fn(&(usize, usize, usize)) -> usize| cells.iter().map(|cell| odd[of(cell)]).collect::<Vec<_>>();
        let bars = Bars {
            open: column(|cell| cell.0),
            high: column(|cell| cell.1),
            low: column(|cell| cell.2),
            close: column(|cell| cell.0 ^ cell.1 & 3),
            volume: column(|cell| cell.2 ^ cell.0 & 3),
            condition: cells.iter().map(|cell| [Some(true), Some(false), None][cell.0 % 3]).collect(),
        };
        for call in every_call() {
            let found = call.compute(&bars);
            prop_assert!(!found.iter().any(|value| value.is_infinite()), "{}: {:?}", call, found);
        }
    }

    #[test]
    fn the_sma_of_a_rule_has_the_bits_of_the_indicator(bars in bars(1..70), holes in holes(), n in 1..20_usize) {
        let bars = with_holes(bars, &holes);
        let found = Call::parse(&format!("sma {n}")).compute(&bars);
        prop_assert!(same_bits(&found, &Indicator::sma(n).unwrap().compute(&[&bars.close])));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::with_cases(24) })]

    /// The kernel reads the series adjusted as of the last bar; the definition reads, for each bar, the one adjusted as of it.
    #[test]
    fn a_function_across_a_split_and_a_dividend_is_that_of_prices_as_they_stood(
        traded in bars(30..45), split in 1..28_usize, dividend in 1..28_usize,
    ) {
        let events = [(split, 1.0 / 3.0, 3.0), (dividend, 0.983, 1.0)];
        let as_of = |bar: usize| {
            let mut bars = traded.part(0..bar + 1);
            for (event, price, volume) in events.into_iter().filter(|event| event.0 <= bar) {
                for (column, scale) in bars.columns_mut().into_iter().zip([price, price, price, price, volume]) {
                    column[..event].iter_mut().for_each(|value| *value *= scale);
                }
            }
            bars
        };
        let last = as_of(traded.len() - 1);
        let calls = every_call().into_iter().filter(|call| !call.counts.contains(&1));
        for call in calls.filter(|call| call.function.degree != DegreeRule::Plain) {
            let found = call.compute(&last);
            for (bar, found) in found.into_iter().enumerate() {
                let later = events.iter().filter(|event| event.0 > bar);
                let (price, volume) = later.fold((1.0, 1.0), |scale, event| (scale.0 / event.1, scale.1 / event.2));
                let found = found * degree_scale(&call, price, volume);
                let expected = naive::compute(&call, &as_of(bar))[bar];
                let is_same = found.is_nan() && expected.is_nan()
                    || (found - expected).abs() <= 1e-8 * expected.abs().max(1.0);
                prop_assert!(is_same, "{} at bar {}: {}, expected {}", call, bar, found, expected);
            }
        }
    }
}

/// What a value is multiplied by where prices and volumes are.
fn degree_scale(call: &Call, price: f64, volume: f64) -> f64 {
    match call.function.degree {
        _ if call.function.unit == Unit::Truth => 1.0,
        DegreeRule::Free => 1.0,
        DegreeRule::Of(_) | DegreeRule::Equal => price,
        DegreeRule::Square => price * price,
        DegreeRule::Root => price.sqrt(),
        DegreeRule::Fixed { price: in_price, volume: in_volume } => {
            price.powi(in_price.into()) * volume.powi(in_volume.into())
        }
        other => panic!("{call}: {other:?} has no scale"),
    }
}

/// A walk of many bars that does not tie.
pub fn walk(len: usize) -> Bars {
    let mut random = fastrand::Rng::with_seed(5);
    let (mut bars, mut price) = (Bars::default(), 50.0);
    for _ in 0..len {
        let open = price * (1.0 + 0.01 * (random.f64() - 0.5));
        let close = open * (1.0 + 0.02 * (random.f64() - 0.5));
        let (low, high) = (open.min(close) * (1.0 - 0.004 * random.f64()), open.max(close) * 1.003);
        let values = [open, high, low, close, 1e6 * (0.5 + random.f64())];
        for (column, value) in bars.columns_mut().into_iter().zip(values) {
            column.push(value);
        }
        bars.condition.push(Some(close > open));
        price = close;
    }
    bars
}

#[test]
fn the_first_value_comes_after_as_many_bars_as_the_table_says() {
    let mut bars = walk(200);
    bars.condition.fill(Some(true));
    for call in every_call() {
        let first = call.compute(&bars).iter().position(|value| !value.is_nan());
        // `false and undefined` is false: a cross may be denied one bar earlier than it can be seen.
        let expected = (call.function.warm_up)(&call.counts);
        let is_early = call.function.name.starts_with("cross") && first == Some(0);
        let is_later = call.function.name == "value_when" && first == Some(call.counts[0]);
        assert!(first == Some(expected) || is_early || is_later, "{call}: {first:?}, expected {expected}");
    }
}

#[test]
fn a_window_forgets_a_bad_price_of_long_ago() {
    let clean = walk(3_000);
    let mut spoilt = clean.clone();
    for (column, value) in spoilt.columns_mut().into_iter().zip([3e11, 4e11, 2e11, 3e11, 1e15]) {
        column[700] = value;
    }
    // A total never forgets, and Kaufman's average hardly.
    for call in every_call().into_iter().filter(|call| !matches!(call.function.name, "obv" | "kama")) {
        let (clean, spoilt) = (call.compute(&clean), call.compute(&spoilt));
        for (bar, (clean, spoilt)) in clean.iter().zip(&spoilt).enumerate().skip(2_500) {
            let is_same = (clean - spoilt).abs() <= 1e-9 * clean.abs().max(1e-3) || clean.is_nan();
            assert!(is_same, "{call} at bar {bar}: {spoilt}, expected {clean}");
        }
    }
}

#[test]
fn a_spread_keeps_its_digits_beside_a_level_that_is_a_million_times_larger() {
    let mut random = fastrand::Rng::with_seed(9);
    let mut near = Bars::default();
    for column in near.columns_mut() {
        // Steps of 2^-10, so that the level is added without rounding.
        *column = (0..400).map(|_| f64::from(random.u16(..4_096)) / 1_024.0).collect();
    }
    near.condition = vec![Some(true); 400];
    let mut far = near.clone();
    for column in far.columns_mut() {
        column.iter_mut().for_each(|value| *value += f64::from(1 << 22));
    }
    // From one level to the other, as a price does whose split was not recorded.
    let mut jump = near.clone();
    jump.close[200..].copy_from_slice(&far.close[200..]);
    for name in ["stdev 20", "variance 50", "correlation 20", "linreg_slope 20", "zscore 20"] {
        let call = Call::parse(name);
        let [near, far, jump] = [&near, &far, &jump].map(|bars| call.compute(bars));
        for bar in 250..400 {
            assert!((far[bar] - near[bar]).abs() <= 1e-8 * near[bar].abs().max(0.01), "{name} at bar {bar}");
            let is_same = (jump[bar] - far[bar]).abs() <= 1e-8 * far[bar].abs().max(0.01);
            assert!(is_same || name.starts_with("corr"), "{name} at bar {bar}: {}, {}", jump[bar], far[bar]);
        }
    }
}

#[test]
fn prices_that_do_not_move_have_no_spread_no_strength_and_no_place_in_their_range() {
    // Each is 0.1 by another way of rounding.
    let noisy: Vec<f64> = (0..60).map(|bar| if bar % 7 == 3 { 0.3 / 3.0 } else { 0.1 }).collect();
    for prices in [vec![0.1; 60], noisy] {
        let mut bars = Bars { volume: vec![100.0; 60], condition: vec![Some(true); 60], ..Bars::default() };
        for column in bars.columns_mut().into_iter().take(4) {
            column.clone_from(&prices);
        }
        for name in ["rsi 5", "zscore 5", "correlation 5", "stoch_k 5", "williams_r 5", "cci 5", "mfi 5"] {
            let found = Call::parse(name).compute(&bars);
            assert!(found.iter().all(|value| value.is_nan()), "{name}: {found:?}");
        }
        for (name, expected) in
            [("obv", 0.0), ("percent_rank 5", 100.0), ("highest_bars 5", 0.0), ("rising 5", 0.0)]
        {
            assert_eq!(Call::parse(name).compute(&bars)[30], expected, "{name}");
        }
        let spread = Call::parse("stdev 5").compute(&bars);
        assert!(spread[4..].iter().all(|value| *value < 1e-16), "{spread:?}");
    }
    let flat = Bars { close: vec![0.1; 60], ..Bars::default() };
    for name in ["stdev 20", "linreg_slope 20", "change 5"] {
        let found = Call::parse(name).compute(&flat.clone());
        assert_eq!(found.iter().find(|value| !value.is_nan()), Some(&0.0), "{name}");
    }
}

#[test]
fn the_table_names_each_function_once_and_explains_it() {
    let mut names: Vec<_> =
        functions().flat_map(|function| function.aliases.iter().copied().chain([function.name])).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
    for function in functions() {
        let texts = [function.name, function.definition, function.source, function.range];
        assert!(texts.iter().all(|text| !text.is_empty()), "{} is not explained", function.name);
        let is_truth = matches!(function.kernel, Kernel::Truth(_));
        assert_eq!(function.unit == Unit::Truth, is_truth, "{}", function.name);
    }
}
