//! Trials as rows of a table: asset, parameters, status, error, metrics; as JSON objects and as cells.

#![forbid(unsafe_code)]

use std::io::{self, Write};

use rust_decimal::prelude::ToPrimitive;

use super::trial::{Outcome, Trial};
use crate::parameter::Parameter;
use crate::sweep::grid::Grid;
use crate::sweep::metrics::{Metric, Unit};

/// Values of a parameter whose texts are kept: more are made as they are written.
const TEXTS: usize = 1 << 16;

/// From here on a decimal is longer than its power of ten, and holds no more digits.
const LONG: f64 = 1e16;

/// A number as a cell, with the fewest digits that read back as the same number.
///
/// # Examples
/// ```
/// use lookback::sweep::number_cell;
/// assert_eq!([12.0, 0.1, 1e300].map(number_cell), ["12", "0.1", "1e300"]);
/// ```
#[must_use]
pub fn number_cell(value: f64) -> String {
    if value.abs() >= LONG { format!("{value:e}") } else { value.to_string() }
}

/// How trials of a grid are written, a row each. Names are made once, so that a row costs little beside its trial.
///
/// # Examples
/// ```
/// use lookback::strategies::SmaCross;
/// use lookback::sweep::{Metric, Rows, Sweep};
/// use lookback::{Bundle, portal::{DataPortal, Options}};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
/// let results = sweep.run::<SmaCross>(&portal)?;
/// let rows = Rows::new(results.grid(), &[Metric::Trades]);
/// assert_eq!(rows.header(), ["asset", "fast", "slow", "status", "error", "trades"]);
/// let mut row = Vec::new();
/// rows.write_json(&results.trial(0), &mut row)?;
/// let row = String::from_utf8_lossy(&row);
/// assert!(row.starts_with(r#"{"asset":"IBM","fast":20,"slow":50,"status":"ok","error":null,"trades":"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rows {
    header: Vec<String>,
    parameters: Vec<Written>,
    /// Keys as they stand before their values.
    metrics: Vec<(Metric, String)>,
}

/// A parameter as it is written.
#[derive(Clone, Debug)]
struct Written {
    /// The key as it stands before its value.
    key: String,
    /// Each of its values; none where there are too many.
    texts: Vec<String>,
    /// Whether they are expressions, which are written as texts are.
    is_choice: bool,
}

impl Rows {
    /// Rows with these metrics, in this order.
    #[must_use]
    pub fn new(grid: &Grid, metrics: &[Metric]) -> Self {
        let parameters = || grid.parameters().iter().map(Parameter::name);
        let names = std::iter::once("asset").chain(parameters()).chain(["status", "error"]);
        let header = names.chain(metrics.iter().map(|metric| metric.name())).map(str::to_owned).collect();
        // Parameters and metrics are plain words: nothing to escape.
        let key = |name: &str| format!(",\"{name}\":");
        Self {
            header,
            parameters: grid
                .parameters()
                .iter()
                .map(|one| {
                    let texts = if one.count() > TEXTS { None } else { Some(one.values()) };
                    let texts = texts.into_iter().flatten().map(|value| value.to_string());
                    let choices = one.choices().map(<[String]>::to_vec);
                    let is_choice = choices.is_some();
                    Written {
                        key: key(one.name()),
                        texts: choices.unwrap_or_else(|| texts.collect()),
                        is_choice,
                    }
                })
                .collect(),
            metrics: metrics.iter().map(|metric| (*metric, key(metric.name()))).collect(),
        }
    }

    /// The names of the columns.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Writes a trial as one JSON object, without a line's end. Counts are whole numbers, what is not defined is null.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn write_json(&self, trial: &Trial<'_>, out: &mut impl Write) -> io::Result<()> {
        out.write_all(b"{\"asset\":")?;
        serde_json::to_writer(&mut *out, trial.asset.as_str())?;
        for (position, parameter) in self.parameters.iter().enumerate() {
            out.write_all(parameter.key.as_bytes())?;
            match parameter.choice(trial, position) {
                Some(choice) => serde_json::to_writer(&mut *out, choice)?,
                None => parameter.write(trial, position, out)?,
            }
        }
        out.write_all(b",\"status\":\"")?;
        out.write_all(trial.outcome.status().as_bytes())?;
        out.write_all(b"\",\"error\":")?;
        match trial.outcome {
            Outcome::Failed(error) => serde_json::to_writer(&mut *out, &error.to_string())?,
            _ => out.write_all(b"null")?,
        }
        for (metric, key) in &self.metrics {
            out.write_all(key.as_bytes())?;
            let value = trial.outcome.metrics().and_then(|metrics| metrics.get(*metric));
            // As `Metric::to_json` has it, without making a value of JSON first.
            match (value, metric.unit()) {
                (Some(value), Unit::Bars | Unit::Trades) => {
                    serde_json::to_writer(&mut *out, &value.to_u64())?
                }
                (value, _) => serde_json::to_writer(&mut *out, &value)?,
            }
        }
        out.write_all(b"}")
    }

    /// Writes a trial as one line of CSV, with its end. What is not defined is an empty cell.
    ///
    /// # Errors
    /// What writing fails with.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let mut line = Vec::new();
    /// Rows::new(results.grid(), &[Metric::OpenTrades]).write_csv(&results.trial(0), &mut line)?;
    /// assert!(line.starts_with(b"IBM,20,50,ok,,") && line.ends_with(b"\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write_csv(&self, trial: &Trial<'_>, out: &mut impl Write) -> io::Result<()> {
        write_cell(trial.asset.as_str(), out)?;
        for (position, parameter) in self.parameters.iter().enumerate() {
            out.write_all(b",")?;
            match parameter.choice(trial, position) {
                Some(choice) => write_cell(choice, out)?,
                None => parameter.write(trial, position, out)?,
            }
        }
        out.write_all(b",")?;
        out.write_all(trial.outcome.status().as_bytes())?;
        out.write_all(b",")?;
        if let Some(error) = trial.outcome.error() {
            write_cell(&error.to_string(), out)?;
        }
        for (metric, _) in &self.metrics {
            out.write_all(b",")?;
            match trial.outcome.metrics().and_then(|metrics| metrics.get(*metric)) {
                Some(value) if value.abs() >= LONG => write!(out, "{value:e}")?,
                Some(value) => write!(out, "{value}")?,
                None => {}
            }
        }
        out.write_all(b"\n")
    }

    /// A trial's cells in the header's order; what is not defined is an empty one.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let rows = Rows::new(results.grid(), &[Metric::OpenTrades]);
    /// let cells: Vec<String> = rows.cells(&results.trial(0)).collect();
    /// assert_eq!(cells[..5], ["IBM", "20", "50", "ok", ""]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn cells<'a>(&'a self, trial: &Trial<'a>) -> impl Iterator<Item = String> {
        let outcome = trial.outcome;
        let error = outcome.error().map(ToString::to_string).unwrap_or_default();
        let point = trial.point;
        let values = self.metrics.iter().map(move |(metric, _)| {
            let value = outcome.metrics().and_then(|metrics| metrics.get(*metric));
            value.map(number_cell).unwrap_or_default()
        });
        std::iter::once(trial.asset.to_string())
            .chain(point.told().map(|(_, value)| value.to_string()))
            .chain([outcome.status().to_owned(), error])
            .chain(values)
    }
}

impl Written {
    /// The expression of a trial's point, where the parameter chooses between some.
    fn choice(&self, trial: &Trial<'_>, position: usize) -> Option<&str> {
        self.is_choice.then(|| self.texts[trial.point.index(position)].as_str())
    }

    fn write(&self, trial: &Trial<'_>, position: usize, out: &mut impl Write) -> io::Result<()> {
        match self.texts.get(trial.point.index(position)) {
            Some(text) => out.write_all(text.as_bytes()),
            None => write!(out, "{}", trial.point.value(position)),
        }
    }
}

/// A text as a cell, in quotes where it needs them.
///
/// - Source: RFC 4180, section 2.
fn write_cell(text: &str, out: &mut impl Write) -> io::Result<()> {
    if text.contains(['"', ',', '\n', '\r']) {
        write!(out, "\"{}\"", text.replace('"', "\"\""))
    } else {
        out.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_a_reader_would_cut_it() {
        let cell = |text: &str| {
            let mut out = Vec::new();
            write_cell(text, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(cell("no luck"), "no luck");
        assert_eq!(cell("found \"a\", expected b"), "\"found \"\"a\"\", expected b\"");
        assert_eq!(cell("two\nlines"), "\"two\nlines\"");
    }
}
