//! Exits: how a position ends without a signal.

#![forbid(unsafe_code)]

/// A distance from the price that a stop or a target is measured from.
///
/// # Examples
/// ```
/// use lookback::sweep::Level;
/// let atr = [f64::NAN, 1.5, 1.25]; // a value for each of the asset's bars, on the run's adjustment
/// assert_ne!(Level::Share(0.05), Level::Column(&atr));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Level<'a> {
    /// A share of the entry price: the market's price at the fill, before slippage.
    Share(f64),
    /// A distance for each of the asset's bars, in quote currency per share on the run's adjustment.
    ///
    /// Read at the bar that gave the signal. An entry at a bar where it is not a finite number above 0 is not ordered: no
    /// position stands without the stop that it was asked to have.
    Column(&'a [f64]),
}

/// How a position ends without a signal. The default is not at all.
///
/// # Examples
/// ```
/// use lookback::sweep::{Exits, Level};
/// let exits = Exits { stop_loss: Some(Level::Share(0.05)), max_bars: Some(20), ..Exits::default() };
/// assert!(exits.take_profit.is_none() && exits.cooldown == 0);
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Exits<'a> {
    /// Distance of a stop from the entry price.
    pub stop_loss: Option<Level<'a>>,
    /// Distance of a target from the entry price.
    pub take_profit: Option<Level<'a>>,
    /// Distance of a stop from the best price since the entry, up to the bar before.
    pub trailing_stop: Option<Level<'a>>,
    /// Bars from the fill of an entry to the fill of its exit.
    pub max_bars: Option<usize>,
    /// After a stop, a target or `max_bars`, the closes at which no entry is ordered, that of the exit's bar first.
    pub cooldown: usize,
}

impl Level<'_> {
    /// The distance of a position that is entered at a price by a signal at one of the asset's bars.
    pub(super) fn distance(&self, entry: f64, signal: usize) -> f64 {
        match self {
            Self::Share(share) => share * entry,
            Self::Column(column) => column.get(signal).copied().unwrap_or(f64::NAN),
        }
    }

    /// Whether a value of a column can be a distance.
    pub(super) fn is_distance(value: f64) -> bool {
        value > 0.0 && value.is_finite()
    }
}

impl Exits<'_> {
    /// Whether a position ends where a price is touched, for which the run's highs and lows are needed.
    pub(in crate::sweep) fn touch(&self) -> bool {
        self.levels().any(|level| level.is_some())
    }

    /// Whether every stop and target has a distance at one of the asset's bars.
    pub(super) fn is_defined(&self, bar: usize) -> bool {
        self.levels().flatten().all(|level| match level {
            Level::Share(_) => true,
            Level::Column(column) => column.get(bar).is_some_and(|value| Level::is_distance(*value)),
        })
    }

    fn levels(&self) -> impl Iterator<Item = Option<Level<'_>>> {
        [self.stop_loss, self.take_profit, self.trailing_stop].into_iter()
    }
}
