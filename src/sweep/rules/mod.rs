//! Rules: strategies stated as expressions, from the text to the columns of a trial.
//!
//! [`RuleSet`] is what was written; `Compiled` is what it means; `Supply` says where each column comes from over one grid;
//! `Desk` has them at one point after the other.

#![forbid(unsafe_code)]

mod check;
mod compiled;
mod desk;
mod document;
mod set;
mod supply;

pub use check::{AssetWarmUp, RuleCheck};
pub use document::{Document, Entry};
pub use set::{Part, RuleSet};

pub(super) use compiled::Compiled;
pub(super) use desk::{Desk, Sheet};
pub(super) use supply::Supply;
