//! Reads the rows of one text: finds its columns, checks each bar, and sorts the bars by asset.

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::dialect::{Delimiter, Marks, split};
use super::field::{event, field, parsed};
use super::file_name::{self, Told};
use super::header::{Header, Role};
use super::layout::Layout;
use super::moment::Clock;
use super::number::{self, Notation};
use super::rows::{EventColumns, Row, Rows};
use super::scale::Scale;
use super::taker::{Place, Taker};
use super::tally::{Kind, Tally};
use super::text::Text;
use super::{File, Options, absurd, civil, parse_error};
use crate::bundle::origin::TimestampUnit;
use crate::bundle::series::check_symbol;
use crate::error::Error;

/// How many rows are read between two words of progress.
const ROWS_A_WORD: u64 = 16_384;

/// As many header rows as a frame may have.
const HEADER_LINES: usize = 3;

/// The fields of a row.
type Fields<'t> = Vec<Cow<'t, str>>;

/// Reads the rows of one file.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    name: &'a str,
    file: Arc<str>,
    options: &'a Options,
    /// What the file's name tells of its asset.
    told: Told<'a>,
    layout: Layout,
    clock: Clock<'a>,
    notation: Notation,
    scale: Scale,
    unit: Option<TimestampUnit>,
    /// The name of the column that moments are read from, or of both.
    moment_name: String,
    assets: Vec<Rows>,
    /// Rows that are in memory, and what is parked of each asset: how many rows, and where.
    rows_held: usize,
    parked: Vec<Vec<(usize, Place)>>,
    indices: HashMap<String, usize>,
    /// The asset of the row before.
    last: usize,
    tally: Tally,
    notes: Vec<String>,
    joined: String,
}

impl<'a> Reader<'a> {
    /// Reads and checks a text.
    pub(super) fn read(
        name: &'a str,
        text: &Text<'_>,
        options: &'a Options,
        taker: &dyn Taker,
    ) -> Result<File, Error> {
        let lines = text.top(name, HEADER_LINES)?;
        let Some(first) = lines.first() else {
            return Err(Error::invalid(name, "is empty, expected a header and rows"));
        };
        let delimiter = options.delimiter.unwrap_or_else(|| Delimiter::detect(first));
        let mut top: Vec<Fields<'_>> = Vec::new();
        for line in &lines {
            let mut fields = Vec::new();
            split(line, delimiter, &mut fields);
            top.push(fields);
        }
        let mut reader = Self::new(name, &top, options)?;
        reader.notation.mark = match options.decimal {
            Some(mark) => Some(mark),
            None => reader.decimal_mark(text, delimiter)?,
        };
        let mut reading = format!("{delimiter}: {}", reader.layout.reading());
        if let (Some(mark), true) = (reader.notation.mark, options.decimal.is_none()) {
            let _ = write!(reading, "; decimal {mark}");
        }
        let all = text.bytes();
        text.pieces(name, &mut |piece, first| {
            let mut fields = Vec::new();
            let (mut read, mut said) = (0, 0);
            for (line, number) in piece.lines().zip(first..) {
                read += line.len() as u64 + 1;
                if number <= reader.layout.header_lines as u64 {
                    continue;
                }
                split(line, delimiter, &mut fields);
                reader.row(&fields, number).map_err(|message| parse_error(name, number, message))?;
                if number % ROWS_A_WORD == 0 {
                    taker.progress(read - said, all);
                    said = read;
                    reader.relieve(taker)?;
                }
            }
            taker.progress(read - said, all);
            Ok(true)
        })?;
        reader.finish(reading, taker)
    }

    /// Finds the columns by the first rows of a file.
    pub(super) fn new(name: &'a str, top: &[Fields<'_>], options: &'a Options) -> Result<Self, Error> {
        let refuse = |message| parse_error(name, 1, message);
        let known = options.preset.map(super::Preset::row);
        let layout = Layout::find(top, options.columns.as_deref(), known.map_or(&[], |known| known.columns))
            .map_err(refuse)?;
        let header = &layout.groups[0].header;
        if options.symbol.is_some() && header.position(Role::Symbol).is_some() {
            let message =
                format!("has a column {}, so that --symbol means nothing", header.name(Role::Symbol));
            return Err(Error::bad_parameter(name, message));
        }
        if options.symbol.is_some() && layout.groups.len() > 1 {
            let message =
                format!("has columns of {} tickers, so that --symbol means nothing", layout.groups.len());
            return Err(Error::bad_parameter(name, message));
        }
        let stem = file_name::stem(name);
        let patterns = known.map_or(&[][..], |known| known.file_names);
        let told = patterns.iter().find_map(|pattern| file_name::read(stem, pattern));
        let symbol = file_name::partition(name).unwrap_or(stem);
        let told = told.unwrap_or(Told { symbol, date: None });
        let day_ns = told.date.and_then(civil::read).map(|(civil, _)| civil.midnight_ns);
        let format = options.date_format.as_deref().or(known.and_then(|known| known.date_format));
        let names: Vec<&str> = [Role::Moment, Role::Time]
            .into_iter()
            .filter(|&role| header.position(role).is_some())
            .map(|role| header.name(role))
            .collect();
        let moment_name = names.join(" ");
        let mut reader = Self {
            name,
            file: name.into(),
            options,
            told,
            clock: Clock::new(options.zone.as_ref(), format, day_ns),
            notation: Notation { mark: options.decimal, may_be_negative: options.allow_negative },
            scale: Scale::new(options, known),
            unit: None,
            moment_name,
            layout,
            assets: Vec::new(),
            rows_held: 0,
            parked: Vec::new(),
            indices: HashMap::new(),
            last: 0,
            tally: Tally::default(),
            notes: Vec::new(),
            joined: String::new(),
        };
        reader.note_columns();
        Ok(reader)
    }

    fn note_columns(&mut self) {
        let ignored = self.layout.ignored();
        if !ignored.is_empty() {
            self.notes.push(format!("{}: ignored the columns {}", self.name, ignored.join(", ")));
        }
        if let Some(note) = &self.layout.note {
            self.notes.push(format!("{}: {note}", self.name));
        }
        let header = &self.layout.groups[0].header;
        if header.position(Role::Volume).is_none() {
            self.notes.push(format!("{}: has no volume, which is taken as 0", self.name));
        }
        let events = Role::EVENTS.into_iter().filter(|&role| header.position(role).is_some());
        let unread: Vec<&str> = events.map(|role| header.name(role)).collect();
        if self.options.ignore_events && !unread.is_empty() {
            let columns = unread.join(", ");
            self.notes
                .push(format!("{}: left {columns} unread, as --adjustments gives the events", self.name));
        }
    }

    /// The decimal mark that the numbers of a text show, where some of them may hold a comma.
    fn decimal_mark(
        &self,
        text: &Text<'_>,
        delimiter: Delimiter,
    ) -> Result<Option<number::DecimalMark>, Error> {
        let name = self.name;
        let sign = if delimiter == Delimiter::Comma { b'"' } else { b',' };
        if !text.has(name, sign)? {
            return Ok(None);
        }
        let mut marks = Marks::default();
        text.pieces(name, &mut |piece, first| {
            let mut fields = Vec::new();
            let rows = piece.lines().zip(first..).filter(|(_, line)| *line > self.layout.header_lines as u64);
            for (line, number) in rows {
                split(line, delimiter, &mut fields);
                for header in self.layout.groups.iter().map(|group| &group.header) {
                    for role in Role::VALUES.into_iter().chain([Role::AdjustedClose]) {
                        if let Some(field) = header.position(role).and_then(|at| fields.get(at)) {
                            marks.see(number, header.name(role), field);
                        }
                    }
                }
            }
            Ok(true)
        })?;
        marks.decide().map_err(|(line, message)| parse_error(name, line, message))
    }

    /// What is read as what.
    pub(super) fn layout_reading(&self) -> String {
        self.layout.reading()
    }

    /// Which of a row's fields are read.
    pub(super) fn used(&self) -> Vec<bool> {
        let groups = &self.layout.groups;
        (0..self.layout.width).map(|at| groups.iter().any(|group| group.header.is_used(at))).collect()
    }

    /// Takes one row, or says what is wrong with it.
    pub(super) fn row(&mut self, fields: &[Cow<'_, str>], number: u64) -> Result<(), String> {
        if fields.iter().all(|field| field.is_empty()) {
            if !self.options.lenient {
                return Err("the row is blank, remove it or pass --lenient".to_owned());
            }
            self.tally.add(Kind::BlankRow, number, || "skipped a blank row".to_owned());
            return Ok(());
        }
        if fields.len() != self.layout.width {
            let expected = self.layout.width;
            return Err(format!("the row has {} fields, expected {expected} as in the header", fields.len()));
        }
        let header = &self.layout.groups[0].header;
        let date = field(header, fields, Role::Moment);
        let moment = match header.position(Role::Time) {
            Some(time) => {
                self.joined.clear();
                let _ = write!(self.joined, "{date} {}", fields[time]);
                &self.joined
            }
            None => date,
        };
        let (stamped, unit) =
            self.clock.parse(moment).map_err(|message| format!("{} {message}", self.moment_name))?;
        let first = *self.unit.get_or_insert(unit);
        if first != unit {
            return Err(format!(
                "{} is in {unit}, the rows above are in {first}; expected one for the file",
                self.moment_name
            ));
        }
        let is_frame = self.layout.groups[0].symbol.is_some();
        for index in 0..self.layout.groups.len() {
            let header = &self.layout.groups[index].header;
            // A frame has a row where any of its tickers has a bar.
            let is_absent =
                |role: &Role| header.position(*role).is_none_or(|at| number::is_missing(&fields[at]));
            if is_frame && Role::VALUES.iter().all(is_absent) {
                continue;
            }
            let row = Row {
                stamped,
                line: number,
                values: [Decimal::ZERO; 5],
                adjusted: None,
                split: None,
                dividend: None,
            };
            let bar =
                self.bar(index, fields, row).map_err(|message| match &self.layout.groups[index].symbol {
                    Some(symbol) if self.layout.groups.len() > 1 => format!("{symbol} {message}"),
                    _ => message,
                })?;
            if let Some(row) = bar {
                self.rows(index, fields)?.push(&row);
                self.rows_held += 1;
            }
        }
        Ok(())
    }

    /// The bar of one group of columns; none where a price is missing and that is let pass.
    fn bar(&mut self, group: usize, fields: &[Cow<'_, str>], mut row: Row) -> Result<Option<Row>, String> {
        let header = &self.layout.groups[group].header;
        let columns = self.event_columns(header);
        for (value, role) in row.values[..4].iter_mut().zip(Role::VALUES) {
            let text = field(header, fields, role);
            if self.options.lenient && number::is_missing(text) {
                let name = header.name(role);
                self.tally.add(Kind::MissingPrice, row.line, || format!("skipped a row without {name}"));
                return Ok(None);
            }
            *value = self.price(header, text, role)?;
        }
        if header.position(Role::Volume).is_some() {
            let text = field(header, fields, Role::Volume);
            if self.options.lenient && number::is_missing(text) {
                self.tally.add(Kind::MissingVolume, row.line, || "took a missing volume as 0".to_owned());
            } else {
                let notation = Notation { may_be_negative: false, ..self.notation };
                row.values[4] = parsed(header, Role::Volume, notation.parse(text), text)?;
            }
        }
        if columns.adjusted_close {
            row.adjusted =
                Some(self.price(header, field(header, fields, Role::AdjustedClose), Role::AdjustedClose)?);
        }
        // A ratio of 0 or 1 is how vendors write that there was none.
        let split = event(columns.splits, header, fields, Role::Split, number::ratio)?;
        row.split = split.filter(|ratio| *ratio > 0.0 && ratio.total_cmp(&1.0).is_ne());
        let dividend = event(columns.dividends, header, fields, Role::Dividend, number::parse)?;
        row.dividend = dividend.filter(|amount| !amount.is_zero());
        self.check_bar(&mut row.values, row.line)?;
        Ok(Some(row))
    }

    fn event_columns(&self, header: &Header) -> EventColumns {
        let has = |role| header.position(role).is_some() && !self.options.ignore_events;
        EventColumns {
            adjusted_close: has(Role::AdjustedClose),
            splits: has(Role::Split),
            dividends: has(Role::Dividend),
        }
    }

    /// A price of 0 is refused: it is a missing one in disguise, and returns are divided by it.
    fn price(&self, header: &Header, text: &str, role: Role) -> Result<Decimal, String> {
        let price = parsed(header, role, self.notation.parse(text), text)?;
        if price.is_zero() && !self.options.allow_negative {
            return Err(format!("{} is 0, expected a price above 0", header.name(role)));
        }
        self.scale.apply(price).map_err(|message| format!("{} {message}", header.name(role)))
    }

    fn check_bar(&mut self, values: &mut [Decimal; 5], line: u64) -> Result<(), String> {
        let [open, high, low, close, _] = values;
        if *high < *low {
            return Err(format!("high {high} is below low {low}"));
        }
        for (what, price) in [("open", &*open), ("close", &*close)] {
            if *price >= *low && *price <= *high {
                continue;
            }
            if !self.options.lenient {
                return Err(format!(
                    "{what} {price} is outside of low {low} to high {high}, pass --lenient to widen them"
                ));
            }
            let (edge, side) = if *price > *high { (&mut *high, "high") } else { (&mut *low, "low") };
            self.tally.add(Kind::Widened, line, || {
                format!("moved {side} from {edge} to {price} to hold the {what}")
            });
            *edge = *price;
        }
        Ok(())
    }

    /// The rows of a row's asset.
    fn rows(&mut self, group: usize, fields: &[Cow<'_, str>]) -> Result<&mut Rows, String> {
        let header = &self.layout.groups[group].header;
        let symbol =
            match (header.position(Role::Symbol), &self.options.symbol, &self.layout.groups[group].symbol) {
                (Some(position), _, _) => &*fields[position],
                (None, Some(symbol), _) | (None, None, Some(symbol)) => symbol,
                (None, None, None) => self.told.symbol,
            };
        // Rows of one asset mostly stand together.
        if self.assets.get(self.last).is_none_or(|rows| rows.symbol.as_str() != symbol) {
            self.last = match self.indices.get(symbol) {
                Some(&index) => index,
                None => {
                    check_symbol(symbol)?;
                    let columns = self.event_columns(header);
                    self.indices.insert(symbol.to_owned(), self.assets.len());
                    self.assets.push(Rows::new(symbol, &self.file, columns));
                    self.parked.push(Vec::new());
                    self.assets.len() - 1
                }
            };
        }
        Ok(&mut self.assets[self.last])
    }

    /// Parks the rows, where there are more than memory should hold.
    pub(super) fn relieve(&mut self, taker: &dyn Taker) -> Result<(), Error> {
        if self.rows_held <= self.options.room.rows || !taker.can_park() {
            return Ok(());
        }
        for asset in 0..self.assets.len() {
            self.park(asset, taker)?;
        }
        self.rows_held = 0;
        Ok(())
    }

    fn park(&mut self, asset: usize, taker: &dyn Taker) -> Result<(), Error> {
        let rows = &mut self.assets[asset];
        let len = rows.len();
        if len > 0 {
            let place = taker.park(&rows.park())?;
            self.parked[asset].push((len, place));
        }
        Ok(())
    }

    /// All rows were taken: puts them in order, checks what shows only then, and hands them over, asset by asset.
    pub(super) fn finish(mut self, mut reading: String, taker: &dyn Taker) -> Result<File, Error> {
        let Some(unit) = self.unit.filter(|_| !self.assets.is_empty()) else {
            return Err(Error::invalid(self.name, "has a header but no rows"));
        };
        for asset in 0..self.assets.len() {
            if !self.parked[asset].is_empty() {
                self.park(asset, taker)?;
            }
        }
        for (mut rows, parked) in
            std::mem::take(&mut self.assets).into_iter().zip(std::mem::take(&mut self.parked))
        {
            for (len, place) in parked {
                rows.unpack(len, &taker.fetch(place)?);
            }
            self.check(&mut rows)?;
            taker.take(rows)?;
        }
        if let Some(factor) = self.scale.factor {
            let whole = if self.scale.only_whole { "whole-number " } else { "" };
            let _ = write!(reading, "; {whole}prices times {factor}");
        }
        match (&self.options.zone, unit) {
            (Some(zone), TimestampUnit::Local) => {
                let _ = write!(reading, "; local times of {}", zone.name());
            }
            _ => {
                let _ = write!(reading, "; {unit}");
            }
        }
        self.notes.extend(self.tally.sentences(self.name));
        Ok(File { unit, reading, notes: self.notes })
    }

    /// Puts the rows of an asset in order, and checks them as a whole.
    fn check(&mut self, rows: &mut Rows) -> Result<(), Error> {
        let twice = rows.order(self.options.lenient)?;
        let (name, symbol) = (self.name, &rows.symbol);
        if twice > 0 {
            let note = format!(
                "{name}: {twice} of the rows of {symbol} were there twice, the same; one of each is kept"
            );
            self.notes.push(note);
        }
        if rows.repeated() > 0 {
            self.notes.push(format!(
                "{name}: {} of the rows of {symbol} lie in an hour that clocks showed twice; their order tells which is \
                 which",
                rows.repeated()
            ));
        }
        absurd::check_unit(rows, self.scale.is_given())?;
        if let Some(jump) = absurd::jump(rows) {
            if !self.options.lenient {
                return Err(rows.refuse(jump.bar, jump.message));
            }
            self.tally.add(Kind::Absurd, rows.line(jump.bar), || jump.message);
        }
        Ok(())
    }
}
