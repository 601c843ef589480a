//! A rule as it is handed around: read, and not yet bound to names.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

use super::tree::Tree;
use crate::error::Error;

/// An expression that has been read. What its names mean is for a [`Graph`](super::Graph) to say.
///
/// # Examples
/// ```
/// use lookback::rule::Rule;
/// let rule = Rule::parse("crossover(sma(close, fast), sma(close, slow))")?;
/// assert_eq!(rule.names().collect::<Vec<_>>(), ["close", "fast", "slow"]);
/// let error = Rule::parse("10 < close < 20").unwrap_err().to_string();
/// assert!(error.starts_with("rule, column 12: comparisons do not chain, write 10 < close and close < …"));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Rule(Tree);

impl Rule {
    /// Reads an expression.
    ///
    /// # Errors
    /// `Expression`, which points at what cannot be read.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::Rule;
    /// let error = Rule::parse("close >").unwrap_err().to_string();
    /// assert_eq!(error, "rule, column 8: the text ends where a value is expected\n  close >\n         ^");
    /// ```
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::named("rule", text)
    }

    /// Reads an expression that errors are to call by a name, such as `--buy` or `let r`.
    ///
    /// # Errors
    /// `Expression`, which points at what cannot be read.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::Rule;
    /// let error = Rule::named("--buy", "close > )").unwrap_err().to_string();
    /// assert!(error.starts_with("--buy, column 9: found ) where a value is expected"));
    /// ```
    pub fn named(subject: &str, text: &str) -> Result<Self, Error> {
        Tree::parse(subject, text).map(Self)
    }

    /// The names that it uses, those of functions apart, each once, in order.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::Rule;
    /// assert_eq!(Rule::parse("rsi(close, n) < n")?.names().collect::<Vec<_>>(), ["close", "n"]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.names()
    }

    /// It, as it was written.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(lookback::rule::Rule::parse("close>open")?.as_str(), "close>open");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.text.as_str()
    }

    /// What errors call it.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.0.text.subject()
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.0
    }
}

impl FromStr for Rule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.subject(), self.as_str())
    }
}
