//! Events that are known later than their ex-date, mergers and spin-offs as factors, and the close beside each.

use lookback::bundle::{Adjustment, AdjustmentKind, IngestOptions, Series, append};
use lookback::portal::Options;
use lookback::{Adjust, Bundle, Calendar, DataPortal, Field, Frequency, When};

use sha2::Digest as _;

use super::files::Folder;

const BARS: &str = "date,open,high,low,close,volume\n\
    2024-01-02,100,100,100,100,10\n2024-01-03,100,100,100,100,10\n2024-01-04,50,50,50,50,20\n\
    2024-01-05,50,50,50,50,20\n2024-01-08,50,50,50,50,20\n";

fn closes(bundle: Bundle, end: &str, adjust: Adjust) -> Vec<f64> {
    let portal = DataPortal::new(bundle, Options::default()).unwrap();
    let request = portal.request(["AAPL"], [Field::Close], 2, Frequency::Day).unwrap().adjust(adjust);
    portal.snapshot().reader().history(&request, end.parse::<When>().unwrap()).unwrap().column(0).to_vec()
}

fn ingest(folder: &Folder, events: &str) -> Result<Bundle, String> {
    folder.write("AAPL.csv", BARS);
    let adjustments = Some(folder.write("events.csv", events));
    let options = IngestOptions { adjustments, ..IngestOptions::default() };
    folder
        .ingest(&["AAPL.csv"], &options)
        .map(|done| done.bundle)
        .map_err(|error| folder.plain(&error.to_string()))
}

#[test]
fn an_event_applies_only_once_it_is_known() {
    let folder = Folder::new();
    let bundle =
        ingest(&folder, "symbol,date,kind,value,known\nAAPL,2024-01-04,split,2,2024-01-05\n").unwrap();
    let seen = |end: &str| closes(bundle.clone(), end, Adjust::Total);
    assert_eq!(seen("2024-01-03"), [100.0, 100.0]);
    assert_eq!(seen("2024-01-04"), [100.0, 50.0], "the day has come, and nobody knows of it");
    let portal = DataPortal::new(bundle.clone(), Options::default()).unwrap();
    let three = portal.request(["AAPL"], [Field::Close, Field::Volume], 4, Frequency::Day).unwrap();
    let reader = portal.snapshot().reader();
    let window = reader.history(&three, "2024-01-05".parse::<When>().unwrap()).unwrap();
    assert_eq!((window.column(0), window.column(1)), (&[50.0; 4][..], &[20.0; 4][..]));
    let clock = reader.at("2024-01-04".parse::<When>().unwrap().last_moment());
    let raw = portal.request(["AAPL"], [Field::Close], 3, Frequency::Day).unwrap();
    assert_eq!(
        clock.history(&raw, "2024-01-04".parse::<When>().unwrap()).unwrap().column(0),
        [100.0, 100.0, 50.0]
    );
    // Another date of knowledge is another version; none is that of the ex-date.
    let plain = ingest(&folder, "symbol,date,kind,value\nAAPL,2024-01-04,split,2\n").unwrap();
    let other =
        ingest(&folder, "symbol,date,kind,value,known\nAAPL,2024-01-04,split,2,2024-01-08\n").unwrap();
    assert!(plain.version() != bundle.version() && other.version() != bundle.version());
    let blank = ingest(&folder, "symbol,date,kind,value,known\nAAPL,2024-01-04,split,2,\n").unwrap();
    assert_eq!(blank.version(), plain.version());
    let reopened = Bundle::open(folder.path("bundle")).unwrap();
    assert_eq!(reopened.version(), blank.version());
}

#[test]
fn a_dividend_and_a_split_of_one_day_known_apart_compound_when_both_are() {
    let events =
        "symbol,date,kind,value,known\nAAPL,2024-01-04,dividend,4,2024-01-05\nAAPL,2024-01-04,split,2,\n";
    let folder = Folder::new();
    let bundle = ingest(&folder, events).unwrap();
    assert_eq!(closes(bundle.clone(), "2024-01-04", Adjust::Total), [50.0, 50.0], "the split alone");
    let portal = DataPortal::new(bundle, Options::default()).unwrap();
    let request = portal.request(["AAPL"], [Field::Close], 4, Frequency::Day).unwrap();
    let reader = portal.snapshot().reader();
    let window = reader.history(&request, "2024-01-05".parse::<When>().unwrap()).unwrap();
    assert_eq!(window.column(0), [48.0, 48.0, 50.0, 50.0]);
    let splits =
        reader.history(&request.adjust(Adjust::Splits), "2024-01-05".parse::<When>().unwrap()).unwrap();
    assert_eq!(splits.column(0), [50.0; 4]);
}

#[test]
fn mergers_and_spin_offs_are_factors_and_the_close_beside_them_is_held_against_the_bars() {
    let folder = Folder::new();
    let bundle = ingest(&folder, "symbol,date,kind,value,close\nAAPL,2024-01-04,spinoff,0.5,100\n").unwrap();
    assert_eq!(closes(bundle.clone(), "2024-01-04", Adjust::Total), [50.0, 50.0]);
    assert_eq!(closes(bundle.clone(), "2024-01-04", Adjust::Splits), [100.0, 50.0]);
    let event = bundle.adjustments(bundle.asset("AAPL").unwrap())[0];
    assert_eq!((event.kind, event.close), (AdjustmentKind::Factor(0.5), Some(100.0)));
    for kind in ["merger", "factor", "Spin-Off"] {
        let again =
            ingest(&folder, &format!("symbol,date,kind,value\nAAPL,2024-01-04,{kind},0.5\n")).unwrap();
        assert_eq!(again.version(), bundle.version());
        assert_eq!(
            again.adjustments(again.asset("AAPL").unwrap())[0].close,
            Some(100.0),
            "kept though not given"
        );
    }
    let refused = |text: &str| ingest(&folder, text).unwrap_err();
    assert_eq!(
        refused("symbol,date,kind,value,close\nAAPL,2024-01-04,spinoff,0.5,99.5\n"),
        "events.csv line 2: close is 99.5, but the bar before 2024-01-04 closed at 100; one of both is wrong"
    );
    assert_eq!(
        refused("symbol,date,kind,value,known\nAAPL,2024-01-04,split,2,soon\n"),
        "events.csv line 2: known is \"soon\", expected 2005-02-28 or 20050228, or none"
    );
    assert_eq!(
        refused("symbol,date,kind,value\nAAPL,2024-01-04,rights,2\n"),
        "events.csv line 2: kind is \"rights\", expected split, dividend, factor, merger or spinoff"
    );
}

#[test]
fn a_restated_close_is_the_one_beside_the_event_and_an_old_one_is_a_fault() {
    let folder = Folder::new();
    let bundle = ingest(&folder, "symbol,date,kind,value\nAAPL,2024-01-04,dividend,4\n").unwrap();
    let restated = Series {
        symbol: "AAPL".into(),
        calendar: Calendar::new(vec!["2024-01-03".parse::<When>().unwrap().first_moment().0]).unwrap(),
        values: [80, 80, 80, 80, 10].map(|value| vec![value.into()]),
        adjustments: Vec::new(),
    };
    let now = bundle.append(vec![restated]).unwrap().bundle;
    assert_eq!(now.adjustments(now.asset("AAPL").unwrap())[0].close, Some(80.0));
    assert_eq!(closes(now, "2024-01-04", Adjust::Total), [76.0, 50.0]);
    assert!(Bundle::verify(folder.path("bundle")).unwrap().faults.is_empty());
    // A manifest that is whole and tells of another close.
    let path = folder.path("bundle");
    let current = std::fs::read_to_string(path.join("current")).unwrap();
    let text = std::fs::read_to_string(path.join(format!("versions/{}.json", &current[..64]))).unwrap();
    let text = text.replace("\"close\": 80.0", "\"close\": 81.0");
    let digest = sha2::Sha256::digest(text.as_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(path.join(format!("versions/{digest}.json")), text).unwrap();
    std::fs::write(path.join("current"), current.replace(&current[..64], &digest)).unwrap();
    let faults = Bundle::verify(&path).unwrap().faults;
    assert_eq!(faults.len(), 1);
    let text = faults[0].to_string();
    assert!(
        text.ends_with(
            ": AAPL 2024-01-04: dividend 4 is told beside a close of 81, but the bar before closed at 80"
        ),
        "{text}"
    );
}

#[test]
fn an_event_learnt_of_later_comes_with_an_append_and_changes_no_window_before() {
    let folder = Folder::new();
    let before = folder.bundle(BARS);
    folder.write("AAPL.csv", format!("{}\n2024-01-09,50,50,50,50,20\n", BARS.trim_end()));
    let events =
        folder.write("events.csv", "symbol,date,kind,value,known\nAAPL,2024-01-04,split,2,2024-01-09\n");
    let options = IngestOptions { adjustments: Some(events), ..IngestOptions::default() };
    let done = append(&[folder.path("AAPL.csv")], &folder.path("bundle"), &options).unwrap();
    assert!(
        done.warnings
            .iter()
            .any(|warning| warning == "AAPL: split 2 on 2024-01-04, before the last bar, is new"),
        "{:?}",
        done.warnings
    );
    for end in ["2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08"] {
        assert_eq!(
            closes(done.bundle.clone(), end, Adjust::Total),
            closes(before.clone(), end, Adjust::Total)
        );
    }
    let portal = DataPortal::new(done.bundle, Options::default()).unwrap();
    let request = portal.request(["AAPL"], [Field::Close], 6, Frequency::Day).unwrap();
    assert_eq!(portal.snapshot().reader().history(&request, 5).unwrap().column(0), [50.0; 6]);
}

#[test]
fn events_are_equal_by_what_they_say() {
    let split = Adjustment::new(lookback::Timestamp(5), AdjustmentKind::Split(2.0));
    assert_eq!(split, Adjustment { close: Some(7.0), ..split });
    assert_ne!(split, split.known_at(lookback::Timestamp(9)));
}
