//! What `lookback sweep` takes, and a plan holds.

#![forbid(unsafe_code)]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use lookback::sweep::{KeepCount, Merit, Metric};

use super::{Format, HonestyArguments, TrialArguments, ValidationArguments, count, positive_count};

/// What was typed.
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct SweepArguments {
    /// The strategy: a built-in one by name, see lookback strategies, or a file such as my.toml [default: the rules below, or sma-cross]
    pub strategy: Option<String>,
    /// Keep only points where this holds: a condition on parameters, such as 'fast < slow and slow / fast >= 2'
    #[arg(long = "where", value_name = "EXPRESSION", default_value = "")]
    pub filter: String,
    /// Try N points drawn at random from the grid, by --seed, instead of all
    #[arg(long, value_name = "N", value_parser = positive_count)]
    pub random: Option<NonZeroUsize>,
    /// Then try a finer grid around the K best of each asset as well
    #[arg(long, value_name = "K", value_parser = positive_count, conflicts_with_all = ["journal", "plan"])]
    pub refine: Option<NonZeroUsize>,
    /// Rank by a metric, or by an expression of metrics of which more is better, such as 'sharpe - 0.5 * volatility'
    #[arg(long, value_name = "EXPRESSION", default_value_t = Metric::Sharpe.into())]
    pub rank_by: Merit,
    /// Rank only trials of whose metrics this holds, such as 'max_drawdown > -0.3 and trades >= 20'; the others count as tried
    #[arg(long, value_name = "EXPRESSION", default_value = "")]
    pub require: String,
    /// Rank only trials with at least this many closed round trips
    #[arg(long, value_name = "N", default_value = "0", value_parser = count)]
    pub min_trades: usize,
    /// Places shown of each asset
    #[arg(long, value_name = "N", default_value = "5", value_parser = count)]
    pub top: usize,
    /// Threads; results do not depend on them [default: one for each core]
    #[arg(long, value_name = "N", value_parser = positive_count)]
    pub threads: Option<NonZeroUsize>,
    /// Metrics written to csv and json: all, or return, Sharpe and drawdown
    #[arg(long, value_enum, default_value_t = Selection::Full)]
    pub metrics: Selection,
    /// What stdout gets: the ranking, or the results of every trial
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Also write the results of every trial to a file that ends in .csv, .json or .arrow
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Also write a page that can be shown: ranking, map, the best in full, how much of it is luck
    #[arg(long, value_name = "FILE.html", conflicts_with_all = ["plan", "dry_run", "print_config"])]
    pub report: Option<PathBuf>,
    /// Share of the trials that may fail before the exit code is 3
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share)]
    pub allow_failed: f64,
    /// Trials whose results are kept and written: all, or such as 'top 100000' of each asset
    #[arg(long, value_name = "COUNT", default_value_t = KeepCount::All)]
    pub keep: KeepCount,
    /// Show what the cache did below the ranking, and write times, threads and cache to a file
    #[arg(long, value_name = "FILE.json", num_args = 0..=1, default_missing_value = "-", value_parser = stats_file)]
    pub stats: Option<StatsFile>,
    /// Parameters of the map below the ranking: one down and one across, such as fast,slow, or none [default: the first two of several values]
    #[arg(long, value_name = "DOWN,ACROSS", value_parser = axes, hide_default_value = true, default_value = "")]
    pub heatmap: Axes,
    /// Say how many trials there are, and how long they take as measured for a second; write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print what was typed and what files hold as one file, to be swept by its name; run nothing
    #[arg(long)]
    pub print_config: bool,
    /// Folder of a journal: what is finished is there, whatever ends the sweep
    #[arg(long, value_name = "DIR", conflicts_with = "plan")]
    pub journal: Option<PathBuf>,
    /// Go on where the journal ends
    #[arg(long, requires = "journal")]
    pub resume: bool,
    /// Run a part of a plan; --out is the folder of the parts, and everything else stands in the plan
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Which part: I or I/N, from 1 [default: what SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX, AWS_BATCH_JOB_ARRAY_INDEX or HQ_TASK_ID says]
    #[arg(long, value_name = "I/N")]
    pub shard: Option<String>,
    // Those with a heading of their own last: what follows one stands under it.
    #[command(flatten)]
    pub trials: TrialArguments,
    #[command(flatten)]
    pub honesty: HonestyArguments,
    #[command(flatten)]
    pub validation: ValidationArguments,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum Selection {
    Full,
    Core,
}

impl Selection {
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Self::Full => &Metric::ALL,
            Self::Core => &[Metric::TotalReturn, Metric::Sharpe, Metric::MaxDrawdown],
        }
    }
}

impl SweepArguments {
    /// What ranks, and what a trial has to meet.
    pub fn merit(&self) -> Result<Merit, lookback::Error> {
        self.rank_by.clone().require(&self.require)
    }

    /// The file that figures of cost are written to.
    pub fn stats_file(&self) -> Option<&Path> {
        self.stats.as_ref().and_then(|file| file.0.as_deref())
    }
}

/// Reads a share of 1.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a share from 0 to 1, such as 0.05".to_owned())
}

/// Which two parameters a map is of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Axes {
    /// The first two of several values.
    First,
    /// Down and across.
    Of(String, String),
    None,
}

fn axes(text: &str) -> Result<Axes, String> {
    match text.split_once(',') {
        Some((down, across)) if down.trim() != across.trim() => {
            Ok(Axes::Of(down.trim().to_owned(), across.trim().to_owned()))
        }
        None if text.is_empty() => Ok(Axes::First),
        None if text == "none" => Ok(Axes::None),
        _ => Err("expected two parameters, such as fast,slow, or none".to_owned()),
    }
}

/// Where figures of cost go beside the ranking.
#[derive(Clone, Debug)]
pub struct StatsFile(Option<PathBuf>);

fn stats_file(text: &str) -> Result<StatsFile, String> {
    match text {
        "-" => Ok(StatsFile(None)),
        _ if text.ends_with(".json") => Ok(StatsFile(Some(PathBuf::from(text)))),
        _ => Err("expected the name of a file that ends in .json, or none".to_owned()),
    }
}
