//! Reasons: why an order was given.

#![forbid(unsafe_code)]

use std::fmt;

/// Why an order was given.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Reason {
    /// A strategy's order, or a rule that was true at a close.
    #[default]
    Signal,
    /// The price went against the position by its stop's distance.
    StopLoss,
    /// The price went against the position by its stop's distance from the best price before.
    TrailingStop,
    /// The price reached the target.
    TakeProfit,
    /// The position was held for as many bars as it may be.
    MaxBars,
    /// Of a walk forward: a test span began, and what was held became what the point chosen for it holds.
    HandOver,
}

impl Reason {
    /// The name: `signal`, `stop-loss`, `trailing-stop`, `take-profit`, `max-bars` or `hand-over`.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Reason;
    /// assert_eq!((Reason::default().name(), Reason::StopLoss.name()), ("signal", "stop-loss"));
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::StopLoss => "stop-loss",
            Self::TrailingStop => "trailing-stop",
            Self::TakeProfit => "take-profit",
            Self::MaxBars => "max-bars",
            Self::HandOver => "hand-over",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
