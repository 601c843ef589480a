//! `lookback sweep --plan`: one part of a plan, written into a folder by its name alone once it is whole.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, anyhow};
use lookback::sweep::{Course, Journal, KeepCount, Shard, Watch};

use crate::arguments::SweepArguments;
use crate::exit::{Exit, complain, usage};
use crate::output::progress;
use crate::output::text::{count, counted};
use crate::plan::Plan;
use crate::signal::Stop;

/// Where a cluster says which part it is, and what its first part is called.
const CLUSTERS: [(&str, usize); 4] = [
    ("SLURM_ARRAY_TASK_ID", 1),
    ("JOB_COMPLETION_INDEX", 0),
    ("AWS_BATCH_JOB_ARRAY_INDEX", 0),
    ("HQ_TASK_ID", 1),
];

/// The name of a part.
pub fn name(shard: Shard) -> String {
    format!("shard-{:05}-of-{:05}.lookback", shard.number(), shard.of())
}

pub fn run(arguments: &SweepArguments) -> anyhow::Result<Exit> {
    let Some(path) = &arguments.plan else { return Err(usage(anyhow!("--plan FILE is missing"))) };
    let Some(folder) = &arguments.out else {
        return Err(usage(anyhow!("--out DIR is missing: the folder of the parts")));
    };
    if folder.is_file() {
        return Err(usage(anyhow!(
            "--out {}: is a file, expected the folder of the parts",
            folder.display()
        )));
    }
    let plan = Plan::read(path)?;
    let shard = find(arguments.shard.as_deref(), plan.shards)?;
    fs::create_dir_all(folder).with_context(|| format!("{}: making the folder", folder.display()))?;
    let place = folder.join(name(shard));
    if is_done(&place, &plan, shard) {
        complain(format_args!("shard {shard} is there already: {}", place.display()));
        return Ok(Exit::Done);
    }
    let (typed, task) = plan.task_on(arguments.threads)?;
    clear_leftovers(folder, shard);
    let beside = folder.join(format!(".{}.{}.part", name(shard), std::process::id()));
    let part = Journal::create_part(&beside, shard, &plan.document, &task.run)?;
    let mut part = part.with_rows(typed.keep == KeepCount::All);
    let stop = Stop::listen()?;
    let bar = progress::bar();
    let progress = |progress| progress::show(&bar, progress, || task.portal.stats());
    let watch = Watch { stop: Some(stop.flag()), progress: Some(&progress), pool: None };
    let course = Course { journal: Some(&mut part), shard: Some(shard), ..Course::from(watch) };
    let outcome = task.strategy.run(&task.sweep, &task.portal, course);
    bar.finish_and_clear();
    let signal = stop.close();
    let discard = |error: anyhow::Error| {
        // What was begun is of no use; an error in removing it would hide the first one.
        let _ = fs::remove_file(&beside);
        error
    };
    let results = outcome.map_err(|error| discard(error.into()))?;
    if let Some(signal) = signal {
        let _ = fs::remove_file(&beside);
        complain(format_args!("stopped by {}: shard {shard} is not written; run it again", signal.name));
        return Ok(signal.into());
    }
    part.finish(&place).map_err(|error| discard(error.into()))?;
    let ran = results.len() - results.unfinished();
    let failed = match results.failed() {
        0 => String::new(),
        failed => format!(", {} of them failed", count(failed)),
    };
    complain(format_args!("shard {shard}: {}{failed}, {}", counted(ran, "trial"), place.display()));
    Ok(Exit::Done)
}

/// Which part is asked for: by the flag, or by what a cluster sets.
fn find(typed: Option<&str>, shards: usize) -> anyhow::Result<Shard> {
    let of_plan = |number: usize| Shard::new(number, shards).map_err(usage);
    if let Some(typed) = typed {
        let Some((_, of)) = typed.split_once('/') else {
            let number =
                typed.parse().map_err(|_| usage(anyhow!("--shard {typed}: expected I or I/N, from 1")))?;
            return of_plan(number);
        };
        let shard: Shard = typed.parse().map_err(usage)?;
        return match shard.of() == shards {
            true => Ok(shard),
            false => Err(usage(anyhow!("--shard {typed}: the plan has {shards} shards, not {of}"))),
        };
    }
    let found = CLUSTERS.iter().find_map(|(name, first)| Some((name, first, env::var(name).ok()?)));
    let Some((name, first, value)) = found else {
        let names = CLUSTERS.map(|(name, _)| name).join(", ");
        return Err(usage(anyhow!("--shard I/{shards} is missing, and none of {names} is set")));
    };
    let index: usize =
        value.parse().map_err(|_| usage(anyhow!("{name}={value}: expected a whole number")))?;
    // A count that a cluster sets is of those that run now, as when missing ones are run again: the plan's is what counts.
    let shard = of_plan(index + 1 - first).with_context(|| format!("{name}={value}"))?;
    complain(format_args!("shard {shard}, by {name}={value}"));
    Ok(shard)
}

/// Whether a part is there, whole and of this plan.
fn is_done(place: &Path, plan: &Plan, shard: Shard) -> bool {
    let found = place.is_file().then(|| Journal::look_into(place).ok()).flatten();
    found.is_some_and(|head| head.torn_bytes == 0 && head.shard == Some(shard) && head.run == plan.run)
}

/// Removes what runs of this part began and did not live to finish. On a shared disk it may be that of another machine:
/// what is young is left alone.
fn clear_leftovers(folder: &Path, shard: Shard) {
    let start = format!(".{}.", name(shard));
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let is_own = entry.file_name().to_string_lossy().starts_with(&start);
        let age = entry.metadata().and_then(|found| found.modified()).ok().and_then(|at| at.elapsed().ok());
        if is_own && age.is_some_and(|age| age.as_secs() > 3_600) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The parts in a folder, by their names.
pub fn files_in(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{}: reading", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| {
        let is_hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        !is_hidden && path.extension().is_some_and(|end| end == "lookback")
    });
    files.sort();
    Ok(files)
}
