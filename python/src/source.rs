//! What is swept: rules, a strategy of Python's, or a compiled one; each with all that a sweep does.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;

use lookback::sweep::{
    Backtest, Choice, Combinatorial, CombinatorialResults, Honesty, HonestyOptions, Model, Point, Results,
    RuleSet, Settings, Sweep, WalkForward, WalkForwardResults, Watch,
};
use lookback::{DataPortal, Error};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::compiled::Compiled;
use crate::strategy::{Failure, Run, Script};

/// What is swept.
pub(crate) enum Source {
    Rules(RuleSet),
    Script { script: Script, settings: Settings, may_fail: bool, threads: usize },
    Compiled(Compiled),
}

/// What is done with it, once it is rules or a model.
enum As<'a> {
    Rules(&'a RuleSet),
    Model(&'a Model<'a>),
}

impl Source {
    /// What notes the first exception of a run; rules raise none.
    pub(crate) fn failure(&self) -> Arc<Failure> {
        Failure::new(!matches!(self, Self::Script { may_fail: false, .. }))
    }

    fn with<T>(
        &self,
        portal: &DataPortal,
        failure: &Arc<Failure>,
        watch: Watch<'_>,
        work: impl FnOnce(As<'_>, Watch<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match self {
            Self::Rules(rules) => work(As::Rules(rules), watch),
            Self::Compiled(compiled) => work(As::Model(&compiled.model()), watch),
            Self::Script { script, settings, threads, .. } => {
                let run = Run::new(portal.snapshot(), settings.adjust, Arc::clone(failure));
                let pool = pool(*threads)?;
                work(As::Model(&script.model(&run)), Watch { pool: Some(&pool), ..watch })
            }
        }
    }

    pub(crate) fn run(
        &self,
        sweep: &Sweep,
        portal: &DataPortal,
        failure: &Arc<Failure>,
        watch: Watch<'_>,
    ) -> Result<Results, Error> {
        self.with(portal, failure, watch, |of, watch| match of {
            As::Rules(rules) => sweep.run_rules_watched(rules, portal, watch),
            As::Model(model) => sweep.run_model_watched(model, portal, watch),
        })
    }

    pub(crate) fn backtest(
        &self,
        sweep: &Sweep,
        portal: &DataPortal,
        failure: &Arc<Failure>,
    ) -> Result<Backtest, Error> {
        self.with(portal, failure, Watch::default(), |of, _| match of {
            As::Rules(rules) => sweep.backtest_rules(rules, portal),
            As::Model(model) => sweep.backtest_model(model, portal),
        })
    }

    pub(crate) fn honesty(
        &self,
        results: &Results,
        portal: &DataPortal,
        failure: &Arc<Failure>,
        asset: usize,
        best: Point<'_>,
        options: HonestyOptions,
    ) -> Result<Honesty, Error> {
        self.with(portal, failure, Watch::default(), |of, _| match of {
            As::Rules(rules) => results.honesty_rules(rules, portal, asset, best, options),
            As::Model(model) => results.honesty_model(model, portal, asset, best, options),
        })
    }

    pub(crate) fn walk_forward(
        &self,
        sweep: &Sweep,
        portal: &DataPortal,
        failure: &Arc<Failure>,
        (scheme, choice): (WalkForward, Choice<'_>),
        watch: Watch<'_>,
    ) -> Result<WalkForwardResults, Error> {
        self.with(portal, failure, watch, |of, watch| match of {
            As::Rules(rules) => sweep.walk_forward_rules(rules, portal, scheme, choice, watch),
            As::Model(model) => sweep.walk_forward_model(model, portal, scheme, choice, watch),
        })
    }

    pub(crate) fn cross_validate(
        &self,
        sweep: &Sweep,
        portal: &DataPortal,
        failure: &Arc<Failure>,
        (scheme, choice): (Combinatorial, Choice<'_>),
        watch: Watch<'_>,
    ) -> Result<CombinatorialResults, Error> {
        self.with(portal, failure, watch, |of, watch| match of {
            As::Rules(rules) => sweep.cross_validate_rules(rules, portal, scheme, choice, watch),
            As::Model(model) => sweep.cross_validate_model(model, portal, scheme, choice, watch),
        })
    }

    /// The rules as they were stated.
    pub(crate) fn statements(&self) -> Vec<(String, String)> {
        match self {
            Self::Rules(rules) => rules.statements().map(|(key, text)| (key, text.to_owned())).collect(),
            Self::Script { .. } | Self::Compiled(_) => Vec::new(),
        }
    }

    /// How many threads a strategy of Python's runs on, unless told: under the interpreter's lock more only wait for it.
    pub(crate) fn script_threads(asked: Option<NonZeroUsize>) -> usize {
        asked.map_or(1, usize::from)
    }
}

/// Threads that Python knows from their first to their last moment: each bar then takes its lock, and nothing more.
fn pool(threads: usize) -> Result<ThreadPool, Error> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).spawn_handler(|worker| {
        let work = move || Python::attach(|py| py.detach(|| worker.run()));
        thread::Builder::new().spawn(work).map(drop)
    });
    pool.build()
        .map_err(|error| Error::invalid("threads", format!("{threads} could not be started: {error}")))
}
