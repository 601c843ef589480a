//! A bound request: resolved once, asked for as often as needed.

use std::sync::Arc;

use lookback::{Calendar, End, OwnedWindow, Timestamp};
use pyo3::prelude::*;

use crate::array;
use crate::convert;
use crate::error::Answer;
use crate::readers::{self, Shared};

/// Assets, fields and a bar count, resolved once. Calling it with an end gives the window as an array.
#[pyclass(frozen, module = "lookback")]
pub(crate) struct Request {
    shared: Arc<Shared>,
    request: lookback::Request,
    clock: Option<Timestamp>,
}

impl Request {
    pub(crate) fn new(shared: Arc<Shared>, request: lookback::Request, clock: Option<Timestamp>) -> Self {
        Self { shared, request, clock }
    }

    pub(crate) fn array(&self, py: Python<'_>, end: Option<&Bound<'_, PyAny>>) -> Answer<Py<PyAny>> {
        array::window(py, self.window(end)?, self.request.assets().len(), self.request.fields().len())
    }
}

#[pymethods]
impl Request {
    /// The window as an array that cannot be written.
    #[pyo3(signature = (end = None))]
    fn __call__(&self, py: Python<'_>, end: Option<&Bound<'_, PyAny>>) -> Answer<Py<PyAny>> {
        self.array(py, end)
    }

    /// The array of a window, the moments of its bars, and how many rows in front are padding.
    #[pyo3(signature = (end = None))]
    fn _named(
        &self,
        py: Python<'_>,
        end: Option<&Bound<'_, PyAny>>,
    ) -> Answer<(Py<PyAny>, Py<PyAny>, usize)> {
        let window = self.window(end)?;
        let range = window.as_window().bar_range();
        let padding = window.as_window().bar_count() - range.len();
        let moments = array::moments(py, self.all_moments()?)?;
        let slice = pyo3::types::PySlice::new(py, signed(range.start), signed(range.end), 1);
        let moments = moments.bind(py).get_item(slice)?.unbind();
        let values = array::window(py, window, self.request.assets().len(), self.request.fields().len())?;
        Ok((values, moments, padding))
    }

    #[getter]
    fn assets(&self) -> Vec<&str> {
        self.request.assets().iter().map(|asset| asset.as_str()).collect()
    }

    #[getter]
    fn fields(&self) -> Vec<&'static str> {
        self.request.fields().iter().map(|field| field.name()).collect()
    }

    #[getter]
    fn bar_count(&self) -> usize {
        self.request.bar_count()
    }

    #[getter]
    fn frequency(&self) -> &'static str {
        self.request.frequency().name()
    }

    #[getter]
    fn adjust(&self) -> &'static str {
        self.request.adjustment().name()
    }

    /// The moments of all bars that ends count, as `datetime64[ns]`.
    #[getter]
    fn calendar(&self, py: Python<'_>) -> Answer<Py<PyAny>> {
        array::moments(py, self.all_moments()?)
    }

    fn __repr__(&self) -> String {
        let fields: Vec<_> = self.request.fields().iter().map(|field| field.name()).collect();
        let (assets, bars) = (self.request.assets(), self.request.bar_count());
        let names: Vec<_> = assets.iter().take(3).map(|asset| asset.as_str()).collect();
        let more = if assets.len() > 3 { format!(" and {} more", assets.len() - 3) } else { String::new() };
        format!(
            "Request({}{more}: {}; {bars} bars of {}, adjust={:?})",
            names.join(", "),
            fields.join(", "),
            self.request.frequency(),
            self.request.adjustment().name()
        )
    }
}

impl Request {
    fn window(&self, end: Option<&Bound<'_, PyAny>>) -> Answer<OwnedWindow> {
        let end = end.map(convert::end).transpose()?;
        Ok(readers::ask(&self.shared, |reader| {
            let end = match (end, self.clock) {
                (Some(end), _) => end,
                (None, Some(clock)) => End::from(clock),
                (None, None) => last(reader.snapshot().calendar(&self.request)?.len()),
            };
            let window = match self.clock {
                Some(clock) => reader.at(clock).history(&self.request, end)?,
                None => reader.history(&self.request, end)?,
            };
            Ok(window.to_owned())
        })?)
    }

    fn all_moments(&self) -> Answer<Calendar> {
        Ok(readers::ask(&self.shared, |reader| reader.snapshot().calendar(&self.request))?)
    }
}

/// A bundle holds no asset without a bar.
fn last(bars: usize) -> End {
    End::Bar(bars.saturating_sub(1))
}

fn signed(bar: usize) -> isize {
    isize::try_from(bar).expect("a layout holds fewer than 2^63 bars")
}
