//! Compiled strategies: a C function, such as Numba makes, that is asked bar by bar without the interpreter.

use std::ffi::c_void;
use std::sync::Arc;

use lookback::sweep::{Bar, Decide, Model, Parameter, Point, Setup};
use lookback::{Error, ErrorKind, Field};
use pyo3::prelude::*;

/// `weight = f(bars, fields, stride, window, parameter_count, parameters, state_count, state)`: `window[field * stride + bar]`
/// for `bar < bars`, the bar that decides last; NaN orders nothing.
type Function = unsafe extern "C" fn(i64, i64, i64, *const f64, i64, *const f64, i64, *mut f64) -> f64;

/// A strategy that is a C function.
pub(crate) struct Compiled {
    pub(crate) name: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) constraint: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) bars: usize,
    /// Numbers that a trial keeps from bar to bar, 0 at first.
    pub(crate) state: usize,
    pub(crate) function: Arc<Kept>,
}

/// A function, and the object of Python's that it is part of.
pub(crate) struct Kept {
    function: Function,
    #[expect(dead_code, reason = "it keeps the function's code")]
    owner: Py<PyAny>,
}

impl Kept {
    /// # Safety
    /// `address` must be that of a function of the type [`Function`], which may be called from any thread for as long as
    /// `owner` lives, and which reads and writes no more than its arguments say.
    pub(crate) unsafe fn new(address: usize, owner: Py<PyAny>) -> Option<Arc<Self>> {
        let address = std::ptr::with_exposed_provenance::<c_void>(address);
        if address.is_null() {
            return None;
        }
        // SAFETY: a pointer to code and a pointer to data are of one size on every platform that Python's wheels are built
        // for; what is behind it is the caller's word.
        let function = unsafe { std::mem::transmute::<*const c_void, Function>(address) };
        Some(Arc::new(Self { function, owner }))
    }
}

impl Compiled {
    /// The function as the crate runs it.
    pub(crate) fn model(&self) -> Model<'_> {
        let start = |point: &Point<'_>, setup: &mut Setup<'_>| self.start(point, setup);
        let model = Model::new(&self.name, start).constraint(&self.constraint);
        self.parameters.iter().fold(model, |model, one| model.parameter(one.clone()))
    }

    fn start(&self, point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Decide, Error> {
        let names: Vec<&str> = self.parameters.iter().map(Parameter::name).collect();
        let values = names.iter().map(|name| point.f64(name)).collect::<Result<Vec<f64>, _>>()?;
        let request = setup.window(self.fields.iter().copied(), self.bars)?;
        setup.wake_on_every_bar();
        let (kept, bars, mut state) = (Arc::clone(&self.function), self.bars, vec![0.0; self.state]);
        Ok(Box::new(move |bar: &mut Bar<'_>| {
            if bar.index() + 1 < bars {
                return Ok(());
            }
            let window = bar.history(&request)?;
            let view = window.view();
            let stride = view.strides().get(1).copied().unwrap_or(0);
            let (data, shape) = (view.as_ptr(), view.shape());
            // SAFETY: the function is what `Kept::new` was promised. `view` lends `shape[0]` numbers for each of `shape[1]`
            // columns, `stride` apart, one after the other within a column, until this call is over; `values` and `state`
            // outlive it and are no one else's.
            let weight = unsafe {
                (kept.function)(
                    count(shape[0]),
                    count(shape[1]),
                    i64::try_from(stride).unwrap_or(0),
                    data,
                    count(values.len()),
                    values.as_ptr(),
                    count(state.len()),
                    state.as_mut_ptr(),
                )
            };
            if weight.is_infinite() {
                let message = format!("on {}: it raised, or returned an infinite weight", bar.timestamp());
                return Err(ErrorKind::Strategy { message }.into());
            }
            if !weight.is_nan() {
                bar.set_target(weight);
            }
            Ok(())
        }))
    }
}

fn count(items: usize) -> i64 {
    i64::try_from(items).expect("what is in memory is fewer than 2^63 items")
}
