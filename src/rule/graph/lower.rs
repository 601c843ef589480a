//! From a tree to nodes: names are resolved, types are checked, and what means the same becomes one node.

#![forbid(unsafe_code)]

use super::Graph;
use super::count::{Count, Limit};
use super::node::{Arithmetic, Node, NodeId, Op, Precision, Side};
use super::scope::callable;
use crate::asset::Field;
use crate::error::Error;
use crate::nearest::suggestion;
use crate::rule::degree::{Degree, Type};
use crate::rule::function::Function;
use crate::rule::text::Rule;
use crate::rule::tree::{At, Binary, Kind, Tree, Unary};

/// What the arguments of a function that is written as an expression stand for.
pub(super) type Arguments<'a> = &'a [(&'a str, NodeId)];

impl Graph {
    /// Turns a tree into nodes; yields that of the whole.
    pub(super) fn lower(&mut self, tree: &Tree) -> Result<NodeId, Error> {
        self.lower_with(tree, None)
    }

    pub(super) fn lower_with(
        &mut self,
        tree: &Tree,
        arguments: Option<Arguments<'_>>,
    ) -> Result<NodeId, Error> {
        let mut nodes: Vec<NodeId> = Vec::with_capacity(tree.terms.len());
        for at in 0..tree.terms.len() {
            let node = self.term(tree, at, &nodes, arguments)?;
            nodes.push(node);
        }
        Ok(nodes.pop().expect("a text that was read has a term"))
    }

    fn term(
        &mut self,
        tree: &Tree,
        at: At,
        nodes: &[NodeId],
        arguments: Option<Arguments<'_>>,
    ) -> Result<NodeId, Error> {
        match &tree.terms[at].kind {
            Kind::Number(number) => Ok(self.literal(*number)),
            Kind::Name(name) => self.resolve_name(tree, at, name, arguments),
            Kind::Unary(Unary::Negate, one) => {
                self.expect_number(tree, *one, nodes[*one])?;
                Ok(self.negated(nodes[*one]))
            }
            Kind::Unary(Unary::Not, one) => {
                self.expect_truth(tree, *one, nodes[*one])?;
                Ok(self.not(nodes[*one]))
            }
            Kind::Binary(binary, a, b) => self.binary(tree, at, *binary, (*a, nodes[*a]), (*b, nodes[*b])),
            Kind::Choice(condition, yes, no) => {
                self.expect_truth(tree, *condition, nodes[*condition])?;
                self.branches(tree, at, nodes[*condition], (*yes, nodes[*yes]), (*no, nodes[*no]))
            }
            Kind::Past(base, back) => self.past(tree, (*base, nodes[*base]), (*back, nodes[*back])),
            Kind::Call(name, written) => self.call(tree, at, name, written, nodes),
        }
    }

    fn resolve_name(
        &mut self,
        tree: &Tree,
        at: At,
        name: &str,
        arguments: Option<Arguments<'_>>,
    ) -> Result<NodeId, Error> {
        let argument = arguments.and_then(|known| known.iter().find(|(argument, _)| *argument == name));
        if let Some(node) = argument.map(|(_, node)| *node).or_else(|| self.scope.find(name)) {
            return Ok(node);
        }
        if let Some(node) = self.input(name) {
            return Ok(node);
        }
        let message = if Function::named(name).is_some() {
            format!("{name} is a function, expected its arguments, as in {name}(…)")
        } else {
            let nearest = suggestion(name, self.scope.known());
            format!(
                "unknown name {name}{nearest}; a parameter is declared by --param {name}=… or [parameters]"
            )
        };
        Err(tree.fault_at(at, message))
    }

    fn input(&mut self, name: &str) -> Option<NodeId> {
        Some(match name {
            "open" => self.field(Field::Open),
            "high" => self.field(Field::High),
            "low" => self.field(Field::Low),
            "close" => self.field(Field::Close),
            "volume" => self.field(Field::Volume),
            "hl2" => self.mean_price(&[Field::High, Field::Low]),
            "hlc3" => self.mean_price(&[Field::High, Field::Low, Field::Close]),
            "ohlc4" => self.mean_price(&[Field::Open, Field::High, Field::Low, Field::Close]),
            "bar_index" => self.leaf(Op::BarIndex, Degree::RATIO),
            "month" => self.leaf(Op::Month, Degree::RATIO),
            "day_of_week" => self.leaf(Op::DayOfWeek, Degree::RATIO),
            "nan" => self.literal(f64::NAN),
            _ => return None,
        })
    }

    pub(super) fn field(&mut self, field: Field) -> NodeId {
        let degree = if field == Field::Volume { Degree::known(0, 1) } else { Degree::known(1, 0) };
        self.leaf(Op::Field(field), degree)
    }

    /// The mean of some prices of a bar, added from the left.
    fn mean_price(&mut self, fields: &[Field]) -> NodeId {
        let price = Type::Number(Degree::known(1, 0));
        let mut sum = self.field(fields[0]);
        for field in &fields[1..] {
            let field = self.field(*field);
            sum = self.push(Op::Arithmetic(Arithmetic::Add), vec![sum, field], price);
        }
        let count = self.literal(super::as_number(fields.len()));
        self.push(Op::Arithmetic(Arithmetic::Divide), vec![sum, count], price)
    }

    fn binary(
        &mut self,
        tree: &Tree,
        at: At,
        binary: Binary,
        a: (At, NodeId),
        b: (At, NodeId),
    ) -> Result<NodeId, Error> {
        let arithmetic = match binary {
            Binary::And | Binary::Or => {
                self.expect_truth(tree, a.0, a.1)?;
                self.expect_truth(tree, b.0, b.1)?;
                return Ok(if binary == Binary::And { self.and(a.1, b.1) } else { self.or(a.1, b.1) });
            }
            Binary::Add => Arithmetic::Add,
            Binary::Subtract => Arithmetic::Subtract,
            Binary::Multiply => Arithmetic::Multiply,
            Binary::Divide => Arithmetic::Divide,
            Binary::Remainder => Arithmetic::Remainder,
            _ => return self.comparison(tree, at, binary, a, b),
        };
        let degrees = (self.expect_number(tree, a.0, a.1)?, self.expect_number(tree, b.0, b.1)?);
        let degree = match arithmetic {
            Arithmetic::Multiply => Some(degrees.0.times(degrees.1, 1)),
            Arithmetic::Divide => Some(degrees.0.times(degrees.1, -1)),
            Arithmetic::Add | Arithmetic::Subtract | Arithmetic::Remainder => degrees.0.meet(degrees.1),
        };
        let degree = degree.ok_or_else(|| tree.fault_at(at, self.apart(tree, a, b)))?;
        Ok(self.push(Op::Arithmetic(arithmetic), vec![a.1, b.1], Type::Number(degree)))
    }

    fn comparison(
        &mut self,
        tree: &Tree,
        at: At,
        binary: Binary,
        a: (At, NodeId),
        b: (At, NodeId),
    ) -> Result<NodeId, Error> {
        for (at, node) in [a, b] {
            if self.node(node).kind == Type::Truth {
                let written = tree.written(at);
                let message = format!(
                    "{written} is true or false, expected a number; write {written}, or not {written}"
                );
                return Err(tree.fault_of(at, message));
            }
        }
        let (x, y) = self.without_difference(a.1, b.1);
        if !self.node(x).degree().compares(self.node(y).degree()) {
            return Err(tree.fault_at(at, self.apart(tree, a, b)));
        }
        Ok(self.compare(binary, x, y))
    }

    /// A comparison of two numbers, said with *above* alone: `b < a` is `a > b`.
    fn compare(&mut self, binary: Binary, a: NodeId, b: NodeId) -> NodeId {
        match binary {
            Binary::Below => self.above(b, a),
            Binary::AtLeast => {
                let below = self.above(b, a);
                self.not(below)
            }
            Binary::AtMost => {
                let above = self.above(a, b);
                self.not(above)
            }
            Binary::Equal | Binary::Unequal => {
                let (above, below) = (self.above(a, b), self.above(b, a));
                let apart = self.or(above, below);
                if binary == Binary::Unequal { apart } else { self.not(apart) }
            }
            _ => self.above(a, b),
        }
    }

    /// Whether a is above b. Of a pair, the one whose name comes first is compared with the other, whichever a rule names
    /// first: so one pass over two columns tells both sides, and they are the same bits in every rule.
    fn above(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let is_exact = [a, b].into_iter().all(|one| {
            matches!(
                self.node(one).op,
                Op::Parameter(_) | Op::Number(_) | Op::BarIndex | Op::Month | Op::DayOfWeek
            )
        });
        let precision = if is_exact { Precision::Exact } else { Precision::Rounded };
        let (side, pair) = match self.template(a) <= self.template(b) {
            true => (Side::Above, vec![a, b]),
            false => (Side::Below, vec![b, a]),
        };
        self.push(Op::Compare(side, precision), pair, Type::Truth)
    }

    /// The two numbers of a comparison; beside 0, the two whose difference is compared.
    fn without_difference(&self, a: NodeId, b: NodeId) -> (NodeId, NodeId) {
        let (mut a, mut b) = (a, b);
        loop {
            let (is_left, other) = match (self.is_zero(a), self.is_zero(b)) {
                (false, true) => (false, a),
                (true, false) => (true, b),
                _ => return (a, b),
            };
            let node = self.node(other);
            (a, b) = match node.op {
                // 0 > x - y says y > x.
                Op::Arithmetic(Arithmetic::Subtract) if is_left => (node.children[1], node.children[0]),
                Op::Arithmetic(Arithmetic::Subtract) => (node.children[0], node.children[1]),
                Op::Negate if is_left => (node.children[0], a),
                Op::Negate => (b, node.children[0]),
                _ => return (a, b),
            };
        }
    }

    fn is_zero(&self, id: NodeId) -> bool {
        matches!(self.node(id).op, Op::Number(bits) if f64::from_bits(bits).abs().to_bits() == 0)
    }

    fn branches(
        &mut self,
        tree: &Tree,
        at: At,
        condition: NodeId,
        yes: (At, NodeId),
        no: (At, NodeId),
    ) -> Result<NodeId, Error> {
        let kind = match (self.node(yes.1).kind, self.node(no.1).kind) {
            (Type::Truth, Type::Truth) => Type::Truth,
            (Type::Number(a), Type::Number(b)) => match a.meet(b) {
                Some(degree) => Type::Number(degree),
                None => return Err(tree.fault_at(at, self.apart(tree, yes, no))),
            },
            (a, b) => {
                let (yes, no) = (tree.written(yes.0), tree.written(no.0));
                let message = format!("{yes} is {a}, and {no} is {b}, expected two of one kind");
                return Err(tree.fault_at(at, message));
            }
        };
        Ok(self.push(Op::If, vec![condition, yes.1, no.1], kind))
    }

    fn past(&mut self, tree: &Tree, base: (At, NodeId), back: (At, NodeId)) -> Result<NodeId, Error> {
        self.limited(tree, back, Limit::bars(0))?;
        Ok(self.back(base.1, back.1))
    }

    /// `x[n]`, where n was checked.
    fn back(&mut self, base: NodeId, count: NodeId) -> NodeId {
        let written = |graph: &Self, id: NodeId| match graph.node(id).op {
            Op::Number(bits) => Some(f64::from_bits(bits)),
            _ => None,
        };
        let Some(bars) = written(self, count) else {
            return self.push(Op::Past, vec![base, count], self.node(base).kind);
        };
        if bars.total_cmp(&0.0).is_eq() {
            return base;
        }
        // `x[2][3]` is `x[5]`.
        if let Node { op: Op::Past, children, .. } = self.node(base)
            && let Some(before) = written(self, children[1])
            && Limit::bars(0).broken(before + bars).is_none()
        {
            let base = children[0];
            let count = self.literal(before + bars);
            return self.back(base, count);
        }
        self.push(Op::Past, vec![base, count], self.node(base).kind)
    }

    /// Checks a number that must be constant: now, where it is written, or at every point of the grid.
    pub(super) fn limited(&mut self, tree: &Tree, number: (At, NodeId), limit: Limit) -> Result<(), Error> {
        let (at, node) = number;
        self.expect_number(tree, at, node)?;
        let written = tree.written(at);
        if !self.node(node).is_constant {
            let what = if limit.is_whole { "a whole number" } else { "a number" };
            let message = format!("{written} changes from bar to bar, expected {what} or a parameter");
            return Err(tree.fault_of(at, message));
        }
        match self.node(node).op {
            Op::Number(bits) => match limit.broken(f64::from_bits(bits)) {
                None => Ok(()),
                Some(broken) if matches!(tree.terms[at].kind, Kind::Number(_)) => {
                    Err(tree.fault_of(at, broken.replacen("is", "found", 1)))
                }
                Some(broken) => Err(tree.fault_of(at, format!("{written} {broken}"))),
            },
            _ => {
                let (text, span) = (tree.text.clone(), tree.terms[at].span.clone());
                self.counts.push(Count { node, limit, text, span });
                Ok(())
            }
        }
    }

    pub(super) fn choices(&mut self, name: &str, position: usize, choices: &[Rule]) -> Result<NodeId, Error> {
        self.scope.check(name)?;
        let mut nodes = Vec::with_capacity(choices.len());
        let mut kinds = Vec::with_capacity(choices.len());
        for choice in choices {
            let tree = choice.tree();
            let whole = tree.terms.len() - 1;
            let node = self.lower(tree)?;
            if self.node(node).is_constant {
                let message =
                    "a mere number, expected an expression: numbers alone are a parameter of numbers";
                return Err(tree.fault_of(whole, message));
            }
            let kind = self.node(node).kind;
            if let Some(first) = kinds.first().filter(|first| **first != kind) {
                let message = format!(
                    "this is {kind}, and the first choice is {first}, expected one kind for all of {name}"
                );
                return Err(tree.fault_of(whole, message));
            }
            nodes.push(node);
            kinds.push(kind);
        }
        let Some(kind) = kinds.first() else {
            return Err(Error::bad_parameter(name, "has no choice, expected at least one expression"));
        };
        Ok(self.push(Op::Choice(position), nodes, *kind))
    }

    pub(super) fn expect_number(&self, tree: &Tree, at: At, node: NodeId) -> Result<Degree, Error> {
        match self.node(node).kind {
            Type::Number(degree) => Ok(degree),
            Type::Truth => {
                let message = format!("{} is true or false, expected a number", tree.written(at));
                Err(tree.fault_of(at, message))
            }
        }
    }

    pub(super) fn expect_truth(&self, tree: &Tree, at: At, node: NodeId) -> Result<(), Error> {
        match self.node(node).kind {
            Type::Truth => Ok(()),
            Type::Number(degree) => {
                let written = tree.written(at);
                let message = format!("{written} is {degree}, expected true or false, such as {written} > 0");
                Err(tree.fault_of(at, message))
            }
        }
    }

    /// Why two numbers cannot meet.
    pub(super) fn apart(&self, tree: &Tree, a: (At, NodeId), b: (At, NodeId)) -> String {
        let said = |(at, node): (At, NodeId)| format!("{} is {}", tree.written(at), self.node(node).kind);
        let (x, y) = (self.node(a.1).degree().halves(), self.node(b.1).degree().halves());
        let cause = if x.0 == y.0 { "a split moves" } else { "a split or a dividend moves" };
        format!(
            "{}, and {}: {cause} them differently, so that how they compare is no fact of the day; expected two \
             of one degree, or a plain number",
            said(a),
            said(b)
        )
    }

    /// The nearest names that can be called.
    pub(super) fn unknown_function(tree: &Tree, at: At, name: &str) -> Error {
        tree.fault_at(at, format!("unknown function {name}{}", suggestion(name, callable())))
    }
}
