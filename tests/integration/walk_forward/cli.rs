//! `--walk-forward` and `--cpcv` as they are typed.

use std::fs::File;

use arrow_ipc::reader::FileReader;
use serde_json::Value;

use crate::shell::{lookback, stderr, stdout};

const SMALL: [&str; 7] = ["sweep", "--asset", "IBM", "--param", "fast=20,30", "--param", "slow=50"];

fn small(more: &[&str]) -> std::process::Output {
    lookback(&[&SMALL[..], more].concat())
}

#[test]
fn the_folds_of_the_page_on_walking_forward_are_what_the_program_prints() {
    let page = include_str!("../../../docs/walk-forward.md");
    let blocks: Vec<&str> =
        page.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let commands: Vec<&str> = page.lines().filter(|line| line.starts_with("lookback sweep ")).collect();
    assert_eq!((blocks.len(), commands.len()), (2, 2));
    for (command, block) in commands.iter().zip(blocks) {
        let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
        let output = lookback(&arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        // The last line says how long it took.
        let printed = stdout(&output);
        let (lasting, _) = printed.trim_end().rsplit_once('\n').unwrap();
        assert_eq!(block.trim_end(), lasting.trim_end());
    }
}

#[test]
fn json_csv_and_arrow_tell_the_same_folds() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let scheme = ["--walk-forward", "train=1000,test=500"];
    for file in ["a.csv", "a.json", "a.arrow"] {
        let output = small(&[&scheme[..], &["--out", &at(file)]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let json: Value = serde_json::from_reader(File::open(at("a.json")).unwrap()).unwrap();
    let folds = json["assets"][0]["folds"].as_array().unwrap();
    let csv = std::fs::read_to_string(at("a.csv")).unwrap();
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let batches = FileReader::try_new(File::open(at("a.arrow")).unwrap(), None).unwrap();
    let batches: Vec<_> = batches.map(Result::unwrap).collect();
    assert_eq!(folds.len(), 5);
    assert_eq!(rows.len(), 1 + folds.len());
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), folds.len());
    let column = |name: &str| rows[0].iter().position(|cell| *cell == name).unwrap();
    for (fold, row) in folds.iter().zip(&rows[1..]) {
        let ratio = fold["out_of_sample"]["sharpe"].as_f64().unwrap();
        assert_eq!(row[column("out_sharpe")].parse::<f64>().unwrap().to_bits(), ratio.to_bits());
        assert_eq!(row[column("fast")], fold["point"]["fast"].to_string());
        assert_eq!(row[column("test_first")], fold["test"]["first"].as_str().unwrap());
    }
}

#[test]
fn spans_that_do_not_fit_are_refused_with_some_that_do() {
    let refused = |arguments: &[&str], text: &str| {
        let output = small(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(text), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    };
    refused(
        &["--walk-forward", "train=4000,test=252"],
        "IBM has 3270 bars in the run, and a fold needs 4001: 4000 to train on, and 1 to test on; train=2448,test=204 would make 4 folds",
    );
    refused(&["--walk-forward", "train=4000"], "test is missing");
    refused(&["--walk-forward", "train=400,test=20", "--journal", "x"], "cannot be used with");
    refused(&["--cpcv", "groups=6,test=6"], "expected 1 to 5 of 6 groups");
    refused(&["--cpcv", "groups=600,test=1,purge=10"], "may be 4 together");
    refused(&["--cpcv", "groups=6,test=2", "--rank-by", "profit_factor"], "is not defined over joined bars");
    refused(&["--cpcv", "groups=6,test=2", "--out", "a.parquet"], "written to .csv, .json or .arrow");
}

#[test]
fn folds_in_which_nothing_passes_are_in_cash_and_counted() {
    let output = small(&["--walk-forward", "train=1000,test=500", "--min-trades", "1000"]);
    assert!(stdout(&output).contains("5 of 5 in cash, as nothing passed there"), "{}", stdout(&output));
}

#[test]
fn an_asset_that_is_too_short_is_left_out_and_named() {
    let arguments = ["--walk-forward", "train=1000,test=500", "--param", "fast=20", "--param", "slow=50"];
    let output = lookback(&[&["sweep", "--asset", "IBM,FB"][..], &arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("FB is left out: walk-forward: FB has 196 bars"), "{}", stderr(&output));
}
