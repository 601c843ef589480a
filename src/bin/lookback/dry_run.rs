//! `lookback sweep --dry-run`: how large a sweep is, and how long it takes, before it runs.

#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lookback::sweep::{Best, Course, Keep, RowFormat, Watch};

use crate::arguments::SweepArguments;
use crate::exit::Exit;
use crate::output::text::{bytes, count, counted};
use crate::output::{self, OutputFile};
use crate::task::Task;

/// How long trials are run to see how many are run.
const MEASURED: Duration = Duration::from_secs(1);

/// Trials that were run, and how long that took.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    pub trials: usize,
    pub elapsed: Duration,
    pub threads: usize,
}

impl Measured {
    /// Runs trials for a second, or all of them where that takes less. Nothing is kept.
    pub fn new(task: &Task) -> anyhow::Result<Self> {
        let (stop, began) = (AtomicBool::new(false), Instant::now());
        let (trials, threads) = thread::scope(|scope| {
            let timer = scope.spawn(|| {
                thread::park_timeout(MEASURED);
                // ORDERING: Relaxed, the flag guards no data.
                stop.store(true, Ordering::Relaxed);
            });
            let sweep = task.sweep.clone().keep(Keep::Best(Best { count: 0, ..Best::default() }));
            let course = Course::from(Watch { stop: Some(&stop), ..Watch::default() });
            let results = task.strategy.run(&sweep, &task.portal, course);
            timer.thread().unpark();
            let results = results?;
            anyhow::Ok((results.len() - results.unfinished(), results.threads()))
        })?;
        Ok(Self { trials, elapsed: began.elapsed(), threads })
    }

    /// Trials of some time, at least 1.
    pub fn trials_of(self, time: Duration) -> u128 {
        self.trials.max(1) as u128 * time.as_nanos() / self.elapsed.as_nanos().max(1)
    }

    /// How long so many trials take.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn time_of(self, trials: usize) -> f64 {
        self.elapsed.as_secs_f64() * trials as f64 / self.trials.max(1) as f64
    }
}

pub fn run(
    arguments: &SweepArguments,
    task: &Task,
    file: Option<&(OutputFile, RowFormat)>,
) -> anyhow::Result<Exit> {
    let measured = Measured::new(task)?;
    let (trials, assets) = (task.trials(), task.assets());
    let rows = match file {
        Some((file, format)) => {
            let bytes_of = task.row_bytes(arguments, *format);
            Some((file, bytes_of))
        }
        None => None,
    };
    output::to_stdout(|out| {
        let (points, of) = (counted(task.grid.len(), "point"), counted(assets, "asset"));
        writeln!(out, "trials   {}: {points} on {of}", count(trials))?;
        if let Some(around) = arguments.refine {
            writeln!(out, "         and those that --refine {around} adds, for which all are run twice")?;
        }
        let (threads, ran) = (counted(measured.threads, "thread"), counted(measured.trials, "trial"));
        let seconds = measured.elapsed.as_secs_f64();
        let time = duration(measured.time_of(trials));
        writeln!(out, "time     about {time} on {threads}: {ran} were run in {seconds:.2} s")?;
        let stats = task.portal.stats();
        let cached = bytes(stats.capacity_bytes);
        match task.strategy.check(&task.sweep, &task.portal)? {
            Some(check) => {
                let (columns, needed) = (counted(check.columns, "column"), bytes(check.bytes));
                writeln!(
                    out,
                    "columns  {columns} an asset, {needed} in all, of {cached} that the cache may hold"
                )?;
            }
            None => {
                let resident = bytes(stats.resident_bytes());
                writeln!(out, "columns  {resident} after these trials, of {cached} that the cache may hold")?;
            }
        }
        let results = task.sweep.results_bytes(&task.grid, assets).map_or(u64::MAX, |bytes| bytes as u64);
        writeln!(out, "memory   at most {} of results beside the cache", bytes(results))?;
        if let Some((file, needed)) = &rows {
            writeln!(out, "file     at most {} in {file}", bytes(needed.unwrap_or(u64::MAX)))?;
        }
        Ok(writeln!(out, "nothing was written")?)
    })?;
    Ok(Exit::Done)
}

/// A time for people.
fn duration(seconds: f64) -> String {
    match seconds {
        ..100.0 => format!("{seconds:.1} s"),
        ..6_000.0 => format!("{:.0} min", seconds / 60.0),
        ..360_000.0 => format!("{:.0} h", seconds / 3_600.0),
        _ => format!("{:.0} days", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_unit_that_reads_best() {
        let told = [0.04, 99.0, 600.0, 7_200.0, 1e6].map(duration);
        assert_eq!(told, ["0.0 s", "99.0 s", "10 min", "2 h", "12 days"]);
    }

    #[test]
    fn trials_are_counted_by_the_time_that_they_took() {
        let measured = Measured { trials: 500, elapsed: Duration::from_millis(250), threads: 2 };
        assert_eq!(measured.trials_of(Duration::from_secs(60)), 120_000);
        assert!((measured.time_of(2_000) - 1.0).abs() < 1e-9);
    }
}
