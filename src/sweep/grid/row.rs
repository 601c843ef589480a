//! Formulas within a row: what does not change along it is worked out once.

#![forbid(unsafe_code)]

use std::cmp::Ordering;

use super::constraint::Relation;
use super::isolate::{Isolated, isolate};
use super::program::{Program, Test};
use crate::rule::{Formula, Fraction, Step, Value, fold, run};

/// What the formulas of a program come to in one row of its product.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    is_entered: bool,
    /// Whether those hold that read nothing of the last axis, or nothing any more.
    may_hold: bool,
    /// Those that compare the last axis with a number.
    bounds: Vec<Bound>,
    /// The others, for the last axis alone.
    visited: Vec<Vec<Step>>,
    stack: Vec<Value>,
}

/// A comparison of the last axis with a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    number: Fraction,
    /// As [`Test::accepts`].
    pub(super) accepts: u8,
}

impl Bound {
    fn new(isolated: Isolated) -> Option<Self> {
        let relation = Relation::of(isolated.relation)?;
        let orders = [
            (Ordering::Less, Test::LESS),
            (Ordering::Equal, Test::EQUAL),
            (Ordering::Greater, Test::GREATER),
        ];
        let accepted = orders.iter().filter(|(order, _)| relation.accepts(*order));
        Some(Self { number: isolated.number, accepts: accepted.map(|(_, bit)| bit).sum() })
    }

    /// How a value of the axis compares with its number.
    pub(super) fn order(self, value: Value) -> Ordering {
        match value {
            // What takes more than 38 digits is far apart.
            Value::Exact(value) => value
                .compare(self.number)
                .unwrap_or_else(|| value.nearest().total_cmp(&self.number.nearest())),
            Value::Rounded(_) | Value::Truth(_) => Ordering::Less,
        }
    }

    fn holds(self, value: Value) -> bool {
        let order = match self.order(value) {
            Ordering::Less => Test::LESS,
            Ordering::Equal => Test::EQUAL,
            Ordering::Greater => Test::GREATER,
        };
        self.accepts & order != 0
    }
}

impl Row {
    /// Leaves the row.
    #[inline]
    pub(super) fn leave(&mut self) {
        self.is_entered = false;
    }

    /// Works out what is the same in all of the row; `values` are those at some place of it.
    pub(super) fn enter(&mut self, program: &Program, values: &[i128]) {
        if self.is_entered {
            return;
        }
        self.is_entered = true;
        self.bounds.clear();
        self.visited.clear();
        let [of_rows, in_rows] = &program.formulas;
        let read = |slot: usize| program.exact(values[slot]);
        self.may_hold =
            of_rows.iter().all(|formula| run(formula.steps(), read, &mut self.stack).truth() == Some(true));
        let last = program.axes.len() - 1;
        let mut steps = Vec::new();
        for formula in in_rows {
            if !self.may_hold {
                break;
            }
            fold(Formula::steps(formula), |slot| (slot != last).then(|| read(slot)), &mut steps);
            match isolate(&steps).and_then(Bound::new) {
                Some(bound) => self.bounds.push(bound),
                None => match steps[..] {
                    [Step::Known(value)] => self.may_hold = value.truth() == Some(true),
                    _ => self.visited.push(steps.clone()),
                },
            }
        }
    }

    /// Whether any place of the row that was entered may hold.
    pub(super) fn may_hold(&self) -> bool {
        self.may_hold
    }

    pub(super) fn bounds(&self) -> &[Bound] {
        &self.bounds
    }

    /// Whether each place must be visited to know whether it holds.
    pub(super) fn is_visited(&self) -> bool {
        !self.visited.is_empty()
    }

    /// Whether all hold where the last axis has a value, in the row that was entered.
    #[inline]
    pub(super) fn holds(&mut self, program: &Program, last: i128) -> bool {
        let value = program.exact(last);
        self.may_hold
            && self.bounds.iter().all(|bound| bound.holds(value))
            && self.visited.iter().all(|steps| run(steps, |_| value, &mut self.stack).truth() == Some(true))
    }
}
