//! The codes that the program ends with, alike for every command.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::shell::{command, lookback, shell, stderr, stdout};

/// A small grid: 2 x 2 points on two assets, of which FB has no bar before 2012.
const SMALL: [&str; 7] = ["sweep", "--asset", "IBM,FB", "--param", "fast=5,10", "--param", "slow=50,300"];

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

#[test]
fn every_help_lists_the_exit_codes() {
    for arguments in [
        &["--help"][..],
        &["ingest", "--help"],
        &["info", "-h"],
        &["history", "--help"],
        &["sweep", "--help"],
        &["run", "--help"],
    ] {
        let text = stdout(&lookback(arguments));
        for code in ["    0  done", "    1  ", "    2  ", "    3  ", "    4  ", "  130  ", "143 by SIGTERM"] {
            assert!(text.contains(code), "{arguments:?} has no {code:?}:\n{text}");
        }
    }
}

#[test]
fn a_sweep_in_which_every_trial_failed_exits_with_1() {
    let output = lookback(&[&SMALL[..], &["--to", "1999-01-01", "--format", "csv"]].concat());
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert_eq!(text.lines().count(), 9);
    assert!(text.contains("IBM,5,50,failed,IBM: no bar from its start to 1999-01-01"), "{text}");
    let reason = "lookback: 8 of 8 trials failed, first IBM fast=5 slow=50: IBM: no bar";
    assert!(last_line(&stderr(&output)).starts_with(reason), "{}", stderr(&output));
    let allowed = lookback(&[&SMALL[..], &["--to", "1999-01-01", "--allow-failed", "1"]].concat());
    assert_eq!(allowed.status.code(), Some(1), "nothing usable is left, whatever is allowed");
}

#[test]
fn a_sweep_of_which_half_failed_exits_with_3_unless_that_is_allowed() {
    let until = |more: &[&str]| lookback(&[&SMALL[..], &["--to", "2010-01-01"], more].concat());
    let output = until(&[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stdout(&output).contains("4 of 8 trials failed"));
    let reason = "lookback: 4 of 8 trials failed, first FB fast=5 slow=50: FB: no bar";
    assert!(last_line(&stderr(&output)).starts_with(reason), "{}", stderr(&output));
    assert_eq!(until(&["--allow-failed", "0.49"]).status.code(), Some(3));
    assert_eq!(until(&["--allow-failed", "0.5"]).status.code(), Some(0));
    let refused = until(&["--allow-failed", "50"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("expected a share from 0 to 1"), "{}", stderr(&refused));
}

#[test]
fn an_unknown_asset_exits_with_2_and_the_nearest_name_in_every_command() {
    let point = ["--param", "fast=5", "--param", "slow=50"];
    for command in [&["history"][..], &["sweep"], &[&["run", "sma-cross"], &point[..]].concat()] {
        let output = lookback(&[command, &["--asset", "APPL"]].concat());
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        assert!(stderr(&output).contains("unknown asset APPL; nearest: AAPL"), "{}", stderr(&output));
    }
}

#[test]
fn a_run_before_the_first_bar_exits_with_1_as_a_sweep_does() {
    let asset = ["--asset", "IBM", "--param", "fast=5", "--param", "slow=50", "--to", "1999-01-01"];
    for command in [&["sweep"][..], &["run", "sma-cross"]] {
        let output = lookback(&[command, &asset].concat());
        assert_eq!(output.status.code(), Some(1), "{command:?}: {}", stderr(&output));
    }
}

#[test]
fn a_bundle_that_is_not_there_exits_with_1_in_every_command() {
    for command in [&["history", "--asset", "IBM", "--bundle"][..], &["sweep", "--bundle"], &["info"]] {
        let output = lookback(&[command, &["no/such/folder"]].concat());
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(stderr(&output).contains("no/such/folder"), "{}", stderr(&output));
    }
}

/// Starts a sweep that takes minutes, sends it a signal after a moment, and returns its code and what it said.
fn stopped_by(signal: &str) -> (Option<i32>, String, String, Duration) {
    let mut child = command(&["sweep", "--param", "fast=1:900", "--param", "slow=1:900"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(400));
    let sent = Instant::now();
    let kill = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let mut said = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut said.0).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut said.1).unwrap();
    (child.wait().unwrap().code(), said.0, said.1, sent.elapsed())
}

#[test]
fn a_signal_ends_a_sweep_with_its_own_code_and_what_is_done() {
    for (signal, name, code) in [("-INT", "SIGINT", 130), ("-TERM", "SIGTERM", 143)] {
        let (found, out, err, took) = stopped_by(signal);
        assert_eq!(found, Some(code), "{err}");
        assert!(out.contains("  1  ") && out.contains("stopped: "), "the ranking of what is done:\n{out}");
        assert!(err.contains(&format!("lookback: stopped by {name}: ")), "{err}");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

#[test]
fn head_ends_a_command_silently_and_with_success() {
    for line in [
        "sweep --asset IBM --format csv",
        "sweep --asset IBM --format json",
        "run sma-cross --asset IBM --param fast=5 --param slow=50 --format json",
        "run sma-cross --asset IBM --param fast=5 --param slow=50 --format csv",
        "history --asset IBM --bars 3000 --format csv",
        "history --asset IBM --bars 3000 --format json",
        "history --asset IBM --bars 3000",
        "info --format json",
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        let mut child = command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(!first.is_empty());
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{line}");
    }
}

#[test]
fn a_full_disk_is_an_error_that_names_stdout() {
    for command in ["info", "sweep --asset IBM --format csv", "history --asset IBM", "info --format json"] {
        let output = shell(&format!("lookback {command} > /dev/full"));
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert!(stderr(&output).contains("standard output: writing: No space left"), "{}", stderr(&output));
    }
}
