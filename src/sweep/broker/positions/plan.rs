//! A plan: what is traded on one asset, by signals or by weights.

#![forbid(unsafe_code)]

use super::counts::Counts;
use super::exits::{Exits, Level};
use super::signals::Signals;
use super::size::Size;
use super::tape::{Filled, Tape};
use super::walk::Walk;
use super::weights::{OutOfRange, Weights};
use crate::error::Error;
use crate::sweep::broker::Ledger;

/// What is traded: signals, how a position ends without one, and how large it is.
///
/// # Examples
/// ```
/// use lookback::sweep::{Exits, Level, Positions, Signals, Size};
/// let buy = Signals::bits((0..500).map(|bar| bar % 50 == 10));
/// let positions = Positions {
///     signals: Signals { buy: Some(&buy), ..Signals::default() },
///     exits: Exits { stop_loss: Some(Level::Share(0.05)), max_bars: Some(20), ..Exits::default() },
///     size: Size::Risk(0.01),
/// };
/// assert!(positions.check().is_ok() && positions.warnings().is_empty());
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Positions<'a> {
    /// When to enter and to leave.
    pub signals: Signals<'a>,
    /// How a position ends without a signal.
    pub exits: Exits<'a>,
    /// How large it is.
    pub size: Size,
}

impl Positions<'_> {
    /// Refuses shares and counts that make no sense.
    ///
    /// # Errors
    /// `BadParameter`, which names what is out of range and what was expected.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Exits, Level, Positions, Size};
    /// let exits = Exits { stop_loss: Some(Level::Share(5.0)), ..Exits::default() };
    /// let error = Positions { exits, ..Positions::default() }.check().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "stop-loss: is 5, expected a share of the entry price above 0 and below 1, such as 0.05"
    /// );
    /// let error = Positions { size: Size::Risk(0.01), ..Positions::default() }.check().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "risk: is 0.01, but there is no stop to measure it by; expected a stop-loss or a trailing-stop beside it"
    /// );
    /// ```
    pub fn check(&self) -> Result<(), Error> {
        self.exits.check()?;
        self.size.check(&self.exits)
    }

    /// What a user should know of rules that can be run, and hardly mean what they say: a position without a way out, an
    /// exit of what is never entered.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Positions, Signals};
    /// let buy = Signals::bits([true]);
    /// let signals = Signals { buy: Some(&buy), ..Signals::default() };
    /// assert_eq!(
    ///     Positions { signals, ..Positions::default() }.warnings(),
    ///     ["no way out: a long position is held to the end; \
    ///       add sell, short, a stop-loss, a trailing-stop, a take-profit or max-bars"]
    /// );
    /// ```
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let Signals { buy, sell, short, cover } = self.signals;
        let ends = self.exits.touch() || self.exits.max_bars.is_some();
        let mut warnings = Vec::new();
        let sides = [
            ("long", "buy", buy, "sell", sell, "short", short),
            ("short", "short", short, "cover", cover, "buy", buy),
        ];
        for (side, entry_name, entry, exit_name, exit, other_name, other) in sides {
            if entry.is_some() && exit.is_none() && other.is_none() && !ends {
                warnings.push(format!(
                    "no way out: a {side} position is held to the end; add {exit_name}, {other_name}, a stop-loss, \
                     a trailing-stop, a take-profit or max-bars"
                ));
            }
            if entry.is_none() && exit.is_some() {
                warnings.push(format!("{exit_name} ends nothing: there is no {entry_name}"));
            }
        }
        warnings
    }
}

/// What is traded on one asset: by signals, or by a column of weights.
///
/// # Examples
/// ```
/// use lookback::sweep::{Plan, Weights};
/// let plan = Plan::from(Weights { column: &[0.5, 1.0], every: 0 });
/// assert_eq!(plan.check().unwrap_err().to_string(), "rebalance: is 0, expected a number of bars from 1 up");
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Plan<'a> {
    /// By signals, stops and a size.
    Positions(Positions<'a>),
    /// By a column of target weights.
    Weights(Weights<'a>),
}

impl<'a> From<Positions<'a>> for Plan<'a> {
    fn from(positions: Positions<'a>) -> Self {
        Self::Positions(positions)
    }
}

impl<'a> From<Weights<'a>> for Plan<'a> {
    fn from(weights: Weights<'a>) -> Self {
        Self::Weights(weights)
    }
}

impl Plan<'_> {
    /// Refuses shares and counts that make no sense.
    ///
    /// # Errors
    /// `BadParameter`, which names what is out of range and what was expected.
    pub fn check(&self) -> Result<(), Error> {
        match self {
            Self::Positions(positions) => positions.check(),
            Self::Weights(weights) => weights.check(),
        }
    }

    /// Whether a position may end where a price is touched, for which a tape needs its range.
    pub(in crate::sweep) fn touches(&self) -> bool {
        matches!(self, Self::Positions(positions) if positions.exits.touch())
    }

    /// Trades over a run with one account; `on_fill` sees every fill, oldest first.
    pub(in crate::sweep) fn walk(
        &self,
        tape: &Tape<'_>,
        ledger: &mut Ledger<'_>,
        on_fill: impl FnMut(&Filled),
    ) -> Result<Counts, OutOfRange> {
        match self {
            Self::Positions(Positions { signals, exits, size }) => {
                Ok(Walk::new(signals, exits, *size, tape, ledger, on_fill).run())
            }
            Self::Weights(weights) => {
                weights.walk(tape, ledger, on_fill)?;
                Ok(Counts::default())
            }
        }
    }
}

impl Exits<'_> {
    fn check(&self) -> Result<(), Error> {
        let stops = [("stop-loss", self.stop_loss), ("trailing-stop", self.trailing_stop)];
        for (name, level) in stops {
            if let Some(Level::Share(share)) = level
                && !(share > 0.0 && share < 1.0)
            {
                let expected = "a share of the entry price above 0 and below 1, such as 0.05";
                return Err(Error::bad_parameter(name, format!("is {share}, expected {expected}")));
            }
        }
        if let Some(Level::Share(share)) = self.take_profit
            && !(share > 0.0 && share.is_finite())
        {
            let expected = "a share of the entry price above 0, such as 0.1";
            return Err(Error::bad_parameter("take-profit", format!("is {share}, expected {expected}")));
        }
        if self.max_bars == Some(0) {
            return Err(Error::bad_parameter("max-bars", "is 0, expected a number of bars from 1 up"));
        }
        Ok(())
    }
}

impl Size {
    fn check(self, exits: &Exits<'_>) -> Result<(), Error> {
        match self {
            Self::Share(share) if !(share > 0.0 && share <= 1.0) => {
                let message = format!("is {share}, expected a share of equity above 0 and at most 1");
                Err(Error::bad_parameter("size", message))
            }
            Self::Risk(risk) if !(risk > 0.0 && risk < 1.0) => {
                let message =
                    format!("is {risk}, expected a share of equity above 0 and below 1, such as 0.01");
                Err(Error::bad_parameter("risk", message))
            }
            Self::Risk(risk) if exits.stop_loss.is_none() && exits.trailing_stop.is_none() => {
                let expected = "expected a stop-loss or a trailing-stop beside it";
                let message = format!("is {risk}, but there is no stop to measure it by; {expected}");
                Err(Error::bad_parameter("risk", message))
            }
            _ => Ok(()),
        }
    }
}

impl Weights<'_> {
    fn check(&self) -> Result<(), Error> {
        if self.every == 0 {
            return Err(Error::bad_parameter("rebalance", "is 0, expected a number of bars from 1 up"));
        }
        Ok(())
    }
}
