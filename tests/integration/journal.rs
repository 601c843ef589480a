//! Journals: a sweep that is ended in any way is gone on with, and has the results of one that never was.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::shell::{command, lookback, stderr, stdout};

/// A grid of 20,100 points on a few bars: five records of a journal.
const GRID: [&str; 14] = [
    "sweep",
    "sma-cross",
    "--no-honesty",
    "--asset",
    "IBM",
    "--param",
    "fast=1:200",
    "--param",
    "slow=2:201",
    "--from",
    "2012-10-01",
    "--top",
    "3",
    "--threads=2",
];

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

/// A sweep with a journal, gone on with where there is one, and a file of rows.
fn journalled(folder: &Path, out: &str, more: &[&str]) -> Command {
    let (journal, out) = (path(folder, "journal"), path(folder, out));
    command(&[&GRID[..], &["--journal", &journal, "--resume", "--out", &out], more].concat())
}

fn end(mut command: Command) -> Output {
    command.output().unwrap()
}

#[test]
fn a_sweep_killed_fifty_times_at_any_moment_has_the_bytes_of_one_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let undisturbed = path(folder.path(), "undisturbed.csv");
    let started = Instant::now();
    assert!(lookback(&[&GRID[..], &["--out", &undisturbed]].concat()).status.success());
    let takes = started.elapsed();
    let expected = fs::read(&undisturbed).unwrap();
    let journal = folder.path().join("journal");
    let mut random = fastrand::Rng::with_seed(20);
    let (mut kills, mut resumed, mut ends) = (0, 0, 0);
    while kills < 50 || ends == 0 {
        resumed += u32::from(journal.join("journal.lookback").exists());
        let mut sweep = journalled(folder.path(), "a.csv", &[]);
        let mut child = sweep.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        if kills < 50 {
            thread::sleep(takes.mul_f64(random.f64()));
        }
        // Killed, or over just before.
        if kills < 50 && child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            kills += 1;
        }
        if child.wait().unwrap().success() {
            assert!(fs::read(path(folder.path(), "a.csv")).unwrap() == expected, "after {kills} kills");
            ends += 1;
            fs::remove_dir_all(&journal).unwrap();
        }
    }
    assert!(resumed > 10, "gone on with {resumed} times");
}

#[test]
fn a_journal_that_was_cut_at_any_byte_is_gone_on_with_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for out in ["a.csv", "a.json", "a.arrow"] {
        assert!(end(journalled(folder.path(), out, &[])).status.success());
    }
    let file = folder.path().join("journal/journal.lookback");
    let whole = fs::read(&file).unwrap();
    let mut random = fastrand::Rng::with_seed(4);
    for (out, cut) in [("b.csv", 100), ("b.json", 1_000_000), ("b.arrow", random.usize(10_000..whole.len()))]
    {
        fs::write(&file, &whole[..whole.len() - cut.min(whole.len() / 2)]).unwrap();
        let output = end(journalled(folder.path(), out, &[]));
        assert!(output.status.success(), "{}", stderr(&output));
        let same = out.replace('b', "a");
        assert!(
            fs::read(folder.path().join(out)).unwrap() == fs::read(folder.path().join(same)).unwrap(),
            "{out}"
        );
        assert!(fs::read(&file).unwrap() == whole, "the journal as well");
    }
}

#[test]
fn a_journal_that_was_edited_or_is_of_another_run_is_refused_with_the_difference() {
    let folder = tempfile::tempdir().unwrap();
    assert!(end(journalled(folder.path(), "a.csv", &[])).status.success());
    for (more, difference) in [
        (&["--fee", "0.002"][..], "there settings.fee is 0.001, not 0.002 as here"),
        (&["--adjust", "raw"], "there settings.adjust is \"total\", not \"raw\" as here"),
        (&["--rank-by", "cagr"], "there keep.rank_by is \"sharpe\", not \"cagr\" as here"),
        (&["--require", "trades > 3"], "there keep.require is null, not \"trades > 3\" as here"),
        (&["--where", "fast > 3"], "there points is "),
        (&["--keep", "top 5"], "there keep.count is 100000, not 5 as here"),
        (&["--seed", "1"], "there keep.seed is 0, not 1 as here"),
    ] {
        let output = end(journalled(folder.path(), "b.csv", more));
        assert_eq!(output.status.code(), Some(1), "{more:?}");
        assert!(
            stderr(&output).contains("is of another run") && stderr(&output).contains(difference),
            "{}",
            stderr(&output)
        );
    }
    let again = lookback(&[&GRID[..], &["--journal", &path(folder.path(), "journal")]].concat());
    assert_eq!(again.status.code(), Some(1));
    assert!(
        stderr(&again).contains("holds a journal already; go on with it by --resume"),
        "{}",
        stderr(&again)
    );
    let file = folder.path().join("journal/journal.lookback");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    let output = end(journalled(folder.path(), "b.csv", &[]));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("journal.lookback is corrupt: the record at byte "),
        "{}",
        stderr(&output)
    );
    assert!(!folder.path().join("b.csv").exists());
    let lonely = lookback(&[&GRID[..], &["--resume"]].concat());
    assert_eq!(lonely.status.code(), Some(2));
}

#[test]
fn a_journal_of_another_format_is_refused_and_says_which() {
    let folder = tempfile::tempdir().unwrap();
    assert!(end(journalled(folder.path(), "a.csv", &[])).status.success());
    let journal = folder.path().join("journal").join("journal.lookback");
    let mut bytes = fs::read(&journal).unwrap();
    bytes[7] = b'1';
    fs::write(&journal, &bytes).unwrap();
    let output = end(journalled(folder.path(), "b.csv", &[]));
    let said = stderr(&output);
    assert!(said.contains("journal.lookback") && said.contains("is of format 1, expected 2"), "{said}");
    assert!(!output.status.success() && !folder.path().join("b.csv").exists());
    assert_eq!(fs::read(&journal).unwrap(), bytes, "nothing is lost");
}

#[test]
fn a_journal_of_another_version_of_the_bundle_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let bars = |closes: std::ops::Range<u32>| {
        let rows = closes
            .zip(1..)
            .map(|(close, day)| format!("2024-01-{day:02},{close},{close},{close},{close},9\n"));
        let file = path(folder.path(), "x.csv");
        fs::write(&file, format!("date,open,high,low,close,volume\n{}", rows.collect::<String>())).unwrap();
        assert!(lookback(&["ingest", &file, "--out", &path(folder.path(), "bundle")]).status.success());
    };
    let sweep = || {
        let (bundle, journal) = (path(folder.path(), "bundle"), path(folder.path(), "journal"));
        lookback(&[
            "sweep",
            "--no-honesty",
            "--bundle",
            &bundle,
            "--param",
            "fast=2",
            "--param",
            "slow=5",
            "--journal",
            &journal,
            "--resume",
        ])
    };
    bars(10..30);
    assert!(sweep().status.success());
    bars(11..31);
    let output = sweep();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("there bundle is \""), "{}", stderr(&output));
}

#[test]
fn a_sweep_that_is_asked_to_end_keeps_what_is_finished_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut sweep = journalled(folder.path(), "a.csv", &[]);
    let mut child = sweep.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let file = folder.path().join("journal/journal.lookback");
    // After the first record.
    while child.try_wait().unwrap().is_none() && fs::metadata(&file).map_or(0, |found| found.len()) < 100_000
    {
        thread::sleep(Duration::from_millis(1));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        return; // It was over before the signal came.
    }
    assert_eq!(output.status.code(), Some(130));
    assert!(stderr(&output).contains("the same command with --resume goes on"), "{}", stderr(&output));
    let rows = fs::read_to_string(path(folder.path(), "a.csv")).unwrap().lines().count();
    assert!((4_097..20_101).contains(&rows), "{rows} lines");
    let status = lookback(&["status", &path(folder.path(), "journal")]);
    assert_eq!(status.status.code(), Some(4));
    assert!(stdout(&status).contains("go on by the same command with --resume"), "{}", stdout(&status));
    assert!(end(journalled(folder.path(), "b.csv", &[])).status.success());
    let whole = path(folder.path(), "whole.csv");
    assert!(lookback(&[&GRID[..], &["--out", &whole]].concat()).status.success());
    assert!(fs::read(whole).unwrap() == fs::read(path(folder.path(), "b.csv")).unwrap());
}

/// A small file system in memory, until it is dropped; none where mounting is not allowed.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    #[expect(clippy::print_stdout, reason = "a test that is skipped says why")]
    fn mount(folder: &'a Path, size: &str) -> Option<Self> {
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", size, "tmpfs"]).arg(folder).output();
        match mount {
            Ok(output) if output.status.success() => Some(Self(folder)),
            Ok(output) => {
                println!("skipped: no small disk can be mounted: {}", stderr(&output));
                None
            }
            Err(error) => {
                println!("skipped: mount cannot be run: {error}");
                None
            }
        }
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_ends_a_sweep_and_with_more_room_it_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path(), "size=3m") else { return };
    let top = |out: &str| journalled(folder.path(), out, &["--keep", "top 50"]);
    let full = end(top("a.csv"));
    assert_eq!(full.status.code(), Some(1), "{}", stderr(&full));
    assert!(
        stderr(&full).contains("journal.lookback: writing: No space left on device"),
        "{}",
        stderr(&full)
    );
    // A row of each trial would not fit, which is seen before anything runs.
    fs::remove_dir_all(folder.path().join("journal")).unwrap();
    let refused = lookback(&[&GRID[..], &["--out", &path(folder.path(), "b.csv")]].concat());
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("b.csv: takes about ") && stderr(&refused).contains(" are free there"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(end(top("a.csv")).status.code(), Some(1));
    let grown = Command::new("mount").args(["-o", "remount,size=64m"]).arg(disk.0).status().unwrap();
    assert!(grown.success());
    let output = end(top("a.csv"));
    assert!(output.status.success(), "{}", stderr(&output));
    let elsewhere = tempfile::tempdir().unwrap();
    let whole = path(elsewhere.path(), "a.csv");
    assert!(lookback(&[&GRID[..], &["--keep", "top 50", "--out", &whole]].concat()).status.success());
    assert!(fs::read(whole).unwrap() == fs::read(path(folder.path(), "a.csv")).unwrap());
}
