//! One row of the results: how a trial ended, and what all trials on its asset share.

#![forbid(unsafe_code)]

use crate::asset::Symbol;
use crate::error::Error;
use crate::sweep::grid::Point;
use crate::sweep::metrics::Metrics;
use crate::time::Timestamp;

/// One row of the results.
#[derive(Clone, Copy, Debug)]
pub struct Trial<'a> {
    /// The asset's name.
    pub asset: &'a Symbol,
    /// The point of the grid.
    pub point: Point<'a>,
    /// How it ended.
    pub outcome: Outcome<'a>,
}

/// How one trial ended.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// With metrics.
    Done(Metrics),
    /// With the reason of its failure or its panic.
    Failed(&'a Error),
    /// Not at all: the sweep was stopped before its turn.
    Unfinished,
    /// Not known any more: only the best are [kept](super::Keep).
    NotKept,
}

impl<'a> Outcome<'a> {
    /// The metrics of a trial that is done.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert!(results.trial(0).outcome.metrics().is_some());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn metrics(&self) -> Option<&Metrics> {
        match self {
            Self::Done(metrics) => Some(metrics),
            _ => None,
        }
    }

    /// The reason of a trial that failed.
    ///
    /// # Examples
    /// ```
    /// use lookback::{Error, sweep::Outcome};
    /// let error = Error::load("out of luck");
    /// let outcome = Outcome::Failed(&error);
    /// assert_eq!(outcome.error().unwrap().to_string(), "out of luck");
    /// ```
    #[must_use]
    pub fn error(&self) -> Option<&'a Error> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// The status as written to files: `ok`, `failed`, `unfinished` or `not kept`.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// assert_eq!(results.trial(0).outcome.status(), "ok");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self {
            Self::Done(_) => "ok",
            Self::Failed(_) => "failed",
            Self::Unfinished => "unfinished",
            Self::NotKept => "not kept",
        }
    }
}

/// What all trials on one asset share.
#[derive(Clone, Debug)]
pub struct AssetSummary {
    /// The asset's name.
    pub symbol: Symbol,
    /// Bars of the run.
    pub bars: usize,
    /// The first bar of the run.
    pub first: Timestamp,
    /// The last bar of the run.
    pub last: Timestamp,
    /// Bars in a year, as annual figures count them.
    pub periods_per_year: f64,
    /// What buying everything at the first bar would have made, with the same fills and costs.
    pub buy_and_hold: Metrics,
}
