//! What stands beside a ranking: how much of its best result is luck.

use std::num::NonZeroUsize;

use lookback::Bundle;
use lookback::portal::{DataPortal, Options};
use lookback::strategies::SmaCross;
use lookback::sweep::{
    BlockSums, CrossValidation, Edition, Honesty, HonestyOptions, Metric, Part, RuleSet, Settings, Sweep,
    TrackRecord, TrialCorrelation,
};
use serde_json::Value;

use super::shell::{lookback, stdout};

fn sample() -> DataPortal {
    DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap()
}

fn small() -> Sweep {
    Sweep::new()
        .asset("IBM")
        .parameter("fast=5:20:5".parse().unwrap())
        .parameter("slow=25:65:20".parse().unwrap())
}

/// The best of the small sweep, judged.
fn judged(sweep: &Sweep, options: HonestyOptions) -> Honesty {
    let portal = sample();
    let results = sweep.run::<SmaCross>(&portal).unwrap();
    let best = results.ranking(0, Metric::Sharpe, 0)[0].trial.point;
    results.honesty::<SmaCross>(&portal, 0, best, options).unwrap()
}

/// The return of each bar of each trial of the small sweep, from backtests of its points one by one.
fn returns() -> Vec<Vec<f64>> {
    let portal = sample();
    let point = |fast: &str, slow: &str| {
        let sweep =
            Sweep::new().asset("IBM").parameter(fast.parse().unwrap()).parameter(slow.parse().unwrap());
        let mut before = Settings::default().cash;
        let backtest = sweep.backtest::<SmaCross>(&portal).unwrap();
        let change = |(_, equity): (_, f64)| equity / std::mem::replace(&mut before, equity) - 1.0;
        backtest.equity().map(change).collect()
    };
    let grid = ["fast=5", "fast=10", "fast=15", "fast=20"];
    grid.iter().flat_map(|fast| ["slow=25", "slow=45", "slow=65"].map(|slow| point(fast, slow))).collect()
}

#[test]
fn figures_beside_a_ranking_are_those_of_its_trials_run_one_by_one() {
    let found = judged(&small(), HonestyOptions { spa: true, draws: 200, ..HonestyOptions::default() });
    let all = returns();
    assert_eq!((found.trials, found.failed, found.without_sharpe, found.bars), (12, 0, 0, all[0].len()));
    let records: Vec<TrackRecord> = all.iter().map(|one| TrackRecord::of_returns(one).unwrap()).collect();
    let best = records.iter().max_by(|a, b| a.sharpe.total_cmp(&b.sharpe)).unwrap();
    let is_near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9 * b.abs().max(1.0), "{a}, not {b}");
    let of_best = found.best.unwrap();
    is_near(of_best.sharpe, best.sharpe);
    is_near(of_best.kurtosis, best.kurtosis);
    is_near(found.probabilistic().unwrap(), best.probabilistic(Edition::Second, 0.0));
    let mean = records.iter().map(|one| one.sharpe).sum::<f64>() / 12.0;
    let variance = records.iter().map(|one| (one.sharpe - mean).powi(2)).sum::<f64>() / 11.0;
    is_near(found.variance.unwrap(), variance);
    let sums: Vec<BlockSums> = all.iter().map(|one| BlockSums::of_returns(one)).collect();
    let expected = CrossValidation::new(&sums).unwrap();
    let validated = found.cross_validation.unwrap();
    assert_eq!((validated.trials, validated.splits), (12, 12_870));
    is_near(validated.overfitting, expected.overfitting);
    let correlation = TrialCorrelation::of_returns(all.iter().map(Vec::as_slice)).unwrap();
    is_near(found.effective_trials().unwrap(), correlation.effective_count(12.0));
    assert_eq!(found.spa.unwrap().trials, 12);
}

#[test]
fn honesty_is_the_same_to_the_bit_for_any_number_of_threads_and_changes_with_the_seed() {
    let options = HonestyOptions { spa: true, draws: 100, sample: 5, ..HonestyOptions::default() };
    let threads = |count| small().threads(NonZeroUsize::new(count).unwrap());
    let alone = judged(&threads(1), options.clone());
    assert_eq!(alone, judged(&threads(3), options.clone()));
    assert_ne!(alone.interval, judged(&threads(3), HonestyOptions { seed: 1, ..options.clone() }).interval);
}

#[test]
fn rules_are_judged_as_a_type_that_trades_alike() {
    let portal = sample();
    let rules = RuleSet::new("cross")
        .rule(Part::Buy, "crossover(sma(close, fast), sma(close, slow))")
        .rule(Part::Sell, "crossunder(sma(close, fast), sma(close, slow))")
        .parameter("fast=5:20:5".parse().unwrap())
        .parameter("slow=25:65:20".parse().unwrap());
    let results = Sweep::new().asset("IBM").run_rules(&rules, &portal).unwrap();
    let best = results.ranking(0, Metric::Sharpe, 0)[0].trial.point;
    let found = results.honesty_rules(&rules, &portal, 0, best, HonestyOptions::default()).unwrap();
    let typed = judged(&small(), HonestyOptions::default());
    assert_eq!((found.trials, found.cross_validation), (typed.trials, typed.cross_validation));
    assert!((found.deflated().unwrap() - typed.deflated().unwrap()).abs() < 1e-9, "{found}\n{typed}");
    let other = results.honesty::<SmaCross>(&portal, 0, best, HonestyOptions::default()).unwrap_err();
    assert_eq!(other.to_string(), "honesty: the results are of cross, expected those of sma-cross");
}

#[test]
fn every_ranking_is_shown_with_its_honesty_and_names_the_edition() {
    let sweep = |more: &[&str]| {
        let small = ["sweep", "--asset", "IBM,FB", "--param", "fast=5,10", "--param", "slow=50,100"];
        let output = lookback(&[&small, more].concat());
        assert!(output.status.success());
        stdout(&output)
    };
    let table = sweep(&[]);
    assert_eq!(table.matches("psr (2025)").count(), 2, "{table}");
    assert!(table.contains("dsr (2025)") && table.contains("spa needs 4 x "), "{table}");
    let older = sweep(&["--edition", "2014"]);
    assert!(older.contains("psr (2012)") && older.contains("dsr (2014)"), "{older}");
    assert!(!sweep(&["--no-honesty"]).contains("psr"));
    let json: Value = serde_json::from_str(&sweep(&["--format", "json", "--spa"])).unwrap();
    assert_eq!((&json["honesty"][0]["asset"], &json["honesty"][1]["trials"]), (&"IBM".into(), &4.into()));
    assert_eq!(json["honesty"][0]["pbo"]["splits"], 12_870);
    assert!(json["honesty"][0]["spa"]["p_value"].is_f64());
}
