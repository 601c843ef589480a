//! The one error type of the crate: clonable, because one failed load answers every thread that waited for it.

#![forbid(unsafe_code)]

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// What went wrong, with its context.
///
/// Cloning costs one reference count: a flight hands the same error to every waiter.
///
/// # Examples
/// ```
/// use lookback::{Error, ErrorKind};
/// let error = Error::new(ErrorKind::BadBarCount { found: 0 });
/// assert_eq!(error.to_string(), "bar count is 0, expected at least 1");
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of [`Error`]; each carries what a message needs.
///
/// # Examples
/// ```
/// use lookback::{Error, ErrorKind};
/// let kind = ErrorKind::UnknownAsset { name: "APPL".to_owned(), nearest: vec!["AAPL".to_owned()] };
/// assert_eq!(kind.to_string(), "unknown asset APPL; nearest: AAPL");
/// assert!(matches!(Error::from(kind).kind(), ErrorKind::UnknownAsset { nearest, .. } if nearest[0] == "AAPL"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A load failed for a reason of the caller's own.
    #[error("{message}")]
    Load {
        /// The loader's words.
        message: String,
    },
    /// A load panicked in another thread while this one waited for its value.
    #[error("the load of this key panicked in another thread: {message}")]
    LoadPanicked {
        /// The panic's payload where it was text.
        message: String,
    },
    /// A file's content is not what it should be.
    #[error("{file} line {line}: {message}")]
    Parse {
        /// The file as it was named by the caller.
        file: String,
        /// The line, counted from 1, the header included.
        line: u64,
        /// The subject, and what was expected.
        message: String,
    },
    /// A file or a setting is not what it should be, and no single line is to blame.
    #[error("{subject}: {message}")]
    Invalid {
        /// The file, the option or the name.
        subject: String,
        /// What is wrong and what was expected.
        message: String,
    },
    /// A file at rest differs from what its digest promises.
    #[error("{file} is corrupt: {message}")]
    Corrupt {
        /// The file at rest.
        file: String,
        /// What differs.
        message: String,
    },
    /// Reading or writing a file failed.
    #[error("{path}: {message}")]
    Io {
        /// The file or folder.
        path: String,
        /// What was tried.
        message: String,
    },
    /// A window was asked for that ends after the clock.
    #[error("look-ahead: {end} is after the clock at {clock}")]
    LookAhead {
        /// The end asked for.
        end: String,
        /// Where the clock stands.
        clock: String,
    },
    /// No asset has this name.
    #[error("unknown asset {name}{}", suggestion(nearest))]
    UnknownAsset {
        /// The name asked for.
        name: String,
        /// The names nearest to it, best first.
        nearest: Vec<String>,
    },
    /// No field has this name.
    #[error("unknown field {name}, expected one of open, high, low, close, volume, price")]
    UnknownField {
        /// The name asked for.
        name: String,
    },
    /// The window reaches back beyond the first bar.
    #[error(
        "too few bars: {asked} asked for, {available} available as of {end}; {}",
        first_possible.as_ref().map_or_else(
            || "the series never has that many".to_owned(),
            |first| format!("the first possible end is {first}"))
    )]
    TooFewBars {
        /// Bars asked for.
        asked: usize,
        /// Bars up to and including `end`.
        available: usize,
        /// The end asked for.
        end: String,
        /// The first end at which the window is whole, if there is one; under a clock, its index as a bar alone.
        first_possible: Option<String>,
    },
    /// The series has no bar at or before this moment.
    #[error("no bar at or before {end}; the first is {first}")]
    BeforeFirstBar {
        /// The end asked for.
        end: String,
        /// The first bar of the series; under a clock, that it is later.
        first: String,
    },
    /// A frequency is unknown, or cannot be made from the bundle's.
    #[error("bad frequency {found}: {expected}")]
    BadFrequency {
        /// The frequency asked for.
        found: String,
        /// What would be possible.
        expected: String,
    },
    /// A bar count is out of range.
    #[error("bar count is {found}, expected at least 1")]
    BadBarCount {
        /// The count asked for.
        found: usize,
    },
    /// A date or timestamp cannot be read.
    #[error("{found:?} is not a date or timestamp, expected 2005-02-28, 20050228 or RFC 3339")]
    BadDate {
        /// The text.
        found: String,
    },
    /// A parameter, its range or a constraint is wrong.
    #[error("{subject}: {message}")]
    BadParameter {
        /// The parameter or the expression.
        subject: String,
        /// What is wrong and what was expected.
        message: String,
    },
    /// An expression cannot be read, or means nothing.
    #[error("{subject}, column {column}: {message}\n{excerpt}")]
    Expression {
        /// The rule, the `let` or the option that holds it.
        subject: String,
        /// Where it is wrong, counted from 1 in characters of the line.
        column: usize,
        /// What is wrong and what was expected.
        message: String,
        /// The line, and below it carets under what is wrong.
        excerpt: String,
    },
    /// A strategy failed at a bar of a trial.
    #[error("strategy failed: {message}")]
    Strategy {
        /// The reason.
        message: String,
    },
}

fn suggestion(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("; nearest: {}", names.join(", ")) }
}

impl Error {
    /// Wraps a kind.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Arc::new(Inner { kind, source: None }))
    }

    /// Wraps a kind with the error that caused it.
    ///
    /// # Examples
    /// ```
    /// use std::error::Error as _;
    /// use lookback::{Error, ErrorKind};
    /// let kind = ErrorKind::Load { message: "no answer".to_owned() };
    /// let error = Error::with_source(kind, std::io::Error::other("cable cut"));
    /// assert_eq!(error.source().expect("it has one").to_string(), "cable cut");
    /// ```
    pub fn with_source(kind: ErrorKind, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(Arc::new(Inner { kind, source: Some(source.into()) }))
    }

    /// A loader's own failure, in words.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(lookback::Error::load("no answer").to_string(), "no answer");
    /// ```
    pub fn load(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Load { message: message.into() })
    }

    /// A file or setting that is wrong as a whole.
    ///
    /// # Examples
    /// ```
    /// let error = lookback::Error::invalid("cash", "is -1, expected an amount above 0");
    /// assert_eq!(error.to_string(), "cash: is -1, expected an amount above 0");
    /// ```
    pub fn invalid(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid { subject: subject.into(), message: message.into() })
    }

    /// A parameter, its range or a constraint that is wrong, and what was expected.
    ///
    /// # Examples
    /// ```
    /// use lookback::{Error, ErrorKind};
    /// let error = Error::bad_parameter("fast", "is 0, expected at least 1");
    /// assert!(matches!(error.kind(), ErrorKind::BadParameter { subject, .. } if subject == "fast"));
    /// ```
    pub fn bad_parameter(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadParameter { subject: subject.into(), message: message.into() })
    }

    /// A failed read or write, with what was tried.
    ///
    /// # Examples
    /// ```
    /// let error = lookback::Error::io("a.csv", "reading", std::io::Error::other("disk gone"));
    /// assert_eq!(error.to_string(), "a.csv: reading: disk gone");
    /// ```
    pub fn io(path: impl fmt::Display, message: impl fmt::Display, source: std::io::Error) -> Self {
        let message = format!("{message}: {source}");
        Self::with_source(ErrorKind::Io { path: path.to_string(), message }, source)
    }

    /// What went wrong, to match on.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error").field("kind", &self.0.kind).field("source", &self.0.source).finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_asset_names_the_nearest() {
        let kind = ErrorKind::UnknownAsset { name: "APPL".into(), nearest: vec!["AAPL".into()] };
        assert_eq!(Error::new(kind).to_string(), "unknown asset APPL; nearest: AAPL");
    }

    #[test]
    fn a_clone_is_the_same_error() {
        let error = Error::io("a.csv", "reading", std::io::Error::other("disk gone"));
        assert_eq!(error.clone().to_string(), "a.csv: reading: disk gone");
        assert!(error.clone().source().is_some());
    }
}
