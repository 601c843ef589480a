//! What a node works with: a column, or one value at all bars.

#![forbid(unsafe_code)]

use std::borrow::Cow;

use crate::rule::bits::Bits;
use crate::rule::column::ColumnRef;
use crate::rule::graph::Scalar;

/// A child of a node, as it is worked with.
#[derive(Clone, Debug)]
pub(super) enum Operand<'a> {
    Number(f64),
    Truth(Option<bool>),
    Numbers(Cow<'a, [f64]>),
    Bits(Cow<'a, Bits>),
}

impl<'a> Operand<'a> {
    pub(super) fn constant(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Number(number) => Self::Number(number),
            Scalar::Truth(truth) => Self::Truth(truth),
        }
    }

    pub(super) fn column(column: ColumnRef<'a>) -> Self {
        match column {
            ColumnRef::Numbers(numbers) => Self::Numbers(Cow::Borrowed(numbers)),
            ColumnRef::Bits(bits) => Self::Bits(Cow::Borrowed(bits)),
        }
    }

    /// A number for each bar; NaN where it is none.
    pub(super) fn into_numbers(self, count: usize) -> Cow<'a, [f64]> {
        match self {
            Self::Numbers(numbers) => numbers,
            Self::Number(number) => Cow::Owned(vec![number; count]),
            Self::Truth(_) | Self::Bits(_) => Cow::Owned(vec![f64::NAN; count]),
        }
    }

    /// A truth for each bar; undefined where it is none.
    pub(super) fn into_bits(self, count: usize) -> Cow<'a, Bits> {
        match self {
            Self::Bits(bits) => bits,
            Self::Truth(Some(truth)) => {
                let mut bits = Bits::default();
                bits.set_all(count, truth);
                Cow::Owned(bits)
            }
            Self::Truth(None) | Self::Number(_) | Self::Numbers(_) => Cow::Owned(Bits::undefined(count)),
        }
    }
}
