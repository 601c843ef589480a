//! What is one value at all bars: worked out of numbers and parameters alone.

#![forbid(unsafe_code)]

use super::Graph;
use super::node::{Node, NodeId, Op, finite};
use crate::rule::bits::Bits;
use crate::rule::function::{Function, Inputs, Kernel};

/// A value that is the same at all bars.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::rule) enum Scalar {
    Number(f64),
    Truth(Option<bool>),
}

impl Scalar {
    pub(in crate::rule) fn number(self) -> f64 {
        match self {
            Self::Number(number) => number,
            Self::Truth(_) => f64::NAN,
        }
    }

    fn truth(self) -> Option<bool> {
        match self {
            Self::Number(_) => None,
            Self::Truth(truth) => truth,
        }
    }
}

impl Graph {
    /// The number that a constant node is; NaN where it is undefined, and where the node is no constant number.
    ///
    /// # Panics
    /// Where a parameter that it depends on has no value.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// graph.declare("n")?;
    /// let double = graph.number(&Rule::parse("2 * n")?)?;
    /// assert_eq!(graph.constant_number(double, &[10.0]), 20.0);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn constant_number(&self, id: NodeId, values: &[f64]) -> f64 {
        if self.node(id).is_constant { self.scalar(id, values).number() } else { f64::NAN }
    }

    /// What a constant node is.
    pub(in crate::rule) fn scalar(&self, id: NodeId, values: &[f64]) -> Scalar {
        if let Some(leaf) = leaf(self.node(id), values) {
            return leaf;
        }
        let below = self.below(id);
        let mut scalars = Vec::<Scalar>::with_capacity(below.len());
        for at in &below {
            let node = self.node(*at);
            let of = |place: usize| {
                let child = below.binary_search(&node.children[place]);
                scalars[child.expect("what a node is made of is below it")]
            };
            let scalar = leaf(node, values).unwrap_or_else(|| combine(node, &of));
            scalars.push(scalar);
        }
        scalars.pop().expect("a node is below itself")
    }
}

fn leaf(node: &Node, values: &[f64]) -> Option<Scalar> {
    match node.op {
        Op::Number(bits) => Some(Scalar::Number(f64::from_bits(bits))),
        Op::Parameter(position) => {
            Some(Scalar::Number(*values.get(position).expect("every parameter has a value")))
        }
        _ => None,
    }
}

pub(super) fn combine(node: &Node, of: &dyn Fn(usize) -> Scalar) -> Scalar {
    let number = |place: usize| of(place).number();
    let truth = |place: usize| of(place).truth();
    match node.op {
        Op::Negate => Scalar::Number(-number(0)),
        Op::Arithmetic(arithmetic) => Scalar::Number(arithmetic.of(number(0), number(1))),
        Op::Compare(side, precision) => Scalar::Truth(side.holds(number(0), number(1), precision)),
        Op::Not => Scalar::Truth(truth(0).map(|truth| !truth)),
        Op::And => Scalar::Truth(match (truth(0), truth(1)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }),
        Op::Or => Scalar::Truth(match (truth(0), truth(1)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        }),
        Op::If => match truth(0) {
            Some(truth) => of(if truth { 1 } else { 2 }),
            None if matches!(of(1), Scalar::Number(_)) => Scalar::Number(f64::NAN),
            None => Scalar::Truth(None),
        },
        Op::Call(called) => {
            let numbers: Vec<f64> = (0..node.children.len()).map(number).collect();
            call(called.0, &numbers)
        }
        // Nothing else is constant.
        Op::Number(_)
        | Op::Parameter(_)
        | Op::Choice(_)
        | Op::Field(_)
        | Op::BarIndex
        | Op::Month
        | Op::DayOfWeek
        | Op::Rise
        | Op::Past => Scalar::Truth(None),
    }
}

/// Calls a function that looks at one value of each argument, for one value of each.
fn call(function: &Function, numbers: &[f64]) -> Scalar {
    let columns: Vec<&[f64]> = numbers.iter().map(std::slice::from_ref).collect();
    let inputs = Inputs { bars: 1, columns: &columns, truths: &[], counts: &[], numbers: &[] };
    match function.kernel {
        Kernel::Numbers(compute) => {
            let mut value = Vec::with_capacity(1);
            compute(&inputs, &mut value);
            Scalar::Number(value.first().copied().map_or(f64::NAN, finite))
        }
        Kernel::Truth(compute) => {
            let mut truth = Bits::default();
            compute(&inputs, &mut truth);
            Scalar::Truth(truth.get(0))
        }
    }
}
