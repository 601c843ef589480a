//! The best trials by what ranks, as many as are wanted.

#![forbid(unsafe_code)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::error::Error;
use crate::sweep::metrics::{Metric, Metrics};
use crate::sweep::results::bytes::{Reader, Writer};

/// Numbers of a row.
const VALUES: usize = Metric::ALL.len();

/// A trial's rank: what it is ranked by, as a number of which more is better, and the index of its point.
type Rank = (u64, usize);

/// Whether one trial ranks before another: equals rank in grid order.
pub(super) fn is_before(one: Rank, other: Rank) -> bool {
    (one.0, Reverse(one.1)) > (other.0, Reverse(other.1))
}

/// The best of the trials that it was offered.
#[derive(Clone, Debug)]
pub(super) struct Best {
    most: usize,
    /// The worst on top: its key, its point, and where its row is.
    heap: BinaryHeap<(Reverse<u64>, usize, usize)>,
    rows: Vec<[f64; VALUES]>,
}

impl Best {
    pub(super) const ENTRY_BYTES: usize = size_of::<(Reverse<u64>, usize, usize)>() + VALUES * 8;

    pub(super) fn new(most: usize) -> Self {
        Self { most, heap: BinaryHeap::new(), rows: Vec::new() }
    }

    /// Keeps a trial where it is among the best so far.
    pub(super) fn offer(&mut self, key: u64, point: usize, row: impl FnOnce() -> [f64; VALUES]) {
        if self.heap.len() < self.most {
            self.heap.push((Reverse(key), point, self.rows.len()));
            self.rows.push(row());
        } else if let Some(mut worst) = self.heap.peek_mut()
            && is_before((key, point), (worst.0.0, worst.1))
        {
            let at = worst.2;
            *worst = (Reverse(key), point, at);
            self.rows[at] = row();
        }
    }

    /// The worst that is kept, where there is no room for more.
    pub(super) fn worst(&self) -> Option<Rank> {
        if self.most == 0 {
            return Some((u64::MAX, 0));
        }
        self.heap.peek().filter(|_| self.heap.len() == self.most).map(|(key, point, _)| (key.0, *point))
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (key, point, at) in other.heap {
            self.offer(key.0, point, || other.rows[at]);
        }
    }

    pub(super) fn in_order(&self) -> Vec<(usize, Metrics)> {
        let metrics = |at: usize| Metrics::of_values(|metric| self.rows[at][metric as usize]);
        self.sorted().into_iter().map(|(_, point, at)| (point, metrics(at))).collect()
    }

    fn sorted(&self) -> Vec<(Reverse<u64>, usize, usize)> {
        let mut entries: Vec<_> = self.heap.iter().copied().collect();
        entries.sort_unstable_by_key(|(_, point, _)| *point);
        entries
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.len(self.heap.len());
        for (key, point, at) in self.sorted() {
            out.number(key.0);
            out.len(point);
            self.rows[at].iter().for_each(|value| out.float(*value));
        }
    }

    pub(super) fn read(&mut self, bytes: &mut Reader<'_>) -> Result<(), Error> {
        for _ in 0..bytes.len(8 * (2 + VALUES))? {
            let (key, point) = (bytes.number()?, bytes.index()?);
            let row = bytes.floats()?;
            self.offer(key, point, || row);
        }
        Ok(())
    }
}
