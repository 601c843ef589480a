//! Cross-validation: choices that a plain reading of whole backtests makes too, and paths that cover the run.

use lookback::strategies::SmaCross;
use lookback::sweep::{AssetPaths, Choice, Combinatorial, Metric, Parameter, Sweep, Watch};
use lookback::{Bundle, DataPortal};

const FAST: [u32; 3] = [5, 10, 20];
const SLOW: [u32; 2] = [50, 100];

fn portal() -> DataPortal {
    DataPortal::new(Bundle::sample().unwrap(), lookback::portal::Options::default()).unwrap()
}

fn value(name: &str, of: &[u32]) -> Parameter {
    let list: Vec<String> = of.iter().map(u32::to_string).collect();
    format!("{name}={}", list.join(",")).parse().unwrap()
}

fn validated(scheme: Combinatorial, threads: usize) -> AssetPaths {
    let sweep = Sweep::new().asset("IBM").parameter(value("fast", &FAST)).parameter(value("slow", &SLOW));
    let sweep = sweep.threads(threads.try_into().unwrap());
    let results =
        sweep.cross_validate::<SmaCross>(&portal(), scheme, Choice::default(), Watch::default()).unwrap();
    results.paths.into_iter().next().unwrap().unwrap()
}

/// Returns of one point, bar by bar, from a backtest over the whole run.
fn returns(portal: &DataPortal, fast: u32, slow: u32) -> Vec<f64> {
    let sweep = Sweep::new().asset("IBM").parameter(value("fast", &[fast])).parameter(value("slow", &[slow]));
    let backtest = sweep.backtest::<SmaCross>(portal).unwrap();
    let mut before = backtest.settings().cash;
    let one = |(_, equity): (_, f64)| equity / std::mem::replace(&mut before, equity) - 1.0;
    backtest.equity().map(one).collect()
}

fn sharpe(returns: &[f64]) -> f64 {
    let count = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / count;
    let spread = returns.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>() / (count - 1.0);
    mean / spread.sqrt() * 252.0_f64.sqrt()
}

#[test]
fn each_split_chooses_by_the_joined_returns_of_the_bars_that_it_trains_on() {
    let (purge, embargo) = (3, 4);
    let scheme = Combinatorial { groups: 6, test: 2, purge, embargo };
    let found = validated(scheme, 2);
    let portal = portal();
    let points = FAST.iter().flat_map(|fast| SLOW.iter().map(|slow| returns(&portal, *fast, *slow)));
    let points: Vec<Vec<f64>> = points.collect();
    let groups = scheme.group_bars(points[0].len());
    for (split, test) in found.splits.iter().zip(scheme.splits()) {
        let mut is_trained = vec![true; points[0].len()];
        for group in &test {
            let tested = &groups[*group];
            let before = tested.start.saturating_sub(purge);
            let after = (tested.end + purge + embargo).min(is_trained.len());
            is_trained[before..after].fill(false);
        }
        let trained = |point: &Vec<f64>| -> Vec<f64> {
            point.iter().zip(&is_trained).filter(|(_, is)| **is).map(|(one, _)| *one).collect()
        };
        let ratios: Vec<f64> = points.iter().map(|point| sharpe(&trained(point))).collect();
        let best = ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert_eq!(split.test, test);
        assert_eq!(split.train_bars, is_trained.iter().filter(|is| **is).count());
        assert_eq!(split.point, ratios.iter().position(|ratio| *ratio == best), "{ratios:?}");
        let said = split.in_sample.unwrap().get(Metric::Sharpe).unwrap();
        assert!((said - best).abs() < 1e-9, "{said} for {best}");
    }
}

#[test]
fn every_path_covers_the_run_by_splits_that_did_not_train_on_what_they_trade() {
    let scheme: Combinatorial = "groups=6,test=3".parse().unwrap();
    let found = validated(scheme, 1);
    assert_eq!(found.paths.len(), scheme.paths());
    for path in &found.paths {
        assert_eq!(path.equity.len(), found.moments.len());
        for (group, split) in path.splits.iter().enumerate() {
            assert!(found.splits[*split].test.contains(&group));
        }
        let total = path.equity.last().unwrap() / 1_000_000.0 - 1.0;
        let said = path.out_of_sample.get(Metric::TotalReturn).unwrap();
        assert!((total - said).abs() < 1e-12, "{total} for {said}");
    }
    // Each split's group is traded in one path and no other.
    let mut legs: Vec<(usize, usize)> =
        found.paths.iter().flat_map(|path| path.splits.iter().copied().enumerate()).collect();
    legs.sort_unstable();
    legs.dedup();
    assert_eq!(legs.len(), 6 * scheme.paths());
}

#[test]
fn one_thread_and_three_find_the_same_paths_to_the_bit() {
    let scheme: Combinatorial = "groups=5,test=2,purge=1".parse().unwrap();
    let (one, three) = (validated(scheme, 1), validated(scheme, 3));
    let bits = |found: &AssetPaths| -> Vec<Vec<u64>> {
        found.paths.iter().map(|path| path.equity.iter().map(|one| one.to_bits()).collect()).collect()
    };
    assert_eq!(bits(&one), bits(&three));
}
