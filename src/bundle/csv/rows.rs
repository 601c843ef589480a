//! The rows of one asset, from one file or joined from several.

#![forbid(unsafe_code)]

use std::sync::Arc;

use rust_decimal::Decimal;

use super::parse_error;
use super::stamped::Stamped;
use crate::asset::Symbol;
use crate::bundle::adjustment::Adjustment;
use crate::bundle::series::Series;
use crate::error::Error;
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
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::bundle) struct RowEvent {
    pub(in crate::bundle) bar: usize,
    /// Cash per share held before any split of the row.
    pub(in crate::bundle) dividend: Option<Decimal>,
    /// New shares for each old one.
    pub(in crate::bundle) split: Option<f64>,
}

/// The file that rows came from, and the first of them.
#[derive(Clone, Debug)]
struct Part {
    file: Arc<str>,
    first: usize,
}

/// The rows of one asset, a column each; oldest first once they are in order.
#[derive(Debug)]
pub(in crate::bundle) struct Rows {
    pub(in crate::bundle) symbol: Symbol,
    columns: EventColumns,
    parts: Vec<Part>,
    pub(super) moments: Vec<i64>,
    /// What clocks on the wall showed more than UTC, in seconds.
    pub(super) offsets: Vec<i32>,
    pub(super) lines: Vec<u32>,
    pub(super) values: [Vec<Decimal>; 5],
    /// As long as the others, or empty where the file has no such column.
    pub(super) adjusted: Vec<Decimal>,
    events: Vec<RowEvent>,
    /// The rows whose local time clocks showed twice, and how much later the second time was.
    repeated: Vec<(usize, i64)>,
    /// Rows before these that are parked.
    pub(super) parked: usize,
}

impl Rows {
    pub(super) fn new(symbol: &str, file: &Arc<str>, columns: EventColumns) -> Self {
        Self {
            symbol: symbol.into(),
            columns,
            parts: vec![Part { file: Arc::clone(file), first: 0 }],
            moments: Vec::new(),
            offsets: Vec::new(),
            lines: Vec::new(),
            values: Default::default(),
            adjusted: Vec::new(),
            events: Vec::new(),
            repeated: Vec::new(),
            parked: 0,
        }
    }

    pub(super) fn push(&mut self, row: &Row) {
        let bar = self.parked + self.moments.len();
        self.moments.push(row.stamped.moment.0);
        self.offsets.push(row.stamped.offset_seconds());
        self.lines.push(u32::try_from(row.line).unwrap_or(u32::MAX));
        for (column, value) in self.values.iter_mut().zip(row.values) {
            column.push(value);
        }
        self.adjusted.extend(row.adjusted);
        if row.split.is_some() || row.dividend.is_some() {
            self.events.push(RowEvent { bar, dividend: row.dividend, split: row.split });
        }
        if row.stamped.later_ns != 0 {
            self.repeated.push((bar, row.stamped.later_ns));
        }
    }

    pub(in crate::bundle) fn len(&self) -> usize {
        self.moments.len()
    }

    /// Turns the rows oldest first; refuses the line where a file that runs either way breaks its order.
    ///
    /// With `lenient`, rows that are there twice and are the same are there once; how many went is given.
    pub(super) fn order(&mut self, lenient: bool) -> Result<usize, Error> {
        let newest_first = self.moments.first() > self.moments.last();
        if newest_first {
            self.reverse();
        }
        self.place_repeated();
        let mut twice = Vec::new();
        for bar in 1..self.len() {
            let (above, below) = if newest_first { (bar, bar - 1) } else { (bar - 1, bar) };
            if self.moments[bar - 1] < self.moments[bar] {
                continue;
            }
            if self.moments[above] == self.moments[below] {
                if lenient && self.is_same(bar - 1, bar) {
                    twice.push(bar);
                    continue;
                }
                return Err(self.refuse_twice(above, below, lenient));
            }
            let order = if newest_first { "newest to oldest" } else { "oldest to newest" };
            let message = format!(
                "{} {} comes after {} of line {}, but the file runs from {order}",
                self.symbol,
                self.moment(below),
                self.moment(above),
                self.lines[above]
            );
            return Err(self.refuse(below, message));
        }
        self.remove(&twice);
        Ok(twice.len())
    }

    /// Of a local hour that clocks showed twice, the rows that come after others of it are those of the second time.
    fn place_repeated(&mut self) {
        let mut repeated = std::mem::take(&mut self.repeated);
        repeated.sort_unstable();
        for &(bar, later_ns) in &repeated {
            if bar > 0 && self.moments[bar - 1] >= self.moments[bar] {
                self.moments[bar] += later_ns;
                self.offsets[bar] -= i32::try_from(later_ns / 1_000_000_000).unwrap_or(0);
            }
        }
        self.repeated = repeated;
    }

    /// Whether two rows tell the same, wherever they stand.
    fn is_same(&self, a: usize, b: usize) -> bool {
        let event = |bar: usize| self.event(bar).map(|event| (event.dividend, event.split));
        self.values.iter().all(|column| column[a] == column[b])
            && self.adjusted.get(a) == self.adjusted.get(b)
            && event(a) == event(b)
    }

    fn event(&self, bar: usize) -> Option<&RowEvent> {
        self.events.binary_search_by_key(&bar, |event| event.bar).ok().map(|at| &self.events[at])
    }

    fn refuse_twice(&self, first: usize, again: usize, lenient: bool) -> Error {
        let here = self.part(again).file == self.part(first).file;
        let other = if here { String::new() } else { format!("{} ", self.part(first).file) };
        let rows = match (self.is_same(first, again), lenient) {
            (true, false) => "; the rows are the same, pass --lenient to keep one",
            (true, true) => "",
            (false, _) => "; the rows differ, keep one",
        };
        let message = format!(
            "{} {} is there twice, first at {other}line {}{rows}",
            self.symbol,
            self.moment(again),
            self.lines[first]
        );
        self.refuse(again, message)
    }

    fn reverse(&mut self) {
        let last = self.len() - 1;
        self.moments.reverse();
        self.offsets.reverse();
        self.lines.reverse();
        self.values.iter_mut().for_each(|column| column.reverse());
        self.adjusted.reverse();
        self.events.reverse();
        self.events.iter_mut().for_each(|event| event.bar = last - event.bar);
        self.repeated.iter_mut().for_each(|(bar, _)| *bar = last - *bar);
    }

    /// Keeps the rows that `keep` wants, by their place; gives how many went.
    pub(in crate::bundle) fn retain(&mut self, keep: impl Fn(&Self, usize) -> bool) -> usize {
        let gone: Vec<usize> = (0..self.len()).filter(|&bar| !keep(self, bar)).collect();
        self.remove(&gone);
        gone.len()
    }

    /// Removes some rows, in ascending order.
    fn remove(&mut self, gone: &[usize]) {
        if gone.is_empty() {
            return;
        }
        let is_gone = |bar: &usize| gone.binary_search(bar).is_ok();
        fn kept<T: Copy>(column: &mut Vec<T>, is_gone: impl Fn(&usize) -> bool) {
            let mut bar = 0;
            column.retain(|_| {
                bar += 1;
                !is_gone(&(bar - 1))
            });
        }
        kept(&mut self.moments, is_gone);
        kept(&mut self.offsets, is_gone);
        kept(&mut self.lines, is_gone);
        self.values.iter_mut().for_each(|column| kept(column, is_gone));
        kept(&mut self.adjusted, is_gone);
        let place = |bar: usize| bar - gone.partition_point(|&one| one < bar);
        self.events.retain(|event| !is_gone(&event.bar));
        self.events.iter_mut().for_each(|event| event.bar = place(event.bar));
        self.repeated.clear();
        self.parts.iter_mut().for_each(|part| part.first = place(part.first));
    }

    /// Adds the rows of a later file. Where both hold the same moments, `lenient` keeps the rows that are the same once;
    /// gives how many went.
    ///
    /// # Errors
    /// `Parse` at the first row that is in both or in the middle of the other's.
    pub(in crate::bundle) fn join(&mut self, mut later: Self, lenient: bool) -> Result<usize, Error> {
        if self.columns != later.columns {
            let message = format!(
                "has {} of splits and dividends, but {} has {}; files of one asset must tell of them alike, or pass \
                 --adjustments",
                columns_text(later.columns),
                self.parts[0].file,
                columns_text(self.columns)
            );
            return Err(Error::invalid(later.parts[0].file.to_string(), message));
        }
        let known = self.len();
        let overlap =
            later.moments.partition_point(|&moment| self.moments.last().is_some_and(|&last| moment <= last));
        for part in &later.parts {
            self.parts.push(Part { file: Arc::clone(&part.file), first: known + part.first });
        }
        self.moments.append(&mut later.moments);
        self.offsets.append(&mut later.offsets);
        self.lines.append(&mut later.lines);
        for (column, more) in self.values.iter_mut().zip(&mut later.values) {
            column.append(more);
        }
        self.adjusted.append(&mut later.adjusted);
        self.events
            .extend(later.events.into_iter().map(|event| RowEvent { bar: known + event.bar, ..event }));
        let mut twice = Vec::new();
        for bar in known..known + overlap {
            match self.moments[..known].binary_search(&self.moments[bar]) {
                Ok(first) if lenient && self.is_same(first, bar) => twice.push(bar),
                Ok(first) => return Err(self.refuse_twice(first, bar, lenient)),
                Err(next) => {
                    let message = format!(
                        "{} {} lies between the rows of {}, which end at {}; expected files that follow one another",
                        self.symbol,
                        self.moment(bar),
                        self.part(next.min(known - 1)).file,
                        self.moment(known - 1)
                    );
                    return Err(self.refuse(bar, message));
                }
            }
        }
        self.remove(&twice);
        Ok(twice.len())
    }

    /// Takes the rows from a bar on.
    pub(in crate::bundle) fn split_off(&mut self, bar: usize) -> Self {
        let (first, second): (Vec<RowEvent>, Vec<RowEvent>) =
            std::mem::take(&mut self.events).into_iter().partition(|event| event.bar < bar);
        self.events = first;
        let file = Arc::clone(&self.part(bar).file);
        let later = |part: &&Part| part.first > bar;
        let parts =
            self.parts.iter().filter(later).map(|part| Part { first: part.first - bar, ..part.clone() });
        let parts = std::iter::once(Part { file, first: 0 }).chain(parts).collect();
        self.parts.retain(|part| part.first < bar);
        let repeated =
            self.repeated.iter().filter(|one| one.0 >= bar).map(|one| (one.0 - bar, one.1)).collect();
        self.repeated.retain(|one| one.0 < bar);
        Self {
            symbol: self.symbol.clone(),
            columns: self.columns,
            parts,
            moments: self.moments.split_off(bar),
            offsets: self.offsets.split_off(bar),
            lines: self.lines.split_off(bar),
            values: self.values.each_mut().map(|column| column.split_off(bar)),
            adjusted: if self.adjusted.is_empty() { Vec::new() } else { self.adjusted.split_off(bar) },
            events: second.into_iter().map(|event| RowEvent { bar: event.bar - bar, ..event }).collect(),
            repeated,
            parked: 0,
        }
    }

    /// What a clock on the wall showed at a bar.
    pub(in crate::bundle) fn wall(&self, bar: usize) -> Timestamp {
        self.stamped(bar).wall
    }

    /// Puts a bar before the first that is known from elsewhere, so that events of the first show.
    pub(in crate::bundle) fn precede(&mut self, moment: Timestamp, values: [Decimal; 5]) {
        self.moments.insert(0, moment.0);
        self.offsets.insert(0, 0);
        let line = self.lines[0];
        self.lines.insert(0, line);
        for (column, value) in self.values.iter_mut().zip(values) {
            column.insert(0, value);
        }
        self.events.iter_mut().for_each(|event| event.bar += 1);
        self.parts[1..].iter_mut().for_each(|part| part.first += 1);
    }

    fn part(&self, bar: usize) -> &Part {
        &self.parts[self.parts.partition_point(|part| part.first <= bar) - 1]
    }

    /// The first file that rows came from.
    pub(in crate::bundle) fn file(&self) -> &str {
        &self.parts[0].file
    }

    /// An error at a row, where it stands in its file.
    pub(in crate::bundle) fn refuse(&self, bar: usize, message: String) -> Error {
        parse_error(&self.part(bar).file, u64::from(self.lines[bar]), message)
    }

    /// Where a row stands: its line, and its file where that is not the file of the row `beside`.
    pub(super) fn place(&self, bar: usize, beside: usize) -> String {
        let (file, other) = (&self.part(bar).file, &self.part(beside).file);
        let file = if file == other { String::new() } else { format!("{file} ") };
        format!("{file}line {}", self.lines[bar])
    }

    /// The line of a row in its file.
    pub(super) fn line(&self, bar: usize) -> u64 {
        u64::from(self.lines[bar])
    }

    /// The moments, in nanoseconds since the Unix epoch.
    pub(in crate::bundle) fn moments(&self) -> &[i64] {
        &self.moments
    }

    pub(super) fn stamped(&self, bar: usize) -> Stamped {
        let moment = self.moments[bar];
        Stamped::new(Timestamp(moment), Timestamp(moment + i64::from(self.offsets[bar]) * 1_000_000_000))
    }

    /// Gives each row another moment, in UTC.
    pub(super) fn restamp(&mut self, moments: Vec<i64>) {
        self.offsets.fill(0);
        self.moments = moments;
    }

    /// How many rows lie in an hour that clocks showed twice.
    pub(in crate::bundle) fn repeated(&self) -> usize {
        self.repeated.len()
    }

    /// The moments of the first and last bar.
    pub(in crate::bundle) fn span(&self) -> (Timestamp, Timestamp) {
        (self.moment(0), self.moment(self.len() - 1))
    }

    /// Whether an event at this moment has bars before it and from it on.
    pub(in crate::bundle) fn covers(&self, moment: Timestamp) -> bool {
        let (first, last) = self.span();
        first < moment && moment <= last
    }

    /// The close of the last bar before a moment.
    pub(in crate::bundle) fn close_before(&self, moment: Timestamp) -> Option<Decimal> {
        let bar = self.moments.partition_point(|&one| one < moment.0).checked_sub(1)?;
        Some(self.close(bar))
    }

    /// The closes, as printed.
    pub(in crate::bundle) fn closes(&self) -> &[Decimal] {
        &self.values[3]
    }

    /// The adjusted closes, where the file has such a column.
    pub(in crate::bundle) fn adjusted_closes(&self) -> Option<&[Decimal]> {
        self.columns.adjusted_close.then_some(&self.adjusted)
    }

    /// Which of its columns tell of events.
    pub(in crate::bundle) fn event_columns(&self) -> EventColumns {
        self.columns
    }

    /// What the rows tell of splits and dividends, oldest first.
    pub(in crate::bundle) fn events(&self) -> impl Iterator<Item = RowEvent> {
        self.events.iter().copied()
    }

    /// The open of a bar.
    pub(in crate::bundle) fn open(&self, bar: usize) -> Decimal {
        self.values[0][bar]
    }

    /// The close of a bar.
    pub(in crate::bundle) fn close(&self, bar: usize) -> Decimal {
        self.values[3][bar]
    }

    /// A stored column.
    pub(in crate::bundle) fn column(&self, column: usize) -> &[Decimal] {
        &self.values[column]
    }

    /// A stored value of a bar.
    pub(in crate::bundle) fn value(&self, column: usize, bar: usize) -> Decimal {
        self.values[column][bar]
    }

    /// The moment of a bar.
    pub(in crate::bundle) fn moment(&self, bar: usize) -> Timestamp {
        Timestamp(self.moments[bar])
    }

    /// The rows as a series with its adjustments.
    pub(in crate::bundle) fn into_series(self, adjustments: Vec<Adjustment>) -> Series {
        let calendar = Calendar::new(self.moments).expect("the rows were put in order");
        Series { symbol: self.symbol, calendar, values: self.values, adjustments }
    }
}

fn columns_text(columns: EventColumns) -> String {
    let EventColumns { adjusted_close, splits, dividends } = columns;
    let names = [(splits, "splits"), (dividends, "dividends"), (adjusted_close, "adj close")];
    let names: Vec<&str> = names.iter().filter(|(there, _)| *there).map(|(_, name)| *name).collect();
    if names.is_empty() { "no columns".to_owned() } else { format!("the columns {}", names.join(", ")) }
}
