//! Pages: that they hold what the results are, ask for nothing outside, stay small, and are refused before a run where they
//! cannot be written.

use std::fs;

use lookback::portal::{DataPortal, Options};
use lookback::report::{BestRun, Facts, Figures, SweepPage, TearSheet};
use lookback::strategies::SmaCross;
use lookback::sweep::{Keep, Metric, Results, Sweep};
use lookback::{Bundle, Timestamp};
use serde_json::Value;

use super::shell::{lookback, stderr, stdout};

/// 455 points on one asset.
const GRID: [&str; 7] = ["sweep", "--asset", "IBM", "--param", "fast=5:9", "--param", "slow=20:200:2"];

fn data(page: &str) -> Value {
    let (_, from) = page.split_once("id=\"data\">").unwrap();
    serde_json::from_str(from.split_once("</script>").unwrap().0).unwrap()
}

/// The numbers of a packed column: three bytes each.
fn unpacked(text: &Value) -> Vec<f64> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |one: &u8| digits.iter().position(|digit| digit == one).unwrap() as u32;
    let four = text.as_str().unwrap().as_bytes().chunks_exact(4);
    four.map(|four| f64::from(f32::from_bits(four.iter().fold(0, |bits, one| bits << 6 | digit(one)) << 8)))
        .collect()
}

fn written(args: &[&str], file: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    let output = lookback(&[args, &["--report", path.to_str().unwrap()]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let page = fs::read_to_string(path).unwrap();
    assert!(
        !page.contains("http:") && !page.contains("https:") && !page.contains("@import"),
        "asks for more"
    );
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    page
}

fn sma(points: &[&str], keep: Keep) -> (DataPortal, Sweep, Results) {
    let portal = DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap();
    let sweep =
        points.iter().fold(Sweep::new().asset("IBM"), |sweep, one| sweep.parameter(one.parse().unwrap()));
    let sweep = sweep.keep(keep);
    let results = sweep.run::<SmaCross>(&portal).unwrap();
    (portal, sweep, results)
}

#[test]
fn the_page_of_a_sweep_holds_every_trial_with_the_best_first() {
    let page = written(&[&GRID[..], &["--where", "slow > 30"]].concat(), "a.html");
    let asset = &data(&page)["assets"][0];
    let (_, _, results) = sma(&["fast=5:9", "slow=32:200:2"], Keep::All);
    assert_eq!((asset["rows"].as_u64(), asset["symbol"].as_str()), (Some(results.len() as u64), Some("IBM")));
    let sharpes = unpacked(&asset["metrics"][3]);
    let mut expected: Vec<f64> =
        results.trials().map(|trial| trial.outcome.metrics().unwrap().get(Metric::Sharpe).unwrap()).collect();
    expected.sort_by(|a, b| b.total_cmp(a));
    for (found, expected) in sharpes.iter().zip(&expected) {
        assert!((found - expected).abs() <= 1.6e-5 * expected.abs(), "{found} is not {expected}");
    }
    let counts = asset["spread"][3]["counts"].as_array().unwrap();
    assert_eq!(counts.iter().map(|one| one.as_u64().unwrap()).sum::<u64>(), results.len() as u64);
    for said in [
        "Deflated Sharpe ratio (2025)",
        "Probability of backtest overfitting",
        "Returns by month",
        "slow &gt; 30",
    ] {
        assert!(page.contains(said), "{said}");
    }
    let command =
        "lookback sweep --asset IBM --param fast=5:9 --param slow=20:200:2 --where &#39;slow &gt; 30&#39;";
    assert!(page.contains(command));
}

#[test]
fn the_curve_of_the_best_ends_where_its_backtest_does() {
    let page = written(&GRID, "a.html");
    let asset = &data(&page)["assets"][0];
    let best: Vec<String> = (asset["parameters"].as_array().unwrap().iter())
        .map(|one| {
            // Two digits a row: the first row is the best.
            let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
            let at = one["small"].as_str().unwrap().chars().take(2).map(|one| digits.find(one).unwrap());
            let at = at.fold(0, |all, one| all << 6 | one);
            one["values"][at].as_str().unwrap().to_owned()
        })
        .collect();
    let (fast, slow) = (format!("fast={}", best[0]), format!("slow={}", best[1]));
    let run = stdout(&lookback(&[
        "run",
        "sma-cross",
        "--asset",
        "IBM",
        "--param",
        &fast,
        "--param",
        &slow,
        "--format",
        "json",
    ]));
    let run: Value = serde_json::from_str(&run).unwrap();
    let equity = unpacked(&asset["lines"]["equity"][0]["y"]);
    let last = run["equity"].as_array().unwrap().last().unwrap()["equity"].as_f64().unwrap();
    assert!((equity.last().unwrap() / last - 1.0).abs() < 2e-5);
    let held = unpacked(&asset["lines"]["equity"][1]["y"]);
    let growth = run["buy_and_hold"]["total_return"].as_f64().unwrap();
    assert!((held.last().unwrap() / 1e6 - 1.0 - growth).abs() < 1e-4);
    let deepest = unpacked(&asset["lines"]["drawdown"][0]["y"]).into_iter().fold(0.0, f64::min);
    assert!(
        (deepest - run["metrics"]["max_drawdown"].as_f64().unwrap()).abs() < 2e-5,
        "thinning keeps the deepest"
    );
}

#[test]
fn twenty_thousand_trials_of_four_parameters_stay_below_two_megabytes() {
    let portal = DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap();
    let rules = lookback::sweep::RuleSet::new("bands")
        .rule(lookback::sweep::Part::Buy, "close > sma(close, a) * b")
        .rule(lookback::sweep::Part::Sell, "close < sma(close, c) * d");
    let points = ["a=5:14", "b=1:1.05:0.001", "c=20:29", "d=0.95:1:0.01"];
    let rules = points.iter().fold(rules, |rules, one| rules.parameter(one.parse().unwrap()));
    let results = Sweep::new().asset("IBM").run_rules(&rules, &portal).unwrap();
    assert!(results.len() >= 20_000, "{}", results.len());
    let mut page = Vec::new();
    SweepPage::new(&results, Metric::Sharpe).write(&Facts::default(), &mut page).unwrap();
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    let page = String::from_utf8(page).unwrap();
    let rows: u64 =
        data(&page)["assets"].as_array().unwrap().iter().map(|one| one["rows"].as_u64().unwrap()).sum();
    assert_eq!(rows, 20_000);
    assert!(page.contains(&format!("the best 20,000 of {} trials", lookback::report::count(results.len()))));
}

#[test]
fn equal_results_make_equal_bytes_whatever_the_threads() {
    let page = |threads: usize| {
        let (portal, sweep, _) = sma(&["fast=5:9", "slow=20:100:2"], Keep::All);
        let results = sweep.threads(threads.try_into().unwrap()).run::<SmaCross>(&portal).unwrap();
        let best = results.ranking(0, Metric::Sharpe, 0)[0].trial;
        let only = Sweep::new().asset("IBM").only(best.asset, best.point).unwrap();
        let backtest = only.backtest::<SmaCross>(&portal).unwrap();
        let run = BestRun { asset: 0, backtest, hold: Some(only.buy_and_hold(&portal).unwrap()) };
        let mut page = Vec::new();
        SweepPage::new(&results, Metric::Sharpe).best([run]).write(&Facts::default(), &mut page).unwrap();
        page
    };
    assert_eq!(page(1), page(4));
}

#[test]
fn a_page_of_a_few_kept_trials_still_counts_them_all() {
    let best = lookback::sweep::Best { count: 10, ..lookback::sweep::Best::default() };
    let (_, _, results) = sma(&["fast=5:9", "slow=20:200:2"], Keep::Best(best));
    let mut page = Vec::new();
    SweepPage::new(&results, Metric::Sharpe).write(&Facts::default(), &mut page).unwrap();
    let asset = &data(&String::from_utf8(page).unwrap())["assets"][0];
    assert_eq!((asset["rows"].as_u64(), asset["done"].as_u64()), (Some(10), Some(455)));
    let counts = asset["spread"][3]["counts"].as_array().unwrap();
    assert_eq!(counts.iter().map(|one| one.as_u64().unwrap()).sum::<u64>(), 455);
}

#[test]
fn what_a_user_named_cannot_break_out_of_a_page() {
    let evil = "</script><img src=x onerror=alert(1)>";
    let page = written(
        &["sweep", "--asset", "IBM", "--buy", "close > open", "--sell", "close < open", "--let", "a = 1"],
        "a.html",
    );
    assert!(page.contains("close &gt; open") && !page.contains("close > open<"));
    let (portal, _, results) = sma(&["fast=5", "slow=20"], Keep::All);
    let rules = [(evil.to_owned(), evil.to_owned())];
    let facts = Facts {
        bundle: evil,
        prices: evil,
        rules: &rules,
        command: Some(evil),
        cache: Some(&portal.stats()),
    };
    let mut page = Vec::new();
    SweepPage::new(&results, Metric::Sharpe).write(&facts, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert!(!page.contains("<img") && page.matches("</script>").count() == 2);
}

#[test]
fn a_walk_forward_and_paths_are_pages_with_their_folds() {
    let walk = written(&[&GRID[..], &["--walk-forward", "train=756,test=252"]].concat(), "w.html");
    let asset = &data(&walk)["assets"][0];
    assert!(walk.contains("Folds of IBM") && walk.contains("Efficiency"));
    let marks = asset["marks"].as_array().unwrap().len();
    assert_eq!(walk.matches("<tr><th scope=\"row\">").count() > marks, marks > 5, "{marks} folds");
    assert_eq!(asset["lines"]["equity"].as_array().unwrap().len(), 2, "buy and hold beside it");
    let paths = written(&[&GRID[..], &["--cpcv", "groups=6,test=2"]].concat(), "c.html");
    assert_eq!(data(&paths)["assets"][0]["lines"]["paths"].as_array().unwrap().len(), 5);
    assert!(paths.contains("Splits of IBM") && paths.contains("Median sharpe out of sample"));
}

#[test]
fn a_tear_sheet_shows_the_trades_of_its_backtest() {
    let page = written(
        &["run", "sma-cross", "--asset", "IBM", "--param", "fast=10", "--param", "slow=24"],
        "t.html",
    );
    let portal = DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap();
    let sweep = ["fast=10", "slow=24"]
        .iter()
        .fold(Sweep::new().asset("IBM"), |sweep, one| sweep.parameter(one.parse().unwrap()));
    let backtest = sweep.backtest::<SmaCross>(&portal).unwrap();
    let trips = Figures::new(&backtest, None).trips();
    let closed = trips.iter().filter(|trip| trip.exited.is_some()).count();
    assert_eq!(closed as f64, backtest.metrics().get(Metric::Trades).unwrap());
    let wins = trips.iter().filter(|trip| trip.exited.is_some() && trip.profit > Some(0.0)).count();
    assert!((wins as f64 / closed as f64 - backtest.metrics().get(Metric::WinRate).unwrap()).abs() < 1e-12);
    let profits: f64 = trips.iter().filter_map(|trip| trip.profit).sum();
    let (_, last) = backtest.equity().last().unwrap();
    assert!((profits / (last - 1e6) - 1.0).abs() < 1e-9, "round trips make what the account made");
    assert!(page.contains("Round trips, from flat to flat") && page.contains("Gain/pain ratio"));
    assert!(page.matches("</tr>").count() > closed);
}

#[test]
fn figures_are_those_of_quantstats_where_definitions_agree() {
    let golden: Value = serde_json::from_str(include_str!("../data/figures/quantstats.json")).unwrap();
    let portal = DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap();
    let sweep = ["fast=10", "slow=24"]
        .iter()
        .fold(Sweep::new().asset("IBM"), |sweep, one| sweep.parameter(one.parse().unwrap()));
    let list = Figures::new(&sweep.backtest::<SmaCross>(&portal).unwrap(), None).list();
    let golden = golden.as_object().unwrap();
    assert!(golden.len() > 30);
    for (name, expected) in golden {
        let expected = expected.as_f64().unwrap();
        let own = list.iter().find(|one| one.name == name).unwrap_or_else(|| panic!("{name}")).own.unwrap();
        assert!(
            (own - expected).abs() <= 1e-9 * expected.abs().max(1.0),
            "{name}: {own}, expected {expected}"
        );
    }
}

#[test]
fn an_account_of_no_trades_and_of_one_bar_makes_a_page() {
    let portal = DataPortal::new(Bundle::sample().unwrap(), Options::default()).unwrap();
    let day: Timestamp = Timestamp::from_date(2005, 1, 3).unwrap();
    let settings = lookback::sweep::Settings {
        from: Some(day.to_string().parse().unwrap()),
        to: Some(day.to_string().parse().unwrap()),
        ..lookback::sweep::Settings::default()
    };
    let sweep = ["fast=10", "slow=24"]
        .iter()
        .fold(Sweep::new().asset("IBM"), |sweep, one| sweep.parameter(one.parse().unwrap()));
    for sweep in [sweep.clone().settings(settings), sweep] {
        let backtest = sweep.backtest::<SmaCross>(&portal).unwrap();
        let hold = sweep.buy_and_hold(&portal).unwrap();
        let mut page = Vec::new();
        TearSheet::new(&backtest, Some(&hold)).write(&Facts::default(), &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(
            !page.contains("NaN")
                || page.matches("NaN").count()
                    == include_str!("../../src/report/page.js").matches("NaN").count()
        );
    }
}

#[test]
fn a_page_that_cannot_be_written_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let refused = |args: &[&str]| {
        let output = lookback(args);
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{args:?}");
        stderr(&output)
    };
    let with = |more: &[&str]| refused(&[&GRID[..], more].concat());
    assert!(with(&["--report", "a.pdf"]).contains("--report a.pdf: expected a name that ends in .html"));
    assert!(with(&["--report", &path("none/a.html")]).contains("none"));
    assert!(
        with(&["--report", folder.path().to_str().unwrap()]).contains("expected a name that ends in .html")
    );
    fs::create_dir(path("b.html")).unwrap();
    assert!(with(&["--report", &path("b.html")]).contains("is a folder, expected a file"));
    let run = ["run", "sma-cross", "--asset", "IBM", "--param", "fast=10", "--param", "slow=24"];
    fs::write(path("t.csv"), "").unwrap();
    std::os::unix::fs::symlink(path("t.csv"), path("t.html")).unwrap();
    let said = refused(&[&run[..], &["--trades", &path("t.csv"), "--report", &path("t.html")]].concat());
    assert!(said.contains("--report and --trades are the same file"), "{said}");
    assert!(with(&["--report", &path("a.html"), "--dry-run"]).contains("--dry-run"));
    let plan = ["plan", "sma-cross", "--report", &path("a.html"), "--out", &path("p")];
    assert!(refused(&plan).contains("--report is of lookback merge"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing is left");
}
