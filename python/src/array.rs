//! NumPy arrays over memory of the crate: no copy, never writable, and alive for as long as any array is.
//!
//! An array's `base` is a [`Loan`], which holds the block by a reference count. It lends no buffer of its own, so NumPy
//! refuses `setflags(write=True)`: the base says nothing of being writable.

use std::ffi::c_void;
use std::ptr;

use lookback::{Calendar, OwnedWindow};
use numpy::npyffi::{NPY_ARRAY_ALIGNED, NpyTypes, PY_ARRAY_API, PyArrayObject, get_type_object, npy_intp};
use numpy::{Element, PyArrayDescr, PyArrayDescrMethods, dtype};
use pyo3::prelude::*;

use crate::error::Answer;

/// What an array is a view of; it keeps that alive.
#[pyclass(frozen, module = "lookback._lookback")]
pub(crate) struct Loan {
    held: Held,
}

/// Held for what it keeps alive, and never read.
enum Held {
    Window(#[expect(dead_code, reason = "it keeps the block alive")] OwnedWindow),
    Calendar(#[expect(dead_code, reason = "it keeps the moments alive")] Calendar),
}

#[pymethods]
impl Loan {
    fn __repr__(&self) -> &'static str {
        match self.held {
            Held::Window(_) => "<lookback window>",
            Held::Calendar(_) => "<lookback calendar>",
        }
    }
}

/// A window as an array `(bars, fields)` for one asset, `(bars, assets, fields)` for several: columns are asset-major.
pub(crate) fn window(py: Python<'_>, window: OwnedWindow, assets: usize, fields: usize) -> Answer<Py<PyAny>> {
    let (data, rows, bars) = {
        let view = window.as_window().view();
        let between = view.strides().get(1).copied().unwrap_or(0);
        (view.as_ptr(), between, view.nrows())
    };
    const STEP: npy_intp = size_of::<f64>() as npy_intp;
    let column = rows * STEP;
    let loan = Loan { held: Held::Window(window) };
    if assets == 1 {
        view(py, loan, dtype::<f64>(py), data, &mut [count(bars), count(fields)], &mut [STEP, column])
    } else {
        let dims = &mut [count(bars), count(assets), count(fields)];
        view(py, loan, dtype::<f64>(py), data, dims, &mut [STEP, count(fields) * column, column])
    }
}

/// Moments as an array of `datetime64[ns]`.
pub(crate) fn moments(py: Python<'_>, calendar: Calendar) -> Answer<Py<PyAny>> {
    let (data, bars) = (calendar.as_slice().as_ptr(), calendar.len());
    let loan = Loan { held: Held::Calendar(calendar) };
    let nanoseconds = PyArrayDescr::new(py, "datetime64[ns]")?;
    view(py, loan, nanoseconds, data, &mut [count(bars)], &mut [size_of::<i64>() as npy_intp])
}

fn count(items: usize) -> npy_intp {
    npy_intp::try_from(items).expect("what is in memory is fewer than 2^63 items")
}

/// Makes an array of `dims` over `data`, which `loan` holds.
///
/// Every index within `dims` must lie, by `strides` in bytes, inside of what `loan` holds; both callers take them from a
/// slice or view of it.
fn view<T: Element>(
    py: Python<'_>,
    loan: Loan,
    of: Bound<'_, PyArrayDescr>,
    data: *const T,
    dims: &mut [npy_intp],
    strides: &mut [npy_intp],
) -> Answer<Py<PyAny>> {
    let loan = Py::new(py, loan)?;
    let count = i32::try_from(dims.len()).expect("at most three dimensions");
    // SAFETY: NumPy's own table, once it is imported; a failed import raises, as PyO3 has it for all of NumPy.
    let class = unsafe { get_type_object(py, NpyTypes::PyArray_Type) };
    // SAFETY: `dims` and `strides` have `count` items each; `data` and what they reach is memory that `loan` keeps in place
    // for as long as it lives: a block and a calendar never move or change. Without NPY_ARRAY_WRITEABLE nothing writes
    // through the pointer. The reference to `of` is given away, as the call asks.
    let array = unsafe {
        PY_ARRAY_API.PyArray_NewFromDescr(
            py,
            class,
            of.into_dtype_ptr(),
            count,
            dims.as_mut_ptr(),
            strides.as_mut_ptr(),
            data.cast_mut().cast::<c_void>(),
            NPY_ARRAY_ALIGNED,
            ptr::null_mut(),
        )
    };
    // SAFETY: a new reference or null with an exception set, which becomes the error.
    let array = unsafe { Bound::from_owned_ptr_or_err(py, array) }?;
    // SAFETY: `array` is an array that has no base yet; the reference to the loan is given away, in failure too.
    let failed = unsafe {
        PY_ARRAY_API.PyArray_SetBaseObject(py, array.as_ptr().cast::<PyArrayObject>(), loan.into_ptr())
    };
    if failed < 0 { Err(PyErr::fetch(py).into()) } else { Ok(array.unbind()) }
}
