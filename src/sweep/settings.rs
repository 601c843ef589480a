//! How trials are run, stated in every output.

#![forbid(unsafe_code)]

use super::broker::{Costs, FillAt};
use crate::error::Error;
use crate::portal::Adjust;
use crate::time::When;

/// How trials are run: the same for every trial of a sweep, and stated in every output.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Settings {
    /// When an order is filled.
    pub fill: FillAt,
    /// What trading costs.
    pub costs: Costs,
    /// Cash at the start of every trial, in quote currency.
    pub cash: f64,
    /// The first day or moment whose signals count; warm-up comes from the bars before it.
    pub from: Option<When>,
    /// The last day or moment of the run.
    pub to: Option<When>,
    /// Which events the prices are adjusted for, as of the run's last bar.
    pub adjust: Adjust,
    /// Periods a year for annual figures; by the bundle's frequency where it is not given: 252 for `1d`, 52 for `1w`, and
    /// 252 times the bars of an average day below.
    pub periods_per_year: Option<f64>,
}

impl Default for Settings {
    /// Fills at the next open, a fee of 0.001, a cash of 1,000,000, every bar, total adjustment.
    fn default() -> Self {
        Self {
            fill: FillAt::default(),
            costs: Costs::default(),
            cash: 1_000_000.0,
            from: None,
            to: None,
            adjust: Adjust::Total,
            periods_per_year: None,
        }
    }
}

impl Settings {
    pub(super) fn check(&self) -> Result<(), Error> {
        let bad = |subject: &str, value: f64, expected: &str| -> Error {
            Error::bad_parameter(subject, format!("is {value}, expected {expected}"))
        };
        let positive = |value: f64| value > 0.0 && value.is_finite();
        self.costs.check()?;
        if !positive(self.cash) {
            return Err(bad("cash", self.cash, "an amount above 0"));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from.first_moment() > to.last_moment()
        {
            return Err(Error::bad_parameter(
                "from",
                format!("is {from}, expected a date at or before to, {to}"),
            ));
        }
        match self.periods_per_year {
            Some(periods) if !positive(periods) => Err(bad("periods per year", periods, "a number above 0")),
            _ => Ok(()),
        }
    }
}
