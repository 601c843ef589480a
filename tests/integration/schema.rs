//! Every JSON document that the program writes is what its schema says.

use std::fs;
use std::path::Path;

use jsonschema::{Validator, validator_for};
use serde_json::{Value, json};

use super::shell::{lookback, stderr};

const SCHEMA: &str = include_str!("../../docs/lookback.schema.json");

/// The schema of one kind of document.
fn schema(kind: &str) -> Validator {
    let mut schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let all = schema.as_object_mut().unwrap();
    assert!(all["$defs"].get(kind).is_some(), "{kind}");
    all.insert("anyOf".to_owned(), json!([{ "$ref": format!("#/$defs/{kind}") }]));
    validator_for(&schema).unwrap()
}

fn check(kind: &str, document: &Value) {
    let schema = schema(kind);
    let faults: Vec<String> = schema
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()).chars().take(600).collect())
        .collect();
    assert!(faults.is_empty(), "{kind}: {faults:#?}");
    assert!(
        validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap().is_valid(document),
        "{kind} as a whole"
    );
}

fn printed(arguments: &[&str], code: i32) -> Value {
    let output = lookback(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

const JSON: [&str; 2] = ["--format", "json"];
const RULE: [&str; 8] = [
    "--buy",
    "rsi(source, n) < 30",
    "--sell",
    "rsi(source, n) > 60",
    "--param",
    "source=close,hlc3",
    "--param",
    "n=5:9:2",
];

#[test]
fn what_a_sweep_writes_is_what_the_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let small = ["sweep", "--asset", "IBM,FB", "--param", "fast=5:9:2", "--param", "slow=20,300"];
    let with = |more: &[&str]| printed(&[&small[..], &JSON, more].concat(), 0);
    check("sweep", &with(&["--out", &path("out.json"), "--stats", &path("stats.json")]));
    check("sweep", &read(&folder.path().join("out.json")));
    check("stats", &read(&folder.path().join("stats.json")));
    check(
        "sweep",
        &with(&[
            "--random",
            "4",
            "--require",
            "trades > 3",
            "--rank-by",
            "2 * sharpe",
            "--keep",
            "top 2",
            "--spa",
        ]),
    );
    check("sweep", &with(&["--metrics", "core", "--refine", "1", "--edition", "2012"]));
    check("sweep", &printed(&[&["sweep", "--asset", "IBM"], &RULE[..], &JSON].concat(), 0));
    check("sweep", &printed(&[&small[..], &JSON, &["--from", "2030-01-01"]].concat(), 1));
    assert!(
        lookback(&["plan", "--param", "fast=5:9", "--out", &path("plan.json"), "--parts", "2"])
            .status
            .success()
    );
    check("plan", &read(&folder.path().join("plan.json")));
}

#[test]
fn what_walks_a_single_run_and_a_bundle_write_is_what_the_schema_says() {
    let small = ["sweep", "--asset", "IBM,FB", "--param", "fast=5:9:2", "--param", "slow=20"];
    let walk = ["--walk-forward", "train=756,test=252"];
    check("walk_forward", &printed(&[&small[..], &walk, &JSON, &["--require", "trades > 10"]].concat(), 0));
    let cross = ["--cpcv", "groups=6,test=2", "--asset", "AAPL"];
    check(
        "cpcv",
        &printed(&[&["sweep", "--param", "fast=5:9:2", "--param", "slow=20"], &cross[..], &JSON].concat(), 0),
    );
    let point = ["--asset", "IBM", "--param", "fast=5", "--param", "slow=50"];
    check("run", &printed(&[&["run", "sma-cross"], &point[..], &JSON].concat(), 0));
    let rule = ["run", "--asset", "IBM", "--buy", "close > sma(close, 9)", "--trailing-stop", "0.02"];
    check("run", &printed(&[&rule[..], &JSON].concat(), 0));
    check("info", &printed(&[&["info"], &JSON[..]].concat(), 0));
    check("history", &printed(&[&["history", "--asset", "IBM,FB", "--bars", "3"], &JSON[..]].concat(), 0));
    let folder = tempfile::tempdir().unwrap();
    let bars = folder.path().join("A.csv");
    fs::write(&bars, "date,open,high,low,close,volume\n2020-01-02,1,2,1,2,5\n2020-01-03,2,3,1,2,5\n")
        .unwrap();
    let bundle = folder.path().join("bundle").to_str().unwrap().to_owned();
    assert!(lookback(&["ingest", bars.to_str().unwrap(), "--out", &bundle]).status.success());
    check("verify", &printed(&[&["verify", &bundle], &JSON[..]].concat(), 0));
    check("info", &printed(&[&["info", &bundle], &JSON[..]].concat(), 0));
}

#[test]
fn the_schema_tells_a_document_of_another_kind_number_or_type() {
    let sweep = printed(
        &["sweep", "--asset", "IBM", "--param", "fast=5", "--param", "slow=20", "--format", "json"],
        0,
    );
    assert!(schema("sweep").is_valid(&sweep) && !schema("run").is_valid(&sweep));
    for (pointer, wrong) in [
        ("/schema", json!(2)),
        ("/results/0/sharpe", json!(true)),
        ("/results/0/status", json!("fine")),
        ("/honesty/0/psr/edition", json!("2025")),
        ("/bundle/version", json!("1")),
    ] {
        let mut changed = sweep.clone();
        *changed.pointer_mut(pointer).unwrap() = wrong;
        assert!(!schema("sweep").is_valid(&changed), "{pointer}");
    }
}
