//! Rules made of Python's operators: each step writes a part of the text that a quant would have written.

use lookback::rule::Expression as Text;
use lookback::rule::words::{call, input};
use pyo3::basic::CompareOp;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString, PyTuple};

use crate::error::Answer;

/// A part of a rule; `str(expression)` is its text in the language of rules.
#[pyclass(frozen, module = "lookback")]
#[derive(Clone)]
pub(crate) struct Expression(Text);

/// A number, text in the language of rules, or an expression.
fn operand(value: &Bound<'_, PyAny>) -> PyResult<Text> {
    if let Ok(expression) = value.cast::<Expression>() {
        return Ok(expression.get().0.clone());
    }
    let is_number = value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>();
    if is_number && !value.is_instance_of::<PyBool>() {
        return Ok(Text::from(value.extract::<f64>()?));
    }
    let found = value.get_type().qualname()?;
    Err(PyTypeError::new_err(format!("expected an expression of lookback or a number, found {found}")))
}

#[pymethods]
impl Expression {
    /// An input such as `close`, or a parameter, by its name.
    #[staticmethod]
    fn name(name: &str) -> Self {
        Self(input(name))
    }

    /// A function of the language, called.
    #[staticmethod]
    #[pyo3(signature = (function, *arguments))]
    fn call(function: &str, arguments: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let arguments = arguments.iter().map(|one| operand(&one)).collect::<PyResult<Vec<_>>>()?;
        Ok(Self(call(function, arguments)))
    }

    fn crosses_above(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone().crosses_above(operand(other)?)))
    }

    fn crosses_below(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone().crosses_below(operand(other)?)))
    }

    /// `yes` where this holds, `no` where it does not.
    fn choose(&self, yes: &Bound<'_, PyAny>, no: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone().choose(operand(yes)?, operand(no)?)))
    }

    /// The value of so many bars ago: 0 and up, or a parameter.
    fn __getitem__(&self, bars: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone().past(operand(bars)?)))
    }

    fn __add__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone() + operand(other)?))
    }

    fn __radd__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(operand(other)? + self.0.clone()))
    }

    fn __sub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone() - operand(other)?))
    }

    fn __rsub__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(operand(other)? - self.0.clone()))
    }

    fn __mul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone() * operand(other)?))
    }

    fn __rmul__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(operand(other)? * self.0.clone()))
    }

    fn __truediv__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone() / operand(other)?))
    }

    fn __rtruediv__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(operand(other)? / self.0.clone()))
    }

    fn __mod__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone() % operand(other)?))
    }

    fn __rmod__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(operand(other)? % self.0.clone()))
    }

    fn __neg__(&self) -> Self {
        Self(-self.0.clone())
    }

    fn __and__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone() & operand(other)?))
    }

    fn __or__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(self.0.clone() | operand(other)?))
    }

    fn __rand__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(operand(other)? & self.0.clone()))
    }

    fn __ror__(&self, other: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(operand(other)? | self.0.clone()))
    }

    fn __invert__(&self) -> Self {
        Self(!self.0.clone())
    }

    fn __richcmp__(&self, other: &Bound<'_, PyAny>, operator: CompareOp) -> PyResult<Self> {
        let (this, other) = (self.0.clone(), operand(other)?);
        Ok(Self(match operator {
            CompareOp::Lt => this.below(other),
            CompareOp::Le => this.at_most(other),
            CompareOp::Eq => this.equals(other),
            CompareOp::Ne => this.differs_from(other),
            CompareOp::Gt => this.above(other),
            CompareOp::Ge => this.at_least(other),
        }))
    }

    /// `and`, `or`, `not` and chained comparisons ask for a truth that an expression does not have.
    fn __bool__(&self) -> PyResult<bool> {
        Err(PyTypeError::new_err(
            "a rule is true on some bars and false on others: combine rules with & | ~ in place of and, or, not, and write \
             (a < b) & (b < c) in place of a < b < c",
        ))
    }

    /// Reads the text as a rule.
    fn check(&self) -> Answer<()> {
        self.0.rule()?;
        Ok(())
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        Ok(PyString::new(py, &format!("Expression({:?})", self.0.to_string())))
    }
}
