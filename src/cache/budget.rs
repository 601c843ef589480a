//! The count of bytes: what is published is reserved before and released after.
//!
//! # States
//! | bytes of an entry | counted in `total` | counted in `permanent` |
//! |---|---|---|
//! | not yet published, reserved in a [`Credit`] | yes | where it will be permanent |
//! | published, variable | yes | no |
//! | published, permanent | yes | yes |
//! | unpublished by an evictor, in its [`Credit`] | yes | no |
//! | released | no | no |
//!
//! # Invariants
//! - I1: `total` never exceeds the capacity, and `permanent` never exceeds its limit.
//! - I2: `total` is never below the weights of what is published: reserve, then publish; unpublish, then release.
//! - I3: the bytes of an evicted entry pass to its evictor's credit without leaving `total`: nobody can snatch them.
//!
//! # Orderings
//! - `release` Release -> `reserve` Acquire, and -> `total_bytes` Acquire: whoever sees bytes released sees their
//!   entry unpublished, so that I2 holds for every observer and not just for the one who counts.

use crate::sync::{AtomicU64, Ordering};

/// The two counts of one generation.
#[derive(Debug)]
pub(super) struct Budget {
    total: Count,
    permanent: Count,
}

impl Budget {
    pub(super) fn new(capacity_bytes: u64, permanent_bytes: u64) -> Self {
        Self { total: Count::new(capacity_bytes), permanent: Count::new(permanent_bytes) }
    }

    /// Bytes reserved, published or not.
    pub(super) fn total_bytes(&self) -> u64 {
        self.total.get()
    }

    /// Bytes reserved by the permanent tier.
    pub(super) fn permanent_bytes(&self) -> u64 {
        self.permanent.get()
    }

    /// Whether `bytes` could be held beside the permanent entries, were every variable one evicted.
    pub(super) fn fits_beside_permanents(&self, bytes: u64) -> bool {
        bytes <= self.total.limit.saturating_sub(self.permanent.get())
    }

    /// Whether the permanent tier has room for `bytes`, for now.
    pub(super) fn permanent_has_room(&self, bytes: u64) -> bool {
        bytes <= self.permanent.limit.saturating_sub(self.permanent.get())
    }

    /// Sets `bytes` of the permanent tier's share aside; they are taken from the total by a [`Credit`].
    pub(super) fn share(&self, bytes: u64) -> Option<Share<'_>> {
        self.permanent.reserve(bytes).then(|| Share { budget: self, bytes })
    }

    /// A credit of nothing.
    pub(super) fn credit(&self) -> Credit<'_> {
        Credit { budget: self, bytes: 0 }
    }
}

/// Bytes that are reserved and in one thread's hand; what is left is released with it.
#[derive(Debug)]
pub(super) struct Credit<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Credit<'_> {
    /// Bytes in hand.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Reserves `bytes` more, or none.
    pub(super) fn try_add(&mut self, bytes: u64) -> bool {
        let reserved = self.budget.total.reserve(bytes);
        if reserved {
            self.bytes += bytes;
        }
        reserved
    }

    /// Has at least `bytes` in hand, with more reserved where they are free; else it stays as it was.
    pub(super) fn reach(&mut self, bytes: u64) -> bool {
        self.bytes >= bytes || self.try_add(bytes - self.bytes)
    }

    /// Takes over the bytes of an entry that this thread has just unpublished (I3).
    pub(super) fn take_over(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    /// Hands `bytes` to an entry that has just been published.
    pub(super) fn spend(&mut self, bytes: u64) {
        debug_assert!(bytes <= self.bytes, "I2: what is published was reserved");
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Gives all of it back.
    pub(super) fn release(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes > 0 {
            self.budget.total.release(bytes);
        }
    }
}

impl Drop for Credit<'_> {
    fn drop(&mut self) {
        self.release();
    }
}

/// Bytes of the permanent tier's part that are set aside; given back unless they are kept.
#[derive(Debug)]
pub(super) struct Share<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Share<'_> {
    /// Hands the share to an entry that has just been published.
    pub(super) fn keep(mut self) {
        self.bytes = 0;
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.permanent.release(self.bytes);
        }
    }
}

/// A count with a limit, on cache lines of its own: every miss writes it, beside what every hit reads.
#[derive(Debug)]
#[repr(align(128))]
struct Count {
    bytes: AtomicU64,
    limit: u64,
}

impl Count {
    fn new(limit: u64) -> Self {
        Self { bytes: AtomicU64::new(0), limit }
    }

    fn get(&self) -> u64 {
        // ORDERING: Acquire, pairs with the Release in `release` (I2).
        self.bytes.load(Ordering::Acquire)
    }

    fn reserve(&self, bytes: u64) -> bool {
        // ORDERING: Relaxed: only a first guess, the exchange below decides.
        let mut current = self.bytes.load(Ordering::Relaxed);
        loop {
            let Some(next) = current.checked_add(bytes).filter(|&next| next <= self.limit) else {
                return false;
            };
            // ORDERING: Acquire on success, pairs with the Release in `release`: who publishes into these bytes
            // has seen what held them unpublished (I2). Relaxed on failure: another guess.
            match self.bytes.compare_exchange_weak(current, next, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(seen) => current = seen,
            }
        }
    }

    fn release(&self, bytes: u64) {
        // ORDERING: Release, pairs with the Acquire in `get` and `reserve`: the unpublishing comes before (I2).
        let before = self.bytes.fetch_sub(bytes, Ordering::Release);
        debug_assert!(before >= bytes, "I2: nothing is released twice");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_beyond_the_capacity_takes_nothing() {
        let budget = Budget::new(100, 50);
        let mut credit = budget.credit();
        assert!(credit.try_add(60));
        assert!(!credit.try_add(41));
        assert_eq!(budget.total_bytes(), 60);
        assert!(budget.share(51).is_none());
        assert!(!budget.credit().try_add(u64::MAX));
    }

    #[test]
    fn what_a_credit_did_not_spend_is_released() {
        let budget = Budget::new(100, 50);
        let mut credit = budget.credit();
        assert!(credit.try_add(60));
        credit.spend(20);
        credit.take_over(5);
        drop(credit);
        assert_eq!(budget.total_bytes(), 15);
    }

    #[test]
    fn a_share_that_was_not_kept_is_given_back() {
        let budget = Budget::new(100, 50);
        drop(budget.share(50));
        budget.share(30).expect("there is room").keep();
        assert_eq!(budget.permanent_bytes(), 30);
    }
}
