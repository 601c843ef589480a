//! Bars appended to a bundle at rest.

use lookback::bundle::{Adjustment, AdjustmentKind, IngestOptions, Series};
use lookback::{AssetId, Bundle, Calendar, Field, Frequency, Timestamp};

use super::files::{Folder, read_all};

const DAY_NS: i64 = 86_400_000_000_000;
const START: i64 = 1_109_548_800_000_000_000;

/// Days of an asset, every value telling its row; from row 6,000 on with more decimals.
fn days(symbol: &str, rows: std::ops::Range<i64>) -> Series {
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

fn text(series: &[Series]) -> String {
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

fn ingested(folder: &Folder, series: &[Series]) -> Bundle {
    folder.write("all.csv", text(series));
    folder.ingest(&["all.csv"], &IngestOptions::default()).unwrap().bundle
}

fn files(folder: &Folder, inner: &str) -> usize {
    std::fs::read_dir(folder.path("bundle").join(inner)).unwrap().count()
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
        bundle = Bundle::append(folder.path("bundle"), step.to_vec()).unwrap();
        assert_ne!(bundle.version(), before);
        assert!(files(&folder, "segments") <= 4 && files(&folder, "versions") == 1);
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
    ingested(&folder, &[days("A", 0..1)]);
    let mut most = 0;
    for day in 1..61 {
        Bundle::append(folder.path("bundle"), vec![days("A", day..day + 1)]).unwrap();
        most = most.max(files(&folder, "segments"));
    }
    assert!((3..=6).contains(&most), "{most} segments");
    let whole = Bundle::from_series("whole", Frequency::Day, vec![days("A", 0..61)]).unwrap();
    assert_eq!(Bundle::open(folder.path("bundle")).unwrap().version(), whole.version());
}

#[test]
fn what_is_open_reads_on_while_bars_are_appended() {
    let folder = Folder::new();
    let old = ingested(&folder, &[days("A", 0..5)]);
    let new = Bundle::append(folder.path("bundle"), vec![days("A", 5..50)]).unwrap();
    let mut closes = Vec::new();
    old.read(AssetId(0), Field::Close, 0..5, &mut closes).unwrap();
    new.read(AssetId(0), Field::Close, 49..50, &mut closes).unwrap();
    assert_eq!((old.bars(AssetId(0)), new.bars(AssetId(0))), (5, 50));
    assert_eq!(closes, [1.5, 2.5, 3.5, 4.5, 5.5, 50.5]);
}

#[test]
fn events_come_with_the_bars_and_a_contradiction_is_refused() {
    let folder = Folder::new();
    ingested(&folder, &[days("A", 0..5)]);
    let split =
        |value| Adjustment { ex_date: Timestamp(START + 6 * DAY_NS), kind: AdjustmentKind::Split(value) };
    let with = |rows, value| Series { adjustments: vec![split(value)], ..days("A", rows) };
    Bundle::append(folder.path("bundle"), vec![with(5..8, 2.0)]).unwrap();
    let appended = Bundle::append(folder.path("bundle"), vec![with(8..9, 2.0)]).unwrap();
    let whole = Bundle::from_series("whole", Frequency::Day, vec![with(0..9, 2.0)]).unwrap();
    assert_eq!(appended.version(), whole.version());
    let error = Bundle::append(folder.path("bundle"), vec![with(9..10, 3.0)]).unwrap_err().to_string();
    assert_eq!(error, "A: split 3 on 2005-03-06, but the bundle has split 2");
    assert_eq!(Bundle::open(folder.path("bundle")).unwrap().version(), whole.version());
}

#[test]
fn bars_that_do_not_come_after_the_last_are_refused_and_nothing_changes() {
    let folder = Folder::new();
    let bundle = ingested(&folder, &[days("A", 0..5)]);
    let error = Bundle::append(folder.path("bundle"), vec![days("A", 4..6)]).unwrap_err().to_string();
    let message = "A: the first bar to append is 2005-03-04, expected one after the last, 2005-03-04";
    assert_eq!(error, message);
    assert_eq!(Bundle::open(folder.path("bundle")).unwrap().version(), bundle.version());
    assert_eq!((files(&folder, "segments"), files(&folder, "versions")), (1, 1));
    assert!(Bundle::append(folder.path("nowhere"), vec![days("A", 0..1)]).is_err());
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
    let bundle = Bundle::append(&path, vec![days("ZZZ", 0..2)]).unwrap();
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
