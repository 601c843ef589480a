//! What a cache with room for all is, to whoever looks at it from outside: a map whose first value stays until removed.

use std::collections::BTreeMap;

use stateright::semantics::SequentialSpec;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Op {
    /// Of a key, by a load that would make this value.
    Load {
        key: u64,
        own: u64,
    },
    Remove(u64),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    Got(u64),
    /// The load failed, or the leader came to grief.
    Failed,
    Removed(bool),
}

#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Map(BTreeMap<u64, u64>);

impl SequentialSpec for Map {
    type Op = Op;
    type Ret = Answer;

    /// Asked of requests that are not answered yet, and may have had their effect.
    fn invoke(&mut self, op: &Op) -> Answer {
        match *op {
            Op::Load { key, own } => Answer::Got(*self.0.entry(key).or_insert(own)),
            Op::Remove(key) => Answer::Removed(self.0.remove(&key).is_some()),
        }
    }

    fn is_valid_step(&mut self, op: &Op, answer: &Answer) -> bool {
        match (op, answer) {
            (Op::Load { key, own }, Answer::Got(id)) => self.0.entry(*key).or_insert(*own) == id,
            (Op::Load { key, .. }, Answer::Failed) => !self.0.contains_key(key),
            (Op::Remove(key), Answer::Removed(was_there)) => self.0.remove(key).is_some() == *was_there,
            _ => false,
        }
    }
}
