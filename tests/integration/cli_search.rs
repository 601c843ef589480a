//! Which trials are tried and ranked: `--require`, `--rank-by`, and what is told of them.

use serde_json::Value;

use super::shell::{lookback, stderr, stdout};

/// 455 points on one asset.
const GRID: [&str; 7] = ["sweep", "--asset", "IBM", "--param", "fast=5:9", "--param", "slow=20:200:2"];

fn json(more: &[&str]) -> Value {
    let output = lookback(&[&GRID, more, &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(more: &[&str]) -> String {
    let output = lookback(&[&GRID, more].concat());
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{more:?}");
    stderr(&output)
}

/// The first line of places: the fast and the slow bars of the best.
fn best(more: &[&str]) -> Vec<String> {
    let table = stdout(&lookback(&[&GRID[..], &["--no-honesty", "--top", "1"], more].concat()));
    let place =
        table.lines().find(|line| line.trim_start().starts_with("1 ")).unwrap_or_else(|| panic!("{table}"));
    place.split_whitespace().skip(1).take(2).map(str::to_owned).collect()
}

fn number(row: &Value, metric: &str) -> f64 {
    row[metric].as_f64().unwrap_or(f64::NAN)
}

#[test]
fn a_ranking_is_by_any_expression_of_metrics_of_the_trials_that_meet_a_condition() {
    let rows = json(&["--no-honesty"])["results"].as_array().unwrap().clone();
    let worth = |row: &Value| number(row, "sharpe") - 0.5 * number(row, "volatility");
    let is_met = |row: &&Value| number(row, "max_drawdown") > -0.5 && number(row, "trades") >= 20.0;
    let met: Vec<&Value> = rows.iter().filter(is_met).collect();
    assert!(met.len() > 10 && met.len() < rows.len(), "{} of {}", met.len(), rows.len());
    let expected = met.iter().copied().reduce(|best, row| if worth(row) > worth(best) { row } else { best });
    let expected = ["fast", "slow"].map(|name| expected.unwrap()[name].to_string());
    let (by, require) = ("sharpe - 0.5 * volatility", "max_drawdown > -0.5 and trades >= 20");
    assert_eq!(best(&["--rank-by", by, "--require", require]), expected);
    // Few are kept: those that pass, whatever else there is.
    assert_eq!(best(&["--rank-by", by, "--require", require, "--keep", "top 3"]), expected);

    let document = json(&["--rank-by", by, "--require", require]);
    assert_eq!(
        (&document["settings"]["rank_by"], &document["settings"]["require"]),
        (&by.into(), &require.into())
    );
    assert_eq!(document["unmet"], rows.len() - met.len());
    assert_eq!(
        document["honesty"][0]["trials"].as_u64(),
        Some(rows.len() as u64),
        "{}",
        document["honesty"][0]
    );
    assert_eq!(document["honesty"][0]["neighbours"]["metric"], by);

    let table = stdout(&lookback(&[&GRID[..], &["--rank-by", by, "--require", require]].concat()));
    assert!(table.contains(&format!("ranked by {by}; -: not defined\nonly where {require}\n")), "{table}");
    assert!(
        table.contains(&format!("required of 455 trials, not met by {}", rows.len() - met.len())),
        "{table}"
    );
}

#[test]
fn where_no_trial_meets_what_is_required_none_is_ranked_and_all_are_counted() {
    let output = lookback(&[&GRID[..], &["--require", "trades > 100000"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let table = stdout(&output);
    assert!(table.contains("no trial to rank") && table.contains("not met by 455"), "{table}");
}

#[test]
fn a_bad_requirement_is_pointed_at_before_anything_runs() {
    let error = refused(&["--require", "max_drawdown > -0.3 and trade >= 20"]);
    assert!(
        error.contains("require, column 25: unknown metric trade; nearest: trades; expected one of"),
        "{error}"
    );
    let error = refused(&["--require", "-0.3 < max_drawdown < 0"]);
    assert!(error.contains("comparisons do not chain"), "{error}");
    let error = refused(&["--rank-by", "sharpe -"]);
    assert!(error.contains("the text ends where a value is expected"), "{error}");
    let error = refused(&["--rank-by", "sma(sharpe, 3) + 1"]);
    assert!(error.contains("sma looks at bars, and a metric has none"), "{error}");
}

fn points(document: &Value) -> Vec<String> {
    let rows = document["results"].as_array().unwrap();
    rows.iter().map(|row| format!("{} {}", row["fast"], row["slow"])).collect()
}

#[test]
fn points_drawn_at_random_have_the_results_of_the_whole_grid_and_count_as_what_they_are() {
    let whole = json(&["--no-honesty"]);
    let drawn = json(&["--random", "40", "--seed", "3"]);
    assert_eq!(drawn["trials"], 40);
    assert_eq!(drawn["honesty"][0]["trials"], 40);
    assert_eq!(drawn["settings"]["search"], serde_json::json!({ "random": 40, "seed": 3, "refine": null }));
    assert_eq!(whole["settings"]["search"], Value::Null);
    let rows = whole["results"].as_array().unwrap();
    let mut left = rows.iter();
    for row in drawn["results"].as_array().unwrap() {
        assert!(left.any(|one| one == row), "{row} is a row of the whole grid, in its order");
    }
    for threads in ["1", "3"] {
        assert_eq!(json(&["--random", "40", "--seed", "3", "--threads", threads]), drawn);
    }
    assert_ne!(points(&json(&["--random", "40", "--seed", "4", "--no-honesty"])), points(&drawn));
    assert_eq!(points(&json(&["--random", "1000000", "--no-honesty"])), points(&whole), "there are not more");
    let table = stdout(&lookback(&[&GRID[..], &["--random", "40"]].concat()));
    assert!(table.contains("where fast < slow; 40 of 455 points"), "{table}");
    assert!(refused(&["--random", "0"]).contains("--random"));
}

#[test]
fn a_random_search_goes_on_by_its_journal_and_runs_in_parts() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let search = ["--random", "200", "--seed", "5", "--require", "trades > 3"];
    let run = |arguments: &[&str]| {
        let output = lookback(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    };
    run(&[&GRID[..], &search, &["--out", &path("a.csv")]].concat());
    run(&[&GRID[..], &search, &["--out", &path("b.csv"), "--journal", &path("journal")]].concat());
    run(&[&GRID[..], &search, &["--out", &path("c.csv"), "--journal", &path("journal"), "--resume"]].concat());
    run(&[&["plan"], &GRID[1..], &search, &["--out", &path("plan.json"), "--parts", "2"]].concat());
    for shard in ["1", "2"] {
        run(&["sweep", "--plan", &path("plan.json"), "--shard", shard, "--out", &path("parts")]);
    }
    run(&["merge", &path("parts"), "--out", &path("d.csv")]);
    let read = |name: &str| std::fs::read(path(name)).unwrap();
    assert_eq!(read("a.csv").split(|byte| *byte == b'\n').count(), 200 + 2);
    for name in ["b.csv", "c.csv", "d.csv"] {
        assert!(read(name) == read("a.csv"), "{name}");
    }
    let more = [
        "--random",
        "200",
        "--seed",
        "6",
        "--require",
        "trades > 3",
        "--resume",
        "--journal",
        &path("journal"),
    ]
    .map(str::to_owned);
    let other = lookback(&[&GRID[..], &more.each_ref().map(String::as_str)].concat());
    assert!(stderr(&other).contains("seed is 5, not 6 as here"), "{}", stderr(&other));
}

#[test]
fn a_finer_grid_around_the_best_is_tried_and_counted_as_well() {
    let coarse =
        ["sweep", "--asset", "IBM", "--param", "fast=5:45:20", "--param", "slow=60:180:40", "--top", "1"];
    let run = |more: &[&str]| -> Value {
        let output = lookback(&[&coarse[..], more, &["--format", "json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let (first, fine) = (run(&[]), run(&["--refine", "2"]));
    let (old, new) = (points(&first), points(&fine));
    assert!(old.iter().all(|point| new.contains(point)) && new.len() > old.len(), "{new:?}");
    assert_eq!(fine["honesty"][0]["trials"], new.len());
    assert_eq!(fine["settings"]["search"]["refine"], 2);
    assert_eq!(run(&["--refine", "2", "--threads", "1"]), fine);
    let both = run(&["--refine", "1", "--random", "5"]);
    assert!(points(&both).len() > 5, "what was not drawn is tried around the best");
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal").to_str().unwrap().to_owned();
    assert!(refused(&["--refine", "2", "--journal", &journal]).contains("cannot be used with"));
    assert!(refused(&["--refine", "2", "--walk-forward", "train=500,test=100"]).contains("would look ahead"));
    let planned = lookback(&[&["plan"], &GRID[1..], &["--refine", "2", "--out", &journal]].concat());
    assert!(stderr(&planned).contains("needs the results of all parts first"), "{}", stderr(&planned));
}

#[test]
fn values_can_be_spaced_by_their_logarithms() {
    let output = lookback(&[
        "sweep",
        "--asset",
        "IBM",
        "--buy",
        "rsi(close, n) < 30",
        "--stop-loss",
        "share",
        "--param",
        "n=log:2:32:5",
        "--param",
        "share=log:0.001:0.1:3",
        "--no-honesty",
        "--format",
        "csv",
    ]);
    let rows = stdout(&output);
    assert_eq!(rows.lines().count(), 1 + 15, "{rows}{}", stderr(&output));
    assert!(
        rows.contains("\nIBM,2,0.001,ok,")
            && rows.contains("\nIBM,8,0.01,ok,")
            && rows.contains("\nIBM,32,0.1,"),
        "{rows}"
    );
}
