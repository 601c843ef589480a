//! The one integration binary: a module per subject.
#![cfg(feature = "cli")]
#![forbid(unsafe_code)]

mod bundle;
