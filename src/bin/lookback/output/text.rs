//! Tables of text, and numbers with their unit.

#![forbid(unsafe_code)]

use std::io::{self, IsTerminal, Write};

use lookback::sweep::Point;

pub use lookback::report::{amount, bytes, count, counted, grouped, heading, merit, metric};

/// Rows of cells under a header, each column as wide as its widest cell.
#[derive(Debug)]
pub struct Table {
    indent: usize,
    /// How many columns, from the first on, are words: they are aligned to the left, and numbers to the right.
    words: usize,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(indent: usize, words: usize) -> Self {
        Self { indent, words, rows: Vec::new() }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The rows as lines.
    pub fn text(&self) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for row in &self.rows {
            text += &" ".repeat(self.indent);
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let gap = if column == 0 { "" } else { GAP };
                text += &match column < self.words {
                    true => format!("{gap}{cell:<width$}"),
                    false => format!("{gap}{cell:>width$}"),
                };
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cells = |column: usize| self.rows.iter().filter_map(move |row| row.get(column));
        let width = |column| cells(column).map(|cell: &String| cell.chars().count()).max().unwrap_or(0);
        (0..columns).map(width).collect()
    }

    fn width(&self) -> usize {
        let widths = self.widths();
        self.indent + widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1)
    }

    /// Leaves out the column under a heading, and says whether there was one.
    fn leave_out(&mut self, heading: &str) -> bool {
        let header = self.rows.first();
        let Some(at) = header.and_then(|cells| cells.iter().position(|cell| cell == heading)) else {
            return false;
        };
        self.words -= usize::from(at < self.words);
        for row in &mut self.rows {
            row.remove(at);
        }
        true
    }
}

/// What parts two columns.
const GAP: &str = "  ";

/// Makes tables fit a width: the least telling columns go first, from all of them. Returns the headings of those.
pub fn fit<'a>(tables: &mut [Table], width: Option<usize>, least_telling: &[&'a str]) -> Vec<&'a str> {
    let mut dropped = Vec::new();
    let Some(width) = width else { return dropped };
    for heading in least_telling {
        if tables.iter().all(|table| table.width() <= width) {
            break;
        }
        let without = tables.iter_mut().map(|table| table.leave_out(heading)).filter(|left_out| *left_out);
        if without.count() > 0 {
            dropped.push(*heading);
        }
    }
    dropped
}

/// Says which columns are not there, and how to get them; nothing where all are.
pub fn write_dropped(dropped: &[&str], width: Option<usize>, out: &mut dyn Write) -> anyhow::Result<()> {
    if let (Some(width), [_, ..]) = (width, dropped) {
        let names = dropped.join(", ");
        writeln!(
            out,
            "not in {width} columns: {names}; in a wider terminal, a pipe or --format csv they are"
        )?;
    }
    Ok(())
}

/// The columns of the terminal that stdout is; nothing where it is none, or hides its size.
pub fn terminal_width() -> Option<usize> {
    let out = io::stdout();
    let size = out.is_terminal().then(|| rustix::termios::tcgetwinsize(&out).ok()).flatten()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// A point as it would be typed: `fast=5 slow=50`.
pub fn point(point: Point<'_>) -> String {
    point.told().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(2, 0);
        table.row(["a".to_owned(), "long".to_owned()]);
        table.row(["bb".to_owned(), "x".to_owned()]);
        assert_eq!(table.text(), "   a  long\n  bb     x\n");
    }

    #[test]
    fn a_narrow_terminal_goes_without_the_least_telling_columns_and_says_so() {
        let tables = || {
            let mut tables = [Table::new(0, 1), Table::new(0, 1)];
            for (table, cells) in tables.iter_mut().zip([["IBM", "0.5", "3"], ["FB", "1,000,000.0", "2"]]) {
                table.row(["asset", "costs", "same"].map(str::to_owned));
                table.row(cells.map(str::to_owned));
            }
            tables
        };
        let fitted = |width, least: &[&'static str]| {
            let mut tables = tables();
            let dropped = fit(&mut tables, width, least);
            (dropped, tables[1].text())
        };
        let whole = "asset        costs  same\nFB     1,000,000.0     2\n";
        assert_eq!(fitted(None, &["same", "costs"]), (vec![], whole.to_owned()));
        assert_eq!(fitted(Some(24), &["same", "costs"]), (vec![], whole.to_owned()));
        assert_eq!(fitted(Some(23), &["same", "costs"]).0, ["same"]);
        assert_eq!(fitted(Some(5), &["same", "costs"]), (vec!["same", "costs"], "asset\nFB\n".to_owned()));
        let mut said = Vec::new();
        write_dropped(&["same"], Some(23), &mut said).unwrap();
        assert!(String::from_utf8(said).unwrap().starts_with("not in 23 columns: same; "));
    }
}
