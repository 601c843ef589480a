//! What Python says of time, fields and assets, as the crate takes it.

use std::str::FromStr;

use lookback::{Adjust, End, Error, Field, Frequency, Timestamp, When};
use pyo3::prelude::*;
use pyo3::types::{PyDate, PyDateTime, PyInt, PyString};

use crate::error::Answer;

/// Where a window ends: a bar as an `int`, or a moment in any of the types that Python has for one.
pub(crate) fn end(value: &Bound<'_, PyAny>) -> Answer<End> {
    if value.is_exact_instance_of::<PyInt>() {
        return Ok(End::Bar(bar(value)?));
    }
    if let Some(when) = when(value)? {
        return Ok(End::At(when));
    }
    if value.hasattr("__index__")? {
        return Ok(End::Bar(bar(value)?));
    }
    let found = value.get_type().qualname()?;
    Err(Error::invalid("end", format!("is of type {found}, expected a bar's number or a date")).into())
}

fn bar(value: &Bound<'_, PyAny>) -> Answer<usize> {
    value.extract().map_err(|_| {
        let found = value.str().map_or_else(|_| "out of range".to_owned(), |text| text.to_string());
        Error::invalid("end", format!("is {found}, expected a bar's number, from 0 on")).into()
    })
}

/// A moment: text, `datetime`, `date`, `pandas.Timestamp` or `numpy.datetime64`; naive ones are UTC. `None` for another type.
pub(crate) fn when(value: &Bound<'_, PyAny>) -> Answer<Option<When>> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Some(text.to_str()?.parse()?));
    }
    // A pandas Timestamp is a datetime, and has nanoseconds beside.
    if let Ok(moment) = value.cast::<PyDateTime>() {
        return Ok(Some(When::Moment(Timestamp(nanoseconds(moment)?))));
    }
    if value.cast::<PyDate>().is_ok() {
        return Ok(Some(value.str()?.to_str()?.parse()?));
    }
    if value.get_type().name()? == "datetime64" {
        let text = value.str()?;
        let text = text.to_str()?;
        let moment = if text.contains('T') { format!("{text}Z") } else { text.to_owned() };
        return Ok(Some(moment.parse()?));
    }
    Ok(None)
}

/// Nanoseconds since the Unix epoch.
fn nanoseconds(moment: &Bound<'_, PyDateTime>) -> Answer<i64> {
    let py = moment.py();
    let out_of_range = || Error::invalid("end", "is a moment beyond the years 1678 to 2262".to_owned());
    if let Ok(unit) = moment.getattr(pyo3::intern!(py, "unit")) {
        let per: i64 = match unit.extract::<String>()?.as_str() {
            "s" => 1_000_000_000,
            "ms" => 1_000_000,
            "us" => 1_000,
            _ => 1,
        };
        // `value` is in nanoseconds whatever the unit, and overflows where nanoseconds do.
        let stored = moment
            .getattr(pyo3::intern!(py, "_value"))
            .or_else(|_| moment.getattr(pyo3::intern!(py, "value")).and_then(|value| value.floor_div(per)))?;
        return Ok(stored.extract::<i64>()?.checked_mul(per).ok_or_else(out_of_range)?);
    }
    let zone = moment.getattr(pyo3::intern!(py, "tzinfo"))?;
    let moment = if zone.is_none() {
        let utc = pyo3::types::PyTzInfo::utc(py)?;
        let named = pyo3::types::PyDict::new(py);
        named.set_item("tzinfo", utc)?;
        moment.call_method(pyo3::intern!(py, "replace"), (), Some(&named))?
    } else {
        moment.clone().into_any()
    };
    let epoch = PyDateTime::from_timestamp(py, 0.0, Some(&*pyo3::types::PyTzInfo::utc(py)?))?;
    let since = moment.sub(epoch)?;
    let part = |name: &str| -> PyResult<i64> { since.getattr(name)?.extract() };
    let seconds = part("days")? * 86_400 + part("seconds")?;
    let nanoseconds =
        seconds.checked_mul(1_000_000_000).and_then(|ns| ns.checked_add(part("microseconds").ok()? * 1_000));
    Ok(nanoseconds.ok_or_else(out_of_range)?)
}

/// One name, or several.
pub(crate) fn names(value: &Bound<'_, PyAny>) -> Answer<Vec<String>> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(vec![text.to_str()?.to_owned()]);
    }
    Ok(value.extract::<Vec<String>>()?)
}

/// Fields by name, in the order given.
pub(crate) fn fields(value: &Bound<'_, PyAny>) -> Answer<Vec<Field>> {
    Ok(names(value)?.iter().map(|name| name.parse()).collect::<Result<_, Error>>()?)
}

/// The frequency asked for, or the bundle's own.
pub(crate) fn frequency(name: Option<&str>, own: Frequency) -> Answer<Frequency> {
    Ok(name.map_or(Ok(own), Frequency::from_str)?)
}

/// The adjustment's mode by its name.
pub(crate) fn adjust(name: &str) -> Answer<Adjust> {
    Ok(name.parse()?)
}
