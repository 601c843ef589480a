//! Formulas: expressions of the language of rules over numbers that have names, such as the parameters of a point or the
//! metrics of a trial, in place of the columns of an asset.
//!
//! The words, the precedence and what undefined means are those of rules, and the text is read by the same parser. There
//! are no bars here: what looks back is refused. Parameters and numbers that were written are exact, and so is what
//! `+ - * / %`, comparisons, `abs`, `min`, `max`, `clamp`, `sign` and `nz` make of them: `3 * 0.1 == 0.3` is true.

#![forbid(unsafe_code)]

mod fraction;
mod read;
mod value;

pub(crate) use fraction::Fraction;
pub(crate) use read::Names;
pub(crate) use value::Value;

use super::graph::Called;
pub(crate) use super::tree::Binary;

/// An expression over named numbers, ready to be worked out: what is done to a stack of values, step by step.
///
/// Operands come right before what is made of them, so that each part of a formula is a run of its steps.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Formula {
    text: String,
    steps: Vec<Step>,
}

/// What a step does with the values on the stack.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Step {
    /// Adds a value that is known.
    Known(Value),
    /// Adds the number of this name, by the name's place.
    Read(usize),
    /// Takes as many values as it has operands, and adds what it makes of them.
    Apply(Operator),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Operator {
    Negate,
    Not,
    Binary(Binary),
    /// The second where the first is true, the third where it is false; else this.
    Choice(Value),
    Call(Called),
}

impl Operator {
    pub(crate) fn operands(self) -> usize {
        match self {
            Self::Negate | Self::Not => 1,
            Self::Binary(_) => 2,
            Self::Choice(_) => 3,
            Self::Call(called) => called.0.arguments.len(),
        }
    }

    #[inline]
    fn apply(self, operands: &[Value]) -> Value {
        match (self, operands) {
            (Self::Negate, [one]) => one.negated(),
            (Self::Not, [one]) => one.not(),
            (Self::Binary(binary), [a, b]) => a.combined(binary, *b),
            (Self::Choice(undefined), [condition, yes, no]) => match condition.truth() {
                Some(true) => *yes,
                Some(false) => *no,
                None => undefined,
            },
            (Self::Call(called), arguments) => Value::called(called.0, arguments),
            _ => unreachable!("as many values are taken as there are operands"),
        }
    }
}

impl Formula {
    /// It, as it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The places of the names that it reads, each once, ascending.
    pub(crate) fn reads(&self) -> Vec<usize> {
        let reads = self.steps.iter().filter_map(|step| match step {
            Step::Read(place) => Some(*place),
            _ => None,
        });
        let mut reads: Vec<usize> = reads.collect();
        reads.sort_unstable();
        reads.dedup();
        reads
    }

    /// What it is, for the value of each name.
    #[cfg(test)]
    pub(crate) fn value(&self, read: impl Fn(usize) -> Value) -> Value {
        run(&self.steps, read, &mut Vec::new())
    }
}

/// Works out steps; the stack is room that is lent.
#[inline]
pub(crate) fn run(steps: &[Step], read: impl Fn(usize) -> Value, stack: &mut Vec<Value>) -> Value {
    stack.clear();
    for step in steps {
        let value = match *step {
            Step::Known(value) => value,
            Step::Read(place) => read(place),
            Step::Apply(operator) => {
                let first = stack.len() - operator.operands();
                let value = operator.apply(&stack[first..]);
                stack.truncate(first);
                value
            }
        };
        stack.push(value);
    }
    stack.pop().unwrap_or(Value::UNDEFINED)
}

/// Works out what can be of steps, where some names have a value already.
pub(crate) fn fold(steps: &[Step], read: impl Fn(usize) -> Option<Value>, folded: &mut Vec<Step>) {
    folded.clear();
    let (mut are_known, mut operands) = (Vec::with_capacity(8), Vec::new());
    for step in steps {
        let mut step = *step;
        match step {
            Step::Read(place) => {
                if let Some(value) = read(place) {
                    step = Step::Known(value);
                }
            }
            Step::Apply(operator) => {
                let first = are_known.len() - operator.operands();
                let is_known = are_known[first..].iter().all(|one| *one);
                are_known.truncate(first);
                if is_known {
                    // What is known is one step each.
                    let known = folded.drain(folded.len() - operator.operands()..);
                    operands.clear();
                    operands.extend(known.filter_map(|step| match step {
                        Step::Known(value) => Some(value),
                        _ => None,
                    }));
                    step = Step::Known(operator.apply(&operands));
                }
            }
            Step::Known(_) => {}
        }
        are_known.push(matches!(step, Step::Known(_)));
        folded.push(step);
    }
}
