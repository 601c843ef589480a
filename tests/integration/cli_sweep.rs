//! `lookback sweep` and `lookback run` as a shell sees them.

use std::path::Path;

use lookback::sweep::Metric;
use serde_json::Value;

use super::shell::{lookback, stderr, stdout};

/// A small grid: 2 x 2 points on two assets.
const SMALL: [&str; 7] = ["sweep", "--asset", "IBM,FB", "--param", "fast=5,10", "--param", "slow=50,300"];

fn small(more: &[&str]) -> std::process::Output {
    lookback(&[&SMALL, more].concat())
}

#[test]
fn outputs_say_which_events_the_prices_are_adjusted_for() {
    for (mode, words) in [
        ("raw", "as traded"),
        ("splits", "adjusted for splits only"),
        ("total", "adjusted for splits and dividends"),
    ] {
        let json: Value =
            serde_json::from_slice(&small(&["--adjust", mode, "--format", "json"]).stdout).unwrap();
        assert_eq!(json["settings"]["adjust"], mode);
        let point = ["--asset", "IBM", "--param", "fast=5", "--param", "slow=50", "--adjust", mode];
        let run = stdout(&lookback(&[&["run", "sma-cross"][..], &point].concat()));
        assert!(run.contains(&format!("prices {words},")), "{run}");
        let table = stdout(&small(&["--adjust", mode]));
        assert!(table.contains(&format!("prices {words},")), "{table}");
    }
}

#[test]
fn json_has_a_row_for_each_trial_and_everything_about_the_sweep() {
    let folder = tempfile::tempdir().unwrap();
    let stats = folder.path().join("stats.json").to_str().unwrap().to_owned();
    let output = small(&["--format", "json", "--fill", "close", "--from", "2005-01-03", "--stats", &stats]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).starts_with("8 trials in "), "{}", stderr(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["strategy"], "sma-cross");
    assert_eq!((&document["trials"], &document["failed"]), (&8.into(), &0.into()));
    let settings = &document["settings"];
    assert_eq!(settings["fill"], "close");
    assert_eq!(settings["fee"], 0.001);
    assert_eq!(settings["slippage_bps"], 0.0);
    assert_eq!(settings["cash"], 1_000_000.0);
    assert_eq!(settings["from"], "2005-01-03");
    assert_eq!(settings["to"], Value::Null);
    assert_eq!(settings["adjust"], "total");
    assert_eq!(settings["where"], "fast < slow");
    assert_eq!(settings["parameters"]["slow"], "50,300");
    assert_eq!(document["bundle"]["assets"], serde_json::json!(["IBM", "FB"]));
    assert_eq!(document["bundle"]["bars"], 196 + 2054);
    assert_eq!(document["bundle"]["version"].as_str().map(str::len), Some(64));
    // What differs from one run to the next is no result.
    let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
    for key in ["elapsed_s", "cpu_s", "trials_per_s", "trials_per_cpu_s", "threads"] {
        assert!(stats[key].as_f64() > Some(0.0), "{key}");
        assert_eq!(document.get(key), None, "{key}");
    }
    let cache = &stats["cache"];
    let keys = ["hits", "misses", "hit_rate", "loads", "joined", "evictions", "rejected", "resident_bytes"];
    for key in [&keys[..], &["capacity_bytes"]].concat() {
        assert!(cache[key].is_number(), "{key}");
    }
    assert_eq!(cache["capacity_bytes"], 200_000_000);
    for tier in ["permanent", "variable"] {
        assert!(["entries", "bytes", "hits"].iter().all(|key| cache[tier][key].is_u64()), "{tier}");
    }
    let rows = document["results"].as_array().unwrap();
    let points: Vec<String> =
        rows.iter().map(|row| format!("{} {} {}", row["asset"], row["fast"], row["slow"])).collect();
    assert_eq!(points[..3], ["\"IBM\" 5 50", "\"IBM\" 5 300", "\"IBM\" 10 50"]);
    let ibm = rows[0].as_object().unwrap();
    assert!(Metric::ALL.iter().all(|metric| ibm[metric.name()].is_number()));
    assert_eq!(ibm["status"], "ok");
    assert_eq!(ibm["error"], Value::Null);
    // FB has 196 bars: an average over 300 is never defined.
    let fb = rows[5].as_object().unwrap();
    assert_eq!(
        (&fb["status"], &fb["total_return"], &fb["sharpe"]),
        (&"ok".into(), &0.0.into(), &Value::Null)
    );
}

#[test]
fn csv_is_a_header_and_a_row_for_each_trial() {
    let text = stdout(&small(&["--format", "csv"]));
    let mut lines = text.lines();
    let names: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    assert_eq!(lines.next().unwrap(), format!("asset,fast,slow,status,error,{}", names.join(",")));
    let rows: Vec<&str> = lines.collect();
    assert_eq!(rows.len(), 8);
    assert!(rows[0].starts_with("IBM,5,50,ok,,"));
    assert_eq!(rows[5], "FB,5,300,ok,,0,0,0,,,0,0,,0,0,,,0,0,0,0,0,0");
    let core = stdout(&small(&["--format", "csv", "--metrics", "core"]));
    assert!(core.starts_with("asset,fast,slow,status,error,total_return,sharpe,max_drawdown\n"));
}

#[test]
fn the_table_ranks_each_asset_beside_buy_and_hold() {
    let text = stdout(&small(&["--rank-by", "profit_factor", "--top", "3", "--min-trades", "0", "--stats"]));
    for part in [
        "sma-cross on sample: 2 assets, 3,466 bars, 4 points each, 8 trials",
        "fast=5,10, slow=50,300; where fast < slow",
        "fill next-open, fee 0.1 %, commission 0 per order, slippage 0 bps, cash 1,000,000",
        "252 periods a year",
        "ranked by profit_factor",
        "IBM: 3,270 bars from 2000-03-01 to 2013-03-01",
        "FB: 196 bars from 2012-05-18 to 2013-03-01",
        "hold",
        "2 points",
        "trials per CPU-second",
        "hit rate",
        "evictions",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(text.lines().all(|line| line == line.trim_end()), "no line ends in blanks");
    assert!(!text.contains('\u{1b}'), "no colour where nobody sees it");
}

#[test]
fn results_are_also_written_to_a_file_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert!(small(&["--out", &path("a.csv"), "--format", "json"]).status.success());
    assert_eq!(std::fs::read_to_string(path("a.csv")).unwrap().lines().count(), 9);
    assert!(small(&["--out", &path("a.json")]).status.success());
    let document: Value = serde_json::from_slice(&std::fs::read(path("a.json")).unwrap()).unwrap();
    assert_eq!(document["results"].as_array().map(Vec::len), Some(8));
    assert!(small(&["--out", &path("a.arrow"), "--metrics", "core"]).status.success());
    let arrow = std::fs::File::open(path("a.arrow")).unwrap();
    let batches: Vec<_> =
        arrow_ipc::reader::FileReader::try_new(arrow, None).unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.iter().map(arrow_array::RecordBatch::num_rows).sum::<usize>(), 8);
    let schema = batches[0].schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["asset", "fast", "slow", "status", "error", "total_return", "sharpe", "max_drawdown"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "nothing is left beside");
    let refused = small(&["--out", &path("a.txt")]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("expected a name that ends in .csv, .json or .arrow"));
}

#[test]
fn a_run_writes_every_fill_and_the_equity_of_every_bar() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (trades, equity) = (path("trades.csv"), path("equity.csv"));
    let point = ["run", "sma-cross", "--param", "fast=20", "--param", "slow=50", "--asset", "AAPL"];
    let output = lookback(&[&point[..], &["--trades", &trades, "--equity", &equity]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("sma-cross fast=20 slow=50 on AAPL: 3,270 bars from 2000-03-01 to 2013-03-01"),
        "{text}"
    );
    let read = |path: &str| std::fs::read_to_string(Path::new(path)).unwrap();
    let (trades, equity) = (read(&trades), read(&equity));
    assert!(
        trades.starts_with("date,side,raw_price,adjusted_price,weight,cost\n2000-07-10,buy,54.09,"),
        "{trades}"
    );
    assert!(equity.starts_with("date,equity\n2000-03-01,1000000\n"));
    assert_eq!(equity.lines().count(), 3271);
    let json = lookback(&[&point[..], &["--format", "json"]].concat());
    let document: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(document["fills"].as_array().map(Vec::len), Some(trades.lines().count() - 1));
    assert_eq!(document["equity"].as_array().map(Vec::len), Some(3270));
    assert_eq!(document["parameters"], serde_json::json!({ "fast": 20, "slow": 50 }));
    let last = document["equity"][3269]["equity"].as_f64().unwrap();
    assert_eq!(document["metrics"]["total_return"].as_f64(), Some(last / 1e6 - 1.0));
}
