//! Splits and dividends of what was read: given in a file, told by columns, or derived from adjusted closes.

#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;

use super::adjustment::{Adjustment, AdjustmentKind, EventOrigin};
use super::csv::{EventColumns, Rows};
use super::series::Sourced;
use crate::decimal;
use crate::error::Error;

mod columns;
mod derive;
mod file;
mod rounding;

pub use derive::derive_adjustments;

use derive::Derived;

/// A smaller split is not told from a dividend: 4:5 is the nearest to 1 that companies make.
const SMALLEST_SPLIT: f64 = 1.25;

/// A factor that may be farther off than this is worth a word to the user.
const WORTH_A_NOTE: f64 = 1e-6;

/// What adjusted closes may say beyond the columns of events: a quarter's dividend is larger, cash printed in cents
/// makes less.
const UNEXPLAINED: f64 = 1e-3;

/// The same, as a share of what the columns tell of the day: some vendors divide by the close of the ex-date, not of
/// the bar before.
const UNEXPLAINED_SHARE: f64 = 0.05;

/// A series with its adjustments, and what the user should know of them.
#[derive(Debug)]
pub(super) struct Adjusted {
    pub(super) sourced: Sourced,
    /// Each after the name of the asset.
    pub(super) notes: Vec<String>,
    /// What is likely to be wrong.
    pub(super) warnings: Vec<String>,
    /// Whether there are dividends that no adjusted close could be held against.
    pub(super) unchecked_dividends: bool,
}

/// The rows of an asset as a series with what the file itself tells: by columns of events, by adjusted closes for what
/// these leave open, or by none.
///
/// # Errors
/// `Parse` where an event cannot be.
pub(super) fn own(rows: Rows) -> Result<Adjusted, Error> {
    let columns = rows.event_columns();
    let origin = match columns {
        EventColumns { splits: false, dividends: false, adjusted_close: false } => EventOrigin::Unknown,
        EventColumns { splits: false, dividends: false, adjusted_close: true } => EventOrigin::AdjustedClose,
        _ => EventOrigin::Columns,
    };
    let told = columns::read(&rows)?;
    let has_dividends = told.events.iter().any(|(_, kind)| matches!(kind, AdjustmentKind::Dividend(_)));
    let (mut notes, mut warnings) = (Vec::new(), Vec::new());
    if let Some((first, more)) = told.already.split_first() {
        notes.push(format!("{first}{}", and_more(more.len())));
    }
    let mut events = told.events;
    if let Some(adjusted_closes) = rows.adjusted_closes() {
        let known = Known::new(&rows, &events);
        let Derived { events: derived, within } =
            Derived::beyond(rows.closes(), adjusted_closes, |bar| known.undone(bar));
        let is_told =
            |kind: &AdjustmentKind| if kind.is_split() { columns.splits } else { columns.dividends };
        let (unexplained, more): (Vec<_>, Vec<_>) = derived.into_iter().partition(|(_, kind)| is_told(kind));
        if within > WORTH_A_NOTE && more.iter().any(|(_, kind)| !kind.is_split()) {
            notes.push(format!(
                "adj close and close are printed so coarsely that a dividend factor derived from them may be off by \
                 {:.0e}; --adjustments gives exact events",
                rounded_up(within),
            ));
        }
        warnings.extend(disagreement(&rows, &known, &unexplained));
        events.extend(more);
    }
    let event = |(bar, kind)| Adjustment::new(rows.moment(bar), kind);
    let adjustments = events.into_iter().map(event).collect();
    Ok(Adjusted {
        sourced: Sourced { series: rows.into_series(adjustments), origin },
        notes,
        warnings,
        unchecked_dividends: has_dividends && !columns.adjusted_close,
    })
}

/// What known events do to closes.
struct Known {
    /// For each bar with events, what they multiply earlier prices by.
    factors: Vec<(usize, f64)>,
    /// The same of all up to it.
    products: Vec<f64>,
}

impl Known {
    fn new(rows: &Rows, events: &[(usize, AdjustmentKind)]) -> Self {
        let mut known = Self { factors: Vec::new(), products: Vec::new() };
        let mut product = 1.0;
        for &(bar, kind) in events {
            let factor = match kind {
                AdjustmentKind::Split(ratio) => 1.0 / ratio,
                AdjustmentKind::Factor(factor) => factor,
                AdjustmentKind::Dividend(cash) => 1.0 - cash / decimal::to_f64(rows.close(bar - 1)),
            };
            product *= factor;
            known.factors.push((bar, factor));
            known.products.push(product);
        }
        known
    }

    /// What undoes the events up to a bar in its close.
    fn undone(&self, bar: usize) -> f64 {
        let count = self.factors.partition_point(|&(at, _)| at <= bar);
        count.checked_sub(1).map_or(1.0, |last| 1.0 / self.products[last])
    }

    /// The factor of one bar's events.
    fn at(&self, bar: usize) -> f64 {
        self.factors.iter().filter(|(at, _)| *at == bar).map(|(_, factor)| factor).product()
    }
}

/// Says where adjusted closes tell of events that the columns do not.
fn disagreement(rows: &Rows, known: &Known, beyond: &[(usize, AdjustmentKind)]) -> Option<String> {
    let factor = |kind: &AdjustmentKind| match kind {
        AdjustmentKind::Split(ratio) => 1.0 / ratio,
        AdjustmentKind::Factor(value) | AdjustmentKind::Dividend(value) => *value,
    };
    let is_large = |(bar, kind): &&(usize, AdjustmentKind)| {
        factor(kind).ln().abs() > UNEXPLAINED + UNEXPLAINED_SHARE * known.at(*bar).ln().abs()
    };
    let large: Vec<_> = beyond.iter().filter(is_large).collect();
    let ((bar, kind), more) = large.split_first()?;
    Some(format!(
        "on {} adj close changes against close by a factor of {:.5} beyond what the columns of splits and dividends \
         tell{}; the columns are used as they stand, or pass --adjustments",
        rows.moment(*bar),
        factor(kind),
        and_more(more.len())
    ))
}

fn and_more(count: usize) -> String {
    if count == 0 { String::new() } else { format!(" (and {count} more)") }
}

/// The next number of one digit.
fn rounded_up(value: f64) -> f64 {
    let unit = 10.0_f64.powf(value.log10().floor());
    (value / unit).ceil() * unit
}

/// The rows of all assets as series with the events of a file, and what the user should know of those.
pub(super) fn given(path: &Path, assets: Vec<Rows>) -> Result<(Vec<Sourced>, Vec<String>), Error> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| Error::io(&name, "cannot be read", error))?;
    let (mut adjustments, notes) = file::read(&name, &bytes, &assets)?;
    let with_own = |rows: Rows| {
        let own = adjustments.remove(&rows.symbol).unwrap_or_default();
        Sourced { series: rows.into_series(own), origin: EventOrigin::Given }
    };
    Ok((assets.into_iter().map(with_own).collect(), notes))
}
