//! The bars of one asset in memory.

#![forbid(unsafe_code)]

use std::ops::Range;

use super::adjustment::{Adjustment, EventOrigin};
use super::bars::Bars;
use super::column::{DIGITS, DecimalColumn, Scales};
use super::digest::{self, BATCH_ROWS, Digest};
use super::series::Sourced;
use crate::asset::Field;
use crate::error::Error;
use crate::time::{Calendar, Timestamp};

/// Checked bars: moments, and the stored fields in their canonical order.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) calendar: Calendar,
    pub(super) columns: [DecimalColumn; 5],
    adjustments: Vec<Adjustment>,
    origin: EventOrigin,
}

impl Memory {
    /// Takes each column at scales that hold it.
    pub(super) fn new(Sourced { series, origin }: &Sourced, scales: Scales) -> Result<Self, Error> {
        let column = |index: usize| {
            DecimalColumn::new(&series.values[index], scales.column(index)).ok_or_else(|| {
                let message = format!(
                    "{} needs more than {DIGITS} digits at the bundle's decimals",
                    Field::STORED[index]
                );
                Error::invalid(series.symbol.to_string(), message)
            })
        };
        Ok(Self {
            calendar: series.calendar.clone(),
            columns: [column(0)?, column(1)?, column(2)?, column(3)?, column(4)?],
            adjustments: series.adjustments.clone(),
            origin: *origin,
        })
    }

    /// Bars without their events.
    pub(super) fn of_columns(calendar: Calendar, columns: [DecimalColumn; 5]) -> Self {
        Self { calendar, columns, adjustments: Vec::new(), origin: EventOrigin::Unknown }
    }

    /// The rows of each batch, in order.
    pub(super) fn batches(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let bars = self.calendar.len();
        (0..bars).step_by(BATCH_ROWS).map(move |first| first..bars.min(first + BATCH_ROWS))
    }

    /// The digest of one batch's values.
    pub(super) fn digest(&self, rows: Range<usize>) -> Digest {
        let columns = self.columns.iter().map(|column| (&column.mantissas()[rows.clone()], column.scale()));
        digest::batch(&self.calendar.as_slice()[rows.clone()], columns)
    }
}

impl Bars for Memory {
    fn len(&self) -> usize {
        self.calendar.len()
    }

    fn span(&self) -> (Timestamp, Timestamp) {
        let moments = self.calendar.as_slice();
        (Timestamp(moments[0]), Timestamp(moments[moments.len() - 1]))
    }

    fn adjustments(&self) -> &[Adjustment] {
        &self.adjustments
    }

    fn event_origin(&self) -> EventOrigin {
        self.origin
    }

    fn calendar(&self) -> Result<Calendar, Error> {
        Ok(self.calendar.clone())
    }

    fn read(&self, column: usize, rows: Range<usize>, out: &mut Vec<f64>) -> Result<(), Error> {
        self.columns[column].read(rows, out);
        Ok(())
    }

    fn bytes(&self) -> u64 {
        let row = size_of::<i64>() + self.columns.len() * size_of::<i128>();
        (self.len() * row) as u64
    }
}
