//! What a formula works out: an exact number, one that is rounded, or a truth.

#![forbid(unsafe_code)]

use std::cmp::Ordering;

use super::fraction::Fraction;
use crate::rule::bits::Bits;
use crate::rule::function::{Function, Inputs, Kernel};
use crate::rule::graph::finite;
use crate::rule::tree::Binary;

/// A value of a formula.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Value {
    /// A parameter, a number that was written, and what arithmetic makes of such.
    Exact(Fraction),
    /// A metric, a root or logarithm, and what needs more than 38 digits; NaN is undefined.
    Rounded(f64),
    /// None is undefined.
    Truth(Option<bool>),
}

impl Value {
    pub(super) const UNDEFINED: Self = Self::Rounded(f64::NAN);

    /// As a binary number; NaN for what is undefined, or true or false.
    pub(crate) fn number(self) -> f64 {
        match self {
            Self::Exact(fraction) => fraction.nearest(),
            Self::Rounded(number) => finite(number),
            Self::Truth(_) => f64::NAN,
        }
    }

    /// Whether it is true, false, or neither.
    #[inline]
    pub(crate) fn truth(self) -> Option<bool> {
        match self {
            Self::Truth(truth) => truth,
            Self::Exact(_) | Self::Rounded(_) => None,
        }
    }

    /// How two numbers compare; none where either is undefined.
    #[inline]
    fn compare(self, other: Self) -> Option<Ordering> {
        if let (Self::Exact(a), Self::Exact(b)) = (self, other)
            && let Some(order) = a.compare(b)
        {
            return Some(order);
        }
        self.number().partial_cmp(&other.number())
    }

    pub(super) fn negated(self) -> Self {
        match self {
            Self::Exact(one) => one.negated().map_or_else(|| Self::Rounded(-one.nearest()), Self::Exact),
            other => Self::Rounded(-other.number()),
        }
    }

    pub(super) fn not(self) -> Self {
        Self::Truth(self.truth().map(|truth| !truth))
    }

    /// What an operator makes of two values.
    #[inline]
    pub(super) fn combined(self, operator: Binary, other: Self) -> Self {
        let compared = |holds: fn(Ordering) -> bool| Self::Truth(self.compare(other).map(holds));
        match operator {
            Binary::Above => compared(Ordering::is_gt),
            Binary::AtLeast => compared(Ordering::is_ge),
            Binary::Below => compared(Ordering::is_lt),
            Binary::AtMost => compared(Ordering::is_le),
            Binary::Equal => compared(Ordering::is_eq),
            Binary::Unequal => compared(Ordering::is_ne),
            // Kleene: what decides alone needs no other.
            Binary::And => Self::Truth(match (self.truth(), other.truth()) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            }),
            Binary::Or => Self::Truth(match (self.truth(), other.truth()) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            }),
            Binary::Add => self.arithmetic(other, Fraction::plus, |a, b| a + b),
            Binary::Subtract => self.arithmetic(other, Fraction::minus, |a, b| a - b),
            Binary::Multiply => self.arithmetic(other, Fraction::times, |a, b| a * b),
            Binary::Divide => self.arithmetic(other, Fraction::over, |a, b| a / b),
            Binary::Remainder => self.arithmetic(other, Fraction::beyond, |a, b| a % b),
        }
    }

    fn arithmetic(
        self,
        other: Self,
        exact: fn(Fraction, Fraction) -> Option<Fraction>,
        rounded: fn(f64, f64) -> f64,
    ) -> Self {
        if let (Self::Exact(a), Self::Exact(b)) = (self, other)
            && let Some(made) = exact(a, b)
        {
            return Self::Exact(made);
        }
        Self::Rounded(finite(rounded(self.number(), other.number())))
    }

    /// What a function of the table makes of some numbers: exactly where it only chooses between them.
    pub(super) fn called(function: &Function, arguments: &[Self]) -> Self {
        let exact: Option<Vec<Fraction>> = arguments
            .iter()
            .map(|one| match one {
                Self::Exact(fraction) => Some(*fraction),
                _ => None,
            })
            .collect();
        let chosen = exact.and_then(|exact| match (function.name, exact.as_slice()) {
            ("abs", [x]) if x.is_negative() => x.negated(),
            ("abs" | "nz", [x, ..]) => Some(*x),
            ("sign", [x]) => Some(x.signum()),
            ("min", [a, b]) => Some(if a.compare(*b)?.is_le() { *a } else { *b }),
            ("max", [a, b]) => Some(if a.compare(*b)?.is_ge() { *a } else { *b }),
            ("clamp", [x, low, high]) if low.compare(*high)?.is_le() => Some(if x.compare(*low)?.is_lt() {
                *low
            } else if x.compare(*high)?.is_gt() {
                *high
            } else {
                *x
            }),
            _ => None,
        });
        chosen.map_or_else(|| by_kernel(function, arguments), Self::Exact)
    }
}

/// Calls a function that looks at one value of each argument, for one value of each.
fn by_kernel(function: &Function, arguments: &[Value]) -> Value {
    let numbers: Vec<f64> = arguments.iter().map(|one| one.number()).collect();
    let columns: Vec<&[f64]> = numbers.iter().map(std::slice::from_ref).collect();
    let inputs = Inputs { bars: 1, columns: &columns, truths: &[], counts: &[], numbers: &[] };
    match function.kernel {
        Kernel::Numbers(compute) => {
            let mut value = Vec::with_capacity(1);
            compute(&inputs, &mut value);
            Value::Rounded(value.first().copied().map_or(f64::NAN, finite))
        }
        Kernel::Truth(compute) => {
            let mut truth = Bits::default();
            compute(&inputs, &mut truth);
            Value::Truth(truth.get(0))
        }
    }
}
