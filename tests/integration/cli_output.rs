//! Where output goes, and how it reads.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use serde_json::Value;

use super::shell::{lookback, shell, stderr, stdout};

const SMALL: [&str; 7] = ["sweep", "--asset", "IBM", "--param", "fast=5,10", "--param", "slow=50,300"];
const POINT: [&str; 8] = ["run", "sma-cross", "--param", "fast=20", "--param", "slow=50", "--asset", "AAPL"];

fn small(more: &[&str]) -> std::process::Output {
    lookback(&[&SMALL[..], more].concat())
}

fn point(more: &[&str]) -> std::process::Output {
    lookback(&[&POINT[..], more].concat())
}

/// A path below a folder as an argument.
fn below(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

/// Runs a line of shell on a terminal of some columns, and returns what is seen there.
fn on_terminal(columns: usize, line: &str) -> String {
    let bin = env!("CARGO_BIN_EXE_lookback");
    let inside = format!("stty cols {columns}; '{bin}' {line}");
    let output = std::process::Command::new("script").args(["-qec", &inside, "/dev/null"]).output().unwrap();
    stdout(&output).replace('\r', "")
}

#[test]
fn trades_and_equity_in_one_file_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other, link) = (below(folder.path(), "a.csv"), folder.path().join("./a.csv"), "b.csv");
    symlink("a.csv", folder.path().join(link)).unwrap();
    let refuse = |equity: &str| {
        let output = point(&["--trades", &one, "--equity", equity]);
        assert_eq!(output.status.code(), Some(2), "{equity}");
        assert!(stderr(&output).contains("--trades and --equity are the same file"), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    };
    refuse(&one);
    refuse(other.to_str().unwrap());
    refuse(&below(folder.path(), link));
    assert!(!Path::new(&one).exists(), "refused before anything is written");
    fs::write(&one, "").unwrap();
    fs::hard_link(&one, folder.path().join("c.csv")).unwrap();
    refuse(&below(folder.path(), "c.csv"));
}

#[test]
fn a_link_stays_a_link_and_its_target_is_written() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("far")).unwrap();
    for (link, target) in [("there.csv", "far/there.csv"), ("new.csv", "far/new.csv")] {
        symlink(target, folder.path().join(link)).unwrap();
    }
    let target = folder.path().join("far/there.csv");
    fs::write(&target, "old").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    for link in ["there.csv", "new.csv"] {
        let output = small(&["--out", &below(folder.path(), link)]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(fs::symlink_metadata(folder.path().join(link)).unwrap().is_symlink(), "{link}");
        assert_eq!(fs::read_to_string(folder.path().join("far").join(link)).unwrap().lines().count(), 5);
    }
    assert_eq!(fs::metadata(&target).unwrap().mode() & 0o777, 0o640, "as it was");
    assert_eq!(fs::read_dir(folder.path().join("far")).unwrap().count(), 2, "nothing is left beside");
}

#[test]
fn what_a_killed_run_left_beside_a_file_goes_with_the_next_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut ended = std::process::Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    let beside = |name: &str, process: u32| folder.path().join(format!(".{name}.{process}.part"));
    let leftover = beside("a.csv", ended.id());
    // Of a process that still writes, and of another file.
    let others = [beside("a.csv", std::process::id()), beside("b.csv", ended.id())];
    for file in others.iter().chain([&leftover]) {
        fs::write(file, "half").unwrap();
    }
    let output = small(&["--out", &below(folder.path(), "a.csv")]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!leftover.exists());
    assert!(others.iter().all(|file| file.exists()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn one_thing_is_said_in_the_singular() {
    let one = ["sweep", "--asset", "IBM", "--param", "fast=5", "--param", "slow=50"];
    let text = stdout(&lookback(&one));
    assert!(text.starts_with("sma-cross on sample: 1 asset, 3,270 bars, 1 point each, 1 trial\n"), "{text}");
    assert!(text.contains("\n1 trial in "), "{text}");
}

#[test]
fn a_device_is_written_to_and_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = below(folder.path(), "pipe.csv");
    let output =
        shell(&format!("mkfifo {pipe}; cat {pipe} & lookback {} --out {pipe}; wait", SMALL.join(" ")));
    assert!(stdout(&output).contains("asset,fast,slow,status"), "{}", stdout(&output));
    let output = point(&["--trades", "/dev/null", "--equity", "/dev/null"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    let full = point(&["--trades", "/dev/full"]);
    assert_eq!(full.status.code(), Some(1));
    assert!(stderr(&full).contains("/dev/full: writing: No space left"), "{}", stderr(&full));
}

#[test]
fn a_place_that_cannot_be_written_is_refused_before_the_sweep() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("dir.csv")).unwrap();
    for (name, words) in [
        ("no/such/a.csv", "no/such: No such file or directory"),
        ("dir.csv", "dir.csv: is a folder, expected a file"),
        ("new.csv/", "new.csv/: is the name of a folder, expected a file"),
        ("new.csv/.", "new.csv/.: is the name of a folder, expected a file"),
    ] {
        let output = small(&["--out", &below(folder.path(), name)]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn a_file_whose_name_is_no_text_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!(
        "cd '{}'; lookback {} --out \"$(printf 'a\\377.csv')\"",
        folder.path().display(),
        SMALL.join(" ")
    );
    let output = shell(&line);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_first_line_on_a_terminal_is_the_program_s_own() {
    let seen = on_terminal(200, "info");
    assert!(seen.starts_with("bundle     sample\n"), "{seen}");
    assert!(!seen.contains('\u{1b}'), "{seen}");
}

#[test]
fn a_ranking_fits_the_terminal_and_says_what_it_leaves_out() {
    let line = SMALL.join(" ");
    let wide = on_terminal(200, &line);
    assert!(wide.contains("exposure") && !wide.contains("not in"), "{wide}");
    let narrow = on_terminal(80, &line);
    let rows = narrow.lines().filter(|line| line.starts_with("  "));
    assert!(rows.clone().count() > 3 && rows.into_iter().all(|row| row.chars().count() <= 80), "{narrow}");
    let said =
        "not in 80 columns: exposure, profit factor; in a wider terminal, a pipe or --format csv they are";
    assert!(narrow.contains(said), "{narrow}");
    let tiny = on_terminal(10, &format!("{line} --rank-by exposure"));
    assert!(tiny.contains("exposure"), "what is ranked by stays: {tiny}");
    let table = narrow.lines().find(|line| line.contains(" fast ")).unwrap();
    assert!(!table.contains("exposure"), "{table}");
}

#[test]
fn counts_are_whole_numbers_in_json() {
    let output = small(&["--format", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let run: Value = serde_json::from_slice(&point(&["--format", "json"]).stdout).unwrap();
    for counts in [&document["results"][0], &run["metrics"], &run["buy_and_hold"]] {
        for name in ["trades", "open_trades", "max_drawdown_bars"] {
            assert!(counts[name].is_u64(), "{name}: {}", counts[name]);
        }
        assert!(counts["total_return"].is_f64());
    }
}

#[test]
fn a_cash_of_300_digits_is_shown_as_a_power_of_ten() {
    for arguments in [&SMALL[..], &POINT] {
        for format in ["table", "csv", "json"] {
            let output = lookback(&[arguments, &["--cash", "1e300", "--format", format]].concat());
            let text = stdout(&output);
            assert!(
                text.split_ascii_whitespace().all(|word| !word.contains("00000000000000000000")),
                "{text}"
            );
        }
        let text = stdout(&lookback(&[arguments, &["--cash", "1e300"]].concat()));
        assert!(text.contains("cash 1e300"), "{text}");
    }
}

#[test]
fn the_cache_takes_one_line_unless_it_is_asked_for() {
    let cache = |text: String| text.lines().skip_while(|line| !line.starts_with("cache")).count();
    assert_eq!(cache(stdout(&small(&[]))), 1);
    let full = stdout(&small(&["--stats"]));
    assert!(full.contains("evictions") && full.contains("loads"), "{full}");
    assert_eq!(cache(full), 2);
}

#[test]
fn info_reads_alike_in_every_format() {
    let csv = stdout(&lookback(&["info", "--format", "csv"]));
    assert!(
        csv.starts_with("asset,first,last,bars,splits,dividends,bytes\nAAPL,2000-03-01,2013-03-01,3270,"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 6);
    let table = stdout(&lookback(&["info"]));
    assert!(table.contains("\nasset  first       last        bars  splits  dividends"), "{table}");
    assert!(table.contains("\nAAPL   2000-03-01  2013-03-01  3270  "), "{table}");
}
