//! `lookback plan`: a sweep cut into parts that machines run each for itself.

#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use clap::{ArgAction, ArgMatches};
use lookback::sweep::Description;
use serde_json::{Map, Value, json};

use crate::arguments::{SweepArguments, positive_count};
use crate::dry_run::Measured;
use crate::exit::{Exit, usage};
use crate::output::text::{count, counted};
use crate::output::{self, OutputFile};
use crate::task::Task;

/// What a part is sized to.
const PART: Duration = Duration::from_secs(60);

/// Trials of a slab, the least that a part can be.
const SLAB: usize = 64;

/// What was typed: all that a sweep takes, and --out is the plan.
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Arguments {
    #[command(flatten)]
    sweep: SweepArguments,
    /// Parts, rounded up to as many of each asset [default: a minute of work each, as measured here for a second]
    #[arg(long, value_name = "N", value_parser = positive_count)]
    parts: Option<std::num::NonZeroUsize>,
}

/// A plan as it is read back.
#[derive(Debug)]
pub struct Plan {
    /// All of it, for parts to carry.
    pub document: Map<String, Value>,
    pub shards: usize,
    pub run: Description,
    pub arguments: Vec<String>,
}

impl Plan {
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("{}: reading", path.display()))?;
        let document: Map<String, Value> =
            serde_json::from_str(&text).with_context(|| format!("{}: is no plan", path.display()))?;
        Self::of(document).with_context(|| format!("{}: is no plan", path.display()))
    }

    /// Takes what a file or a part holds.
    pub fn of(document: Map<String, Value>) -> anyhow::Result<Self> {
        if document.get("format").and_then(Value::as_str) != Some("lookback-plan") {
            bail!("format is not lookback-plan");
        }
        let run = document.get("run").and_then(Value::as_object).cloned().unwrap_or_default();
        let run = Description::from_json(run);
        if document.get("digest").and_then(Value::as_str) != Some(&run.digest()) {
            bail!("it was edited: its digest is another one; write it anew by lookback plan");
        }
        let shards = document.get("shards").and_then(Value::as_u64).and_then(|one| usize::try_from(one).ok());
        let shards = shards.filter(|shards| *shards > 0).context("shards is no number above 0")?;
        let arguments = document.get("arguments").and_then(Value::as_array).context("arguments are none")?;
        let arguments = arguments.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(Self { document, shards, run, arguments })
    }

    /// The sweep that it is of, on some threads.
    pub fn task_on(&self, threads: Option<std::num::NonZeroUsize>) -> anyhow::Result<(SweepArguments, Task)> {
        let mut arguments = crate::sweep_of(&self.arguments).context("the plan's arguments")?;
        arguments.threads = threads.or(arguments.threads);
        let task = Task::new(&arguments)?;
        if let Some(difference) = self.run.difference(&task.run) {
            bail!("the plan is of another run: there {difference} as here");
        }
        Ok((arguments, task))
    }
}

pub fn run(arguments: &Arguments, matches: &ArgMatches) -> anyhow::Result<Exit> {
    let sweep = &arguments.sweep;
    if sweep.dry_run || sweep.print_config {
        return Err(usage(anyhow!("--dry-run and --print-config are of lookback sweep")));
    }
    if sweep.plan.is_some() || sweep.shard.is_some() || sweep.journal.is_some() {
        return Err(usage(anyhow!(
            "--plan, --shard and --journal are of lookback sweep; a plan is written by --out"
        )));
    }
    if sweep.report.is_some() {
        return Err(usage(anyhow!("--report is of lookback merge, once all parts are there")));
    }
    if sweep.refine.is_some() {
        return Err(usage(anyhow!(
            "--refine needs the results of all parts first: plan the grid, and refine by a sweep of one machine"
        )));
    }
    let Some(out) = &sweep.out else {
        return Err(usage(anyhow!("--out FILE is missing: where the plan goes")));
    };
    let file = OutputFile::find(out).map_err(usage)?;
    let task = Task::new(sweep)?;
    let (assets, points) = (task.assets(), task.grid.len());
    let most = points.div_ceil(SLAB);
    let each = match arguments.parts {
        Some(parts) => parts.get().div_ceil(assets),
        None => parts(&task, points)?,
    };
    let shards = each.clamp(1, most) * assets;
    let document = json!({
        "schema": output::SCHEMA,
        "format": "lookback-plan",
        "format_version": 1,
        "digest": task.run.digest(),
        "shards": shards,
        "trials": task.trials(),
        "run": task.run.as_json(),
        "arguments": typed(matches.subcommand_matches("plan").unwrap_or(matches))?,
    });
    file.write(|out| {
        serde_json::to_writer_pretty(&mut *out, &document)?;
        Ok(writeln!(out)?)
    })?;
    output::to_stdout(|out| {
        writeln!(out, "plan       {file}")?;
        writeln!(out, "digest     {}", task.run.digest())?;
        let of_each = points.div_ceil(shards / assets);
        let trials = counted(task.trials(), "trial");
        writeln!(out, "size       {trials} in {}, {} each", counted(shards, "shard"), count(of_each))?;
        writeln!(
            out,
            "run        lookback sweep --plan {file} --shard I/{shards} --out DIR, with I from 1 to {shards}"
        )?;
        Ok(writeln!(out, "put them together by lookback merge DIR --out FILE")?)
    })?;
    Ok(Exit::Done)
}

/// How many parts of an asset's points take a minute each, as measured for a second.
fn parts(task: &Task, points: usize) -> anyhow::Result<usize> {
    let minute = Measured::new(task)?.trials_of(PART);
    Ok(points.div_ceil(usize::try_from(minute).unwrap_or(usize::MAX).max(1)))
}

/// The arguments of the sweep, whatever way they were given, so that they mean the same in another folder.
fn typed(matches: &ArgMatches) -> anyhow::Result<Vec<String>> {
    let command = crate::command();
    let Some(sweep) = command.find_subcommand("sweep") else { bail!("there is no sweep") };
    let mut typed = Vec::new();
    for argument in sweep.get_arguments() {
        let id = argument.get_id().as_str();
        let is_given = matches.try_contains_id(id).unwrap_or(false)
            && matches.value_source(id) == Some(clap::parser::ValueSource::CommandLine);
        if !is_given || matches!(id, "out" | "threads" | "stats") {
            continue;
        }
        let Some(long) = argument.get_long() else {
            // The strategy, by name or by file.
            for value in matches.get_raw(id).into_iter().flatten() {
                let value = value.to_string_lossy();
                let is_file =
                    Path::new(&*value).extension().is_some_and(|end| end.eq_ignore_ascii_case("toml"));
                typed.insert(0, if is_file { absolute(&value)? } else { value.into_owned() });
            }
            continue;
        };
        if matches!(argument.get_action(), ArgAction::SetTrue) {
            typed.push(format!("--{long}"));
            continue;
        }
        for value in matches.get_raw(id).into_iter().flatten() {
            let value = value.to_string_lossy();
            let value =
                if matches!(id, "bundle" | "config") { absolute(&value)? } else { value.into_owned() };
            typed.push(format!("--{long}={value}"));
        }
    }
    Ok(typed)
}

fn absolute(path: &str) -> anyhow::Result<String> {
    let found: PathBuf = fs::canonicalize(path).with_context(|| format!("{path}: reading"))?;
    found.into_os_string().into_string().map_err(|path| anyhow!("{}: is no text", path.display()))
}
