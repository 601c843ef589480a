//! Rules from the command line and from files, and what the program says of them.

use std::process::Output;

use serde_json::Value;

use super::files::Folder;
use super::shell::{lookback, stderr, stdout};

const BUY: &str = "crossover(sma(close, fast), sma(close, slow))";
const SELL: &str = "crossunder(sma(close, fast), sma(close, slow))";

const FILE: &str = r#"# A file of every table.
[parameters]
fast = "5:9"
slow = [20, 50]

[let]
quick = "sma(close, fast)"
calm = "sma(close, slow)"

[rules]
where = "fast < slow"
buy = "crossover(quick, calm)"
sell = "crossunder(quick, calm)"

[settings]
fee = 0.002
from = 2005-01-03

[sweep]
asset = ["IBM", "AAPL"]
rank_by = "total_return"
top = 1

[cache]
capacity_bytes = "50MB"

[portal]
permanent_windows = [20]
"#;

fn json(arguments: &[&str]) -> Value {
    let output = lookback(&[arguments, &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(arguments: &[&str]) -> String {
    let output = lookback(arguments);
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{arguments:?}");
    stderr(&output)
}

fn printed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    stdout(output)
}

#[test]
fn a_rule_typed_is_swept_as_the_built_in_strategy_is() {
    let grid = ["--param", "fast=5:9", "--param", "slow=20,50", "--where", "fast < slow", "--asset", "IBM"];
    let typed = json(&[&["sweep", "--buy", BUY, "--sell", SELL][..], &grid].concat());
    let built_in = json(&[&["sweep", "sma-cross"][..], &grid].concat());
    assert_eq!(typed["strategy"], "rules");
    assert_eq!(typed["settings"], built_in["settings"]);
    assert_eq!(typed["results"], built_in["results"]);
    assert_eq!(typed["results"].as_array().unwrap().len(), 10);
}

#[test]
fn one_point_of_a_rule_is_shown_with_its_fills() {
    let point = ["--param", "fast=20", "--param", "slow=50", "--asset", "IBM"];
    let typed = json(&[&["run", "--buy", BUY, "--sell", SELL][..], &point].concat());
    let built_in = json(&[&["run", "sma-cross"][..], &point].concat());
    assert_eq!((&typed["fills"], &typed["metrics"]), (&built_in["fills"], &built_in["metrics"]));
    assert!(typed["fills"].as_array().unwrap().len() > 20);
}

#[test]
fn a_file_is_a_strategy_and_its_settings_and_what_is_typed_or_configured_wins() {
    let folder = Folder::new();
    let file = folder.write("my.toml", FILE);
    let file = file.to_str().unwrap();
    let swept = json(&["sweep", file]);
    let settings = &swept["settings"];
    assert_eq!(swept["strategy"], "my");
    assert_eq!(
        (&settings["fee"], &settings["from"], &settings["cash"]),
        (&0.002.into(), &"2005-01-03".into(), &1_000_000.0.into())
    );
    assert_eq!((&settings["rank_by"], &settings["top"]), (&"total_return".into(), &1.into()));
    assert_eq!(settings["parameters"], serde_json::json!({"fast": "5:9", "slow": "20,50"}));
    assert_eq!(swept["bundle"]["assets"], serde_json::json!(["IBM", "AAPL"]));
    let stats = folder.write("stats.json", "");
    json(&["sweep", file, "--stats", stats.to_str().unwrap()]);
    let stats: Value = serde_json::from_slice(&std::fs::read(stats).unwrap()).unwrap();
    assert_eq!(stats["cache"]["capacity_bytes"], 50_000_000);

    let config =
        folder.write("config.toml", "[settings]\nfee = 0.003\ncash = 5000\n[parameters]\nslow = 100\n");
    let config = config.to_str().unwrap();
    let swept = json(&["sweep", file, "--config", config, "--cash", "7000", "--param", "fast=3:4"]);
    let settings = &swept["settings"];
    assert_eq!((&settings["fee"], &settings["cash"]), (&0.003.into(), &7000.0.into()));
    assert_eq!(settings["parameters"], serde_json::json!({"fast": "3:4", "slow": "100"}));
    // A rule that is typed stands in the place of the file's.
    let output = lookback(&["rule", "check", file, "--sell", "quick < calm"]);
    assert!(printed(&output).contains("sell  true or false  below(sma(close, fast), sma(close, slow))"));
    // A configuration adds rules to a built-in strategy as well.
    let stop = folder.write("stop.toml", "[rules]\nstop_loss = 0.05\n");
    let output = lookback(&["rule", "check", "ema-cross", "--config", stop.to_str().unwrap()]);
    assert!(printed(&output).contains("stop_loss"));
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_line_and_the_nearest() {
    let folder = Folder::new();
    for (at, (text, words)) in [
        ("[rules]\nbuys = \"close > open\"\n", "line 2: [rules] has no key buys; nearest: buy"),
        ("[rule]\nbuy = \"close > open\"\n", "line 1: no table rule; nearest: rules"),
        ("[settings]\nfees = 0.1\n", "line 2: [settings] has no key fees; nearest: fee"),
        (
            "[settings]\nfee = 2\n[rules]\nbuy = \"close > open\"\n",
            "fee: is 2, expected a share of the notional",
        ),
        ("[settings]\nfee = \"much\"\n", "line 2: much is read as --fee"),
        ("[sweep]\ntop = { a = 1 }\n", "line 2: top is a table, expected a text in quotes"),
        ("[rules\n", "line 1: "),
        ("[parameters]\nfast = \"5:x\"\n", "line 2: fast: \"x\" is not a number"),
        ("[rules]\nbuy = \"close > smma(close, 20)\"\n", "line 2: buy, column 9: "),
        ("[let]\nr = \"rsi(close, 14) +\"\n[rules]\nbuy = \"r < 30\"\n", "line 2: r, column "),
        (
            "[rules]\nbuy = \"close > open\"\nsignals = \"raw\"\n",
            "line 3: signals: found \"raw\", expected total or splits",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let file = folder.write(&format!("{at}.toml"), text);
        let said = refused(&["sweep", file.to_str().unwrap()]);
        assert!(said.contains(words), "{text}: {said}");
    }
    assert!(refused(&["sweep", "no-such.toml"]).contains("no-such.toml: reading: No such file"));
}

#[test]
fn an_expression_that_cannot_be_read_is_pointed_at() {
    let said = refused(&["sweep", "--buy", "close > sma(close, 20", "--asset", "IBM"]);
    assert!(said.starts_with("lookback: buy, column "), "{said}");
    assert!(said.contains("close > sma(close, 20\n") && said.contains('^'), "{said}");
    assert!(refused(&["sweep", "--let", "r", "--buy", "r < 3"]).contains("expected NAME=EXPR"));
    assert!(
        refused(&["sweep", "--buy", "close > open", "--signals", "raw"]).contains("expected total or splits")
    );
    assert!(refused(&["sweep", "--buy", "close > open", "--size", "1", "--risk", "0.1"]).contains("--risk"));
}

#[test]
fn a_check_tells_what_rules_mean_and_what_a_grid_needs() {
    let arguments = ["rule", "check", "--buy", BUY, "--sell", SELL, "--asset", "IBM,FB"];
    let output = lookback(&[&arguments[..], &["--param", "fast=5:50", "--param", "slow=20:200:2"]].concat());
    let text = printed(&output);
    for words in [
        "buy   true or false  rise(above(sma(close, fast), sma(close, slow)))\n",
        "4,186 points; warm-up of 200 bars at most\n",
        "121 columns an asset are shared by the trials through the cache: 3.4 MB in all, of 200.0 MB",
        "worked out in each trial: above(sma(close, fast), sma(close, slow))\n",
        "warning: FB has 196 bars, and some points look back 200",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let slow = lookback(&["rule", "check", "--buy", "log(close) > sma(log(close), 20)", "--asset", "IBM"]);
    let text = printed(&slow);
    assert!(
        text.contains("slow, computed anew between each two splits or dividends: log(close)\n"),
        "{text}"
    );
    assert!(text.contains("warning: buy has no way out"), "{text}");
    let large = [
        "--param",
        "n=2:2000",
        "--cache-bytes",
        "1MB",
        "--buy",
        "ema(close, n) > k * close",
        "--param",
        "k=1:3",
    ];
    let output = lookback(&[&["rule", "check", "--asset", "IBM"][..], &large].concat());
    assert!(
        printed(&output)
            .contains("and the cache holds 1.0 MB: what is evicted is computed again; --cache-bytes")
    );
}

#[test]
fn a_run_says_first_what_gives_no_signal() {
    let output = lookback(&[
        "sweep",
        "--buy",
        "close > sma(close, 300)",
        "--sell",
        "close < open",
        "--asset",
        "FB,IBM",
    ]);
    assert!(printed(&output).contains("FB: 196 bars"));
    assert!(
        stderr(&output)
            .contains("warning: FB has 196 bars, and some points look back 299: those give no signal there")
    );
}

#[test]
fn built_in_strategies_are_listed_and_shown_as_files_that_can_be_swept() {
    let list = printed(&lookback(&["strategies"]));
    let names: Vec<&str> = list.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(
        names,
        [
            "sma-cross",
            "sma-above",
            "ema-cross",
            "rsi-reversion",
            "donchian-breakout",
            "bollinger-reversion",
            "macd-cross"
        ]
    );
    let shown = printed(&lookback(&["strategies", "--show", "sma-cross"]));
    let folder = Folder::new();
    let copy = folder.write("copy.toml", &shown);
    let results = |strategy: &str| {
        json(&["sweep", strategy, "--asset", "FB", "--param", "fast=5:6"])["results"].clone()
    };
    assert_eq!(results(copy.to_str().unwrap()), results("sma-cross"));
    assert!(
        refused(&["strategies", "--show", "macd"]).contains("strategy macd: unknown; nearest: macd-cross")
    );
    assert!(printed(&lookback(&["rule", "functions"])).contains("crossover(a, b)"));
}

#[test]
fn stops_sizes_and_shorts_are_flags() {
    let arguments = [
        "run",
        "--asset",
        "IBM",
        "--short",
        "close < sma(close, 50)",
        "--cover",
        "close > sma(close, 50)",
        "--stop-loss",
        "2 * atr(14)",
        "--take-profit",
        "0.1",
        "--risk",
        "0.01",
        "--cooldown",
        "3",
        "--max-bars",
        "40",
    ];
    let document = json(&arguments);
    let fills = document["fills"].as_array().unwrap();
    assert!(fills.len() > 20);
    assert!(fills.iter().any(|fill| fill["side"] == "sell" && fill["weight"].as_f64().unwrap() < 0.0));
    assert!(fills.iter().all(|fill| fill["weight"].as_f64().unwrap().abs() <= 1.0));
    let weighted = json(&[
        "run",
        "--asset",
        "IBM",
        "--rebalance",
        "21",
        "--weight",
        "clamp(0.15 / (stdev(close / close[1] - 1, 20) * sqrt(252)), 0, 1)",
    ]);
    let count = weighted["fills"].as_array().unwrap().len();
    assert!((100..=157).contains(&count), "{count} fills of some 155 orders");
}

#[test]
fn what_a_sweep_is_charged_for_is_said_and_a_grid_without_parameters_is_not() {
    let text = stdout(&lookback(&[
        "sweep",
        "--asset",
        "FB",
        "--short",
        "close < sma(close, 20)",
        "--max-bars",
        "9",
        "--borrow",
        "0.07",
    ]));
    assert!(
        text.contains("slippage 0 bps, borrow 7 % a year, interest 0 % a year, cash 1,000,000"),
        "{text}"
    );
    assert!(!text.contains("every combination"), "there is but one: {text}");
    let text = stdout(&lookback(&["sweep", "--asset", "FB", "--buy", "close > open", "--max-bars", "9"]));
    assert!(!text.contains("a year, interest"), "{text}");
    let text = stdout(&lookback(&["run", "--asset", "FB", "--buy", "close > open", "--max-bars", "9"]));
    assert!(text.starts_with("rules on FB: 196 bars"), "{text}");
    let asked = lookback(&["sweep", "--buy", "close > sma(close, 5000)", "--max-bars", "9"]);
    assert!(
        stderr(&asked).contains("lookback: rules: they look back 4999 bars at least"),
        "{}",
        stderr(&asked)
    );
}

#[test]
fn expressions_can_be_the_values_of_a_parameter_and_are_told_in_every_output() {
    let arguments =
        ["sweep", "--buy", "close > sma(source, 20)", "--sell", "close < sma(source, 20)", "--asset", "IBM"];
    let arguments = [&arguments[..], &["--param", "source=close,max(high, open)"]].concat();
    let document = json(&arguments);
    let sources =
        |rows: &Value| rows.as_array().unwrap().iter().map(|row| row["source"].clone()).collect::<Vec<_>>();
    assert_eq!(sources(&document["results"]), ["close", "max(high, open)"]);
    assert_eq!(document["rules"]["buy"], "close > sma(source, 20)");
    let table = printed(&lookback(&arguments));
    assert!(table.contains(
        "buy: close > sma(source, 20)\nsell: close < sma(source, 20)\nsource=close,max(high, open); "
    ));
    assert!(table.contains("  max(high, open)  "), "{table}");
    let csv = printed(&lookback(&[&arguments[..], &["--format", "csv"]].concat()));
    assert!(csv.lines().nth(2).unwrap().starts_with("IBM,\"max(high, open)\",ok,"), "{csv}");
    let run = json(&["run", "--buy", "close > sma(source, 20)", "--asset", "IBM", "--param", "source=hlc3"]);
    assert_eq!(run["parameters"]["source"], "hlc3");
}
