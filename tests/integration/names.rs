//! Symbols with a history of names: rows by ticker and day, requests by old names, and assets that have ended.

use lookback::bundle::{IngestOptions, append, ingest};
use lookback::portal::Options;
use lookback::{Bundle, DataPortal, Field, Frequency, When};

use super::files::{Folder, stderr, stdout};

const HEADER: &str = "symbol,date,open,high,low,close,volume";
const NAMES: &str = "id,symbol,from,to\nMETA,FB,,2022-06-08\nMETA,META,2022-06-09,\nNEW,FB,2022-07-01,\n\
    TWTR,TWTR,2013-11-07,2022-10-27\n";

fn row(symbol: &str, date: &str, price: u32) -> String {
    format!("{symbol},{date},{price},{price},{price},{price},1\n")
}

fn rows(all: &[(&str, &str, u32)]) -> String {
    format!(
        "{HEADER}\n{}",
        all.iter().map(|&(symbol, date, price)| row(symbol, date, price)).collect::<String>()
    )
}

fn options(folder: &Folder, names: &str) -> IngestOptions {
    IngestOptions { symbols: Some(folder.write("symbols.csv", names)), ..IngestOptions::default() }
}

fn made(folder: &Folder, names: &str, all: &[(&str, &str, u32)]) -> Result<Bundle, String> {
    let csv = folder.write("all.csv", rows(all));
    let done = ingest(&[csv], &folder.path("bundle"), &options(folder, names));
    done.map(|done| done.bundle).map_err(|error| folder.plain(&error.to_string()))
}

const BARS: [(&str, &str, u32); 8] = [
    ("FB", "2022-06-07", 190),
    ("FB", "2022-06-08", 196),
    ("META", "2022-06-09", 184),
    ("META", "2022-10-28", 99),
    ("META", "2022-11-01", 95),
    ("FB", "2022-07-01", 5),
    ("TWTR", "2022-10-26", 40),
    ("TWTR", "2022-10-27", 54),
];

#[test]
fn rows_by_ticker_make_one_series_and_a_ticker_that_is_used_again_is_another() {
    let folder = Folder::new();
    let bundle = made(&folder, NAMES, &BARS).unwrap();
    let names: Vec<&str> = bundle.symbols().iter().map(|symbol| symbol.as_str()).collect();
    assert_eq!(names, ["META", "NEW", "TWTR"]);
    let mut closes = Vec::new();
    bundle.read(bundle.asset("META").unwrap(), Field::Close, 0..5, &mut closes).unwrap();
    assert_eq!(closes, [190.0, 196.0, 184.0, 99.0, 95.0]);
    let of = |name: &str, date: &str| {
        bundle.asset_as_of(name, date.parse().unwrap()).map_err(|error| error.to_string())
    };
    let id = |name: &str| Ok(bundle.asset(name).unwrap());
    assert_eq!(of("FB", "2015-01-02"), id("META"));
    assert_eq!(of("FB", "2022-08-01"), id("NEW"));
    assert_eq!(of("META", "2015-01-02"), id("META"), "by its name in the bundle at any time");
    assert_eq!(of("FB", "2022-06-20"), Err("unknown asset FB as of 2022-06-20".to_owned()));
    assert!(bundle.asset("FB").is_err());
    let reopened = Bundle::open(folder.path("bundle")).unwrap();
    assert_eq!((reopened.version(), reopened.names(lookback::AssetId(0)).len()), (bundle.version(), 2));
    let plain = made(
        &folder,
        "id,symbol,from,to\nMETA,FB,,2022-06-08\nMETA,META,2022-06-09,\nNEW,FB,2022-06-09,\n",
        &BARS,
    );
    assert_ne!(plain.unwrap().version(), bundle.version(), "names are part of what a bundle means");
    assert!(Bundle::verify(folder.path("bundle")).unwrap().faults.is_empty());
}

#[test]
fn history_finds_an_asset_by_the_name_of_the_day() {
    let folder = Folder::new();
    made(&folder, NAMES, &BARS).unwrap();
    let ask = |end: &str| {
        folder.run(&[
            "history", "--bundle", "bundle", "--asset", "FB", "--bars", "1", "--end", end, "--format", "csv",
        ])
    };
    assert!(stdout(&ask("2022-06-08")).contains("196"), "{}", stderr(&ask("2022-06-08")));
    assert!(stdout(&ask("2022-07-02")).ends_with(",5\n"), "{}", stdout(&ask("2022-07-02")));
    assert_eq!(stderr(&ask("2022-06-20")), "lookback: unknown asset FB as of 2022-06-20\n");
    let info: serde_json::Value =
        serde_json::from_str(&stdout(&folder.run(&["info", "bundle", "--format", "json"]))).unwrap();
    assert_eq!(info["assets"][2]["ended"], "2022-10-27");
    assert_eq!(info["assets"][0]["names"][0]["to"], "2022-06-08");
}

#[test]
fn a_delisted_asset_ends_and_its_price_is_carried_no_farther() {
    let folder = Folder::new();
    let bundle = made(&folder, NAMES, &BARS).unwrap();
    assert_eq!(bundle.ended(bundle.asset("META").unwrap()), None);
    let portal = DataPortal::new(bundle, Options::default()).unwrap();
    let fields = [Field::Price];
    let both = portal.request(["TWTR", "META"], fields, 3, Frequency::Day).unwrap();
    let snapshot = portal.snapshot();
    let reader = snapshot.reader();
    let when = |date: &str| date.parse::<When>().unwrap();
    let window = reader.history(&both, when("2022-11-01")).unwrap();
    let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(window.column(0)), bits(&[54.0, f64::NAN, f64::NAN]));
    assert_eq!(window.column(1), [184.0, 99.0, 95.0]);
    let months = portal.request(["TWTR", "META"], fields, 2, Frequency::Month).unwrap();
    let window = reader.history(&months, when("2022-11-01")).unwrap();
    assert!(window.column(0)[1].is_nan(), "{:?}", window.column(0));
    // An end after it means its last bar, as it does for any series.
    let alone = portal.request(["TWTR"], fields, 1, Frequency::Day).unwrap();
    assert_eq!(reader.history(&alone, when("2022-11-01")).unwrap().column(0), [54.0]);
    assert!(snapshot.request_as_of(when("2022-11-01"), ["FB"], fields, 1, Frequency::Day).is_ok());
}

#[test]
fn names_that_cannot_be_are_refused_by_line() {
    let folder = Folder::new();
    let refused = |names: &str, all: &[(&str, &str, u32)]| made(&folder, names, all).unwrap_err();
    assert_eq!(
        refused(NAMES, &[("FB", "2022-06-08", 1), ("FB", "2022-06-20", 1)]),
        "all.csv line 3: FB 2022-06-20: by symbols.csv nothing has this name then; it is \
         META from the first bar to 2022-06-08, NEW from 2022-07-01 to now"
    );
    assert_eq!(
        refused(NAMES, &[("TWTR", "2022-10-28", 1)]),
        "all.csv line 2: TWTR 2022-10-28: by symbols.csv nothing has this name then; it is TWTR from 2013-11-07 to 2022-10-27"
    );
    assert_eq!(
        refused("id,symbol,from,to\nA,X,,2020-01-01\nB,X,2020-01-01,\n", &BARS),
        "symbols.csv line 3: B is named X from 2020-01-01 to now, but A is named X from the first bar to 2020-01-01; \
         expected one name a day"
    );
    assert_eq!(
        refused("id,symbol,from\nA,X,\n", &BARS),
        "symbols.csv line 1: no column to; found id, symbol, from; expected id, symbol, from, to"
    );
    assert_eq!(
        refused("id,symbol,from,to\nA,X,soon,\n", &BARS),
        "symbols.csv line 2: from is \"soon\", expected 2005-02-28 or 20050228, or none"
    );
}

#[test]
fn append_goes_by_the_names_that_the_bundle_has_and_a_new_name_starts_a_version() {
    let folder = Folder::new();
    let first = made(&folder, NAMES, &BARS).unwrap();
    let plain = IngestOptions::default();
    let csv = folder.write("more.csv", rows(&[("META", "2022-11-02", 90)]));
    let second = append(&[csv], &folder.path("bundle"), &plain).unwrap().bundle;
    assert_eq!(second.bars(second.asset("META").unwrap()), 6);
    assert_eq!(second.names(second.asset("META").unwrap()), first.names(first.asset("META").unwrap()));
    let csv = folder.write("late.csv", rows(&[("TWTR", "2022-11-02", 54)]));
    let error = append(&[&csv], &folder.path("bundle"), &plain).unwrap_err().to_string();
    assert!(error.contains("TWTR 2022-11-02: by bundle nothing has this name then"), "{error}");
    let csv = folder.write("more.csv", rows(&[("META", "2022-11-02", 90)]));
    let ended = NAMES.replace("META,META,2022-06-09,\n", "META,META,2022-06-09,2022-11-02\n");
    let third = append(&[csv], &folder.path("bundle"), &options(&folder, &ended)).unwrap().bundle;
    assert!(third.ended(third.asset("META").unwrap()).is_some() && third.version() != second.version());
}
