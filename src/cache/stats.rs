//! What a cache did: counters that readers flush, and a snapshot of them.
//!
//! # Invariants
//! - I1: requests and events are counted by their reader, which adds them to the shared counters when it flushes; what
//!   is held is counted at the desks, and an exchange of equals writes nothing.
//! - I2: when no reader is alive, every counter is exact.
//!
//! # Orderings
//! All Relaxed: the counters guard no memory, and exactness at rest (I2) comes from whatever made the caller know
//! that the readers are gone, such as joining their threads.

use std::cell::Cell;
use std::fmt;
use std::ops::Sub;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::sync::{Limbo, UnmodelledOrdering as Ordering, UnmodelledU64};

/// A number that many threads add to, rarely.
#[derive(Debug)]
pub(super) struct Counter(UnmodelledU64);

impl Counter {
    fn new() -> Self {
        Self(UnmodelledU64::new(0))
    }

    pub(super) fn add(&self, amount: u64) {
        if amount > 0 {
            // ORDERING: Relaxed, see the head of this file.
            self.0.fetch_add(amount, Ordering::Relaxed);
        }
    }

    fn subtract(&self, amount: u64) {
        if amount > 0 {
            // ORDERING: Relaxed, see the head of this file.
            self.0.fetch_sub(amount, Ordering::Relaxed);
        }
    }

    /// The count; a gauge whose fall was seen before its rise reads as 0.
    fn get(&self) -> u64 {
        // ORDERING: Relaxed, see the head of this file.
        let count = self.0.load(Ordering::Relaxed);
        if count > u64::MAX / 2 { 0 } else { count }
    }

    fn set_once(&self, count: u64) {
        // ORDERING: Relaxed, see the head of this file.
        let _ = self.0.compare_exchange(0, count, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// How many entries a shard holds, and what they weigh.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) entries: u64,
    pub(super) bytes: u64,
}

impl Held {
    /// With one entry more, of that weight.
    pub(super) fn and(self, weight: u64) -> Self {
        Self { entries: self.entries + 1, bytes: self.bytes + weight }
    }
}

macro_rules! counters {
    ($($name:ident),* $(,)?) => {
        /// The counters of a cache, across its generations.
        #[derive(Debug)]
        pub(super) struct Counters {
            $(pub(super) $name: Counter,)*
            /// Held by whoever flushes until the cache is warm, so that hits and misses are compared as of one moment.
            warming_up: Mutex<()>,
            /// What is in limbo in each generation alive.
            limbos: Mutex<Vec<Weak<Limbo>>>,
        }

        impl Counters {
            pub(super) fn new() -> Self {
                Self { $($name: Counter::new(),)* warming_up: Mutex::new(()), limbos: Mutex::new(Vec::new()) }
            }
        }
    };
}

counters!(
    permanent_hits,
    permanent_entries,
    permanent_bytes,
    variable_hits,
    variable_entries,
    variable_bytes,
    side_hits,
    misses,
    loads,
    joined,
    alone,
    evictions,
    rejected,
    overflow,
    promotions,
    generations,
    warming,
);

impl Counters {
    /// Counts what a shard has less of. Called at its desk before a newcomer is published, so that what is shown
    /// keeps to the bounds too.
    pub(super) fn variable_shrunk(&self, before: Held, after: Held) {
        self.variable_entries.subtract(before.entries.saturating_sub(after.entries));
        self.variable_bytes.subtract(before.bytes.saturating_sub(after.bytes));
    }

    /// Counts what a shard has more of, after it was published. An exchange of equals costs nothing.
    pub(super) fn variable_grown(&self, before: Held, after: Held) {
        self.variable_entries.add(after.entries.saturating_sub(before.entries));
        self.variable_bytes.add(after.bytes.saturating_sub(before.bytes));
    }

    pub(super) fn variable_dropped(&self, entries: u64, bytes: u64) {
        self.variable_entries.subtract(entries);
        self.variable_bytes.subtract(bytes);
    }

    pub(super) fn permanent_published(&self, bytes: u64) {
        self.permanent_entries.add(1);
        self.permanent_bytes.add(bytes);
    }

    pub(super) fn permanent_dropped(&self, entries: u64, bytes: u64) {
        self.permanent_entries.subtract(entries);
        self.permanent_bytes.subtract(bytes);
    }

    /// Counts what is in that limbo too, for as long as its generation lives.
    pub(super) fn watch(&self, limbo: &Arc<Limbo>) {
        let mut limbos = self.limbos();
        limbos.retain(|limbo| limbo.strong_count() > 0);
        limbos.push(Arc::downgrade(limbo));
    }

    fn limbos(&self) -> MutexGuard<'_, Vec<Weak<Limbo>>> {
        self.limbos.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limbo_bytes(&self) -> u64 {
        self.limbos().iter().filter_map(Weak::upgrade).map(|limbo| limbo.bytes()).sum()
    }

    pub(super) fn generation_began(&self) {
        self.generations.add(1);
    }

    pub(super) fn generation_ended(&self) {
        self.generations.subtract(1);
    }

    /// Adds what a reader counted, and notes when the hit rate first passed 60 %.
    pub(super) fn flush(&self, tally: &Tally) {
        let is_warm = self.warming.get() > 0;
        let _alone = (!is_warm).then(|| self.warming_up.lock().unwrap_or_else(PoisonError::into_inner));
        self.permanent_hits.add(tally.permanent_hits.take());
        self.variable_hits.add(tally.variable_hits.take());
        self.side_hits.add(tally.side_hits.take());
        self.misses.add(tally.misses.take());
        self.loads.add(tally.loads.take());
        self.joined.add(tally.joined.take());
        self.alone.add(tally.alone.take());
        self.evictions.add(tally.evictions.take());
        self.rejected.add(tally.rejected.take());
        self.overflow.add(tally.overflow.take());
        self.promotions.add(tally.promotions.take());
        if !is_warm {
            let hits = self.permanent_hits.get() + self.variable_hits.get() + self.side_hits.get();
            let requests = hits + self.misses.get();
            if hits.saturating_mul(100) > requests.saturating_mul(60) {
                self.warming.set_once(requests);
            }
        }
    }

    pub(super) fn snapshot(&self, capacity_bytes: u64) -> Stats {
        let tier = |hits: &Counter, entries: &Counter, bytes: &Counter| TierStats {
            hits: hits.get(),
            entries: entries.get(),
            bytes: bytes.get(),
        };
        Stats {
            permanent: tier(&self.permanent_hits, &self.permanent_entries, &self.permanent_bytes),
            variable: tier(&self.variable_hits, &self.variable_entries, &self.variable_bytes),
            side_hits: self.side_hits.get(),
            misses: self.misses.get(),
            loads: self.loads.get(),
            joined: self.joined.get(),
            alone: self.alone.get(),
            evictions: self.evictions.get(),
            rejected: self.rejected.get(),
            overflow: self.overflow.get(),
            promotions: self.promotions.get(),
            limbo_bytes: self.limbo_bytes(),
            generations: self.generations.get(),
            capacity_bytes,
            warming: Some(self.warming.get()).filter(|&requests| requests > 0),
        }
    }
}

/// What a reader counts by itself until it flushes.
#[derive(Default, Debug)]
pub(super) struct Tally {
    pub(super) permanent_hits: Cell<u64>,
    pub(super) variable_hits: Cell<u64>,
    pub(super) side_hits: Cell<u64>,
    pub(super) misses: Cell<u64>,
    pub(super) loads: Cell<u64>,
    pub(super) joined: Cell<u64>,
    pub(super) alone: Cell<u64>,
    pub(super) evictions: Cell<u64>,
    pub(super) rejected: Cell<u64>,
    pub(super) overflow: Cell<u64>,
    pub(super) promotions: Cell<u64>,
}

impl Tally {
    /// Counts one request, or one event.
    #[inline]
    pub(super) fn count(of: &Cell<u64>) {
        of.set(of.get() + 1);
    }
}

/// One tier's part of [`Stats`].
///
/// # Examples
/// ```
/// use lookback::cache::{Stats, TierStats};
/// let stats = Stats { permanent: TierStats { entries: 2, bytes: 300, hits: 9 }, ..Stats::default() };
/// assert_eq!((stats.hits(), stats.resident_bytes()), (9, 300));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TierStats {
    /// Entries held now, in all generations alive.
    pub entries: u64,
    /// Bytes that these entries weigh.
    pub bytes: u64,
    /// Requests that this tier answered.
    pub hits: u64,
}

/// What a cache did since it was made, across its generations; exact when no reader is alive.
///
/// A difference of two snapshots counts what happened between them; what is *held* (entries, bytes, limbo,
/// generations, capacity) is taken from the later one.
///
/// # Examples
/// ```
/// use lookback::cache::Stats;
/// let before = Stats { misses: 1, ..Stats::default() };
/// let after = Stats { misses: 4, ..before };
/// assert_eq!((after - before).misses, 3);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stats {
    /// The permanent tier.
    pub permanent: TierStats,
    /// The variable tier.
    pub variable: TierStats,
    /// Requests answered by a value that the same reader was served uncached before.
    pub side_hits: u64,
    /// Requests that found nothing.
    pub misses: u64,
    /// Loads begun.
    pub loads: u64,
    /// Misses answered by another thread's load.
    pub joined: u64,
    /// Loads made beside another one of the same key, because waiting was not allowed or took too long.
    pub alone: u64,
    /// Variable entries dropped to make room.
    pub evictions: u64,
    /// Values served uncached because they could not be held.
    pub rejected: u64,
    /// Values asked for as permanent and kept as variable, because the permanent bytes were spent.
    pub overflow: u64,
    /// Variable entries that became permanent.
    pub promotions: u64,
    /// Bytes retired and not yet freed.
    pub limbo_bytes: u64,
    /// Generations alive.
    pub generations: u64,
    /// Bytes that the entries of one generation may weigh.
    pub capacity_bytes: u64,
    /// Requests flushed when the hit rate first passed 60 %.
    pub warming: Option<u64>,
}

impl Stats {
    /// Requests answered from what was there.
    ///
    /// # Examples
    /// ```
    /// use lookback::cache::{Stats, TierStats};
    /// let tier = |hits, bytes| TierStats { hits, bytes, ..TierStats::default() };
    /// let stats = Stats { permanent: tier(6, 100), variable: tier(2, 50), side_hits: 1, misses: 3, ..Stats::default() };
    /// assert_eq!(stats.hits(), 9);
    /// ```
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.permanent.hits + self.variable.hits + self.side_hits
    }

    /// Hits and misses.
    ///
    /// # Examples
    /// ```
    /// use lookback::cache::{Stats, TierStats};
    /// let tier = |hits, bytes| TierStats { hits, bytes, ..TierStats::default() };
    /// let stats = Stats { permanent: tier(6, 100), variable: tier(2, 50), side_hits: 1, misses: 3, ..Stats::default() };
    /// assert_eq!(stats.requests(), 12);
    /// ```
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.hits() + self.misses
    }

    /// Hits as a share of the requests; `None` where nothing was asked for.
    ///
    /// # Examples
    /// ```
    /// use lookback::cache::{Stats, TierStats};
    /// let tier = |hits, bytes| TierStats { hits, bytes, ..TierStats::default() };
    /// let stats = Stats { permanent: tier(6, 100), variable: tier(2, 50), side_hits: 1, misses: 3, ..Stats::default() };
    /// assert_eq!(stats.hit_rate(), Some(0.75));
    /// assert_eq!(Stats::default().hit_rate(), None);
    /// ```
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share of counts far below 2^53")]
    pub fn hit_rate(&self) -> Option<f64> {
        (self.requests() > 0).then(|| self.hits() as f64 / self.requests() as f64)
    }

    /// Bytes that the entries of both tiers weigh.
    ///
    /// # Examples
    /// ```
    /// use lookback::cache::{Stats, TierStats};
    /// let tier = |hits, bytes| TierStats { hits, bytes, ..TierStats::default() };
    /// let stats = Stats { permanent: tier(6, 100), variable: tier(2, 50), side_hits: 1, misses: 3, ..Stats::default() };
    /// assert_eq!(stats.resident_bytes(), 150);
    /// ```
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        self.permanent.bytes + self.variable.bytes
    }
}

impl Sub for Stats {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        let tier = |after: TierStats, before: TierStats| TierStats {
            hits: after.hits.saturating_sub(before.hits),
            ..after
        };
        Self {
            permanent: tier(self.permanent, before.permanent),
            variable: tier(self.variable, before.variable),
            side_hits: self.side_hits.saturating_sub(before.side_hits),
            misses: self.misses.saturating_sub(before.misses),
            loads: self.loads.saturating_sub(before.loads),
            joined: self.joined.saturating_sub(before.joined),
            alone: self.alone.saturating_sub(before.alone),
            evictions: self.evictions.saturating_sub(before.evictions),
            rejected: self.rejected.saturating_sub(before.rejected),
            overflow: self.overflow.saturating_sub(before.overflow),
            promotions: self.promotions.saturating_sub(before.promotions),
            ..self
        }
    }
}

impl fmt::Display for Stats {
    /// A table of two columns, one figure a line, with its unit.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.hit_rate().map_or_else(|| "-".to_owned(), |rate| format!("{:.2} %", 100.0 * rate));
        let rows = [
            ("hit rate", rate),
            ("hits, permanent tier", self.permanent.hits.to_string()),
            ("hits, variable tier", self.variable.hits.to_string()),
            ("hits, side lists", self.side_hits.to_string()),
            ("misses", self.misses.to_string()),
            ("loads", self.loads.to_string()),
            ("loads joined", self.joined.to_string()),
            ("loads alone", self.alone.to_string()),
            ("evictions", self.evictions.to_string()),
            ("served uncached", self.rejected.to_string()),
            ("overflow to variable", self.overflow.to_string()),
            ("promotions", self.promotions.to_string()),
            ("entries, permanent tier", self.permanent.entries.to_string()),
            ("entries, variable tier", self.variable.entries.to_string()),
            ("resident", format!("{} of {} bytes", self.resident_bytes(), self.capacity_bytes)),
            ("limbo", format!("{} bytes", self.limbo_bytes)),
            ("generations alive", self.generations.to_string()),
        ];
        for (at, (name, figure)) in rows.iter().enumerate() {
            write!(f, "{}{name:<24} {figure:>24}", if at == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_counts_events_and_keeps_what_is_held() {
        let tier = TierStats { entries: 5, bytes: 50, hits: 10 };
        let before = Stats { variable: tier, misses: 2, ..Stats::default() };
        let after = Stats { variable: TierStats { entries: 7, bytes: 70, hits: 40 }, misses: 5, ..before };
        let between = after - before;
        assert_eq!(between.variable, TierStats { entries: 7, bytes: 70, hits: 30 });
        assert_eq!(between.misses, 3);
        assert!((between.hit_rate().unwrap() - 30.0 / 33.0).abs() < 1e-12);
    }

    #[test]
    fn warming_is_noted_once() {
        let counters = Counters::new();
        counters.flush(&Tally { misses: Cell::new(10), ..Tally::default() });
        assert_eq!(counters.snapshot(0).warming, None);
        counters.flush(&Tally { variable_hits: Cell::new(20), ..Tally::default() });
        counters.flush(&Tally { variable_hits: Cell::new(20), ..Tally::default() });
        assert_eq!(counters.snapshot(0).warming, Some(30));
    }
}
