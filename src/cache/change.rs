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

    fn victims(&self) -> impl Iterator<Item = Lent<'a, K, V>> {
        self.first.into_iter().chain(self.others.iter().copied())
    }

    /// Tells of what was evicted. Last of all, because a subscriber is foreign code.
    pub(super) fn tell(&self) {
        for victim in self.victims() {
            // Still alive: it was retired under this thread's own pin.
            tracing::debug!(bytes = victim.get().weight_bytes, "eviction");
        }
    }
}

impl<'a, K: Send + Sync + 'static, V: Send + Sync + 'static> Change<'a, K, V> {
    /// Retires the victims noted since it was last called.
    pub(super) fn retire_evicted(&mut self) {
        let done =
            std::mem::replace(&mut self.retired, usize::from(self.first.is_some()) + self.others.len());
        self.victims().skip(done).for_each(|victim| self.retire(victim));
    }

    /// Retires an entry that this thread has just unpublished.
    pub(super) fn retire(&self, entry: Lent<'a, K, V>) {
        // SAFETY: this thread has cleared the one slot that named the entry, and at most one thread does so, because
        // slots change at a desk; so whoever pins from now on cannot reach it, and it is retired once.
        unsafe { self.pin.retire(RetiredEntry::new(entry)) };
    }
}
