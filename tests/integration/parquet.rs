//! Parquet as pandas, polars, DuckDB and Spark write it goes in like the CSV that it would print; and zstd-packed Arrow.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array,
    Int64Array, LargeStringArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, UInt32Array,
};
use lookback::bundle::IngestOptions;
use lookback::{Bundle, Field};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::files::{Folder, stderr, stdout};

type Columns<'a> = Vec<(&'a str, ArrayRef)>;

/// Three days as CSV; every table here holds the same.
const CSV: &str = "date,open,high,low,close,volume\n\
    2024-01-02,101.1,102.25,100.7,101.5,1000\n\
    2024-01-03,101.2,102.5,100.1,102,2000\n\
    2024-01-04,0.3,0.30000001,0.1,0.2,3000\n";
const DAYS: [i64; 3] = [19_724, 19_725, 19_726];
const OPENS: [f64; 3] = [101.1, 101.2, 0.3];
const HIGHS: [f64; 3] = [102.25, 102.5, 0.300_000_01];
const LOWS: [f64; 3] = [100.7, 100.1, 0.1];
const CLOSES: [f64; 3] = [101.5, 102.0, 0.2];

fn written(columns: Columns<'_>, compression: Compression, rows_a_group: usize) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(rows_a_group))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn floats(values: [f64; 3]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

fn days() -> ArrayRef {
    Arc::new(Date32Array::from(DAYS.map(|day| day as i32).to_vec()))
}

/// Prices as floats, beside a column of moments.
fn bars<'a>(name: &'a str, moments: ArrayRef) -> Columns<'a> {
    let volumes = Arc::new(Int64Array::from(vec![1_000, 2_000, 3_000]));
    vec![
        (name, moments),
        ("open", floats(OPENS)),
        ("high", floats(HIGHS)),
        ("low", floats(LOWS)),
        ("close", floats(CLOSES)),
        ("volume", volumes),
    ]
}

/// The bundle of one file, which is called AAPL where no column says otherwise.
fn ingested(name: &str, bytes: impl AsRef<[u8]>, options: &IngestOptions) -> Bundle {
    let folder = Folder::new();
    folder.write(name, bytes);
    folder.ingest(&[name], options).unwrap().bundle
}

fn refused(bytes: impl AsRef<[u8]>) -> String {
    let folder = Folder::new();
    folder.write("bars.parquet", bytes);
    folder.plain(&folder.ingest(&["bars.parquet"], &IngestOptions::default()).unwrap_err().to_string())
}

fn moments(bundle: &Bundle) -> Vec<String> {
    let calendar = bundle.calendar(bundle.asset("AAPL").unwrap()).unwrap();
    (0..calendar.len()).map(|bar| calendar.timestamp(bar).unwrap().to_string()).collect()
}

#[test]
fn each_writer_s_file_is_the_bundle_that_its_csv_is() {
    let expected = ingested("AAPL.csv", CSV, &IngestOptions::default());
    let pandas = {
        let mut columns = bars("Date", days());
        columns.rotate_left(1);
        columns.push(("Adj Open", floats(OPENS)));
        written(columns, Compression::SNAPPY, 1_000)
    };
    let polars = {
        let ns = DAYS.map(|day| day * 86_400_000_000_000).to_vec();
        let mut columns = bars("timestamp", Arc::new(TimestampNanosecondArray::from(ns)));
        columns.push(("ticker", Arc::new(LargeStringArray::from(vec!["AAPL"; 3]))));
        written(columns, Compression::ZSTD(ZstdLevel::default()), 2)
    };
    let duckdb = {
        let decimals = |values: [i128; 3], scale: i8| -> ArrayRef {
            Arc::new(Decimal128Array::from(values.to_vec()).with_precision_and_scale(18, scale).unwrap())
        };
        let columns: Columns<'_> = vec![
            ("date", days()),
            ("open", decimals([10_110, 10_120, 30], 2)),
            ("high", decimals([10_225_000_000, 10_250_000_000, 30_000_001], 8)),
            ("low", decimals([1_007, 1_001, 1], 1)),
            ("close", decimals([1_015, 1_020, 2], 1)),
            ("volume", Arc::new(UInt32Array::from(vec![1_000, 2_000, 3_000]))),
            ("symbol", Arc::new(DictionaryArray::<Int32Type>::from_iter(["AAPL"; 3]))),
        ];
        written(columns, Compression::LZ4_RAW, 1_000)
    };
    let spark = {
        let mut columns =
            bars("date", Arc::new(StringArray::from(vec!["2024-01-02", "2024-01-03", "2024-01-04"])));
        columns[1].1 = Arc::new(Float32Array::from(vec![101.1, 101.2, 0.3]));
        columns.push(("symbol", Arc::new(BinaryArray::from(vec![&b"AAPL"[..]; 3]))));
        written(columns, Compression::UNCOMPRESSED, 1)
    };
    for (writer, bytes) in [("pandas", pandas), ("polars", polars), ("DuckDB", duckdb), ("Spark", spark)] {
        let bundle = ingested("AAPL.parquet", bytes, &IngestOptions::default());
        assert_eq!(bundle.version(), expected.version(), "{writer}");
    }
}

#[test]
fn moments_of_every_unit_and_zone_are_the_same_moments() {
    // Half past nine in New York, on both sides of daylight saving, twice a day so that the bars are no daily ones.
    let seconds = [1_709_908_200_i64, 1_709_908_260, 1_710_163_800];
    let expected = ["2024-03-08T14:30:00Z", "2024-03-08T14:31:00Z", "2024-03-11T13:30:00Z"];
    let naive = [1_709_890_200_i64, 1_709_890_260, 1_710_149_400];
    let new_york =
        IngestOptions { time_zone: Some("America/New_York".to_owned()), ..IngestOptions::default() };
    for zone in [Some("America/New_York"), Some("UTC"), Some("-05:00"), None] {
        let (seconds, options) = match zone {
            Some(_) => (seconds, &IngestOptions::default()),
            None => (naive, &new_york),
        };
        let times = |unit: i64| seconds.map(|second| second * unit).to_vec();
        for array in [
            Arc::new(TimestampMillisecondArray::from(times(1_000)).with_timezone_opt(zone)) as ArrayRef,
            Arc::new(TimestampMicrosecondArray::from(times(1_000_000)).with_timezone_opt(zone)),
            Arc::new(TimestampNanosecondArray::from(times(1_000_000_000)).with_timezone_opt(zone)),
        ] {
            let kind = array.data_type().clone();
            let bytes = written(bars("ts_event", array), Compression::SNAPPY, 1_000);
            assert_eq!(moments(&ingested("AAPL.parquet", bytes, options)), expected, "{kind}");
        }
    }
    let times = Arc::new(TimestampMicrosecondArray::from(naive.map(|second| second * 1_000_000).to_vec()));
    let message =
        "bars.parquet line 1: ts_event is \"2024-03-08T09:30:00\", a local time without an offset; pass --tz";
    let asked = refused(written(bars("ts_event", times), Compression::SNAPPY, 1_000));
    assert!(asked.contains(message), "{asked}");
}

#[test]
fn a_nested_column_is_refused_by_its_name_and_let_be_where_it_means_nothing() {
    let parts = || {
        let field =
            |name: &str| Arc::new(arrow_schema::Field::new(name, arrow_schema::DataType::Float64, false));
        Arc::new(StructArray::from(vec![(field("open"), floats(OPENS)), (field("high"), floats(HIGHS))]))
    };
    let mut close = bars("date", days());
    close[4].1 = parts();
    let message = refused(written(close, Compression::SNAPPY, 1_000));
    assert!(message.starts_with("bars.parquet: column close is nested (Struct("), "{message}");
    assert!(
        message.ends_with("expected plain values: decimals, floats, integers, dates, times or text"),
        "{message}"
    );

    let within: Columns<'_> = vec![("date", days()), ("bar", parts())];
    let message = refused(written(within, Compression::SNAPPY, 1_000));
    assert!(message.contains("no columns open, high, low, close; found date, bar"), "{message}");
    assert!(message.contains("bar is nested (Struct("), "{message}");

    let mut beside = bars("date", days());
    beside.push(("quote", parts()));
    let bundle =
        ingested("AAPL.parquet", written(beside, Compression::SNAPPY, 1_000), &IngestOptions::default());
    assert_eq!(bundle.version(), ingested("AAPL.csv", CSV, &IngestOptions::default()).version());
}

#[test]
fn faults_are_told_by_row_and_what_is_cut_off_is_refused() {
    // A bar a minute, in row groups of a thousand; the second one has no close.
    let minutes = (0..20_000).map(|minute| 1_704_205_800_000 + minute * 60_000);
    let times = TimestampMillisecondArray::from_iter_values(minutes).with_timezone("UTC");
    let price = |bar: u32| (bar != 1).then(|| f64::from(100 + bar % 7) + 0.25);
    let prices = |bars: u32| -> ArrayRef { Arc::new((0..bars).map(price).collect::<Float64Array>()) };
    let open = Arc::new(Float64Array::from_iter_values((0..20_000).map(|bar| price(bar).unwrap_or(100.25))));
    let bad = written(
        vec![
            ("date", Arc::new(times)),
            ("open", open.clone()),
            ("high", open.clone()),
            ("low", open),
            ("close", prices(20_000)),
        ],
        Compression::UNCOMPRESSED,
        1_000,
    );
    assert!(refused(&bad).contains("bars.parquet line 2: close is"), "{}", refused(&bad));
    assert!(refused(&bad).ends_with("or pass --lenient to skip such rows"), "{}", refused(&bad));

    // Row groups come one after the other: what is broken later in the file was not read when a row is refused.
    let mut broken = bad.clone();
    let middle = broken.len() * 6 / 10..broken.len() * 7 / 10;
    broken[middle].fill(0xff);
    assert!(refused(&broken).contains("bars.parquet line 2: close is"), "{}", refused(&broken));
    let folder = Folder::new();
    folder.write("bars.parquet", &broken);
    let lenient = IngestOptions { lenient: true, ..IngestOptions::default() };
    let message = folder.ingest(&["bars.parquet"], &lenient).unwrap_err().to_string();
    assert!(message.contains("bars.parquet: is not a whole Parquet file: "), "{message}");

    for cut in [4, 100, bad.len() - 1] {
        let message = refused(&bad[..cut]);
        assert!(message.contains("bars.parquet: is not a whole Parquet file: "), "{message}");
    }
}

#[test]
fn a_folder_parted_by_symbol_goes_in_whole_and_so_do_patterns_and_packed_files() {
    let folder = Folder::new();
    for path in ["bars/symbol=AAPL", "bars/symbol=IBM"] {
        std::fs::create_dir_all(folder.path(path)).unwrap();
        let halves = written(bars("date", days()), Compression::SNAPPY, 2);
        folder.write(&format!("{path}/data_0.parquet"), halves);
    }
    for given in ["bars", "bars/*/*.parquet"] {
        let done = folder.run(&["ingest", given, "--out", "bundle"]);
        assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
        assert!(
            stdout(&done).contains("a Parquet table: date, open, high, low, close, volume"),
            "{}",
            stdout(&done)
        );
        let bundle = Bundle::open(folder.path("bundle")).unwrap();
        let symbols: Vec<&str> = bundle.symbols().iter().map(lookback::Symbol::as_str).collect();
        assert_eq!(symbols, ["AAPL", "IBM"]);
    }
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("AAPL.parquet", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, &written(bars("date", days()), Compression::SNAPPY, 2)).unwrap();
    let bundle = ingested("bars.zip", zip.finish().unwrap().into_inner(), &IngestOptions::default());
    assert_eq!(bundle.version(), ingested("AAPL.csv", CSV, &IngestOptions::default()).version());
}

#[test]
fn arrow_packed_with_zstd_is_unpacked() {
    use arrow_ipc::CompressionType;
    use arrow_ipc::writer::{FileWriter, IpcWriteOptions};

    let batch = RecordBatch::try_from_iter(bars("date", days())).unwrap();
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD)).unwrap();
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    let bundle = ingested("AAPL.arrow", writer.into_inner().unwrap(), &IngestOptions::default());
    assert_eq!(bundle.version(), ingested("AAPL.csv", CSV, &IngestOptions::default()).version());
    let mut closes = Vec::new();
    bundle.read(bundle.asset("AAPL").unwrap(), Field::Close, 0..3, &mut closes).unwrap();
    assert_eq!(closes, CLOSES);
}
