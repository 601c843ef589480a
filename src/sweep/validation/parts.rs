//! The parts of a scheme as it is typed: `train=756,test=252,anchored`.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::nearest::suggestion;

/// What may stand in a scheme.
pub(super) struct Words {
    /// The flag or key that it is the value of.
    pub(super) subject: &'static str,
    /// Names that have a count.
    pub(super) counts: &'static [&'static str],
    /// Words that stand alone.
    pub(super) alone: &'static [&'static str],
    /// An example of the whole, with all that may stand in it.
    pub(super) expected: &'static str,
}

/// What stands in a scheme.
pub(super) struct Parts<'a> {
    words: &'a Words,
    counts: Vec<(&'a str, usize)>,
    alone: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    /// Reads parts that commas separate, in any order; none may come twice.
    pub(super) fn read(words: &'a Words, text: &'a str) -> Result<Self, Error> {
        let bad = |message: String| Err(Error::bad_parameter(words.subject, message));
        let mut parts = Self { words, counts: Vec::new(), alone: Vec::new() };
        for part in text.split(',').map(str::trim) {
            let (name, count) = match part.split_once('=') {
                Some((name, count)) => (name.trim(), Some(count.trim())),
                None => (part, None),
            };
            if parts.has(name) || parts.count(name).is_some() {
                return bad(format!("{name} is given twice"));
            }
            match count {
                None if words.alone.contains(&name) => parts.alone.push(name),
                Some(count) if words.counts.contains(&name) => match count.parse() {
                    Ok(count) => parts.counts.push((name, count)),
                    Err(_) => {
                        return bad(format!("{name} is {count:?}, expected a whole number of at least 0"));
                    }
                },
                None if words.counts.contains(&name) => {
                    return bad(format!("{name} has no number, expected such as {name}=5"));
                }
                Some(_) if words.alone.contains(&name) => {
                    return bad(format!("{name} takes no number, expected the word alone"));
                }
                _ => {
                    let known = words.counts.iter().chain(words.alone).copied();
                    let near = suggestion(name, known);
                    return bad(format!("{part:?} is unknown{near}; expected {}", words.expected));
                }
            }
        }
        Ok(parts)
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.alone.contains(&word)
    }

    pub(super) fn count(&self, name: &str) -> Option<usize> {
        self.counts.iter().find(|(own, _)| *own == name).map(|(_, count)| *count)
    }

    /// A count that must be there.
    pub(super) fn needed(&self, name: &str) -> Result<usize, Error> {
        let Words { subject, expected, .. } = self.words;
        self.count(name)
            .ok_or_else(|| Error::bad_parameter(*subject, format!("{name} is missing, expected {expected}")))
    }
}
