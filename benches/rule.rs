//! What does a value of each function of a rule cost, and does it grow with the window?
//!
//! Machine: AMD EPYC, 2 shared cores, load 11, so the shortest of 100 samples; rustc 1.95.0; 2026-11-25.
//!
//! | ns a value                        | n = 20 | n = 200 |
//! |-----------------------------------|--------|---------|
//! | `highest`, `lowest`, `donchian_*` | 1.4    | 2.4     |
//! | `sma`, `sum`                      | 2.4    | 2.4     |
//! | `ema`, `rma`, `dema`, `macd`      | 3.4    | 3.3     |
//! | `atr`, `keltner_*`                | 4.5    | 4.4     |
//! | `rsi`                             | 5.6    | 5.6     |
//! | `stdev`, `variance`, `wma`        | 6.5    | 6.2     |
//! | `stoch_k`                         | 6.3    | 8.3     |
//! | `bollinger_*`                     | 9.5    | 9.2     |
//! | `adx`                             | 11.7   | 11.5    |
//! | `highest_bars`                    | 12.0   | 12.9    |
//! | `hma`                             | 19.1   | 18.2    |
//! | `correlation`                     | 23.8   | 22.7    |
//! | `median`, `quantile`              | 27.5   | 34.8    |
//! | `percent_rank`                    | 27.2   | 39.5    |
//! | `cci`, whose mean moves each bar  | 8.1    | 41.4    |
//! | `change`, `abs`, `min`            | 0.5    |         |
//! | `exp`, `log`                      | 5.2    |         |
//!
//! Command: `cargo bench --bench rule`

#![forbid(unsafe_code)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lookback::Field;
use lookback::rule::{ArgumentKind, Bits, Function, Inputs, Kernel, functions};

/// Ten years of days.
const BARS: usize = 2_520;

fn compute(criterion: &mut Criterion) {
    let columns = walk();
    for bars in [20, 200] {
        let mut group = criterion.benchmark_group(format!("n = {bars}"));
        group.throughput(Throughput::Elements(BARS as u64));
        for function in functions() {
            let is_windowed = function.arguments.iter().any(|argument| is_bars(argument.kind));
            if bars > 20 && !is_windowed {
                continue;
            }
            let call = Call::new(function, bars, &columns);
            let (mut numbers, mut truths) = (Vec::with_capacity(BARS), Bits::default());
            group.bench_function(function.name, |bencher| {
                bencher.iter(|| call.compute(&mut numbers, &mut truths));
            });
        }
        group.finish();
    }
}

fn is_bars(kind: ArgumentKind) -> bool {
    matches!(kind, ArgumentKind::Bars { .. })
}

/// A function with what it is given.
struct Call<'a> {
    kernel: Kernel,
    columns: Vec<&'a [f64]>,
    truth: Option<Bits>,
    counts: Vec<usize>,
    numbers: Vec<f64>,
}

impl<'a> Call<'a> {
    /// Of close, open and high, its first count being `bars` and the others its defaults.
    fn new(function: &Function, bars: usize, columns: &'a [Vec<f64>; 5]) -> Self {
        let mut given = [&columns[3], &columns[0], &columns[1]].into_iter();
        let mut call = Self {
            kernel: function.kernel,
            columns: Vec::new(),
            truth: None,
            counts: Vec::new(),
            numbers: Vec::new(),
        };
        for argument in function.arguments {
            match argument.kind {
                ArgumentKind::Numbers { .. } => call.columns.extend(given.next().map(Vec::as_slice)),
                ArgumentKind::Bars { default, .. } => {
                    let is_first = call.counts.is_empty();
                    call.counts.push(default.filter(|_| !is_first).unwrap_or(bars));
                }
                ArgumentKind::Number { default, .. } => call.numbers.push(default.unwrap_or(0.3)),
                _ => {
                    let up = columns[3].iter().zip(&columns[0]).map(|(close, open)| Some(close > open));
                    call.truth = Some(up.collect());
                }
            }
        }
        let place = |field: &Field| Field::STORED.iter().position(|stored| stored == field);
        call.columns.extend(function.fields.iter().filter_map(place).map(|at| columns[at].as_slice()));
        call
    }

    fn compute(&self, numbers: &mut Vec<f64>, truths: &mut Bits) {
        let truth: Vec<_> = self.truth.iter().collect();
        let inputs = Inputs {
            bars: BARS,
            columns: black_box(&self.columns),
            truths: &truth,
            counts: &self.counts,
            numbers: &self.numbers,
        };
        match self.kernel {
            Kernel::Numbers(compute) => {
                numbers.clear();
                compute(&inputs, numbers);
                black_box(numbers);
            }
            Kernel::Truth(compute) => {
                compute(&inputs, truths);
                black_box(truths);
            }
        }
    }
}

/// Open, high, low, close and volume of a seeded walk.
fn walk() -> [Vec<f64>; 5] {
    let mut random = fastrand::Rng::with_seed(7);
    let mut columns = [const { Vec::new() }; 5];
    let mut price = 100.0;
    for _ in 0..BARS {
        let open = price * (1.0 + 0.01 * (random.f64() - 0.5));
        let close = open * (1.0 + 0.03 * (random.f64() - 0.5));
        let (low, high) = (open.min(close) * (1.0 - 0.01 * random.f64()), open.max(close) * 1.005);
        let values = [open, high, low, close, (1e6 * random.f64()).round()];
        for (column, value) in columns.iter_mut().zip(values) {
            column.push(value);
        }
        price = close;
    }
    columns
}

criterion_group!(benches, compute);
criterion_main!(benches);
