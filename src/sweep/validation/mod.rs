//! Validation: points chosen on some bars and traded on others.
//!
//! [`WalkForward`] cuts a run into train spans and the test spans after them. `crew` runs every point on every train span,
//! `choice` says which is the best, `orders` what the chosen one does on its test span, and `stitch` trades it with one
//! account over all of them.

#![forbid(unsafe_code)]

mod choice;
mod crew;
mod forward;
mod orders;
mod parts;
mod stability;
mod stitch;
mod walk;
mod walk_forward;

pub use choice::Choice;
pub use stability::Stability;
pub use walk::{AssetWalk, BarSpan, Fold, WalkForwardResults};
pub use walk_forward::{FoldBars, WalkForward};
