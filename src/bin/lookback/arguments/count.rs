//! Whole numbers as they are typed: what the standard library says of a wrong one helps nobody.

#![forbid(unsafe_code)]

use std::num::NonZeroUsize;

/// Reads a whole number.
pub fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected a whole number of at least 0".to_owned())
}

/// Reads a whole number that is not 0.
pub fn positive_count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "expected a whole number of at least 1".to_owned())
}
