//! `lookback sweep`: backtests a strategy over a grid and ranks the results.

#![forbid(unsafe_code)]

use std::io::{IsTerminal, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use lookback::strategies::Builtin;
use lookback::sweep::{Metric, Progress, Watch};

use crate::arguments::TrialArguments;
use crate::effort::Stopwatch;
use crate::exit::usage;
use crate::output;
use crate::output::ranking::{self, View};
use crate::output::rows::{self, Report};

/// What was typed.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// The strategy
    #[arg(default_value = "sma-cross")]
    strategy: String,
    #[command(flatten)]
    trials: TrialArguments,
    /// Keep only points where this holds: comparisons of parameters and numbers, joined by &&
    #[arg(long = "where", value_name = "EXPRESSION", default_value = "")]
    filter: String,
    /// Rank by this metric
    #[arg(long, value_name = "METRIC", default_value_t = Metric::Sharpe)]
    rank_by: Metric,
    /// Rank only trials with at least this many closed round trips
    #[arg(long, value_name = "N", default_value_t = 0)]
    min_trades: usize,
    /// Places shown of each asset
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: usize,
    /// Threads; results do not depend on them [default: one for each core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Metrics written to csv and json: all, or return, Sharpe and drawdown
    #[arg(long, value_enum, default_value_t = Selection::Full)]
    metrics: Selection,
    /// What stdout gets: the ranking, or the results of every trial
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Also write the results of every trial to a file
    #[arg(long, value_name = "FILE.csv|FILE.json")]
    out: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    Table,
    Csv,
    Json,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Selection {
    Full,
    Core,
}

impl Selection {
    fn metrics(self) -> &'static [Metric] {
        match self {
            Self::Full => &Metric::ALL,
            Self::Core => &[Metric::TotalReturn, Metric::Sharpe, Metric::MaxDrawdown],
        }
    }
}

/// Set by Ctrl-C: trials that run are finished, and no other starts.
static STOP: AtomicBool = AtomicBool::new(false);

/// What a shell reports of a command that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let stopwatch = Stopwatch::start();
    let file_format = arguments.out.as_deref().map(format_of).transpose();
    let strategy = Builtin::find(&arguments.strategy);
    let (file_format, strategy) = match (file_format, strategy) {
        (Ok(format), Ok(strategy)) => (format, strategy),
        (_, Err(error)) | (Err(error), _) => return usage(error),
    };
    let mut sweep = arguments.trials.sweep().filter(arguments.filter.as_str());
    if let Some(threads) = arguments.threads {
        sweep = sweep.threads(threads);
    }
    if let Err(error) = strategy.grid(&sweep) {
        return usage(error);
    }
    let portal = arguments.trials.portal()?;
    ctrlc::set_handler(interrupt)?;
    let bar = progress_bar();
    let progress = |progress: Progress| {
        bar.set_length(progress.total as u64);
        // Reports of two threads may pass each other; the bar never goes back.
        bar.update(|state| state.set_pos(state.pos().max(progress.done as u64)));
    };
    let watch = Watch { stop: Some(&STOP), progress: Some(&progress) };
    let outcome = strategy.run(&sweep, &portal, watch);
    bar.finish_and_clear();
    let results = match outcome {
        Ok(results) => results,
        Err(error) => return usage(error),
    };
    let report = Report {
        metrics: arguments.metrics.metrics(),
        rank_by: arguments.rank_by,
        min_trades: arguments.min_trades,
        top: arguments.top,
        cache: portal.stats(),
        effort: stopwatch.read(),
        results: &results,
    };
    let write = |format: Format, out: &mut dyn Write| match format {
        Format::Table => {
            ranking::write(&View { report: &report, bundle: portal.snapshot().bundle().name() }, out)
        }
        Format::Csv => rows::write_csv(&report, out),
        Format::Json => rows::write_json(&report, out),
    };
    if let (Some(path), Some(format)) = (&arguments.out, file_format) {
        output::to_file(path, |out| write(format, out))?;
    }
    output::to_stdout(|out| write(arguments.format, out))?;
    Ok(match () {
        () if results.unfinished() > 0 => ExitCode::from(INTERRUPTED),
        () if results.failed() == results.len() => ExitCode::FAILURE,
        () => ExitCode::SUCCESS,
    })
}

fn format_of(path: &Path) -> Result<Format, lookback::Error> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => Ok(Format::Csv),
        Some("json") => Ok(Format::Json),
        _ => Err(lookback::Error::invalid(
            path.display().to_string(),
            "expected a name that ends in .csv or .json",
        )),
    }
}

/// The first Ctrl-C asks for an end, the second one is obeyed at once.
fn interrupt() {
    // ORDERING: Relaxed: a flag by itself, it publishes nothing.
    if STOP.swap(true, Ordering::Relaxed) {
        std::process::exit(i32::from(INTERRUPTED));
    }
}

/// A bar on stderr where that is a terminal, and nothing elsewhere.
fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    let style = "{bar:40} {human_pos}/{human_len} trials, {per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}
