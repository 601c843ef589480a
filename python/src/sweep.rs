//! Sweeps from Python: rules as text, run on all cores with the interpreter's lock released.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use lookback::Error;
use lookback::rule::{self, ArgumentKind};
use lookback::sweep::{Costs, Metric, Part, Progress, Rates, RuleSet, Settings, Sweep, Watch};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::compiled::{Compiled, Kept};
use crate::convert;
use crate::error::Answer;
use crate::portal::DataPortal;
use crate::results::Results;
use crate::source::Source;
use crate::strategy::{Failure, Script};

/// How often Python is asked whether Ctrl-C was pressed, and is told how far it is.
const BEAT: Duration = Duration::from_millis(50);

/// The parts of a set of rules, by their names.
const PARTS: [Part; 13] = [
    Part::Buy,
    Part::Sell,
    Part::Short,
    Part::Cover,
    Part::Weight,
    Part::Rebalance,
    Part::StopLoss,
    Part::TakeProfit,
    Part::TrailingStop,
    Part::MaxBars,
    Part::Cooldown,
    Part::Size,
    Part::Risk,
];

/// What is swept, as Python has put it into words.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Task {
    name: String,
    rules: Vec<(String, String)>,
    lets: Vec<(String, String)>,
    parameters: Vec<(String, String)>,
    #[pyo3(item("where"))]
    filter: String,
    assets: Vec<String>,
    signals: Option<String>,
    threads: Option<usize>,
    /// Makes a trial of a strategy of Python's.
    make: Option<Py<PyAny>>,
    compiled: Option<Function>,
    may_fail: bool,
}

/// A compiled strategy as Python has it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Function {
    address: usize,
    owner: Py<PyAny>,
    fields: Vec<String>,
    bars: usize,
    state: usize,
}

impl Task {
    pub(crate) fn rules(&self) -> Answer<RuleSet> {
        let mut set = RuleSet::new(&self.name);
        for (name, text) in &self.lets {
            set = set.define(name, text);
        }
        for (name, text) in &self.rules {
            let part = PARTS.into_iter().find(|part| part.name() == name);
            let part = part.ok_or_else(|| Error::bad_parameter(name.clone(), "is no part of a rule set"))?;
            set = set.rule(part, text);
        }
        for (name, values) in &self.parameters {
            set = set.parameter(lookback::sweep::Parameter::new(name, values)?);
        }
        if let Some(signals) = &self.signals {
            set = set.signals(convert::adjust(signals)?);
        }
        Ok(set)
    }

    /// What is swept, whatever it is.
    fn source(&self, py: Python<'_>, settings: Settings) -> Answer<Source> {
        let parameters = self.parameters.iter();
        let parameters = parameters.map(|(name, values)| lookback::sweep::Parameter::new(name, values));
        let (name, constraint) = (self.name.clone(), String::new());
        if let Some(make) = &self.make {
            let parameters = parameters.collect::<Result<_, _>>()?;
            let script = Script { name, make: make.clone_ref(py), parameters, constraint };
            let threads = Source::script_threads(self.threads.and_then(std::num::NonZeroUsize::new));
            return Ok(Source::Script { script, settings, may_fail: self.may_fail, threads });
        }
        let Some(Function { address, owner, fields, bars, state }) = &self.compiled else {
            return Ok(Source::Rules(self.rules()?));
        };
        let fields = fields.iter().map(|field| field.parse()).collect::<Result<_, Error>>()?;
        // SAFETY: `lookback.strategies` takes addresses of functions of this type alone, with the object that holds their
        // code, and its page says what they may read and write.
        let function = unsafe { Kept::new(*address, owner.clone_ref(py)) };
        let function =
            function.ok_or_else(|| Error::bad_parameter("strategy", "has the address 0".to_owned()))?;
        let (parameters, bars, state) = (parameters.collect::<Result<_, _>>()?, *bars, *state);
        Ok(Source::Compiled(Compiled { name, parameters, constraint, fields, bars, state, function }))
    }

    pub(crate) fn sweep(&self, settings: Settings) -> Sweep {
        let sweep = Sweep::new().settings(settings).filter(&self.filter);
        let sweep = self.assets.iter().fold(sweep, |sweep, asset| sweep.asset(asset));
        match self.threads.and_then(std::num::NonZeroUsize::new) {
            Some(threads) => sweep.threads(threads),
            None => sweep,
        }
    }
}

/// Settings by their names, as in the table `[settings]` of a strategy's file.
pub(crate) fn settings(given: &Bound<'_, PyDict>) -> Answer<Settings> {
    let mut settings = Settings::default();
    let mut costs = Costs::default();
    let mut rates = Rates::default();
    for (key, value) in given {
        let name: String = key.extract()?;
        if value.is_none() {
            continue;
        }
        match name.as_str() {
            "fill" => settings.fill = value.extract::<String>()?.parse()?,
            "fee" => costs.fee = value.extract()?,
            "commission" => costs.commission = value.extract()?,
            "slippage_bps" => costs.slippage_bps = value.extract()?,
            "borrow" => rates.borrow = value.extract()?,
            "interest" => rates.interest = value.extract()?,
            "cash" => settings.cash = value.extract()?,
            "start" => settings.from = convert::when(&value)?,
            "end" => settings.to = convert::when(&value)?,
            "adjust" => settings.adjust = convert::adjust(&value.extract::<String>()?)?,
            "periods_per_year" => settings.periods_per_year = Some(value.extract()?),
            _ => {
                let message = format!("unexpected keyword argument {name:?}");
                return Err(pyo3::exceptions::PyTypeError::new_err(message).into());
            }
        }
    }
    Ok(Settings { costs, rates, ..settings })
}

/// Runs `work` on a thread of its own while this one listens for Ctrl-C and tells how far it is, with the lock released.
///
/// Once Ctrl-C was pressed the work is told to stop, and what it has by then is the answer, with `true` beside it.
pub(crate) fn watched<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    failure: &Failure,
    work: impl FnOnce(Watch<'_>) -> Result<T, Error> + Send,
) -> Answer<(T, bool)> {
    let stop = AtomicBool::new(false);
    let (done, total) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let tell = |step: Progress| {
        // Relaxed: numbers for a person to look at.
        done.store(step.done, Ordering::Relaxed);
        total.store(step.total, Ordering::Relaxed);
    };
    let mut raised: Option<PyErr> = None;
    let mut interrupted = false;
    let outcome = thread::scope(|scope| {
        let waiter = thread::current();
        let watch = Watch { stop: Some(&stop), progress: Some(&tell), pool: None };
        let worker = scope.spawn(move || {
            let outcome = work(watch);
            waiter.unpark();
            outcome
        });
        while !worker.is_finished() {
            py.detach(|| thread::park_timeout(BEAT));
            if failure.is_raised() {
                stop.store(true, Ordering::Relaxed);
            }
            if raised.is_none() && !interrupted {
                if let Err(error) = py.check_signals() {
                    stop.store(true, Ordering::Relaxed);
                    match error.is_instance_of::<PyKeyboardInterrupt>(py) {
                        true => interrupted = true,
                        false => raised = Some(error),
                    }
                }
                let steps = (done.load(Ordering::Relaxed), total.load(Ordering::Relaxed));
                if let Some(Err(error)) = progress.map(|progress| progress.call1(steps)) {
                    stop.store(true, Ordering::Relaxed);
                    raised = Some(error);
                }
            }
        }
        worker.join()
    });
    if let Some(error) = raised.or_else(|| failure.take()) {
        return Err(error.into());
    }
    match outcome.unwrap_or_else(|panic| resume_unwind(panic)) {
        Ok(outcome) => Ok((outcome, interrupted)),
        // What was stopped and has nothing to keep ends as Python's own programs do.
        Err(error) if interrupted => Err(PyKeyboardInterrupt::new_err(error.to_string()).into()),
        Err(error) => Err(error.into()),
    }
}

/// Runs rules at every point of their grid.
#[pyfunction]
pub(crate) fn sweep(
    py: Python<'_>,
    portal: &DataPortal,
    task: Task,
    settings: &Bound<'_, PyDict>,
    progress: Option<&Bound<'_, PyAny>>,
) -> Answer<Results> {
    let settings = self::settings(settings)?;
    let (source, sweep) = (task.source(py, settings)?, task.sweep(settings));
    let (shared, failure) = (Arc::clone(&portal.desk.shared), source.failure());
    let run = |watch: Watch<'_>| source.run(&sweep, &shared.portal, &failure, watch);
    let (results, interrupted) = watched(py, progress, &failure, run)?;
    Ok(Results::new(results, source, sweep, shared, interrupted))
}

/// What a trial of a list came to: its metrics by name, or why it failed.
#[derive(IntoPyObject)]
pub(crate) enum Outcome {
    Metrics(Vec<(&'static str, Option<f64>)>),
    Failed(String),
}

/// Runs rules at points that need not lie on a grid, on all cores; outcomes come in the order of the points.
#[pyfunction]
pub(crate) fn points(
    py: Python<'_>,
    portal: &DataPortal,
    task: Task,
    settings: &Bound<'_, PyDict>,
    points: Vec<Vec<(String, String)>>,
) -> Answer<Vec<Outcome>> {
    let sweep = task.sweep(self::settings(settings)?);
    let rules = task.rules()?;
    let shared = Arc::clone(&portal.desk.shared);
    let threads = task.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    let run = |watch: Watch<'_>| -> Result<Vec<Outcome>, Error> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                // Relaxed: the number is all that it says.
                let at = next.fetch_add(1, Ordering::Relaxed);
                let is_stopped = watch.stop.is_some_and(|stop| stop.load(Ordering::Relaxed));
                let Some(point) = points.get(at).filter(|_| !is_stopped) else { return done };
                done.push((at, one(&rules, &sweep, &shared.portal, point)));
            }
        };
        let mut all: Vec<(usize, Outcome)> = thread::scope(|scope| {
            let crew: Vec<_> =
                (0..threads.clamp(1, points.len().max(1))).map(|_| scope.spawn(work)).collect();
            let done = |one: thread::ScopedJoinHandle<'_, _>| {
                one.join().unwrap_or_else(|panic| resume_unwind(panic))
            };
            crew.into_iter().flat_map(done).collect()
        });
        all.sort_unstable_by_key(|(at, _)| *at);
        Ok(all.into_iter().map(|(_, outcome)| outcome).collect())
    };
    let (outcomes, interrupted) = watched(py, None, &Failure::default(), run)?;
    if interrupted || outcomes.len() < points.len() {
        return Err(PyKeyboardInterrupt::new_err("a batch of trials was stopped").into());
    }
    Ok(outcomes)
}

fn one(rules: &RuleSet, sweep: &Sweep, portal: &lookback::DataPortal, point: &[(String, String)]) -> Outcome {
    let run = || -> Result<_, Error> {
        let mut rules = rules.clone();
        for (name, value) in point {
            rules = rules.parameter(lookback::sweep::Parameter::new(name, value)?);
        }
        sweep.backtest_rules(&rules, portal)
    };
    match run() {
        Ok(backtest) => {
            Outcome::Metrics(Metric::ALL.iter().map(|of| (of.name(), backtest.metrics().get(*of))).collect())
        }
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// A function of the language of rules: its name, its arguments with their defaults, its definition and its range.
type Told = (&'static str, Vec<(&'static str, Option<String>)>, &'static str, &'static str);

/// The functions of the language of rules, of which `lookback/rules.py` is made.
#[pyfunction]
pub(crate) fn functions() -> Vec<Told> {
    let default = |kind| match kind {
        ArgumentKind::Numbers { default } | ArgumentKind::Number { default, .. } => {
            default.map(|of| of.to_string())
        }
        ArgumentKind::Bars { default, .. } => default.map(|of| of.to_string()),
        _ => None,
    };
    let arguments =
        |of: &rule::Function| of.arguments.iter().map(|one| (one.name, default(one.kind))).collect();
    rule::functions().map(|of| (of.name, arguments(of), of.definition, of.range)).collect()
}

/// The metrics of a trial, in the order of the results' columns.
#[pyfunction]
pub(crate) fn metrics() -> Vec<&'static str> {
    Metric::ALL.into_iter().map(Metric::name).collect()
}
