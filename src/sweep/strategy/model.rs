//! A strategy that is known when the program runs.

#![forbid(unsafe_code)]

use std::fmt;

use super::{Bar, Setup};
use crate::error::Error;
use crate::parameter::Parameter;
use crate::sweep::grid::Point;

/// What a trial of a model decides with, at each bar that it asked for.
pub type Decide = Box<dyn FnMut(&mut Bar<'_>) -> Result<(), Error>>;

/// Makes a trial: as [`Strategy::start`](super::Strategy::start).
type Start<'a> = Box<dyn Fn(&Point<'_>, &mut Setup<'_>) -> Result<Decide, Error> + Sync + 'a>;

/// A strategy as a value in place of a type: for whoever makes strategies of something else, such as another language.
///
/// A [`Strategy`](super::Strategy) is as general and faster: it is compiled into the run.
///
/// # Examples
/// ```
/// use lookback::sweep::{Metric, Model, Sweep};
/// use lookback::{Bundle, portal::{DataPortal, Options}};
///
/// // Holds while the close is above its average; `bars` is read when a trial starts.
/// let above = Model::new("above", |point, setup| {
///     let average = setup.sma(point.usize("bars")?)?;
///     setup.wake_on_every_bar();
///     Ok(Box::new(move |bar| {
///         if !bar.value(average).is_nan() {
///             bar.set_target(if bar.close() > bar.value(average) { 1.0 } else { 0.0 });
///         }
///         Ok(())
///     }))
/// });
/// let above = above.parameter("bars=20:200:20".parse()?);
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let results = Sweep::new().asset("IBM").run_model(&above, &portal)?;
/// assert_eq!((results.len(), results.strategy()), (10, "above"));
/// assert!(results.trials().all(|trial| trial.outcome.metrics().unwrap().get(Metric::Trades) > Some(0.0)));
/// # Ok::<(), lookback::Error>(())
/// ```
pub struct Model<'a> {
    name: String,
    parameters: Vec<Parameter>,
    constraint: String,
    start: Start<'a>,
}

impl<'a> Model<'a> {
    /// A model by its name in outputs, and by what makes one trial of it: it reads the parameters, declares the columns and
    /// what wakes it, and returns what decides.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        start: impl Fn(&Point<'_>, &mut Setup<'_>) -> Result<Decide, Error> + Sync + 'a,
    ) -> Self {
        Self { name: name.into(), parameters: Vec::new(), constraint: String::new(), start: Box::new(start) }
    }

    /// Adds a parameter with the values that a sweep tries where a user gives none; one of the same name is replaced.
    #[must_use]
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.retain(|own| own.name() != parameter.name());
        self.parameters.push(parameter);
        self
    }

    /// What must hold between parameters, such as `fast < slow`.
    #[must_use]
    pub fn constraint(mut self, condition: impl Into<String>) -> Self {
        self.constraint = condition.into();
        self
    }

    /// The name in outputs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(in crate::sweep) fn parameters(&self) -> Vec<Parameter> {
        self.parameters.clone()
    }

    pub(in crate::sweep) fn condition(&self) -> &str {
        &self.constraint
    }

    pub(in crate::sweep) fn start(&self, point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Decide, Error> {
        (self.start)(point, setup)
    }
}

impl fmt::Debug for Model<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut model = f.debug_struct("Model");
        model.field("name", &self.name).field("parameters", &self.parameters);
        model.field("constraint", &self.constraint).finish_non_exhaustive()
    }
}
