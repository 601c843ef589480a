//! What one thread has in hand while it changes tiers: its pin, bytes, counts, and what it evicted.

use crate::sync::Pin;

use super::budget::{Budget, Credit};
use super::entry::{Lent, RetiredEntry};
use super::stats::Tally;

/// One change in the making.
#[derive(Debug)]
pub(super) struct Change<'a, K, V> {
    pin: &'a Pin,
    pub(super) tally: &'a Tally,
    /// What is left of it is released with the change.
    pub(super) credit: Credit<'a>,
    /// The first victim; most are alone, and need no allocation.
    first: Option<Lent<'a, K, V>>,
    others: Vec<Lent<'a, K, V>>,
    /// How many of the victims have been retired.
    retired: usize,
}

impl<'a, K, V> Change<'a, K, V> {
    pub(super) fn new(pin: &'a Pin, tally: &'a Tally, budget: &'a Budget) -> Self {
        Self { pin, tally, credit: budget.credit(), first: None, others: Vec::new(), retired: 0 }
    }

    /// Notes a victim, which this thread has just unpublished; it has to be retired yet.
    pub(super) fn evicted(&mut self, victim: Lent<'a, K, V>) {
        if self.first.is_none() {
            self.first = Some(victim);
        } else {
            self.others.push(victim);
        }
        Tally::count(&self.tally.evictions);
    }

    /// Tells of what was evicted. Last of all, because a subscriber is foreign code.
    pub(super) fn tell(&self) {
        // Still alive: they were retired under this thread's own pin.
        let tell = |victim: Lent<'a, K, V>| {
            tracing::debug!(bytes = victim.get().weight_bytes, "eviction");
        };
        // One by one and not as a chain, which takes more steps than the victim that there mostly is.
        if let Some(first) = self.first {
            tell(first);
            self.others.iter().for_each(|&victim| tell(victim));
        }
    }
}

impl<'a, K: Send + Sync + 'static, V: Send + Sync + 'static> Change<'a, K, V> {
    /// Retires the victims noted since it was last called.
    pub(super) fn retire_evicted(&mut self) {
        let Some(first) = self.first else { return };
        let done = std::mem::replace(&mut self.retired, 1 + self.others.len());
        if done == 0 {
            self.retire(first);
        }
        self.others[done.saturating_sub(1)..].iter().for_each(|&victim| self.retire(victim));
    }

    /// Retires an entry that this thread has just unpublished.
    pub(super) fn retire(&self, entry: Lent<'a, K, V>) {
        // SAFETY: this thread has cleared the one slot that named the entry, and at most one thread does so, because
        // slots change at a desk; so whoever pins from now on cannot reach it, and it is retired once.
        unsafe { self.pin.retire(RetiredEntry::new(entry)) };
    }
}
