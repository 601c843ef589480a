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
