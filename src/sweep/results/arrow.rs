//! Results as Arrow: a column for each parameter and metric, taken from the columns in which they are held.

#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow_buffer::NullBuffer;
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, Field, Schema};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::Results;
use super::outcomes::Placed;
use super::slab::Slab;
use crate::asset::Symbol;
use crate::decimal;
use crate::parameter::Parameter;
use crate::sweep::grid::{Grid, Place};
use crate::sweep::metrics::{Metric, Unit};

impl Results {
    /// The trials that ran, in order, as one Arrow record batch.
    ///
    /// - Columns: `asset`, the parameters (whole numbers as `Int64`, others as `Float64`), `status`, `error`, and the
    ///   metrics: counts as `UInt64`, others as `Float64`.
    /// - Missing: null where a metric is not defined or a trial failed; `error` is null where it did not.
    ///
    /// # Examples
    /// ```
    /// use arrow_array::cast::AsArray;
    /// use arrow_array::types::Int64Type;
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let batch = sweep.run::<SmaCross>(&portal)?.to_record_batch(&Metric::ALL);
    /// assert_eq!(batch.num_rows(), 2);
    /// let fast = batch.column_by_name("fast").unwrap().as_primitive::<Int64Type>();
    /// assert_eq!(fast.values(), &[20, 30]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn to_record_batch(&self, metrics: &[Metric]) -> RecordBatch {
        self.batch(&self.placed().collect::<Vec<_>>(), metrics)
    }

    /// The same in batches of some 8,000 rows, so that what is written is not held once more as a whole.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let rows: usize = results.record_batches(&[Metric::Sharpe]).map(|batch| batch.num_rows()).sum();
    /// assert_eq!(rows, results.len());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn record_batches(&self, metrics: &[Metric]) -> impl Iterator<Item = RecordBatch> {
        let mut slabs = self.placed().peekable();
        std::iter::from_fn(move || {
            slabs.peek()?;
            Some(self.batch(&slabs.by_ref().take(Slab::TOGETHER).collect::<Vec<_>>(), metrics))
        })
    }

    /// Writes them as an Arrow IPC file, which pandas, polars and DuckDB read as it is.
    ///
    /// # Errors
    /// What writing fails with.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let mut file = Vec::new();
    /// sweep.run::<SmaCross>(&portal)?.write_arrow(&Metric::ALL, &mut file)?;
    /// assert!(file.starts_with(b"ARROW1") && file.ends_with(b"ARROW1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write_arrow(&self, metrics: &[Metric], out: impl Write) -> io::Result<()> {
        let write = || {
            let mut file = FileWriter::try_new(out, &self.batch(&[], metrics).schema())?;
            self.record_batches(metrics).try_for_each(|batch| file.write(&batch))?;
            file.finish()
        };
        write().map_err(|error| match error {
            ArrowError::IoError(_, error) => error,
            error => io::Error::other(error),
        })
    }

    fn placed(&self) -> impl Iterator<Item = Placed<'_>> {
        (0..self.assets.len()).flat_map(|asset| self.outcomes.placed_of(asset))
    }

    fn batch(&self, rows: &[Placed<'_>], metrics: &[Metric]) -> RecordBatch {
        record_batch(&self.grid, |asset| &self.assets[asset], rows, metrics)
    }
}

/// Rows as columns.
pub(super) fn record_batch<'a>(
    grid: &Grid,
    symbol: impl Fn(usize) -> &'a Symbol,
    placed: &[Placed<'_>],
    metrics: &[Metric],
) -> RecordBatch {
    let mut columns: Vec<(Field, ArrayRef)> = Vec::new();
    let mut add = |name: &str, nullable: bool, array: ArrayRef| {
        columns.push((Field::new(name, array.data_type().clone(), nullable), array));
    };
    let rows = || placed.iter().flat_map(|one| std::iter::repeat_n(one.asset, one.slab.rows()));
    let assets = rows().map(|asset| symbol(asset).as_str());
    add("asset", false, Arc::new(StringArray::from_iter_values(assets)));
    for (position, parameter) in grid.parameters().iter().enumerate() {
        add(parameter.name(), false, self::parameter(grid, placed, position, parameter));
    }
    let errors = || {
        placed.iter().flat_map(|one| {
            let mut failures = one.slab.failures().iter().peekable();
            (0..one.slab.rows()).map(move |row| failures.next_if(|(failed, _)| *failed == row))
        })
    };
    let statuses = errors().map(|error| if error.is_some() { "failed" } else { "ok" });
    add("status", false, Arc::new(StringArray::from_iter_values(statuses)));
    let errors = errors().map(|failure| failure.map(|(_, error)| error.to_string()));
    add("error", true, Arc::new(errors.collect::<StringArray>()));
    for metric in metrics {
        let values: Vec<f64> = placed.iter().flat_map(|one| one.slab.metric(*metric)).copied().collect();
        add(metric.name(), true, column(*metric, values));
    }
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .expect("columns of one length, as they say they are")
}

/// A parameter of every row.
fn parameter(grid: &Grid, placed: &[Placed<'_>], position: usize, parameter: &Parameter) -> ArrayRef {
    let mut place = Place::new(grid);
    let points = placed.iter().flat_map(|one| (0..one.slab.rows()).map(|row| one.point(row)));
    let indices = points.map(|point| place.point(point).index(position));
    if let Some(choices) = parameter.choices() {
        return Arc::new(StringArray::from_iter_values(indices.map(|index| choices[index].as_str())));
    }
    let whole = |value: Decimal| value.is_integer().then(|| value.to_i64()).flatten();
    // Decimals are turned into numbers once for each value, and not for each row.
    match parameter.values().map(whole).collect::<Option<Vec<i64>>>() {
        Some(values) => Arc::new(Int64Array::from_iter_values(indices.map(|index| values[index]))),
        None => {
            let values: Vec<f64> = parameter.values().map(decimal::to_f64).collect();
            Arc::new(Float64Array::from_iter_values(indices.map(|index| values[index])))
        }
    }
}

/// A metric of every row; what is NaN is null.
fn column(metric: Metric, values: Vec<f64>) -> ArrayRef {
    match metric.unit() {
        Unit::Bars | Unit::Trades => {
            Arc::new(values.into_iter().map(|value| value.to_u64()).collect::<UInt64Array>())
        }
        _ => {
            let defined: NullBuffer = values.iter().map(|value| !value.is_nan()).collect();
            Arc::new(Float64Array::new(values.into(), Some(defined).filter(|nulls| nulls.null_count() > 0)))
        }
    }
}
