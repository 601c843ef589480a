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

mod counts;
mod exits;
mod plan;
mod range;
mod signals;
mod size;
mod tape;
mod walk;
mod weights;

pub use counts::Counts;
pub use exits::{Exits, Level};
pub use plan::{Plan, Positions};
pub use signals::Signals;
pub use size::Size;
pub use weights::Weights;

pub(in crate::sweep) use range::Range;
pub(in crate::sweep) use tape::{Filled, PricedAt, Tape};
