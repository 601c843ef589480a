//! Splits and dividends of what was read: given in a file, or derived from adjusted closes.

#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;

use super::adjustment::Adjustment;
use super::csv::Rows;
use super::series::Series;
use crate::error::Error;

mod derive;
mod file;
mod rounding;

pub use derive::derive_adjustments;

use derive::Derived;

/// A factor that may be farther off than this is worth a word to the user.
const WORTH_A_NOTE: f64 = 1e-6;

/// The rows of an asset as a series with what its adjusted closes tell of, nothing where it has none, and what the user
/// should know of it.
pub(super) fn derived(rows: Rows) -> (Series, Option<String>) {
    let Some(adjusted) = rows.adjusted_closes() else { return (rows.into_series(Vec::new()), None) };
    let Derived { events, within } = Derived::from(&rows.closes(), &adjusted);
    let note = (within > WORTH_A_NOTE).then(|| {
        format!(
            "{}: adj close and close are printed so coarsely that a dividend factor derived from them may be off by \
             {within:.0e}; --adjustments gives exact events",
            rows.symbol,
            within = rounded_up(within),
        )
    });
    let event = |(bar, kind)| Adjustment { ex_date: rows.moment(bar), kind };
    let adjustments = events.into_iter().map(event).collect();
    (rows.into_series(adjustments), note)
}

/// The next number of one digit.
fn rounded_up(value: f64) -> f64 {
    let unit = 10.0_f64.powf(value.log10().floor());
    (value / unit).ceil() * unit
}

/// The rows of all assets as series with the events of a file, and what the user should know of those.
pub(super) fn given(path: &Path, assets: Vec<Rows>) -> Result<(Vec<Series>, Vec<String>), Error> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| Error::io(&name, "cannot be read", error))?;
    let (mut adjustments, notes) = file::read(&name, &bytes, &assets)?;
    let with_own = |rows: Rows| {
        let own = adjustments.remove(&rows.symbol).unwrap_or_default();
        rows.into_series(own)
    };
    Ok((assets.into_iter().map(with_own).collect(), notes))
}
