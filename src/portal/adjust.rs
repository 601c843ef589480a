//! Which splits and dividends change earlier bars.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

use crate::asset::Symbol;
use crate::bundle::Bundle;
use crate::error::Error;

/// Which events change the prices and volumes of earlier bars.
///
/// Only events whose ex-date is on or before the window's end apply, so no future event shows in past prices.
///
/// # Examples
/// ```
/// use lookback::portal::Options;
/// use lookback::{Adjust, Bundle, DataPortal, Field, Frequency, When};
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let request = portal.request(["AAPL"], [Field::Close], 2, Frequency::Day)?;
/// let (reader, day) = (portal.snapshot().reader(), "2005-02-28".parse::<When>()?);
/// let before = |adjust| Ok::<_, lookback::Error>(reader.history(&request.clone().adjust(adjust), day)?.column(0)[0]);
/// assert_eq!((before(Adjust::Raw)?, before(Adjust::Splits)?), (88.99, 44.495)); // 2 for 1 on that day
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Debug)]
#[non_exhaustive]
pub enum Adjust {
    /// None: prices and volumes as they were traded.
    Raw,
    /// Splits: prices on one count of shares, volume in such shares; returns leave out what dividends paid.
    ///
    /// An event that was derived from adjusted closes is one only where its step is a ratio of small
    /// integers; any other step is left alone, as a dividend is.
    Splits,
    /// Splits and dividends: returns are those of a holder who reinvests.
    #[default]
    Total,
}

impl Adjust {
    /// Every mode, from the one that changes least to the one that changes most.
    ///
    /// # Examples
    /// ```
    /// use lookback::Adjust;
    /// assert_eq!(Adjust::ALL.map(Adjust::name), ["raw", "splits", "total"]);
    /// ```
    pub const ALL: [Self; 3] = [Self::Raw, Self::Splits, Self::Total];

    /// The name: `raw`, `splits` or `total`.
    ///
    /// # Examples
    /// ```
    /// use lookback::Adjust;
    /// assert_eq!(Adjust::Splits.name().parse::<Adjust>()?, Adjust::Splits);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Splits => "splits",
            Self::Total => "total",
        }
    }

    /// What it makes of prices, to be read after "prices": `as traded`, or what they are adjusted for.
    ///
    /// # Examples
    /// ```
    /// use lookback::Adjust;
    /// assert_eq!(Adjust::Total.description(), "adjusted for splits and dividends");
    /// ```
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Raw => "as traded",
            Self::Splits => "adjusted for splits only",
            Self::Total => "adjusted for splits and dividends",
        }
    }

    /// What it makes of the prices of some assets of a bundle, as [`description`](Self::description) says it, and of
    /// which of them no events are known: nothing adjusts those.
    ///
    /// # Examples
    /// ```
    /// use lookback::{Adjust, Bundle};
    /// let sample = Bundle::sample()?;
    /// assert_eq!(Adjust::Splits.description_of(&sample, sample.symbols()), "adjusted for splits only");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn description_of(self, bundle: &Bundle, symbols: &[Symbol]) -> String {
        const NAMED: usize = 3;
        let unknown = bundle.without_events(symbols);
        let events = if self == Self::Splits { "splits" } else { "splits or dividends" };
        match (self, unknown.as_slice()) {
            (Self::Raw, _) | (_, []) => self.description().to_owned(),
            (_, unknown) if unknown.len() == symbols.len() => {
                format!("as in the files, with no {events} known")
            }
            (_, unknown) if unknown.len() <= NAMED => {
                let names: Vec<&str> = unknown.iter().map(|symbol| symbol.as_str()).collect();
                format!("{}, but none known of {}", self.description(), names.join(", "))
            }
            (_, unknown) => {
                format!(
                    "{}, but none known of {} of {} assets",
                    self.description(),
                    unknown.len(),
                    symbols.len()
                )
            }
        }
    }
}

impl fmt::Display for Adjust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Adjust {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|adjust| adjust.name() == text.trim())
            .ok_or_else(|| Error::invalid("adjust", format!("found {text:?}, expected raw, splits or total")))
    }
}

/// A value for each mode.
#[derive(Default, Debug)]
pub(super) struct EachAdjust<T> {
    raw: T,
    splits: T,
    total: T,
}

impl<T> EachAdjust<T> {
    pub(super) fn new(value: impl Fn(Adjust) -> T) -> Self {
        Self { raw: value(Adjust::Raw), splits: value(Adjust::Splits), total: value(Adjust::Total) }
    }

    #[inline]
    pub(super) fn of(&self, adjust: Adjust) -> &T {
        match adjust {
            Adjust::Raw => &self.raw,
            Adjust::Splits => &self.splits,
            Adjust::Total => &self.total,
        }
    }
}
