//! Plans and their parts: what machines ran each for itself is put together to the bytes of one machine.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::shell::{command, lookback, stderr, stdout};

const SWEEP: [&str; 8] =
    ["sma-cross", "--asset", "IBM", "--param", "fast=1:30", "--param", "slow=40:99", "--from=2012-01-03"];

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

/// Writes a plan of so many parts.
fn plan(folder: &Path, parts: &str, more: &[&str]) -> String {
    let plan = path(folder, "plan.json");
    let output = lookback(&[&["plan"], &SWEEP[..], &["--out", &plan, "--parts", parts], more].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    plan
}

fn run(folder: &Path, plan: &str, shard: &str) -> std::process::Output {
    lookback(&["sweep", "--plan", plan, "--shard", shard, "--out", &path(folder, "parts")])
}

fn merge(folder: &Path, out: &str) -> std::process::Output {
    lookback(&["merge", &path(folder, "parts"), "--out", &path(folder, out)])
}

#[test]
fn three_shards_of_which_one_was_killed_and_run_again_merge_to_the_bytes_of_one_machine() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let plan = plan(folder, "3", &[]);
    for shard in ["1/3", "3/3"] {
        let output = run(folder, &plan, shard);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let mut killed = command(&["sweep", "--plan", &plan, "--shard", "2/3", "--out", &path(folder, "parts")]);
    let mut killed = killed.stderr(Stdio::null()).spawn().unwrap();
    while killed.try_wait().unwrap().is_none() && fs::read_dir(folder.join("parts")).unwrap().count() < 3 {
        thread::sleep(Duration::from_millis(1));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let is_there = folder.join("parts/shard-00002-of-00003.lookback").exists();
    if !is_there {
        let missing = merge(folder, "a.csv");
        assert_eq!(missing.status.code(), Some(4));
        assert!(stderr(&missing).contains("1 of 3 shards are missing: 2\n"), "{}", stderr(&missing));
        let status = lookback(&["status", &path(folder, "parts")]);
        assert_eq!(status.status.code(), Some(4));
        assert!(stdout(&status).contains("done     2 of 3 shards\nmissing  2\n"), "{}", stdout(&status));
    }
    assert!(run(folder, &plan, "2/3").status.success());
    assert!(stderr(&run(folder, &plan, "2/3")).contains("shard 2/3 is there already"));
    for out in ["a.csv", "a.json", "a.arrow"] {
        let merged = merge(folder, out);
        assert!(merged.status.success(), "{}", stderr(&merged));
        let alone = path(folder, &format!("alone-{out}"));
        let one = lookback(&[&["sweep"], &SWEEP[..], &["--out", &alone]].concat());
        assert!(fs::read(&alone).unwrap() == fs::read(folder.join(out)).unwrap(), "{out}");
        // The ranking too, but for what it cost.
        let ranking = |text: String| text.split("\n1,800 trials in ").next().unwrap().to_owned();
        assert_eq!(ranking(stdout(&merged)), ranking(stdout(&one)));
    }
}

#[test]
fn parts_of_the_best_alone_merge_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), "4", &["--keep", "top 7", "--no-honesty"]);
    for shard in ["4/4", "2/4", "1", "3"] {
        assert!(run(folder.path(), &plan, shard).status.success(), "{shard}");
    }
    assert!(merge(folder.path(), "a.csv").status.success());
    let alone = path(folder.path(), "alone.csv");
    let more = ["--keep", "top 7", "--no-honesty", "--out", &alone];
    assert!(lookback(&[&["sweep"], &SWEEP[..], &more].concat()).status.success());
    let merged = fs::read_to_string(folder.path().join("a.csv")).unwrap();
    assert_eq!(merged.lines().count(), 8);
    assert_eq!(merged, fs::read_to_string(alone).unwrap());
}

#[test]
fn a_shard_is_found_by_what_clusters_set_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), "4", &["--no-honesty"]);
    let parts = path(folder.path(), "parts");
    for (name, value, shard) in [
        ("SLURM_ARRAY_TASK_ID", "1", "1/4"),
        ("JOB_COMPLETION_INDEX", "1", "2/4"),
        ("AWS_BATCH_JOB_ARRAY_INDEX", "2", "3/4"),
        ("HQ_TASK_ID", "4", "4/4"),
    ] {
        let mut sweep = command(&["sweep", "--plan", &plan, "--out", &parts]);
        // Of an array that runs one missing part again, which says that it has one.
        let output = sweep.env(name, value).env("SLURM_ARRAY_TASK_COUNT", "1").output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(
            stderr(&output).starts_with(&format!("lookback: shard {shard}, by {name}={value}\n")),
            "{}",
            stderr(&output)
        );
    }
    assert!(merge(folder.path(), "a.csv").status.success());
    for (shard, reason) in [
        ("0/4", "expected one from 1 to 4"),
        ("5", "is 5 of 4, expected one from 1 to 4"),
        ("1/9", "the plan has 4 shards, not 9"),
        ("x", "expected I or I/N, from 1"),
    ] {
        let refused = run(folder.path(), &plan, shard);
        assert_eq!(refused.status.code(), Some(2), "{shard}");
        assert!(stderr(&refused).contains(reason), "{}", stderr(&refused));
    }
    let nothing = lookback(&["sweep", "--plan", &plan, "--out", &parts]);
    assert!(
        stderr(&nothing).contains("--shard I/4 is missing, and none of SLURM_ARRAY_TASK_ID"),
        "{}",
        stderr(&nothing)
    );
    assert_eq!(lookback(&["sweep", "--shard", "1/4"]).status.code(), Some(2));
}

#[test]
fn a_part_that_was_cut_edited_doubled_or_is_of_another_plan_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = plan(folder, "2", &["--no-honesty"]);
    assert!(run(folder, &first, "1/2").status.success() && run(folder, &first, "2/2").status.success());
    let part = folder.join("parts/shard-00002-of-00002.lookback");
    let whole = fs::read(&part).unwrap();
    // A copy of the same is no harm.
    fs::write(folder.join("parts/copy.lookback"), &whole).unwrap();
    let merged = merge(folder, "a.csv");
    assert!(merged.status.success() && stderr(&merged).contains("and left out"), "{}", stderr(&merged));
    fs::remove_file(folder.join("parts/copy.lookback")).unwrap();
    let mut edited = whole.clone();
    edited[whole.len() / 2] ^= 1;
    for bytes in [&whole[..whole.len() - 40], &edited, &whole[..10]] {
        fs::write(&part, bytes).unwrap();
        let output = merge(folder, "b.csv");
        assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
        assert!(stderr(&output).contains("shard-00002-of-00002.lookback"), "{}", stderr(&output));
        assert!(stderr(&output).contains("1 of 2 shards are missing: 2"), "{}", stderr(&output));
    }
    fs::remove_file(&part).unwrap();
    let other = plan(folder, "2", &["--no-honesty", "--fee", "0.5"]);
    assert!(run(folder, &other, "2/2").status.success());
    let output = merge(folder, "b.csv");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("is of another plan: there settings.fee is 0.5, not 0.001"),
        "{}",
        stderr(&output)
    );
    assert!(!folder.join("b.csv").exists());
    // A plan that was edited is none.
    let text = fs::read_to_string(&other).unwrap().replace("\"fee\": 0.5", "\"fee\": 0.25");
    fs::write(&other, text).unwrap();
    let output = run(folder, &other, "1/2");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("it was edited: its digest is another one"), "{}", stderr(&output));
    assert_eq!(
        lookback(&["merge", &path(folder, "nowhere"), "--out", &path(folder, "c.csv")]).status.code(),
        Some(1)
    );
}

#[test]
fn a_plan_is_sized_to_a_minute_of_work_where_nothing_else_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let plan = path(folder.path(), "plan.json");
    let output = lookback(&[&["plan"], &SWEEP[..], &["--out", &plan]].concat());
    let text = stdout(&output);
    assert!(text.contains("1,800 trials in 1 shard, 1,800 each"), "{text}");
    // 600 million trials: a minute for no machine, and no shard of them is a trial.
    let huge =
        ["plan", "--asset", "IBM", "--param", "fast=1:20000", "--param", "slow=1:40000", "--out", &plan];
    let text = stdout(&lookback(&huge));
    let shards = text.split(" trials in ").nth(1).unwrap().split(' ').next().unwrap().replace(',', "");
    assert!((2..1_000_000).contains(&shards.parse::<usize>().unwrap()), "{text}");
}
