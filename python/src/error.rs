//! The crate's errors as Python's exceptions, with the same words.

use lookback::{Error, ErrorKind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// An error of the crate on its way to Python: `?` makes it, PyO3 raises it.
pub(crate) struct Fault(Error);

/// What a function of the module returns.
pub(crate) type Answer<T> = Result<T, Raise>;

/// Either an error of the crate, or an exception that is one already.
pub(crate) enum Raise {
    Fault(Fault),
    Exception(PyErr),
}

impl From<Error> for Raise {
    fn from(error: Error) -> Self {
        Self::Fault(Fault(error))
    }
}

impl From<PyErr> for Raise {
    fn from(error: PyErr) -> Self {
        Self::Exception(error)
    }
}

impl From<Raise> for PyErr {
    fn from(raise: Raise) -> Self {
        match raise {
            Raise::Exception(error) => error,
            Raise::Fault(Fault(error)) => Python::attach(|py| exception(py, &error)),
        }
    }
}

/// The class in `lookback.errors` for a kind of error.
fn class(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Parse { .. } => "ParseError",
        ErrorKind::Invalid { .. } => "InvalidError",
        ErrorKind::Corrupt { .. } => "CorruptError",
        ErrorKind::Io { .. } => "FileError",
        ErrorKind::LookAhead { .. } => "LookAheadError",
        ErrorKind::UnknownAsset { .. } => "UnknownAssetError",
        ErrorKind::UnknownField { .. } => "UnknownFieldError",
        ErrorKind::TooFewBars { .. } => "TooFewBarsError",
        ErrorKind::BeforeFirstBar { .. } => "BeforeFirstBarError",
        ErrorKind::BadFrequency { .. } => "FrequencyError",
        ErrorKind::BadBarCount { .. } => "BarCountError",
        ErrorKind::BadDate { .. } => "DateError",
        ErrorKind::BadParameter { .. } => "ParameterError",
        ErrorKind::Expression { .. } => "ExpressionError",
        ErrorKind::Strategy { .. } => "StrategyError",
        ErrorKind::Load { .. } | ErrorKind::LoadPanicked { .. } => "LoadError",
        _ => "LookbackError",
    }
}

/// A `StrategyError` with such words.
pub(crate) fn strategy(py: Python<'_>, message: &str) -> PyErr {
    exception(py, &ErrorKind::Strategy { message: message.to_owned() }.into())
}

fn exception(py: Python<'_>, error: &Error) -> PyErr {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let make = || -> PyResult<PyErr> {
        let module = MODULE.get_or_try_init(py, || py.import("lookback.errors").map(Bound::unbind))?;
        let class = module.bind(py).getattr(class(error.kind()))?;
        let made = class.call1((error.to_string(),))?;
        match error.kind() {
            ErrorKind::UnknownAsset { name, nearest } => {
                made.setattr("name", name)?;
                made.setattr("nearest", nearest)?;
            }
            ErrorKind::Parse { file, line, .. } => {
                made.setattr("file", file)?;
                made.setattr("line", line)?;
            }
            ErrorKind::Expression { column, .. } => made.setattr("column", column)?,
            _ => {}
        }
        Ok(PyErr::from_value(made))
    };
    // An interpreter that cannot import the package's own module says why.
    make().unwrap_or_else(|error| error)
}
