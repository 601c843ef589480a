//! The text of a rule, and errors that point at a place in it.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};

/// Bytes of a text.
pub(super) type Span = Range<usize>;

/// The longest text of a rule.
const MOST_CHARACTERS: usize = 10_000;

/// The characters of a line that an error shows on either side of what is wrong.
const SHOWN: usize = 50;

/// The text of a rule, with what it is the text of.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Text {
    subject: Arc<str>,
    text: Arc<str>,
}

impl Text {
    /// Takes a text and what it is the text of, such as `--buy`, `let r` or `rule`.
    pub(super) fn new(subject: &str, text: &str) -> Result<Self, Error> {
        let found = Self { subject: subject.into(), text: text.into() };
        if text.trim().is_empty() {
            return Err(found.fault(0..0, "there is no expression, expected such as close > sma(close, 20)"));
        }
        match text.char_indices().nth(MOST_CHARACTERS) {
            None => Ok(found),
            Some((end, _)) => {
                let message =
                    format!("more than {MOST_CHARACTERS} characters, expected fewer: a let can name a part");
                Err(found.fault(end..end, message))
            }
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    /// An error at some bytes of the text: the line, and carets under them.
    pub(super) fn fault(&self, span: Span, message: impl Into<String>) -> Error {
        let line_start = self.text[..span.start].rfind('\n').map_or(0, |end| end + 1);
        let line = self.text[line_start..].split('\n').next().unwrap_or_default();
        let at = span.start - line_start;
        let column = line[..at].chars().count();
        let wrong = line[at..line.len().min(at + span.len())].chars().count().max(1);

        let skipped = column.saturating_sub(SHOWN);
        let shown = column - skipped + wrong.min(SHOWN) + SHOWN;
        let is_cut = line.chars().count() > skipped + shown;
        let (front, back) = (if skipped > 0 { "…" } else { "" }, if is_cut { "…" } else { "" });
        let part: String = line.chars().skip(skipped).take(shown).map(plain).collect();
        let indent = " ".repeat(column - skipped + front.chars().count());
        let carets = "^".repeat(wrong.min(SHOWN));
        ErrorKind::Expression {
            subject: self.subject.to_string(),
            column: column + 1,
            message: message.into(),
            excerpt: format!("  {front}{part}{back}\n  {indent}{carets}"),
        }
        .into()
    }
}

/// Every character takes one place, so that the carets stand where they should.
fn plain(one: char) -> char {
    if one.is_whitespace() || one.is_control() { ' ' } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str, span: Span) -> String {
        Text::new("--buy", text).unwrap().fault(span, "no").to_string()
    }

    #[test]
    fn carets_stand_under_what_is_wrong() {
        assert_eq!(fault("a > bb", 4..6), "--buy, column 5: no\n  a > bb\n      ^^");
        assert_eq!(fault("a >", 3..3), "--buy, column 4: no\n  a >\n     ^");
        assert_eq!(fault("ä\t> bb", 5..7), "--buy, column 5: no\n  ä > bb\n      ^^");
    }

    #[test]
    fn of_many_lines_the_one_that_is_wrong_is_shown_and_of_a_long_one_a_part() {
        assert_eq!(fault("a\nand b\nor c", 6..7), "--buy, column 5: no\n  and b\n      ^");
        let long = format!("{}x{}", "a".repeat(200), "b".repeat(200));
        let shown = format!(
            "--buy, column 201: no\n  …{}x{}…\n   {}^",
            "a".repeat(50),
            "b".repeat(50),
            " ".repeat(50)
        );
        assert_eq!(fault(&long, 200..201), shown);
    }

    #[test]
    fn a_text_that_is_empty_or_too_long_is_refused() {
        assert!(Text::new("rule", " \n").unwrap_err().to_string().contains("there is no expression"));
        assert!(Text::new("rule", &"ä".repeat(10_000)).is_ok());
        let error = Text::new("rule", &"ä".repeat(10_001)).unwrap_err().to_string();
        assert!(error.starts_with("rule, column 10001: more than 10000 characters"), "{error}");
    }
}
