//! The cache's own desk, policies, budget, flights and tiers as the transition function of stateright: every state that
//! a few threads can bring about, one critical section a step.
//!
//! loom looks at orderings, in models of two or three threads and few requests; here every step is whole, and the breadth
//! is in what is asked, in which order, in which generation. The files are those of the library, by their paths.

#![allow(dead_code, unreachable_pub, reason = "the library's files, of which the models use a part")]

#[path = "../../src/error.rs"]
mod error;
// A link, as is the folder beside it: a file that is named by its path looks for its own modules elsewhere.
mod sync;

mod cache;
mod spec;
mod states;

pub use cache::world::{Ask, Request, Scenario, entry_weight};
pub use cache::{Options, Policy};
pub use states::check;
