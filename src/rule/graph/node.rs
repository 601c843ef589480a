//! A node of the graph: an operation on other nodes, whose column is worked out from theirs.

#![forbid(unsafe_code)]

use std::hash::{Hash, Hasher};

use crate::asset::Field;
use crate::compare::{above, below};
use crate::rule::degree::{Degree, Type};
use crate::rule::function::Function;

/// A node's place in its [`Graph`](super::Graph): children lie before their parents.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct NodeId(pub(super) u32);

impl NodeId {
    /// The place as an index, dense within one graph.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a node does with its children.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in crate::rule) enum Op {
    /// The bits of a number, so that equal ones are one node.
    Number(u64),
    /// The value of the parameter at this place.
    Parameter(usize),
    /// One of the children: the value of the parameter at this place says which.
    Choice(usize),
    Field(Field),
    BarIndex,
    Month,
    DayOfWeek,
    Negate,
    Arithmetic(Arithmetic),
    /// How the first compares with the second.
    Compare(Side, Precision),
    Not,
    And,
    Or,
    /// True where it is and was not at the bar before.
    Rise,
    /// The second where the first is true, the third where it is false.
    If,
    /// The first, so many bars ago as the second says.
    Past,
    /// Children in order: numeric arguments, fields, truths, bar counts, numbers.
    Call(Called),
}

/// The two sides that one pass over a pair of columns tells.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in crate::rule) enum Side {
    Above,
    Below,
}

/// How large a difference must be to count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in crate::rule) enum Precision {
    /// Larger than rounding.
    Rounded,
    /// Any: what counts is a whole number, or was written.
    Exact,
}

impl Side {
    pub(super) fn opposite(self) -> Self {
        match self {
            Self::Above => Self::Below,
            Self::Below => Self::Above,
        }
    }

    /// Whether `a` is on this side of `b`; undefined where either is NaN.
    #[inline]
    pub(in crate::rule) fn holds(self, a: f64, b: f64, precision: Precision) -> Option<bool> {
        let is_defined = !a.is_nan() && !b.is_nan();
        is_defined.then(|| match (self, precision) {
            (Self::Above, Precision::Rounded) => above(a, b),
            (Self::Below, Precision::Rounded) => below(a, b),
            (Self::Above, Precision::Exact) => a > b,
            (Self::Below, Precision::Exact) => a < b,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(in crate::rule) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A function of the table; two of one name are one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Called(pub(in crate::rule) &'static Function);

impl PartialEq for Called {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Called {}

impl Hash for Called {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

#[derive(Clone, Debug)]
pub(in crate::rule) struct Node {
    pub(in crate::rule) op: Op,
    pub(in crate::rule) children: Box<[NodeId]>,
    pub(in crate::rule) kind: Type,
    /// Whether it is one value at all bars: numbers, parameters, and what is made of them.
    pub(in crate::rule) is_constant: bool,
    /// The places of the parameters that it depends on, ascending.
    pub(in crate::rule) parameters: Box<[usize]>,
    /// The nodes whose columns it is worked out from, ascending: its children, but what is constant, and in place of one
    /// without a degree, what that is worked out from.
    pub(in crate::rule) reads: Box<[NodeId]>,
}

impl Node {
    /// Whether it is a number that no scale takes to another level.
    pub(in crate::rule) fn is_free(&self) -> bool {
        self.kind == Type::Number(Degree::None)
    }

    pub(in crate::rule) fn degree(&self) -> Degree {
        match self.kind {
            Type::Number(degree) => degree,
            Type::Truth => Degree::RATIO,
        }
    }
}

impl Arithmetic {
    pub(in crate::rule) fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// What it makes of two numbers: undefined where that is not finite, as when one divides by 0.
    #[inline]
    pub(in crate::rule) fn of(self, a: f64, b: f64) -> f64 {
        finite(match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Remainder => a % b,
        })
    }
}

/// No value is infinite.
#[inline]
pub(in crate::rule) fn finite(value: f64) -> f64 {
    if value.is_finite() { value } else { f64::NAN }
}

/// A count as the number that it is in a rule.
#[expect(clippy::cast_precision_loss, reason = "no series, and no list of choices, has 2^53 members")]
pub(in crate::rule) fn as_number(count: usize) -> f64 {
    count as f64
}
