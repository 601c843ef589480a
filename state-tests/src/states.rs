//! Every state of a scenario, by stateright.
//!
//! The real objects cannot be copied, so a state is the steps that lead to it, taken anew whenever it is looked at; two
//! states are one where everything is the same that the future depends on.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::FixedState;
use stateright::semantics::{ConsistencyTester, LinearizabilityTester};
use stateright::{Checker, Model, Property};

use crate::cache::world::{Facts, Scenario, facts_after};
use crate::spec::Map;

type History = LinearizabilityTester<usize, Map>;

#[derive(Clone, Debug)]
pub struct State {
    steps: Vec<u8>,
    facts: Facts,
    /// What was asked and answered; none where the scenario is not held against a map.
    history: Option<History>,
    /// Of everything that the future depends on.
    digest: [u64; 2],
}

impl State {
    fn new(scenario: &Scenario, steps: Vec<u8>, mut history: Option<History>) -> Self {
        let mut facts = facts_after(scenario, &steps);
        if let (Some(history), Some(&thread)) = (&mut history, steps.last()) {
            let thread = usize::from(thread);
            // A removal that looks again has begun before.
            if let (Some(op), false) = (facts.begun.take(), is_under_way(history, thread)) {
                history.on_invoke(thread, op).expect("a thread asks one thing at a time");
            }
            if let Some(answer) = facts.answered.take() {
                history.on_return(thread, answer).expect("a thread is answered what it asked");
            }
        }
        let state = std::mem::take(&mut facts.state);
        let digest = [1, 2].map(|seed| FixedState::with_seed(seed).hash_one((&state, &history)));
        Self { steps, facts, history, digest }
    }
}

/// Whether a thread has asked and was not answered.
fn is_under_way(history: &History, thread: usize) -> bool {
    history.clone().on_invoke(thread, crate::spec::Op::Remove(0)).is_err()
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

impl Model for Scenario {
    type State = State;
    /// The thread that takes a step.
    type Action = usize;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self, Vec::new(), self.is_roomy.then(|| History::new(Map::default())))]
    }

    fn actions(&self, state: &State, actions: &mut Vec<usize>) {
        actions.extend(&state.facts.ready);
    }

    fn next_state(&self, last: &State, thread: usize) -> Option<State> {
        let mut steps = last.steps.clone();
        steps.push(u8::try_from(thread).expect("few threads"));
        Some(State::new(self, steps, last.history.clone()))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("bounds hold, one flight and one entry a key", |_, state: &State| {
                state.facts.broken.is_none()
            }),
            Property::always("what is answered is what a map answers", |_, state: &State| {
                // A history that grew by no answer was looked at before.
                state.history.as_ref().is_none_or(ConsistencyTester::is_consistent)
            }),
            Property::eventually("everybody is answered", |_, state: &State| state.facts.is_over),
        ]
    }
}

/// Looks at every state, asserts every property, and says how many states there are.
pub fn check(scenario: Scenario) -> usize {
    let checker = scenario.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    checker.unique_state_count()
}
