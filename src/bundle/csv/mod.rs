//! Reads bars from a CSV file, plain or gzip, checking every row.
//!
//! The whole file is held as text: lines are counted exactly, blank rows included, so that an error names the line
//! that an editor shows. A row is one line; a quoted field may hold commas, but no line break.

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use rust_decimal::Decimal;

use super::origin::TimestampUnit;
use super::series::check_symbol;
use crate::error::{Error, ErrorKind};

mod date;
mod frequency;
mod header;
mod moment;
mod number;
mod rows;
mod stamped;

pub(super) use number::{parse as parse_number, ratio as parse_ratio};
pub(super) use rows::{EventColumns, Rows};

use header::{Header, Role};
use rows::Row;

/// How a file is read.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Options<'a> {
    /// The asset's name where the file has no column for it; otherwise the file's stem.
    pub(super) symbol: Option<&'a str>,
    /// Widens high and low to hold open and close, and skips blank rows.
    pub(super) lenient: bool,
    /// Leaves the columns of events unread: they come from elsewhere.
    pub(super) ignore_events: bool,
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct File {
    pub(super) unit: TimestampUnit,
    pub(super) assets: Vec<Rows>,
    /// What was passed over or mended, for the user.
    pub(super) notes: Vec<String>,
}

/// Reads and checks a file; `name` is what errors call it.
pub(super) fn read(name: &str, bytes: &[u8], options: &Options<'_>) -> Result<File, Error> {
    let text = decode(name, bytes)?;
    let mut lines = text.lines().zip(1..);
    let (first, _) =
        lines.next().ok_or_else(|| Error::invalid(name, "is empty, expected a header and rows"))?;
    let header = Header::new(split(first).iter().map(AsRef::as_ref))
        .map_err(|message| parse_error(name, 1, message))?;
    if options.symbol.is_some() && header.position(Role::Symbol).is_some() {
        let message = format!("has a column {}, so that --symbol means nothing", header.name(Role::Symbol));
        return Err(Error::bad_parameter(name, message));
    }
    let mut reader = Reader {
        name,
        options,
        header,
        unit: None,
        assets: Vec::new(),
        indices: HashMap::new(),
        notes: Vec::new(),
    };
    reader.note_ignored();
    for (line, number) in lines {
        reader.row(line, number).map_err(|message| parse_error(name, number, message))?;
    }
    reader.finish()
}

/// An error at a line of a file.
pub(super) fn parse_error(file: &str, line: u64, message: String) -> Error {
    Error::new(ErrorKind::Parse { file: file.to_owned(), line, message })
}

/// Unpacks gzip, known by its first bytes, and checks that what comes out is text.
pub(super) fn decode<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, Error> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    const BYTE_ORDER_MARK: char = '\u{feff}';
    let bad_text = |bytes: &[u8], valid: usize| {
        let line = 1 + bytes[..valid].iter().filter(|&&byte| byte == b'\n').count();
        parse_error(name, line as u64, "is not UTF-8 text, expected a CSV file, plain or gzip".to_owned())
    };
    if !bytes.starts_with(&GZIP) {
        let text = std::str::from_utf8(bytes).map_err(|error| bad_text(bytes, error.valid_up_to()))?;
        return Ok(Cow::Borrowed(text.trim_start_matches(BYTE_ORDER_MARK)));
    }
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(bytes)
        .read_to_end(&mut unpacked)
        .map_err(|error| Error::invalid(name, format!("is not a whole gzip file: {error}")))?;
    let text = String::from_utf8(unpacked)
        .map_err(|error| bad_text(error.as_bytes(), error.utf8_error().valid_up_to()))?;
    Ok(Cow::Owned(text.trim_start_matches(BYTE_ORDER_MARK).to_owned()))
}

/// The fields of a line, without the spaces around them.
pub(super) fn split(line: &str) -> Vec<Cow<'_, str>> {
    if !line.contains('"') {
        return line.split(',').map(|field| Cow::Borrowed(field.trim())).collect();
    }
    let mut record = csv::StringRecord::new();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
    // A line of a str, read from memory, is one record of text.
    let _ = reader.read_record(&mut record);
    record.iter().map(|field| Cow::Owned(field.trim().to_owned())).collect()
}

struct Reader<'a> {
    name: &'a str,
    options: &'a Options<'a>,
    header: Header,
    unit: Option<TimestampUnit>,
    assets: Vec<Rows>,
    indices: HashMap<String, usize>,
    notes: Vec<String>,
}

impl Reader<'_> {
    fn note_ignored(&mut self) {
        let mut ignored: Vec<&str> = self.header.ignored().collect();
        ignored.iter_mut().filter(|name| name.is_empty()).for_each(|name| *name = "(unnamed)");
        if !ignored.is_empty() {
            self.notes.push(format!("{}: ignored the columns {}", self.name, ignored.join(", ")));
        }
        let events = Role::EVENTS.into_iter().filter(|&role| self.header.position(role).is_some());
        let unread: Vec<&str> = events.map(|role| self.header.name(role)).collect();
        if self.options.ignore_events && !unread.is_empty() {
            let columns = unread.join(", ");
            self.notes
                .push(format!("{}: left {columns} unread, as --adjustments gives the events", self.name));
        }
    }

    fn row(&mut self, line: &str, number: u64) -> Result<(), String> {
        let fields = split(line);
        if fields.iter().all(|field| field.is_empty()) {
            if !self.options.lenient {
                return Err("the row is blank, remove it or pass --lenient".to_owned());
            }
            self.notes.push(format!("{} line {number}: skipped a blank row", self.name));
            return Ok(());
        }
        if fields.len() != self.header.len() {
            let expected = self.header.len();
            return Err(format!("the row has {} fields, expected {expected} as in the header", fields.len()));
        }
        let (stamped, unit) = moment::parse(self.field(&fields, Role::Moment))
            .map_err(|message| format!("{} {message}", self.header.name(Role::Moment)))?;
        let first = *self.unit.get_or_insert(unit);
        if first != unit {
            let column = self.header.name(Role::Moment);
            return Err(format!(
                "{column} is in {unit}, the rows above are in {first}; expected one for the file"
            ));
        }
        let mut values = [
            self.price(&fields, Role::Open)?,
            self.price(&fields, Role::High)?,
            self.price(&fields, Role::Low)?,
            self.price(&fields, Role::Close)?,
            self.number(&fields, Role::Volume)?,
        ];
        self.check_bar(&mut values, number)?;
        let columns = self.event_columns();
        let adjusted =
            columns.adjusted_close.then(|| self.price(&fields, Role::AdjustedClose)).transpose()?;
        let split = self.event(columns.splits, &fields, Role::Split, number::ratio)?;
        let dividend = self.event(columns.dividends, &fields, Role::Dividend, number::parse)?;
        let rows = self.rows(&fields)?;
        rows.push(Row {
            stamped,
            line: number,
            values,
            adjusted,
            // A ratio of 0 or 1 is how vendors write that there was none.
            split: split.filter(|ratio| *ratio > 0.0 && ratio.total_cmp(&1.0).is_ne()),
            dividend: dividend.filter(|amount| !amount.is_zero()),
        });
        Ok(())
    }

    fn event_columns(&self) -> EventColumns {
        let has = |role| self.header.position(role).is_some() && !self.options.ignore_events;
        EventColumns {
            adjusted_close: has(Role::AdjustedClose),
            splits: has(Role::Split),
            dividends: has(Role::Dividend),
        }
    }

    /// The value of a column of events, if the file has it and the row's field is not empty.
    fn event<T>(
        &self,
        has_column: bool,
        fields: &[Cow<'_, str>],
        role: Role,
        parse: fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let text = if has_column { self.field(fields, role) } else { "" };
        let value = (!text.is_empty()).then(|| parse(text)).transpose();
        value.map_err(|message| format!("{} {message}", self.header.name(role)))
    }

    fn field<'f>(&self, fields: &'f [Cow<'_, str>], role: Role) -> &'f str {
        self.header.position(role).map_or("", |position| &fields[position])
    }

    fn number(&self, fields: &[Cow<'_, str>], role: Role) -> Result<Decimal, String> {
        number::parse(self.field(fields, role))
            .map_err(|message| format!("{} {message}", self.header.name(role)))
    }

    /// A price of 0 is refused: it is a missing one in disguise, and returns are divided by it.
    fn price(&self, fields: &[Cow<'_, str>], role: Role) -> Result<Decimal, String> {
        let price = self.number(fields, role)?;
        if price.is_zero() {
            return Err(format!("{} is 0, expected a price above 0", self.header.name(role)));
        }
        Ok(price)
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
            self.notes.push(format!(
                "{} line {line}: moved {side} from {edge} to {price} to hold the {what}",
                self.name
            ));
            *edge = *price;
        }
        Ok(())
    }

    /// The rows of a row's asset.
    fn rows(&mut self, fields: &[Cow<'_, str>]) -> Result<&mut Rows, String> {
        let symbol = match (self.header.position(Role::Symbol), self.options.symbol) {
            (Some(position), _) => &*fields[position],
            (None, Some(symbol)) => symbol,
            (None, None) => stem(self.name),
        };
        if let Some(&index) = self.indices.get(symbol) {
            return Ok(&mut self.assets[index]);
        }
        check_symbol(symbol)?;
        self.indices.insert(symbol.to_owned(), self.assets.len());
        self.assets.push(Rows::new(symbol, self.event_columns()));
        Ok(self.assets.last_mut().expect("one was just pushed"))
    }

    fn finish(mut self) -> Result<File, Error> {
        let Some(unit) = self.unit else {
            return Err(Error::invalid(self.name, "has a header but no rows"));
        };
        for rows in &mut self.assets {
            rows.order().map_err(|(line, message)| parse_error(self.name, line, message))?;
        }
        Ok(File { unit, assets: self.assets, notes: self.notes })
    }
}

/// The name of a file without its folders, `.csv` and `.gz`.
fn stem(name: &str) -> &str {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let strip = |text, ending: &str| {
        let cut = str::len(text).checked_sub(ending.len()).filter(|&cut| text.is_char_boundary(cut));
        cut.filter(|&cut| text[cut..].eq_ignore_ascii_case(ending)).map_or(text, |cut| &text[..cut])
    };
    strip(strip(base, ".gz"), ".csv")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_the_stem_of_its_file() {
        for name in ["AAPL.csv", "data/AAPL.csv.gz", "AAPL", "/x/AAPL.CSV"] {
            assert_eq!(stem(name), "AAPL");
        }
        assert_eq!(stem("BRK.B.csv"), "BRK.B");
    }

    #[test]
    fn quoted_fields_may_hold_commas() {
        assert_eq!(split(r#""2005-02-28","1,000",5"#), ["2005-02-28", "1,000", "5"]);
    }
}
