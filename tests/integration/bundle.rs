//! Bundles in memory and at rest.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lookback::bundle::{Adjustment, AdjustmentKind, IngestOptions, Series, ingest};
use lookback::{AssetId, Bundle, Calendar, ErrorKind, Field, Frequency};

use crate::files::{Folder, GOOD, program, read_all, stderr, values};

fn events(bundle: &Bundle, name: &str, keep: impl Fn(&AdjustmentKind) -> bool) -> Vec<Adjustment> {
    let asset = bundle.asset(name).unwrap();
    bundle.adjustments(asset).iter().copied().filter(|one| keep(&one.kind)).collect()
}

#[test]
fn the_sample_has_its_splits_and_dividends() {
    let bundle = Bundle::sample().unwrap();
    assert_eq!(
        bundle.symbols().iter().map(|one| one.as_str()).collect::<Vec<_>>(),
        ["AAPL", "FB", "GOOG", "IBM", "MSFT"]
    );
    let splits = |name| {
        let splits = events(&bundle, name, |kind| kind.is_split());
        splits.into_iter().map(|one| (one.ex_date.to_string(), one.kind)).collect::<Vec<_>>()
    };
    let two = AdjustmentKind::Split(2.0);
    assert_eq!(splits("AAPL"), [("2000-06-21".to_owned(), two), ("2005-02-28".to_owned(), two)]);
    assert_eq!(splits("MSFT"), [("2003-02-18".to_owned(), two)]);
    let dividends = ["AAPL", "FB", "GOOG", "IBM", "MSFT"]
        .map(|name| events(&bundle, name, |kind| !kind.is_split()).len());
    assert_eq!(dividends, [3, 0, 0, 52, 37]);
}

#[test]
fn the_sample_reads_as_its_file_says() {
    let bundle = Bundle::sample().unwrap();
    let apple = bundle.asset("AAPL").unwrap();
    let mut opens = Vec::new();
    bundle.read(apple, Field::Open, 0..3, &mut opens).unwrap();
    assert_eq!(opens, [118.56, 127.0, 124.87]);
    assert_eq!(bundle.frequency(), Frequency::Day);
    assert_eq!(bundle.bars(apple), 3_270);
    assert_eq!(bundle.version().len(), 64);
}

fn sample_text() -> String {
    let mut text = String::new();
    let file = std::fs::File::open("data/stocks.csv.gz").unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

/// Minute bars whose every value tells its row; three batches.
fn minutes() -> String {
    let row = |minute: usize| {
        let moment = 1_109_548_800 + 60 * minute;
        format!("{moment},{0}.5,{0}.75,{0}.125,{0}.25,{minute}\n", minute + 1)
    };
    let rows: String = (0..10_000).map(row).collect();
    format!("timestamp,open,high,low,close,volume\n{rows}")
}

#[test]
fn a_bundle_at_rest_has_the_version_and_values_of_one_in_memory() {
    let sample = Bundle::sample().unwrap();
    let folder = Folder::new();
    let out = folder.path("bundle");
    ingest(&["data/stocks.csv.gz"], &out, &IngestOptions::default()).unwrap();
    let bundle = Bundle::open(&out).unwrap();
    assert_eq!(bundle.version(), sample.version());
    for index in 0..5 {
        let asset = AssetId(index);
        assert_eq!(bundle.calendar(asset).unwrap(), sample.calendar(asset).unwrap());
        assert_eq!(bundle.adjustments(asset), sample.adjustments(asset));
        assert_eq!(bundle.span(asset), sample.span(asset));
        for field in Field::STORED {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            bundle.read(asset, field, 0..bundle.bars(asset), &mut one).unwrap();
            sample.read(asset, field, 0..sample.bars(asset), &mut other).unwrap();
            assert_eq!(one, other);
        }
    }
}

#[test]
fn any_range_is_read_across_batches() {
    let folder = Folder::new();
    let bundle = folder.bundle(minutes());
    for bars in [0..10_000, 0..1, 4_095..4_097, 4_096..8_192, 5_000..5_000, 8_191..10_000, 9_999..10_000] {
        let mut volumes = vec![-1.0];
        bundle.read(AssetId(0), Field::Volume, bars.clone(), &mut volumes).unwrap();
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let expected: Vec<f64> = std::iter::once(-1.0).chain(bars.map(|bar| bar as f64)).collect();
        assert_eq!(volumes, expected);
    }
}

#[test]
fn a_damaged_batch_is_refused_and_the_others_are_read() {
    let folder = Folder::new();
    let bundle = folder.bundle(minutes());
    let segment = folder.only("segments");
    let path = folder.path(&segment);
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let mut out = vec![7.0];
    bundle.read(AssetId(0), Field::Close, 0..4_096, &mut out).unwrap();
    bundle.read(AssetId(0), Field::Close, 8_192..10_000, &mut out).unwrap();
    let error = bundle.read(AssetId(0), Field::Close, 4_000..5_000, &mut out).unwrap_err();
    assert_eq!(out.len(), 1 + 4_096 + 1_808);
    assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }));
    let message = format!("{segment} is corrupt: AAPL rows 4096 to 8191 differ from their digest");
    assert_eq!(folder.plain(&error.to_string()), message);
    assert!(bundle.calendar(AssetId(0)).is_err());
}

#[test]
fn a_changed_byte_anywhere_is_refused_or_changes_nothing() {
    let folder = Folder::new();
    folder.bundle(GOOD);
    let bundle = folder.path("bundle");
    let expected = read_all(&bundle).unwrap();
    let mut refused = 0;
    for file in ["bundle/current".to_owned(), folder.only("versions"), folder.only("segments")] {
        let path = folder.path(&file);
        let whole = std::fs::read(&path).unwrap();
        let mut open = std::fs::File::options().write(true).open(&path).unwrap();
        let mut set = |at: usize, byte: u8| {
            open.seek(SeekFrom::Start(at as u64)).unwrap();
            open.write_all(&[byte]).unwrap();
        };
        for at in 0..whole.len() {
            set(at, whole[at] ^ [1, 0x20, 0x80][at % 3]);
            match read_all(&bundle) {
                Ok(values) => {
                    assert_eq!(values, expected, "byte {at} of {file}");
                    assert_eq!(file, "bundle/current", "byte {at} of {file} is covered by a digest");
                }
                Err(_) => refused += 1,
            }
            set(at, whole[at]);
        }
    }
    assert!(refused > 3_000, "{refused}");
    assert_eq!(read_all(&bundle).unwrap(), expected);
}

#[test]
fn a_cut_lengthened_or_missing_file_is_refused() {
    let folder = Folder::new();
    folder.bundle(GOOD);
    let bundle = folder.path("bundle");
    let segment = folder.only("segments");
    for file in ["bundle/current", &folder.only("versions"), &segment] {
        let path = folder.path(file);
        let whole = std::fs::read(&path).unwrap();
        for length in (0..whole.len()).step_by(97) {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = read_all(&bundle).unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Corrupt { .. }), "{error}");
        }
        std::fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
        assert!(read_all(&bundle).is_err());
        std::fs::write(&path, whole).unwrap();
    }
    std::fs::remove_file(folder.path(&segment)).unwrap();
    let error = Bundle::open(&bundle).unwrap_err();
    assert!(folder.plain(&error.to_string()).starts_with(&format!("{segment}: cannot be read")), "{error}");
}

#[test]
fn a_newer_format_says_so() {
    let folder = Folder::new();
    folder.bundle(GOOD);
    let manifest = folder.only("versions");
    let text = std::fs::read_to_string(folder.path(&manifest)).unwrap();
    folder.write(&manifest, text.replace("\"format_version\": 2", "\"format_version\": 9"));
    let error = Bundle::open(folder.path("bundle")).unwrap_err().to_string();
    assert_eq!(folder.plain(&error), format!("{manifest}: has format version 9, this program reads up to 2"));
}

#[test]
fn a_bundle_replaced_or_deleted_while_open_reads_on_as_it_was() {
    let folder = Folder::new();
    let old = folder.bundle(GOOD);
    let new = folder.bundle(GOOD.replace("44.50", "44.60"));
    assert_ne!(old.version(), new.version());
    std::fs::remove_dir_all(folder.path("bundle")).unwrap();
    let mut closes = Vec::new();
    old.read(AssetId(0), Field::Close, 2..3, &mut closes).unwrap();
    new.read(AssetId(0), Field::Close, 2..3, &mut closes).unwrap();
    assert_eq!(closes, [44.5, 44.6]);
    assert_eq!(old.calendar(AssetId(0)).unwrap(), new.calendar(AssetId(0)).unwrap());
}

#[test]
fn who_opens_a_bundle_while_it_is_replaced_finds_one_version_or_the_other() {
    let folder = Folder::new();
    let texts = [GOOD.to_owned(), GOOD.replace("44.50", "44.60")];
    let known = texts.each_ref().map(|text| {
        let version = folder.bundle(text).version().to_owned();
        (version, read_all(&folder.path("bundle")).unwrap())
    });
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..40 {
                folder.bundle(&texts[round % 2]);
            }
            done.store(true, Ordering::Relaxed);
        });
        let mut seen = [0, 0];
        while !done.load(Ordering::Relaxed) {
            let bundle = Bundle::open(folder.path("bundle")).unwrap();
            let found = known.iter().position(|(version, _)| version == bundle.version()).unwrap();
            assert!(values(&bundle).unwrap() == known[found].1);
            seen[found] += 1;
        }
        assert!(seen[0] + seen[1] > 10, "{seen:?}");
    });
}

#[test]
fn a_replaced_bundle_of_which_one_version_is_kept_leaves_nothing_of_the_old_one() {
    let folder = Folder::new();
    folder.bundle(GOOD);
    folder.write("AAPL.csv", GOOD.replace("44.50", "44.60"));
    folder.ingest(&["AAPL.csv"], &IngestOptions { keep: Some(1), ..IngestOptions::default() }).unwrap();
    let mut names: Vec<_> = std::fs::read_dir(folder.path("bundle"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["current", "lock", "segments", "versions"]);
    let manifest = std::fs::read_to_string(folder.path(&folder.only("versions"))).unwrap();
    let segment = folder.only("segments");
    assert!(manifest.contains(segment.strip_prefix("bundle/").unwrap()), "{manifest}");
}

#[test]
fn a_file_cut_under_a_run_is_an_error_that_names_file_and_asset() {
    let folder = Folder::new();
    let bundle = folder.bundle(minutes());
    let segment = folder.only("segments");
    let file = std::fs::File::options().write(true).open(folder.path(&segment)).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    let mut out = Vec::new();
    bundle.read(AssetId(0), Field::Close, 0..4_096, &mut out).unwrap();
    let error = bundle.read(AssetId(0), Field::Close, 0..10_000, &mut out).unwrap_err().to_string();
    let message = format!("{segment} is corrupt: it ends before byte ");
    assert!(folder.plain(&error).starts_with(&message), "{error}");
    assert!(error.ends_with(", within AAPL rows 4096 to 8191"), "{error}");
    let shown = stderr(&folder.run(&["info", "bundle"]));
    assert!(shown.starts_with(&format!("lookback: {segment} is corrupt: it has ")), "{shown}");
}

#[test]
fn a_bundle_behind_a_link_is_replaced_behind_it() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("disk")).unwrap();
    std::os::unix::fs::symlink("disk", folder.path("bundle")).unwrap();
    folder.bundle(GOOD);
    let new = folder.bundle(GOOD.replace("44.50", "44.60"));
    assert!(folder.path("bundle").is_symlink());
    assert_eq!(Bundle::open(folder.path("disk")).unwrap().version(), new.version());
}

#[test]
fn two_ingests_into_one_folder_do_not_mix() {
    let folder = Folder::new();
    folder.bundle(GOOD);
    let lock = std::fs::File::open(folder.path("bundle/lock")).unwrap();
    lock.lock().unwrap();
    let error = folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap_err().to_string();
    let message = "bundle: is being written by another process; wait until that has ended";
    assert_eq!(folder.plain(&error), message);
    lock.unlock().unwrap();
    folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap();
}

#[test]
fn what_a_killed_first_ingest_left_is_no_bundle_and_is_cleared_by_the_next() {
    let folder = Folder::new();
    for inner in ["bundle/segments", "bundle/versions"] {
        std::fs::create_dir_all(folder.path(inner)).unwrap();
    }
    folder.write("bundle/lock", "");
    folder.write("bundle/segments/4711.unfinished", "half of a seg");
    let shown = stderr(&folder.run(&["info", "bundle"]));
    let message = "lookback: bundle: is not a bundle, or its ingest did not end: it has no file `current`\n";
    assert_eq!(shown, message);
    folder.bundle(GOOD);
    assert!(folder.only("segments").ends_with(".arrow"));
}

#[test]
fn a_refused_ingest_leaves_no_folder() {
    let folder = Folder::new();
    folder.write(
        "AAPL.csv",
        "date,open,high,low,close,volume\n2005-02-25,1,1,1,1,79228162514264337593543950335\n\
                              2005-02-28,1,1,1,1,0.0000000000000000000000000001\n",
    );
    let error = folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap_err().to_string();
    assert_eq!(error, "AAPL: volume needs more than 38 digits at the bundle's decimals");
    assert_eq!(folder.names(), ["AAPL.csv"]);
}

/// Copies the bundle that the first edition's program wrote.
fn first_edition(folder: &Folder) -> std::path::PathBuf {
    let bundle = folder.path("bundle");
    std::fs::create_dir(&bundle).unwrap();
    for file in ["manifest.json", "AAPL.0.arrow", "IBM.0.arrow"] {
        let from = std::path::Path::new("tests/data/first_edition").join(file);
        std::fs::copy(from, bundle.join(file)).unwrap();
    }
    bundle
}

#[test]
fn a_bundle_of_the_first_edition_opens_and_is_replaced_under_an_open_one() {
    let folder = Folder::new();
    let path = first_edition(&folder);
    let old = Bundle::open(&path).unwrap();
    let expected = read_all(&path).unwrap();
    // The same bars and events, ingested now, are the same version.
    folder.write("AAPL.csv", GOOD);
    folder.write(
        "IBM.csv",
        "date,open,high,low,close,volume\n2005-02-25,93.01,93.05,91.96,92.80,4872300.5\n\
         2005-02-28,92.64,93.35,92.21,92.58,4981600\n",
    );
    let events = "symbol,date,kind,value\nAAPL,2005-02-28,split,2\nIBM,2005-02-28,dividend,0.18\n";
    let adjustments = Some(folder.write("adjustments.csv", events));
    let options = IngestOptions { adjustments, ..IngestOptions::default() };
    let new = folder.ingest(&["AAPL.csv", "IBM.csv"], &options).unwrap().bundle;
    assert_eq!(new.version(), old.version());
    assert_eq!(read_all(&path).unwrap(), expected);
    assert!(!path.join("manifest.json").exists() && !path.join("IBM.0.arrow").exists());
    let mut closes = Vec::new();
    old.read(old.asset("IBM").unwrap(), Field::Close, 0..2, &mut closes).unwrap();
    assert_eq!(closes, [92.8, 92.58]);
}

#[test]
fn a_truncated_bundle_of_the_first_edition_is_not_reported_as_fine() {
    let folder = Folder::new();
    let path = first_edition(&folder).join("IBM.0.arrow");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..1_000]).unwrap();
    let shown = folder.run(&["info", "bundle"]);
    assert_eq!(shown.status.code(), Some(1));
    let message = "lookback: bundle/IBM.0.arrow is corrupt: it has 1000 bytes, expected 1850\n";
    assert_eq!(stderr(&shown), message);
}

#[test]
fn ten_thousand_assets_are_swept_under_a_limit_of_1024_open_files() {
    let folder = Folder::new();
    let mut text = "symbol,date,open,high,low,close,volume\n".to_owned();
    for asset in 0..10_000 {
        for day in 3..6 {
            text.push_str(&format!(
                "A{asset:04},2005-01-0{day},{0}.5,{0}.75,{0},{0}.25,{day}\n",
                1 + asset % 90
            ));
        }
    }
    folder.write("all.csv", text);
    let program = env!("CARGO_BIN_EXE_lookback");
    let script = format!(
        "ulimit -n 1024; {program} ingest all.csv --out bundle > ingested && \
         {program} sweep sma-cross --bundle bundle --param fast=1 --param slow=2 --out rows.csv"
    );
    let done = std::process::Command::new("sh").args(["-c", &script]).current_dir(folder.path("")).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{}", stderr(&done));
    let rows = std::fs::read_to_string(folder.path("rows.csv")).unwrap();
    assert_eq!(rows.lines().count(), 1 + 10_000);
    assert!(!rows.contains("failed"), "a trial failed");
}

#[test]
fn a_killed_ingest_leaves_the_old_bundle_or_the_new_one() {
    let folder = Folder::new();
    let out = folder.path("bundle");
    let text = sample_text();
    folder.write("old.csv", &text);
    folder.write("new.csv", text.replace("118.56,132.06", "118.57,132.06"));
    let versions = ["old.csv", "new.csv"].map(|file| {
        let done = ingest(&[folder.path(file)], &out, &IngestOptions::default()).unwrap();
        done.bundle.version().to_owned()
    });
    let spawn = |file: &str| {
        let mut command = program(&["ingest", file, "--out", "bundle"]);
        command.current_dir(folder.path("")).stdout(std::process::Stdio::null()).spawn().unwrap()
    };
    let start = Instant::now();
    assert!(spawn("old.csv").wait().unwrap().success());
    let whole_run = start.elapsed();
    let mut expected = &versions[0];
    let mut killed_before_the_end = 0;
    for (round, target) in (0..16).zip([1, 0].into_iter().cycle()) {
        // Rounds move through the whole run, more of them near its end, where the files are written.
        let part = 1.1 - 1.1 * (f64::from(round % 8) / 7.0).powi(2);
        let mut child = spawn(["old.csv", "new.csv"][target]);
        std::thread::sleep(Duration::from_secs_f64(whole_run.as_secs_f64() * part));
        child.kill().unwrap();
        let finished = child.wait().unwrap().success();
        let bundle = Bundle::open(&out).unwrap();
        for asset in 0..5 {
            bundle.calendar(AssetId(asset)).unwrap();
        }
        if finished || bundle.version() != expected {
            assert_eq!(bundle.version(), versions[target]);
            expected = &versions[target];
        } else {
            killed_before_the_end += 1;
        }
    }
    assert!(killed_before_the_end > 0);
    assert!(spawn("old.csv").wait().unwrap().success());
    assert_eq!(folder.names(), ["bundle", "new.csv", "old.csv"]);
}

#[test]
fn an_unknown_asset_names_the_nearest() {
    let error = Bundle::sample().unwrap().asset("appl").unwrap_err().to_string();
    assert_eq!(error, "unknown asset appl; nearest: AAPL");
    let error = Bundle::sample().unwrap().asset("xyz").unwrap_err().to_string();
    assert_eq!(error, "unknown asset xyz");
}

#[test]
fn a_symbol_that_is_no_file_name_is_kept() {
    let folder = Folder::new();
    folder.write("x.csv", GOOD);
    for symbol in ["BRK/B", "../X", "ÖMV"] {
        let options = IngestOptions { symbol: Some(symbol.to_owned()), ..IngestOptions::default() };
        let bundle = folder.ingest(&["x.csv"], &options).unwrap().bundle;
        assert!(bundle.calendar(bundle.asset(symbol).unwrap()).is_ok());
    }
}

fn series(symbol: &str, bars: i64, closes: &[&str]) -> Series {
    let values = || closes.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>();
    Series {
        symbol: symbol.into(),
        calendar: Calendar::new((0..bars).collect::<Vec<i64>>()).unwrap(),
        values: [values(), values(), values(), values(), values()],
        adjustments: Vec::new(),
    }
}

#[test]
fn series_that_are_no_bundle_are_refused() {
    let refusal = |all: Vec<Series>| Bundle::from_series("x", Frequency::Day, all).unwrap_err().to_string();
    assert_eq!(refusal(vec![]), "bundle: has no assets, expected at least one");
    assert_eq!(refusal(vec![series("A", 0, &[])]), "A: has no bars, expected at least one");
    let short = "A: has a column of 1 values, expected one for each of 2 bars";
    assert_eq!(refusal(vec![series("A", 2, &["1"])]), short);
    let one = series("A", 1, &["1"]);
    assert_eq!(refusal(vec![one.clone(), one.clone()]), "A: is there twice, expected one series each");
    let mut adjusted = one;
    let ex_date = adjusted.calendar.timestamp(0).unwrap();
    adjusted.adjustments.push(Adjustment::new(ex_date, AdjustmentKind::Split(0.0)));
    assert_eq!(refusal(vec![adjusted]), "A: split 0 on 1970-01-01, expected a value above 0");
    let wide = series("A", 2, &["79228162514264337593543950335", "0.0000000000000000000000000001"]);
    assert_eq!(refusal(vec![wide]), "A: open needs more than 38 digits at the bundle's decimals");
}

#[test]
fn a_folder_without_a_bundle_is_refused_by_the_program() {
    let folder = Folder::new();
    first_edition(&folder);
    folder.write("bundle/manifest.json", "{\"format\": \"lookback-bundle\"");
    let shown = stderr(&folder.run(&["info", "bundle"]));
    assert!(shown.starts_with("lookback: bundle/manifest.json is corrupt: EOF while parsing"), "{shown}");
}
