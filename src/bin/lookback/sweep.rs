//! `lookback sweep`: backtests a strategy over a grid and ranks the results.

#![forbid(unsafe_code)]

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::ValueEnum;
use lookback::sweep::{Metric, Outcome, Results, Watch};

use crate::arguments::{self, Format, HonestyArguments, TrialArguments};
use crate::effort::Stopwatch;
use crate::exit::{Exit, complain, usage};
use crate::output::ranking::{self, View};
use crate::output::rows::{self, Report};
use crate::output::text::{self, count};
use crate::output::{self, OutputFile, progress};
use crate::rule;
use crate::signal::{Signal, Stop};

/// What was typed.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// The strategy: a built-in one by name, see lookback strategies, or a file such as my.toml [default: the rules below, or sma-cross]
    strategy: Option<String>,
    /// Keep only points where this holds: a condition on parameters, such as 'fast < slow and slow / fast >= 2'
    #[arg(long = "where", value_name = "EXPRESSION", default_value = "")]
    filter: String,
    /// Rank by this metric
    #[arg(long, value_name = "METRIC", default_value_t = Metric::Sharpe)]
    rank_by: Metric,
    /// Rank only trials with at least this many closed round trips
    #[arg(long, value_name = "N", default_value = "0", value_parser = arguments::count)]
    min_trades: usize,
    /// Places shown of each asset
    #[arg(long, value_name = "N", default_value = "5", value_parser = arguments::count)]
    top: usize,
    /// Threads; results do not depend on them [default: one for each core]
    #[arg(long, value_name = "N", value_parser = arguments::positive_count)]
    threads: Option<NonZeroUsize>,
    /// Metrics written to csv and json: all, or return, Sharpe and drawdown
    #[arg(long, value_enum, default_value_t = Selection::Full)]
    metrics: Selection,
    /// What stdout gets: the ranking, or the results of every trial
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Also write the results of every trial to a file
    #[arg(long, value_name = "FILE.csv|FILE.json|FILE.arrow")]
    out: Option<PathBuf>,
    /// Share of the trials that may fail before the exit code is 3
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share)]
    allow_failed: f64,
    /// Show what the cache did, below the ranking
    #[arg(long)]
    stats: bool,
    // Those with a heading of their own last: what follows one stands under it.
    #[command(flatten)]
    trials: TrialArguments,
    #[command(flatten)]
    honesty: HonestyArguments,
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

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let stopwatch = Stopwatch::start();
    let file = arguments.out.as_deref().map(find_file).transpose().map_err(usage)?;
    let (strategy, mut sweep) =
        arguments.trials.chosen(arguments.strategy.as_deref(), &arguments.filter).map_err(usage)?;
    if let Some(threads) = arguments.threads {
        sweep = sweep.threads(threads);
    }
    let portal = arguments.trials.portal()?;
    if let Some(check) = strategy.check(&sweep, &portal)? {
        rule::warn(&check);
    }
    let stop = Stop::listen()?;
    let bar = progress::bar();
    let progress = |progress| progress::show(&bar, progress);
    let watch = Watch { stop: Some(stop.flag()), progress: Some(&progress), pool: None };
    let outcome = strategy.run(&sweep, &portal, watch);
    bar.finish_and_clear();
    let results = outcome?;
    if let Some(asked) = results.threads_asked() {
        complain(format_args!("--threads {asked}: more than are of use here, {} ran", results.threads()));
    }
    let prices = results.settings().adjust.description_of(portal.snapshot().bundle(), results.assets());
    let stated = strategy.statements();
    let effort = stopwatch.read();
    let to_json = matches!(&file, Some((_, OutFormat::Text(Format::Json))));
    let is_shown = to_json || !matches!(arguments.format, Format::Csv);
    let honesty = if is_shown {
        arguments.honesty.judge(&strategy, &results, &portal, arguments.rank_by, arguments.min_trades)
    } else {
        Vec::new()
    };
    let report = Report {
        honesty: &honesty,
        rules: &stated,
        prices: &prices,
        metrics: arguments.metrics.metrics(),
        rank_by: arguments.rank_by,
        min_trades: arguments.min_trades,
        top: arguments.top,
        cache: portal.stats(),
        effort,
        results: &results,
    };
    let snapshot = portal.snapshot();
    let view = View {
        report: &report,
        bundle: snapshot.bundle().name(),
        width: text::terminal_width(),
        stats: arguments.stats,
    };
    let write = |format: Format, out: &mut dyn Write| match format {
        Format::Table => ranking::write(&view, out),
        Format::Csv => rows::write_csv(&report, out),
        Format::Json => rows::write_json(&report, out),
    };
    match &file {
        Some((file, OutFormat::Text(format))) => file.write(|out| write(*format, out))?,
        Some((file, OutFormat::Arrow)) => {
            file.write(|out| Ok(results.write_arrow(arguments.metrics.metrics(), out)?))?;
        }
        None => {}
    }
    let signal = stop.close();
    output::to_stdout(|out| write(arguments.format, out))?;
    Ok(judge(&results, arguments.allow_failed, signal))
}

/// How a sweep ended, with the reason on stderr where it is not as it should be.
fn judge(results: &Results, allowed: f64, signal: Option<Signal>) -> Exit {
    let (all, failed, unfinished) = (results.len(), results.failed(), results.unfinished());
    let exit = match signal {
        Some(signal) if unfinished > 0 => signal.into(),
        _ if unfinished > 0 => Exit::Incomplete,
        _ if failed == all => Exit::NothingUsable,
        _ if exceeds(failed, all, allowed) => Exit::TrialsFailed,
        _ => Exit::Done,
    };
    if unfinished > 0 {
        let by = signal.map_or_else(String::new, |signal| format!(" by {}", signal.name));
        complain(format_args!("stopped{by}: {} of {} trials did not run", count(unfinished), count(all)));
    }
    let first = results.ran().find_map(|trial| match trial.outcome {
        Outcome::Failed(error) => Some((trial, error)),
        _ => None,
    });
    if let Some((trial, error)) = first {
        let of = format_args!("{} of {} trials failed", count(failed), count(all));
        complain(format_args!("{of}, first {} {}: {error}", trial.asset, text::point(trial.point)));
    }
    exit
}

/// Whether more trials failed than a share allows.
#[expect(clippy::cast_precision_loss, reason = "counts of trials stay far below 2^53")]
fn exceeds(failed: usize, all: usize, allowed: f64) -> bool {
    failed as f64 > allowed * all as f64
}

/// Reads a share of 1.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a share from 0 to 1, such as 0.05".to_owned())
}

/// What a file of results can be: what stdout can, or what only a program reads.
#[derive(Clone, Copy, Debug)]
enum OutFormat {
    Text(Format),
    Arrow,
}

/// The file of `--out`, and the format that its name asks for.
fn find_file(path: &Path) -> anyhow::Result<(OutputFile, OutFormat)> {
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => OutFormat::Text(Format::Csv),
        Some("json") => OutFormat::Text(Format::Json),
        Some("arrow") => OutFormat::Arrow,
        _ => bail!("{}: expected a name that ends in .csv, .json or .arrow", path.display()),
    };
    Ok((OutputFile::find(path)?, format))
}
