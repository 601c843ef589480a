//! What an append did: bars added, bars that were there already, and bars that it restated.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;

use super::Bundle;
use super::adjustment::Adjustment;
use crate::asset::{Field, Symbol};
use crate::time::Timestamp;

/// What an append did to a bundle.
///
/// # Examples
/// ```
/// use lookback::Bundle;
/// use lookback::bundle::Series;
/// let sample = Bundle::sample()?;
/// let apple = sample.asset("AAPL")?;
/// let last = sample.span(apple).1;
/// let restated = Series {
///     symbol: "AAPL".into(),
///     calendar: lookback::Calendar::new(vec![last.0, last.0 + 86_400_000_000_000])?,
///     values: [438, 439, 430, 431, 1_000].map(|value| vec![value.into(); 2]),
///     adjustments: Vec::new(),
/// };
/// let appended = sample.append(vec![restated])?;
/// assert_eq!((appended.added, appended.same, appended.restated.len()), (1, 0, 1));
/// assert!(appended.restated[0].to_string().starts_with("AAPL 2013-03-01: "));
/// assert_ne!(appended.bundle.version(), appended.previous);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Appended {
    /// The bundle as it is now, opened.
    pub bundle: Bundle,
    /// The version that stood before; that of [`bundle`](Self::bundle) where nothing changed.
    pub previous: String,
    /// Bars that came after those that were there.
    pub added: usize,
    /// Bars that were there already, the same: passed over.
    pub same: usize,
    /// Bars that were there with other values, oldest first, asset by asset.
    pub restated: Vec<Restated>,
    /// Events that were not known before.
    pub events: Vec<(Symbol, Adjustment)>,
}

impl Appended {
    /// Whether the bundle is another version now.
    ///
    /// # Examples
    /// ```
    /// let sample = lookback::Bundle::sample()?;
    /// assert!(!sample.append(Vec::new())?.is_change());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn is_change(&self) -> bool {
        self.bundle.version() != self.previous
    }
}

/// A bar that has other values than it had.
///
/// # Examples
/// ```
/// use lookback::bundle::Restated;
/// let values = |close| [10, 12, 9, close, 700].map(Into::into);
/// let bar = Restated { symbol: "A".into(), moment: lookback::Timestamp(0), before: values(10), after: values(11) };
/// assert_eq!(bar.to_string(), "A 1970-01-01: close 10 is now 11");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restated {
    /// The asset's name.
    pub symbol: Symbol,
    /// The bar's moment.
    pub moment: Timestamp,
    /// Open, high, low, close (quote currency per share) and volume (shares) as they were.
    pub before: [Decimal; 5],
    /// The same as they are now.
    pub after: [Decimal; 5],
}

impl fmt::Display for Restated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:", self.symbol, self.moment)?;
        let mut mark = "";
        for ((field, before), after) in Field::STORED.iter().zip(&self.before).zip(&self.after) {
            if before != after {
                write!(f, "{mark} {field} {before} is now {after}")?;
                mark = ",";
            }
        }
        Ok(())
    }
}

/// What an append does to bars, of one asset or of all.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) added: usize,
    pub(super) same: BTreeMap<Symbol, usize>,
    pub(super) restated: Vec<Restated>,
    pub(super) events: Vec<(Symbol, Adjustment)>,
    /// Whether one of these events is of a day that had bars, or names are told anew.
    pub(super) late: bool,
}

impl Outcome {
    /// Whether anything is other than it was.
    pub(super) fn is_change(&self) -> bool {
        self.added > 0 || !self.restated.is_empty() || !self.events.is_empty() || self.late
    }

    pub(super) fn add(&mut self, mut other: Self) {
        self.added += other.added;
        self.same.append(&mut other.same);
        self.restated.append(&mut other.restated);
        self.events.append(&mut other.events);
        self.late |= other.late;
    }

    pub(super) fn appended(self, bundle: Bundle, previous: String) -> Appended {
        let Self { added, same, restated, events, .. } = self;
        let same = same.values().sum();
        Appended { bundle, previous, added, same, restated, events }
    }
}
