//! Bundles: the sample, one at rest, or one made of a table in memory.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::RecordBatchReader;
use arrow_ipc::writer::FileWriter;
use lookback::bundle::{self, IngestOptions, Ingested};
use lookback::{Error, Symbol};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use tempfile::TempDir;

use crate::array;
use crate::arrow;
use crate::convert;
use crate::error::Answer;

/// Bars with a version that digests them. Immutable; every copy is one reference count.
#[pyclass(frozen, module = "lookback")]
pub(crate) struct Bundle {
    pub(crate) bundle: lookback::Bundle,
    /// Where a table was put that has no folder of its own; gone with the last bundle made of it.
    pub(crate) scratch: Option<Arc<TempDir>>,
    readings: Vec<String>,
    notes: Vec<String>,
    warnings: Vec<String>,
}

impl Bundle {
    pub(crate) fn lent(bundle: lookback::Bundle) -> Self {
        Self { bundle, scratch: None, readings: Vec::new(), notes: Vec::new(), warnings: Vec::new() }
    }

    fn ingested(ingested: Ingested, scratch: Option<Arc<TempDir>>) -> Self {
        let Ingested { bundle, readings, notes, warnings, .. } = ingested;
        Self { bundle, scratch, readings, notes, warnings }
    }
}

#[pymethods]
impl Bundle {
    /// The bars that come with the package.
    #[staticmethod]
    fn sample() -> Answer<Self> {
        Ok(Self::lent(lookback::Bundle::sample()?))
    }

    /// The bundle in a folder, as `ingest` wrote it.
    #[staticmethod]
    fn open(py: Python<'_>, folder: PathBuf) -> Answer<Self> {
        Ok(Self::lent(py.detach(|| lookback::Bundle::open(folder))?))
    }

    /// The bars of a table.
    #[staticmethod]
    #[pyo3(signature = (table, *, out = None, **options))]
    fn from_frame(
        py: Python<'_>,
        table: &Bound<'_, PyAny>,
        out: Option<PathBuf>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> Answer<Self> {
        let options = self::options(options)?;
        let batches = arrow::take(table)?;
        let ingested = py.detach(|| -> Result<Self, Error> {
            let scratch = TempDir::new().map_err(|error| Error::io("a temporary folder", "making", error))?;
            let file = scratch.path().join("table.arrow");
            spool(batches, &file)?;
            let out = out.unwrap_or_else(|| scratch.path().join("bundle"));
            let ingested = bundle::ingest(&[&file], &out, &options)?;
            // Only the bundle stays, where it lives in the scratch itself.
            std::fs::remove_file(&file).map_err(|error| Error::io(file.display(), "removing", error))?;
            Ok(Self::ingested(ingested, Some(Arc::new(scratch))))
        })?;
        Ok(ingested)
    }

    /// Appends the bars of a table to the bundle's folder, and gives the new version; this one stays as it is.
    #[pyo3(signature = (table, **options))]
    fn append(
        &self,
        py: Python<'_>,
        table: &Bound<'_, PyAny>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> Answer<Self> {
        let options = self::options(options)?;
        let missing = || {
            Error::invalid(
                "append",
                "a bundle that lies in no folder, such as the sample, cannot grow".to_owned(),
            )
        };
        let folder = self.bundle.folder().ok_or_else(missing)?;
        let batches = arrow::take(table)?;
        let appended = py.detach(|| -> Result<Self, Error> {
            let scratch = TempDir::new().map_err(|error| Error::io("a temporary folder", "making", error))?;
            let file = scratch.path().join("table.arrow");
            spool(batches, &file)?;
            Ok(Self::ingested(bundle::append(&[&file], folder, &options)?, self.scratch.clone()))
        })?;
        Ok(appended)
    }

    #[getter]
    fn name(&self) -> &str {
        self.bundle.name()
    }

    /// The digest of bars and events.
    #[getter]
    fn version(&self) -> &str {
        self.bundle.version()
    }

    #[getter]
    fn frequency(&self) -> &'static str {
        self.bundle.frequency().name()
    }

    #[getter]
    fn folder(&self) -> Option<PathBuf> {
        self.bundle.folder().map(std::path::Path::to_path_buf)
    }

    #[getter]
    fn symbols(&self) -> Vec<&str> {
        self.bundle.symbols().iter().map(Symbol::as_str).collect()
    }

    /// What was read as what, one sentence for all files that are read alike.
    #[getter]
    fn readings(&self) -> Vec<&str> {
        self.readings.iter().map(String::as_str).collect()
    }

    /// What was mended or passed over.
    #[getter]
    fn notes(&self) -> Vec<&str> {
        self.notes.iter().map(String::as_str).collect()
    }

    /// What is likely to be wrong with the bars.
    #[getter]
    fn warnings(&self) -> Vec<&str> {
        self.warnings.iter().map(String::as_str).collect()
    }

    /// How many bars an asset has.
    fn bars(&self, asset: &str) -> Answer<usize> {
        Ok(self.bundle.bars(self.bundle.asset(asset)?))
    }

    /// The moments of an asset's bars, as `datetime64[ns]`.
    fn calendar(&self, py: Python<'_>, asset: &str) -> Answer<Py<PyAny>> {
        array::moments(py, self.bundle.calendar(self.bundle.asset(asset)?)?)
    }

    fn __len__(&self) -> usize {
        self.bundle.symbols().len()
    }

    fn __contains__(&self, asset: &str) -> bool {
        self.bundle.asset(asset).is_ok()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.bundle.version() == other.bundle.version()
    }

    fn __hash__(&self) -> u64 {
        let digits = self.bundle.version().get(..16).unwrap_or_default();
        u64::from_str_radix(digits, 16).unwrap_or_default()
    }

    fn __repr__(&self) -> String {
        format!("Bundle({})", described(&self.bundle))
    }
}

/// What a person wants to know of a bundle at first sight.
pub(crate) fn described(bundle: &lookback::Bundle) -> String {
    let symbols = bundle.symbols();
    let names: Vec<_> = symbols.iter().take(4).map(Symbol::as_str).collect();
    let more = if symbols.len() > 4 { format!(" and {} more", symbols.len() - 4) } else { String::new() };
    let version = bundle.version().get(..12).unwrap_or_default();
    format!("{}: {}{more}; {}, version {version}", bundle.name(), names.join(", "), bundle.frequency())
}

fn spool(
    batches: arrow_array::ffi_stream::RecordBatchStreamReader,
    file: &std::path::Path,
) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::invalid("table", error.to_string());
    let out = std::fs::File::create(file).map_err(|error| Error::io(file.display(), "creating", error))?;
    let mut writer = FileWriter::try_new_buffered(out, &batches.schema()).map_err(|error| failed(&error))?;
    for batch in batches {
        let batch = batch.map_err(|error| failed(&error))?;
        writer.write(&batch).map_err(|error| failed(&error))?;
    }
    writer.finish().map_err(|error| failed(&error))
}

/// Reads files of bars and writes a bundle to the folder `out`.
#[pyfunction]
#[pyo3(signature = (paths, *, out, **options))]
pub(crate) fn ingest(
    py: Python<'_>,
    paths: &Bound<'_, PyAny>,
    out: PathBuf,
    options: Option<&Bound<'_, PyDict>>,
) -> Answer<Bundle> {
    let paths: Vec<PathBuf> = match paths.extract::<PathBuf>() {
        Ok(one) => vec![one],
        Err(_) => paths.try_iter()?.map(|path| path?.extract()).collect::<PyResult<_>>()?,
    };
    let options = self::options(options)?;
    let ingested = py.detach(|| bundle::ingest(&paths, &out, &options))?;
    Ok(Bundle::ingested(ingested, None))
}

/// The options of an ingest by their names.
fn options(given: Option<&Bound<'_, PyDict>>) -> Answer<IngestOptions> {
    let mut options = IngestOptions::default();
    for (key, value) in given.into_iter().flatten() {
        let name: String = key.extract()?;
        if value.is_none() {
            continue;
        }
        let text = || -> Answer<String> { Ok(value.str()?.to_str()?.to_owned()) };
        let bad = |message: String| Error::bad_parameter(name.clone(), message);
        match name.as_str() {
            "symbol" => options.symbol = Some(text()?),
            "adjustments" => options.adjustments = Some(value.extract()?),
            "lenient" => options.lenient = value.extract()?,
            "preset" => options.preset = Some(text()?.parse().map_err(bad)?),
            "columns" => options.columns = Some(convert::names(&value)?),
            "delimiter" => options.delimiter = Some(text()?.parse().map_err(bad)?),
            "decimal" => options.decimal = Some(text()?.parse().map_err(bad)?),
            "tz" => options.time_zone = Some(text()?),
            "date_format" => options.date_format = Some(text()?),
            "stamp" => options.stamp = Some(text()?.parse().map_err(bad)?),
            "session" => options.session = Some(text()?.parse().map_err(bad)?),
            "price_scale" => {
                options.price_scale =
                    Some(text()?.parse().map_err(|_| bad("expected a number such as 0.0001".to_owned()))?)
            }
            "allow_negative" => options.allow_negative = value.extract()?,
            _ => return Err(pyo3::exceptions::PyTypeError::new_err(unknown(&name)).into()),
        }
    }
    Ok(options)
}

fn unknown(name: &str) -> String {
    format!(
        "unknown option {name}, expected one of symbol, adjustments, lenient, preset, columns, delimiter, decimal, tz, \
         date_format, stamp, session, price_scale, allow_negative"
    )
}
