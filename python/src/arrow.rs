//! Arrow's C data interface: tables come in and go out without a copy, whatever library holds them.

use std::ffi::CStr;

use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

const STREAM: &CStr = c"arrow_array_stream";

/// Batches as a capsule that any reader of Arrow takes.
pub(crate) fn give(
    py: Python<'_>,
    schema: SchemaRef,
    batches: impl Iterator<Item = RecordBatch> + Send + 'static,
) -> PyResult<Bound<'_, PyCapsule>> {
    let batches: Box<dyn RecordBatchReader + Send> =
        Box::new(RecordBatchIterator::new(batches.map(Ok::<_, ArrowError>), schema));
    // Dropped with the capsule, unless its reader took it and left an empty one.
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(batches), STREAM)
}

/// The batches of anything that has `__arrow_c_stream__`: polars, pyarrow, pandas, DuckDB.
pub(crate) fn take(table: &Bound<'_, PyAny>) -> PyResult<RecordBatchStreamReader> {
    let py = table.py();
    let method = pyo3::intern!(py, "__arrow_c_stream__");
    if !table.hasattr(method)? {
        let found = table.get_type().fully_qualified_name()?;
        let message = format!(
            "expected a table with __arrow_c_stream__ (polars, pyarrow, pandas 2.2 or later, DuckDB), found {found}"
        );
        return Err(PyTypeError::new_err(message));
    }
    let capsule = table.call_method0(method)?.cast_into::<PyCapsule>()?;
    let stream = capsule.pointer_checked(Some(STREAM))?.cast::<FFI_ArrowArrayStream>();
    // SAFETY: a capsule of this name holds a stream, by the interface's contract, and it is alive here; `from_raw` moves
    // the stream out and leaves a released one, so that the capsule's own destructor frees nothing twice.
    let reader = unsafe { RecordBatchStreamReader::from_raw(stream.as_ptr()) };
    reader.map_err(|error| PyValueError::new_err(error.to_string()))
}
