//! What does a window at a coarser frequency cost, beside one of the bundle's own bars?
//!
//! One asset of the sample, closes adjusted as of the window's end, 20 weeks as of each day in the order of a moving clock,
//! by timestamp: a slice of closed weeks, the same and the open week beside it, and both copied into one slice. Then a miss:
//! hours and days made of a million minutes that lie in memory as decimals.
//!
//! Machine: Intel Xeon (Sapphire Rapids), 2 shared cores, others at work on them (load 3 to 4);
//! rustc 1.95.0; 2026-11-25.
//!
//! | 20 bars, a hit | ns |
//! |---|---|
//! | days of the bundle's own, a slice | 9.4 |
//! | closed weeks, a slice | 15.9 |
//! | weeks with the open one beside them | 36 |
//! | weeks with the open one, copied | 126 |
//!
//! | a miss, of a million minutes | ms | million bars/s |
//! |---|---|---|
//! | days | 5.4 | 185 |
//! | hours, at a load of 4 | 10.6 | 94 |
//!
//! Command: `cargo bench --bench resample`

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lookback::bundle::Series;
use lookback::portal::Options;
use lookback::{Bundle, Calendar, DataPortal, Field, Frequency, Timestamp};
use rust_decimal::Decimal;

/// A power of two, so that going round costs a mask and no division.
const ENDS: usize = 2048;

/// Weeks of the sample's days, as of each day: a slice, a slice and a row, and the copy of both.
fn resampled(criterion: &mut Criterion) {
    let portal = DataPortal::new(Bundle::sample().expect("the sample is whole"), Options::default())
        .expect("default options agree");
    let snapshot = portal.snapshot();
    let weeks =
        portal.request(["AAPL"], [Field::Close], 20, Frequency::Week).expect("weeks are made of days");
    let closed = weeks.clone().closed_only();
    let days = portal.request(["AAPL"], [Field::Close], 1, Frequency::Day).expect("AAPL is there");
    let calendar = snapshot.calendar(&days).expect("the sample is in memory");
    let moments = &calendar.as_slice()[calendar.len() - ENDS..];
    let end = |at: usize| Timestamp(moments[at % ENDS]);
    let mut group = criterion.benchmark_group("history/resampled");
    let mut reader = snapshot.reader();
    for at in 0..ENDS {
        reader.history(&closed, end(at)).expect("there are weeks enough");
        reader.split(&weeks, end(at)).expect("there are weeks enough");
    }
    let mut at = 0;
    let own = portal.request(["AAPL"], [Field::Close], 20, Frequency::Day).expect("AAPL is there");
    group.bench_function("days of the bundle's own, a slice", |bencher| {
        bencher.iter(|| {
            at += 1;
            black_box(reader.history(black_box(&own), end(at)).expect("warm").column(0));
        });
    });
    group.bench_function("closed weeks, a slice", |bencher| {
        bencher.iter(|| {
            at += 1;
            black_box(reader.history(black_box(&closed), end(at)).expect("warm").column(0));
        });
    });
    group.bench_function("open week, split", |bencher| {
        bencher.iter(|| {
            at += 1;
            let window = reader.split(black_box(&weeks), end(at)).expect("warm");
            black_box((window.closed().column(0), window.open(0)));
        });
    });
    group.bench_function("open week, copied", |bencher| {
        bencher.iter(|| {
            at += 1;
            black_box(reader.history(black_box(&weeks), end(at)).expect("warm").column(0));
            if at.is_multiple_of(ENDS) {
                reader.refresh();
            }
        });
    });
    group.finish();
}

/// A block of days and one of hours, made of a million minutes that lie in memory.
fn resampled_cold(criterion: &mut Criterion) {
    const BARS: u32 = 1_000_000;
    let column = |add: u32| (0..BARS).map(|bar| Decimal::from(10_000 + bar % 5_000 + add)).collect();
    let series = Series {
        symbol: "A".into(),
        calendar: Calendar::new((0..i64::from(BARS)).map(|bar| bar * 60_000_000_000).collect::<Vec<_>>())
            .expect("minutes ascend"),
        values: [column(1), column(3), column(0), column(2), column(7)],
        adjustments: Vec::new(),
    };
    let bundle = Bundle::from_series("minutes", Frequency::Minute, vec![series]).expect("the bars are good");
    let mut group = criterion.benchmark_group("history/resampled, cold");
    group.throughput(Throughput::Elements(u64::from(BARS))).sample_size(10);
    for frequency in [Frequency::Hour, Frequency::Day] {
        group.bench_function(BenchmarkId::new("a million minutes", frequency), |bencher| {
            bencher.iter_with_setup(
                || DataPortal::new(bundle.clone(), Options::default()).expect("default options agree"),
                |portal| {
                    let request = portal
                        .request(["A"], [Field::Close], 20, frequency)
                        .expect("A is there")
                        .closed_only();
                    let reader = portal.snapshot().reader();
                    let end = Timestamp(i64::from(BARS) * 60_000_000_000);
                    black_box(reader.history(&request, end).expect("there are bars enough").column(0)[19]);
                },
            );
        });
    }
    group.finish();
}

criterion_group!(benches, resampled, resampled_cold);
criterion_main!(benches);
