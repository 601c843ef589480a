//! A sweep that is ready to run, and the same end for all of them: of one machine, gone on with, or put together of parts.

#![forbid(unsafe_code)]

use std::io::{self, ErrorKind};

use anyhow::bail;
use lookback::DataPortal;
use lookback::sweep::{
    Best, Course, Description, Grid, Honesty, Journal, Keep, KeepCount, Merit, Observer, Results, RowFormat,
    Sweep, Watch,
};

use crate::arguments::{Axes, Chosen, Format, SweepArguments};
use crate::effort::Stopwatch;
use crate::exit::{Exit, complain, exceeds, usage};
use crate::output::ranking::{self, View};
use crate::output::report::Case;
use crate::output::rows::{self, Destination, Destinations, Facts, Report};
use crate::output::text::{self, count, counted};
use crate::output::{self, Out, OutputFile, disk, progress, report};
use crate::rule;
use crate::signal::{Signal, Stop};
use crate::talk::Color;

/// Trials kept in memory, of all assets together and of each one at least, where every row may go to a file.
const KEPT: usize = 100_000;
const KEPT_OF_EACH: usize = 1_000;

/// What is swept, with everything that can be wrong with it found.
#[derive(Debug)]
pub struct Task {
    pub strategy: Chosen,
    pub sweep: Sweep,
    pub portal: DataPortal,
    pub grid: Grid,
    /// What ranks, and what a trial has to meet.
    pub merit: Merit,
    /// What its results depend on.
    pub run: Description,
}

/// The results of a task, and what was said about luck.
struct Finished {
    results: Results,
    honesty: Vec<Honesty>,
}

impl Task {
    pub fn new(arguments: &SweepArguments) -> anyhow::Result<Self> {
        let (strategy, mut sweep) =
            arguments.trials.chosen(arguments.strategy.as_deref(), &arguments.filter).map_err(usage)?;
        if let Some(threads) = arguments.threads {
            sweep = sweep.threads(threads);
        }
        if let Some(count) = arguments.random {
            sweep = sweep.random(count.get(), arguments.honesty.seed());
        }
        let merit = arguments.merit().map_err(usage)?;
        let portal = arguments.trials.portal()?;
        let assets = match arguments.trials.asset.len() {
            0 => portal.snapshot().bundle().symbols().len(),
            given => given,
        };
        let kept = match arguments.keep {
            KeepCount::All => (KEPT / assets.max(1)).max(KEPT_OF_EACH),
            KeepCount::Top(most) => most,
        };
        let best = Best {
            count: kept,
            by: merit.clone(),
            min_trades: arguments.min_trades,
            seed: arguments.honesty.seed(),
        };
        let sweep = sweep.keep(Keep::Best(best));
        let grid = strategy.grid(&sweep)?;
        if let Axes::Of(down, across) = &arguments.heatmap {
            // A map of a parameter that is not there would be left out without a word.
            for name in [down, across] {
                grid.check_parameter("--heatmap", name).map_err(usage)?;
            }
        }
        let run = strategy.describe(&sweep, &portal)?.with("rows", arguments.keep == KeepCount::All);
        Ok(Self { strategy, sweep, portal, grid, merit, run })
    }

    /// The same with a finer grid around so many of the best, once it was run; none where that was stopped.
    pub fn refined(self, arguments: &SweepArguments, count: usize) -> anyhow::Result<Result<Self, Signal>> {
        let stop = Stop::listen()?;
        let bar = progress::bar();
        let progress = |progress| progress::show(&bar, progress, || self.portal.stats());
        let watch = Watch { stop: Some(stop.flag()), progress: Some(&progress), pool: None };
        let outcome = self.strategy.run(&self.sweep, &self.portal, watch.into());
        bar.finish_and_clear();
        let (results, signal) = (outcome?, stop.close());
        if let Some(signal) = signal {
            complain(format_args!("stopped by {} before anything was refined", signal.name));
            return Ok(Err(signal));
        }
        let (all, merit) = (results.len(), &self.merit);
        let sweep = self.sweep.refine(&results, merit, arguments.min_trades, count).map_err(usage)?;
        let grid = self.strategy.grid(&sweep)?;
        let added = grid.len() * self.assets() - all;
        complain(format_args!(
            "refined around the {} best of each asset: {} more",
            text::count(count),
            counted(added, "trial")
        ));
        let run = self.strategy.describe(&sweep, &self.portal)?;
        let run = run.with("rows", arguments.keep == KeepCount::All);
        Ok(Ok(Self { sweep, grid, run, ..self }))
    }

    /// Runs it as far as it has not been run, and writes what was asked for.
    pub fn execute(
        &self,
        arguments: &SweepArguments,
        file: Option<&(OutputFile, RowFormat)>,
        page: Option<&OutputFile>,
        mut journal: Option<Journal>,
    ) -> anyhow::Result<Exit> {
        let stopwatch = Stopwatch::start();
        if let Some(check) = self.strategy.check(&self.sweep, &self.portal)? {
            rule::warn(&check);
        }
        if let Some((file, format)) = file {
            self.check_disk(arguments, file, *format)?;
        }
        let stop = Stop::listen()?;
        let on_stdout = rows::format_on_stdout(arguments.format);
        let finished =
            to_outputs(file, on_stdout, |outputs| self.run(arguments, &stop, outputs, journal.as_mut()))?;
        // Whoever read stdout has read enough.
        let Some(Finished { results, honesty }) = finished else { return Ok(Exit::Done) };
        if let Some(asked) = results.threads_asked() {
            complain(format_args!("--threads {asked}: more than are of use here, {} ran", results.threads()));
        }
        let signal = stop.close();
        let (effort, cache) = (stopwatch.read(), self.portal.stats());
        if let Some(path) = arguments.stats_file() {
            let stats = rows::stats_json(&results, &effort, &cache);
            let file = OutputFile::find(path).map_err(usage)?;
            file.write(|out| {
                serde_json::to_writer_pretty(&mut *out, &stats)?;
                Ok(writeln!(out)?)
            })?;
        }
        if let Some(page) = page {
            report::sweep(
                page,
                self.case(),
                &results,
                &honesty,
                (&self.merit, arguments.min_trades),
                &cache,
            )?;
        }
        let snapshot = self.portal.snapshot();
        let prices = results.settings().adjust.description_of(snapshot.bundle(), results.assets());
        let report = Report {
            honesty: &honesty,
            rules: &self.strategy.statements(),
            prices: &prices,
            rank_by: &self.merit,
            min_trades: arguments.min_trades,
            top: arguments.top,
            cache,
            effort,
            results: &results,
        };
        let view = View {
            report: &report,
            bundle: snapshot.bundle().name(),
            width: text::terminal_width(),
            axes: &arguments.heatmap,
            is_colored: Color::typed().is_on(),
            stats: arguments.stats.is_some(),
        };
        match arguments.format {
            Format::Table => output::to_stdout(|out| ranking::write(&view, out))?,
            _ if arguments.stats.is_some() => ranking::cost(&view, &mut io::stderr().lock())?,
            _ => {}
        }
        Ok(judge(&results, arguments, signal))
    }

    /// The trials, the judgement of the best, and the ends of what is written.
    fn run(
        &self,
        arguments: &SweepArguments,
        stop: &Stop,
        outputs: Vec<Output<'_>>,
        journal: Option<&mut Journal>,
    ) -> anyhow::Result<Finished> {
        let snapshot = self.portal.snapshot();
        let settings = arguments.trials.rules.settings();
        let symbols: Vec<lookback::Symbol> = self.symbols();
        let prices = settings.adjust.description_of(snapshot.bundle(), &symbols);
        let facts = Facts {
            run: &self.run,
            rules: &self.strategy.statements(),
            settings: &settings,
            prices: &prices,
            rank_by: &self.merit,
            min_trades: arguments.min_trades,
            top: arguments.top,
        };
        let metrics = arguments.metrics.metrics();
        let needs_honesty = arguments.format == Format::Table
            || arguments.report.is_some()
            || outputs.iter().any(|one| one.format == RowFormat::Json);
        let mut all = Destinations(Vec::new());
        for Output { name, format, out } in outputs {
            all.0.push(Destination::new(name, format, &self.grid, metrics, &facts, out)?);
        }
        let bar = progress::bar();
        let progress = |progress| progress::show(&bar, progress, || self.portal.stats());
        let watch = Watch { stop: Some(stop.flag()), progress: Some(&progress), pool: None };
        let observes = arguments.keep == KeepCount::All && !all.0.is_empty();
        let observer = observes.then_some(&mut all as &mut dyn Observer);
        let course = Course { watch, observer, journal, shard: None };
        let outcome = self.strategy.run(&self.sweep, &self.portal, course);
        bar.finish_and_clear();
        let results = outcome?;
        if !observes {
            all.0.iter_mut().try_for_each(|one| one.write(&results))?;
        }
        let honesty = if needs_honesty {
            let least = arguments.min_trades;
            arguments.honesty.judge(&self.strategy, &results, &self.portal, &self.merit, least)
        } else {
            Vec::new()
        };
        all.0.into_iter().try_for_each(|one| one.finish(&results, &honesty))?;
        Ok(Finished { results, honesty })
    }

    fn symbols(&self) -> Vec<lookback::Symbol> {
        let snapshot = self.portal.snapshot();
        let names = self.run.as_json()["assets"].as_array().cloned().unwrap_or_default();
        let is_named =
            |symbol: &&lookback::Symbol| names.iter().any(|name| name.as_str() == Some(symbol.as_str()));
        snapshot.bundle().symbols().iter().filter(is_named).cloned().collect()
    }

    /// What a page runs once more.
    pub fn case(&self) -> Case<'_> {
        Case { strategy: &self.strategy, sweep: &self.sweep, portal: &self.portal }
    }

    /// How many trials there are.
    pub fn trials(&self) -> usize {
        self.grid.len() * self.assets()
    }

    /// How many assets there are.
    pub fn assets(&self) -> usize {
        self.run.as_json()["assets"].as_array().map_or(0, Vec::len)
    }

    fn check_disk(
        &self,
        arguments: &SweepArguments,
        file: &OutputFile,
        format: RowFormat,
    ) -> anyhow::Result<()> {
        if file.is_stream() {
            return Ok(());
        }
        let way_out = "--keep 'top 100000' bounds it, and --metrics core and .arrow are smaller";
        disk::check(file.place(), self.row_bytes(arguments, format), way_out)
    }

    /// Bytes that rows take in a file, at most; none beyond what can be counted.
    pub fn row_bytes(&self, arguments: &SweepArguments, format: RowFormat) -> Option<u64> {
        let rows = match arguments.keep {
            KeepCount::All => self.grid.len(),
            KeepCount::Top(most) => self.grid.len().min(most),
        };
        let rows = rows.checked_mul(self.assets());
        rows.and_then(|rows| format.bytes(&self.grid, arguments.metrics.metrics(), rows))
    }
}

/// Something that rows are written to.
struct Output<'a> {
    name: String,
    format: RowFormat,
    out: &'a mut Out<'a>,
}

/// Opens what rows are written to, and runs; none where whoever read stdout has gone, and nothing else is written.
fn to_outputs(
    file: Option<&(OutputFile, RowFormat)>,
    on_stdout: Option<RowFormat>,
    run: impl FnOnce(Vec<Output<'_>>) -> anyhow::Result<Finished>,
) -> anyhow::Result<Option<Finished>> {
    let Some((file, format)) = file else { return with_stdout(Vec::new(), on_stdout, run) };
    let mut outcome = None;
    let written = file.write(|out| {
        let output = Output { name: file.to_string(), format: *format, out };
        let found = with_stdout(vec![output], on_stdout, run);
        let is_done = matches!(found, Ok(Some(_)));
        outcome = Some(found);
        // What went wrong is told by the outcome; here it keeps half a file from being given its name.
        if is_done { Ok(()) } else { bail!("the sweep failed") }
    });
    match outcome {
        Some(Ok(Some(finished))) => written.map(|()| Some(finished)),
        Some(other) => other,
        None => written.map(|()| None),
    }
}

fn with_stdout(
    outputs: Vec<Output<'_>>,
    on_stdout: Option<RowFormat>,
    run: impl FnOnce(Vec<Output<'_>>) -> anyhow::Result<Finished>,
) -> anyhow::Result<Option<Finished>> {
    let Some(format) = on_stdout else { return run(outputs).map(Some) };
    let is_alone = outputs.is_empty();
    let mut outcome = None;
    output::to_stdout(|out| {
        let mut out = Reader { out, is_awaited: is_alone };
        let name = "standard output".to_owned();
        let mut all: Vec<Output<'_>> = Vec::new();
        for Output { name, format, out } in outputs {
            all.push(Output { name, format, out });
        }
        all.push(Output { name, format, out: &mut out });
        outcome = Some(run(all));
        Ok(())
    })?;
    match outcome {
        Some(Err(error)) if is_alone && is_broken_pipe(&error) => Ok(None),
        Some(found) => found.map(Some),
        None => Ok(None),
    }
}

/// Whoever reads stdout. Once they have gone, nothing more is said to them; where a file is written as well, the sweep
/// goes on for it.
struct Reader<'a> {
    out: &'a mut Out<'a>,
    is_awaited: bool,
}

impl io::Write for Reader<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.out.write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe && !self.is_awaited => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let is_pipe = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
    };
    error.chain().any(is_pipe)
}

/// How a sweep ended, with the reason on stderr where it is not as it should be.
fn judge(results: &Results, arguments: &SweepArguments, signal: Option<Signal>) -> Exit {
    let (all, failed, unfinished) = (results.len(), results.failed(), results.unfinished());
    let exit = match signal {
        Some(signal) if unfinished > 0 => signal.into(),
        _ if unfinished > 0 => Exit::Incomplete,
        _ if failed == all => Exit::NothingUsable,
        _ if exceeds(failed, all, arguments.allow_failed) => Exit::TrialsFailed,
        _ => Exit::Done,
    };
    if unfinished > 0 {
        let by = signal.map_or_else(String::new, |signal| format!(" by {}", signal.name));
        complain(format_args!("stopped{by}: {} of {} trials did not run", count(unfinished), count(all)));
        if let Some(folder) = &arguments.journal {
            complain(format_args!(
                "what is finished is in {}: the same command with --resume goes on",
                folder.display()
            ));
        }
    }
    if let Some((trial, error)) = results.first_failure().and_then(|one| Some((one, one.outcome.error()?))) {
        let of = format_args!("{} of {} trials failed", count(failed), count(all));
        complain(format_args!("{of}, first {} {}: {error}", trial.asset, text::point(trial.point)));
    }
    exit
}
