//! What a rule says, before its names mean anything: a tree that lies in a list.
//!
//! Children lie before their parents, so that whoever walks the tree walks a list: no depth overflows a stack.

#![forbid(unsafe_code)]

use super::fault::{Span, Text};
use crate::error::Error;

/// The place of a term in its tree.
pub(super) type At = usize;

/// A rule as it was written. The last term is the whole.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Tree {
    pub(super) text: Text,
    pub(super) terms: Vec<Term>,
}

/// A part of a rule.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Term {
    pub(super) kind: Kind,
    /// All of it.
    pub(super) span: Span,
    /// What it is known by: its operator, or the name of what is called.
    pub(super) mark: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kind {
    Number(f64),
    Name(String),
    Unary(Unary, At),
    Binary(Binary, At, At),
    /// `condition ? yes : no`
    Choice(At, At, At),
    /// `x[n]`
    Past(At, At),
    Call(String, Vec<At>),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Unary {
    Negate,
    Not,
}

/// Operators of two operands; [`Binary::ALL`] holds how each is written and how tightly it binds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    Unequal,
    And,
    Or,
}

/// How tightly operators bind, from `? :`, which binds least.
pub(super) mod binding {
    pub(in crate::rule) const CHOICE: u8 = 0;
    pub(in crate::rule) const OR: u8 = 1;
    pub(in crate::rule) const AND: u8 = 2;
    pub(in crate::rule) const NOT: u8 = 3;
    pub(in crate::rule) const COMPARISON: u8 = 4;
    pub(in crate::rule) const SUM: u8 = 5;
    pub(in crate::rule) const PRODUCT: u8 = 6;
    pub(in crate::rule) const NEGATE: u8 = 7;
    pub(in crate::rule) const CALL: u8 = 8;
}

impl Binary {
    pub(super) const ALL: [(Self, &'static str, u8); 13] = [
        (Self::Add, "+", binding::SUM),
        (Self::Subtract, "-", binding::SUM),
        (Self::Multiply, "*", binding::PRODUCT),
        (Self::Divide, "/", binding::PRODUCT),
        (Self::Remainder, "%", binding::PRODUCT),
        (Self::Above, ">", binding::COMPARISON),
        (Self::AtLeast, ">=", binding::COMPARISON),
        (Self::Below, "<", binding::COMPARISON),
        (Self::AtMost, "<=", binding::COMPARISON),
        (Self::Equal, "==", binding::COMPARISON),
        (Self::Unequal, "!=", binding::COMPARISON),
        (Self::And, "and", binding::AND),
        (Self::Or, "or", binding::OR),
    ];

    pub(super) fn of_sign(sign: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, written, _)| *written == sign).map(|(binary, ..)| binary)
    }

    pub(crate) fn sign(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    pub(super) fn binding(self) -> u8 {
        Self::ALL[self as usize].2
    }

    pub(crate) fn is_comparison(self) -> bool {
        self.binding() == binding::COMPARISON
    }
}

impl Unary {
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Negate => "-",
            Self::Not => "not",
        }
    }

    pub(super) fn binding(self) -> u8 {
        match self {
            Self::Negate => binding::NEGATE,
            Self::Not => binding::NOT,
        }
    }
}

impl Tree {
    /// An error that points at a term's operator, or at the name of what it calls.
    pub(super) fn fault_at(&self, at: At, message: impl Into<String>) -> Error {
        self.text.fault(self.terms[at].mark.clone(), message)
    }

    /// An error that points at all of a term.
    pub(super) fn fault_of(&self, at: At, message: impl Into<String>) -> Error {
        self.text.fault(self.terms[at].span.clone(), message)
    }

    /// A term as it was written.
    pub(super) fn written(&self, at: At) -> &str {
        &self.text.as_str()[self.terms[at].span.clone()]
    }

    /// The names that it uses, those of functions apart, each once, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.terms.iter().filter_map(|term| match &term.kind {
            Kind::Name(name) => Some(name.as_str()),
            _ => None,
        });
        let mut seen = std::collections::HashSet::new();
        names.filter(move |name| seen.insert(*name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operator_stands_at_its_own_place_of_the_table() {
        for (at, (binary, sign, _)) in Binary::ALL.into_iter().enumerate() {
            assert_eq!((binary as usize, binary.sign()), (at, sign));
            assert_eq!(Binary::of_sign(sign), Some(binary));
        }
    }
}
