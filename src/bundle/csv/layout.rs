//! What the columns of a file are: by its header, by names that were given, or by the several header rows of a frame
//! that holds each field of each ticker in a column of its own.

#![forbid(unsafe_code)]

use std::borrow::Cow;

use super::header::{Header, Role};
use super::moment::Clock;

/// The columns of a file.
#[derive(Debug)]
pub(super) struct Layout {
    /// How many fields a row has.
    pub(super) width: usize,
    /// One for each asset that a row has bars of.
    pub(super) groups: Vec<Group>,
    /// How many lines stand before the first row.
    pub(super) header_lines: usize,
    /// What is to be said of how it was found.
    pub(super) note: Option<String>,
}

/// The columns of one asset, or of all those that a column of symbols tells apart.
#[derive(Debug)]
pub(super) struct Group {
    /// The asset, where the header names it.
    pub(super) symbol: Option<String>,
    pub(super) header: Header,
}

/// The fields of a line.
type Fields<'t> = Vec<Cow<'t, str>>;

impl Layout {
    /// Finds the columns by the first lines of a file.
    ///
    /// # Errors
    /// What is wrong with the first line.
    pub(super) fn find(
        first: &[Fields<'_>],
        asked: Option<&[String]>,
        known: &[&str],
    ) -> Result<Self, String> {
        let Some(top) = first.first() else { return Err("is empty, expected a header and rows".to_owned()) };
        let is_data = looks_like_data(top);
        if let Some(names) = asked {
            let header = given(names.iter().map(String::as_str), top.len(), "--columns")?;
            let note = (!is_data).then(|| {
                format!("line 1 ({}) is a header, and --columns stands in its place", top.join(", "))
            });
            return Ok(Self::one(header, usize::from(!is_data), note));
        }
        if is_data && !known.is_empty() {
            return Ok(Self::one(given(known.iter().copied(), top.len(), "--preset")?, 0, None));
        }
        if is_data {
            let shown: Vec<&str> = top.iter().take(4).map(AsRef::as_ref).collect();
            return Err(format!(
                "is data ({}{}), expected a header; for a file without one pass --columns \
                 date,open,high,low,close,volume with its columns in their order, or --preset binance, histdata or lean",
                shown.join(", "),
                if top.len() > shown.len() { ", …" } else { "" }
            ));
        }
        if let Some(layout) = Self::of_frame(first)? {
            return Ok(layout);
        }
        Ok(Self::one(Header::new(top.iter().map(AsRef::as_ref))?, 1, None))
    }

    fn one(header: Header, header_lines: usize, note: Option<String>) -> Self {
        Self { width: header.len(), groups: vec![Group { symbol: None, header }], header_lines, note }
    }

    /// The layout of a frame of yfinance: a row of fields, a row of tickers (or the other way round), and often a row
    /// that names the index alone.
    fn of_frame(first: &[Fields<'_>]) -> Result<Option<Self>, String> {
        let [top, below, ..] = first else { return Ok(None) };
        let is_corner = |text: &str| {
            ["", "price", "ticker", "tickers", "symbols", "attributes"]
                .contains(&text.to_lowercase().as_str())
        };
        let is_fields =
            |row: &Fields<'_>| row.len() > 1 && row[1..].iter().all(|name| Role::of(name).is_some());
        let is_framed = top.len() == below.len() && is_corner(&top[0]) && is_corner(&below[0]);
        let (fields, tickers) = match (is_framed, is_fields(top), is_fields(below)) {
            (true, true, false) => (top, below),
            (true, false, true) => (below, top),
            _ => return Ok(None),
        };
        let is_named_index = first.get(2).is_some_and(|row| {
            row.len() == top.len()
                && Role::of(&row[0]) == Some(Role::Moment)
                && row[1..].iter().all(|cell| cell.is_empty())
        });
        let index = if is_named_index { first[2][0].as_ref() } else { "Date" };
        let mut groups: Vec<Group> = Vec::new();
        for ticker in &tickers[1..] {
            if groups.iter().any(|group| group.symbol.as_deref() == Some(ticker)) {
                continue;
            }
            let names = (0..top.len()).map(|at| match at {
                0 => index,
                _ if tickers[at] == *ticker => fields[at].as_ref(),
                _ => "-",
            });
            let header = Header::new(names).map_err(|message| format!("{ticker}: {message}"))?;
            groups.push(Group { symbol: Some(ticker.clone().into_owned()), header });
        }
        let header_lines = 2 + usize::from(is_named_index);
        Ok(Some(Self { width: top.len(), groups, header_lines, note: None }))
    }

    /// The names of columns that mean nothing here, in a file of one group.
    pub(super) fn ignored(&self) -> Vec<&str> {
        match &self.groups[..] {
            [group] => group.header.ignored().filter(|name| *name != "-").collect(),
            _ => Vec::new(),
        }
    }

    /// What was read as what.
    pub(super) fn reading(&self) -> String {
        let first = self.groups[0].header.reading();
        match &self.groups[..] {
            [Group { symbol: Some(symbol), .. }] => format!("{first} of {symbol}"),
            [_] | [] => first,
            [group, ..] => format!(
                "{first} of {} tickers, each in columns of its own, {} first",
                self.groups.len(),
                group.symbol.as_deref().unwrap_or_default()
            ),
        }
    }
}

/// The header that names of a file without one make up.
fn given<'a>(
    names: impl Iterator<Item = &'a str> + Clone,
    fields: usize,
    flag: &str,
) -> Result<Header, String> {
    let count = names.clone().count();
    if count != fields {
        return Err(format!(
            "has {fields} fields, but {flag} names {count} columns; expected one name for each, - for one to leave out"
        ));
    }
    Header::new(names).map_err(|message| format!("{flag} gives {message}"))
}

/// Whether a first line holds a bar and no names.
fn looks_like_data(fields: &Fields<'_>) -> bool {
    let is_value = |text: &str| {
        let is_number = text.trim_start_matches(['$', '-', '+']).starts_with(|c: char| c.is_ascii_digit());
        is_number || Clock::new(None, None, None).parse(text).is_ok()
    };
    let values = fields.iter().filter(|field| is_value(field)).count();
    // Tickers such as 7203.T are no values of bars: names of fields beside them tell.
    values >= 4 && 2 * values >= fields.len() && !fields.iter().any(|field| Role::of(field).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::csv::dialect::{Delimiter, split};

    fn find(lines: &[&str], asked: Option<&str>, known: &[&str]) -> Result<Layout, String> {
        let rows: Vec<Fields<'_>> = lines
            .iter()
            .map(|line| {
                let mut fields = Vec::new();
                split(line, Delimiter::Comma, &mut fields);
                fields
            })
            .collect();
        let asked: Option<Vec<String>> = asked.map(|names| names.split(',').map(str::to_owned).collect());
        Layout::find(&rows, asked.as_deref(), known)
    }

    #[test]
    fn a_frame_has_a_group_for_each_ticker() {
        for (lines, header_lines) in [
            (
                &[
                    "Price,Close,Close,High,High,Low,Low,Open,Open",
                    "Ticker,A,7203.T,A,7203.T,A,7203.T,A,7203.T",
                    "Date,,,,,,,,",
                ][..],
                3,
            ),
            (
                &[
                    "Ticker,A,A,A,A,7203.T,7203.T,7203.T,7203.T",
                    "Price,Open,High,Low,Close,Open,High,Low,Close",
                    "2024-01-02,1,1,1,1,1,1,1,1",
                ],
                2,
            ),
        ] {
            let layout = find(lines, None, &[]).unwrap();
            let symbols: Vec<_> =
                layout.groups.iter().map(|group| group.symbol.as_deref().unwrap()).collect();
            assert_eq!((symbols, layout.header_lines, layout.width), (vec!["A", "7203.T"], header_lines, 9));
        }
        // An index without a name is one header row.
        assert_eq!(find(&[",Open,High,Low,Close", "2024-01-02,1,1,1,1"], None, &[]).unwrap().header_lines, 1);
    }

    #[test]
    fn a_first_row_of_data_needs_names() {
        let row = ["2024-01-02,1,2,1,2,100"];
        assert!(
            find(&row, None, &[])
                .unwrap_err()
                .starts_with("is data (2024-01-02, 1, 2, 1, …), expected a header")
        );
        let known = ["date", "open", "high", "low", "close", "volume"];
        assert_eq!(find(&row, None, &known).unwrap().header_lines, 0);
        assert_eq!(
            find(&row, Some("date,open,high,low,close,-"), &[]).unwrap().ignored(),
            Vec::<&str>::new()
        );
        let few = find(&row, Some("date,open"), &[]).unwrap_err();
        assert!(few.starts_with("has 6 fields, but --columns names 2 columns"), "{few}");
        let headed = find(&["d,o,h,l,c,v"], Some("date,open,high,low,close,volume"), &[]).unwrap();
        assert!(headed.header_lines == 1 && headed.note.is_some());
    }
}
