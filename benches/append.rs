//! What does an append cost, and what does a bundle cost to open and to read after ten thousand of them?
//!
//! One asset of 10,000 days: once ingested, once appended day by day (`LOOKBACK_APPENDS` of them; 10,000 unless told). An
//! append is timed with all that it does, the waits for the disk among it. `open` checks the manifest and the segments;
//! `first window` opens the bundle and reads its last 200 closes, with nothing cached; `window` asks again and again.
//!
//! Machine: Intel Xeon, 2 shared cores beside other work, files in memory; rustc 1.95.0; 2026-11-25.
//!
//! | | one ingest | 9,999 appends |
//! |---|---|---|
//! | open | 18.6 us | 23.6 us |
//! | first window | 1.17 ms | 1.31 ms |
//! | window | 6.9 ns | 7.0 ns |
//! | an append | | 1.5 ms |
//!
//! Command: `TMPDIR=/dev/shm cargo bench --bench append`

#![expect(clippy::print_stderr, reason = "what was set up is a figure too")]

use std::env;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use lookback::bundle::{IngestOptions, Series, ingest};
use lookback::portal::Options;
use lookback::{Bundle, Calendar, DataPortal, Field, Frequency, time::DAY_NS};

const BARS: usize = 10_000;

fn days(rows: std::ops::Range<usize>) -> Series {
    let value =
        |row: usize| rust_decimal::Decimal::new(i64::try_from(10_000 + row * 7 % 1_000).expect("small"), 2);
    let column = |_| rows.clone().map(value).collect();
    let moment = |row: usize| i64::try_from(row).expect("small") * DAY_NS;
    Series {
        symbol: "A".into(),
        calendar: Calendar::new(rows.clone().map(moment).collect::<Vec<_>>()).expect("days ascend"),
        values: [0, 1, 2, 3, 4].map(column),
        adjustments: Vec::new(),
    }
}

/// A bundle of the first days.
fn ingested(folder: &Path, name: &str, bars: usize) -> Bundle {
    let one = days(0..bars);
    let mut text = "date,open,high,low,close,volume\n".to_owned();
    for row in 0..bars {
        let moment = one.calendar.timestamp(row).expect("it is there");
        let values = one.values.each_ref().map(|column| column[row].to_string());
        text.push_str(&format!("{moment},{}\n", values.join(",")));
    }
    let csv = folder.join("A.csv");
    std::fs::write(&csv, text).expect("the disk has room");
    ingest(&[csv], &folder.join(name), &IngestOptions::default()).expect("the bars are well").bundle
}

fn first_window(path: &Path) -> f64 {
    let portal = DataPortal::open(path, Options::default()).expect("it is whole");
    let request = portal.request(["A"], [Field::Close], 200, Frequency::Day).expect("A is there");
    let reader = portal.snapshot().reader();
    reader.history(&request, BARS - 1).expect("there are as many").column(0)[199]
}

fn append(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let appends = env::var("LOOKBACK_APPENDS").ok().and_then(|text| text.parse().ok()).unwrap_or(BARS - 1);
    let whole = ingested(folder.path(), "ingested", BARS);
    let mut grown = ingested(folder.path(), "appended", BARS - appends);
    let mut next = BARS - appends;
    let (mut slowest, start) = (std::time::Duration::ZERO, std::time::Instant::now());
    while next < BARS {
        let step = std::time::Instant::now();
        grown = grown.append(vec![days(next..next + 1)]).expect("it comes next").bundle;
        slowest = slowest.max(step.elapsed());
        next += 1;
    }
    eprintln!(
        "{appends} appends: {:?} each, the slowest {slowest:?}",
        start.elapsed() / u32::try_from(appends.max(1)).expect("few")
    );
    assert_eq!(grown.version(), whole.version(), "live is what one ingest is");

    let mut group = criterion.benchmark_group("append");
    group.sample_size(20);
    group.bench_function("one day to 10,000", |bencher| {
        bencher.iter(|| {
            grown = grown.append(vec![days(next..next + 1)]).expect("it comes next").bundle;
            next += 1;
        });
    });
    group.finish();
    let mut group = criterion.benchmark_group("after");
    for name in ["ingested", "appended"] {
        let path = folder.path().join(name);
        group.bench_function(format!("{name}/open"), |bencher| {
            bencher.iter(|| black_box(Bundle::open(&path).expect("it is whole")));
        });
        group.bench_function(format!("{name}/first window"), |bencher| {
            bencher.iter(|| black_box(first_window(&path)));
        });
        let portal = DataPortal::open(&path, Options::default()).expect("it is whole");
        let request = portal.request(["A"], [Field::Close], 200, Frequency::Day).expect("A is there");
        let reader = portal.snapshot().reader();
        group.bench_function(format!("{name}/window"), |bencher| {
            bencher.iter(|| {
                black_box(reader.history(&request, black_box(BARS - 1)).expect("it is held").column(0)[0])
            });
        });
    }
    group.finish();
}

criterion_group!(benches, append);
criterion_main!(benches);
