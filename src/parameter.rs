//! Parameters of a strategy and the values that a sweep gives them.

#![forbid(unsafe_code)]

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::decimal;
use crate::error::Error;

/// Values of a logarithmic range whose number is not said, and the most of them.
const LOG_VALUES: usize = 100;
const MOST_LOG_VALUES: usize = 100_000;

/// Digits of a value of a logarithmic range.
const LOG_DIGITS: u32 = 6;

/// The most values that one parameter may have: beyond it a range is taken for a slip of the pen.
const MAX_VALUES: u64 = 10_000_000;

/// A parameter of a strategy: its name and the values to try.
///
/// Numbers are decimals, so that `0.1:0.5:0.1` has exactly five values.
///
/// # Examples
/// ```
/// use lookback::sweep::Parameter;
/// let slow: Parameter = "slow=20:200:2".parse()?;
/// assert_eq!((slow.name(), slow.values().len()), ("slow", 91));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Parameter {
    name: String,
    values: Values,
    text: String,
    domain: Domain,
}

/// The values to try. A range of ten million is three numbers.
#[derive(Clone, PartialEq, Debug)]
enum Values {
    Range {
        start: Decimal,
        step: Decimal,
        count: usize,
        /// Start and step, where all values are whole and fit: a trial asks for such ones without a decimal.
        whole: Option<(usize, usize)>,
    },
    List(Vec<Decimal>),
    /// Expressions of rules; each one's value is its place.
    Choices(Vec<String>),
}

/// Which values make sense at all. The default: any number.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(crate) struct Domain {
    whole: bool,
    /// Whether expressions make no sense.
    is_number: bool,
    least: Option<Decimal>,
    most: Option<Decimal>,
}

impl Parameter {
    /// Takes a name and its values as text: `START:END[:STEP]`, `log:START:END[:COUNT]` or `a,b,c`.
    ///
    /// END is included when a step lands on it; STEP is 1 where it is not given. A logarithmic range has COUNT values, 100
    /// where it is not given, each as far from the next by its ratio, with six digits; where both ends are whole, all are,
    /// and those that round to the same count once. A list of expressions, such as
    /// `close,hlc3`, is for rules: such a parameter stands for one of them at each point.
    ///
    /// # Errors
    /// `BadParameter` where the name is no word, a number cannot be read, the step is not above 0, or END is before START.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Parameter;
    /// assert_eq!(Parameter::new("share", "0.1:0.5:0.1")?.count(), 5);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn new(name: &str, values: &str) -> Result<Self, Error> {
        let name = name.trim();
        let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !starts_well || !name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_') {
            let message = "a parameter's name is a word of letters, digits and underscores";
            return Err(Error::bad_parameter(format!("{name:?}"), message));
        }
        let text = values.trim().to_owned();
        let is_range = text.contains(':') && !text.contains('?');
        let values = match text.strip_prefix("log:") {
            Some(ends) => logarithmic(name, &text, ends)?,
            None if is_range => range(name, &text)?,
            None => list(name, &text)?,
        };
        Ok(Self { name: name.to_owned(), values, text, domain: Domain::default() })
    }

    /// The name that the strategy reads it by.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Parameter;
    /// assert_eq!("slow=20:200:2".parse::<Parameter>()?.name(), "slow");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many values there are, at least 1.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Parameter;
    /// assert_eq!("bars=1:10000000".parse::<Parameter>()?.count(), 10_000_000); // three numbers, not ten million
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn count(&self) -> usize {
        match &self.values {
            Values::Range { count, .. } => *count,
            Values::List(values) => values.len(),
            Values::Choices(choices) => choices.len(),
        }
    }

    /// One value, in the order given.
    ///
    /// # Panics
    /// Where `index` is not below [`Parameter::count`].
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Parameter;
    /// assert_eq!("share=0.1:0.5:0.1".parse::<Parameter>()?.value(2).to_string(), "0.3");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn value(&self, index: usize) -> Decimal {
        match &self.values {
            Values::Range { start, step, count, .. } => {
                assert!(index < *count, "value {index} of {count} values");
                // A product, not a sum of steps: each value is exact on its own.
                (*start + *step * Decimal::from(index)).normalize()
            }
            Values::List(values) => values[index],
            Values::Choices(choices) => {
                assert!(index < choices.len(), "value {index} of {} values", choices.len());
                Decimal::from(index)
            }
        }
    }

    /// One value as outputs tell it: a number, or the expression of its place.
    ///
    /// # Panics
    /// Where `index` is not below [`Parameter::count`].
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Parameter;
    /// assert_eq!("source=close,hlc3".parse::<Parameter>()?.told(1), "hlc3");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn told(&self, index: usize) -> String {
        match &self.values {
            Values::Choices(choices) => choices[index].clone(),
            Values::Range { .. } | Values::List(_) => self.value(index).to_string(),
        }
    }

    /// One value as the nearest binary number.
    pub(crate) fn f64_at(&self, index: usize) -> f64 {
        decimal::to_f64(self.value(index))
    }

    /// The expressions that it chooses from, where its values are no numbers.
    pub(crate) fn choices(&self) -> Option<&[String]> {
        match &self.values {
            Values::Choices(choices) => Some(choices),
            Values::Range { .. } | Values::List(_) => None,
        }
    }

    /// Whether the values were listed, and so are in any order.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.values, Values::List(_))
    }

    /// The values to try, in the order given.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Parameter;
    /// let values: Vec<String> = "fast=5:9:2".parse::<Parameter>()?.values().map(|one| one.to_string()).collect();
    /// assert_eq!(values, ["5", "7", "9"]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn values(&self) -> impl ExactSizeIterator<Item = Decimal> {
        (0..self.count()).map(|index| self.value(index))
    }

    /// Says that it counts bars: only whole numbers of at least 1 make sense.
    ///
    /// A strategy that says so of its own parameters has a bad value refused before anything runs.
    ///
    /// # Examples
    /// ```
    /// use lookback::strategies::SmaCross;
    /// use lookback::sweep::Sweep;
    /// let error = Sweep::new().parameter("fast=-5:50".parse()?).grid::<SmaCross>().unwrap_err();
    /// assert_eq!(error.to_string(), "fast: -5 in fast=-5:50 is out of range, expected a whole number of at least 1");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn bars(self) -> Self {
        self.whole().at_least(1)
    }

    /// Says that only whole numbers make sense.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Grid, Parameter};
    /// assert!(Grid::new(vec!["level=0:1:0.5".parse::<Parameter>()?.whole()], &[]).is_err());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.domain.whole = true;
        self
    }

    /// Says that no value below this one makes sense.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Grid, Parameter};
    /// assert!(Grid::new(vec!["share=-1,1".parse::<Parameter>()?.at_least(0)], &[]).is_err());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn at_least(mut self, least: impl Into<Decimal>) -> Self {
        self.domain.least = Some(least.into());
        self
    }

    /// Says that no value above this one makes sense.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Grid, Parameter};
    /// assert!(Grid::new(vec!["share=0:2".parse::<Parameter>()?.at_most(1)], &[]).is_err());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn at_most(mut self, most: impl Into<Decimal>) -> Self {
        self.domain.most = Some(most.into());
        self
    }

    /// These values where a strategy's own parameter had others: what makes sense is for the strategy to say.
    pub(crate) fn in_place_of(&self, own: &Self) -> Self {
        let domain = Domain { is_number: own.choices().is_none(), ..own.domain };
        Self { domain, ..self.clone() }
    }

    /// The value of an index as a count, where it is one. The index is below the count of values.
    #[inline]
    pub(crate) fn whole_value(&self, index: usize) -> Option<usize> {
        match &self.values {
            Values::Range { whole: Some((start, step)), .. } => Some(start + step * index),
            _ => whole_number(self.value(index)),
        }
    }

    /// The first value and the distance to the next, where each is as far from the one before.
    pub(crate) fn progression(&self) -> Option<(Decimal, Decimal)> {
        match self.values {
            Values::Range { start, step, .. } => Some((start, step)),
            Values::List(_) | Values::Choices(_) => None,
        }
    }

    /// A range with values between those of this one, and how many places lie from one of the old values to the next; whole
    /// numbers stay so. None where nothing is between them, and for what is no range.
    pub(crate) fn between(&self) -> Option<(Self, u64)> {
        let Values::Range { start, step, count, .. } = &self.values else { return None };
        let is_whole = self.domain.whole || (start.is_integer() && step.is_integer());
        let places = if is_whole { step.to_u64().filter(|step| *step > 1)? } else { 2 };
        // Of an even step, the half is enough.
        let places = if places % 2 == 0 { 2 } else { places };
        let finer = step.checked_div(Decimal::from(places))?.normalize();
        let last = Decimal::from(*count - 1).checked_mul(*step).and_then(|span| span.checked_add(*start))?;
        let text = format!("{start}:{}:{finer}", last.normalize());
        let values = range(&self.name, &text).ok()?;
        Some((Self { values, text, ..self.clone() }, places))
    }

    /// Refuses values that make no sense. A range is known by its ends and its first step.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let last = self.count() - 1;
        let bad = match &self.values {
            Values::Range { .. } => [0, 1.min(last), last]
                .map(|index| self.value(index))
                .into_iter()
                .find(|one| !self.domain.holds(*one)),
            Values::List(values) => values.iter().copied().find(|one| !self.domain.holds(*one)),
            Values::Choices(choices) if self.domain.is_number => {
                return Err(not_a_number(&self.name, &choices[0]));
            }
            Values::Choices(_) => None,
        };
        match bad {
            None => Ok(()),
            Some(value) => {
                let message = format!("{value} in {self} is out of range, expected {}", self.domain);
                Err(Error::bad_parameter(&self.name, message))
            }
        }
    }
}

impl fmt::Display for Parameter {
    /// As it was typed: `fast=5:50`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.text)
    }
}

impl FromStr for Parameter {
    type Err = Error;

    /// Reads `NAME=START:END[:STEP]`, `NAME=log:START:END[:COUNT]` or `NAME=a,b,c`.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text.split_once('=') {
            Some((name, values)) => Self::new(name, values),
            None => {
                Err(Error::bad_parameter(format!("{text:?}"), "expected NAME=START:END[:STEP] or NAME=a,b,c"))
            }
        }
    }
}

/// Reads a decimal exactly; a fraction that the type would have to round is refused.
pub(crate) fn number(subject: &str, text: &str) -> Result<Decimal, Error> {
    let read = Decimal::from_str_exact(text.trim());
    read.map(|value| value.normalize()).map_err(|_| not_a_number(subject, text))
}

fn not_a_number(subject: &str, text: &str) -> Error {
    Error::bad_parameter(subject, format!("{:?} is not a number, expected such as 5 or 0.25", text.trim()))
}

impl Domain {
    fn holds(&self, value: Decimal) -> bool {
        (!self.whole || value.is_integer())
            && self.least.is_none_or(|least| value >= least)
            && self.most.is_none_or(|most| value <= most)
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.whole { "a whole number" } else { "a number" })?;
        match (self.least, self.most) {
            (Some(least), Some(most)) => write!(f, " from {least} to {most}"),
            (Some(least), None) => write!(f, " of at least {least}"),
            (None, Some(most)) => write!(f, " of at most {most}"),
            (None, None) => Ok(()),
        }
    }
}

fn list(name: &str, text: &str) -> Result<Values, Error> {
    if text.starts_with(|first: char| first.is_ascii_lowercase() || first == '(') {
        return choices(name, text);
    }
    let (mut values, mut seen) = (Vec::new(), HashSet::new());
    for part in text.split(',') {
        let value = number(name, part)?;
        if !seen.insert(value) {
            return Err(Error::bad_parameter(name, format!("{value} is listed twice in {text}")));
        }
        values.push(value);
    }
    Ok(Values::List(values))
}

/// Expressions, parted by the commas that stand in no parentheses.
fn choices(name: &str, text: &str) -> Result<Values, Error> {
    let (mut depth, mut choices) = (0_usize, vec![String::new()]);
    for one in text.chars() {
        match one {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                choices.push(String::new());
                continue;
            }
            _ => {}
        }
        choices.last_mut().expect("there is always one").push(one);
    }
    let choices: Vec<String> = choices.iter().map(|one| one.trim().to_owned()).collect();
    match choices.iter().enumerate().find(|(at, one)| one.is_empty() || choices[..*at].contains(one)) {
        Some((_, twice)) if !twice.is_empty() => {
            Err(Error::bad_parameter(name, format!("{twice} is listed twice in {text}")))
        }
        Some(_) => Err(Error::bad_parameter(name, format!("{text} has a comma too many"))),
        None => Ok(Values::Choices(choices)),
    }
}

/// Values whose logarithms are as far from each other.
fn logarithmic(name: &str, text: &str, ends: &str) -> Result<Values, Error> {
    let parts: Vec<&str> = ends.split(':').collect();
    let (start, end, count) = match parts[..] {
        [start, end] => (start, end, Some(LOG_VALUES)),
        [start, end, count] => (start, end, count.trim().parse().ok()),
        _ => {
            let message = format!("{text}, expected log:START:END[:COUNT]");
            return Err(Error::bad_parameter(name, message));
        }
    };
    let (start, end) = (number(name, start)?, number(name, end)?);
    let Some(count) = count.filter(|count| (2..=MOST_LOG_VALUES).contains(count)) else {
        let message = format!("the count in {text}, expected a whole number from 2 to {MOST_LOG_VALUES}");
        return Err(Error::bad_parameter(name, message));
    };
    if start <= Decimal::ZERO || end <= start {
        let message =
            format!("{text}, expected START above 0 and END above START: logarithms have no others");
        return Err(Error::bad_parameter(name, message));
    }
    let is_whole = start.is_integer() && end.is_integer();
    let [low, high] = [start, end].map(|one| libm::log(decimal::to_f64(one)));
    let mut values = vec![start];
    for at in 1..count - 1 {
        #[expect(clippy::cast_precision_loss, reason = "at most a hundred thousand")]
        let share = at as f64 / (count - 1) as f64;
        let exact = Decimal::from_f64_retain(libm::exp(low + (high - low) * share));
        let value = exact.and_then(|one| if is_whole { Some(one.round()) } else { one.round_sf(LOG_DIGITS) });
        let value = value.unwrap_or(start).normalize();
        if values.last().is_some_and(|last| *last < value) && value < end {
            values.push(value);
        }
    }
    values.push(end);
    Ok(Values::List(values))
}

fn range(name: &str, text: &str) -> Result<Values, Error> {
    let parts: Vec<&str> = text.split(':').collect();
    let (start, end, step) = match parts[..] {
        [start, end] => (number(name, start)?, number(name, end)?, Decimal::ONE),
        [start, end, step] => (number(name, start)?, number(name, end)?, number(name, step)?),
        _ => {
            return Err(Error::bad_parameter(
                name,
                format!("{text} has too many colons, expected START:END[:STEP]"),
            ));
        }
    };
    if step <= Decimal::ZERO {
        return Err(Error::bad_parameter(
            name,
            format!("the step in {text} is {step}, expected a number above 0"),
        ));
    }
    if end < start {
        return Err(Error::bad_parameter(
            name,
            format!("{text} ends before it starts, expected END at or after START"),
        ));
    }
    let too_many = || Error::bad_parameter(name, format!("{text} has more than {MAX_VALUES} values"));
    let steps = end.checked_sub(start).and_then(|span| span.checked_div(step)).ok_or_else(too_many)?;
    let last = u64::try_from(steps.trunc()).ok().filter(|last| *last < MAX_VALUES).ok_or_else(too_many)?;
    // The last value is the largest, and so none of the others overflows either.
    let end = Decimal::from(last).checked_mul(step).and_then(|span| span.checked_add(start));
    let count = usize::try_from(last + 1).ok().filter(|_| end.is_some()).ok_or_else(too_many)?;
    let whole = whole_number(start).zip(whole_number(step));
    let whole = whole.filter(|(start, step)| {
        step.checked_mul(count - 1).and_then(|span| span.checked_add(*start)).is_some()
    });
    Ok(Values::Range { start, step, count, whole })
}

/// A value as a count, where it is one.
fn whole_number(value: Decimal) -> Option<usize> {
    value.is_integer().then(|| value.to_usize()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        Parameter::new("p", text).unwrap().values().map(|one| one.to_string()).collect()
    }

    fn error(text: &str) -> String {
        text.parse::<Parameter>().unwrap_err().to_string()
    }

    #[test]
    fn the_end_is_included_when_a_step_lands_on_it() {
        assert_eq!(values("1:5:2"), ["1", "3", "5"]);
        assert_eq!(values("1:6:2"), ["1", "3", "5"]);
        assert_eq!(values("7:7"), ["7"]);
        assert_eq!(values("-1:1"), ["-1", "0", "1"]);
    }

    #[test]
    fn decimal_steps_do_not_drift() {
        assert_eq!(values("0.1:0.5:0.1"), ["0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(values("0:1:0.001").len(), 1001);
        assert_eq!(values("2.50, 1"), ["2.5", "1"]);
    }

    #[test]
    fn expressions_are_parted_outside_of_parentheses_and_their_values_are_their_places() {
        let source = Parameter::new("source", "close, sma(close, 5),hl2").unwrap();
        assert_eq!(source.choices().unwrap(), ["close", "sma(close, 5)", "hl2"]);
        assert_eq!((source.count(), source.value(2).to_string()), (3, "2".to_owned()));
        assert_eq!(error("source=close,close"), "source: close is listed twice in close,close");
        assert_eq!(error("source=close,,hl2"), "source: close,,hl2 has a comma too many");
    }

    #[test]
    fn values_of_a_logarithmic_range_are_as_far_from_each_other_by_their_ratio() {
        assert_eq!(values("log:0.001:1:4"), ["0.001", "0.01", "0.1", "1"]);
        assert_eq!(values("log:0.1:0.8:3"), ["0.1", "0.282843", "0.8"]);
        assert_eq!(values("log:1:64:7"), ["1", "2", "4", "8", "16", "32", "64"]);
        assert_eq!(values("log:1:10:40").len(), 10, "whole numbers count once");
        assert_eq!(values("log:0.5:200").len(), 100);
        assert!(error("p=log:0:1").contains("expected START above 0 and END above START"));
        assert!(error("p=log:5:1").contains("expected START above 0 and END above START"));
        assert!(error("p=log:1:5:1").contains("expected a whole number from 2 to 100000"));
        assert!(error("p=log:1").contains("expected log:START:END[:COUNT]"));
        assert!(error("p=log:1:x").contains("is not a number"));
    }

    #[test]
    fn a_bad_range_says_what_is_wrong() {
        assert_eq!(error("fast=5:50:0"), "fast: the step in 5:50:0 is 0, expected a number above 0");
        assert_eq!(error("fast=50:5"), "fast: 50:5 ends before it starts, expected END at or after START");
        assert_eq!(error("fast=5:x"), "fast: \"x\" is not a number, expected such as 5 or 0.25");
        assert_eq!(error("fast=1:2:3:4"), "fast: 1:2:3:4 has too many colons, expected START:END[:STEP]");
        assert_eq!(error("fast=1,2,1"), "fast: 1 is listed twice in 1,2,1");
        assert_eq!(error("fast=1:1000000000"), "fast: 1:1000000000 has more than 10000000 values");
        assert_eq!(error("fast=0:79228162514264337593543950335:0.1").split(": ").next(), Some("fast"));
        assert_eq!(error("fast"), "\"fast\": expected NAME=START:END[:STEP] or NAME=a,b,c");
        assert_eq!(
            error("a b=1"),
            "\"a b\": a parameter's name is a word of letters, digits and underscores"
        );
        assert_eq!(error("fast="), "fast: \"\" is not a number, expected such as 5 or 0.25");
    }
}
