//! Tables of text, and numbers with their unit.

#![forbid(unsafe_code)]

use lookback::sweep::{Metric, Metrics, Unit};

/// Rows of cells, each column as wide as its widest cell and aligned to the right.
#[derive(Default, Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The rows as lines, each after an indent of two spaces.
    pub fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut text = String::new();
        for row in &self.rows {
            for (cell, width) in row.iter().zip(&widths) {
                text += &format!("  {cell:>width$}");
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }
}

/// A metric for people, with its unit; a dash where it is not defined.
pub fn metric(metrics: &Metrics, metric: Metric) -> String {
    let Some(value) = metrics.get(metric) else { return "-".to_owned() };
    match metric.unit() {
        Unit::Share => format!("{} %", grouped(value * 100.0, 1)),
        Unit::Ratio => format!("{value:.2}"),
        Unit::Bars => format!("{} bars", grouped(value, 0)),
        Unit::Trades => grouped(value, 0),
        Unit::PerYear => format!("{value:.1} x/y"),
        Unit::Currency => grouped(value, 0),
    }
}

/// The heading of a metric's column.
pub fn heading(metric: Metric) -> &'static str {
    match metric {
        Metric::TotalReturn => "return",
        Metric::MaxDrawdown => "drawdown",
        Metric::MaxDrawdownBars => "below peak",
        Metric::OpenTrades => "open",
        Metric::WinRate => "wins",
        Metric::ProfitFactor => "profit factor",
        other => other.name(),
    }
}

/// A number with commas between thousands.
pub fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::new();
    if value < 0.0 && text.contains(|digit: char| ('1'..='9').contains(&digit)) {
        out.push('-');
    }
    for (at, digit) in whole.char_indices() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

/// A whole number with commas between thousands.
pub fn count(value: impl TryInto<u64>) -> String {
    let digits = value.try_into().unwrap_or(u64::MAX).to_string();
    let mut out = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Bytes in the unit that reads best.
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted() {
        assert_eq!(grouped(1_234_567.891, 1), "1,234,567.9");
        assert_eq!(grouped(-999.96, 1), "-1,000.0");
        assert_eq!(grouped(-0.01, 1), "0.0");
        assert_eq!(count(19_650_usize), "19,650");
        assert_eq!(bytes(54_900_000), "54.9 MB");
    }

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::default();
        table.row(["a".to_owned(), "long".to_owned()]);
        table.row(["bb".to_owned(), "x".to_owned()]);
        assert_eq!(table.text(), "   a  long\n  bb     x\n");
    }
}
