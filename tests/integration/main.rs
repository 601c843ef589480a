//! The one integration binary: a module per subject.

#![cfg(feature = "cli")]

mod bundle;
mod naive;
mod portal;
mod replay;
