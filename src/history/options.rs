//! How large a history cache may grow, from code, a TOML table or the environment.

#![forbid(unsafe_code)]

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::cache::{self, Policy};
use crate::error::Error;

/// Which variable window goes when room is needed.
///
/// # Examples
/// ```
/// use lookback::history::Order;
/// assert_eq!("lru".parse::<Order>()?, Order::Lru);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Second chance: the oldest goes, unless it was read since it came or was last spared; then it is spared once and counts
    /// as new. A hit takes no lock. With at most 256 windows it is one ring, in exact order; more are cut into shards.
    #[default]
    Clock,
    /// The one that was read or put longest ago goes, exactly, whatever the capacity. A hit of a variable window takes a lock,
    /// to note the order; one of a permanent window does not.
    Lru,
}

impl FromStr for Order {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim().to_ascii_lowercase().as_str() {
            "clock" => Ok(Self::Clock),
            "lru" => Ok(Self::Lru),
            _ => Err(Error::invalid("order", format!("is {text:?}, expected clock or lru"))),
        }
    }
}

/// Bounds of a [`HistoryCache`](super::HistoryCache): 200 MB, 256 variable windows, and 20, 50 and 200 bars permanent unless
/// told.
///
/// # Examples
/// ```
/// use lookback::history::{Options, Order};
/// let options = Options { permanent_windows: vec![14, 30], order: Order::Lru, ..Options::default() };
/// assert_eq!((options.capacity_bytes, options.variable_entries), (200_000_000, 256));
/// assert!(options.validate().is_ok());
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Bytes that all windows of a version may weigh together.
    pub capacity_bytes: u64,
    /// Bytes of these that permanent windows may take; half of them unless told.
    pub permanent_bytes: Option<u64>,
    /// How many windows of other bar counts may be held; 0 holds none of them.
    pub variable_entries: usize,
    /// Bar counts whose windows stay until the version ends.
    pub permanent_windows: Vec<usize>,
    /// Which of the others goes first.
    pub order: Order,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            capacity_bytes: 200_000_000,
            permanent_bytes: None,
            variable_entries: 256,
            permanent_windows: vec![20, 50, 200],
            order: Order::default(),
        }
    }
}

impl Options {
    /// The variables that [`with_variables`](Self::with_variables) reads.
    ///
    /// # Examples
    /// ```
    /// assert!(lookback::history::Options::VARIABLES.iter().all(|name| name.starts_with("LOOKBACK_HISTORY_")));
    /// ```
    pub const VARIABLES: [&str; 5] = [
        "LOOKBACK_HISTORY_CAPACITY_BYTES",
        "LOOKBACK_HISTORY_PERMANENT_BYTES",
        "LOOKBACK_HISTORY_VARIABLE_ENTRIES",
        "LOOKBACK_HISTORY_PERMANENT_WINDOWS",
        "LOOKBACK_HISTORY_ORDER",
    ];

    /// These options, but for what the process's environment says.
    ///
    /// # Errors
    /// `Invalid`, naming the variable, where one is not what it should be.
    ///
    /// # Examples
    /// ```
    /// use lookback::history::Options;
    /// // LOOKBACK_HISTORY_VARIABLE_ENTRIES=1024 LOOKBACK_HISTORY_PERMANENT_WINDOWS=20,50
    /// let options = Options::default().with_environment()?;
    /// assert_eq!(options, Options::default()); // none is set here
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn with_environment(self) -> Result<Self, Error> {
        self.with_variables(|name| std::env::var(name).ok())
    }

    /// These options, but for what some variables say.
    ///
    /// Numbers are whole, `_` may part their digits; windows are parted by commas, and none is no permanent window.
    ///
    /// # Errors
    /// `Invalid`, naming the variable, where one is not what it should be.
    ///
    /// # Examples
    /// ```
    /// use lookback::history::Options;
    /// let said = |name: &str| match name {
    ///     "LOOKBACK_HISTORY_CAPACITY_BYTES" => Some("1_000_000".to_owned()),
    ///     "LOOKBACK_HISTORY_PERMANENT_WINDOWS" => Some("10, 30".to_owned()),
    ///     _ => None,
    /// };
    /// let options = Options::default().with_variables(said)?;
    /// assert_eq!((options.capacity_bytes, options.permanent_windows), (1_000_000, vec![10, 30]));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn with_variables(mut self, said: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let [capacity, permanent, entries, windows, order] = Self::VARIABLES;
        if let Some(text) = said(capacity) {
            self.capacity_bytes = whole(capacity, &text)?;
        }
        if let Some(text) = said(permanent) {
            self.permanent_bytes = Some(whole(permanent, &text)?);
        }
        if let Some(text) = said(entries) {
            self.variable_entries = whole(entries, &text)?;
        }
        if let Some(text) = said(windows) {
            let counts = text.split(',').map(str::trim).filter(|count| !count.is_empty());
            self.permanent_windows = counts.map(|count| whole(windows, count)).collect::<Result<_, _>>()?;
        }
        if let Some(text) = said(order) {
            let expected = |_| Error::invalid(order, format!("is {text:?}, expected clock or lru"));
            self.order = text.parse().map_err(expected)?;
        }
        Ok(self)
    }

    /// Reads a TOML table of these names; what it leaves out is as in [`default`](Self::default).
    ///
    /// # Errors
    /// `Invalid`, with line and column, for a key or a value that is not known.
    ///
    /// # Examples
    /// ```
    /// use lookback::history::{Options, Order};
    /// let options = Options::from_toml("permanent_windows = [10, 30]\norder = \"lru\"")?;
    /// assert_eq!((options.order, options.variable_entries), (Order::Lru, 256));
    /// let error = Options::from_toml("permanent_window = [10]").unwrap_err().to_string();
    /// assert!(error.contains("unknown field `permanent_window`"), "{error}");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[cfg(feature = "sweep")]
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        toml::from_str(text).map_err(|error| Error::invalid("history options", error.to_string()))
    }

    /// Checks that the bounds fit each other.
    ///
    /// # Errors
    /// `Invalid`, naming the option: as [`cache::Options::validate`], or a permanent window of 0 bars.
    pub fn validate(&self) -> Result<(), Error> {
        if self.permanent_windows.contains(&0) {
            return Err(Error::invalid("permanent_windows", "holds 0, expected counts of at least 1 bar"));
        }
        self.of_cache().validate()
    }

    /// What the engine is told.
    pub(super) fn of_cache(&self) -> cache::Options {
        cache::Options {
            capacity_bytes: self.capacity_bytes,
            permanent_bytes: self.permanent_bytes,
            variable_entries: self.variable_entries,
            // One queue is one order.
            shards: (self.order == Order::Lru).then_some(1),
            policy: Policy::Clock,
            ..cache::Options::default()
        }
    }
}

fn whole<T: FromStr>(name: &str, text: &str) -> Result<T, Error> {
    let digits = text.trim().replace('_', "");
    digits.parse().map_err(|_| Error::invalid(name, format!("is {text:?}, expected a whole number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variable_sets_its_option_and_a_bad_one_is_named() {
        let texts = ["1000", "400", "8", "", "LRU"];
        let said = |name: &str| {
            let at = Options::VARIABLES.iter().position(|one| *one == name)?;
            Some(texts[at].to_owned())
        };
        let expected = Options {
            capacity_bytes: 1_000,
            permanent_bytes: Some(400),
            variable_entries: 8,
            permanent_windows: Vec::new(),
            order: Order::Lru,
        };
        assert_eq!(Options::default().with_variables(said).unwrap(), expected);
        for name in Options::VARIABLES {
            let bad = |one: &str| (one == name).then(|| "two".to_owned());
            let error = Options::default().with_variables(bad).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name}: is \"two\", expected ")), "{error}");
        }
    }

    #[test]
    fn bounds_that_contradict_each_other_are_named() {
        let none = Options { permanent_windows: vec![20, 0], ..Options::default() };
        assert!(none.validate().unwrap_err().to_string().starts_with("permanent_windows: holds 0"));
        let more = Options { permanent_bytes: Some(200_000_001), ..Options::default() };
        assert!(more.validate().unwrap_err().to_string().starts_with("permanent_bytes: "));
        assert!(Options { variable_entries: 0, order: Order::Lru, ..Options::default() }.validate().is_ok());
    }
}
