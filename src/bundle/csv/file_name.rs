//! Finds the symbol, and where need be the date, in the name of a file.

#![forbid(unsafe_code)]

use super::container::ENDINGS;
use super::header::Role;

/// The endings of the tables themselves.
pub(super) const TABLES: [&str; 10] =
    [".csv", ".txt", ".tsv", ".psv", ".prn", ".arrow", ".feather", ".ipc", ".parquet", ".pq"];

/// The name of a file without its folders and the endings of its packing and its kind.
pub(super) fn stem(name: &str) -> &str {
    let mut base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    for endings in [&ENDINGS[..], &TABLES] {
        base = endings.iter().find_map(|ending| without(base, ending)).unwrap_or(base);
    }
    base
}

fn without<'a>(text: &'a str, ending: &str) -> Option<&'a str> {
    let cut = text.len().checked_sub(ending.len()).filter(|&cut| cut > 0 && text.is_char_boundary(cut))?;
    text[cut..].eq_ignore_ascii_case(ending).then_some(&text[..cut])
}

/// The symbol that a folder on the way to a file is named for: `symbol=AAPL`, as Spark, DuckDB and polars part a table.
pub(super) fn partition(name: &str) -> Option<&str> {
    let folders = name.rsplit(['/', '\\']).skip(1);
    let pairs = folders.filter_map(|folder| folder.split_once('='));
    pairs
        .filter(|(key, value)| Role::of(key) == Some(Role::Symbol) && !value.is_empty())
        .map(|(_, value)| value)
        .next()
}

/// What the name of a file tells.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Told<'a> {
    pub(super) symbol: &'a str,
    /// `20240102`
    pub(super) date: Option<&'a str>,
}

/// Holds a stem against a pattern: `{symbol}` and `{date}` stand for what is looked for, `*` for anything, each as short
/// as can be and at least a character; all else for itself.
pub(super) fn read<'a>(stem: &'a str, pattern: &str) -> Option<Told<'a>> {
    let mut told = Told::default();
    matches(stem, pattern, &mut told).then_some(told).filter(|told| !told.symbol.is_empty())
}

fn matches<'a>(text: &'a str, pattern: &str, told: &mut Told<'a>) -> bool {
    const HOLES: [&str; 3] = ["{symbol}", "{date}", "*"];
    let Some(at) = HOLES.iter().filter_map(|hole| pattern.find(hole)).min() else { return text == pattern };
    let Some(text) = text.strip_prefix(&pattern[..at]) else { return false };
    let hole = HOLES.iter().find(|hole| pattern[at..].starts_with(*hole)).expect("one starts there");
    let rest = &pattern[at + hole.len()..];
    let ends = text.char_indices().map(|(at, _)| at).skip(1).chain([text.len()]).filter(|&end| end > 0);
    for end in ends {
        let found = &text[..end];
        let is_date = found.len() == 8 && found.bytes().all(|byte| byte.is_ascii_digit());
        if (*hole != "{date}" || is_date) && matches(&text[end..], rest, told) {
            match *hole {
                "{symbol}" => told.symbol = found,
                "{date}" => told.date = Some(found),
                _ => {}
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_the_stem_of_its_file() {
        for name in ["AAPL.csv", "data/AAPL.csv.gz", "AAPL", "/x/AAPL.CSV", "x.zip/AAPL.txt", "AAPL.csv.zst"]
        {
            assert_eq!(stem(name), "AAPL");
        }
        assert_eq!((stem("BRK.B.csv"), stem(".csv")), ("BRK.B", ".csv"));
    }

    #[test]
    fn a_folder_of_a_parted_table_names_the_symbol() {
        for (name, symbol) in [
            ("bars/symbol=AAPL/year=2024/part-0.parquet", Some("AAPL")),
            ("bars/Ticker=BRK.B/data.parquet", Some("BRK.B")),
            ("bars/year=2024/data.parquet", None),
            ("bars/symbol=/data.parquet", None),
            ("symbol=AAPL.parquet", None),
        ] {
            assert_eq!(partition(name), symbol, "{name}");
        }
    }

    #[test]
    fn a_pattern_finds_the_symbol_in_a_name() {
        for (stem, pattern, symbol) in [
            ("BTCUSDT-1m-2024-01", "{symbol}-*", Some("BTCUSDT")),
            ("DAT_ASCII_EURUSD_M1_2024", "DAT_ASCII_{symbol}_*", Some("EURUSD")),
            ("daily_adjusted_IBM", "*_{symbol}", Some("adjusted_IBM")),
            ("AAPL", "{symbol}", Some("AAPL")),
            ("AAPL", "{symbol}-*", None),
            ("", "{symbol}", None),
        ] {
            assert_eq!(read(stem, pattern).map(|told| told.symbol), symbol, "{stem}");
        }
        let minute = read("20131007_aapl_minute_trade", "{date}_{symbol}_minute_trade").unwrap();
        assert_eq!(minute, Told { symbol: "aapl", date: Some("20131007") });
        assert_eq!(read("2013_aapl_minute_trade", "{date}_{symbol}_minute_trade"), None);
    }
}
