//! How many full-metric trials of `sma-cross` does one thread do in a second, on 2,520 bars?
//!
//! Machine: Intel Xeon (Sapphire Rapids), 2 shared cores under load; rustc 1.95.0; 2026-11-25. Smallest of 120 samples, without
//! link-time optimisation; before is revision 418d54e, in the same run.
//!
//! | what | before | time a trial | trials/s |
//! |---|---|---|---|
//! | `skip`: the built-in strategy | 4.17 us | 2.57 us | 389,000 |
//! | `every_bar`: the same rule, asked at each bar | 27.1 us | 10.4 us | 96,100 |
//!
//! Command: `cargo bench --bench sweep`

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::num::NonZeroUsize;
use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lookback::bundle::Series;
use lookback::portal::{DataPortal, Options};
use lookback::strategies::{Builtin, SmaCross};
use lookback::sweep::{Bar, Parameter, Part, Point, Setup, Strategy, Sweep};
use lookback::{Bundle, Calendar, Error, Frequency};
use rust_decimal::Decimal;
use rustix::time::{ClockId, clock_gettime};

/// The built-in rule without its wake-ups: what a user's strategy costs that declares none.
struct EveryBar(SmaCross);

impl Strategy for EveryBar {
    const NAME: &'static str = "every-bar";
    const CONSTRAINT: &'static str = SmaCross::CONSTRAINT;

    fn parameters() -> Result<Vec<Parameter>, Error> {
        SmaCross::parameters()
    }

    fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
        setup.wake_on_every_bar();
        SmaCross::start(point, setup).map(Self)
    }

    #[inline]
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
        self.0.on_bar(bar)
    }
}

/// 2,520 daily bars of a seeded walk in cents.
fn series() -> Series {
    const BARS: i64 = 2_520;
    let mut state = 7_u64;
    let mut price = 10_000_i64;
    let mut closes = Vec::new();
    for _ in 0..BARS {
        // Source: D. Knuth, MMIX's linear congruential generator.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let step = i64::try_from(state >> 33).unwrap() % 401 - 199;
        price = (price + price * step / 10_000).max(100);
        closes.push(Decimal::new(price, 2));
    }
    let moments: Vec<i64> = (0..BARS).map(|day| day * 86_400_000_000_000).collect();
    let volume = vec![Decimal::from(1_000); closes.len()];
    let values = [closes.clone(), closes.clone(), closes.clone(), closes, volume];
    let calendar = Calendar::new(moments).unwrap();
    Series { symbol: "WALK".into(), calendar, values, adjustments: Vec::new() }
}

/// CPU time of the process: one thread runs, and what else the machine does does not count.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
    }

    fn end(&self, start: Duration) -> Duration {
        self.start() - start
    }

    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

fn sweep(criterion: &mut Criterion<CpuTime>) {
    let bundle = Bundle::from_series("bench", Frequency::Day, vec![series()]).unwrap();
    let portal = DataPortal::new(bundle, Options::default()).unwrap();
    let sweep = Sweep::new().threads(NonZeroUsize::MIN);
    let points = sweep.grid::<SmaCross>().unwrap().len() as u64;
    let mut group = criterion.benchmark_group("sweep");
    group.throughput(Throughput::Elements(points)).sample_size(10);
    group.bench_function("skip", |bench| bench.iter(|| sweep.run::<SmaCross>(&portal).unwrap()));
    // The same rule stated as expressions: what a user's own rule costs.
    let rules = Builtin::find("sma-cross").unwrap().rules().unwrap();
    group.bench_function("text", |bench| bench.iter(|| sweep.run_rules(&rules, &portal).unwrap()));
    // With stops: what is found within the bars of a position. And long and short: a span that is short is marked bar by bar.
    let stops = rules.clone().rule(Part::StopLoss, "0.05").rule(Part::TakeProfit, "0.15");
    let stops = stops.rule(Part::TrailingStop, "0.08");
    group.bench_function("text_stops", |bench| bench.iter(|| sweep.run_rules(&stops, &portal).unwrap()));
    let cross = |name: &str| format!("{name}(sma(close, fast), sma(close, slow))");
    let flip = rules.clone().rule(Part::Short, cross("crossunder"));
    group.bench_function("text_flip", |bench| bench.iter(|| sweep.run_rules(&flip, &portal).unwrap()));
    group.bench_function("every_bar", |bench| bench.iter(|| sweep.run::<EveryBar>(&portal).unwrap()));
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = sweep
}
criterion_main!(benches);
