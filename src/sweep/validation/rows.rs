//! Folds and paths as rows: CSV, and a record batch of Arrow.

#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, Field, Schema};

use super::paths::CombinatorialResults;
use super::walk::WalkForwardResults;
use crate::sweep::metrics::Metric;
use crate::sweep::results::number_cell;

/// A column by its name; every row has a cell in it.
enum Column {
    Text(Vec<Option<String>>),
    Count(Vec<u64>),
    Number(Vec<Option<f64>>),
}

/// Columns of one length.
#[derive(Default)]
struct Columns(Vec<(String, Column)>);

impl Columns {
    fn text(&mut self, name: impl Into<String>, values: impl Iterator<Item = Option<String>>) {
        self.0.push((name.into(), Column::Text(values.collect())));
    }

    fn count(&mut self, name: &str, values: impl Iterator<Item = usize>) {
        self.0.push((name.to_owned(), Column::Count(values.map(|value| value as u64).collect())));
    }

    fn number(&mut self, name: impl Into<String>, values: impl Iterator<Item = Option<f64>>) {
        self.0.push((name.into(), Column::Number(values.collect())));
    }

    fn write_csv(&self, out: &mut dyn Write) -> io::Result<()> {
        // What needs quotes is an expression of a parameter that chooses among some.
        let quoted = |text: &str| match text.contains([',', '"', '\n']) {
            true => format!("\"{}\"", text.replace('"', "\"\"")),
            false => text.to_owned(),
        };
        let names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        writeln!(out, "{}", names.join(","))?;
        let rows = self.0.first().map_or(0, |(_, column)| column.len());
        for row in 0..rows {
            let cell = |(_, column): &(String, Column)| match column {
                Column::Text(values) => values[row].as_deref().map(quoted).unwrap_or_default(),
                Column::Count(values) => values[row].to_string(),
                Column::Number(values) => values[row].map_or_else(String::new, number_cell),
            };
            writeln!(out, "{}", self.0.iter().map(cell).collect::<Vec<_>>().join(","))?;
        }
        Ok(())
    }

    fn batch(self) -> RecordBatch {
        let array = |column: Column| -> ArrayRef {
            match column {
                Column::Text(values) => Arc::new(values.into_iter().collect::<StringArray>()),
                Column::Count(values) => Arc::new(UInt64Array::from(values)),
                Column::Number(values) => Arc::new(values.into_iter().collect::<Float64Array>()),
            }
        };
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = (self.0.into_iter())
            .map(|(name, column)| (name, array(column)))
            .map(|(name, array)| (Field::new(name, array.data_type().clone(), true), array))
            .unzip();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("columns of one length")
    }
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Count(values) => values.len(),
            Self::Number(values) => values.len(),
        }
    }
}

impl WalkForwardResults {
    /// Writes a header and a row for each fold: its spans, its point, every metric in and out of sample (`in_…`, `out_…`), and
    /// its efficiency. What is not defined is an empty cell.
    ///
    /// # Errors
    /// What writing fails with.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let (scheme, mut csv) = ("train=1000,test=500".parse()?, Vec::new());
    /// let results = sweep.walk_forward::<SmaCross>(&portal, scheme, Choice::default(), Watch::default())?;
    /// results.write_csv(&mut csv)?;
    /// assert!(csv.starts_with(b"asset,fold,train_first,train_last,test_first,test_last,fast,slow,eligible,failed,"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write_csv(&self, mut out: impl Write) -> io::Result<()> {
        self.columns().write_csv(&mut out)
    }

    /// The same rows as one Arrow record batch.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let scheme = "train=1000,test=500".parse()?;
    /// let results = sweep.walk_forward::<SmaCross>(&portal, scheme, Choice::default(), Watch::default())?;
    /// assert_eq!(results.to_record_batch().num_rows(), 5);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn to_record_batch(&self) -> RecordBatch {
        self.columns().batch()
    }

    /// Writes the rows as an Arrow IPC file.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn write_arrow(&self, out: impl Write) -> io::Result<()> {
        write_arrow(&self.to_record_batch(), out)
    }

    fn columns(&self) -> Columns {
        let folds = || {
            let walks = self.walks.iter().flatten();
            walks.flat_map(|walk| walk.folds.iter().enumerate().map(move |(at, fold)| (walk, at, fold)))
        };
        let mut columns = Columns::default();
        columns.text("asset", folds().map(|(walk, ..)| Some(walk.symbol.to_string())));
        columns.count("fold", folds().map(|(_, at, _)| at + 1));
        columns.text("train_first", folds().map(|(.., fold)| Some(fold.train.first.to_string())));
        columns.text("train_last", folds().map(|(.., fold)| Some(fold.train.last.to_string())));
        columns.text("test_first", folds().map(|(.., fold)| Some(fold.test.first.to_string())));
        columns.text("test_last", folds().map(|(.., fold)| Some(fold.test.last.to_string())));
        for (position, parameter) in self.grid.parameters().iter().enumerate() {
            let value = |point: usize| {
                let told = self.grid.point(point).told().nth(position);
                told.map(|(_, value)| value.to_string())
            };
            columns.text(parameter.name(), folds().map(|(.., fold)| fold.point.and_then(value)));
        }
        columns.count("eligible", folds().map(|(.., fold)| fold.eligible));
        columns.count("failed", folds().map(|(.., fold)| fold.failed));
        columns.number("efficiency", folds().map(|(.., fold)| fold.efficiency()));
        for metric in Metric::ALL {
            let inside = folds().map(|(.., fold)| fold.in_sample.as_ref()?.get(metric));
            columns.number(format!("in_{metric}"), inside);
        }
        for metric in Metric::ALL {
            columns.number(format!("out_{metric}"), folds().map(|(.., fold)| fold.out_of_sample.get(metric)));
        }
        columns
    }
}

impl CombinatorialResults {
    /// Writes a header and a row for each path, with every metric. What is not defined is an empty cell.
    ///
    /// # Errors
    /// What writing fails with.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let (scheme, mut csv) = ("groups=6,test=2".parse()?, Vec::new());
    /// let results = sweep.cross_validate::<SmaCross>(&portal, scheme, Choice::default(), Watch::default())?;
    /// results.write_csv(&mut csv)?;
    /// assert_eq!(String::from_utf8_lossy(&csv).lines().count(), 1 + 5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write_csv(&self, mut out: impl Write) -> io::Result<()> {
        self.columns().write_csv(&mut out)
    }

    /// The same rows as one Arrow record batch.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let scheme = "groups=5,test=3".parse()?;
    /// let results = sweep.cross_validate::<SmaCross>(&portal, scheme, Choice::default(), Watch::default())?;
    /// assert_eq!(results.to_record_batch().num_rows(), 6);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn to_record_batch(&self) -> RecordBatch {
        self.columns().batch()
    }

    /// Writes the rows as an Arrow IPC file.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn write_arrow(&self, out: impl Write) -> io::Result<()> {
        write_arrow(&self.to_record_batch(), out)
    }

    fn columns(&self) -> Columns {
        let paths = || {
            let assets = self.paths.iter().flatten();
            assets.flat_map(|of| of.paths.iter().enumerate().map(move |(at, path)| (of, at, path)))
        };
        let mut columns = Columns::default();
        columns.text("asset", paths().map(|(of, ..)| Some(of.symbol.to_string())));
        columns.count("path", paths().map(|(_, at, _)| at + 1));
        for metric in Metric::ALL {
            columns.number(metric.name(), paths().map(|(.., path)| path.out_of_sample.get(metric)));
        }
        columns
    }
}

fn write_arrow(batch: &RecordBatch, out: impl Write) -> io::Result<()> {
    let write = || {
        let mut file = FileWriter::try_new(out, &batch.schema())?;
        file.write(batch)?;
        file.finish()
    };
    write().map_err(|error| match error {
        ArrowError::IoError(_, error) => error,
        error => io::Error::other(error),
    })
}
