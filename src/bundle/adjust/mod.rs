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

pub use derive::derive_adjustments;

/// The rows of an asset as a series with what its adjusted closes tell of: nothing where it has none.
pub(super) fn derived(rows: Rows) -> Series {
    let adjustments = rows.adjusted_closes().map_or_else(Vec::new, |adjusted| {
        let events = derive_adjustments(&rows.closes(), &adjusted);
        events.into_iter().map(|(bar, kind)| Adjustment { ex_date: rows.moment(bar), kind }).collect()
    });
    rows.into_series(adjustments)
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
