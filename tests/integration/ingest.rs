//! What `ingest` reads, and what it refuses in which words.

use std::io::Write as _;

use lookback::bundle::{IngestOptions, TimestampUnit};
use lookback::{AssetId, Bundle, Field, Frequency};

use crate::files::{Folder, GOOD, stderr, stdout};

/// The message that refuses a file called AAPL.csv; nothing may be left behind.
fn refusal(content: impl AsRef<[u8]>) -> String {
    let folder = Folder::new();
    folder.write("AAPL.csv", content);
    let error = folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap_err();
    assert_eq!(folder.names(), ["AAPL.csv"]);
    folder.plain(&error.to_string())
}

/// The refusal of one bad row after a good one.
fn row_refusal(row: &str) -> String {
    refusal(format!("date,open,high,low,close,volume\n2005-02-25,10,12,9,11,100\n{row}\n"))
}

fn closes(bundle: &Bundle, asset: &str) -> Vec<f64> {
    let asset = bundle.asset(asset).unwrap();
    let mut closes = Vec::new();
    bundle.read(asset, Field::Close, 0..bundle.bars(asset), &mut closes).unwrap();
    closes
}

#[test]
fn a_file_gives_an_asset_named_after_it() {
    let folder = Folder::new();
    let bundle = folder.bundle(GOOD);
    assert_eq!(bundle.name(), "bundle");
    assert_eq!(bundle.frequency(), Frequency::Day);
    assert_eq!(closes(&bundle, "AAPL"), [88.99, 44.86, 44.5]);
    let (first, last) = bundle.span(AssetId(0));
    assert_eq!((first.to_string(), last.to_string()), ("2005-02-25".to_owned(), "2005-03-01".to_owned()));
    assert_eq!(folder.names(), ["AAPL.csv", "bundle"]);
}

#[test]
fn columns_may_stand_in_any_case_and_order_and_rows_newest_first() {
    let folder = Folder::new();
    let odd = "Volume, CLOSE ,Low,High,Open,VWAP,Date\n\
        16672000,44.50,44.16,45.11,44.99,1,20050301\n\
        23271200,44.86,43.96,45.14,44.68,2,20050228\n\
        32643200,88.99,88.13,89.94,89.60,3,20050225\n";
    let expected = folder.bundle(GOOD).version().to_owned();
    folder.write("AAPL.csv", odd);
    let ingested = folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap();
    assert_eq!(ingested.bundle.version(), expected);
    assert_eq!(folder.plain(&ingested.notes[0]), "AAPL.csv: ignored the columns VWAP");
}

#[test]
fn gzip_is_known_by_its_first_bytes_and_a_byte_order_mark_is_skipped() {
    let folder = Folder::new();
    let expected = folder.bundle(GOOD).version().to_owned();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(GOOD.replace('\n', "\r\n").as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    assert_eq!(folder.bundle(&packed).version(), expected);
    assert_eq!(folder.bundle(format!("\u{feff}{GOOD}")).version(), expected);
    let message = refusal(&packed[..packed.len() - 6]);
    assert!(message.starts_with("AAPL.csv: is not a whole gzip file"), "{message}");
}

#[test]
fn the_version_is_of_values_not_of_files() {
    let folder = Folder::new();
    let version = folder.bundle(GOOD).version().to_owned();
    assert_eq!(folder.bundle(GOOD).version(), version);
    assert_eq!(folder.bundle(GOOD.replace("44.50", "44.5").replace("89.60", "89.6000")).version(), version);
    assert_eq!(folder.bundle(GOOD.replace("32643200", "3.26432e7")).version(), version);
    for (from, to) in [("44.50", "44.51"), ("2005-03-01", "2005-03-02"), ("16672000", "16672000.5")] {
        assert_ne!(folder.bundle(GOOD.replace(from, to)).version(), version, "{from}");
    }
    folder.write("MSFT.csv", GOOD);
    folder.bundle(GOOD);
    let both =
        |files: &[&str]| folder.ingest(files, &IngestOptions::default()).unwrap().bundle.version().to_owned();
    assert_eq!(both(&["AAPL.csv", "MSFT.csv"]), both(&["MSFT.csv", "AAPL.csv"]));
    assert_ne!(both(&["AAPL.csv", "MSFT.csv"]), version);
}

#[test]
fn a_column_of_symbols_splits_a_file_into_assets() {
    let folder = Folder::new();
    folder.write(
        "all.csv",
        "Ticker,date,open,high,low,close,volume\n\
         B,2005-02-25,10,12,9,11,100\nA,2005-02-25,1,2,1,2,5\nB,2005-02-28,11,12,9,10,100\nA,2005-02-28,2,3,1,3,5\n",
    );
    let bundle = folder.ingest(&["all.csv"], &IngestOptions::default()).unwrap().bundle;
    assert_eq!(closes(&bundle, "A"), [2.0, 3.0]);
    assert_eq!(closes(&bundle, "B"), [11.0, 10.0]);
    let options = IngestOptions { symbol: Some("C".to_owned()), ..IngestOptions::default() };
    let error = folder.ingest(&["all.csv"], &options).unwrap_err().to_string();
    assert_eq!(folder.plain(&error), "all.csv: has a column Ticker, so that --symbol means nothing");
}

#[test]
fn timestamps_are_read_in_the_unit_that_their_size_tells() {
    let second = 1_109_602_200_i64;
    for (factor, unit) in [
        (1, TimestampUnit::Seconds),
        (1_000, TimestampUnit::Milliseconds),
        (1_000_000, TimestampUnit::Microseconds),
        (1_000_000_000, TimestampUnit::Nanoseconds),
    ] {
        let folder = Folder::new();
        let row = |minute: i64| format!("{},10,12,9,11,100\n", (second + 60 * minute) * factor);
        let rows: String = [0, 1, 2, 4].map(row).concat();
        folder.write("AAPL.csv", format!("timestamp,open,high,low,close,volume\n{rows}"));
        let ingested = folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap();
        assert_eq!(ingested.sources[0].timestamps, unit);
        assert_eq!(ingested.bundle.frequency(), Frequency::Minute);
        assert_eq!(ingested.bundle.span(AssetId(0)).0.to_string(), "2005-02-28T14:50:00Z");
    }
    let zoned = "timestamp,open,high,low,close,volume\n2005-02-28T09:30:00-05:00,10,12,9,11,1\n\
                 2005-02-28T10:30:00-05:00,10,12,9,11,1\n";
    let folder = Folder::new();
    let bundle = folder.bundle(zoned);
    assert_eq!(bundle.frequency(), Frequency::Hour);
    assert_eq!(bundle.span(AssetId(0)).0.to_string(), "2005-02-28T14:30:00Z");
}

#[test]
fn lenient_mends_and_says_so() {
    let folder = Folder::new();
    folder.write(
        "AAPL.csv",
        "date,open,high,low,close,volume\n2005-02-25,10,12,9,12.5,100\n\n,,,,,\n2005-02-28,8,12,9,11,100\n",
    );
    let options = IngestOptions { lenient: true, ..IngestOptions::default() };
    let ingested = folder.ingest(&["AAPL.csv"], &options).unwrap();
    let notes: Vec<String> = ingested.notes.iter().map(|note| folder.plain(note)).collect();
    assert_eq!(
        notes,
        [
            "AAPL.csv line 2: moved high from 12 to 12.5 to hold the close (and 1 more)",
            "AAPL.csv line 3: skipped a blank row (and 1 more)",
        ]
    );
    let mut highs = Vec::new();
    ingested.bundle.read(AssetId(0), Field::High, 0..2, &mut highs).unwrap();
    assert_eq!(highs, [12.5, 12.0]);
}

#[test]
fn an_empty_file_is_refused() {
    assert_eq!(refusal(""), "AAPL.csv: is empty, expected a header and rows");
    assert_eq!(refusal("date,open,high,low,close,volume\n"), "AAPL.csv: has a header but no rows");
}

#[test]
fn missing_and_double_columns_are_named() {
    let expected = "expected a header with date|timestamp, open, high, low, close and optionally volume, \
                    symbol|ticker, adj close, dividends, stock splits; --columns names the columns of a file, and \
                    --delimiter says what parts them";
    assert_eq!(
        refusal("date,open,high,low,last\n"),
        format!("AAPL.csv line 1: no column close; found date, open, high, low, last; {expected}")
    );
    assert_eq!(
        refusal("day,open,high,low,shut,volume\n"),
        format!(
            "AAPL.csv line 1: no columns date|timestamp, close; found day, open, high, low, shut, volume; {expected}"
        )
    );
    assert_eq!(
        refusal("date,timestamp,open,high,low,close,volume\n"),
        "AAPL.csv line 1: columns date and timestamp both give the date, keep one, or name all columns by --columns with \
         - for the other"
    );
}

#[test]
fn a_ragged_row_is_refused() {
    let message = "AAPL.csv line 3: the row has 5 fields, expected 6 as in the header";
    assert_eq!(row_refusal("2005-02-28,10,12,9,11"), message);
}

#[test]
fn a_blank_row_is_refused() {
    let message = "AAPL.csv line 3: the row is blank, remove it or pass --lenient";
    assert_eq!(row_refusal("\n2005-02-28,10,12,9,11,100"), message);
    assert_eq!(row_refusal(",,,,,"), message);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let mut bytes = GOOD.as_bytes().to_vec();
    bytes[40] = 0xff;
    assert_eq!(
        refusal(bytes),
        "AAPL.csv line 2: is not UTF-8 text, expected a CSV file, plain or packed by gzip, zstd, bzip2 or zip"
    );
}

#[test]
fn numbers_that_are_none_are_refused() {
    for (close, problem) in [
        ("", "close is empty, expected a decimal, or pass --lenient to skip such rows"),
        ("abc", "close is \"abc\", expected a decimal such as 44.86"),
        ("NaN", "close is NaN, expected a finite decimal, or pass --lenient to skip such rows"),
        ("-inf", "close is -inf, expected a finite decimal"),
        (
            "-11",
            "close is -11, expected a number that is not negative; --allow-negative lets prices at or below 0 pass",
        ),
        ("0", "close is 0, expected a price above 0"),
        (
            "11.00000000000000000000000000001",
            "close is \"11.00000000000000000000000000001\", expected a decimal of at most 28 digits",
        ),
    ] {
        let message = row_refusal(&format!("2005-02-28,10,12,9,{close},100"));
        assert_eq!(message, format!("AAPL.csv line 3: {problem}"));
    }
    let message = "AAPL.csv line 3: volume is -5, expected a number that is not negative";
    assert_eq!(row_refusal("2005-02-28,10,12,9,11,-5"), message);
}

#[test]
fn bars_that_cannot_be_are_refused() {
    assert_eq!(row_refusal("2005-02-28,10,9,12,11,100"), "AAPL.csv line 3: high 9 is below low 12");
    assert_eq!(
        row_refusal("2005-02-28,10,12,9,12.5,100"),
        "AAPL.csv line 3: close 12.5 is outside of low 9 to high 12, pass --lenient to widen them"
    );
    assert_eq!(
        row_refusal("2005-02-28,8.5,12,9,11,100"),
        "AAPL.csv line 3: open 8.5 is outside of low 9 to high 12, pass --lenient to widen them"
    );
}

#[test]
fn dates_that_are_none_are_refused() {
    let message = row_refusal("2005-02-30,10,12,9,11,100");
    assert!(message.starts_with("AAPL.csv line 3: date is \"2005-02-30\", expected 2005-02-28"), "{message}");
    assert_eq!(
        row_refusal("1109548800,10,12,9,11,100"),
        "AAPL.csv line 3: date is in seconds since the epoch, the rows above are in dates; expected one for the file"
    );
}

#[test]
fn double_and_shuffled_dates_are_refused() {
    assert_eq!(
        row_refusal("2005-02-25,10,12,9,11.5,100"),
        "AAPL.csv line 3: AAPL 2005-02-25 is there twice, first at line 2; the rows differ, keep one"
    );
    assert_eq!(
        row_refusal("2005-03-01,10,12,9,11,100\n2005-02-28,10,12,9,11,100\n2005-03-02,10,12,9,11,100"),
        "AAPL.csv line 4: AAPL 2005-02-28 comes after 2005-03-01 of line 3, but the file runs from oldest to newest"
    );
}

#[test]
fn a_step_that_is_no_frequency_is_refused() {
    let rows = "timestamp,open,high,low,close,volume\n1109602200,10,12,9,11,1\n1109602800,10,12,9,11,1\n";
    let message = "AAPL.csv: AAPL: most bars are 10 minutes apart, expected one of 1s 5s 1m 3m 5m 15m 30m 1h 2h 4h 1d 1w 1mo";
    assert_eq!(refusal(rows), message);
}

#[test]
fn files_that_do_not_fit_together_are_refused() {
    let folder = Folder::new();
    folder.write("AAPL.csv", GOOD);
    folder.write(
        "IBM.csv",
        "timestamp,open,high,low,close,volume\n1109602200,1,1,1,1,1\n1109602260,1,1,1,1,1\n",
    );
    std::fs::create_dir(folder.path("more")).unwrap();
    folder.write("more/AAPL.csv", GOOD);
    let refusal = |files: &[&str]| {
        let error = folder.ingest(files, &IngestOptions::default()).unwrap_err();
        folder.plain(&error.to_string())
    };
    let twice = "more/AAPL.csv line 2: AAPL 2005-02-25 is there twice, first at AAPL.csv line 2; the rows are the same, \
                 pass --lenient to keep one";
    assert_eq!(refusal(&["AAPL.csv", "more/AAPL.csv"]), twice);
    let mixed = "IBM.csv: IBM has bars of 1m, but AAPL in AAPL.csv of 1d; ingest them apart";
    assert_eq!(refusal(&["AAPL.csv", "IBM.csv"]), mixed);
    assert!(refusal(&["GOOG.csv"]).starts_with("GOOG.csv: cannot be read"));
}

#[test]
fn a_folder_that_is_no_bundle_is_not_overwritten() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("bundle")).unwrap();
    folder.bundle(GOOD);
    folder.write("bundle/thesis.txt", "years of work");
    let error = folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap_err().to_string();
    let message = "bundle: holds thesis.txt, which is no part of a bundle; choose another folder";
    assert_eq!(folder.plain(&error), message);
    std::fs::remove_dir_all(folder.path("bundle")).unwrap();
    std::fs::create_dir(folder.path("bundle")).unwrap();
    folder.write("bundle/manifest.json", "{}");
    let error = folder.ingest(&["AAPL.csv"], &IngestOptions::default()).unwrap_err().to_string();
    assert_eq!(folder.plain(&error), "bundle: is there and is not a bundle; choose another folder");
}

#[test]
fn the_program_prints_what_it_read() {
    const READ: &str = "read       prices.csv (dates)\n\
                        columns    prices.csv: comma: date, open, high, low, close, volume; dates\n";
    let folder = Folder::new();
    folder.write("prices.csv", GOOD.replace("2005-02-28", "\n2005-02-28"));
    let refused = folder.run(&["ingest", "prices.csv", "--out", "bundle"]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(
        stderr(&refused),
        "lookback: prices.csv line 3: the row is blank, remove it or pass --lenient\n"
    );
    let done = folder.run(&["ingest", "prices.csv", "--out", "bundle", "--symbol", "AAPL", "--lenient"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let warning = "warning: AAPL: from a close of 88.99 the price falls to an open of 44.68 on 2005-02-28, as in a split of \
                   2:1, and nothing tells of one; --adjustments or a column stock splits or adj close would";
    assert_eq!(stderr(&done), format!("note: prices.csv line 3: skipped a blank row\n{warning}\n"));
    let shown = stdout(&done);
    assert!(shown.starts_with(&format!("{READ}bundle     bundle\nversion    ")), "{shown}");
    assert!(shown.contains("AAPL   2005-02-25  2005-03-01     3       -          -"), "{shown}");
    for (arguments, words) in [
        (&["ingest", "prices.csv"][..], "--out"),
        (&["ingest", "prices.csv", "--out", "prices.csv"], "--out prices.csv: is a file, expected a folder"),
        (&["ingest", "prices.csv", "--out", "b", "--symbol", ""], "--symbol: symbol is empty"),
        (&["ingest", "prices.csv", "--out", "b", "--tz", "Mars"], "--tz: is \"Mars\", expected a time zone"),
    ] {
        let refused = folder.run(arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&refused).contains(words), "{}", stderr(&refused));
    }
    let again = folder.run(&["info", "bundle"]);
    assert_eq!(stdout(&again), shown.strip_prefix(READ).unwrap());
}

#[test]
fn info_shows_the_sample_unless_told_otherwise() {
    let folder = Folder::new();
    let table = stdout(&folder.run(&["info"]));
    assert!(table.contains("IBM    2000-03-01  2013-03-01  3270       0         52"), "{table}");
    let json: serde_json::Value =
        serde_json::from_slice(&folder.run(&["info", "--format", "json"]).stdout).unwrap();
    assert_eq!(json["assets"][0]["adjustments"][1]["ex_date"], "2005-02-28");
    assert_eq!(json["version"], Bundle::sample().unwrap().version());
    let missing = folder.run(&["info", "nowhere"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(stderr(&missing).starts_with("lookback: nowhere: cannot be opened as a bundle"));
    let empty = folder.run(&["info", "."]);
    assert_eq!(
        stderr(&empty),
        "lookback: .: is not a bundle, or its ingest did not end: it has no file `current`\n"
    );
}

#[test]
fn each_frequency_is_known_by_its_steps_and_shown_by_info() {
    for frequency in Frequency::ALL {
        let moments: Vec<String> = match frequency {
            Frequency::Month => {
                ["2024-01-31", "2024-02-29", "2024-03-29", "2024-04-30"].map(str::to_owned).into()
            }
            _ => (0..4)
                .map(|bar| (1_704_153_600 + bar * frequency.step_ns() / 1_000_000_000).to_string())
                .collect(),
        };
        let rows: String = moments.iter().map(|moment| format!("{moment},10,12,9,11,100\n")).collect();
        let folder = Folder::new();
        let bundle = folder.bundle(format!("timestamp,open,high,low,close,volume\n{rows}"));
        assert_eq!(bundle.frequency(), frequency);
        let info = stdout(&folder.run(&["info", "bundle", "--format", "json"]));
        assert!(info.contains(&format!("\"frequency\": \"{frequency}\"")), "{info}");
    }
}
