//! Panics of trials: caught as errors, and kept off stderr.

#![forbid(unsafe_code)]

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use crate::error::{Error, ErrorKind};

thread_local! {
    /// Whether this thread is inside a trial, whose panic becomes a row of the results.
    static IN_TRIAL: Cell<bool> = const { Cell::new(false) };
}

/// Runs a trial; a panic becomes an error with its message.
///
/// The process's panic hook is wrapped once, and passes everything on but what a trial panics with: a grid of 20,000
/// points would print 20,000 messages that the results hold anyway.
pub(in crate::sweep) fn catch<T>(trial: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    static WRAP: Once = Once::new();
    WRAP.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IN_TRIAL.get() {
                before(info);
            }
        }));
    });
    let outer = IN_TRIAL.replace(true);
    // Unwind safety: a trial's own state is dropped with it, and readers hold no half-made state across a load.
    let outcome = panic::catch_unwind(AssertUnwindSafe(trial));
    IN_TRIAL.set(outer);
    outcome.unwrap_or_else(|payload| {
        let message = format!("it panicked: {}", panic_message(payload.as_ref()));
        Err(ErrorKind::Strategy { message }.into())
    })
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
