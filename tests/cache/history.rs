//! Recorded calls of one key, and the search for an order that explains them.
//!
//! Source: J. Wing and C. Gong, Testing and verifying concurrent objects, 1993; with the memory of configurations seen
//! that G. Lowe added (Testing for linearizability, 2017).
//!
//! The object is a cell that is empty or holds the value that won. An eviction is a call that nobody made: where it is
//! allowed, a cell empties at any time.

use std::collections::HashSet;

/// One call: when it began, when it was answered, and what was seen of it.
#[derive(Clone, Debug)]
pub struct Call {
    pub invoked: u64,
    pub returned: u64,
    pub seen: Seen,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// `get`.
    Got(Option<u64>),
    /// `get_or_load`: what its own loader gave, if that ran, and what it was answered.
    Loaded { ran: Option<u64>, got: u64 },
    /// `get_or_load` that ended with this error: its own loader's, or that of one it waited for.
    Failed { ran: bool, error: u64 },
    /// `put`.
    Put { offered: u64, got: u64 },
}

impl Seen {
    /// The value that the call brought along.
    fn brought(&self) -> Option<u64> {
        match *self {
            Self::Loaded { ran, .. } => ran,
            Self::Put { offered, .. } => Some(offered),
            Self::Got(_) | Self::Failed { .. } => None,
        }
    }

    /// What the call was answered without having brought it.
    fn found(&self) -> Option<u64> {
        match *self {
            Self::Got(got) => got,
            Self::Loaded { ran: None, got } => Some(got),
            Self::Put { offered, got } if got != offered => Some(got),
            _ => None,
        }
    }
}

/// What may happen in a run.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Entries may go at any time.
    pub evicts: bool,
    /// A call that asks for a permanent entry may put back what it found, if it was evicted meanwhile.
    pub promotes: bool,
}

struct Search<'a> {
    calls: &'a [Call],
    /// For each call, whether it may have been handed its value by another one that was under way.
    may_join: Vec<bool>,
    rules: Rules,
    seen: HashSet<(Vec<u64>, Option<u64>)>,
}

fn overlap(one: &Call, other: &Call) -> bool {
    one.invoked < other.returned && other.invoked < one.returned
}

/// Whether the calls of one key have an explanation.
pub fn is_linearizable(calls: &[Call], rules: Rules) -> bool {
    let others = |at: usize| calls.iter().enumerate().filter(move |other| other.0 != at).map(|other| other.1);
    // An error comes from the call's own loader, or from one that it overlapped.
    let explained = calls.iter().enumerate().all(|(at, call)| match call.seen {
        Seen::Failed { ran: false, error } => {
            others(at).any(|other| other.seen == (Seen::Failed { ran: true, error }) && overlap(call, other))
        }
        _ => true,
    });
    // A failed call neither needs a state nor leaves one.
    let mut calls: Vec<_> =
        calls.iter().filter(|call| !matches!(call.seen, Seen::Failed { .. })).cloned().collect();
    calls.sort_by_key(|call| call.invoked);
    let may_join = |(at, call): (usize, &Call)| {
        let leads = |other: &Call| match other.seen {
            // The flight of a promotion can be joined too.
            Seen::Loaded { ran: None, got } => rules.promotes && Some(got) == call.seen.found(),
            ref seen => seen.brought().is_some() && seen.brought() == call.seen.found(),
        };
        let mut others = calls.iter().enumerate().filter(|&(other, _)| other != at);
        others.any(|(_, other)| leads(other) && overlap(call, other))
    };
    let may_join = calls.iter().enumerate().map(may_join).collect();
    let done = vec![0; calls.len().div_ceil(64)];
    let mut search = Search { calls: &calls, may_join, rules, seen: HashSet::new() };
    explained && search.finish(done, None)
}

impl Search<'_> {
    /// Whether the calls that are not done yet can follow on this state.
    fn finish(&mut self, done: Vec<u64>, state: Option<u64>) -> bool {
        if !self.seen.insert((done.clone(), state)) {
            return false;
        }
        let is_open = |at: &usize| done[at / 64] & (1 << (at % 64)) == 0;
        let Some(first_return) =
            (0..self.calls.len()).filter(is_open).map(|at| self.calls[at].returned).min()
        else {
            return true;
        };
        // Whatever was answered before another call began comes before it.
        let next: Vec<_> = (0..self.calls.len())
            .take_while(|&at| self.calls[at].invoked < first_return)
            .filter(is_open)
            .collect();
        for at in next {
            for after in self.follow(at, state) {
                let mut done = done.clone();
                done[at / 64] |= 1 << (at % 64);
                if self.finish(done, after) {
                    return true;
                }
            }
        }
        false
    }

    /// The states that a call may leave.
    fn follow(&self, at: usize, state: Option<u64>) -> Vec<Option<u64>> {
        let may_be_empty = state.is_none() || self.rules.evicts;
        let mut after = Vec::new();
        match self.calls[at].seen {
            Seen::Got(None) => after.extend(may_be_empty.then_some(None)),
            Seen::Got(got) => after.extend((got == state).then_some(state)),
            Seen::Loaded { ran: Some(ran), got } | Seen::Put { offered: ran, got } if ran == got => {
                // It won, and may have been evicted or never been held since.
                after.extend(may_be_empty.then_some(Some(got)));
            }
            // Its loader ran, so nobody else's value was there.
            Seen::Loaded { ran: Some(_), .. } => {}
            Seen::Loaded { ran: None, got } | Seen::Put { got, .. } => {
                let is_joined = self.rules.evicts && self.may_join[at];
                after.extend((state == Some(got) || is_joined).then_some(state));
                let was_there = || {
                    let before = |call: &&Call| call.invoked < self.calls[at].returned;
                    self.calls.iter().filter(before).any(|call| call.seen.brought() == Some(got))
                };
                if self.rules.promotes && may_be_empty && was_there() {
                    after.push(Some(got));
                }
            }
            Seen::Failed { .. } => after.push(state),
        }
        after
    }
}

mod tests {
    use super::*;

    const KEEPS: Rules = Rules { evicts: false, promotes: false };
    const EVICTS: Rules = Rules { evicts: true, promotes: false };
    const PROMOTES: Rules = Rules { evicts: true, promotes: true };

    fn call(invoked: u64, returned: u64, seen: Seen) -> Call {
        Call { invoked, returned, seen }
    }

    fn load(invoked: u64, returned: u64, value: u64) -> Call {
        call(invoked, returned, Seen::Loaded { ran: Some(value), got: value })
    }

    fn hit(invoked: u64, returned: u64, value: u64) -> Call {
        call(invoked, returned, Seen::Got(Some(value)))
    }

    fn miss(invoked: u64, returned: u64) -> Call {
        call(invoked, returned, Seen::Got(None))
    }

    fn answered(invoked: u64, returned: u64, value: u64) -> Call {
        call(invoked, returned, Seen::Loaded { ran: None, got: value })
    }

    fn put(invoked: u64, returned: u64, offered: u64, got: u64) -> Call {
        call(invoked, returned, Seen::Put { offered, got })
    }

    #[test]
    fn a_hit_on_what_nobody_brought_is_refused() {
        assert!(is_linearizable(&[load(0, 1, 7), hit(2, 3, 7)], KEEPS));
        assert!(!is_linearizable(&[load(0, 1, 7), hit(2, 3, 8)], PROMOTES));
        assert!(!is_linearizable(&[answered(2, 3, 8)], PROMOTES));
    }

    #[test]
    fn a_hit_before_its_load_is_refused() {
        assert!(is_linearizable(&[hit(0, 3, 7), load(1, 2, 7)], KEEPS));
        assert!(!is_linearizable(&[hit(0, 1, 7), load(2, 3, 7)], PROMOTES));
    }

    #[test]
    fn two_winners_of_one_key_are_refused_unless_the_first_was_evicted() {
        let both = [load(0, 3, 1), load(1, 4, 2)];
        assert!(!is_linearizable(&both, KEEPS));
        assert!(is_linearizable(&both, EVICTS));
        let puts = [put(0, 1, 1, 1), put(2, 3, 2, 2)];
        assert!(!is_linearizable(&puts, KEEPS));
        assert!(is_linearizable(&[put(0, 1, 1, 1), put(2, 3, 2, 1)], KEEPS));
    }

    #[test]
    fn a_value_that_comes_back_after_another_won_is_refused() {
        let stale = [load(0, 1, 1), load(2, 3, 2), hit(4, 5, 1)];
        assert!(!is_linearizable(&stale, EVICTS));
        assert!(!is_linearizable(&[load(0, 1, 1), load(2, 3, 2), hit(4, 5, 2), answered(6, 7, 1)], EVICTS));
        // Two readers that disagree about the order.
        let torn = [load(0, 9, 1), load(1, 8, 2), hit(2, 3, 1), hit(4, 5, 2), hit(6, 7, 1)];
        assert!(!is_linearizable(&torn, EVICTS));
    }

    #[test]
    fn a_miss_of_what_cannot_go_is_refused() {
        let lost = [load(0, 1, 1), miss(2, 3), hit(4, 5, 1)];
        assert!(!is_linearizable(&lost, KEEPS));
        assert!(!is_linearizable(&lost, EVICTS), "nobody brought it again");
        assert!(is_linearizable(&lost[..2], EVICTS));
    }

    #[test]
    fn a_joined_value_needs_a_load_that_overlaps() {
        // The miss between shows that the value was gone before the last call joined the load still under way.
        let joined = [load(0, 9, 1), hit(1, 2, 1), miss(3, 4), answered(5, 6, 1)];
        assert!(is_linearizable(&joined, EVICTS));
        let late = [load(0, 2, 1), miss(3, 4), answered(5, 6, 1)];
        assert!(!is_linearizable(&late, EVICTS));
        assert!(is_linearizable(&late, PROMOTES));
    }

    #[test]
    fn an_error_needs_a_load_that_failed_at_the_time() {
        let own = call(0, 3, Seen::Failed { ran: true, error: 5 });
        let waited = call(1, 2, Seen::Failed { ran: false, error: 5 });
        assert!(is_linearizable(&[own.clone(), waited.clone()], KEEPS));
        let remembered = Call { invoked: 4, returned: 5, ..waited.clone() };
        assert!(!is_linearizable(&[own, remembered], EVICTS));
        assert!(!is_linearizable(&[waited], EVICTS));
    }

    #[test]
    fn a_loader_whose_value_was_not_used_is_refused() {
        let wasted = call(2, 3, Seen::Loaded { ran: Some(2), got: 1 });
        assert!(!is_linearizable(&[load(0, 1, 1), wasted], PROMOTES));
    }
}
