//! The one integration binary: a module per subject.

#![cfg(feature = "cli")]
#![forbid(unsafe_code)]

mod bundle;
mod grid;
mod metrics;
mod naive;
mod portal;
mod replay;
mod stocks;
mod sweep;
