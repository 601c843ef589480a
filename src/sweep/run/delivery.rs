//! From workers that finish in any order to a sink that takes slabs in theirs.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::sweep::results::{Sink, Slab};

/// Hands slabs over in order. One that comes early waits here: since workers begin them in order, there are no more of
/// those than workers, but for one that takes far longer than the others.
pub(super) struct Delivery<'a>(Mutex<Queue<'a>>);

struct Queue<'a> {
    sink: &'a mut dyn Sink,
    next: usize,
    early: BTreeMap<usize, Slab>,
    failure: Option<Error>,
}

impl<'a> Delivery<'a> {
    /// The first slab that is handed on has a place of its own.
    pub(super) fn new(sink: &'a mut dyn Sink, next: usize) -> Self {
        Self(Mutex::new(Queue { sink, next, early: BTreeMap::new(), failure: None }))
    }

    /// Hands a slab over, and whatever waited for it; false where the sink has failed.
    pub(super) fn hand_over(&self, place: usize, slab: Slab) -> bool {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = &mut *queue;
        queue.early.insert(place, slab);
        while queue.failure.is_none()
            && let Some(slab) = queue.early.remove(&queue.next)
        {
            queue.next += 1;
            queue.failure = queue.sink.take(slab).err();
        }
        queue.failure.is_none()
    }

    /// Why the sink failed, where it did.
    pub(super) fn end(self) -> Result<(), Error> {
        let queue = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        queue.failure.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps the rows of what it takes, and fails at a certain slab.
    struct Rows(Vec<usize>, usize);

    impl Sink for Rows {
        fn take(&mut self, slab: Slab) -> Result<(), Error> {
            if self.0.len() == self.1 {
                return Err(Error::load("the disk is full"));
            }
            self.0.push(slab.rows());
            Ok(())
        }
    }

    /// A slab that tells its place by its rows.
    fn slab(place: usize) -> Slab {
        let mut slab = Slab::new(place + 1);
        slab.end(place);
        slab
    }

    #[test]
    fn slabs_are_taken_in_order_whenever_they_come() {
        let mut sink = Rows(Vec::new(), usize::MAX);
        let delivery = Delivery::new(&mut sink, 0);
        assert!([2, 0, 1, 5, 4, 3].into_iter().all(|place| delivery.hand_over(place, slab(place))));
        assert!(delivery.end().is_ok());
        assert_eq!(sink.0, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_sink_that_fails_is_given_nothing_more() {
        let mut sink = Rows(Vec::new(), 1);
        let delivery = Delivery::new(&mut sink, 0);
        assert!(delivery.hand_over(1, slab(1)), "it waits for the first");
        assert!(!delivery.hand_over(0, slab(0)) && !delivery.hand_over(2, slab(2)));
        assert_eq!(delivery.end().unwrap_err().to_string(), "the disk is full");
        assert_eq!(sink.0, [0]);
    }
}
