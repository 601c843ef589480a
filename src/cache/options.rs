//! How large a cache may grow, and how it is cut.

use std::time::Duration;

use crate::error::Error;

use super::policy::Policy;

/// A tier of at most so many entries is one shard: its order is exact, and fit to be looked at.
const WHOLE_ENTRIES: usize = 256;

/// Entries of one shard at least, where there are several: a smaller one knows too little of what was read.
const SHARD_ENTRIES: usize = 128;

/// Shards for each core: two misses rarely meet at one desk.
const SHARDS_PER_CORE: usize = 4;

/// More than any machine holds blocks for; keeps the arithmetic of tables within 32 bits.
const MOST_ENTRIES: usize = 1 << 24;

/// The bounds of a cache. Each generation has them for itself.
///
/// # Examples
/// ```
/// use lookback::cache::Options;
/// let options = Options { capacity_bytes: 1_000_000, ..Options::default() };
/// assert_eq!(options.permanent_limit(), 500_000);
/// assert!(Options { shards: Some(8), variable_entries: 4, ..options }.validate().is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Options {
    /// Bytes that the entries of both tiers may weigh together: 200 MB unless told.
    pub capacity_bytes: u64,
    /// Bytes of these that permanent entries may take: half of the capacity unless told.
    pub permanent_bytes: Option<u64>,
    /// Entries that the permanent tier has room for without growing its index; it holds more all the same.
    pub permanent_entries: usize,
    /// Entries that the variable tier may hold; 0 bypasses it.
    pub variable_entries: usize,
    /// Shards of the variable tier. Unless told: one for up to 256 entries, else four for each core of the machine, as
    /// long as each has at least 128 entries.
    pub shards: Option<usize>,
    /// Which entry of a shard goes when room is needed.
    pub policy: Policy,
    /// How long a thread waits for another thread's load of the same key before it loads by itself.
    pub wait_limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            capacity_bytes: 200_000_000,
            permanent_bytes: None,
            permanent_entries: 1_024,
            variable_entries: 4_096,
            shards: None,
            policy: Policy::default(),
            wait_limit: Duration::from_secs(5),
        }
    }
}

impl Options {
    /// Checks that the bounds fit each other.
    ///
    /// # Errors
    /// `Invalid`, naming the option: more permanent bytes than bytes, more shards than entries, no shard at all, or
    /// more than 16,777,216 entries.
    ///
    /// # Examples
    /// ```
    /// use lookback::cache::Options;
    /// let error = Options { shards: Some(3), variable_entries: 2, ..Options::default() }.validate().unwrap_err();
    /// assert_eq!(error.to_string(), "shards: is 3, expected at most variable_entries 2");
    /// ```
    pub fn validate(&self) -> Result<(), Error> {
        if self.permanent_limit() > self.capacity_bytes {
            let message =
                format!("{} exceeds capacity_bytes {}", self.permanent_limit(), self.capacity_bytes);
            return Err(Error::invalid("permanent_bytes", message));
        }
        for (name, found) in
            [("variable_entries", self.variable_entries), ("permanent_entries", self.permanent_entries)]
        {
            if found > MOST_ENTRIES {
                return Err(Error::invalid(name, format!("is {found}, expected at most {MOST_ENTRIES}")));
            }
        }
        match self.shards {
            Some(0) => Err(Error::invalid("shards", "is 0, expected at least 1")),
            Some(shards) if shards > self.variable_entries.max(1) => Err(Error::invalid(
                "shards",
                format!("is {shards}, expected at most variable_entries {}", self.variable_entries),
            )),
            _ => Ok(()),
        }
    }

    /// Bytes that permanent entries may take.
    ///
    /// # Examples
    /// ```
    /// use lookback::cache::Options;
    /// assert_eq!(Options { capacity_bytes: 100, ..Options::default() }.permanent_limit(), 50);
    /// assert_eq!(Options { capacity_bytes: 100, permanent_bytes: Some(0), ..Options::default() }.permanent_limit(), 0);
    /// ```
    #[must_use]
    pub fn permanent_limit(&self) -> u64 {
        self.permanent_bytes.unwrap_or(self.capacity_bytes / 2)
    }

    /// Entries and shards of the variable tier.
    pub(super) fn variable_shape(&self) -> (usize, usize) {
        let entries = self.variable_entries;
        let by_itself = || {
            if entries <= WHOLE_ENTRIES {
                return 1;
            }
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            (SHARDS_PER_CORE * cores).min(entries / SHARD_ENTRIES)
        };
        (entries, self.shards.unwrap_or_else(by_itself))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_that_contradict_each_other_are_named() {
        let permanent = Options { capacity_bytes: 10, permanent_bytes: Some(11), ..Options::default() };
        assert_eq!(
            permanent.validate().unwrap_err().to_string(),
            "permanent_bytes: 11 exceeds capacity_bytes 10"
        );
        let shards = Options { shards: Some(3), variable_entries: 2, ..Options::default() };
        assert_eq!(
            shards.validate().unwrap_err().to_string(),
            "shards: is 3, expected at most variable_entries 2"
        );
        assert!(Options { shards: Some(0), ..Options::default() }.validate().is_err());
        assert!(Options { variable_entries: usize::MAX, ..Options::default() }.validate().is_err());
        assert!(Options { variable_entries: 0, capacity_bytes: 0, ..Options::default() }.validate().is_ok());
    }
}
