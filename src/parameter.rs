//! Parameters of a strategy and the values that a sweep gives them.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use crate::error::Error;

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
    values: Vec<Decimal>,
    text: String,
}

impl Parameter {
    /// Takes a name and its values as text: `START:END[:STEP]` or `a,b,c`.
    ///
    /// END is included when a step lands on it; STEP is 1 where it is not given.
    ///
    /// # Errors
    /// `BadParameter` where the name is no word, a number cannot be read, the step is not above 0, or END is before START.
    pub fn new(name: &str, values: &str) -> Result<Self, Error> {
        let name = name.trim();
        let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !starts_well || !name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_') {
            let message = "a parameter's name is a word of letters, digits and underscores";
            return Err(Error::bad_parameter(format!("{name:?}"), message));
        }
        let text = values.trim().to_owned();
        let values = if text.contains(':') { range(name, &text)? } else { list(name, &text)? };
        Ok(Self { name: name.to_owned(), values, text })
    }

    /// The name that the strategy reads it by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The values to try, in the order given.
    #[must_use]
    pub fn values(&self) -> &[Decimal] {
        &self.values
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

    /// Reads `NAME=START:END[:STEP]` or `NAME=a,b,c`.
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
    read.map(|value| value.normalize()).map_err(|_| {
        Error::bad_parameter(
            subject,
            format!("{:?} is not a number, expected such as 5 or 0.25", text.trim()),
        )
    })
}

fn list(name: &str, text: &str) -> Result<Vec<Decimal>, Error> {
    let mut values = Vec::new();
    for part in text.split(',') {
        let value = number(name, part)?;
        if values.contains(&value) {
            return Err(Error::bad_parameter(name, format!("{value} is listed twice in {text}")));
        }
        values.push(value);
    }
    Ok(values)
}

fn range(name: &str, text: &str) -> Result<Vec<Decimal>, Error> {
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
    // A product, not a sum of steps: each value is exact on its own.
    let value = |index: u64| Decimal::from(index).checked_mul(step)?.checked_add(start);
    (0..=last).map(|index| value(index).map(|one| one.normalize()).ok_or_else(too_many)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        Parameter::new("p", text).unwrap().values().iter().map(ToString::to_string).collect()
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
