//! The cache's contract, tested from outside through its public interface.
//!
//! `cargo test --no-default-features --test cache` builds little else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in what its cases have in common too")]

mod bounds;
mod callbacks;
mod confined;
mod drops;
mod events;
mod foreign;
mod generations;
mod hashing;
mod history;
mod hostile;
mod item;
mod linearizable;
mod loading;
mod mallocs;
#[cfg(feature = "metrics")]
mod metrics;
mod model;
mod permanent;
mod plain;
mod shape;
