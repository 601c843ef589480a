//! `lookback history`: what a user types and what is printed.

use std::process::{Command, Output};

fn history(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lookback")).arg("history").args(arguments).output().unwrap()
}

fn printed(arguments: &[&str]) -> String {
    let output = history(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    let output = history(arguments);
    assert!(output.stdout.is_empty());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn csv_has_a_header_and_prices_as_of_the_end() {
    let window = ["--asset", "AAPL", "--field", "close,volume", "--bars", "2", "--format", "csv", "--end"];
    assert_eq!(
        printed(&[&window[..], &["2005-02-25"]].concat()),
        "date,AAPL.close,AAPL.volume\n2005-02-24,88.93,27125500\n2005-02-25,88.99,16348400\n"
    );
    let after_the_split = printed(&[&window[..], &["20050228"]].concat());
    assert_eq!(
        after_the_split,
        "date,AAPL.close,AAPL.volume\n2005-02-25,44.495,32696800\n2005-02-28,44.86,11635900\n"
    );
    let raw = printed(&[&window[..], &["2005-02-28", "--adjust", "raw"]].concat());
    assert!(raw.contains("2005-02-25,88.99,16348400\n"), "{raw}");
}

#[test]
fn prices_adjusted_for_splits_keep_what_a_dividend_took() {
    // IBM went ex dividend on 8 February 2005.
    let window = ["--asset", "IBM", "--bars", "2", "--end", "2005-02-08", "--adjust"];
    let raw = printed(&[&window[..], &["raw", "--format", "csv"]].concat());
    assert_eq!(printed(&[&window[..], &["splits", "--format", "csv"]].concat()), raw);
    assert_ne!(printed(&[&window[..], &["total", "--format", "csv"]].concat()), raw);
    let table = printed(&[&window[..], &["splits"]].concat());
    assert!(table.ends_with("adjusted for splits only as of 2005-02-08\n"), "{table}");
    let apple = ["--asset", "AAPL", "--bars", "2", "--end", "2005-02-28", "--adjust", "splits"];
    let json: serde_json::Value =
        serde_json::from_str(&printed(&[&apple[..], &["--format", "json"]].concat())).unwrap();
    assert_eq!((&json["adjust"], &json["columns"][0]["values"][0]), (&"splits".into(), &44.495.into()));
    let (code, error) = refused(&[&window[..], &["dividends"]].concat());
    assert_eq!(code, Some(2));
    assert!(error.contains("expected raw, splits or total"), "{error}");
}

#[test]
fn every_number_reads_back_to_the_same_value() {
    let csv = printed(&["--asset", "IBM", "--bars", "250", "--format", "csv"]);
    let json = printed(&["--asset", "IBM", "--bars", "250", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let values = json["columns"][0]["values"].as_array().unwrap();
    assert_eq!(values.len(), 250);
    for ((line, value), date) in csv.lines().skip(1).zip(values).zip(json["dates"].as_array().unwrap()) {
        let (printed_date, number) = line.split_once(',').unwrap();
        assert_eq!(number.parse::<f64>().unwrap().to_bits(), value.as_f64().unwrap().to_bits());
        assert_eq!(printed_date, date.as_str().unwrap());
    }
    assert_eq!(json["adjust"], "total");
    assert_eq!(json["frequency"], "1d");
}

#[test]
fn a_missing_bar_is_empty_in_csv_null_in_json_and_a_dash_in_a_table() {
    let window =
        ["--asset", "FB,IBM", "--field", "close,volume", "--bars", "2", "--end", "2012-05-18", "--format"];
    let csv = printed(&[&window[..], &["csv"]].concat());
    assert!(csv.lines().nth(1).unwrap().starts_with("2012-05-17,,0,"), "{csv}");
    let json: serde_json::Value = serde_json::from_str(&printed(&[&window[..], &["json"]].concat())).unwrap();
    assert!(json["columns"][0]["values"][0].is_null());
    assert_eq!(json["columns"][0]["values"][1], 38.2318);
    let table = printed(&[&window[..], &["table"]].concat());
    assert!(table.lines().nth(1).unwrap().split_whitespace().any(|cell| cell == "-"), "{table}");
    assert!(table.contains("as of 2012-05-18"), "{table}");
}

#[test]
fn the_end_is_the_last_bar_unless_given() {
    let csv = printed(&["--asset", "GOOG", "--bars", "1", "--format", "csv"]);
    assert!(csv.contains("2013-03-01,"), "{csv}");
}

#[test]
fn a_mistake_is_explained() {
    let failed = |message: &str| (Some(1), format!("lookback: {message}\n"));
    let usage = |message: &str| (Some(2), format!("lookback: {message}\n"));
    assert_eq!(refused(&["--asset", "APPL"]), usage("unknown asset APPL; nearest: AAPL"));
    assert_eq!(
        refused(&["--asset", "FB", "--bars", "50", "--end", "2012-06-01"]),
        failed(
            "too few bars: 50 asked for, 10 available as of 2012-06-01; the first possible end is 2012-07-30"
        )
    );
    assert_eq!(
        refused(&["--asset", "FB", "--end", "2012-05-17"]),
        failed("no bar at or before 2012-05-17; the first is 2012-05-18")
    );
    assert_eq!(refused(&["--asset", "FB", "--bars", "0"]), usage("bar count is 0, expected at least 1"));
    let (code, message) = refused(&["--asset", "FB", "--field", "vwap"]);
    assert_eq!(code, Some(2));
    assert!(message.contains("unknown field vwap, expected one of open"), "{message}");
    let (code, message) = refused(&["--asset", "FB", "--end", "yesterday"]);
    assert_eq!(code, Some(2));
    assert!(message.contains("expected 2005-02-28"), "{message}");
}

#[test]
fn a_cache_too_small_for_a_block_serves_it_and_says_so_once() {
    let output = history(&["--asset", "IBM", "--bars", "1", "--format", "csv", "--cache-bytes", "1kB"]);
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);
    let warning = String::from_utf8(output.stderr).unwrap();
    assert_eq!(warning.matches("does not fit").count(), 1, "{warning}");
}

#[test]
fn the_bounds_of_the_cache_are_read_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache.toml");
    std::fs::write(&path, "[cache]\ncapacity_bytes = \"1MB\"\nshards = 9\nvariable_entries = 8\n").unwrap();
    let path = path.to_str().unwrap();
    let (code, message) = refused(&["--asset", "IBM", "--config", path]);
    assert_eq!(code, Some(2));
    assert_eq!(message, "lookback: shards: is 9, expected at most variable_entries 8\n");
    assert!(printed(&["--asset", "IBM", "--config", path, "--shards", "2"]).contains("IBM.close"));
}

#[test]
fn the_systems_words_are_said_once() {
    let (_, message) = refused(&["--asset", "IBM", "--bundle", "no/such/bundle"]);
    assert_eq!(message.matches("No such file").count(), 1, "{message}");
}

#[test]
fn weeks_of_the_daily_sample_are_printed_as_of_the_end_and_without_the_one_that_is_not_over() {
    let weeks = ["--asset", "IBM", "--field", "open,high,low,close", "--frequency", "1w", "--bars", "2"];
    let days = ["--asset", "IBM", "--field", "open,high,low,close", "--bars", "8", "--end", "2005-03-02"];
    let ask =
        |more: &[&str]| printed(&[&weeks[..], &["--end", "2005-03-02", "--format", "csv"], more].concat());
    let cells = |text: &str| -> Vec<Vec<f64>> {
        let row = |row: &str| row.split(',').skip(1).map(|cell| cell.parse().unwrap()).collect();
        text.lines().skip(1).map(row).collect()
    };
    let (open, closed) = (ask(&[]), ask(&["--closed-only"]));
    let day = cells(&printed(&[&days[..], &["--format", "csv"]].concat()));
    let [_, last] = &cells(&open)[..] else { panic!("two weeks: {open}") };
    let highest = day[5..].iter().map(|day| day[1]).fold(f64::NAN, f64::max);
    let lowest = day[5..].iter().map(|day| day[2]).fold(f64::NAN, f64::min);
    assert_eq!(last[..], [day[5][0], highest, lowest, day[7][3]]);
    assert!(open.contains("\n2005-02-21,"), "{open}");
    assert_eq!(cells(&closed)[1], cells(&open)[0]);
    let table = printed(&[&weeks[..], &["--end", "2005-03-02"]].concat());
    assert!(table.ends_with("as of 2005-03-02\n"), "{table}");
}

#[test]
fn a_frequency_finer_than_the_bundles_is_a_usage_error_that_names_the_possible_ones() {
    let (code, message) = refused(&["--asset", "IBM", "--frequency", "1m"]);
    assert_eq!(code, Some(2));
    assert!(message.contains("expected one of 1d 1w 1mo"), "{message}");
}
