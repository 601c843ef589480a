//! Counts: what happened to orders on the way.

#![forbid(unsafe_code)]

/// What happened to the orders of one trial, beside its fills.
///
/// # Examples
/// ```
/// use lookback::sweep::Counts;
/// assert_eq!(Counts::default().capped, 0);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Counts {
    /// Entries whose size by risk was above all equity, and was cut to it.
    pub capped: u32,
    /// Bars of the run at whose close `buy` and `short` were both true: neither was ordered.
    pub both_entries: u32,
}
