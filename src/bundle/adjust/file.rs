//! Reads `adjustments.csv`: splits and dividends as the user knows them.

#![forbid(unsafe_code)]

use std::collections::HashMap;

use rust_decimal::Decimal;

use crate::asset::Symbol;
use crate::bundle::adjustment::{Adjustment, AdjustmentKind};
use crate::bundle::csv::{Rows, decode, parse_error, parse_number, parse_ratio, split};
use crate::decimal;
use crate::error::Error;
use crate::nearest::suggestion;
use crate::time::{Timestamp, When};

/// The adjustments of each symbol, and what the user should know of them.
pub(super) type Adjustments = (HashMap<Symbol, Vec<Adjustment>>, Vec<String>);

/// Reads and checks a file against the bars that it adjusts; `name` is what errors call it.
///
/// Columns are `symbol|ticker`, `date`, `kind` and `value`, in any case and order: `split` with the ratio new / old as `2`,
/// `0.1` or `3/2`, `dividend` with the cash per share, and `factor`, `merger` or `spinoff` with what earlier prices are
/// multiplied by. `known`, where it is there, is the date from which on the event is known, and `close` the close before it,
/// held against the bars.
pub(super) fn read(name: &str, bytes: &[u8], assets: &[Rows]) -> Result<Adjustments, Error> {
    let text = decode(name, bytes)?;
    let mut lines = text.lines().zip(1_u64..);
    let (header, _) = lines.next().ok_or_else(|| Error::invalid(name, "is empty, expected a header"))?;
    let columns = Columns::new(header).map_err(|message| parse_error(name, 1, message))?;
    let mut reader =
        Reader { columns, assets, seen: HashMap::new(), found: HashMap::new(), notes: Vec::new() };
    for (line, number) in lines.filter(|(line, _)| !line.trim().is_empty()) {
        reader.row(name, line, number).map_err(|message| parse_error(name, number, message))?;
    }
    Ok((reader.found, reader.notes))
}

/// Where symbol, date, kind and value stand, and known and close where they are there.
struct Columns {
    positions: [usize; 4],
    known: Option<usize>,
    close: Option<usize>,
    count: usize,
}

impl Columns {
    fn new(header: &str) -> Result<Self, String> {
        let names: Vec<String> = split(header).iter().map(|name| name.to_lowercase()).collect();
        let position = |wanted: &[&str]| {
            let mut found = names.iter().enumerate().filter(|(_, name)| wanted.contains(&name.as_str()));
            match (found.next(), found.next()) {
                (Some((position, _)), None) => Ok(position),
                (Some(_), Some(_)) => Err(format!("column {} is there twice", wanted[0])),
                (None, _) => {
                    let found = names.join(", ");
                    Err(format!("no column {}; found {found}; expected symbol, date, kind, value", wanted[0]))
                }
            }
        };
        let positions = [
            position(&["symbol", "ticker"])?,
            position(&["date"])?,
            position(&["kind"])?,
            position(&["value"])?,
        ];
        let optional = |name: &str| match names.iter().any(|one| one == name) {
            true => position(&[name]).map(Some),
            false => Ok(None),
        };
        Ok(Self { positions, known: optional("known")?, close: optional("close")?, count: names.len() })
    }
}

struct Reader<'a> {
    columns: Columns,
    assets: &'a [Rows],
    /// The line of each event.
    seen: HashMap<(Symbol, Timestamp, u8), u64>,
    found: HashMap<Symbol, Vec<Adjustment>>,
    notes: Vec<String>,
}

impl Reader<'_> {
    fn row(&mut self, file: &str, line: &str, number: u64) -> Result<(), String> {
        let fields = split(line);
        if fields.len() != self.columns.count {
            let expected = self.columns.count;
            return Err(format!("the row has {} fields, expected {expected} as in the header", fields.len()));
        }
        let [symbol, date, kind, value] = self.columns.positions.map(|position| &*fields[position]);
        let rows = find(self.assets, symbol)?;
        let when: When =
            date.parse().map_err(|_| format!("date is {date:?}, expected 2005-02-28 or 20050228"))?;
        let ex_date = when.first_moment();
        let kind = match kind.to_lowercase().as_str() {
            "split" => AdjustmentKind::Split(ratio(value)?),
            "dividend" => AdjustmentKind::Dividend(dividend(value, rows, ex_date)?),
            "factor" | "merger" | "spinoff" | "spin-off" => {
                AdjustmentKind::Factor(decimal::to_f64(above_zero(value)?))
            }
            _ => {
                return Err(format!("kind is {kind:?}, expected split, dividend, factor, merger or spinoff"));
            }
        };
        let text = |column: Option<usize>| {
            column.map(|column| fields[column].trim()).filter(|text| !text.is_empty())
        };
        let known = text(self.columns.known).map(known).transpose()?;
        let close = text(self.columns.close).map(|text| close(text, rows, ex_date)).transpose()?;
        let symbol = rows.symbol.clone();
        if let Some(first) = self.seen.insert((symbol.clone(), ex_date, kind.rank()), number) {
            return Err(format!(
                "the {} of {symbol} on {when} is there twice, first at line {first}",
                kind.name()
            ));
        }
        if !rows.covers(ex_date) {
            let (first, last) = rows.span();
            self.notes.push(format!(
                "{file} line {number}: {symbol} has bars from {first} to {last}, so the {} on {when} changes nothing",
                kind.name()
            ));
        }
        self.found.entry(symbol).or_default().push(Adjustment { ex_date, kind, known, close });
        Ok(())
    }
}

fn find<'a>(assets: &'a [Rows], symbol: &str) -> Result<&'a Rows, String> {
    assets.iter().find(|rows| rows.symbol.as_str() == symbol).ok_or_else(|| {
        let nearest = suggestion(symbol, assets.iter().map(|rows| rows.symbol.as_str()));
        format!("unknown symbol {symbol:?}{nearest}")
    })
}

fn known(text: &str) -> Result<Timestamp, String> {
    let when: Result<When, _> = text.parse();
    when.map(When::first_moment)
        .map_err(|_| format!("known is {text:?}, expected 2005-02-28 or 20050228, or none"))
}

/// The close that the event was told beside: that of the bars, or one of both is wrong.
fn close(text: &str, rows: &Rows, ex_date: Timestamp) -> Result<f64, String> {
    let told = parse_number(text).map_err(|message| format!("close {message}"))?;
    match rows.close_before(ex_date) {
        Some(close) if close != told => Err(format!(
            "close is {told}, but the bar before {ex_date} closed at {close}; one of both is wrong"
        )),
        _ => Ok(decimal::to_f64(told)),
    }
}

fn above_zero(text: &str) -> Result<Decimal, String> {
    let value = parse_number(text).map_err(|message| format!("value {message}"))?;
    if value.is_zero() { Err("value is 0, expected one above 0".to_owned()) } else { Ok(value) }
}

/// New shares for each old one: a decimal, or `new/old` where that is no decimal.
fn ratio(text: &str) -> Result<f64, String> {
    let value = parse_ratio(text).map_err(|message| format!("value {message}"))?;
    if value > 0.0 { Ok(value) } else { Err(format!("value is {text}, expected one above 0")) }
}

/// Cash per share: less than the share was worth, or the prices before it would turn negative.
fn dividend(text: &str, rows: &Rows, ex_date: Timestamp) -> Result<f64, String> {
    let amount = above_zero(text)?;
    match rows.close_before(ex_date) {
        Some(close) if amount >= close => {
            Err(format!("value is {amount}, expected less than the close before, {close}"))
        }
        _ => Ok(decimal::to_f64(amount)),
    }
}
