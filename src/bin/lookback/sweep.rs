//! `lookback sweep`: backtests a strategy over a grid and ranks the results.

#![forbid(unsafe_code)]

use std::path::Path;

use anyhow::anyhow;
use clap::ArgMatches;
use lookback::sweep::{Journal, KeepCount, Metric};

use crate::arguments::SweepArguments;
use crate::dry_run;
use crate::exit::{Exit, complain, usage};
use crate::output::{disk, report, rows};
use crate::print_config;
use crate::shard;
use crate::task::Task;
use crate::validate;

pub fn run(arguments: &SweepArguments, matches: &ArgMatches) -> anyhow::Result<Exit> {
    if arguments.plan.is_some() {
        return shard::run(arguments);
    }
    if arguments.shard.is_some() {
        return Err(usage(anyhow!("--shard is a part of a plan: --plan FILE says of which")));
    }
    let file = arguments.out.as_deref().map(rows::find_file).transpose().map_err(usage)?;
    let page = report::find(arguments.report.as_deref(), &[("--out", file.as_ref().map(|(file, _)| file))]);
    let page = page.map_err(usage)?;
    let task = Task::new(arguments)?;
    if arguments.print_config {
        return print_config::run(&task.strategy, &arguments.trials.parameters, matches);
    }
    if arguments.dry_run {
        if arguments.validation.scheme().is_some() {
            return Err(usage(anyhow!("--dry-run is of the sweep alone, without --walk-forward and --cpcv")));
        }
        return dry_run::run(arguments, &task, file.as_ref());
    }
    if let Some(scheme) = arguments.validation.scheme() {
        if arguments.refine.is_some() {
            return Err(usage(anyhow!(
                "--refine looks at all bars: with --walk-forward or --cpcv it would look ahead"
            )));
        }
        return validate::run(scheme, arguments, &task, file.as_ref(), page.as_ref());
    }
    let task = match arguments.refine {
        Some(count) => match task.refined(arguments, count.get())? {
            Ok(task) => task,
            Err(signal) => return Ok(signal.into()),
        },
        None => task,
    };
    let journal = arguments.journal.as_deref().map(|folder| open_journal(arguments, &task, folder));
    task.execute(arguments, file.as_ref(), page.as_ref(), journal.transpose()?)
}

/// The journal of a sweep: begun, or gone on with.
fn open_journal(arguments: &SweepArguments, task: &Task, folder: &Path) -> anyhow::Result<Journal> {
    let has_rows = arguments.keep == KeepCount::All;
    if has_rows {
        let row = (8 * Metric::ALL.len()) as u64;
        let needed = (task.trials() as u64).checked_mul(row);
        disk::check(folder, needed, "--keep 'top 100000' bounds it")?;
    }
    let is_there = Journal::path_in(folder).exists();
    if arguments.resume && !is_there {
        complain(format_args!("{}: holds no journal yet, and one is begun", folder.display()));
    }
    let journal = match arguments.resume && is_there {
        true => Journal::resume(folder, &task.run)?,
        false => Journal::create(folder, &task.run)?,
    };
    Ok(journal.with_rows(has_rows))
}
