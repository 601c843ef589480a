//! The rows of one asset as a file has them.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

use super::stamped::Stamped;
use crate::asset::Symbol;
use crate::bundle::adjustment::Adjustment;
use crate::bundle::series::Series;
use crate::time::{Calendar, Timestamp};

/// One checked row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) stamped: Stamped,
    /// Where it stands in its file.
    pub(super) line: u64,
    /// Open, high, low, close, volume.
    pub(super) values: [Decimal; 5],
    /// The close adjusted for splits and dividends, where the file has it.
    pub(super) adjusted: Option<Decimal>,
    /// New shares for each old one, where the row tells of a split.
    pub(super) split: Option<f64>,
    /// Cash per share, where the row tells of a dividend.
    pub(super) dividend: Option<Decimal>,
}

/// Which columns of a file tell of splits and dividends.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(in crate::bundle) struct EventColumns {
    pub(in crate::bundle) adjusted_close: bool,
    pub(in crate::bundle) splits: bool,
    pub(in crate::bundle) dividends: bool,
}

/// What the columns of one row tell.
#[derive(Clone, Copy, Debug)]
pub(in crate::bundle) struct RowEvent {
    pub(in crate::bundle) bar: usize,
    /// Where the row stands in its file.
    pub(in crate::bundle) line: u64,
    /// Cash per share held before any split of the row.
    pub(in crate::bundle) dividend: Option<Decimal>,
    /// New shares for each old one.
    pub(in crate::bundle) split: Option<f64>,
}

/// The rows of one asset; oldest first once they are in order.
#[derive(Debug)]
pub(in crate::bundle) struct Rows {
    pub(in crate::bundle) symbol: Symbol,
    pub(super) columns: EventColumns,
    pub(super) rows: Vec<Row>,
}

impl Rows {
    pub(super) fn new(symbol: &str, columns: EventColumns) -> Self {
        Self { symbol: symbol.into(), columns, rows: Vec::new() }
    }

    pub(super) fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Turns the rows oldest first; names the line where a file that runs either way breaks its order.
    pub(super) fn order(&mut self) -> Result<(), (u64, String)> {
        let newest_first =
            self.rows.first().map(|row| row.stamped.moment) > self.rows.last().map(|row| row.stamped.moment);
        for pair in self.rows.windows(2) {
            let [above, below] = [pair[0], pair[1]];
            if above.stamped.moment == below.stamped.moment {
                let message = format!(
                    "{} {} is there twice, first at line {}",
                    self.symbol, below.stamped.moment, above.line
                );
                return Err((below.line, message));
            }
            if (above.stamped.moment > below.stamped.moment) != newest_first {
                let order = if newest_first { "newest to oldest" } else { "oldest to newest" };
                let message = format!(
                    "{} {} comes after {} of line {}, but the file runs from {order}",
                    self.symbol, below.stamped.moment, above.stamped.moment, above.line
                );
                return Err((below.line, message));
            }
        }
        if newest_first {
            self.rows.reverse();
        }
        Ok(())
    }

    /// The moments, in nanoseconds since the Unix epoch.
    pub(in crate::bundle) fn moments(&self) -> impl Iterator<Item = i64> {
        self.rows.iter().map(|row| row.stamped.moment.0)
    }

    /// The moments of the first and last bar.
    pub(in crate::bundle) fn span(&self) -> (Timestamp, Timestamp) {
        let moment = |row: Option<&Row>| row.expect("rows are made with the first").stamped.moment;
        (moment(self.rows.first()), moment(self.rows.last()))
    }

    /// Whether an event at this moment has bars before it and from it on.
    pub(in crate::bundle) fn covers(&self, moment: Timestamp) -> bool {
        let (first, last) = self.span();
        first < moment && moment <= last
    }

    /// The close of the last bar before a moment.
    pub(in crate::bundle) fn close_before(&self, moment: Timestamp) -> Option<Decimal> {
        let bar = self.rows.partition_point(|row| row.stamped.moment < moment).checked_sub(1)?;
        Some(self.rows[bar].values[3])
    }

    /// The closes, as printed.
    pub(in crate::bundle) fn closes(&self) -> Vec<Decimal> {
        self.rows.iter().map(|row| row.values[3]).collect()
    }

    /// The adjusted closes, where the file has such a column.
    pub(in crate::bundle) fn adjusted_closes(&self) -> Option<Vec<Decimal>> {
        self.rows.iter().map(|row| row.adjusted).collect()
    }

    /// Which of its columns tell of events.
    pub(in crate::bundle) fn event_columns(&self) -> EventColumns {
        self.columns
    }

    /// What the rows tell of splits and dividends, oldest first.
    pub(in crate::bundle) fn events(&self) -> impl Iterator<Item = RowEvent> {
        let events = self.rows.iter().enumerate().map(|(bar, row)| RowEvent {
            bar,
            line: row.line,
            dividend: row.dividend,
            split: row.split,
        });
        events.filter(|event| event.dividend.is_some() || event.split.is_some())
    }

    /// The open of a bar.
    pub(in crate::bundle) fn open(&self, bar: usize) -> Decimal {
        self.rows[bar].values[0]
    }

    /// The close of a bar.
    pub(in crate::bundle) fn close(&self, bar: usize) -> Decimal {
        self.rows[bar].values[3]
    }

    /// The moment of a bar.
    pub(in crate::bundle) fn moment(&self, bar: usize) -> Timestamp {
        self.rows[bar].stamped.moment
    }

    /// The rows as a series with its adjustments.
    pub(in crate::bundle) fn into_series(self, adjustments: Vec<Adjustment>) -> Series {
        let moments: Vec<i64> = self.moments().collect();
        let calendar = Calendar::new(moments).expect("the rows were put in order");
        let column = |index: usize| self.rows.iter().map(|row| row.values[index]).collect();
        let values = [column(0), column(1), column(2), column(3), column(4)];
        Series { symbol: self.symbol, calendar, values, adjustments }
    }
}
