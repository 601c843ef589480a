//! Validation: points chosen on some bars and traded on others.
//!
//! [`WalkForward`] cuts a run into train spans and the test spans after them, [`Combinatorial`] into groups of which every
//! combination is tested. `crew` runs every point, `choice` says which is the best, `orders` what the chosen one does where it
//! is tested, and `stitch` trades that with one account. `forward` and `cross` put these together.

#![forbid(unsafe_code)]

mod choice;
mod combinatorial;
mod crew;
mod cross;
mod forward;
mod json;
mod orders;
mod parts;
mod paths;
mod rows;
mod stability;
mod stitch;
mod stretch;
mod walk;
mod walk_forward;

pub(super) use cross::cross_validate;
pub(super) use forward::walk_forward;

pub use choice::Choice;
pub use combinatorial::Combinatorial;
pub use paths::{AssetPaths, CombinatorialResults, CrossPath, Distribution, Split};
pub use stability::Stability;
pub use walk::{AssetWalk, BarSpan, Fold, WalkForwardResults};
pub use walk_forward::{FoldBars, WalkForward};

// The examples of the page run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/walk-forward.md")]
struct Page;
