//! Bars appended to a bundle at rest.

use lookback::bundle::{Adjustment, AdjustmentKind, IngestOptions, Series};
use lookback::{AssetId, Bundle, Calendar, Field, Frequency, Timestamp};

use super::files::{Folder, read_all};

const DAY_NS: i64 = 86_400_000_000_000;
const START: i64 = 1_109_548_800_000_000_000;

/// Days of an asset, every value telling its row; from row 6,000 on with more decimals.
pub fn days(symbol: &str, rows: std::ops::Range<i64>) -> Series {
    let value = |row: i64, part: &str| {
        let text = if row < 6_000 { format!("{}.{part}", row + 1) } else { format!("{}.{part}125", row + 1) };
        text.parse().unwrap()
    };
    let column = |part: &str| rows.clone().map(|row| value(row, part)).collect::<Vec<_>>();
    Series {
        symbol: symbol.into(),
        calendar: Calendar::new(rows.clone().map(|row| START + row * DAY_NS).collect::<Vec<_>>()).unwrap(),
        values: [column("5"), column("75"), column("25"), column("5"), column("0")],
        adjustments: Vec::new(),
    }
}

pub fn text(series: &[Series]) -> String {
    let mut text = "symbol,date,open,high,low,close,volume\n".to_owned();
    for one in series {
        for row in 0..one.calendar.len() {
            let moment = one.calendar.timestamp(row).unwrap();
            let values = one.values.each_ref().map(|column| column[row].to_string());
            text.push_str(&format!("{},{moment},{}\n", one.symbol, values.join(",")));
        }
    }
    text
}

pub fn ingested(folder: &Folder, series: &[Series]) -> Bundle {
    folder.write("all.csv", text(series));
    folder.ingest(&["all.csv"], &IngestOptions::default()).unwrap().bundle
}

pub fn files(folder: &Folder, inner: &str) -> usize {
    std::fs::read_dir(folder.path("bundle").join(inner)).unwrap().count()
}

/// How many segments the version that stands has.
pub fn used_segments(folder: &Folder) -> usize {
    let current = std::fs::read_to_string(folder.path("bundle/current")).unwrap();
    let manifest = folder.path(&format!("bundle/versions/{}.json", &current[..64]));
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    manifest["segments"].as_array().unwrap().len()
}

#[test]
fn an_appended_bundle_has_the_version_and_values_of_one_ingest() {
    let folder = Folder::new();
    let mut bundle = ingested(&folder, &[days("B", 0..100), days("D", 0..5_000)]);
    let steps: [&[Series]; 7] = [
        &[days("B", 100..101), days("D", 5_000..5_001)],
        &[days("B", 101..4_095)],
        &[days("A", 0..3), days("B", 4_095..4_096), days("E", 0..1)],
        &[days("B", 4_096..4_097), days("D", 5_001..9_000)],
        &[days("D", 9_000..9_001)],
        &[days("D", 9_001..9_002)],
        &[days("A", 3..9_000), days("B", 4_097..4_100)],
    ];
    for step in steps {
        let before = bundle.version().to_owned();
        bundle = bundle.append(step.to_vec()).unwrap().bundle;
        assert_ne!(bundle.version(), before);
        assert!(used_segments(&folder) <= 4);
    }
    let whole = vec![days("A", 0..9_000), days("B", 0..4_100), days("D", 0..9_002), days("E", 0..1)];
    let whole = Bundle::from_series("whole", Frequency::Day, whole).unwrap();
    assert_eq!(bundle.version(), whole.version());
    for index in 0..4 {
        let asset = AssetId(index);
        assert_eq!(bundle.calendar(asset).unwrap(), whole.calendar(asset).unwrap());
        assert_eq!(bundle.span(asset), whole.span(asset));
        for field in Field::STORED {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            bundle.read(asset, field, 0..bundle.bars(asset), &mut one).unwrap();
            whole.read(asset, field, 0..whole.bars(asset), &mut other).unwrap();
            assert_eq!(one, other);
        }
    }
    assert_eq!(read_all(&folder.path("bundle")).unwrap().len(), 6 * (9_000 + 4_100 + 9_002 + 1));
}

#[test]
fn sixty_appended_days_are_a_few_segments() {
    let folder = Folder::new();
    let mut bundle = ingested(&folder, &[days("A", 0..1)]);
    let mut most = 0;
    for day in 1..61 {
        bundle = bundle.append(vec![days("A", day..day + 1)]).unwrap().bundle;
        most = most.max(used_segments(&folder));
    }
    assert_eq!(most, 2, "as many as 61 has digits");
    let whole = Bundle::from_series("whole", Frequency::Day, vec![days("A", 0..61)]).unwrap();
    assert_eq!(Bundle::open(folder.path("bundle")).unwrap().version(), whole.version());
}

#[test]
fn what_is_open_reads_on_while_bars_are_appended() {
    let folder = Folder::new();
    let old = ingested(&folder, &[days("A", 0..5)]);
    let new = old.append(vec![days("A", 5..50)]).unwrap().bundle;
    let mut closes = Vec::new();
    old.read(AssetId(0), Field::Close, 0..5, &mut closes).unwrap();
    new.read(AssetId(0), Field::Close, 49..50, &mut closes).unwrap();
    assert_eq!((old.bars(AssetId(0)), new.bars(AssetId(0))), (5, 50));
    assert_eq!(closes, [1.5, 2.5, 3.5, 4.5, 5.5, 50.5]);
}

#[test]
fn events_come_with_the_bars_and_a_contradiction_is_refused() {
    let folder = Folder::new();
    let bundle = ingested(&folder, &[days("A", 0..5)]);
    let split = |value| Adjustment::new(Timestamp(START + 6 * DAY_NS), AdjustmentKind::Split(value));
    let with = |rows, value| Series { adjustments: vec![split(value)], ..days("A", rows) };
    let first = bundle.append(vec![with(5..8, 2.0)]).unwrap();
    assert_eq!(first.events, [("A".into(), split(2.0))]);
    let again = first.bundle.append(vec![with(8..9, 2.0)]).unwrap();
    assert!(again.events.is_empty());
    let appended = again.bundle;
    let whole = Bundle::from_series("whole", Frequency::Day, vec![with(0..9, 2.0)]).unwrap();
    assert_eq!(appended.version(), whole.version());
    let error = appended.append(vec![with(9..10, 3.0)]).unwrap_err().to_string();
    assert_eq!(error, "A: split 3 on 2005-03-06, but the bundle has split 2");
    assert_eq!(Bundle::open(folder.path("bundle")).unwrap().version(), whole.version());
}

/// Values of all of a bundle's bars, in memory or at rest.
fn restated(at_rest: bool) {
    let folder = Folder::new();
    let series = [days("A", 0..9_000), days("B", 0..20)];
    let old = match at_rest {
        true => ingested(&folder, &series),
        false => Bundle::from_series("memory", Frequency::Day, series.to_vec()).unwrap(),
    };
    let mut come = days("A", 4_000..9_002);
    come.values[3][100] = "77.5".parse().unwrap();
    come.values[4][5_001] = "5".parse().unwrap();
    let done = old.append(vec![come.clone(), days("B", 18..20)]).unwrap();
    assert_eq!((done.added, done.same), (2, 5_001));
    let named: Vec<String> = done.restated.iter().map(ToString::to_string).collect();
    assert_eq!(named, ["A 2016-05-21: close 4101.5 is now 77.5"]);
    assert!(done.is_change() && done.previous == old.version());
    let mut whole = days("A", 0..4_000);
    let moments = whole.calendar.as_slice().iter().chain(come.calendar.as_slice()).copied();
    whole.calendar = Calendar::new(moments.collect::<Vec<_>>()).unwrap();
    whole.values.iter_mut().zip(come.values.clone()).for_each(|(column, more)| column.extend(more));
    let whole = Bundle::from_series("whole", Frequency::Day, vec![whole, days("B", 0..20)]).unwrap();
    assert_eq!(done.bundle.version(), whole.version());
    assert_eq!(super::files::values(&done.bundle).unwrap(), super::files::values(&whole).unwrap());
    let mut close = Vec::new();
    old.read(AssetId(0), Field::Close, 4_100..4_101, &mut close).unwrap();
    assert_eq!(close, [4_101.5], "what was open reads on as it was");
    let again = done.bundle.append(vec![come]).unwrap();
    assert_eq!((again.is_change(), again.same), (false, 5_002));
}

#[test]
fn a_restated_bar_starts_a_version_and_is_named() {
    restated(true);
}

#[test]
fn a_bar_in_memory_is_restated_as_one_at_rest() {
    restated(false);
}

#[test]
fn bars_that_are_there_the_same_are_no_change_and_nothing_is_written() {
    let folder = Folder::new();
    let bundle = ingested(&folder, &[days("A", 0..5)]);
    let before = std::fs::read(folder.path("bundle/current")).unwrap();
    let done = bundle.append(vec![days("A", 2..5)]).unwrap();
    assert_eq!((done.added, done.same, done.is_change()), (0, 3, false));
    assert_eq!(std::fs::read(folder.path("bundle/current")).unwrap(), before);
    assert_eq!(files(&folder, "versions"), 1);
}

#[test]
fn an_event_that_is_told_of_late_starts_a_version_and_moves_no_bar() {
    let folder = Folder::new();
    let bundle = ingested(&folder, &[days("A", 0..5)]);
    let split = Adjustment::new(Timestamp(START + 2 * DAY_NS), AdjustmentKind::Split(2.0));
    let late = Series { adjustments: vec![split], ..days("A", 4..5) };
    let segment = folder.only("segments");
    let done = bundle.append(vec![late]).unwrap();
    assert_eq!((done.added, done.same, done.events), (0, 1, vec![("A".into(), split)]));
    assert_eq!(folder.only("segments"), segment);
    let series = Series { adjustments: vec![split], ..days("A", 0..5) };
    let whole = Bundle::from_series("whole", Frequency::Day, vec![series]).unwrap();
    assert_eq!(done.bundle.version(), whole.version());
}

#[test]
fn a_bar_between_others_is_refused_and_nothing_changes() {
    let folder = Folder::new();
    let bundle = ingested(&folder, &[days("A", 0..5)]);
    let mut between = days("A", 3..6);
    between.calendar =
        Calendar::new(vec![START + 3 * DAY_NS, START + 3 * DAY_NS + 1, START + 9 * DAY_NS]).unwrap();
    let error = bundle.append(vec![between]).unwrap_err().to_string();
    assert_eq!(
        error,
        "A: 2005-03-03T00:00:00.000000001Z is no bar of the bundle, though not after its last, 2005-03-04; append takes \
         bars that come after and bars that are there, ingest all files anew to put one between others"
    );
    assert_eq!(Bundle::open(folder.path("bundle")).unwrap().version(), bundle.version());
    assert_eq!((files(&folder, "segments"), files(&folder, "versions")), (1, 1));
    assert_eq!(folder.names(), ["all.csv", "bundle"]);
}

#[test]
fn a_bundle_of_the_first_edition_is_appended_to() {
    let folder = Folder::new();
    let path = folder.path("bundle");
    std::fs::create_dir(&path).unwrap();
    for file in ["manifest.json", "AAPL.0.arrow", "IBM.0.arrow"] {
        std::fs::copy(format!("tests/data/first_edition/{file}"), path.join(file)).unwrap();
    }
    let expected = read_all(&path).unwrap();
    let bundle = Bundle::open(&path).unwrap().append(vec![days("ZZZ", 0..2)]).unwrap().bundle;
    assert_eq!(bundle.symbols().len(), 3);
    let mut names: Vec<_> = std::fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["current", "lock", "segments", "versions"]);
    assert_eq!(read_all(&path).unwrap()[..expected.len()], expected);
    let mut closes = Vec::new();
    bundle.read(bundle.asset("AAPL").unwrap(), Field::Close, 1..2, &mut closes).unwrap();
    assert_eq!(closes, [44.86]);
}
