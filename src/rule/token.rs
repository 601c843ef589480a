//! The words of a rule: numbers, names and signs, each with its place in the text.

#![forbid(unsafe_code)]

use super::fault::{Span, Text};
use crate::error::Error;

/// A word of a rule.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Token {
    pub(super) word: Word,
    pub(super) span: Span,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Word {
    Number(f64),
    Name,
    /// One of [`SIGNS`], or `and`, `or`, `not`.
    Sign(&'static str),
    End,
}

/// Longer ones come first: `<=` starts as `<` does. What is written otherwise stands beside what it means.
const SIGNS: [(&str, &str); 22] = [
    ("<=", "<="),
    (">=", ">="),
    ("==", "=="),
    ("!=", "!="),
    ("&&", "and"),
    ("||", "or"),
    ("!", "not"),
    ("<", "<"),
    (">", ">"),
    ("=", "="),
    ("+", "+"),
    ("-", "-"),
    ("*", "*"),
    ("/", "/"),
    ("%", "%"),
    ("(", "("),
    (")", ")"),
    ("[", "["),
    ("]", "]"),
    (",", ","),
    ("?", "?"),
    (":", ":"),
];

/// Names that are operators.
const WORDS: [&str; 3] = ["and", "or", "not"];

/// What is no sign of this language, and what to write in its place.
const FOREIGN: [(&str, &str); 5] = [
    ("**", "there is no power operator, write x * x, or exp(y * log(x))"),
    ("^", "there is no power operator, write x * x, or exp(y * log(x))"),
    ("&", "write and, or &&"),
    ("|", "write or, or ||"),
    (";", "a rule is one expression; a let names another"),
];

/// Splits a text into words; the last one is its end. Names that are known are taken as they are, in whatever case.
pub(super) fn tokens(text: &Text, known: &[&str]) -> Result<Vec<Token>, Error> {
    let whole: &str = text.as_str();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = whole[at..].chars().next() {
        let rest = &whole[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (word, len) = if first.is_ascii_digit() || starts_as_fraction(rest) {
            let len = number_len(rest);
            (Word::Number(number(text, at..at + len)?), len)
        } else if first.is_alphabetic() || first == '_' {
            let len = rest.find(|one: char| !one.is_alphanumeric() && one != '_').unwrap_or(rest.len());
            (name(text, at..at + len, known)?, len)
        } else {
            foreign(text, at)?;
            let sign = SIGNS.iter().find(|(written, _)| rest.starts_with(written));
            let Some((written, meant)) = sign else {
                let message = format!("{first:?} means nothing here");
                return Err(text.fault(at..at + first.len_utf8(), message));
            };
            (Word::Sign(meant), written.len())
        };
        tokens.push(Token { word, span: at..at + len });
        at += len;
    }
    tokens.push(Token { word: Word::End, span: at..at });
    Ok(tokens)
}

fn starts_as_fraction(rest: &str) -> bool {
    rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|one: char| one.is_ascii_digit()))
}

/// How far a number goes: `12`, `0.25`, `.5`, `1e-3`, and what follows it without a space, which is then wrong.
fn number_len(rest: &str) -> usize {
    let mut before = ' ';
    let end = rest.find(|one: char| {
        let is_exponent_sign = matches!(one, '+' | '-') && matches!(before, 'e' | 'E');
        before = one;
        !(one.is_alphanumeric() || matches!(one, '.' | '_') || is_exponent_sign)
    });
    end.unwrap_or(rest.len())
}

fn number(text: &Text, span: Span) -> Result<f64, Error> {
    let written = &text.as_str()[span.clone()];
    let is_plain = written.chars().all(|one| matches!(one, '0'..='9' | '.' | 'e' | 'E' | '+' | '-'));
    let read = written.parse::<f64>().ok().filter(|number| is_plain && number.is_finite());
    read.ok_or_else(|| {
        text.fault(span.clone(), format!("{written} is not a number, expected such as 5, 0.25 or 1e-3"))
    })
}

fn name(text: &Text, span: Span, known: &[&str]) -> Result<Word, Error> {
    let written = &text.as_str()[span.clone()];
    if known.contains(&written) {
        return Ok(Word::Name);
    }
    if let Some(word) = WORDS.iter().find(|word| written.eq_ignore_ascii_case(word)) {
        return Ok(Word::Sign(word));
    }
    if written.chars().any(|one| !(one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_')) {
        let message = if written.is_ascii() {
            format!("names are lower case, write {}", written.to_ascii_lowercase())
        } else {
            format!("{written} is no name, expected letters a to z, digits and underscores")
        };
        return Err(text.fault(span, message));
    }
    Ok(Word::Name)
}

fn foreign(text: &Text, at: usize) -> Result<(), Error> {
    let rest = &text.as_str()[at..];
    if rest.starts_with("&&") || rest.starts_with("||") {
        return Ok(());
    }
    match FOREIGN.iter().find(|(sign, _)| rest.starts_with(sign)) {
        Some((sign, advice)) => {
            Err(text.fault(at..at + sign.len(), format!("{sign} means nothing here: {advice}")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Word> {
        tokens(&Text::new("rule", text).unwrap(), &[]).unwrap().into_iter().map(|token| token.word).collect()
    }

    fn error(text: &str) -> String {
        tokens(&Text::new("rule", text).unwrap(), &[]).unwrap_err().to_string()
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let numbers =
            [("5", 5.0), ("0.25", 0.25), (".5", 0.5), ("1e-3", 0.001), ("2E+2", 200.0), ("7.", 7.0)];
        for (text, number) in numbers {
            assert_eq!(words(text), [Word::Number(number), Word::End], "{text}");
        }
        for text in ["5x", "1.2.3", "1_000", "1e", "1e999"] {
            assert!(error(text).contains(&format!("{text} is not a number")), "{}", error(text));
        }
    }

    #[test]
    fn signs_of_other_languages_are_read_as_words_or_refused_with_advice() {
        use Word::{End, Name, Sign};
        assert_eq!(words("a && b || !c"), [Name, Sign("and"), Name, Sign("or"), Sign("not"), Name, End]);
        assert_eq!(words("a AND b"), words("a and b"));
        assert!(error("a ** 2").contains("no power operator") && error("a & b").contains("write and"));
        assert!(error("Close > 5").contains("names are lower case, write close"));
        assert!(error("größe > 5").contains("größe is no name"));
        assert!(error("a # b").contains("'#' means nothing here"));
    }
}
