//! Events derived from adjusted closes, and what rows after the clock may change: nothing.

use std::io::Read as _;

use lookback::bundle::IngestOptions;
use lookback::portal::{DataPortal, Options};
use lookback::{AssetId, Bundle, Field, Frequency, When};

use crate::files::Folder;

/// The sample as a file of text.
pub fn sample() -> String {
    let packed = include_bytes!("../../data/stocks.csv.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    text
}

/// The sample with every row after a date replaced: other prices, other steps, other digits.
fn replaced_after(text: &str, date: &str) -> String {
    let row = |(number, line): (usize, &str)| {
        let fields: Vec<&str> = line.split(',').collect();
        if fields[1] <= date || number == 0 {
            return format!("{line}\n");
        }
        let price = 50.0 + 40.0 * (number as f64).sin();
        let adjusted = price * (1.0 + 0.3 * (number as f64 * 0.7).sin());
        let decimals = number % 9;
        format!(
            "{},{},{price:.3},{price:.3},{price:.3},{price:.3},1,{adjusted:.decimals$}\n",
            fields[0], fields[1]
        )
    };
    text.lines().enumerate().map(row).collect()
}

/// The last closes as of a date, adjusted for what was known then, to the bit.
fn window(portal: &DataPortal, asset: &str, end: &str) -> Vec<u64> {
    let request = portal.request([asset], [Field::Close], 200, Frequency::Day).unwrap();
    let snapshot = portal.snapshot();
    let reader = snapshot.reader();
    let window = reader.history(&request, end.parse::<When>().unwrap()).unwrap();
    window.column(0).iter().map(|value| value.to_bits()).collect()
}

#[test]
fn rows_after_the_clock_change_no_window_before_it() {
    let text = sample();
    let folders = [Folder::new(), Folder::new()];
    let portal =
        |at: usize, text: &str| DataPortal::new(folders[at].bundle(text), Options::default()).unwrap();
    let whole = portal(0, &text);
    // Days of events, the day after, and days far from any.
    for clock in ["2001-08-08", "2003-02-18", "2003-02-20", "2005-02-28", "2011-11-21", "2012-11-09"] {
        let other = portal(1, &replaced_after(&text, clock));
        for asset in ["AAPL", "GOOG", "IBM", "MSFT"] {
            if asset != "GOOG" || clock > "2006" {
                assert_eq!(
                    window(&other, asset, clock),
                    window(&whole, asset, clock),
                    "{asset} as of {clock}"
                );
            }
        }
    }
}

#[test]
fn the_sample_tells_of_three_splits_and_of_ninety_two_dividends() {
    let bundle = Bundle::sample().unwrap();
    let events = |asset: &str| bundle.adjustments(bundle.asset(asset).unwrap());
    let splits = |asset: &str| -> Vec<String> {
        let splits = events(asset).iter().filter(|event| event.kind.is_split());
        splits.map(|event| format!("{} {}", event.ex_date, event.kind)).collect()
    };
    assert_eq!(splits("AAPL"), ["2000-06-21 split 2", "2005-02-28 split 2"]);
    assert_eq!(splits("MSFT"), ["2003-02-18 split 2"]);
    let dividends =
        ["AAPL", "FB", "GOOG", "IBM", "MSFT"].map(|asset| events(asset).len() - splits(asset).len());
    assert_eq!(dividends, [3, 0, 0, 52, 37]);
    // What this vendor makes of 2.65 dollars on a day that closed at 620.73; its first row tells it to 12 digits.
    let first = events("AAPL").iter().find(|event| !event.kind.is_split()).unwrap();
    assert_eq!(first.ex_date.to_string(), "2012-08-09");
    assert!((first.kind.value() - 620.73 / (620.73 + 2.65)).abs() < 1e-12, "{}", first.kind);
}

/// A file of one dividend of 0.5 % between closes of about 20 dollars, all printed in cents.
fn in_cents(rows_after: usize) -> String {
    let row = |bar: usize| {
        let (close, factor) = (20.0 + (bar as f64 * 1.7).sin(), if bar < 40 { 0.995 } else { 1.0 });
        let close = (close * 100.0).round() / 100.0;
        let (month, day) = (1 + bar / 28, 1 + bar % 28);
        format!("2024-{month:02}-{day:02},{close},{close},{close},{close},1,{:.2}\n", close * factor)
    };
    let rows: String = (0..40 + rows_after).map(row).collect();
    format!("date,open,high,low,close,volume,adj close\n{rows}")
}

#[test]
fn a_coarse_adj_close_says_how_far_its_factors_may_be_off() {
    let folder = Folder::new();
    folder.write("AAPL.csv", in_cents(60));
    let ingested = folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap();
    let event = ingested.bundle.adjustments(AssetId(0));
    assert_eq!(event.len(), 1, "{event:?}");
    assert!((event[0].kind.value() - 0.995).abs() < 5e-4, "{event:?}");
    let note = "AAPL: adj close and close are printed so coarsely that a dividend factor derived from them may be off \
                by 8e-4; --adjustments gives exact events";
    assert_eq!(ingested.notes, [note]);
    assert_eq!(folder.bundle(in_cents(1)).adjustments(AssetId(0)), event, "one row is enough");
}
