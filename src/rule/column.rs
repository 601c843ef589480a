//! What a node of a rule is, bar by bar: numbers, or booleans as bits.

#![forbid(unsafe_code)]

use super::bits::Bits;

/// The values of a node, one a bar: numbers, NaN while undefined, or booleans.
///
/// # Examples
/// ```
/// use lookback::rule::Column;
/// let column = Column::Numbers(vec![f64::NAN, 2.0]);
/// assert_eq!(column.numbers().unwrap()[1], 2.0);
/// assert!(column.bits().is_none());
/// ```
#[derive(Clone, PartialEq, Debug)]
pub enum Column {
    /// A number for each bar.
    Numbers(Vec<f64>),
    /// A boolean for each bar.
    Bits(Bits),
}

/// A [`Column`] that is lent, by the cache or by who computed it.
///
/// # Examples
/// ```
/// use lookback::rule::{Bits, ColumnRef};
/// let bits = Bits::undefined(3);
/// let column = ColumnRef::Bits(&bits);
/// assert!(column.numbers().is_none() && column.bits() == Some(&bits));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ColumnRef<'a> {
    /// A number for each bar.
    Numbers(&'a [f64]),
    /// A boolean for each bar.
    Bits(&'a Bits),
}

impl Column {
    /// Lends it.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Column, ColumnRef};
    /// let column = Column::Numbers(vec![2.0]);
    /// assert_eq!(column.lend(), ColumnRef::Numbers(&[2.0]));
    /// ```
    #[must_use]
    pub fn lend(&self) -> ColumnRef<'_> {
        match self {
            Self::Numbers(numbers) => ColumnRef::Numbers(numbers),
            Self::Bits(bits) => ColumnRef::Bits(bits),
        }
    }

    /// The numbers, where it is such a column.
    #[must_use]
    pub fn numbers(&self) -> Option<&[f64]> {
        self.lend().numbers()
    }

    /// The booleans, where it is such a column.
    #[must_use]
    pub fn bits(&self) -> Option<&Bits> {
        self.lend().bits()
    }

    /// Becomes numbers, none yet, in the buffer that it has, where it has one.
    pub(super) fn become_numbers(&mut self) -> &mut Vec<f64> {
        if !matches!(self, Self::Numbers(_)) {
            *self = Self::Numbers(Vec::new());
        }
        match self {
            Self::Numbers(numbers) => {
                numbers.clear();
                numbers
            }
            Self::Bits(_) => unreachable!("it became numbers above"),
        }
    }

    /// Becomes booleans, in the buffer that it has, where it has one.
    pub(super) fn become_bits(&mut self) -> &mut Bits {
        if !matches!(self, Self::Bits(_)) {
            *self = Self::Bits(Bits::default());
        }
        match self {
            Self::Bits(bits) => bits,
            Self::Numbers(_) => unreachable!("it became bits above"),
        }
    }
}

impl<'a> ColumnRef<'a> {
    /// The numbers, where it is such a column.
    #[must_use]
    pub fn numbers(self) -> Option<&'a [f64]> {
        match self {
            Self::Numbers(numbers) => Some(numbers),
            Self::Bits(_) => None,
        }
    }

    /// The booleans, where it is such a column.
    #[must_use]
    pub fn bits(self) -> Option<&'a Bits> {
        match self {
            Self::Bits(bits) => Some(bits),
            Self::Numbers(_) => None,
        }
    }
}
