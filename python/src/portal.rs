//! The portal: windows of a bundle for all of Python's threads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lookback::portal::{Options, Short};
use lookback::{Adjust, Error, Field, Frequency, Timestamp, When, cache};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::bundle::Bundle;
use crate::convert;
use crate::error::Answer;
use crate::readers::Shared;
use crate::request::Request;

/// What a call of `history` asks for, beside its end.
#[derive(PartialEq, Eq, Hash)]
struct Asked {
    assets: Vec<String>,
    fields: Vec<Field>,
    bar_count: usize,
    frequency: Option<String>,
    adjust: Adjust,
    short: Short,
    closed_only: bool,
    clock: Option<Timestamp>,
}

/// Bound requests are made once: so many are remembered.
const MOST: usize = 1_024;

/// What a portal and its clocks share.
pub(crate) struct Desk {
    pub(crate) shared: Arc<Shared>,
    known: Mutex<HashMap<Asked, Py<Request>>>,
}

impl Desk {
    #[expect(clippy::too_many_arguments, reason = "they are those of a call from Python")]
    fn request(
        &self,
        py: Python<'_>,
        assets: &Bound<'_, PyAny>,
        fields: &Bound<'_, PyAny>,
        bar_count: usize,
        frequency: Option<&str>,
        adjust: &str,
        short: &str,
        closed_only: bool,
        clock: Option<Timestamp>,
    ) -> Answer<Py<Request>> {
        let asked = Asked {
            assets: convert::names(assets)?,
            fields: convert::fields(fields)?,
            bar_count,
            frequency: frequency.map(str::to_owned),
            adjust: convert::adjust(adjust)?,
            short: self::short(short)?,
            closed_only,
            clock,
        };
        // Held for a look-up alone; making a request waits for nobody who wants this lock.
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&asked) {
            return Ok(known.clone_ref(py));
        }
        let made = self.resolve(&asked)?;
        let made = Py::new(py, Request::new(self.shared.clone(), made, clock))?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Clocks that move make ever new ones.
        let forgotten = if known.len() >= MOST { known.drain().collect() } else { Vec::new() };
        known.insert(asked, made.clone_ref(py));
        drop(known);
        drop(forgotten);
        Ok(made)
    }

    fn resolve(&self, asked: &Asked) -> Answer<lookback::Request> {
        let snapshot = self.shared.portal.snapshot();
        let frequency: Frequency =
            convert::frequency(asked.frequency.as_deref(), snapshot.bundle().frequency())?;
        let request =
            snapshot.request(&asked.assets, asked.fields.iter().copied(), asked.bar_count, frequency)?;
        let request = request.adjust(asked.adjust).short(asked.short);
        Ok(if asked.closed_only { request.closed_only() } else { request })
    }
}

fn short(name: &str) -> Answer<Short> {
    match name {
        "error" => Ok(Short::Error),
        "pad" => Ok(Short::Pad),
        _ => Err(Error::invalid("short", format!("is {name:?}, expected \"error\" or \"pad\"")).into()),
    }
}

/// Windows of a bundle's bars, out of one lock-free cache for all threads.
#[pyclass(frozen, subclass, module = "lookback._lookback", name = "_DataPortal")]
pub(crate) struct DataPortal {
    pub(crate) desk: Arc<Desk>,
}

#[pymethods]
impl DataPortal {
    #[new]
    #[pyo3(signature = (bundle, *, cache_bytes = None, cache_entries = None, permanent_windows = None))]
    fn new(
        bundle: &Bundle,
        cache_bytes: Option<u64>,
        cache_entries: Option<usize>,
        permanent_windows: Option<Vec<usize>>,
    ) -> Answer<Self> {
        let defaults = Options::default();
        let cache = cache::Options {
            capacity_bytes: cache_bytes.unwrap_or(defaults.cache.capacity_bytes),
            variable_entries: cache_entries.unwrap_or(defaults.cache.variable_entries),
            ..defaults.cache
        };
        let permanent_windows = permanent_windows.unwrap_or(defaults.permanent_windows);
        let portal = lookback::DataPortal::new(bundle.bundle.clone(), Options { cache, permanent_windows })?;
        let shared = Shared::new(portal);
        shared.keep(bundle.scratch.as_ref());
        Ok(Self { desk: Arc::new(Desk { shared, known: Mutex::default() }) })
    }

    #[getter]
    fn bundle(&self) -> Bundle {
        Bundle::lent(self.desk.shared.portal.snapshot().bundle().clone())
    }

    #[pyo3(signature = (assets, fields, bar_count, frequency = None, *, adjust = "total", short = "error", closed_only = false))]
    #[expect(clippy::too_many_arguments, reason = "they are those of a call from Python")]
    fn request(
        &self,
        py: Python<'_>,
        assets: &Bound<'_, PyAny>,
        fields: &Bound<'_, PyAny>,
        bar_count: usize,
        frequency: Option<&str>,
        adjust: &str,
        short: &str,
        closed_only: bool,
    ) -> Answer<Py<Request>> {
        self.desk.request(py, assets, fields, bar_count, frequency, adjust, short, closed_only, None)
    }

    /// `history` as an array, without the dispatch over the other types.
    #[pyo3(signature = (assets, fields, bar_count, frequency = None, end = None, *, adjust = "total", short = "error", closed_only = false))]
    #[expect(clippy::too_many_arguments, reason = "they are those of a call from Python")]
    fn _array(
        &self,
        py: Python<'_>,
        assets: &Bound<'_, PyAny>,
        fields: &Bound<'_, PyAny>,
        bar_count: usize,
        frequency: Option<&str>,
        end: Option<&Bound<'_, PyAny>>,
        adjust: &str,
        short: &str,
        closed_only: bool,
    ) -> Answer<Py<PyAny>> {
        let request =
            self.desk.request(py, assets, fields, bar_count, frequency, adjust, short, closed_only, None)?;
        request.get().array(py, end)
    }

    fn _at(&self, clock: &Bound<'_, PyAny>) -> Answer<Clock> {
        let when = convert::when(clock)?;
        let bad = || Error::invalid("clock", "expected a date or a moment".to_owned());
        let clock = match when.ok_or_else(bad)? {
            When::Moment(moment) => moment,
            day @ When::Date(_) => self.desk.shared.portal.snapshot().span_of(day).1,
        };
        Ok(Clock { desk: self.desk.clone(), clock })
    }

    /// Serves another bundle from now on; true unless it is the version that is served already.
    fn replace(&self, bundle: &Bundle) -> Answer<bool> {
        self.desk.shared.keep(bundle.scratch.as_ref());
        let replaced = self.desk.shared.portal.replace(bundle.bundle.clone())?;
        self.desk.shared.changed();
        Ok(replaced)
    }

    /// Takes up what was appended to the bundle's folder; true where there was something.
    fn refresh(&self, py: Python<'_>) -> Answer<bool> {
        let changed = py.detach(|| self.desk.shared.portal.refresh())?;
        self.desk.shared.changed();
        Ok(changed)
    }

    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        stats(py, &self.desk.shared.portal.stats())
    }

    fn __repr__(&self) -> String {
        let snapshot = self.desk.shared.portal.snapshot();
        format!("DataPortal({})", crate::bundle::described(snapshot.bundle()))
    }
}

/// A clock over a portal: no window ends after it, and nothing that is not yet known at it shows.
#[pyclass(frozen, subclass, module = "lookback._lookback", name = "_Clock")]
pub(crate) struct Clock {
    desk: Arc<Desk>,
    clock: Timestamp,
}

#[pymethods]
impl Clock {
    #[getter]
    fn _nanoseconds(&self) -> i64 {
        self.clock.0
    }

    #[pyo3(signature = (assets, fields, bar_count, frequency = None, *, adjust = "total", short = "error", closed_only = false))]
    #[expect(clippy::too_many_arguments, reason = "they are those of a call from Python")]
    fn request(
        &self,
        py: Python<'_>,
        assets: &Bound<'_, PyAny>,
        fields: &Bound<'_, PyAny>,
        bar_count: usize,
        frequency: Option<&str>,
        adjust: &str,
        short: &str,
        closed_only: bool,
    ) -> Answer<Py<Request>> {
        self.desk.request(
            py,
            assets,
            fields,
            bar_count,
            frequency,
            adjust,
            short,
            closed_only,
            Some(self.clock),
        )
    }

    fn __repr__(&self) -> String {
        format!("Clock({})", self.clock)
    }
}

/// The cache's counts as a dictionary; bytes and entries as whole numbers.
pub(crate) fn stats<'py>(py: Python<'py>, stats: &cache::Stats) -> PyResult<Bound<'py, PyDict>> {
    let text = serde_json::to_string(stats)
        .map_err(|error| pyo3::exceptions::PyValueError::new_err(error.to_string()))?;
    let counts = py.import("json")?.call_method1("loads", (text,))?.cast_into::<PyDict>()?;
    counts.set_item("hit_rate", stats.hit_rate())?;
    Ok(counts)
}
