//! `lookback sweep --walk-forward` and `--cpcv`: points chosen on some bars and traded on others.

#![forbid(unsafe_code)]

use std::io::{self, Write};

use anyhow::anyhow;
use lookback::sweep::{Choice, Progress, RowFormat, Watch};
use serde_json::{Map, Value};

use crate::arguments::{Format, Scheme, SweepArguments};
use crate::effort::{Effort, Stopwatch};
use crate::exit::{Exit, complain, exceeds, usage};
use crate::output::settings::rules_json;
use crate::output::text::{self, count};
use crate::output::validation::{self, Found};
use crate::output::{self, OutputFile, progress, report};
use crate::rule;
use crate::signal::Stop;
use crate::task::Task;

pub fn run(
    scheme: Scheme,
    arguments: &SweepArguments,
    task: &Task,
    file: Option<&(OutputFile, RowFormat)>,
    page: Option<&OutputFile>,
) -> anyhow::Result<Exit> {
    let stopwatch = Stopwatch::start();
    let Task { strategy, sweep, portal, .. } = task;
    if let Some((file, format)) = file
        && !matches!(format, RowFormat::Csv | RowFormat::Json | RowFormat::Arrow)
    {
        return Err(usage(anyhow!("{file}: folds and paths are written to .csv, .json or .arrow")));
    }
    if let Some(check) = strategy.check(sweep, portal)? {
        rule::warn(&check);
    }
    let stop = Stop::listen()?;
    let bar = progress::bar();
    let progress = |progress: Progress| progress::show(&bar, progress, || portal.stats());
    let watch = Watch { stop: Some(stop.flag()), progress: Some(&progress), pool: None };
    let choice =
        Choice { rank_by: task.merit.clone(), min_trades: arguments.min_trades, ..Choice::default() };
    let found = match scheme {
        Scheme::WalkForward(scheme) => {
            strategy.walk_forward(sweep, portal, scheme, choice, watch).map(Found::Walk)
        }
        Scheme::Combinatorial(scheme) => {
            strategy.cross_validate(sweep, portal, scheme, choice, watch).map(Found::Cross)
        }
    };
    bar.finish_and_clear();
    let signal = stop.close();
    let found = match (found, signal) {
        (Ok(found), _) => found,
        // What was chosen on a part of the trials would be no choice.
        (Err(error), Some(signal)) => {
            complain(format_args!("{error}, by {}: nothing was chosen", signal.name));
            return Ok(signal.into());
        }
        (Err(error), None) => return Err(error.into()),
    };
    let effort = stopwatch.read();
    if let Some((file, format)) = file {
        file.write(|out| match format {
            RowFormat::Csv => write(Format::Csv, &found, task, effort, out),
            RowFormat::Json => write(Format::Json, &found, task, effort, out),
            _ => Ok(arrow(&found, out)?),
        })?;
    }
    if let Some(page) = page {
        report::validation(page, task.case(), &found, &portal.stats())?;
    }
    output::to_stdout(|out| write(arguments.format, &found, task, effort, out))?;
    Ok(judge(&found, arguments.allow_failed))
}

fn write(
    format: Format,
    found: &Found,
    task: &Task,
    effort: Effort,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    match format {
        Format::Table => {
            let snapshot = task.portal.snapshot();
            let settings = found.settings();
            let rules = task.strategy.statements();
            let view = validation::View {
                bundle: snapshot.bundle(),
                rules: &rules,
                settings,
                width: text::terminal_width(),
                effort,
            };
            validation::write(found, &view, out)
        }
        Format::Csv => {
            match found {
                Found::Walk(results) => results.write_csv(out)?,
                Found::Cross(results) => results.write_csv(out)?,
            }
            Ok(())
        }
        Format::Json => {
            let mut document = Map::from_iter([("schema".to_owned(), output::SCHEMA.into())]);
            document.extend(json(found));
            document.insert("rules".to_owned(), rules_json(&task.strategy.statements()));
            serde_json::to_writer(&mut *out, &Value::from(document))?;
            Ok(writeln!(out)?)
        }
    }
}

fn json(found: &Found) -> Map<String, Value> {
    match found {
        Found::Walk(results) => results.to_json(),
        Found::Cross(results) => results.to_json(),
    }
}

fn arrow(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    match found {
        Found::Walk(results) => results.write_arrow(out),
        Found::Cross(results) => results.write_arrow(out),
    }
}

/// How it ended, with the reason on stderr where it is not as it should be.
fn judge(found: &Found, allowed: f64) -> Exit {
    let (failed, trials) = match found {
        Found::Walk(results) => {
            let folds = results.walks.iter().flatten().flat_map(|walk| &walk.folds);
            (folds.map(|fold| fold.failed).sum::<usize>(), results.trials())
        }
        Found::Cross(results) => {
            (results.paths.iter().flatten().map(|paths| paths.failed).sum(), results.trials())
        }
    };
    for (symbol, error) in found.refused() {
        complain(format_args!("{symbol} is left out: {error}"));
    }
    if failed > 0 {
        complain(format_args!("{} of {} trials failed", count(failed), count(trials)));
    }
    match failed {
        _ if failed == trials => Exit::NothingUsable,
        _ if exceeds(failed, trials, allowed) => Exit::TrialsFailed,
        _ => Exit::Done,
    }
}
