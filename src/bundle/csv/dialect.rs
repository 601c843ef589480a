//! What parts the fields of a file, and how its numbers are marked: seen in the file, or asked for.

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::number::{DecimalMark, Evidence, evidence};

/// What parts the fields of a row.
///
/// # Examples
/// ```
/// use lookback::bundle::Delimiter;
/// assert_eq!(";".parse(), Ok(Delimiter::Semicolon));
/// assert_eq!("tab".parse(), Ok(Delimiter::Tab));
/// assert_eq!(Delimiter::Pipe.to_string(), "pipe");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tabulator.
    Tab,
    /// `|`
    Pipe,
}

impl Delimiter {
    const ALL: [Self; 4] = [Self::Tab, Self::Semicolon, Self::Pipe, Self::Comma];

    /// The character itself.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(lookback::bundle::Delimiter::Tab.as_char(), '\t');
    /// ```
    #[must_use]
    pub fn as_char(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Semicolon => ';',
            Self::Tab => '\t',
            Self::Pipe => '|',
        }
    }

    /// The one that a first line shows: a comma, unless another one parts it into as many fields as a bar needs.
    pub(super) fn detect(line: &str) -> Self {
        // A moment and four prices.
        const FIELDS: usize = 5;
        let fields = |delimiter: &Self| {
            let mut fields = Vec::new();
            split(line, *delimiter, &mut fields);
            fields.len()
        };
        let best = Self::ALL.into_iter().map(|one| (fields(&one), one)).filter(|(count, _)| *count >= FIELDS);
        best.reduce(|best, one| if one.0 > best.0 { one } else { best }).map_or(Self::Comma, |(_, one)| one)
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Comma => "comma",
            Self::Semicolon => "semicolon",
            Self::Tab => "tab",
            Self::Pipe => "pipe",
        })
    }
}

impl FromStr for Delimiter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_it = |one: &Self| text == one.to_string() || text == one.as_char().to_string();
        let found = Self::ALL.into_iter().find(is_it).or((text == r"\t").then_some(Self::Tab));
        found.ok_or_else(|| format!("is {text:?}, expected comma, semicolon, tab or pipe"))
    }
}

/// The fields of a line, without the spaces and quotes around them.
///
/// A row is one line; a quoted field may hold delimiters, but no line break.
pub(super) fn split<'t>(line: &'t str, delimiter: Delimiter, fields: &mut Vec<Cow<'t, str>>) {
    fields.clear();
    let mark = delimiter.as_char();
    if !line.contains('"') {
        let bytes = line.as_bytes();
        let mut start = 0;
        // All marks are of one byte, so that a cut never falls within a character.
        for (end, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == mark as u8) {
            fields.push(Cow::Borrowed(trimmed(&line[start..end])));
            start = end + 1;
        }
        fields.push(Cow::Borrowed(trimmed(&line[start..])));
        return;
    }
    let mut rest = line;
    loop {
        let start =
            if delimiter == Delimiter::Tab { rest.trim_start_matches(' ') } else { rest.trim_start() };
        let Some(quoted) = start.strip_prefix('"') else {
            match rest.split_once(mark) {
                Some((field, after)) => {
                    fields.push(Cow::Borrowed(field.trim()));
                    rest = after;
                    continue;
                }
                None => return fields.push(Cow::Borrowed(rest.trim())),
            }
        };
        let (field, after) = quoted_field(quoted);
        fields.push(field);
        match after.split_once(mark) {
            Some((_, after)) => rest = after,
            None => return,
        }
    }
}

/// A field without the spaces around it; most have none.
fn trimmed(field: &str) -> &str {
    let is_bare = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_graphic);
    match field.as_bytes() {
        bytes if is_bare(bytes.first()) && is_bare(bytes.last()) => field,
        _ => field.trim(),
    }
}

/// What stands before the closing quote, and what comes after it. A quote that is there twice is one of the text.
fn quoted_field(text: &str) -> (Cow<'_, str>, &str) {
    let mut whole = String::new();
    let mut rest = text;
    loop {
        let Some((part, after)) = rest.split_once('"') else {
            // The line ends within quotes: what there is, is the field.
            whole.push_str(rest);
            return (Cow::Owned(whole), "");
        };
        match after.strip_prefix('"') {
            Some(after) => {
                whole.push_str(part);
                whole.push('"');
                rest = after;
            }
            None if whole.is_empty() => return (Cow::Borrowed(part.trim()), after),
            None => {
                whole.push_str(part);
                return (Cow::Owned(whole), after);
            }
        }
    }
}

/// What the numbers of a file say of its decimal mark, where a comma within them may be either.
#[derive(Clone, Default, Debug)]
pub(super) struct Marks {
    decisive: Vec<Found>,
    ambiguous: Option<Found>,
}

/// A number that was found, and where.
#[derive(Clone, Debug)]
struct Found {
    mark: Option<DecimalMark>,
    line: u64,
    column: String,
    text: String,
}

impl Marks {
    pub(super) fn see(&mut self, line: u64, column: &str, text: &str) {
        let found = |mark| Found { mark, line, column: column.to_owned(), text: text.to_owned() };
        match evidence(text) {
            Evidence::Decides(mark) if self.decisive.iter().all(|known| known.mark != Some(mark)) => {
                self.decisive.push(found(Some(mark)));
            }
            Evidence::Ambiguous if self.ambiguous.is_none() => self.ambiguous = Some(found(None)),
            _ => {}
        }
    }

    /// The mark of the file; none where no number has a comma or a point that tells.
    ///
    /// # Errors
    /// The line and what is wrong, where numbers contradict each other, or where a comma may be either.
    pub(super) fn decide(&self) -> Result<Option<DecimalMark>, (u64, String)> {
        match (&self.decisive[..], &self.ambiguous) {
            ([one, other, ..], _) => Err((
                other.line,
                format!(
                    "{} is {:?}, with a decimal {}, but {} of line {} is {:?}; expected one notation for the file, \
                     --decimal point or --decimal comma",
                    other.column,
                    other.text,
                    other.mark.map(|mark| mark.to_string()).unwrap_or_default(),
                    one.column,
                    one.line,
                    one.text
                ),
            )),
            ([one], _) => Ok(one.mark),
            ([], None) => Ok(None),
            ([], Some(one)) => Err((
                one.line,
                format!(
                    "{} is {:?}, where the comma may part thousands or decimals, and no other number of the file tells; \
                     pass --decimal point or --decimal comma",
                    one.column, one.text
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str, delimiter: Delimiter) -> Vec<String> {
        let mut fields = Vec::new();
        split(line, delimiter, &mut fields);
        fields.into_iter().map(Cow::into_owned).collect()
    }

    #[test]
    fn quoted_fields_may_hold_delimiters_and_quotes() {
        for (line, expected) in [
            (r#""2005-02-28","1,000",5"#, &["2005-02-28", "1,000", "5"][..]),
            (r#"a, "b ""c"" d" ,e"#, &["a", r#"b "c" d"#, "e"]),
            (r#"a,"","#, &["a", "", ""]),
            (r#"a,"open"#, &["a", "open"]),
        ] {
            assert_eq!(fields(line, Delimiter::Comma), expected, "{line}");
        }
        assert_eq!(fields("a\t\"b\tc\"\t", Delimiter::Tab), ["a", "b\tc", ""]);
    }

    #[test]
    fn the_delimiter_is_the_one_that_parts_a_line_into_most_fields() {
        for (line, delimiter) in [
            ("date,open,high,low,close", Delimiter::Comma),
            ("2024-01-02;1,5;1,7;1,2;1,6;100", Delimiter::Semicolon),
            ("20240102 093000\t1\t2\t3\t4\t5", Delimiter::Tab),
            ("a|b|c|d|e", Delimiter::Pipe),
            ("a;b;c", Delimiter::Comma),
            (r#""a;b","c;d","e;f","g;h","i""#, Delimiter::Comma),
        ] {
            assert_eq!(Delimiter::detect(line), delimiter, "{line}");
        }
    }
}
