//! Positions: from the signals of each close, through stops and sizes, to orders on the ledger.
//!
//! What a bar means, in this order:
//! 1. An order that waits for the open is filled.
//! 2. Stops and targets of what is held then are looked for within the bar.
//! 3. At the close, exits of what is held; then entries, where flat or of the other side.
//!
//! [`Exits`] say how a position ends by itself, [`Size`] how large it is. `walk` jumps from event to event; `weights`
//! follows a column of target weights instead.

#![forbid(unsafe_code)]
#![expect(dead_code, reason = "the runner of rules walks them, and comes next")]

mod counts;
mod exits;
mod range;
mod signals;
mod size;
mod tape;
mod walk;
mod weights;

pub use counts::Counts;
pub use exits::{Exits, Level};
pub use signals::Signals;
pub use size::Size;
pub use weights::Weights;

pub(in crate::sweep) use range::Range;
pub(in crate::sweep) use tape::{Filled, PricedAt, Tape};

use super::Ledger;
use walk::Walk;

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
/// assert!(positions.signals.sell.is_none());
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
    /// Trades over a run with one account; `on_fill` sees every fill, oldest first.
    ///
    /// The tape needs its range where [`Exits::touch`] says so.
    pub(in crate::sweep) fn walk(
        &self,
        tape: &Tape<'_>,
        ledger: &mut Ledger<'_>,
        on_fill: impl FnMut(&Filled),
    ) -> Counts {
        Walk::new(self, tape, ledger, on_fill).run()
    }
}
