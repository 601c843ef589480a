//! The Rust half of the Python package: it converts, and asks the crate. What needs no speed is Python, in `lookback/`.
//!
//! No panic crosses the border (PyO3 turns one into an exception), and no lock of the crate is waited for with the
//! interpreter's lock held, except within a miss: a load is Rust alone and ends by itself.

mod array;
mod arrow;
mod bundle;
mod compiled;
mod convert;
mod error;
mod expression;
mod history;
mod portal;
mod readers;
mod request;
mod results;
mod source;
mod strategy;
mod sweep;

/// What `lookback/` imports.
#[pyo3::pymodule(gil_used = false)]
mod _lookback {
    #[pymodule_export]
    use crate::array::Loan;
    #[pymodule_export]
    use crate::bundle::{Bundle, ingest};
    #[pymodule_export]
    use crate::expression::Expression;
    #[pymodule_export]
    use crate::history::Cache;
    #[pymodule_export]
    use crate::portal::{Clock, DataPortal};
    #[pymodule_export]
    use crate::request::Request;
    #[pymodule_export]
    use crate::results::Results;
    #[pymodule_export]
    use crate::strategy::{Bar, Setup};
    #[pymodule_export]
    use crate::sweep::{functions, metrics, points, sweep};
}
