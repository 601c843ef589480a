//! Constraints as they are evaluated at each point of a product: comparisons of whole numbers, without a branch.
//!
//! All numbers of a grid are brought to one decimal scale, where they compare as integers do. Along the last axis, whose
//! values change fastest, a comparison with anything else holds from one place to another: see [`super::walk`]. What is no
//! comparison of two such numbers is a formula, and worked out at each row, or at each place: see [`super::row`].

#![forbid(unsafe_code)]

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::constraint::{Comparison, Constraint, Operand, Part};
use crate::error::Error;
use crate::parameter::Parameter;
use crate::rule::{Formula, Fraction, Value};

/// The comparisons of a grid, over one slot for each parameter, followed by one for each number.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Program {
    /// The values of each parameter; where there is a test, there is an axis.
    pub(super) axes: Vec<Axis>,
    pub(super) numbers: Vec<i128>,
    /// The comparisons that have one result for all of a row: the last axis is not in them, or it is both sides.
    pub(super) of_rows: Vec<Test>,
    /// The comparisons of the last axis, always on the left, with something else.
    pub(super) in_rows: Vec<Test>,
    /// The formulas that read nothing of the last axis, and those that do.
    pub(super) formulas: [Vec<Formula>; 2],
    /// What the numbers of all slots are multiples of: 1 / this power of ten.
    power: i128,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Axis {
    Range { start: i128, step: i128, count: usize },
    List(Vec<i128>),
}

/// One comparison of two slots, with a bit for each order that it accepts: less, equal, greater.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Test {
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) accepts: u8,
}

impl Test {
    pub(super) const LESS: u8 = 1;
    pub(super) const EQUAL: u8 = 2;
    pub(super) const GREATER: u8 = 4;

    #[inline]
    pub(super) fn accepts(self, left: i128, right: i128) -> bool {
        let order = u8::from(left >= right) + u8::from(left > right);
        self.accepts >> order & 1 == 1
    }

    /// The same with its sides exchanged.
    fn mirrored(self) -> Self {
        let (less, greater) = (self.accepts & Self::LESS, self.accepts & Self::GREATER);
        let accepts = less << 2 | self.accepts & Self::EQUAL | greater >> 2;
        Self { left: self.right, right: self.left, accepts }
    }
}

impl Program {
    /// # Errors
    /// `BadParameter` where numbers are so far apart that no 38 digits hold both exactly.
    pub(super) fn new(parameters: &[Parameter], constraints: &[Constraint]) -> Result<Self, Error> {
        let parts = || constraints.iter().flat_map(|one| &one.parts);
        let comparisons = || {
            parts().filter_map(|part| match part {
                Part::Comparison(comparison) => Some(comparison),
                Part::Formula(_) => None,
            })
        };
        let numbers: Vec<Decimal> = comparisons()
            .flat_map(|one: &Comparison| [&one.left, &one.right])
            .filter_map(|operand| match operand {
                Operand::Number(number) => Some(*number),
                Operand::Parameter(_) => None,
            })
            .collect();
        if parts().next().is_none() {
            return Ok(Self {
                axes: Vec::new(),
                numbers: Vec::new(),
                of_rows: Vec::new(),
                in_rows: Vec::new(),
                formulas: Default::default(),
                power: 1,
            });
        }
        let scale_of = |one: &Parameter| match one.progression() {
            Some((start, step)) => start.scale().max(step.scale()),
            None => one.values().map(|value| value.scale()).max().unwrap_or_default(),
        };
        let scales = parameters.iter().map(scale_of).chain(numbers.iter().map(Decimal::scale));
        let scale = scales.max().unwrap_or_default();
        let mut axes = parameters.iter().map(|one| Axis::new(one, scale)).collect::<Result<Vec<_>, _>>()?;
        if axes.is_empty() {
            // A product of nothing has one place.
            axes.push(Axis::List(vec![0]));
        }
        let numbers = numbers.into_iter().map(|one| scaled(one, scale)).collect::<Result<Vec<_>, _>>()?;
        let mut number = axes.len();
        let mut slot = |operand: &Operand| match operand {
            Operand::Parameter(position) => *position,
            Operand::Number(_) => {
                number += 1;
                number - 1
            }
        };
        let orders = [
            (Ordering::Less, Test::LESS),
            (Ordering::Equal, Test::EQUAL),
            (Ordering::Greater, Test::GREATER),
        ];
        let last = axes.len() - 1;
        let (mut of_rows, mut in_rows) = (Vec::new(), Vec::new());
        for one in comparisons() {
            let accepted = orders.iter().filter(|(order, _)| one.relation.accepts(*order));
            let accepts = accepted.map(|(_, bit)| bit).sum();
            let test = Test { left: slot(&one.left), right: slot(&one.right), accepts };
            match (test.left == last, test.right == last) {
                (true, false) => in_rows.push(test),
                (false, true) => in_rows.push(test.mirrored()),
                _ => of_rows.push(test),
            }
        }
        let mut formulas = [Vec::new(), Vec::new()];
        for part in parts() {
            if let Part::Formula(formula) = part {
                formulas[usize::from(formula.reads().contains(&last))].push(formula.clone());
            }
        }
        // A decimal has at most 28 places, and 10^28 fits.
        Ok(Self { axes, numbers, of_rows, in_rows, formulas, power: 10_i128.pow(scale) })
    }

    /// Whether it holds everywhere.
    pub(super) fn is_empty(&self) -> bool {
        self.of_rows.is_empty() && self.in_rows.is_empty() && !self.has_formulas()
    }

    #[inline]
    pub(super) fn has_formulas(&self) -> bool {
        self.formulas.iter().any(|one| !one.is_empty())
    }

    /// The number that a slot has.
    #[inline]
    pub(super) fn exact(&self, scaled: i128) -> Value {
        Fraction::new(scaled, self.power).map_or(Value::Truth(None), Value::Exact)
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

    pub(super) fn count(&self) -> usize {
        match self {
            Self::Range { count, .. } => *count,
            Self::List(values) => values.len(),
        }
    }

    #[inline]
    pub(super) fn value(&self, index: usize) -> i128 {
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
