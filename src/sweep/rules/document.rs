//! A strategy, or settings, as a TOML file: one schema for both.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::error::Error;
use crate::nearest::suggestion;

/// The tables, each with its keys; one without any takes names of the writer's own.
const SCHEMA: [(&str, &[&str]); 7] = [
    ("parameters", &[]),
    ("let", &[]),
    (
        "rules",
        &[
            "buy",
            "sell",
            "short",
            "cover",
            "weight",
            "rebalance",
            "where",
            "stop_loss",
            "take_profit",
            "trailing_stop",
            "max_bars",
            "cooldown",
            "size",
            "risk",
            "signals",
        ],
    ),
    (
        "settings",
        &[
            "fill",
            "fee",
            "commission",
            "slippage_bps",
            "cash",
            "from",
            "to",
            "adjust",
            "periods_per_year",
            "borrow",
            "interest",
        ],
    ),
    ("cache", &["capacity_bytes", "permanent_bytes", "variable_entries", "shards"]),
    ("portal", &["permanent_windows"]),
    (
        "sweep",
        &[
            "bundle",
            "asset",
            "where",
            "rank_by",
            "require",
            "random",
            "refine",
            "keep",
            "seed",
            "min_trades",
            "top",
            "threads",
            "metrics",
            "allow_failed",
        ],
    ),
];

/// A TOML file of the tables `[parameters] [let] [rules] [settings] [cache] [portal] [sweep]`, all of them optional.
///
/// A strategy and a configuration are written alike, so that one can be copied into the other. Keys keep the order in
/// which they were written: that of parameters is the grid's, and a `let` may use those before it.
///
/// # Examples
/// ```
/// use lookback::sweep::Document;
/// let document = Document::parse("[settings]\nfee = 0.002\nto = \"2005-12-30\"", "my.toml")?;
/// let settings: Vec<_> = document.entries("settings").map(|one| (one.key.as_str(), one.value.as_str())).collect();
/// assert_eq!(settings, [("fee", "0.002"), ("to", "2005-12-30")]);
/// let error = Document::parse("[rules]\nbuys = \"close > open\"", "my.toml").unwrap_err().to_string();
/// assert!(error.starts_with("my.toml line 2: [rules] has no key buys; nearest: buy; "), "{error}");
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    origin: String,
    /// The table of each entry, by its place in the schema.
    entries: Vec<(usize, Entry)>,
}

/// One line of a [`Document`].
///
/// # Examples
/// ```
/// use lookback::sweep::Document;
/// let document = Document::parse("[parameters]\nfast = \"5:50\"\nslow = [100, 200]", "my.toml")?;
/// let slow = document.entries("parameters").nth(1).unwrap();
/// assert_eq!((slow.value.as_str(), slow.line), ("100,200", 3));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The name before the equals sign.
    pub key: String,
    /// The value as it would be typed on a command line: texts without quotes, lists with commas.
    pub value: String,
    /// The line in its file, counted from 1.
    pub line: usize,
}

impl Document {
    /// Reads a text; `origin` is what errors call it, such as the file's name.
    ///
    /// # Errors
    /// `Invalid` with the line, where it is no TOML, or has a table, a key or a kind of value that is not known.
    pub fn parse(text: &str, origin: &str) -> Result<Self, Error> {
        let line = |span: Range<usize>| text[..span.start.min(text.len())].matches('\n').count() + 1;
        let fault = |span: Range<usize>, message: String| {
            Error::invalid(format!("{origin} line {}", line(span)), message)
        };
        let root = DeTable::parse(text).map_err(|error| {
            fault(error.span().unwrap_or_default(), error.message().trim_end().replace('\n', ", "))
        })?;
        let mut entries = Vec::new();
        for (name, value) in root.get_ref() {
            let names = || SCHEMA.iter().map(|(name, _)| *name);
            let Some(table) = names().position(|known| known == name.get_ref()) else {
                let near = suggestion(name.get_ref(), names());
                let known = names().map(|name| format!("[{name}]")).collect::<Vec<_>>().join(" ");
                let message = format!("no table {}{near}; there is {known}", name.get_ref());
                return Err(fault(name.span(), message));
            };
            let DeValue::Table(inner) = value.get_ref() else {
                let message = format!("{0} is a value, expected a table: [{0}]", name.get_ref());
                return Err(fault(name.span(), message));
            };
            let known = SCHEMA[table].1;
            for (key, value) in inner {
                let (name, key) = (SCHEMA[table].0, key.clone());
                if !known.is_empty() && !known.contains(&key.get_ref().as_ref()) {
                    let near = suggestion(key.get_ref(), known.iter().copied());
                    let keys = known.join(", ");
                    let message = format!("[{name}] has no key {}{near}; there is {keys}", key.get_ref());
                    return Err(fault(key.span(), message));
                }
                let Some(text) = typed(value.get_ref()) else {
                    let kind = value.get_ref().type_str();
                    let message = format!(
                        "{} is a {kind}, expected a text in quotes, a number, true or false, or a list of these",
                        key.get_ref()
                    );
                    return Err(fault(value.span(), message));
                };
                let entry = Entry { key: key.get_ref().to_string(), value: text, line: line(key.span()) };
                entries.push((key.span().start, table, entry));
            }
        }
        entries.sort_by_key(|(start, ..)| *start);
        let entries = entries.into_iter().map(|(_, table, entry)| (table, entry)).collect();
        Ok(Self { origin: origin.to_owned(), entries })
    }

    /// The keys of a table; none of one whose keys are names of the writer's own.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Document;
    /// assert_eq!(Document::keys("portal"), ["permanent_windows"]);
    /// ```
    #[must_use]
    pub fn keys(table: &str) -> &'static [&'static str] {
        SCHEMA.iter().find(|(name, _)| *name == table).map_or(&[], |(_, keys)| keys)
    }

    /// Writes a table of keys and values as they would be typed; empty where there is none.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Document;
    /// let table = Document::table("settings", [("fee", "0.002".to_owned()), ("fill", "close".to_owned())]);
    /// assert_eq!(table, "[settings]\nfee = 0.002\nfill = \"close\"\n");
    /// ```
    pub fn table<'a>(name: &str, entries: impl IntoIterator<Item = (&'a str, String)>) -> String {
        let mut text = String::new();
        for (key, value) in entries {
            if text.is_empty() {
                text = format!("[{name}]\n");
            }
            // A number as TOML writes it; anything else is a text, which is read as it was typed.
            let whole = value.strip_prefix('-').unwrap_or(&value);
            let mut parts = whole.split('.');
            let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            let is_number = parts.clone().count() <= 2
                && parts.all(is_digits)
                && (whole.len() == 1 || !whole.starts_with('0') || whole.starts_with("0."))
                && whole.len() <= 18;
            let value = if is_number { value } else { toml::Value::String(value).to_string() };
            let is_bare = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
            let key = if is_bare && !key.is_empty() {
                key.to_owned()
            } else {
                toml::Value::String(key.to_owned()).to_string()
            };
            // Writing to a text cannot fail.
            let _ = writeln!(text, "{key} = {value}");
        }
        text
    }

    /// Reads a file.
    ///
    /// # Errors
    /// `Io` where it cannot be read; as [`Document::parse`].
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Document;
    /// let error = Document::read("no-such.toml".as_ref()).unwrap_err();
    /// assert!(error.to_string().starts_with("no-such.toml"));
    /// ```
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|error| Error::io(path.display(), "reading", error))?;
        Self::parse(&text, &path.display().to_string())
    }

    /// What errors call it.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The entries of a table, in the order in which they were written.
    pub fn entries<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a Entry> {
        let entries = self.entries.iter().filter(move |(at, _)| SCHEMA[*at].0 == table);
        entries.map(|(_, entry)| entry)
    }

    /// Where an entry stands, as the subject of an error.
    pub(super) fn place(&self, entry: &Entry) -> String {
        format!("{} line {}: {}", self.origin, entry.line, entry.key)
    }
}

/// A value as it would be typed; `None` for what no flag takes.
fn typed(value: &DeValue<'_>) -> Option<String> {
    Some(match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => number.to_string().replace('_', ""),
        DeValue::Float(number) => number.as_str().replace('_', ""),
        DeValue::Boolean(truth) => truth.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        DeValue::Array(list) => {
            let mut text = String::new();
            for (at, one) in list.iter().enumerate() {
                let _ = write!(text, "{}{}", if at > 0 { "," } else { "" }, typed(one.get_ref())?);
            }
            text
        }
        DeValue::Table(_) => return None,
    })
}
