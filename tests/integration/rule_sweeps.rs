//! Rules that are swept: the trades of a strategy's type, the same through a cache of any size, and what is refused.

use lookback::cache;
use lookback::portal::{DataPortal, Options};
use lookback::strategies::{BUILTINS, Builtin, SmaAbove, SmaCross};
use lookback::sweep::{FillAt, Metric, Outcome, Part, Results, RuleSet, Settings, Strategy, Sweep, above};
use lookback::{Adjust, Bundle, Field, Frequency};

use super::stocks;

fn sample() -> DataPortal {
    DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap()
}

/// Every metric of every trial, to the last bit.
fn bits(results: &Results) -> Vec<Option<[u64; Metric::ALL.len()]>> {
    results.trials().map(|trial| trial.outcome.metrics().map(|metrics| metrics.to_bits())).collect()
}

fn cross() -> RuleSet {
    Builtin::find("sma-cross").unwrap().rules().unwrap()
}

/// One rule with parameters, as it would be typed.
fn rules(rules: &[(Part, &str)], parameters: &[&str]) -> RuleSet {
    let set = rules.iter().fold(RuleSet::new("rules"), |set, (part, text)| set.rule(*part, *text));
    parameters.iter().fold(set, |set, one| set.parameter(one.parse().unwrap()))
}

fn error(set: &RuleSet) -> String {
    Sweep::new().asset("IBM").run_rules(set, &sample()).unwrap_err().to_string()
}

#[test]
fn a_rule_file_trades_as_its_twin_in_rust_over_the_whole_default_grid_to_the_last_bit() {
    fn compare<S: Strategy>(portal: &DataPortal) {
        let set = Builtin::find(S::NAME).unwrap().rules().unwrap();
        for fill in [FillAt::NextOpen, FillAt::Close] {
            let sweep = Sweep::new().settings(Settings { fill, ..Settings::default() });
            let (rules, typed) = (sweep.run_rules(&set, portal).unwrap(), sweep.run::<S>(portal).unwrap());
            assert_eq!((rules.len(), rules.failed()), (5 * 3930, 0));
            assert!(bits(&rules) == bits(&typed), "{} at {fill}", S::NAME);
        }
    }
    let portal = sample();
    compare::<SmaCross>(&portal);
    compare::<SmaAbove>(&portal);
}

#[test]
fn a_single_run_of_rules_has_the_fills_of_its_twin_and_the_metrics_of_its_sweep() {
    let portal = sample();
    let point =
        |set: RuleSet| set.parameter("fast=20".parse().unwrap()).parameter("slow=50".parse().unwrap());
    let sweep = Sweep::new().asset("AAPL");
    let typed = sweep.clone().parameter("fast=20".parse().unwrap()).parameter("slow=50".parse().unwrap());
    let (rules, typed) = (
        sweep.backtest_rules(&point(cross()), &portal).unwrap(),
        typed.backtest::<SmaCross>(&portal).unwrap(),
    );
    assert!(rules.fills().len() > 20);
    assert!(rules.fills().eq(typed.fills()) && rules.equity().eq(typed.equity()));
    let swept = sweep.run_rules(&point(cross()), &portal).unwrap();
    assert_eq!(swept.trial(0).outcome.metrics(), Some(rules.metrics()));
}

#[test]
fn columns_that_do_not_fit_are_computed_again_and_change_nothing() {
    let set = Builtin::find("rsi-reversion").unwrap().rules().unwrap();
    let small = Options {
        cache: cache::Options { capacity_bytes: 1_000_000, ..cache::Options::default() },
        ..Options::default()
    };
    let tight = DataPortal::new(Bundle::sample().unwrap(), small).unwrap();
    let (portal, sweep) = (sample(), Sweep::new());
    for set in [&set, &cross()] {
        let wide = sweep.run_rules(set, &portal).unwrap();
        let narrow = sweep.run_rules(set, &tight).unwrap();
        assert!(bits(&wide) == bits(&narrow));
        assert_eq!(wide.failed(), 0);
    }
    let stats = tight.stats();
    assert!(stats.evictions > 100 && stats.loads > 2 * portal.stats().loads, "{stats:?}");
    assert!(stats.resident_bytes() <= 1_000_000);
    assert_eq!(portal.stats().evictions, 0);
}

#[test]
fn where_few_columns_fit_each_serves_many_trials_before_it_is_computed_again() {
    let closes: Vec<f64> = (0..2_000).map(|bar| f64::from(1_000 + bar * 37 % 101)).collect();
    let sweep = Sweep::new().threads(1.try_into().unwrap());
    let cross = |source: &str| {
        let of = |name: &str| format!("{name}(sma({source}, fast), sma({source}, slow))");
        rules(&[(Part::Buy, &of("crossover")), (Part::Sell, &of("crossunder"))], &[])
    };
    let with = |set: RuleSet, parameters: [&str; 3]| {
        let parameters = parameters.into_iter().filter(|one| !one.is_empty());
        parameters.fold(set, |set, one| set.parameter(one.parse().unwrap()))
    };
    let (fast, slow, source) = ("fast=2:41", "slow=50:109", "source=close,hlc3");
    for (set, choices) in [
        (with(cross("close"), [fast, slow, ""]), 1),
        (with(cross("close"), [slow, fast, ""]), 1),
        (with(cross("source"), [fast, slow, source]), 2),
        (with(cross("source"), [fast, source, slow]), 2),
        (with(cross("source"), [source, slow, fast]), 2),
    ] {
        let options = Options {
            cache: cache::Options { capacity_bytes: 600_000, ..cache::Options::default() },
            ..Options::default()
        };
        let series = vec![stocks::closes("WALK", &closes)];
        let bundle = Bundle::from_series("test", Frequency::Day, series).unwrap();
        let portal = DataPortal::new(bundle, options).unwrap();
        let results = sweep.run_rules(&set, &portal).unwrap();
        assert_eq!((results.len(), results.failed()), (choices * 40 * 60, 0));
        let stats = portal.stats();
        assert!(stats.loads * 2 < results.len() as u64, "{:?}: {stats:?}", set.parameters());
    }
}

#[test]
fn each_shared_column_is_computed_once_for_the_whole_sweep_whoever_asks() {
    let portal = sample();
    let sweep = Sweep::new().asset("IBM").threads(4.try_into().unwrap());
    let check = sweep.check_rules(&cross(), &portal).unwrap();
    // 46 fast and 91 slow averages, of which 16 are both.
    assert_eq!(check.columns, 46 + 91 - 16);
    sweep.run_rules(&cross(), &portal).unwrap();
    assert_eq!(portal.rule_columns(), check.columns);
    let loads = portal.stats().loads;
    sweep.run_rules(&cross(), &portal).unwrap();
    assert_eq!(portal.stats().loads, loads, "a second sweep finds them all");
}

#[test]
fn a_grid_of_a_million_points_takes_as_many_columns_as_its_shared_parts() {
    let closes: Vec<f64> = (0..20).map(|bar| f64::from(100 + bar * 7 % 5)).collect();
    let portal = stocks::portal(vec![stocks::closes("WALK", &closes)]);
    let set = rules(
        &[(Part::Buy, "close * a > 100 * b"), (Part::Sell, "close * a < 99 * b")],
        &["a=1:1000", "b=1:1000"],
    );
    let results = Sweep::new().run_rules(&set, &portal).unwrap();
    assert_eq!((results.len(), results.failed()), (1_000_000, 0));
    assert_eq!(portal.rule_columns(), 1_000, "close * a, and nothing for a point");
    let traded = results.trials().filter(|trial| {
        trial.outcome.metrics().is_some_and(|metrics| metrics.get(Metric::Exposure) > Some(0.0))
    });
    assert!(traded.count() > 100_000);
}

#[test]
fn results_of_rules_do_not_depend_on_threads_nor_on_what_was_cached_before() {
    let set = Builtin::find("macd-cross").unwrap().rules().unwrap();
    let sweep = Sweep::new().asset("AAPL").asset("FB");
    let alone = bits(&sweep.clone().threads(1.try_into().unwrap()).run_rules(&set, &sample()).unwrap());
    let portal = sample();
    for threads in [2, 5, 2] {
        let sweep = sweep.clone().threads(threads.try_into().unwrap());
        assert!(bits(&sweep.run_rules(&set, &portal).unwrap()) == alone, "{threads} threads");
    }
}

#[test]
fn rules_that_cannot_be_run_are_refused_before_anything_runs() {
    use Part::{Buy, Cover, Rebalance, Risk, Sell, Short, Size, StopLoss, TakeProfit, Weight};
    for (parts, parameters, words) in [
        (
            &[(Buy, "close > sma(close, n)")][..],
            &["n=2:3:0.5"][..],
            "n is 2.5, expected a whole number of at least 1",
        ),
        (&[(Buy, "close > sma(close, n)")], &["n=0:5"], "n is 0, expected a whole number of at least 1"),
        (&[(Buy, "close[n] > close")], &["n=-1:5"], "n is -1, expected a whole number of at least 0"),
        (&[(Buy, "close > open")], &["n=1:5"], "n: is used by no rule"),
        (&[(Buy, "close > sma(close, n)")], &["m=1:5"], "n"),
        (&[(Buy, "close > smma(close, 5)")], &[], "smma"),
        (&[(Buy, "sma(close, 20) > rsi(close, 14)")], &[], "is a price, and rsi(close, 14) is a ratio"),
        (&[(Buy, "close")], &[], "expected a condition"),
        (
            &[(Buy, "close > sma(close, 5000)")],
            &[],
            "look back 4999 bars at least, and the longest series, IBM, has 3270",
        ),
        (&[], &[], "nothing is ever entered"),
        (&[(Sell, "close > open")], &[], "nothing is ever entered"),
        (&[(Buy, "close > open"), (Cover, "close < open")], &[], "expected short beside it"),
        (&[(Short, "close > open"), (Sell, "close < open")], &[], "expected buy beside it"),
        (&[(Weight, "0.5"), (Buy, "close > open")], &[], "stands beside weight"),
        (&[(Weight, "close")], &[], "weight: close is a price, expected a share of equity"),
        (&[(Weight, "2")], &[], "weight: is 2, expected a share of equity from -1 to 1"),
        (&[(Buy, "close > open"), (Rebalance, "5")], &[], "expected weight beside it"),
        (&[(Weight, "0.5"), (Rebalance, "0")], &[], "rebalance: is 0, expected a whole number of at least 1"),
        (&[(Buy, "close > open"), (StopLoss, "1.5")], &[], "stop_loss: is 1.5, expected a share"),
        (&[(Buy, "close > open"), (StopLoss, "rsi(close, 5)")], &[], "such as 2 * atr(14)"),
        (&[(Buy, "close > open"), (StopLoss, "s")], &["s=0:0.1:0.05"], "stop_loss: is 0, expected a share"),
        (&[(Buy, "close > open"), (TakeProfit, "-1")], &[], "take_profit: is -1"),
        (&[(Buy, "close > open"), (Size, "1.5")], &[], "size: is 1.5, expected a share of equity"),
        (&[(Buy, "close > open"), (Risk, "0.01")], &[], "expected stop_loss or trailing_stop beside it"),
    ] {
        let found = error(&rules(parts, parameters));
        assert!(found.contains(words), "{parts:?} {parameters:?}: {found}");
    }
}

#[test]
fn a_lookback_longer_than_one_assets_series_gives_no_signal_there_and_is_told() {
    let set = rules(&[(Part::Buy, "close > sma(close, 500)")], &[]);
    let (portal, sweep) = (sample(), Sweep::new().asset("FB").asset("IBM"));
    let check = sweep.check_rules(&set, &portal).unwrap();
    assert_eq!(
        check.short.iter().map(|one| (one.symbol.as_str(), one.bars)).collect::<Vec<_>>(),
        [("FB", 196)]
    );
    let results = sweep.run_rules(&set, &portal).unwrap();
    let exposure =
        |asset| results.trials_of(asset).next().unwrap().outcome.metrics().unwrap().get(Metric::Exposure);
    assert_eq!(exposure(0), Some(0.0));
    assert!(exposure(1) > Some(0.5));
}

#[test]
fn an_entry_without_a_way_out_is_warned_of_and_runs() {
    let portal = sample();
    let warnings = |set: &RuleSet| Sweep::new().asset("IBM").check_rules(set, &portal).unwrap().warnings;
    let buy = rules(&[(Part::Buy, "close > open")], &[]);
    assert!(warnings(&buy)[0].starts_with("buy has no way out: a position is held to the end"));
    assert!(warnings(&buy.clone().rule(Part::MaxBars, "10")).is_empty());
    assert!(warnings(&buy.rule(Part::Short, "close < open")).is_empty());
    let crossed = rules(&[(Part::Buy, "crossover(close, 100)"), (Part::Sell, "close < open")], &[]);
    assert!(warnings(&crossed)[0].contains("a split crosses it, too"));
}

/// Prices of a stock of the sample, adjusted as of its last bar.
struct Prices([Vec<f64>; 4]);

impl Prices {
    fn of(portal: &DataPortal, symbol: &str) -> Self {
        let fields = [Field::Open, Field::High, Field::Low, Field::Close];
        let snapshot = portal.snapshot();
        let calendar = snapshot.bundle().calendar(snapshot.bundle().asset(symbol).unwrap()).unwrap();
        let request = portal.request([symbol], fields, calendar.len(), Frequency::Day).unwrap();
        let reader = snapshot.reader();
        let window = reader.history(&request.adjust(Adjust::Total), calendar.len() - 1).unwrap();
        Self([0, 1, 2, 3].map(|column| window.column(column).to_vec()))
    }

    /// What a holder of all or nothing makes of it: bought and sold at the open after a signal, for a fee of 0.1 %.
    fn trade(&self, signals: impl Fn(usize) -> (bool, bool)) -> (f64, usize) {
        let ([open, .., close], fee) = (&self.0, 0.001);
        let (mut cash, mut shares, mut trades) = (1.0, 0.0, 0);
        for bar in 0..close.len() - 1 {
            let (buy, sell) = signals(bar);
            if shares > 0.0 && sell {
                (cash, shares, trades) = (shares * open[bar + 1] * (1.0 - fee), 0.0, trades + 1);
            } else if shares == 0.0 && buy && !sell {
                (cash, shares) = (0.0, cash / (open[bar + 1] * (1.0 + fee)));
            }
        }
        (cash + shares * close[close.len() - 1] - 1.0, trades)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// An average that starts as a plain one of `bars` values and then follows by a share of the distance.
fn smoothed(values: &[f64], bars: usize, share: f64) -> Vec<f64> {
    let start = values.iter().position(|value| !value.is_nan()).unwrap_or(values.len());
    let mut out = vec![f64::NAN; values.len()];
    for bar in start + bars - 1..values.len() {
        out[bar] = if bar == start + bars - 1 {
            mean(&values[start..=bar])
        } else {
            out[bar - 1] + share * (values[bar] - out[bar - 1])
        };
    }
    out
}

fn ema(values: &[f64], bars: usize) -> Vec<f64> {
    smoothed(values, bars, 2.0 / (bars as f64 + 1.0))
}

fn rsi(close: &[f64], bars: usize) -> Vec<f64> {
    let change = |bar: usize| if bar == 0 { f64::NAN } else { close[bar] - close[bar - 1] };
    let one_way = |sign: f64| -> Vec<f64> {
        let moves =
            (0..close.len()).map(|bar| if bar == 0 { f64::NAN } else { (sign * change(bar)).max(0.0) });
        smoothed(&moves.collect::<Vec<_>>(), bars, 1.0 / bars as f64)
    };
    one_way(1.0).iter().zip(one_way(-1.0)).map(|(up, down)| 100.0 * up / (up + down)).collect()
}

fn rolling(values: &[f64], bars: usize, of: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let value = |bar: usize| if bar + 1 < bars { f64::NAN } else { of(&values[bar + 1 - bars..=bar]) };
    (0..values.len()).map(value).collect()
}

fn crosses(a: &[f64], b: &[f64], bar: usize) -> bool {
    let was = |bar: usize| !a[bar].is_nan() && !b[bar].is_nan() && !above(a[bar], b[bar]);
    bar > 0 && above(a[bar], b[bar]) && was(bar - 1)
}

#[test]
fn each_built_in_strategy_trades_as_an_independent_computation_on_the_sample() {
    let portal = sample();
    for symbol in ["AAPL", "IBM", "MSFT"] {
        let prices = Prices::of(&portal, symbol);
        let [_, high, low, close] = &prices.0;
        let check = |name: &str, parameters: &[&str], expected: (f64, usize)| {
            let builtin = Builtin::find(name).unwrap();
            let sweep = parameters
                .iter()
                .fold(Sweep::new().asset(symbol), |sweep, one| sweep.parameter(one.parse().unwrap()));
            let backtest = builtin.backtest(&sweep, &portal).unwrap();
            let metric = |metric| backtest.metrics().get(metric).unwrap();
            let found = (metric(Metric::TotalReturn), metric(Metric::Trades) as usize);
            assert!(
                (found.0 - expected.0).abs() < 1e-9 * (1.0 + expected.0.abs()),
                "{name} on {symbol}: {found:?}, not {expected:?}"
            );
            assert_eq!(found.1, expected.1, "{name} on {symbol}");
            assert!(expected.1 > 3, "{name} on {symbol} hardly trades");
        };
        let (fast, slow) = (rolling(close, 10, mean), rolling(close, 40, mean));
        let cross = |bar| (crosses(&fast, &slow, bar), crosses(&slow, &fast, bar));
        check("sma-cross", &["fast=10", "slow=40"], prices.trade(cross));
        let level = |bar: usize| (above(fast[bar], slow[bar]), above(slow[bar], fast[bar]));
        check("sma-above", &["fast=10", "slow=40"], prices.trade(level));

        let (fast, slow) = (ema(close, 12), ema(close, 50));
        let cross = |bar| (crosses(&fast, &slow, bar), crosses(&slow, &fast, bar));
        check("ema-cross", &["fast=12", "slow=50"], prices.trade(cross));

        let (strength, trend) = (rsi(close, 3), rolling(close, 200, mean));
        let reversion =
            |bar: usize| (strength[bar] < 20.0 && above(close[bar], trend[bar]), strength[bar] > 60.0);
        check("rsi-reversion", &["n=3", "oversold=20", "overbought=60"], prices.trade(reversion));

        let highest = rolling(high, 20, |window| window.iter().copied().fold(f64::MIN, f64::max));
        let lowest = rolling(low, 9, |window| window.iter().copied().fold(f64::MAX, f64::min));
        let breakout = |bar: usize| {
            (bar > 0 && above(close[bar], highest[bar - 1]), bar > 0 && above(lowest[bar - 1], close[bar]))
        };
        check("donchian-breakout", &["enter=20", "leave=9"], prices.trade(breakout));

        let middle = rolling(close, 20, mean);
        let deviation = rolling(close, 20, |window| {
            (window.iter().map(|value| (value - mean(window)).powi(2)).sum::<f64>() / 20.0).sqrt()
        });
        let bands = |bar: usize| {
            (above(middle[bar] - 1.5 * deviation[bar], close[bar]), above(close[bar], middle[bar]))
        };
        check("bollinger-reversion", &["n=20", "width=1.5"], prices.trade(bands));

        let line: Vec<f64> =
            ema(close, 12).iter().zip(ema(close, 26)).map(|(fast, slow)| fast - slow).collect();
        let average = ema(&line, 9);
        let cross = |bar| (crosses(&line, &average, bar), crosses(&average, &line, bar));
        check("macd-cross", &["fast=12", "slow=26", "smooth=9"], prices.trade(cross));
    }
}

#[test]
fn every_built_in_strategy_is_a_file_that_can_be_swept() {
    let portal = sample();
    for builtin in BUILTINS {
        let set = builtin.rules().unwrap();
        let set = set.parameters().to_vec().into_iter().fold(set, |set, one| {
            let first = format!("{}={}", one.name(), one.value(one.count() / 2));
            set.parameter(first.parse().unwrap())
        });
        let results = Sweep::new().asset("IBM").run_rules(&set, &portal).unwrap();
        assert!(matches!(results.trial(0).outcome, Outcome::Done(_)), "{}", builtin.name());
        assert!(
            Sweep::new().asset("IBM").check_rules(&set, &portal).unwrap().warnings.is_empty(),
            "{}",
            builtin.name()
        );
    }
}

#[test]
fn rules_look_at_splits_alone_where_they_are_told_and_the_account_earns_dividends_all_the_same() {
    let portal = sample();
    let sweep = Sweep::new().asset("IBM");
    // IBM paid a dividend each quarter: on the series of splits alone its close falls by it.
    let set = rules(&[(Part::Buy, "close > sma(close, 100)"), (Part::Sell, "close < sma(close, 100)")], &[]);
    let metrics = |set: &RuleSet| sweep.backtest_rules(set, &portal).unwrap().metrics().to_bits();
    let (total, splits) = (metrics(&set), metrics(&set.clone().signals(Adjust::Splits)));
    assert_ne!(total, splits);
    // A rule that holds throughout earns the same, whatever it looks at.
    let hold = rules(&[(Part::Buy, "close > 0"), (Part::Sell, "close < 0")], &[]);
    assert_eq!(metrics(&hold), metrics(&hold.clone().signals(Adjust::Splits)));
    // A distance is one of the rules' series, brought to the account's level.
    let stop = hold.rule(Part::StopLoss, "2 * atr(14)");
    assert!(sweep.backtest_rules(&stop.signals(Adjust::Splits), &portal).unwrap().fills().len() > 10);
}

#[test]
fn a_parameter_that_chooses_between_expressions_trades_as_each_of_them_does() {
    let portal = sample();
    let sweep = Sweep::new().asset("IBM");
    let with = |source: &str| {
        rules(
            &[(Part::Buy, "close > ema(source, n)"), (Part::Sell, "close < ema(source, n)")],
            &["n=10:12", &format!("source={source}")],
        )
    };
    let both = sweep.run_rules(&with("close,(high + low) / 2"), &portal).unwrap();
    assert_eq!(both.len(), 6);
    let all = bits(&both);
    for (at, source) in ["close", "(high + low) / 2"].into_iter().enumerate() {
        let told: Vec<String> = both.trial(at).point.told().map(|(_, value)| value.to_string()).collect();
        assert_eq!(told, ["10", source]);
        let one = bits(&sweep.run_rules(&with(source), &portal).unwrap());
        assert!(all.iter().skip(at).step_by(2).eq(one.iter()), "{source}");
    }
    for (source, words) in [
        ("close,clsoe", "unknown name clsoe"),
        ("close,volume", "is a volume"),
        ("close,close", "close is listed twice"),
    ] {
        let parameter = format!("source={source}");
        let found = match parameter.parse() {
            Ok(parameter) => error(&with("close").parameter(parameter)),
            Err(error) => lookback::Error::to_string(&error),
        };
        assert!(found.contains(words), "{source}: {found}");
    }
    let filtered = sweep.filter("source < 1").run_rules(&with("close,hl2"), &portal).unwrap_err().to_string();
    assert!(filtered.contains("chooses between expressions, which have no order"), "{filtered}");
    let typed = Sweep::new().parameter("fast=close,hl2".parse().unwrap()).grid::<SmaCross>().unwrap_err();
    assert_eq!(typed.to_string(), "fast: \"close\" is not a number, expected such as 5 or 0.25");
}

#[test]
fn no_depth_of_an_expression_overflows_a_stack() {
    let nested = |inner: &str| format!("{}{inner}{}", "sma(".repeat(900), ",1)".repeat(900));
    let set = rules(&[(Part::Buy, "close > k * deep"), (Part::Sell, "close < deep")], &["k=0.9,1"]);
    let set = set.define("half", nested("close")).define("deep", nested("half"));
    let results = Sweep::new().asset("FB").run_rules(&set, &sample()).unwrap();
    assert_eq!(results.failed(), 0);
    // An average of one bar is that bar.
    let plain = rules(&[(Part::Buy, "close > k * close"), (Part::Sell, "close < close")], &["k=0.9,1"]);
    assert!(bits(&results) == bits(&Sweep::new().asset("FB").run_rules(&plain, &sample()).unwrap()));
}
