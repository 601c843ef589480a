//! How fast does a column of decimals become `f64`, beside `Decimal::to_f64`?
//!
//! Machine: AMD EPYC, 2 shared cores, load below 1.5; rustc 1.95.0; 2026-11-23.
//!
//! | ns a value           | `Decimal::to_f64` | `column_to_f64` | `mantissas_to_f64` |
//! |----------------------|-------------------|-----------------|--------------------|
//! | prices in cents      | 31.3              | 1.6             | 1.7                |
//! | 30 bits, 6 decimals  | 34.9              | 1.6             | 1.7                |
//! | 90 bits, 20 decimals | 49.9              | 29.9            | 26.0               |
//!
//! Command: `cargo bench --bench convert`

#![forbid(unsafe_code)]

use std::hint::black_box;

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use lookback::decimal::{column_to_f64, mantissas_to_f64};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

const VALUES: usize = 4_096;

fn convert(criterion: &mut Criterion) {
    // Cents from 1 to 1,000, the next four decimals of adjusted prices, and 90 bits with 20 decimals.
    for (name, bits, scale) in [("prices", 17, 2), ("adjusted", 30, 6), ("wide", 90, 20)] {
        let mantissas = mantissas(bits);
        let decimals: Vec<Decimal> =
            mantissas.iter().map(|&mantissa| Decimal::from_i128_with_scale(mantissa, scale)).collect();
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(VALUES as u64));
        column(&mut group, "Decimal::to_f64", |out| out.extend(decimals.iter().map(|value| value.to_f64())));
        column(&mut group, "column_to_f64", |out| {
            column_to_f64(black_box(&decimals), out);
        });
        column(&mut group, "mantissas_to_f64", |out| {
            mantissas_to_f64(black_box(&mantissas), black_box(scale), out);
        });
        group.finish();
    }
}

/// Measures one way to fill a column that keeps its memory.
fn column<T>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut fill: impl FnMut(&mut Vec<T>)) {
    let mut out = Vec::with_capacity(VALUES);
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            out.clear();
            fill(&mut out);
            black_box(&out);
        });
    });
}

/// Seeded mantissas of a number of bits.
fn mantissas(bits: u32) -> Vec<i128> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u128;
    let next = || {
        state = state.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(1);
        i128::try_from(state >> (128 - bits)).expect("fewer than 128 bits")
    };
    std::iter::repeat_with(next).take(VALUES).collect()
}

criterion_group!(benches, convert);
criterion_main!(benches);
