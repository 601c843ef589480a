//! Splits and dividends that columns of a file tell.

use lookback::bundle::{AdjustmentKind, EventOrigin, IngestOptions, Ingested};
use lookback::portal::{DataPortal, Options};
use lookback::{AssetId, Field, Frequency};

use crate::files::Folder;

use AdjustmentKind::{Dividend, Factor, Split};

/// What a file of this header and these rows becomes.
fn ingested(folder: &Folder, header: &str, rows: &[&str]) -> Ingested {
    folder.write("AAPL.csv", format!("{header}\n{}\n", rows.join("\n")));
    folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap()
}

fn events(ingested: &Ingested) -> Vec<(String, AdjustmentKind)> {
    let events = ingested.bundle.adjustments(AssetId(0));
    events.iter().map(|event| (event.ex_date.to_string(), event.kind)).collect()
}

/// The closes of a bundle, adjusted for all as of its last bar.
fn adjusted(ingested: &Ingested) -> Vec<f64> {
    let portal = DataPortal::new(ingested.bundle.clone(), Options::default()).unwrap();
    let bars = ingested.bundle.bars(AssetId(0));
    let request = portal.request(["AAPL"], [Field::Close], bars, Frequency::Day).unwrap();
    let snapshot = portal.snapshot();
    let reader = snapshot.reader();
    reader.history(&request, bars - 1).unwrap().column(0).to_vec()
}

const ALPHA_VANTAGE: &str =
    "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient";

#[test]
fn a_naked_split_of_four_is_read_from_its_coefficient() {
    let folder = Folder::new();
    // Newest first, as this vendor writes.
    let done = ingested(
        &folder,
        ALPHA_VANTAGE,
        &[
            "2020-09-01,132.76,134.8,130.53,134.18,134.18,152470142,0.0000,1.0",
            "2020-08-31,127.58,131,126,129.04,129.04,223505733,0.0000,4.0",
            "2020-08-28,504.05,505.77,498.31,499.23,124.8075,46907479,0.0000,1.0",
        ],
    );
    assert_eq!(events(&done), [("2020-08-31".to_owned(), Split(4.0))]);
    assert_eq!(adjusted(&done), [124.8075, 129.04, 134.18]);
    assert_eq!(done.bundle.event_origin(AssetId(0)), EventOrigin::Columns);
    assert!(done.notes.is_empty() && done.warnings.is_empty(), "{:?} {:?}", done.notes, done.warnings);
}

#[test]
fn each_vendor_s_columns_are_known_in_any_case_with_spaces_underscores_or_hyphens() {
    let bars = |none: &str| {
        [
            format!("2020-01-02,100,100,100,100,1,0,{none}"),
            format!("2020-01-03,49,49,49,49,1,1.5,2{}", if none.contains('.') { ".0" } else { "" }),
            format!("2020-01-06,50,50,50,50,1,0.0,{none}"),
            "2020-01-07,51,51,51,51,1,,".to_owned(),
        ]
    };
    for (dividends, splits, none) in [
        ("Dividends", "Stock Splits", "0.0"),
        ("dividend_amount", "split_coefficient", "1.0"),
        ("divCash", "splitFactor", "1"),
        ("EX-DIVIDEND", "SPLIT_RATIO", "1.0"),
    ] {
        let folder = Folder::new();
        let header = format!("Date,Open,High,Low,Close,Volume,{dividends},{splits}");
        let rows = bars(none);
        let done = ingested(&folder, &header, &rows.each_ref().map(String::as_str));
        let day = "2020-01-03".to_owned();
        assert_eq!(events(&done), [(day.clone(), Dividend(1.5)), (day, Split(2.0))], "{dividends}");
        // The dividend is per share before the split: 1.5 of 100.
        assert_eq!(adjusted(&done)[0], 100.0 * (1.0 - 1.5 / 100.0) / 2.0);
    }
}

#[test]
fn yahoo_s_prices_are_adjusted_for_splits_already_and_not_split_twice() {
    let folder = Folder::new();
    let done = ingested(
        &folder,
        "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits",
        &[
            "2020-08-28 00:00:00-04:00,126.0125,126.4425,124.5775,124.8075,122.0,187630000,0.0,0.0",
            "2020-08-31 00:00:00-04:00,127.58,131.0,126.0,129.04,126.13722,225702700,0.0,4.0",
            "2020-09-01 00:00:00-04:00,132.76,134.8,130.53,134.18,131.16159,151948100,0.0,0.0",
        ],
    );
    assert_eq!(events(&done), []);
    let note = "AAPL: the 4:1 split of 2020-08-31 does not show in the prices (a close of 124.8075, then an open of \
                127.58), which must be adjusted for it already: it is not applied";
    assert!(done.notes.iter().any(|found| found == note), "{:?}", done.notes);
}

#[test]
fn columns_win_over_adj_close_and_a_disagreement_is_a_warning() {
    let folder = Folder::new();
    // The column knows nothing of the 2 % that adj close takes on 6 January.
    let done = ingested(
        &folder,
        "date,open,high,low,close,volume,adj_close,dividends,stock_splits",
        &[
            "2020-01-02,100,100,100,100,1,97.0200,0,0",
            "2020-01-03,99,99,99,99,1,97.0200,1,0",
            "2020-01-06,98,98,98,98,1,98.0000,0,0",
            "2020-01-07,97,97,97,97,1,97.0000,0,0",
        ],
    );
    assert_eq!(events(&done), [("2020-01-03".to_owned(), Dividend(1.0))]);
    let warning = "AAPL: on 2020-01-06 adj close changes against close by a factor of 0.98000 beyond what the columns \
                   of splits and dividends tell; the columns are used as they stand, or pass --adjustments";
    assert_eq!(done.warnings, [warning]);
}

#[test]
fn adj_close_tells_what_the_columns_leave_open() {
    let folder = Folder::new();
    let done = ingested(
        &folder,
        "date,open,high,low,close,volume,adj close,dividends",
        &[
            "2020-01-02,100.25,100.25,100.25,100.25,1,49.6250,0",
            "2020-01-03,99.13,99.13,99.13,99.13,1,49.5650,1",
            "2020-01-06,49.17,49.17,49.17,49.17,1,49.1700,0",
        ],
    );
    assert_eq!(
        events(&done),
        [("2020-01-03".to_owned(), Dividend(1.0)), ("2020-01-06".to_owned(), Split(2.0))]
    );
    let done = ingested(
        &folder,
        "date,open,high,low,close,volume,adj close,stock splits",
        &[
            "2020-01-02,100.25,100.25,100.25,100.25,1,49.6250,",
            "2020-01-03,99.13,99.13,99.13,99.13,1,49.5650,",
            "2020-01-06,49.17,49.17,49.17,49.17,1,49.1700,2:1",
        ],
    );
    let [(first, Factor(factor)), second] = &events(&done)[..] else { panic!("{:?}", events(&done)) };
    assert_eq!((first.as_str(), second), ("2020-01-03", &("2020-01-06".to_owned(), Split(2.0))));
    assert!((factor - (1.0 - 1.0 / 100.25)).abs() < 1e-4, "{factor}");
}

#[test]
fn adjustments_given_stand_in_place_of_the_columns() {
    let folder = Folder::new();
    let adjustments = Some(folder.write("events.csv", "symbol,date,kind,value\nAAPL,2020-01-03,split,2\n"));
    folder.write(
        "AAPL.csv",
        "date,open,high,low,close,volume,adj close,dividends,stock splits\n2020-01-02,100,100,100,100,1,0,5,0\n\
         2020-01-03,50,50,50,50,1,0,5,0\n",
    );
    let options = IngestOptions { adjustments, ..IngestOptions::default() };
    let done = folder.ingest(&["AAPL.csv"], &options).unwrap();
    assert_eq!(events(&done), [("2020-01-03".to_owned(), Split(2.0))]);
    assert_eq!(done.bundle.event_origin(AssetId(0)), EventOrigin::Given);
    let note = "AAPL.csv: left adj close, stock splits, dividends unread, as --adjustments gives the events";
    assert_eq!(folder.plain(&done.notes[0]), note);
}

#[test]
fn dividends_beside_prices_that_nothing_checks_are_a_note_said_once() {
    let folder = Folder::new();
    let rows = "Date,Open,High,Low,Close,Volume,Dividends\n2020-01-02,100,100,100,100,1,0\n2020-01-03,99,99,99,99,1,1\n";
    folder.write("AAPL.csv", rows);
    folder.write("MSFT.csv", rows);
    let done = folder.ingest(&["AAPL.csv", "MSFT.csv"], &IngestOptions::default()).unwrap();
    assert_eq!(done.notes.len(), 1, "{:?}", done.notes);
    assert!(done.notes[0].starts_with("AAPL and 1 more: prices are taken as not adjusted for the dividends"));
}

#[test]
fn events_that_cannot_be_are_refused_by_line() {
    let refusal = |row: &str| {
        let folder = Folder::new();
        let header = "date,open,high,low,close,volume,Dividends,Stock Splits";
        folder.write("AAPL.csv", format!("{header}\n2020-01-02,10,10,10,10,1,0,0\n{row}\n"));
        folder.plain(&folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap_err().to_string())
    };
    for (row, message) in [
        ("2020-01-03,9,9,9,9,1,10,0", "the dividend is 10, expected less than the close before, 10"),
        ("2020-01-03,9,9,9,9,1,-1,0", "Dividends is -1, expected a number that is not negative"),
        ("2020-01-03,9,9,9,9,1,0,two", "Stock Splits is \"two\", expected a decimal such as 44.86"),
        ("2020-01-03,9,9,9,9,1,0,3:0", "Stock Splits is 3:0, expected a ratio such as 3/2"),
    ] {
        assert_eq!(refusal(row), format!("AAPL.csv line 3: {message}"));
    }
}

#[test]
fn a_bundle_says_where_its_events_come_from_after_it_was_opened_again() {
    let folder = Folder::new();
    let bars = "date,open,high,low,close,volume";
    let open = || lookback::Bundle::open(folder.path("bundle")).unwrap().event_origin(AssetId(0));
    ingested(&folder, bars, &["2020-01-02,9,9,9,9,1"]);
    assert_eq!(open(), EventOrigin::Unknown);
    ingested(&folder, &format!("{bars},adj close"), &["2020-01-02,9,9,9,9,1,9"]);
    assert_eq!(open(), EventOrigin::AdjustedClose);
    ingested(&folder, &format!("{bars},dividends"), &["2020-01-02,9,9,9,9,1,0"]);
    assert_eq!(open(), EventOrigin::Columns);
}
