//! Versions of a bundle at rest: kept, found by name, pruned; and bundles that are replaced while they are read.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use lookback::bundle::IngestOptions;
use lookback::{AssetId, Bundle, Field, Frequency};

use super::append::{days, files, ingested, text, used_segments};
use super::files::{Folder, GOOD, program, stderr, stdout, values};

fn names(folder: &Folder) -> Vec<(String, String)> {
    let versions = Bundle::versions(folder.path("bundle")).unwrap();
    versions.into_iter().map(|one| (one.name, one.how)).collect()
}

#[test]
fn every_version_stays_until_it_is_pruned_and_then_is_an_error_that_names_it() {
    let folder = Folder::new();
    let first = ingested(&folder, &[days("A", 0..50)]);
    let second = first.append(vec![days("A", 50..51)]).unwrap().bundle;
    let mut other = days("A", 50..51);
    other.values[3][0] = "51.25".parse().unwrap();
    let third = second.append(vec![other]).unwrap().bundle;
    let told = |bundle: &Bundle, how: &str| (bundle.version().to_owned(), how.to_owned());
    let all = [told(&third, "restate"), told(&second, "append"), told(&first, "ingest")];
    assert_eq!(names(&folder), all);
    for (version, bundle) in all.iter().zip([&third, &second, &first]) {
        let opened = Bundle::open_version(folder.path("bundle"), &version.0).unwrap();
        assert_eq!(values(&opened).unwrap(), values(bundle).unwrap());
        assert_eq!(opened.version(), version.0);
    }
    let held = [values(&first).unwrap(), values(&second).unwrap()];
    let pruned = Bundle::prune(folder.path("bundle"), 1).unwrap();
    assert_eq!(
        pruned.into_iter().map(|one| one.name).collect::<Vec<_>>(),
        [second.version(), first.version()]
    );
    for gone in [&first, &second] {
        let error = Bundle::open_version(folder.path("bundle"), gone.version()).unwrap_err().to_string();
        let expected = format!(
            "bundle: version {} is not there: it was pruned, or never was; there are {}",
            gone.version(),
            &third.version()[..12]
        );
        assert_eq!(folder.plain(&error), expected);
    }
    assert_eq!([values(&first).unwrap(), values(&second).unwrap()], held, "what is open reads on");
    assert_eq!((files(&folder, "versions"), files(&folder, "segments")), (1, used_segments(&folder)));
    assert_eq!(values(&Bundle::open(folder.path("bundle")).unwrap()).unwrap(), values(&third).unwrap());
}

#[test]
fn an_ingest_keeps_as_many_versions_as_it_is_told() {
    let folder = Folder::new();
    for count in 1..5 {
        folder.bundle(GOOD.lines().take(1 + count.min(3)).collect::<Vec<_>>().join("\n"));
    }
    assert_eq!(names(&folder).len(), 3, "one ingest told nothing new");
    folder.write("AAPL.csv", GOOD.replace("44.50", "44.49"));
    let done = folder.run(&["ingest", "AAPL.csv", "--out", "bundle", "--keep", "2"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert_eq!((names(&folder).len(), files(&folder, "versions")), (2, 2));
    let refused = folder.run(&["ingest", "AAPL.csv", "--out", "bundle", "--keep", "0"]);
    assert_eq!(stderr(&refused), "lookback: --keep: is 0, but the new version stays; expected at least 1\n");
    let old = &names(&folder)[1].0[..8];
    let shown = folder.run(&[
        "history",
        "--bundle",
        "bundle",
        "--bundle-version",
        old,
        "--asset",
        "AAPL",
        "--bars",
        "1",
        "--format",
        "csv",
    ]);
    assert!(stdout(&shown).contains("44.5"), "{}", stdout(&shown));
    let pruned = folder.run(&["prune", "bundle"]);
    assert!(stdout(&pruned).starts_with(&format!("pruned     {old}")), "{}", stdout(&pruned));
    let gone = folder.run(&["info", "bundle", "--bundle-version", old]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(
        stderr(&gone).contains(&format!("version {old} is not there: it was pruned")),
        "{}",
        stderr(&gone)
    );
    let none = folder.run(&["prune", "bundle", "--keep", "0"]);
    assert!(stderr(&none).contains("--keep: is 0, but the version that stands stays"), "{}", stderr(&none));
}

#[test]
fn a_version_that_comes_back_is_the_one_that_stands() {
    let folder = Folder::new();
    let first = folder.bundle(GOOD);
    let second = folder.bundle(GOOD.replace("44.50", "44.49"));
    let again = folder.bundle(GOOD);
    assert_eq!(first.version(), again.version());
    let expected = [first.version(), second.version()].map(|name| (name.to_owned(), "ingest".to_owned()));
    assert_eq!(names(&folder), expected);
}

#[test]
fn what_a_killed_append_left_is_no_version_and_goes_with_the_next() {
    let folder = Folder::new();
    let bundle = ingested(&folder, &[days("A", 0..50)]);
    let path = folder.path("bundle");
    // It had written a segment, and a manifest, and was killed before the version stood.
    fs::write(path.join("lock"), "writing\n").unwrap();
    fs::write(path.join(format!("segments/{}.arrow", "0".repeat(64))), "bars").unwrap();
    fs::write(path.join(format!("versions/{}.json", "0".repeat(64))), "{}").unwrap();
    fs::write(path.join("segments/1.unfinished"), "ba").unwrap();
    fs::write(path.join("current.unfinished"), "0").unwrap();
    assert_eq!(Bundle::open(&path).unwrap().version(), bundle.version());
    assert_eq!(names(&folder).len(), 1);
    let appended = bundle.append(vec![days("A", 50..51)]).unwrap().bundle;
    assert_eq!((files(&folder, "versions"), names(&folder).len()), (2, 2));
    assert!(!path.join("current.unfinished").exists() && !path.join("segments/1.unfinished").exists());
    assert!(!path.join(format!("segments/{}.arrow", "0".repeat(64))).exists());
    assert_eq!(fs::read(path.join("lock")).unwrap(), b"");
    assert_eq!(values(&Bundle::open(&path).unwrap()).unwrap(), values(&appended).unwrap());
}

#[test]
fn an_appended_bundle_is_read_on_while_it_is_replaced_pruned_and_deleted() {
    let folder = Folder::new();
    let path = folder.path("bundle");
    let mut bundle = ingested(&folder, &[days("A", 0..300)]);
    for day in 300..310 {
        bundle = bundle.append(vec![days("A", day..day + 1)]).unwrap().bundle;
    }
    let expected = values(&bundle).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reads = || {
            let mut count = 0;
            while !done.load(Ordering::Relaxed) || count == 0 {
                let mut closes = Vec::new();
                bundle.read(AssetId(0), Field::Close, 0..310, &mut closes).unwrap();
                assert_eq!(closes.len(), 310);
                assert_eq!(values(&bundle).unwrap(), expected);
                count += 1;
            }
        };
        let opens = || {
            while !done.load(Ordering::Relaxed) {
                // One version or another, whole; and gone when the folder is.
                if let Ok(found) = Bundle::open(&path) {
                    let bars = found.bars(AssetId(0));
                    assert_eq!(found.calendar(AssetId(0)).unwrap().len(), bars);
                }
            }
        };
        let workers = [scope.spawn(reads), scope.spawn(reads), scope.spawn(opens)];
        let mut live = bundle.clone();
        for day in 310..340 {
            live = live.append(vec![days("A", day..day + 1)]).unwrap().bundle;
            Bundle::prune(&path, 1).unwrap();
        }
        folder.write("all.csv", "symbol,date,open,high,low,close,volume\nA,2000-01-03,1,1,1,1,1\n");
        let options = IngestOptions { keep: Some(1), ..IngestOptions::default() };
        folder.ingest(&["all.csv"], &options).unwrap();
        assert_eq!((files(&folder, "versions"), files(&folder, "segments")), (1, 1));
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(values(&bundle).unwrap(), expected);
        done.store(true, Ordering::Relaxed);
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
    assert!(Bundle::open(&path).is_err());
}

#[test]
fn an_append_or_a_prune_that_is_killed_at_any_moment_leaves_whole_versions() {
    let folder = Folder::new();
    let path = folder.path("bundle");
    let mut bars = 3_000;
    ingested(&folder, &[days("A", 0..bars)]);
    let spawn = |arguments: &[&str]| {
        let mut command = program(arguments);
        let quiet = std::process::Stdio::null;
        command.current_dir(folder.path("")).stdout(quiet()).stderr(quiet()).spawn().unwrap()
    };
    let start = Instant::now();
    folder.write("day.csv", text(&[days("A", bars..bars + 1)]));
    assert!(spawn(&["append", "bundle", "day.csv"]).wait().unwrap().success());
    let whole_run = start.elapsed();
    bars += 1;
    let mut killed = 0;
    for round in 0..24 {
        folder.write("day.csv", text(&[days("A", bars..bars + 1)]));
        let is_append = round % 4 != 3;
        let arguments: &[&str] =
            if is_append { &["append", "bundle", "day.csv"] } else { &["prune", "bundle", "--keep", "2"] };
        let mut child = spawn(arguments);
        // More of the moments are near the end, where files are written.
        let part = 1.1 - 0.9 * (f64::from(round % 8) / 7.0).powi(2);
        std::thread::sleep(whole_run.mul_f64(part));
        child.kill().unwrap();
        let finished = child.wait().unwrap().success();
        killed += i32::from(!finished);
        let found = Bundle::open(&path).unwrap();
        let now = i64::try_from(found.bars(AssetId(0))).unwrap();
        assert!(now == bars || (is_append && now == bars + 1), "{bars} bars, then {now}");
        assert!(!is_append || !finished || now == bars + 1);
        bars = now;
        let verified = Bundle::verify(&path).unwrap();
        assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    }
    let whole = Bundle::from_series("whole", Frequency::Day, vec![days("A", 0..bars)]).unwrap();
    assert_eq!(Bundle::open(&path).unwrap().version(), whole.version());
    Bundle::prune(&path, 1).unwrap();
    assert_eq!((files(&folder, "versions"), files(&folder, "segments")), (1, used_segments(&folder)));
    assert!(killed > 0, "no run was killed before its end");
}
