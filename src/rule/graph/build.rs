//! New nodes: one for each distinct operation on the same children, in the form that equal ones share.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;

use super::node::{Arithmetic, Node, NodeId, Op};
use super::{Graph, scalar};
use crate::rule::degree::{Degree, Type};

impl Op {
    /// Whether its two children may change places.
    pub(super) fn is_commutative(self) -> bool {
        matches!(self, Self::Arithmetic(Arithmetic::Add | Arithmetic::Multiply) | Self::And | Self::Or)
    }

    /// Whether it is a value of its own, made of nothing.
    fn is_leaf(self) -> bool {
        matches!(
            self,
            Self::Number(_)
                | Self::Parameter(_)
                | Self::Field(_)
                | Self::BarIndex
                | Self::Month
                | Self::DayOfWeek
        )
    }
}

impl Graph {
    /// A number: 0 and NaN fit every degree.
    pub(super) fn literal(&mut self, number: f64) -> NodeId {
        // One NaN, and one 0: -0 compares and adds as 0 does, but divides to the other infinity, which is undefined too.
        let number = if number.is_nan() { f64::NAN } else { number + 0.0 };
        self.constant(Op::Number(number.to_bits()))
    }

    /// A number or a parameter.
    pub(super) fn constant(&mut self, op: Op) -> NodeId {
        let degree = match op {
            Op::Number(bits) if fits_all(f64::from_bits(bits)) => Degree::Any,
            _ => Degree::Plain,
        };
        self.leaf(op, degree)
    }

    pub(super) fn leaf(&mut self, op: Op, degree: Degree) -> NodeId {
        self.push(op, Vec::new(), Type::Number(degree))
    }

    pub(super) fn negated(&mut self, a: NodeId) -> NodeId {
        self.push(Op::Negate, vec![a], self.node(a).kind)
    }

    pub(super) fn not(&mut self, a: NodeId) -> NodeId {
        match self.node(a) {
            Node { op: Op::Not, children, .. } => children[0],
            _ => self.push(Op::Not, vec![a], Type::Truth),
        }
    }

    pub(super) fn or(&mut self, a: NodeId, b: NodeId) -> NodeId {
        if a == b { a } else { self.push(Op::Or, vec![a, b], Type::Truth) }
    }

    /// `a and b`; where the one is `not x[1]` of the other, the bars at which that becomes true.
    pub(super) fn and(&mut self, a: NodeId, b: NodeId) -> NodeId {
        if a == b {
            return a;
        }
        for (now, other) in [(a, b), (b, a)] {
            if self.was(other) == Some(now) {
                return self.push(Op::Rise, vec![now], Type::Truth);
            }
        }
        self.push(Op::And, vec![a, b], Type::Truth)
    }

    /// The x of `not x[1]`.
    fn was(&self, id: NodeId) -> Option<NodeId> {
        let Node { op: Op::Not, children, .. } = self.node(id) else { return None };
        let Node { op: Op::Past, children, .. } = self.node(children[0]) else { return None };
        let one = Op::Number(1.0_f64.to_bits());
        (self.node(children[1]).op == one).then(|| children[0])
    }

    /// The node of an operation: the one that exists, the number that it is, or a new one.
    pub(super) fn push(&mut self, op: Op, children: Vec<NodeId>, kind: Type) -> NodeId {
        let mut children = children;
        if op.is_commutative() {
            children.sort_unstable();
        }
        let children = children.into_boxed_slice();
        if let Some(known) = self.known.get(&(op, children.clone())) {
            return *known;
        }
        let node = self.describe(op, children.clone(), kind);
        if let Some(number) = self.folded(&node) {
            return self.literal(number);
        }
        let id = NodeId(u32::try_from(self.nodes.len()).expect("rules are short"));
        self.nodes.push(node);
        self.known.insert((op, children), id);
        id
    }

    fn describe(&self, op: Op, children: Box<[NodeId]>, kind: Type) -> Node {
        let mut parameters = BTreeSet::new();
        if let Op::Parameter(position) | Op::Choice(position) = op {
            parameters.insert(position);
        }
        let mut reads = BTreeSet::new();
        for child in &children {
            let node = self.node(*child);
            parameters.extend(node.parameters.iter().copied());
            if node.is_free() {
                reads.extend(node.reads.iter().copied());
            } else if !node.is_constant {
                reads.insert(*child);
            }
        }
        let is_constant = match op {
            Op::Number(_) | Op::Parameter(_) => true,
            Op::Field(_) | Op::BarIndex | Op::Month | Op::DayOfWeek | Op::Choice(_) | Op::Past | Op::Rise => {
                false
            }
            Op::Call(called) => {
                called.0.looks_at_one_bar() && children.iter().all(|child| self.node(*child).is_constant)
            }
            _ => children.iter().all(|child| self.node(*child).is_constant),
        };
        let parameters = parameters.into_iter().collect();
        Node { op, children, kind, is_constant, parameters, reads: reads.into_iter().collect() }
    }

    /// The number that a node is, where it is made of numbers alone.
    fn folded(&self, node: &Node) -> Option<f64> {
        let is_number = matches!(node.kind, Type::Number(_));
        let is_known = |child: &NodeId| matches!(self.node(*child).op, Op::Number(_));
        if !is_number || node.op.is_leaf() || !node.is_constant || !node.children.iter().all(is_known) {
            return None;
        }
        Some(scalar::combine(node, &|place| self.scalar(node.children[place], &[])).number())
    }
}

/// 0 is so many of whatever is counted, and NaN is none.
fn fits_all(number: f64) -> bool {
    number.is_nan() || number.abs().to_bits() == 0
}
