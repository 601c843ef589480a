//! The bars of one asset in memory.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

use super::column::{DIGITS, DecimalColumn};
use super::digest::{self, BATCH_ROWS, Digest};
use super::series::{Adjustment, Series};
use crate::asset::Field;
use crate::error::Error;
use crate::time::Calendar;

/// Checked bars: moments, and the stored fields in their canonical order.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) calendar: Calendar,
    pub(super) columns: [DecimalColumn; 5],
    pub(super) adjustments: Vec<Adjustment>,
}

impl Memory {
    /// Takes each column at the smallest scale that holds it.
    pub(super) fn new(series: &Series) -> Result<Self, Error> {
        Self::at_scales(series, |column| DecimalColumn::scale_of(column))
    }

    /// Takes each column at a scale that holds it.
    pub(super) fn at_scales(series: &Series, scale: impl Fn(&[Decimal]) -> u32) -> Result<Self, Error> {
        let column = |index: usize| {
            let values = &series.values[index];
            DecimalColumn::new(values, scale(values)).ok_or_else(|| {
                let message = format!(
                    "{} needs more than {DIGITS} digits at one number of decimals",
                    Field::STORED[index]
                );
                Error::invalid(series.symbol.to_string(), message)
            })
        };
        Ok(Self {
            calendar: series.calendar.clone(),
            columns: [column(0)?, column(1)?, column(2)?, column(3)?, column(4)?],
            adjustments: series.adjustments.clone(),
        })
    }

    /// The digest of each batch.
    pub(super) fn digests(&self) -> Vec<Digest> {
        let bars = self.calendar.len();
        (0..bars)
            .step_by(BATCH_ROWS)
            .map(|first| {
                let rows = first..bars.min(first + BATCH_ROWS);
                let columns =
                    self.columns.iter().map(|column| (&column.mantissas()[rows.clone()], column.scale()));
                digest::batch(&self.calendar.as_slice()[rows.clone()], columns)
            })
            .collect()
    }
}
