//! Splits and dividends: what happened to an asset that its bars do not show.

#![forbid(unsafe_code)]

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A split or a dividend.
///
/// Two are equal where they say the same; the close is no part of that, it is there to be checked.
///
/// # Examples
/// ```
/// use lookback::Timestamp;
/// use lookback::bundle::{Adjustment, AdjustmentKind};
/// let split = Adjustment::new(Timestamp(0), AdjustmentKind::Split(2.0));
/// assert_eq!(format!("{}: {}", split.ex_date, split.kind), "1970-01-01: split 2");
/// assert_eq!(split.known_at(Timestamp(7)).applies_from(), Timestamp(7));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Adjustment {
    /// Midnight UTC of the ex-date, or the ex-bar's moment; applies from the open of the first bar on or after it.
    pub ex_date: Timestamp,
    /// What happened.
    pub kind: AdjustmentKind,
    /// When it was known, where that is told: a window that ends before sees prices without it. On its ex-date otherwise.
    pub known: Option<Timestamp>,
    /// The close of the bar before the ex-date, as traded, in quote currency per share; a bundle fills it in from its bars.
    pub close: Option<f64>,
}

impl PartialEq for Adjustment {
    fn eq(&self, other: &Self) -> bool {
        (self.ex_date, self.kind, self.known) == (other.ex_date, other.kind, other.known)
    }
}

impl Adjustment {
    /// An event that is known on its ex-date.
    ///
    /// # Examples
    /// ```
    /// use lookback::Timestamp;
    /// use lookback::bundle::{Adjustment, AdjustmentKind};
    /// let dividend = Adjustment::new(Timestamp(5), AdjustmentKind::Dividend(0.18));
    /// assert_eq!((dividend.known, dividend.applies_from()), (None, Timestamp(5)));
    /// ```
    #[must_use]
    pub fn new(ex_date: Timestamp, kind: AdjustmentKind) -> Self {
        Self { ex_date, kind, known: None, close: None }
    }

    /// The same, known at a moment of its own.
    #[must_use]
    pub fn known_at(self, moment: Timestamp) -> Self {
        Self { known: Some(moment), ..self }
    }

    /// The first moment as of which it changes the bars before its ex-date: once both the day has come and it is known.
    #[must_use]
    pub fn applies_from(&self) -> Timestamp {
        self.known.map_or(self.ex_date, |known| known.max(self.ex_date))
    }

    /// Puts events in order: by day, and of one day what is paid per old share before the split.
    pub(super) fn sort(events: &mut [Self]) {
        events.sort_by(|a, b| {
            (a.ex_date, a.kind.rank())
                .cmp(&(b.ex_date, b.kind.rank()))
                .then(a.kind.value().total_cmp(&b.kind.value()))
        });
    }
}

/// What an [`Adjustment`] does to the bars before it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum AdjustmentKind {
    /// New shares for each old one: earlier prices are divided by it, earlier volume multiplied.
    Split(f64),
    /// Cash per share held before any split of the same day: earlier prices are scaled by 1 - amount / previous close.
    Dividend(f64),
    /// Earlier prices are multiplied by it: a dividend derived from adjusted closes, a merger, a spin-off.
    Factor(f64),
}

/// Where an asset's splits and dividends come from.
///
/// # Examples
/// ```
/// use lookback::Bundle;
/// use lookback::bundle::EventOrigin;
/// let bundle = Bundle::sample()?;
/// // No event of Google is in its adjusted closes; that is known, not missing.
/// let google = bundle.asset("GOOG")?;
/// assert!(bundle.adjustments(google).is_empty());
/// assert_eq!(bundle.event_origin(google), EventOrigin::AdjustedClose);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub enum EventOrigin {
    /// Nothing told of any: prices are as the files have them, splits and all.
    #[default]
    #[serde(rename = "unknown")]
    Unknown,
    /// They were given: by `adjustments.csv`, or with the series of a bundle in memory.
    #[serde(rename = "given")]
    Given,
    /// Columns of the file tell them by row, with adjusted closes for what these leave open.
    #[serde(rename = "columns")]
    Columns,
    /// They were derived from adjusted closes, each from the rows up to its own day.
    #[serde(rename = "adj close")]
    AdjustedClose,
}

impl EventOrigin {
    /// The word for it: `unknown`, `given`, `columns` or `adj close`.
    ///
    /// # Examples
    /// ```
    /// use lookback::bundle::EventOrigin;
    /// assert_eq!(EventOrigin::AdjustedClose.name(), "adj close");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Given => "given",
            Self::Columns => "columns",
            Self::AdjustedClose => "adj close",
        }
    }
}

impl fmt::Display for EventOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl AdjustmentKind {
    /// Whether the number of shares changes.
    ///
    /// # Examples
    /// ```
    /// use lookback::bundle::AdjustmentKind;
    /// assert!(AdjustmentKind::Split(2.0).is_split() && !AdjustmentKind::Factor(0.99).is_split());
    /// ```
    #[must_use]
    pub fn is_split(self) -> bool {
        matches!(self, Self::Split(_))
    }

    /// The ratio, the amount or the factor.
    ///
    /// # Examples
    /// ```
    /// use lookback::bundle::AdjustmentKind;
    /// assert_eq!(AdjustmentKind::Dividend(0.18).value(), 0.18);
    /// ```
    #[must_use]
    pub fn value(self) -> f64 {
        let (Self::Split(value) | Self::Dividend(value) | Self::Factor(value)) = self;
        value
    }

    /// The word for it: `split`, `dividend` or `factor`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Split(_) => "split",
            Self::Dividend(_) => "dividend",
            Self::Factor(_) => "factor",
        }
    }

    /// Where it stands among the events of one day: what is paid per old share comes before the split.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Dividend(_) => 0,
            Self::Factor(_) => 1,
            Self::Split(_) => 2,
        }
    }
}

impl fmt::Display for AdjustmentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name(), self.value())
    }
}

/// A ratio of new shares to old as `3:2`, where small integers make it, else as a decimal.
pub(super) fn ratio_text(ratio: f64) -> String {
    let old = (1..=100).find(|&old| {
        let new = ratio * f64::from(old);
        (new - new.round()).abs() < 1e-9 * new && new.round() >= 1.0
    });
    old.map_or_else(|| ratio.to_string(), |old| format!("{}:{old}", (ratio * f64::from(old)).round()))
}
