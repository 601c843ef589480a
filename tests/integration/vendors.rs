//! Each vendor's file goes in by one command, as it came; `docs/data.md` shows the same commands.

use std::path::{Path, PathBuf};

use lookback::{Bundle, Field, Frequency};

use crate::files::{Folder, stderr, stdout};

/// Four days of bars that several of the vendors' files hold.
const OPENS: [f64; 4] = [101.25, 102.5, 103.0, 100.0];
const CLOSES: [f64; 4] = [102.0, 103.25, 100.25, 101.0];
const VOLUMES: [f64; 4] = [1200.0, 1350.0, 1610.0, 990.0];

fn vendors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/vendors")
}

/// Ingests a vendor's files by the program; gives the bundle, and what was read as what.
fn ingested(files: &[&str], flags: &[&str]) -> (Bundle, String) {
    let folder = Folder::new();
    let files: Vec<String> = files.iter().map(|file| vendors().join(file).display().to_string()).collect();
    let mut arguments = vec!["ingest"];
    arguments.extend(files.iter().map(String::as_str));
    arguments.extend(flags);
    arguments.extend(["--out", "bundle"]);
    let done = folder.run(&arguments);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let shown = stdout(&done);
    let readings = shown.lines().filter_map(|line| line.strip_prefix("columns    "));
    let readings: Vec<&str> = readings.map(|line| line.split_once(": ").unwrap().1).collect();
    (Bundle::open(folder.path("bundle")).unwrap(), readings.join("\n"))
}

fn values(bundle: &Bundle, symbol: &str, field: Field) -> Vec<f64> {
    let asset = bundle.asset(symbol).unwrap();
    let mut values = Vec::new();
    bundle.read(asset, field, 0..bundle.bars(asset), &mut values).unwrap();
    values
}

fn moments(bundle: &Bundle, symbol: &str) -> Vec<String> {
    let calendar = bundle.calendar(bundle.asset(symbol).unwrap()).unwrap();
    (0..calendar.len()).map(|bar| calendar.timestamp(bar).unwrap().to_string()).collect()
}

/// Four daily bars of January 2024.
fn assert_four_days(bundle: &Bundle, symbol: &str) {
    assert_eq!(bundle.frequency(), Frequency::Day);
    assert_eq!(moments(bundle, symbol), ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"]);
    assert_eq!(values(bundle, symbol, Field::Open), OPENS);
    assert_eq!(values(bundle, symbol, Field::Close), CLOSES);
}

#[test]
fn binance_s_months_are_one_asset_in_milliseconds_and_then_in_microseconds() {
    let (bundle, reading) = ingested(
        &["binance/BTCUSDT-1m-2024-12.zip", "binance/BTCUSDT-1m-2025-01.zip"],
        &["--preset", "binance"],
    );
    assert_eq!(
        moments(&bundle, "BTCUSDT"),
        ["2024-12-31T23:58:00Z", "2024-12-31T23:59:00Z", "2025-01-01", "2025-01-01T00:01:00Z"]
    );
    assert_eq!(values(&bundle, "BTCUSDT", Field::Close), [93505.5, 93549.99, 93576.0, 93561.0]);
    assert_eq!(bundle.frequency(), Frequency::Minute);
    let expected = "comma: timestamp=open_time, open, high, low, close, volume";
    assert!(reading.starts_with(&expected.replace("timestamp=", "date=")), "{reading}");
}

#[test]
fn histdata_is_in_new_york_s_standard_time() {
    let (bundle, reading) = ingested(&["histdata"], &["--preset", "histdata"]);
    assert_eq!(
        moments(&bundle, "EURUSD"),
        ["2024-01-02T14:30:00Z", "2024-01-02T14:31:00Z", "2024-01-02T14:33:00Z"]
    );
    assert_eq!(values(&bundle, "EURUSD", Field::High), [1.09542, 1.0954, 1.09531]);
    assert_eq!(reading, "semicolon: date=datetime, open, high, low, close, volume; local times of Etc/GMT+5");
}

#[test]
fn lean_s_prices_are_divided_by_10_000_and_its_minutes_are_of_the_day_in_the_name() {
    let (daily, reading) = ingested(&["lean/daily"], &["--preset", "lean"]);
    assert_four_days(&daily, "aapl");
    assert!(
        reading.ends_with("; whole-number prices times 0.0001; local times of America/New_York"),
        "{reading}"
    );
    let (minutes, _) = ingested(&["lean/minute"], &["--preset", "lean", "--session", "09:30-16:00"]);
    let expected = ["30", "31", "33"].map(|minute| format!("2024-01-02T14:{minute}:00Z"));
    assert_eq!(moments(&minutes, "aapl")[..3], expected);
    assert_eq!(values(&minutes, "aapl", Field::Close)[..3], [101.27, 101.34, 101.3]);
    let session = minutes.session();
    assert_eq!((session.time_zone.as_str(), session.start.as_str()), ("America/New_York", "09:30:00"));
}

#[test]
fn mt5_writes_utf_16_in_the_broker_s_time() {
    let file = "mt5/EURUSD_H1_202401020800_202401021000.csv";
    let (bundle, reading) = ingested(&[file], &["--preset", "mt5", "--tz", "Europe/Athens"]);
    assert_eq!(
        moments(&bundle, "EURUSD"),
        ["2024-01-02T06:00:00Z", "2024-01-02T07:00:00Z", "2024-01-02T08:00:00Z"]
    );
    assert_eq!(bundle.frequency(), Frequency::Hour);
    let expected = "tab: date=<DATE>, time=<TIME>, open=<OPEN>, high=<HIGH>, low=<LOW>, close=<CLOSE>, volume=<VOL>; local \
                    times of Europe/Athens";
    assert_eq!(reading, expected);
    let folder = Folder::new();
    let path = vendors().join(file).display().to_string();
    let refused = folder.run(&["ingest", &path, "--preset", "mt5", "--out", "bundle"]);
    assert!(
        stderr(&refused).contains(
            "line 2: <DATE> <TIME> is \"2024.01.02 08:00:00\", a local time without an offset; pass --tz with its time zone"
        ),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn stooq_s_single_and_bulk_files_hold_the_same() {
    let (single, _) = ingested(&["stooq/aapl_us_d.csv"], &["--preset", "stooq"]);
    assert_four_days(&single, "aapl_us");
    let (bulk, reading) = ingested(&["stooq/aapl.us.txt"], &["--preset", "stooq"]);
    assert_four_days(&bulk, "AAPL.US");
    assert_eq!(values(&bulk, "AAPL.US", Field::Volume), VOLUMES);
    assert!(reading.contains("time=<TIME>") && reading.contains("symbol=<TICKER>"), "{reading}");
}

#[test]
fn polygon_s_days_are_a_file_each_with_all_tickers() {
    let (bundle, reading) = ingested(&["polygon/*.csv.gz"], &["--preset", "polygon"]);
    assert_four_days(&bundle, "AAPL");
    assert_eq!(values(&bundle, "MSFT", Field::Close), CLOSES.map(|close| close + 200.0));
    assert!(reading.contains("date=window_start") && reading.contains("symbol=ticker"), "{reading}");
}

#[test]
fn databento_s_prices_are_billionths() {
    let (bundle, reading) = ingested(&["databento"], &["--preset", "databento"]);
    assert_eq!(values(&bundle, "AAPL", Field::Close), CLOSES);
    assert_eq!(moments(&bundle, "AAPL")[0], "2024-01-02T14:30:00Z");
    assert!(reading.contains("whole-number prices times 0.000000001"), "{reading}");
    let folder = Folder::new();
    let path = vendors().join("databento").display().to_string();
    let refused = stderr(&folder.run(&["ingest", &path, "--out", "bundle"]));
    assert!(refused.contains("line 2: open is 101250000000, and all prices are whole numbers"), "{refused}");
    assert!(refused.contains("pass --price-scale 1e-9 or --preset databento"), "{refused}");
    let (scaled, _) = ingested(&["databento"], &["--price-scale", "1e-9"]);
    assert_eq!(scaled.version(), bundle.version());
}

#[test]
fn nasdaq_writes_dollars_and_american_dates() {
    let (bundle, reading) =
        ingested(&["nasdaq/HistoricalData_AAPL.csv"], &["--preset", "nasdaq", "--symbol", "AAPL"]);
    assert_four_days(&bundle, "AAPL");
    assert_eq!(values(&bundle, "AAPL", Field::Volume), VOLUMES);
    assert_eq!(reading, "comma: Date, Open, High, Low, close=Close/Last, Volume; decimal point; dates");
}

#[test]
fn yfinance_s_one_or_three_header_rows_are_read() {
    let (plain, _) = ingested(&["yfinance/AAPL.csv"], &[]);
    assert_four_days(&plain, "AAPL");
    let (one, reading) = ingested(&["yfinance/one_ticker.csv"], &["--preset", "yfinance"]);
    assert_four_days(&one, "AAPL");
    assert_eq!(reading, "comma: Date, Open, High, Low, Close, Volume of AAPL; dates");
    let (many, reading) = ingested(&["yfinance/many_tickers.csv"], &[]);
    assert_four_days(&many, "AAPL");
    assert_eq!(
        moments(&many, "7203.T"),
        ["2024-01-02", "2024-01-04", "2024-01-05"],
        "it had no bar on the 3rd"
    );
    assert_eq!(values(&many, "7203.T", Field::Close), [152.0, 150.25, 151.0]);
    assert!(reading.contains("2 tickers, each in columns of its own, AAPL first"), "{reading}");
}

#[test]
fn alphavantage_s_intraday_times_are_new_york_s_on_both_sides_of_daylight_saving() {
    let (daily, _) = ingested(&["alphavantage/daily_adjusted_IBM.csv"], &["--preset", "alphavantage"]);
    assert_four_days(&daily, "IBM");
    let (intraday, _) = ingested(&["alphavantage/intraday_5min_IBM.csv"], &["--preset", "alphavantage"]);
    assert_eq!(intraday.frequency(), Frequency::Minute5);
    assert_eq!(
        moments(&intraday, "IBM"),
        ["2024-03-08T20:55:00Z", "2024-03-11T13:35:00Z", "2024-03-11T13:40:00Z"]
    );
}

#[test]
fn kaggle_s_file_of_all_stocks_needs_leave_for_its_holes() {
    let (bundle, _) = ingested(&["kaggle/all_stocks_5yr.csv"], &["--preset", "kaggle", "--lenient"]);
    assert_four_days(&bundle, "AAL");
    assert_eq!(moments(&bundle, "AAPL").len(), 3);
    let (one, _) = ingested(&["kaggle/aapl.us.txt"], &["--preset", "kaggle"]);
    assert_four_days(&one, "aapl");
    let folder = Folder::new();
    let path = vendors().join("kaggle/all_stocks_5yr.csv").display().to_string();
    let refused = stderr(&folder.run(&["ingest", &path, "--out", "bundle"]));
    let expected = "line 8: open is empty, expected a decimal, or pass --lenient to skip such rows";
    assert!(refused.contains(expected), "{refused}");
    let done = stderr(&folder.run(&["ingest", &path, "--out", "bundle", "--lenient"]));
    assert!(done.contains("line 8: skipped a row without open\n"), "{done}");
}

#[test]
fn other_marks_and_packings_are_seen_in_the_file() {
    let (semicolons, reading) = ingested(&["others/semicolons.csv"], &[]);
    assert_four_days(&semicolons, "semicolons");
    assert_eq!(values(&semicolons, "semicolons", Field::Volume), VOLUMES, "with points between thousands");
    assert_eq!(reading, "semicolon: Date, Open, High, Low, Close, Volume; decimal comma; dates");
    let (pipes, reading) = ingested(&["others/pipes.psv"], &[]);
    assert_four_days(&pipes, "pipes");
    assert_eq!(values(&pipes, "pipes", Field::Volume), [0.0; 4], "turnover is no volume");
    assert_eq!(reading, "pipe: date=(unnamed), open, high, low, close; dates");
    let (packed, _) = ingested(&["others/AAPL.csv.bz2"], &[]);
    assert_four_days(&packed, "AAPL");
}

#[test]
fn the_page_on_data_shows_a_command_for_each_file() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/data.md")).unwrap();
    for preset in lookback::bundle::Preset::names() {
        assert!(page.contains(&format!("--preset {preset}")), "{preset} is not on docs/data.md");
        assert!(vendors().join(preset).is_dir(), "{preset} has no file in tests/data/vendors");
    }
    // Each command of the page that names a file of the tests works as it is printed.
    let commands: Vec<&str> = page.lines().filter(|line| line.contains("tests/data/vendors/")).collect();
    assert!(commands.len() >= lookback::bundle::Preset::names().count(), "{commands:?}");
    for command in commands {
        let out = Folder::new();
        let line = command.trim().replace("--out bars", &format!("--out {}", out.path("bars").display()));
        let done = crate::shell::shell(&format!("cd '{}'; {line}", env!("CARGO_MANIFEST_DIR")));
        assert_eq!(done.status.code(), Some(0), "{command}: {}", stderr(&done));
    }
}

/// A Feather file as pandas or polars write one: lz4, a dictionary of symbols, zoned or naive times, floats and decimals.
fn feather(zone: Option<&str>, compressed: bool) -> Vec<u8> {
    use std::sync::Arc;

    use arrow_array::types::Int32Type;
    use arrow_array::{
        ArrayRef, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int64Array, RecordBatch,
        TimestampMicrosecondArray,
    };
    use arrow_ipc::CompressionType;
    use arrow_ipc::writer::{FileWriter, IpcWriteOptions};

    // 14:30 UTC on 8 March and 13:30 UTC on 11 March 2024: half past nine in New York, or in naive time.
    let times = match zone {
        Some(_) => [1_709_908_200_000_000, 1_710_163_800_000_000],
        None => [1_709_890_200_000_000, 1_710_149_400_000_000],
    };
    let times = TimestampMicrosecondArray::from(times.to_vec()).with_timezone_opt(zone);
    let closes = Decimal128Array::from(vec![10_125, 10_150]).with_precision_and_scale(10, 2).unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("__index_level_0__", Arc::new(times)),
        ("Open", Arc::new(Float64Array::from(vec![101.1, 101.2]))),
        ("High", Arc::new(Float32Array::from(vec![102.3, 102.4]))),
        ("Low", Arc::new(Float64Array::from(vec![100.7, 0.1 + 100.6]))),
        ("Close", Arc::new(closes)),
        ("Volume", Arc::new(Int64Array::from(vec![Some(1_000), Some(2_000)]))),
        ("Ticker", Arc::new(DictionaryArray::<Int32Type>::from_iter(["AAPL", "AAPL"]))),
        ("note", Arc::new(arrow_array::BooleanArray::from(vec![true, false]))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let compression = compressed.then_some(CompressionType::LZ4_FRAME);
    let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn feather_goes_in_as_its_cells_would_be_printed() {
    let folder = Folder::new();
    for (zone, flags) in [(Some("America/New_York"), &[][..]), (None, &["--tz", "America/New_York"])] {
        folder.write("bars.feather", feather(zone, zone.is_some()));
        let mut arguments = vec!["ingest", "bars.feather", "--out", "bundle"];
        arguments.extend(flags);
        let done = folder.run(&arguments);
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
        let reading = "columns    bars.feather: an Arrow table: date=__index_level_0__, Open, High, Low, Close, Volume, \
                       symbol=Ticker; ";
        assert!(stdout(&done).contains(reading), "{}", stdout(&done));
        assert!(stderr(&done).contains("ignored the columns note"), "{}", stderr(&done));
        let bundle = Bundle::open(folder.path("bundle")).unwrap();
        assert_eq!(
            moments(&bundle, "AAPL"),
            ["2024-03-08", "2024-03-11"],
            "daily bars keep their local dates"
        );
        assert_eq!(values(&bundle, "AAPL", Field::High), [102.3, 102.4], "a float is its shortest text");
        assert_eq!(values(&bundle, "AAPL", Field::Close), [101.25, 101.5]);
    }
    let naive = folder.run(&["ingest", "bars.feather", "--out", "bundle"]);
    let expected =
        "bars.feather line 1: __index_level_0__ is \"2024-03-08T09:30:00\", a local time without an offset";
    assert!(stderr(&naive).contains(expected), "{}", stderr(&naive));
    let whole = feather(None, false);
    for (bytes, expected) in [
        (&whole[..whole.len() / 2], "bars.feather: is not a whole Arrow file"),
        #[cfg(not(feature = "parquet"))]
        (
            b"PAR1....PAR1",
            "bars.feather: is Parquet, which this build does not read; build it with `cargo install lookback --features \
             parquet`, or write the file as Feather",
        ),
        #[cfg(feature = "parquet")]
        (b"PAR1....PAR1", "bars.feather: is not a whole Parquet file"),
        (b"FEA1....FEA1", "bars.feather: is Feather of the first version, which is not read"),
    ] {
        folder.write("bars.feather", bytes);
        let refused = stderr(&folder.run(&["ingest", "bars.feather", "--out", "bundle"]));
        assert!(refused.contains(expected), "{refused}");
    }
}
