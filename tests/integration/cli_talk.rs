//! What the program says of itself and of what it is about to do: maps, colours, dry runs, configurations, completions.

use std::fs;
use std::process::Output;

use super::shell::{command, lookback, stderr, stdout};

const GRID: [&str; 7] = ["sweep", "--asset", "IBM", "--param", "fast=5:9", "--param", "slow=20:60:10"];

fn printed(arguments: &[&str]) -> String {
    let output = lookback(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

fn grid(more: &[&str]) -> String {
    printed(&[&GRID[..], &["--no-honesty", "--top", "1"], more].concat())
}

#[test]
fn a_map_below_the_ranking_shows_where_the_best_is() {
    let table = grid(&[]);
    let lines: Vec<&str> = table.lines().collect();
    let head =
        lines.iter().position(|line| line.contains("sharpe by fast (down) and slow (across)")).unwrap();
    let rows = &lines[head + 1..head + 6];
    assert!(
        rows.iter().zip(["5", "6", "7", "8", "9"]).all(|(row, fast)| row.trim_start().starts_with(fast)),
        "{table}"
    );
    assert!(
        rows.iter().all(|row| row.split_whitespace().last().unwrap().chars().count() == 10),
        "five of two each: {table}"
    );
    // The best place is marked in its own row and column.
    let place: Vec<&str> =
        table.lines().find(|line| line.starts_with("  1 ")).unwrap().split_whitespace().collect();
    let marked = rows.iter().find(|row| row.contains('◆')).unwrap();
    let mut parts = marked.split_whitespace();
    assert_eq!(parts.next(), Some(place[1]));
    let column = parts.next().unwrap().chars().position(|one| one == '◆').unwrap() / 2;
    assert_eq!((20 + 10 * column).to_string(), place[2], "{table}");

    assert!(grid(&["--heatmap", "slow,fast"]).contains("sharpe by slow (down) and fast (across)"));
    assert!(grid(&["--rank-by", "2 * cagr", "--heatmap", "slow,fast"]).contains("2 * cagr by slow"));
    assert!(!grid(&["--heatmap", "none"]).contains('◆'));
    assert_eq!(lookback(&[&GRID[..], &["--heatmap", "fast"]].concat()).status.code(), Some(2));
    let error = stderr(&lookback(&[&GRID[..], &["--heatmap", "fast,slwo"]].concat()));
    assert!(error.contains("--heatmap: unknown parameter slwo; nearest: slow"), "{error}");
}

#[test]
fn nothing_is_coloured_in_a_pipe_unless_it_is_asked_for() {
    let coloured = |arguments: &[&str], no_color: &str| {
        let output = command(&[&GRID[..], arguments].concat()).env("NO_COLOR", no_color).output().unwrap();
        stdout(&output).contains("\x1b[38;5;")
    };
    assert!(!coloured(&[], "") && !coloured(&[], "1") && !coloured(&["--color", "never"], ""));
    assert!(coloured(&["--color", "always"], "") && coloured(&["--color=always"], "1"), "what is typed wins");
    let error = |color: &str| stderr(&lookback(&["sweep", "--no-such-flag", color]));
    assert!(error("--color=always").contains("\x1b[") && !error("--color=never").contains("\x1b["));
}

#[test]
fn a_quiet_run_says_only_why_it_failed() {
    let none = ["sweep", "--asset", "IBM", "--buy", "close > sma(close, 5)", "--no-honesty"];
    let loud = lookback(&none);
    assert!(stderr(&loud).contains("way out"), "a warning: {}", stderr(&loud));
    let quiet = lookback(&[&none[..], &["--quiet"]].concat());
    assert_eq!((stderr(&quiet), quiet.status.code()), (String::new(), Some(0)));
    let failed = lookback(&["sweep", "--quiet", "--asset", "NONE"]);
    assert!(stderr(&failed).contains("NONE") && failed.status.code() == Some(2), "{}", stderr(&failed));
}

#[test]
fn a_dry_run_tells_the_size_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (out, journal) = (path("out.csv"), path("journal"));
    let text = grid(&["--dry-run", "--out", &out, "--journal", &journal]);
    assert!(text.starts_with("trials   25: 25 points on 1 asset\ntime     about "), "{text}");
    for part in ["\ncolumns  ", "\nmemory   at most ", " B in ", "\nnothing was written\n"] {
        assert!(text.replace("kB", " B").contains(part), "{part}: {text}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let walk = lookback(&[&GRID[..], &["--dry-run", "--walk-forward", "train=756,test=252"]].concat());
    assert!(stderr(&walk).contains("--dry-run is of the sweep alone"), "{}", stderr(&walk));
    let rule = ["sweep", "--dry-run", "--asset", "IBM", "--buy", "close > sma(close, n)", "--max-bars", "5"];
    let text = printed(&[&rule[..], &["--param", "n=2:100000:7", "--random", "50"]].concat());
    assert!(
        text.contains("trials   50: 50 points on 1 asset") && text.contains(" columns an asset, "),
        "{text}"
    );
}

#[test]
fn a_printed_configuration_is_the_same_sweep_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let flags: [&[&str]; 3] = [
        &[
            "sma-cross",
            "--asset",
            "IBM,AAPL",
            "--param",
            "fast=5:9",
            "--param",
            "slow=20,50",
            "--fee",
            "0.002",
        ],
        &[
            "--let",
            "r = rsi(close, n)",
            "--buy",
            "r < 30 and \"x\" == \"x\"",
            "--sell",
            "r > 60",
            "--param",
            "n=log:2:20:4",
        ],
        &[
            "--let",
            "r = rsi(close, n)",
            "--buy",
            "r < dip",
            "--sell",
            "r > 60",
            "--param",
            "n=log:2:20:4",
            "--param",
            "dip=20,30",
            "--where",
            "n < dip and n > 2",
            "--stop-loss",
            "2 * atr(14)",
            "--signals",
            "splits",
            "--from",
            "2003-01-02",
            "--asset",
            "IBM",
            "--rank-by",
            "sharpe - volatility",
            "--require",
            "trades > 3",
            "--random",
            "4",
            "--seed",
            "9",
            "--keep",
            "top 3",
            "--cache-bytes",
            "50MB",
            "--permanent-windows",
            "20,50",
        ],
    ];
    for (at, flags) in flags.into_iter().enumerate() {
        let arguments = [&["sweep"], flags].concat();
        let output = lookback(&[&arguments[..], &["--print-config"]].concat());
        if at == 1 {
            assert!(
                stderr(&output).contains("buy, column "),
                "what cannot be read is not printed: {}",
                stderr(&output)
            );
            continue;
        }
        let config = stdout(&output);
        fs::write(path("again.toml"), &config).unwrap();
        let [first, again] = [path("first.csv"), path("again.csv")];
        printed(&[&arguments[..], &["--out", &first]].concat());
        printed(&["sweep", &path("again.toml"), "--out", &again]);
        assert!(fs::read(&first).unwrap() == fs::read(&again).unwrap(), "{config}");
        assert_eq!(
            printed(&["sweep", &path("again.toml"), "--print-config"]).split_once('\n').unwrap().1,
            config.split_once('\n').unwrap().1
        );
    }
}

#[test]
fn shells_and_man_learn_every_command_and_flag() {
    for (shell, sign) in
        [("bash", "complete -F"), ("zsh", "#compdef lookback"), ("fish", "complete -c lookback")]
    {
        let script = printed(&["completions", shell]);
        assert!(
            script.contains(sign) && script.contains("walk-forward") && script.contains("rank-by"),
            "{shell}"
        );
    }
    assert_eq!(lookback(&["completions", "csh"]).status.code(), Some(2));
    let page = printed(&["man"]);
    assert!(
        page.contains(".TH lookback 1") && page.contains("Exit codes") && page.contains("completions"),
        "{page}"
    );
    let folder = tempfile::tempdir().unwrap();
    printed(&["man", "--out", folder.path().to_str().unwrap()]);
    let sweep = fs::read_to_string(folder.path().join("lookback-sweep.1")).unwrap();
    assert!(sweep.contains("rank\\-by") && sweep.contains("require"));
}

#[test]
fn the_exit_codes_of_every_help_are_those_of_the_readme() {
    let readme = include_str!("../../README.md");
    let output: Output = lookback(&["sweep", "--help"]);
    for code in ["0", "1", "2", "3", "4", "130"] {
        assert!(
            stdout(&output).lines().any(|line| line.trim_start().starts_with(&format!("{code}  "))),
            "{code}"
        );
        assert!(readme.lines().any(|line| line.starts_with(&format!("| {code}"))), "{code}");
    }
}
