//! Constraints as they are evaluated at each point of a product: comparisons of whole numbers, without a branch.
//!
//! All numbers of a grid are brought to one decimal scale, where they compare as integers do. A walk changes one value a
//! step, so that a product of 81 million points is counted in a fraction of a second.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

use super::constraint::{Constraint, Operand};
use crate::error::Error;
use crate::parameter::Parameter;

/// The comparisons of a grid, over one slot for each parameter, followed by one for each number.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Program {
    axes: Vec<Axis>,
    numbers: Vec<i128>,
    tests: Vec<Test>,
}

#[derive(Clone, PartialEq, Debug)]
enum Axis {
    Range { start: i128, step: i128, count: usize },
    List(Vec<i128>),
}

/// One comparison of two slots, with a bit for each order that it accepts: less, equal, greater.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Test {
    left: usize,
    right: usize,
    accepts: u8,
}

impl Program {
    /// # Errors
    /// `BadParameter` where numbers are so far apart that no 38 digits hold both exactly.
    pub(super) fn new(parameters: &[Parameter], constraints: &[Constraint]) -> Result<Self, Error> {
        let comparisons = || constraints.iter().flat_map(|one| &one.comparisons);
        let numbers: Vec<Decimal> = comparisons()
            .flat_map(|one| [&one.left, &one.right])
            .filter_map(|operand| match operand {
                Operand::Number(number) => Some(*number),
                Operand::Parameter(_) => None,
            })
            .collect();
        if comparisons().next().is_none() {
            return Ok(Self { axes: Vec::new(), numbers: Vec::new(), tests: Vec::new() });
        }
        let scale_of = |one: &Parameter| match one.progression() {
            Some((start, step)) => start.scale().max(step.scale()),
            None => one.values().map(|value| value.scale()).max().unwrap_or_default(),
        };
        let scales = parameters.iter().map(scale_of).chain(numbers.iter().map(Decimal::scale));
        let scale = scales.max().unwrap_or_default();
        let axes = parameters.iter().map(|one| Axis::new(one, scale)).collect::<Result<Vec<_>, _>>()?;
        let numbers = numbers.into_iter().map(|one| scaled(one, scale)).collect::<Result<Vec<_>, _>>()?;
        let mut number = parameters.len();
        let mut slot = |operand: &Operand| match operand {
            Operand::Parameter(position) => *position,
            Operand::Number(_) => {
                number += 1;
                number - 1
            }
        };
        let tests = comparisons()
            .map(|one| {
                let accepts =
                    [std::cmp::Ordering::Less, std::cmp::Ordering::Equal, std::cmp::Ordering::Greater]
                        .into_iter()
                        .enumerate()
                        .map(|(bit, order)| u8::from(one.relation.accepts(order)) << bit)
                        .sum();
                Test { left: slot(&one.left), right: slot(&one.right), accepts }
            })
            .collect();
        Ok(Self { axes, numbers, tests })
    }

    /// Whether it holds everywhere.
    pub(super) fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// A walk over the product from an index on; the last parameter changes fastest.
    pub(super) fn walk(&self, raw: u64) -> Walk<'_> {
        let mut indices = vec![0; self.axes.len()];
        let mut left = usize::try_from(raw).expect("a product's indices fit a word");
        for (index, axis) in indices.iter_mut().zip(&self.axes).rev() {
            *index = left % axis.count();
            left /= axis.count();
        }
        let values = indices.iter().zip(&self.axes).map(|(index, axis)| axis.value(*index));
        Walk { program: self, values: values.chain(self.numbers.iter().copied()).collect(), indices }
    }
}

impl Axis {
    fn new(parameter: &Parameter, scale: u32) -> Result<Self, Error> {
        let count = parameter.count();
        match parameter.progression() {
            Some((start, step)) => {
                // The last value must fit as well; its neighbours then do.
                scaled(parameter.value(count - 1), scale)?;
                Ok(Self::Range { start: scaled(start, scale)?, step: scaled(step, scale)?, count })
            }
            None => {
                parameter.values().map(|value| scaled(value, scale)).collect::<Result<_, _>>().map(Self::List)
            }
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Range { count, .. } => *count,
            Self::List(values) => values.len(),
        }
    }

    #[inline]
    fn value(&self, index: usize) -> i128 {
        match self {
            Self::Range { start, step, .. } => start + step * index as i128,
            Self::List(values) => values[index],
        }
    }
}

fn scaled(value: Decimal, scale: u32) -> Result<i128, Error> {
    let factor = scale.checked_sub(value.scale()).and_then(|by| 10_i128.checked_pow(by));
    factor.and_then(|factor| value.mantissa().checked_mul(factor)).ok_or_else(|| {
        let message = format!("{value} beside numbers of {scale} decimal places needs more than 38 digits");
        Error::bad_parameter("grid", message)
    })
}

/// A place in a product, and whether the comparisons hold there.
#[derive(Clone, Debug)]
pub(super) struct Walk<'a> {
    program: &'a Program,
    indices: Vec<usize>,
    values: Vec<i128>,
}

impl Walk<'_> {
    #[inline]
    pub(super) fn holds(&self) -> bool {
        self.program.tests.iter().fold(true, |all, test| {
            let (left, right) = (self.values[test.left], self.values[test.right]);
            let order = u8::from(left >= right) + u8::from(left > right);
            all & (test.accepts >> order & 1 == 1)
        })
    }

    /// Goes on by one; from the last place to the first.
    #[inline]
    pub(super) fn advance(&mut self) {
        for (position, axis) in self.program.axes.iter().enumerate().rev() {
            let next = self.indices[position] + 1;
            let index = if next == axis.count() { 0 } else { next };
            self.indices[position] = index;
            self.values[position] = axis.value(index);
            if index != 0 {
                return;
            }
        }
    }
}
