//! The one integration binary: a module per subject.
#![cfg(feature = "cli")]
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test fails by panicking, and compares exact values"
)]

mod adjust;
mod bundle;
mod decimal;
mod files;
mod ingest;
