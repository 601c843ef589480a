//! Trials as rows of a table: asset, parameters, status, error, metrics; as JSON objects and as cells.

#![forbid(unsafe_code)]

use std::io::{self, Write};

use super::trial::{Outcome, Trial};
use crate::parameter::Parameter;
use crate::sweep::grid::Grid;
use crate::sweep::metrics::Metric;

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
    /// Keys as they stand before their values.
    parameters: Vec<String>,
    metrics: Vec<(Metric, String)>,
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
            parameters: parameters().map(key).collect(),
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
        for (key, (_, value)) in self.parameters.iter().zip(trial.point.iter()) {
            write!(out, "{key}{value}")?;
        }
        write!(out, ",\"status\":\"{}\",\"error\":", trial.outcome.status())?;
        match trial.outcome {
            Outcome::Failed(error) => serde_json::to_writer(&mut *out, &error.to_string())?,
            _ => out.write_all(b"null")?,
        }
        for (metric, key) in &self.metrics {
            out.write_all(key.as_bytes())?;
            let value = trial.outcome.metrics().and_then(|metrics| metrics.get(*metric));
            serde_json::to_writer(&mut *out, &metric.to_json(value))?;
        }
        out.write_all(b"}")
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
            .chain(point.iter().map(|(_, value)| value.to_string()))
            .chain([outcome.status().to_owned(), error])
            .chain(values)
    }
}
