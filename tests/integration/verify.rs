//! `lookback verify`: every fault by file, asset and date, and an exit code that says whether there are any.

use std::fs;

use lookback::Bundle;

use super::append::{days, ingested};
use super::files::{Folder, GOOD, stderr, stdout};

fn faults(folder: &Folder) -> Vec<String> {
    let verified = Bundle::verify(folder.path("bundle")).unwrap();
    verified.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_whole_bundle_is_well_and_says_what_was_read() {
    let folder = Folder::new();
    let mut bundle = ingested(&folder, &[days("A", 0..5_000), days("B", 0..30)]);
    for day in 5_000..5_004 {
        bundle = bundle.append(vec![days("A", day..day + 1)]).unwrap().bundle;
    }
    let verified = Bundle::verify(folder.path("bundle")).unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    assert_eq!((verified.assets, verified.bars, verified.versions), (2, 5_034, 5));
    let shown = folder.run(&["verify", "bundle"]);
    assert_eq!(shown.status.code(), Some(0));
    assert!(stdout(&shown).ends_with("verified   all is well\n"), "{}", stdout(&shown));
    let path = folder.path("nowhere");
    assert!(Bundle::verify(path).is_err());
}

#[test]
fn a_damaged_batch_is_told_of_by_file_asset_and_date_and_the_others_are_read_on() {
    let folder = Folder::new();
    ingested(&folder, &[days("A", 0..5_000), days("B", 0..30)]);
    let segment = folder.only("segments");
    let mut bytes = fs::read(folder.path(&segment)).unwrap();
    let middle = bytes.len() * 7 / 10;
    bytes[middle] ^= 1;
    fs::write(folder.path(&segment), &bytes).unwrap();
    let found = faults(&folder);
    let file = segment.strip_prefix("bundle/").unwrap();
    assert_eq!(
        found,
        [
            format!("{file}: its bytes differ from the SHA-256 that is its name"),
            format!("{file}: A 2005-02-28: rows 0 to 4095 differ from their digest"),
        ]
    );
    let shown = folder.run(&["verify", "bundle"]);
    assert_eq!(shown.status.code(), Some(1));
    assert!(stdout(&shown).contains(&format!("fault      {}\n", found[1])), "{}", stdout(&shown));
    assert!(stdout(&shown).contains("934 bars"), "{}", stdout(&shown));
    let json = folder.run(&["verify", "bundle", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(
        (&json["faults"][1]["asset"], &json["faults"][1]["date"]),
        (&"A".into(), &"2005-02-28".into())
    );
    fs::remove_file(folder.path(&segment)).unwrap();
    assert!(faults(&folder)[0].starts_with(&format!("{file}: cannot be read")), "{:?}", faults(&folder));
}

#[test]
fn a_torn_manifest_is_a_fault_of_its_file() {
    let folder = Folder::new();
    folder.bundle(GOOD);
    let manifest = folder.only("versions");
    fs::write(folder.path(&manifest), "{").unwrap();
    let found = faults(&folder);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with(manifest.strip_prefix("bundle/").unwrap()), "{found:?}");
    let shown = folder.run(&["verify", "bundle"]);
    assert_eq!((shown.status.code(), stderr(&shown)), (Some(1), String::new()));
}

/// A bundle whose bytes are as they should be and whose bars are not: only who reads them can tell.
#[test]
fn prices_that_cannot_be_are_told_of_by_date() {
    let folder = Folder::new();
    let mut series = days("A", 0..6);
    series.values[1][2] = "1".parse().unwrap();
    series.values[2][4] = "99".parse().unwrap();
    series.values[4][5] = "-1".parse().unwrap();
    let bundle = ingested(&folder, &[days("Z", 0..1)]);
    bundle.append(vec![series]).unwrap();
    let found = faults(&folder);
    let told: Vec<&str> = found.iter().map(|fault| fault.split_once(".arrow: ").unwrap().1).collect();
    assert_eq!(
        told,
        [
            "A 2005-03-02: high is 1, below its low of 3.25",
            "A 2005-03-04: high is 5.75, below its low of 99",
            "A 2005-03-05: volume is below 0",
        ]
    );
}

#[test]
fn info_tells_what_a_cheap_look_can_see() {
    let folder = Folder::new();
    let first = folder.bundle(GOOD);
    folder.bundle(GOOD.replace("44.50", "44.49"));
    assert!(Bundle::glance(folder.path("bundle")).unwrap().is_empty());
    let current = fs::read_to_string(folder.path("bundle/current")).unwrap();
    let old = current.lines().nth(1).unwrap();
    assert_eq!(&old[65..129], first.version());
    fs::remove_file(folder.path(&format!("bundle/versions/{}.json", &old[..64]))).unwrap();
    fs::write(folder.path("bundle/lock"), "writing\n").unwrap();
    let shown = stderr(&folder.run(&["info", "bundle"]));
    assert!(shown.contains(&format!("warning: versions/{}.json: cannot be read", &old[..64])), "{shown}");
    assert!(
        shown.contains("warning: lock: a process that wrote here was killed; what it left goes with"),
        "{shown}"
    );
    assert!(shown.contains("note: 1 other versions are there"), "{shown}");
}
