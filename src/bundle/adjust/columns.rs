//! Splits and dividends that columns of the file tell, each on the row of its ex-date.
//!
//! Some vendors print prices as they were traded beside such columns, others (Yahoo) prices that are adjusted for the
//! splits already: applied to those, a split would be counted twice. The prices around it tell, since the open after a
//! split is nearer to the close before it divided by the ratio, or nearer to that close itself. Each split is judged by
//! the rows up to its own, so that no later row has a say.

#![forbid(unsafe_code)]

use std::fmt;

use super::SMALLEST_SPLIT;
use crate::bundle::adjustment::{AdjustmentKind, ratio_text};
use crate::bundle::csv::Rows;
use crate::decimal;
use crate::error::Error;
use crate::time::Timestamp;

/// What the columns tell.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Oldest first, each with its bar; of one day, the dividend comes first.
    pub(super) events: Vec<(usize, AdjustmentKind)>,
    /// The splits that the prices are adjusted for already, so that they are not among the events.
    pub(super) already: Vec<Already>,
}

/// A split that does not show in the prices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Already {
    ratio: f64,
    ex_date: Timestamp,
    close_before: f64,
    open: f64,
}

impl fmt::Display for Already {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ratio, ex_date, close_before, open } = self;
        write!(
            f,
            "the {} split of {ex_date} does not show in the prices (a close of {close_before}, then an open of {open}), \
             which must be adjusted for it already: it is not applied",
            ratio_text(*ratio)
        )
    }
}

/// Reads the columns, or says at which line a dividend cannot be.
pub(super) fn read(rows: &Rows) -> Result<Told, Error> {
    let mut told = Told::default();
    let mut as_traded = true;
    for event in rows.events() {
        // What happened on the first day changes no bar.
        let Some(before) = event.bar.checked_sub(1) else { continue };
        let close = rows.close(before);
        if let Some(amount) = event.dividend {
            if amount >= close {
                let message =
                    format!("the dividend is {amount}, expected less than the close before, {close}");
                return Err(rows.refuse(event.bar, message));
            }
            told.events.push((event.bar, AdjustmentKind::Dividend(decimal::to_f64(amount))));
        }
        if let Some(ratio) = event.split {
            let (close_before, open) = (decimal::to_f64(close), decimal::to_f64(rows.open(event.bar)));
            // A small stock dividend is lost in the moves of a night: it goes as the last split that was not.
            if ratio.ln().abs() >= SMALLEST_SPLIT.ln() {
                let night = (close_before / open).ln();
                as_traded = (night - ratio.ln()).abs() < night.abs();
            }
            if as_traded {
                told.events.push((event.bar, AdjustmentKind::Split(ratio)));
            } else {
                let ex_date = rows.moment(event.bar);
                told.already.push(Already { ratio, ex_date, close_before, open });
            }
        }
    }
    Ok(told)
}
