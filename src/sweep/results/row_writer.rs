//! Rows of trials as a file, written as they come: any number of them, in memory for some thousand.

#![forbid(unsafe_code)]

use std::io::{self, Write};

use arrow_array::RecordBatch;
use arrow_ipc::writer::FileWriter;
use arrow_schema::ArrowError;
#[cfg(feature = "parquet")]
use parquet::arrow::ArrowWriter;

use super::Results;
use super::arrow::record_batch;
use super::batch::{Batch, Observer};
use super::rows::Rows;
use super::trial::Trial;
use crate::error::{Error, ErrorKind};
use crate::sweep::grid::Grid;
use crate::sweep::metrics::{Metric, Unit};

/// The forms of a file of rows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum RowFormat {
    /// A header and a line for each trial.
    Csv,
    /// The elements of a JSON array, without its brackets.
    Json,
    /// An Arrow IPC file.
    Arrow,
    /// A Parquet file.
    #[cfg(feature = "parquet")]
    Parquet,
}

impl RowFormat {
    /// About how many bytes a file of so many rows takes; `None` where they cannot be counted.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Grid, Metric, RowFormat};
    /// let grid = Grid::new(vec!["fast=5:50".parse()?, "slow=20:200:2".parse()?], &["fast < slow"])?;
    /// let bytes = RowFormat::Arrow.bytes(&grid, &Metric::ALL, 1_000_000_000).unwrap();
    /// assert!((150..300).contains(&(bytes / 1_000_000_000)));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn bytes(self, grid: &Grid, metrics: &[Metric], rows: usize) -> Option<u64> {
        let parameters = grid.parameters().len() as u64;
        let counts =
            metrics.iter().filter(|one| matches!(one.unit(), Unit::Bars | Unit::Trades)).count() as u64;
        let ratios = metrics.len() as u64 - counts;
        let each = match self {
            // What a number takes as text; those that count are short, others have all their digits.
            Self::Csv => 8 + 4 * parameters + 3 * counts + 19 * ratios,
            Self::Json => {
                let names: usize = metrics.iter().map(|one| one.name().len() + 4).sum();
                let named: usize = grid.parameters().iter().map(|one| one.name().len() + 4).sum();
                60 + (names + named) as u64 + 3 * parameters + 3 * counts + 19 * ratios
            }
            Self::Arrow => 20 + 8 * (parameters + counts + ratios),
            #[cfg(feature = "parquet")]
            Self::Parquet => 4 + 2 * parameters + 2 * counts + 8 * ratios,
        };
        each.checked_mul(rows as u64)
    }
}

/// Writes rows as they come, as an [`Observer`] of a sweep.
///
/// # Examples
/// ```
/// use lookback::strategies::SmaCross;
/// use lookback::sweep::{Best, Keep, Metric, RowFormat, RowWriter, Sweep, Watch};
/// use lookback::{Bundle, portal::{DataPortal, Options}};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM").keep(Keep::Best(Best { count: 1, ..Best::default() }));
/// let mut file = Vec::new();
/// let mut rows = RowWriter::new(RowFormat::Csv, &sweep.grid::<SmaCross>()?, &[Metric::Sharpe], &mut file)?;
/// sweep.run_observed::<SmaCross>(&portal, Watch::default(), &mut rows)?;
/// rows.finish()?;
/// let text = String::from_utf8_lossy(&file);
/// assert_eq!(text.lines().count(), 1 + 3930);
/// assert_eq!(text.lines().next(), Some("asset,fast,slow,status,error,sharpe"));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Debug)]
pub struct RowWriter<W: Write + Send> {
    metrics: Vec<Metric>,
    rows: Rows,
    line: Vec<u8>,
    form: Form<W>,
}

enum Form<W: Write + Send> {
    Csv(W),
    /// With whether a row was written.
    Json(W, bool),
    Arrow(Box<FileWriter<W>>),
    #[cfg(feature = "parquet")]
    Parquet(Box<ArrowWriter<W>>),
}

impl<W: Write + Send> RowWriter<W> {
    /// Begins a file with these metrics, in this order.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn new(format: RowFormat, grid: &Grid, metrics: &[Metric], mut out: W) -> Result<Self, Error> {
        let rows = Rows::new(grid, metrics);
        let schema = || record_batch(grid, |_| unreachable!("there is no row"), &[], metrics).schema();
        let form = match format {
            RowFormat::Csv => {
                // Parameters and metrics are plain words: nothing to quote.
                writeln!(out, "{}", rows.header().join(",")).map_err(failed)?;
                Form::Csv(out)
            }
            RowFormat::Json => Form::Json(out, false),
            RowFormat::Arrow => {
                Form::Arrow(Box::new(FileWriter::try_new(out, &schema()).map_err(arrow_failed)?))
            }
            #[cfg(feature = "parquet")]
            RowFormat::Parquet => {
                let writer = ArrowWriter::try_new(out, schema(), None);
                Form::Parquet(Box::new(writer.map_err(parquet_failed)?))
            }
        };
        Ok(Self { metrics: metrics.to_vec(), rows, line: Vec::new(), form })
    }

    /// Writes the trials that ran and were kept, in order: for those who write after a run.
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
    /// let mut rows = RowWriter::new(RowFormat::Json, results.grid(), &[Metric::Trades], Vec::new())?;
    /// rows.write(&results)?;
    /// let text = String::from_utf8(rows.finish()?).unwrap();
    /// assert_eq!(text.lines().count(), 2);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn write(&mut self, results: &Results) -> Result<(), Error> {
        let metrics = self.metrics.clone();
        self.put(results.ran(), results.record_batches(&metrics))
    }

    /// Ends the file, and gives back what it was written to.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn finish(self) -> Result<W, Error> {
        match self.form {
            Form::Csv(out) | Form::Json(out, _) => Ok(out),
            Form::Arrow(mut writer) => {
                writer.finish().map_err(arrow_failed)?;
                writer.into_inner().map_err(arrow_failed)
            }
            #[cfg(feature = "parquet")]
            Form::Parquet(writer) => writer.into_inner().map_err(parquet_failed),
        }
    }

    fn put<'a>(
        &mut self,
        trials: impl Iterator<Item = Trial<'a>>,
        mut batches: impl Iterator<Item = RecordBatch>,
    ) -> Result<(), Error> {
        let Self { rows, line, form, .. } = self;
        match form {
            Form::Csv(out) => {
                for trial in trials {
                    line.clear();
                    rows.write_csv(&trial, line).map_err(failed)?;
                    out.write_all(line).map_err(failed)?;
                }
                Ok(())
            }
            Form::Json(out, is_begun) => {
                for trial in trials {
                    line.clear();
                    if std::mem::replace(is_begun, true) {
                        line.extend_from_slice(b",\n");
                    }
                    rows.write_json(&trial, line).map_err(failed)?;
                    out.write_all(line).map_err(failed)?;
                }
                Ok(())
            }
            Form::Arrow(writer) => batches.try_for_each(|batch| writer.write(&batch)).map_err(arrow_failed),
            #[cfg(feature = "parquet")]
            Form::Parquet(writer) => {
                batches.try_for_each(|batch| writer.write(&batch)).map_err(parquet_failed)
            }
        }
    }
}

impl<W: Write + Send> Observer for RowWriter<W> {
    fn observe(&mut self, batch: &Batch<'_>) -> Result<(), Error> {
        let metrics = self.metrics.clone();
        self.put(batch.trials(), std::iter::once_with(|| batch.to_record_batch(&metrics)))
    }
}

impl<W: Write + Send> std::fmt::Debug for Form<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Csv(_) => "Csv",
            Self::Json(..) => "Json",
            Self::Arrow(_) => "Arrow",
            #[cfg(feature = "parquet")]
            Self::Parquet(_) => "Parquet",
        })
    }
}

/// Says what the system said; whoever knows the file's name adds it.
fn failed(error: io::Error) -> Error {
    Error::with_source(ErrorKind::Load { message: error.to_string() }, error)
}

fn arrow_failed(error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, error) => failed(error),
        error => Error::load(error.to_string()),
    }
}

#[cfg(feature = "parquet")]
fn parquet_failed(error: parquet::errors::ParquetError) -> Error {
    Error::load(error.to_string())
}
