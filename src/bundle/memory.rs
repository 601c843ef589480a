//! The bars of one asset in memory.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::sync::OnceLock;

use super::adjustment::{Adjustment, EventOrigin};
use super::bars::Bars;
use super::column::{DIGITS, DecimalColumn, Scales, Table};
use super::digest::{self, BATCH_ROWS, Digest};
use super::series::{Series, Sourced};
use crate::asset::{Field, Symbol};
use crate::error::Error;
use crate::time::{Calendar, Timestamp};

/// Checked bars: moments, and the stored fields in their canonical order.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) calendar: Calendar,
    pub(super) columns: [DecimalColumn; 5],
    adjustments: Vec<Adjustment>,
    origin: EventOrigin,
    /// Digested where it is asked for.
    values: OnceLock<Vec<Digest>>,
}

impl Memory {
    /// Takes each column at scales that hold it.
    pub(super) fn new(Sourced { series, origin }: &Sourced, scales: Scales) -> Result<Self, Error> {
        Ok(Self::of_series(series, scales)?.with_events(series.adjustments.clone(), *origin))
    }

    /// The bars of a series, without its events.
    pub(super) fn of_series(series: &Series, scales: Scales) -> Result<Self, Error> {
        let column = |index: usize| {
            let column = DecimalColumn::new(&series.values[index], scales.column(index));
            column.ok_or_else(|| too_wide(&series.symbol, index))
        };
        let columns = [column(0)?, column(1)?, column(2)?, column(3)?, column(4)?];
        Ok(Self::of_columns(series.calendar.clone(), columns))
    }

    /// Bars without their events.
    pub(super) fn of_columns(calendar: Calendar, columns: [DecimalColumn; 5]) -> Self {
        let (adjustments, origin) = (Vec::new(), EventOrigin::Unknown);
        Self { calendar, columns, adjustments, origin, values: OnceLock::new() }
    }

    /// The same bars with these events.
    pub(super) fn with_events(self, adjustments: Vec<Adjustment>, origin: EventOrigin) -> Self {
        Self { adjustments, origin, ..self }
    }

    /// The same bars, of which the first digests are known.
    pub(super) fn with_first_values(self, known: &[Digest]) -> Self {
        let more = self.batches().skip(known.len()).map(|rows| self.digest(rows));
        let values: Vec<Digest> = known.iter().copied().chain(more).collect();
        Self { values: OnceLock::from(values), ..self }
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

    fn values(&self) -> &[Digest] {
        self.values.get_or_init(|| self.batches().map(|rows| self.digest(rows)).collect())
    }

    fn scales(&self) -> Scales {
        Scales { price: self.columns[0].scale(), volume: self.columns[4].scale() }
    }

    fn row_from(&self, moment: Timestamp) -> Result<usize, Error> {
        Ok(self.calendar.as_slice().partition_point(|&one| one < moment.0))
    }

    fn tail(&self, symbol: &Symbol, first: usize, scales: Scales) -> Result<Table, Error> {
        let moments = self.calendar.as_slice()[first..].to_vec();
        let mut columns = Vec::with_capacity(self.columns.len());
        for (index, column) in self.columns.iter().enumerate() {
            let scale = scales.column(index);
            let values = &column.mantissas()[first..];
            let widened = DecimalColumn::widened(Vec::new(), values, scale - column.scale());
            let widened = widened.ok_or_else(|| too_wide(symbol, index))?;
            columns.push(DecimalColumn::of_mantissas(widened, scale));
        }
        let columns = columns.try_into().expect("there are as many columns as stored fields");
        Ok((Calendar::new(moments)?, columns))
    }

    fn bytes(&self) -> u64 {
        let row = size_of::<i64>() + self.columns.len() * size_of::<i128>();
        (self.len() * row) as u64
    }
}

/// Says that a stored column needs too many digits.
pub(super) fn too_wide(symbol: &Symbol, column: usize) -> Error {
    let message =
        format!("{} needs more than {DIGITS} digits at the bundle's decimals", Field::STORED[column]);
    Error::invalid(symbol.to_string(), message)
}
