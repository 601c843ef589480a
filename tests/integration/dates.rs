//! The dates of daily bars, however they are stamped.

use lookback::bundle::IngestOptions;
use lookback::portal::{DataPortal, Options};
use lookback::{AssetId, Bundle, Field, Frequency, When};

use crate::files::{Folder, stdout};

/// A file whose bars are stamped so, closing at 1, 2, 3 ...
fn stamped(stamps: &[&str]) -> String {
    let rows: String =
        stamps.iter().zip(1..).map(|(stamp, close)| format!("{stamp},9,9,1,{close},1\n")).collect();
    format!("Date,Open,High,Low,Close,Volume\n{rows}")
}

/// The dates of a file's bars, and what was said about them.
fn dates(stamps: &[&str]) -> (Vec<String>, Vec<String>) {
    let folder = Folder::new();
    folder.write("AAPL.csv", stamped(stamps));
    let ingested = folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap();
    let notes = ingested.notes.iter().map(|note| folder.plain(note)).collect();
    (calendar(&ingested.bundle), notes)
}

fn calendar(bundle: &Bundle) -> Vec<String> {
    let calendar = bundle.calendar(AssetId(0)).unwrap();
    (0..calendar.len()).map(|bar| calendar.timestamp(bar).unwrap().to_string()).collect()
}

fn refusal(stamps: &[&str]) -> String {
    let folder = Folder::new();
    folder.write("AAPL.csv", stamped(stamps));
    folder.plain(&folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap_err().to_string())
}

#[test]
fn a_window_to_the_4th_does_not_know_tokyo_s_close_of_the_5th() {
    let stamps = ["2024-01-04 00:00:00+09:00", "2024-01-05 00:00:00+09:00", "2024-01-09 00:00:00+09:00"];
    let (found, notes) = dates(&stamps);
    assert_eq!(found, ["2024-01-04", "2024-01-05", "2024-01-09"]);
    let note = "AAPL.csv: each daily bar keeps the date that it is stamped with in its own offset: 2024-01-04 \
                (2024-01-03T15:00:00Z in UTC) is the bar of 2024-01-04";
    assert_eq!(notes, [note]);

    let folder = Folder::new();
    let portal = DataPortal::new(folder.bundle(stamped(&stamps)), Options::default()).unwrap();
    let request = portal.request(["AAPL"], [Field::Close], 1, Frequency::Day).unwrap();
    let snapshot = portal.snapshot();
    let reader = snapshot.reader();
    let window = reader.history(&request, "2024-01-04".parse::<When>().unwrap()).unwrap();
    assert_eq!(window.column(0), [1.0], "the close of the 4th");
}

#[test]
fn new_york_s_bars_share_their_rows_with_those_of_bare_dates() {
    // Daylight saving starts on 10 March.
    let new_york = ["2024-03-08 00:00:00-05:00", "2024-03-11 00:00:00-04:00", "2024-03-12 00:00:00-04:00"];
    let closes = ["2024-03-08T16:00:00-05:00", "2024-03-11T16:00:00-04:00", "2024-03-12T16:00:00-04:00"];
    let bare = ["2024-03-08", "2024-03-11", "2024-03-12"];
    let folder = Folder::new();
    let version = folder.bundle(stamped(&bare)).version().to_owned();
    for stamps in [new_york, closes] {
        assert_eq!(dates(&stamps).0, bare);
        assert_eq!(folder.bundle(stamped(&stamps)).version(), version, "the same bars, the same version");
    }
    folder.write("MSFT.csv", stamped(&bare));
    folder.write("AAPL.csv", stamped(&closes));
    folder.ingest(&["AAPL.csv", "MSFT.csv"], &IngestOptions::default()).unwrap();
    let shown = folder.run(&[
        "history",
        "--bundle",
        "bundle",
        "--asset",
        "AAPL,MSFT",
        "--bars",
        "3",
        "--format",
        "csv",
    ]);
    assert_eq!(
        stdout(&shown),
        "date,AAPL.close,MSFT.close\n2024-03-08,1,1\n2024-03-11,2,2\n2024-03-12,3,3\n"
    );
}

#[test]
fn a_half_day_and_a_bar_of_one_day_keep_their_dates_too() {
    let half_day = ["2024-11-27T16:00:00-05:00", "2024-11-29T13:00:00-05:00", "2024-12-02T16:00:00-05:00"];
    assert_eq!(dates(&half_day).0, ["2024-11-27", "2024-11-29", "2024-12-02"]);
    let weekly = ["2024-03-04 00:00:00-05:00", "2024-03-11 00:00:00-04:00", "2024-03-18 00:00:00-04:00"];
    assert_eq!(dates(&weekly).0, ["2024-03-04", "2024-03-11", "2024-03-18"]);
    // A share that was listed on the last day: alone, its one bar tells no frequency.
    let folder = Folder::new();
    folder.write("AAPL.csv", stamped(&["2024-11-29T13:00:00-05:00"]));
    folder.write("MSFT.csv", stamped(&half_day));
    let ingested = folder.ingest(&["AAPL.csv", "MSFT.csv"], &IngestOptions::default()).unwrap();
    assert_eq!(calendar(&ingested.bundle), ["2024-11-29"]);
    assert_eq!(ingested.notes.len(), 1, "said once for all files: {:?}", ingested.notes);
    assert!(folder.plain(&ingested.notes[0]).starts_with("AAPL.csv and 1 more: each daily bar keeps"));
}

#[test]
fn midnight_in_utc_is_a_date_and_nothing_is_assumed() {
    for stamps in [
        ["2024-01-04T00:00:00Z", "2024-01-05T00:00:00Z"],
        ["1704326400", "1704412800"],
        ["2024-01-04", "2024-01-05"],
    ] {
        assert_eq!(dates(&stamps), (vec!["2024-01-04".to_owned(), "2024-01-05".to_owned()], vec![]));
    }
}

#[test]
fn moments_within_the_day_and_without_an_offset_are_dated_in_utc_and_it_is_said() {
    // 14:30 UTC, New York's open.
    let (found, notes) = dates(&["1704378600", "1704465000", "1704724200"]);
    assert_eq!(found, ["2024-01-04", "2024-01-05", "2024-01-08"]);
    let note = "AAPL.csv: daily bars are stamped within the day and with no offset; took the date in UTC: \
                2024-01-04T14:30:00Z is the bar of 2024-01-04; where sessions are of another date, write dates, or \
                moments with their offset, or pass --tz";
    assert_eq!(notes, [note]);
}

#[test]
fn days_that_start_before_midnight_utc_are_refused_where_no_offset_tells_their_date() {
    // Tokyo's Thursday, Friday, Tuesday (after a holiday), Wednesday, Thursday, Friday, Monday.
    let midnights = ["03", "04", "08", "09", "10", "11", "14"].map(|day| format!("2024-01-{day}T15:00:00Z"));
    let message = refusal(&midnights.each_ref().map(String::as_str));
    let expected = "AAPL.csv line 8: AAPL 2024-01-14 is a Sunday in UTC, and the file has no Fridays: its days start \
                    before midnight UTC, so that each bar would be known a day early; expected dates, moments with the \
                    exchange's own offset (2024-01-05T00:00:00+09:00), or its time zone by --tz";
    assert_eq!(message, expected);
    // A currency that trades on all days has Fridays.
    let all = ["05", "06", "07", "08"].map(|day| format!("2024-01-{day}T15:00:00Z"));
    assert_eq!(dates(&all.each_ref().map(String::as_str)).0.len(), 4);
}

#[test]
fn two_bars_of_one_date_are_refused_by_line() {
    let message =
        refusal(&["2024-01-04 00:00:00-05:00", "2024-01-05 00:00:00+09:00", "2024-01-05 00:00:00-05:00"]);
    assert!(
        message.starts_with("AAPL.csv line 4: AAPL 2024-01-05 comes after 2024-01-05 of line 3"),
        "{message}"
    );
}

#[test]
fn bars_within_the_day_stay_moments() {
    let hourly = ["2024-01-05T09:30:00-05:00", "2024-01-05T10:30:00-05:00", "2024-01-08T09:30:00-05:00"];
    let (found, notes) = dates(&hourly);
    assert_eq!(found, ["2024-01-05T14:30:00Z", "2024-01-05T15:30:00Z", "2024-01-08T14:30:00Z"]);
    assert!(notes.is_empty(), "{notes:?}");
}
