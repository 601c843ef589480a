//! `lookback merge` and `lookback status`: the parts of a plan, put together or told of.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use lookback::sweep::{Journal, PartHead, Shard};

use crate::exit::{Exit, complain, usage};
use crate::output::text::{count, counted};
use crate::output::{self, report, rows};
use crate::plan::Plan;
use crate::shard::files_in;

/// What was typed.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// The folder of the parts
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Write the results of every trial to a file that ends in .csv, .json or .arrow
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Also write a page that can be shown, as lookback sweep --report does
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Threads that judge the best; results do not depend on them [default: one for each core]
    #[arg(long, value_name = "N", value_parser = crate::arguments::positive_count)]
    threads: Option<std::num::NonZeroUsize>,
}

/// What was typed.
#[derive(clap::Args, Debug)]
pub struct StatusArguments {
    /// The folder of the parts, or of a journal
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// The parts of one plan that are in a folder.
struct Parts {
    plan: Plan,
    whole: BTreeMap<usize, PathBuf>,
    /// Files that are no whole parts, with the reason.
    broken: Vec<(PathBuf, String)>,
    slabs: usize,
}

impl Parts {
    fn find(folder: &Path) -> anyhow::Result<Self> {
        let mut found: Option<Self> = None;
        let mut broken = Vec::new();
        for path in files_in(folder)? {
            let head = match Journal::look_into(&path) {
                Ok(head) => head,
                Err(error) => {
                    broken.push((path, error.to_string()));
                    continue;
                }
            };
            let Some(shard) = head.shard else { continue };
            match &mut found {
                Some(parts) => parts.add(path, shard, &head)?,
                None => {
                    let plan = Plan::of(head.plan.clone()).with_context(|| path.display().to_string())?;
                    let mut parts = Self { plan, whole: BTreeMap::new(), broken: Vec::new(), slabs: 0 };
                    parts.add(path, shard, &head)?;
                    found = Some(parts);
                }
            }
        }
        let mut parts = match (found, broken.first()) {
            (Some(parts), _) => parts,
            (None, Some((_, reason))) => bail!("{reason}"),
            (None, None) => bail!("{}: holds no part of a plan", folder.display()),
        };
        parts.broken.append(&mut broken);
        Ok(parts)
    }

    fn add(&mut self, path: PathBuf, shard: Shard, head: &PartHead) -> anyhow::Result<()> {
        if let Some(difference) = head.run.difference(&self.plan.run) {
            bail!("{}: is of another plan: there {difference} as in the others", path.display());
        }
        if shard.of() != self.plan.shards {
            bail!(
                "{}: is one of {} shards, the others are of {}",
                path.display(),
                shard.of(),
                self.plan.shards
            );
        }
        if head.torn_bytes > 0 {
            self.broken.push((path.clone(), format!("{} was cut", path.display())));
            return Ok(());
        }
        if let Some(other) = self.whole.get(&shard.number()) {
            // Compared as bytes: a part has no time in it, and the same trials make the same file.
            if fs::read(other)? != fs::read(&path)? {
                bail!(
                    "{} and {} are both shard {shard} and differ; remove the one that is wrong",
                    other.display(),
                    path.display()
                );
            }
            complain(format_args!("{}: the same as {}, and left out", path.display(), other.display()));
            return Ok(());
        }
        self.slabs += head.slabs;
        self.whole.insert(shard.number(), path);
        Ok(())
    }

    fn missing(&self) -> Vec<usize> {
        (1..=self.plan.shards).filter(|number| !self.whole.contains_key(number)).collect()
    }
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let file = rows::find_file(&arguments.out).map_err(usage)?;
    let page = report::find(arguments.report.as_deref(), &[("--out", Some(&file.0))]).map_err(usage)?;
    let parts = Parts::find(&arguments.folder)?;
    for (_, reason) in &parts.broken {
        complain(format_args!("{reason}; its shard has to be run again"));
    }
    let missing = parts.missing();
    if !missing.is_empty() {
        let all = counted(parts.plan.shards, "shard");
        complain(format_args!("{} of {all} are missing: {}", count(missing.len()), ranges(&missing)));
        return Ok(Exit::Incomplete);
    }
    let (mut typed, task) = parts.plan.task_on(arguments.threads)?;
    typed.report.clone_from(&arguments.report);
    let paths: Vec<PathBuf> = parts.whole.into_values().collect();
    let journal = Journal::of_parts(&paths, &task.run)?;
    task.execute(&typed, Some(&file), page.as_ref(), Some(journal))
}

pub fn status(arguments: &StatusArguments) -> anyhow::Result<Exit> {
    let folder = &arguments.folder;
    let journal = Journal::path_in(folder);
    if journal.is_file() {
        return journal_status(&journal);
    }
    let parts = Parts::find(folder).map_err(|error| match folder.is_dir() {
        true => error,
        false => usage(anyhow!("{}: is no folder", folder.display())),
    })?;
    let missing = parts.missing();
    output::to_stdout(|out| {
        writeln!(out, "digest   {}", parts.plan.run.digest())?;
        writeln!(out, "done     {} of {}", count(parts.whole.len()), counted(parts.plan.shards, "shard"))?;
        if !missing.is_empty() {
            writeln!(out, "missing  {}", ranges(&missing))?;
        }
        for (_, reason) in &parts.broken {
            writeln!(out, "broken   {reason}")?;
        }
        Ok(())
    })?;
    Ok(if missing.is_empty() { Exit::Done } else { Exit::Incomplete })
}

fn journal_status(path: &Path) -> anyhow::Result<Exit> {
    let head = Journal::look_into(path)?;
    let run = head.run.as_json();
    let number = |key: &str| run.get(key).and_then(serde_json::Value::as_u64).unwrap_or_default();
    let assets = run.get("assets").and_then(serde_json::Value::as_array).map_or(0, Vec::len) as u64;
    let all = number("points").div_ceil(64) * assets;
    let is_done = head.slabs as u64 >= all;
    output::to_stdout(|out| {
        writeln!(out, "digest   {}", head.run.digest())?;
        let done = (head.slabs as u64 * 64).min(number("points") * assets);
        writeln!(out, "done     {} of {}", count(done), counted(number("points") * assets, "trial"))?;
        if head.torn_bytes > 0 {
            writeln!(out, "torn     {} at its end are run again", counted(head.torn_bytes, "byte"))?;
        }
        if !is_done {
            writeln!(out, "go on by the same command with --resume")?;
        }
        Ok(())
    })?;
    Ok(if is_done { Exit::Done } else { Exit::Incomplete })
}

/// Numbers, ascending, as clusters take them: `3,17-19`.
fn ranges(numbers: &[usize]) -> String {
    let mut text = String::new();
    let mut left = numbers;
    while let Some((&first, _)) = left.split_first() {
        let run = left.iter().zip(first..).take_while(|(number, expected)| *number == expected).count();
        if !text.is_empty() {
            text.push(',');
        }
        // Writing to a text cannot fail.
        let _ = match run {
            1 => write!(text, "{first}"),
            _ => write!(text, "{first}-{}", first + run - 1),
        };
        left = &left[run..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_numbers_are_named_as_clusters_take_them() {
        assert_eq!(ranges(&[3, 17, 18, 19]), "3,17-19");
        assert_eq!(ranges(&[1]), "1");
        assert_eq!(ranges(&[1, 2, 4, 6, 7]), "1-2,4,6-7");
        assert_eq!(ranges(&[]), "");
    }
}
