//! What do many trials take on 2,520 bars, with every metric and all that is told about luck, and how much memory?
//!
//! A rule of four parameters on one asset; the best 100,000 are kept, and no row is written. `LOOKBACK_TRIALS` is how many
//! trials there are, 1,000,000 unless it is set; what they take is told, and what a billion would at that rate. Memory is the
//! most that the process ever held, as the kernel counts it.
//!
//! The machine, the date and the figures stand in BENCHMARKS.md.
//!
//! Command: `LOOKBACK_TRIALS=100000000 cargo bench --bench stream`

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench fails by panicking and prints what it found"
)]

use std::fs;
use std::time::{Duration, Instant};

use lookback::bundle::Series;
use lookback::portal::{DataPortal, Options};
use lookback::sweep::{Best, HonestyOptions, Keep, Metric, Parameter, Part, RuleSet, Sweep};
use lookback::{Bundle, Calendar, Frequency};
use rust_decimal::Decimal;
use rustix::time::{ClockId, clock_gettime};

/// Trials that the issue of a run is measured by.
const BILLION: f64 = 1e9;

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

/// Buys a dip in an uptrend: lengths of two indicators, and two levels.
fn rules(trials: usize) -> RuleSet {
    // 10 x 50 x 200 points of the first three, and as many levels as make the trials.
    let levels = trials.div_ceil(10 * 50 * 200).max(1);
    let parameters = [
        "n=2:11".to_owned(),
        "dip=10:34.5:0.5".to_owned(),
        "trend=20:219".to_owned(),
        format!("exit=50:{}:0.001", Decimal::from(50) + Decimal::new((levels - 1).try_into().unwrap(), 3)),
    ];
    let rules = RuleSet::new("dip")
        .rule(Part::Buy, "rsi(close, n) < dip and close > sma(close, trend)")
        .rule(Part::Sell, "rsi(close, n) > exit");
    parameters.iter().fold(rules, |rules, one| rules.parameter(one.parse::<Parameter>().unwrap()))
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

/// The most memory that the process ever held, in megabytes.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok().map(|kibibytes: u64| kibibytes * 1024 / 1_000_000)
}

fn main() {
    // What cargo says to a bench that it only checks.
    let is_test = std::env::args().any(|argument| argument == "--test");
    let asked = std::env::var("LOOKBACK_TRIALS").ok().and_then(|count| count.replace('_', "").parse().ok());
    let trials: usize = asked.unwrap_or(if is_test { 100_000 } else { 1_000_000 });
    let rules = rules(trials);
    let bundle = Bundle::from_series("walk", Frequency::Day, vec![series()]).unwrap();
    let portal = DataPortal::new(bundle, Options::default()).unwrap();
    let sweep = Sweep::new().keep(Keep::Best(Best::default()));
    let (began, cpu) = (Instant::now(), cpu_time());
    let results = sweep.run_rules(&rules, &portal).unwrap();
    let ran = (began.elapsed(), cpu_time() - cpu);
    let best = results.ranking(0, Metric::Sharpe, 0)[0].trial.point;
    let honesty = results.honesty_rules(&rules, &portal, 0, best, HonestyOptions::default()).unwrap();
    let all = (began.elapsed(), cpu_time() - cpu);
    assert_eq!((results.unfinished(), results.failed(), honesty.trials), (0, 0, results.len()));
    #[expect(clippy::cast_precision_loss, reason = "at most a billion")]
    let count = results.len() as f64;
    let threads = results.threads();
    let rate = count / ran.0.as_secs_f64();
    println!(
        "{count} trials on {threads} threads: {:.1} s, and {:.1} s with honesty",
        ran.0.as_secs_f64(),
        all.0.as_secs_f64()
    );
    println!("{rate:.0} trials/s; {:.2} us of CPU time a trial", ran.1.as_secs_f64() * 1e6 / count);
    println!("a billion at this rate: {:.1} minutes", BILLION / rate / 60.0);
    let trades = results.sketch(0, Metric::Trades).quantile(0.5).unwrap_or_default();
    println!(
        "median trades of a trial: {trades:.0}; hit rate {:.4}",
        portal.stats().hit_rate().unwrap_or_default()
    );
    if let Some(peak) = peak() {
        println!("peak memory: {peak} MB");
    }
}
