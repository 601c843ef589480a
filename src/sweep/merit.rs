//! What ranks trials: a metric, or an expression of metrics, of the trials that meet a requirement.

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::metrics::{Better, Metric, Metrics};
use crate::error::Error;
use crate::rule::{Formula, Names, Value, run};

/// What ranks trials, and what a trial has to meet to be ranked at all.
///
/// Both are written in the language of rules, with metrics for names: `sharpe - 0.5 * volatility`, of which more is
/// better, and `max_drawdown > -0.3 and trades >= 20`. A metric that is not defined makes an expression undefined, which
/// ranks last, and a requirement undefined, which is not met. What is not ranked was tried all the same, and counts.
///
/// # Examples
/// ```
/// use lookback::sweep::{Better, Merit, Metric};
/// let merit = "sharpe - 0.5 * volatility".parse::<Merit>()?.require("trades >= 20")?;
/// assert_eq!((merit.to_string().as_str(), merit.better()), ("sharpe - 0.5 * volatility", Better::Higher));
/// assert_eq!(merit.requirement(), Some("trades >= 20"));
/// assert_eq!("max-drawdown".parse::<Merit>()?, Merit::from(Metric::MaxDrawdown));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Merit {
    by: By,
    require: Option<Arc<Formula>>,
}

#[derive(Clone, PartialEq, Debug)]
enum By {
    Metric(Metric),
    Formula(Arc<Formula>),
}

impl Merit {
    /// Ranks only the trials that meet a condition on their metrics; a text of blanks is none.
    ///
    /// # Errors
    /// `Expression`, which points at what cannot be read, is no metric, or is no condition.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Merit, Metric};
    /// let error = Merit::from(Metric::Sharpe).require("max_drawdwon > -0.3").unwrap_err().to_string();
    /// assert!(error.starts_with("require, column 1: unknown metric max_drawdwon; nearest: max_drawdown"), "{error}");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn require(self, condition: &str) -> Result<Self, Error> {
        if condition.trim().is_empty() {
            return Ok(Self { require: None, ..self });
        }
        let formula = with_names(|names| Formula::condition("require", condition, names))?;
        Ok(Self { require: Some(Arc::new(formula)), ..self })
    }

    /// The requirement as it was written, where there is one.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Merit, Metric};
    /// assert_eq!(Merit::from(Metric::Cagr).requirement(), None);
    /// ```
    #[must_use]
    pub fn requirement(&self) -> Option<&str> {
        self.require.as_deref().map(Formula::text)
    }

    /// The metric that ranks, where it is one alone.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Merit, Metric};
    /// assert_eq!(Merit::from(Metric::Cagr).metric(), Some(Metric::Cagr));
    /// assert_eq!("cagr / volatility".parse::<Merit>()?.metric(), None);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn metric(&self) -> Option<Metric> {
        match self.by {
            By::Metric(metric) => Some(metric),
            By::Formula(_) => None,
        }
    }

    /// Which direction is better: of an expression, the higher one.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Better, Merit, Metric};
    /// assert_eq!(Merit::from(Metric::Costs).better(), Better::Lower);
    /// assert_eq!("-costs".parse::<Merit>()?.better(), Better::Higher);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn better(&self) -> Better {
        match self.by {
            By::Metric(metric) => metric.better(),
            By::Formula(_) => Better::Higher,
        }
    }

    /// What a trial is ranked by; `None` where that is not defined.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let trial = results.trial(0);
    /// let metrics = trial.outcome.metrics().unwrap();
    /// let twice = "2 * sharpe".parse::<Merit>()?.value(metrics);
    /// assert_eq!(twice, metrics.get(Metric::Sharpe).map(|sharpe| 2.0 * sharpe));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn value(&self, metrics: &Metrics) -> Option<f64> {
        let value = self.number(|metric| metrics.get(metric).unwrap_or(f64::NAN), &mut Vec::new());
        (!value.is_nan()).then_some(value)
    }

    /// Whether a trial meets the requirement: one that is undefined is not met.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let trial = results.trial(0);
    /// let metrics = trial.outcome.metrics().unwrap();
    /// assert!(Merit::from(Metric::Sharpe).require("trades > 0")?.admits(metrics));
    /// assert!(!Merit::from(Metric::Sharpe).require("trades > 1e6")?.admits(metrics));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn admits(&self, metrics: &Metrics) -> bool {
        self.accepts(|metric| metrics.get(metric).unwrap_or(f64::NAN), &mut Vec::new())
    }

    /// The metrics that it ranks by, or requires something of.
    pub(super) fn reads(&self) -> Vec<Metric> {
        let asked = RefCell::new(Vec::new());
        let note = |metric: Metric| {
            asked.borrow_mut().push(metric);
            f64::NAN
        };
        // Every step of a formula is run, whatever comes of it.
        self.number(note, &mut Vec::new());
        self.accepts(note, &mut Vec::new());
        asked.into_inner()
    }

    /// Whether it ranks by the same as another, whatever either requires.
    pub(super) fn ranks_as(&self, other: &Self) -> bool {
        self.by == other.by
    }

    /// What metrics are ranked by, NaN where one is not defined; the stack is room that is lent.
    #[inline]
    pub(super) fn number(&self, read: impl Fn(Metric) -> f64, stack: &mut Vec<Value>) -> f64 {
        match &self.by {
            By::Metric(metric) => read(*metric),
            By::Formula(formula) => {
                run(formula.steps(), |place| Value::Rounded(read(Metric::ALL[place])), stack).number()
            }
        }
    }

    /// Whether metrics meet the requirement.
    #[inline]
    pub(super) fn accepts(&self, read: impl Fn(Metric) -> f64, stack: &mut Vec<Value>) -> bool {
        self.require.as_deref().is_none_or(|formula| {
            let value = run(formula.steps(), |place| Value::Rounded(read(Metric::ALL[place])), stack);
            value.truth() == Some(true)
        })
    }
}

/// Does something with the names of all metrics.
fn with_names<T>(read: impl FnOnce(Names<'_>) -> T) -> T {
    let names = Metric::ALL.map(Metric::name);
    let known = format!("expected one of {}", names.join(", "));
    read(Names { what: "metric", names: &names, known: &known })
}

impl From<Metric> for Merit {
    fn from(metric: Metric) -> Self {
        Self { by: By::Metric(metric), require: None }
    }
}

impl From<&Self> for Merit {
    fn from(merit: &Self) -> Self {
        merit.clone()
    }
}

impl fmt::Display for Merit {
    /// What ranks, as it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.by {
            By::Metric(metric) => metric.fmt(f),
            By::Formula(formula) => f.pad(formula.text()),
        }
    }
}

impl FromStr for Merit {
    type Err = Error;

    /// Reads a metric's name in snake or kebab case, or an expression of metrics.
    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = match text.parse::<Metric>() {
            Ok(metric) => return Ok(metric.into()),
            Err(unknown) => unknown,
        };
        // What looks like a name in kebab case may be a difference: `sharpe-volatility`.
        let is_name = text.starts_with(|one: char| one.is_ascii_alphabetic())
            && text.chars().all(|one| one.is_ascii_alphabetic() || matches!(one, '_' | '-'));
        let formula = with_names(|names| Formula::number("rank-by", text, names));
        let formula = formula.map_err(|error| if is_name { unknown } else { error })?;
        Ok(Self { by: By::Formula(Arc::new(formula)), require: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(sharpe: f64, trades: f64) -> Metrics {
        Metrics::of_values(|metric| match metric {
            Metric::Sharpe => sharpe,
            Metric::Trades => trades,
            _ => f64::NAN,
        })
    }

    fn merit(by: &str, require: &str) -> Merit {
        by.parse::<Merit>().unwrap().require(require).unwrap()
    }

    #[test]
    fn what_is_not_defined_ranks_by_nothing_and_meets_nothing() {
        let merit = merit("sharpe - 0.5 * volatility", "max_drawdown > -0.3");
        assert_eq!((merit.value(&metrics(1.0, 3.0)), merit.admits(&metrics(1.0, 3.0))), (None, false));
        let kept = self::merit("nz(sortino) + sharpe", "trades > 2 or max_drawdown > -0.3");
        assert_eq!((kept.value(&metrics(1.0, 3.0)), kept.admits(&metrics(1.0, 3.0))), (Some(1.0), true));
        assert!(!self::merit("sharpe", "not max_drawdown > -0.3").admits(&metrics(1.0, 3.0)));
    }

    #[test]
    fn a_name_is_a_metric_and_anything_else_an_expression() {
        assert_eq!(merit("win-rate", "  "), Metric::WinRate.into());
        assert_eq!(merit("(sharpe)", "").value(&metrics(2.0, 0.0)), Some(2.0));
        assert_eq!(merit("trades-sharpe", "").value(&metrics(2.0, 5.0)), Some(3.0));
        assert_eq!(merit("-sharpe", "").value(&metrics(2.0, 5.0)), Some(-2.0));
        assert_eq!(merit("sharpe*trades", "trades>=2 && sharpe<3").to_string(), "sharpe*trades");
    }

    #[test]
    fn what_is_no_metric_or_of_the_other_kind_is_pointed_at() {
        let error = |by: &str| by.parse::<Merit>().unwrap_err().to_string();
        assert!(error("sharp").contains("unknown metric; nearest: sharpe; expected one of total_return"));
        assert!(error("2 * sharp").contains("rank-by, column 5: unknown metric sharp; nearest: sharpe"));
        assert!(error("sharpe > 1").contains("expected a number"));
        assert!(error("sharpe[1] * 2").contains("a metric has no bars"));
        let error = Merit::from(Metric::Sharpe).require("trades").unwrap_err().to_string();
        assert!(error.contains("trades is a number, expected true or false, such as trades > 0"), "{error}");
    }
}
