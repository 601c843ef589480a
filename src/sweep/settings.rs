//! How trials are run, stated in every output.

#![forbid(unsafe_code)]

use std::fmt;

use serde_json::{Map, Value};

use super::broker::{Costs, FillAt, Rates};
use crate::error::Error;
use crate::portal::Adjust;
use crate::time::When;

/// How trials are run: the same for every trial of a sweep, and stated in every output.
///
/// # Examples
/// ```
/// use lookback::sweep::{FillAt, Settings};
/// let settings = Settings { fill: FillAt::Close, to: Some("2005-12-30".parse()?), ..Settings::default() };
/// assert_eq!(settings.cash, 1_000_000.0);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Settings {
    /// When an order is filled.
    pub fill: FillAt,
    /// What trading costs.
    pub costs: Costs,
    /// What holding earns and costs a year: nothing by default.
    pub rates: Rates,
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
            rates: Rates::default(),
            cash: 1_000_000.0,
            from: None,
            to: None,
            adjust: Adjust::Total,
            periods_per_year: None,
        }
    }
}

impl Settings {
    /// The settings as a JSON object; dates and names as text, what is not given as null.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Settings;
    /// let settings = Settings { from: Some("2005-01-03".parse()?), ..Settings::default() }.to_json();
    /// assert_eq!((&settings["fill"], &settings["fee"]), (&"next-open".into(), &0.001.into()));
    /// assert_eq!((&settings["from"], &settings["to"]), (&"2005-01-03".into(), &serde_json::Value::Null));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let when = |when: Option<When>| when.map_or(Value::Null, |when| when.to_string().into());
        let number = |value: Option<f64>| value.map_or(Value::Null, Value::from);
        [
            ("fill", self.fill.name().into()),
            ("fee", self.costs.fee.into()),
            ("commission", self.costs.commission.into()),
            ("slippage_bps", self.costs.slippage_bps.into()),
            ("borrow", self.rates.borrow.into()),
            ("interest", self.rates.interest.into()),
            ("cash", self.cash.into()),
            ("from", when(self.from)),
            ("to", when(self.to)),
            ("adjust", self.adjust.name().into()),
            ("periods_per_year", number(self.periods_per_year)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let bad = |subject: &str, value: f64, expected: &str| -> Error {
            Error::bad_parameter(subject, format!("is {value}, expected {expected}"))
        };
        let positive = |value: f64| value > 0.0 && value.is_finite();
        self.costs.check()?;
        self.rates.check()?;
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

impl fmt::Display for Settings {
    /// As a line of text, each number with its unit.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(
    ///     lookback::sweep::Settings::default().to_string(),
    ///     "fill next-open, fee 0.1 %, commission 0 per order, slippage 0 bps, cash 1000000, \
    ///      prices adjusted for splits and dividends"
    /// );
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Costs { fee, commission, slippage_bps } = self.costs;
        write!(f, "fill {}, fee {} %, commission {commission} per order, ", self.fill, fee * 100.0)?;
        write!(f, "slippage {slippage_bps} bps, ")?;
        if !self.rates.are_zero() {
            let Rates { borrow, interest } = self.rates;
            write!(f, "borrow {} % a year, interest {} % a year, ", borrow * 100.0, interest * 100.0)?;
        }
        f.write_str("cash ")?;
        // An amount that nobody counts by its digits is shown by their number.
        if self.cash < 1e15 {
            write!(f, "{}", self.cash)?
        } else {
            write!(f, "{:e}", self.cash)?
        }
        write!(f, ", prices {}", self.adjust.description())?;
        if let Some(periods) = self.periods_per_year {
            write!(f, ", {periods} periods a year")?;
        }
        for (word, when) in [("from", self.from), ("to", self.to)] {
            if let Some(when) = when {
                write!(f, ", {word} {when}")?;
            }
        }
        Ok(())
    }
}
