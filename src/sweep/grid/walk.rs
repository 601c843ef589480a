//! A walk over a product, row by row: a row is all values of the last axis beside one value of each other.
//!
//! The values of a range rise. So each comparison of them with something that is the same all along the row holds from
//! one place to another (`!=` all but at one), and these are found by halving: a product of 81 million places is
//! counted in some milliseconds, and a place that comes after many others is found without visiting them. So does a formula
//! that comes down to such a comparison within a row; any other is worked out place by place.

#![forbid(unsafe_code)]

use std::ops::Range;

use super::program::{Axis, Program, Test};
use super::row::Row;

/// A place in a product.
#[derive(Clone, Debug)]
pub(super) struct Walk<'a> {
    program: &'a Program,
    indices: Vec<usize>,
    /// The values there, followed by the numbers of the program.
    values: Vec<i128>,
    /// Places within what [`accepted`](Self::accepted) returned where a comparison does not hold, ascending.
    except: Vec<usize>,
    /// What the formulas come to in this row.
    row: Box<Row>,
}

impl<'a> Walk<'a> {
    /// Starts at a place by its index; the last parameter changes fastest.
    pub(super) fn new(program: &'a Program, raw: u64) -> Self {
        let mut indices = vec![0; program.axes.len()];
        let mut left = usize::try_from(raw).expect("a product's indices fit a word");
        for (index, axis) in indices.iter_mut().zip(&program.axes).rev() {
            *index = left % axis.count();
            left /= axis.count();
        }
        let values = indices.iter().zip(&program.axes).map(|(index, axis)| axis.value(*index));
        let values = values.chain(program.numbers.iter().copied()).collect();
        Self { program, values, indices, except: Vec::new(), row: Box::default() }
    }

    /// Whether all comparisons and formulas hold at this place.
    #[inline]
    pub(super) fn holds(&mut self) -> bool {
        let tests = self.program.of_rows.iter().chain(&self.program.in_rows);
        // Without a branch: whether one holds is as good as random.
        let all =
            tests.fold(true, |all, test| all & test.accepts(self.values[test.left], self.values[test.right]));
        all && (!self.program.has_formulas() || self.formulas_hold())
    }

    fn formulas_hold(&mut self) -> bool {
        self.row.enter(self.program, &self.values);
        let last = self.values[self.last()];
        self.row.holds(self.program, last)
    }

    /// Whether all that is the same in all of this row holds.
    fn row_holds(&mut self) -> bool {
        let holds = |test: &Test| test.accepts(self.values[test.left], self.values[test.right]);
        if !self.program.of_rows.iter().all(holds) {
            return false;
        }
        if !self.program.has_formulas() {
            return true;
        }
        self.row.enter(self.program, &self.values);
        self.row.may_hold()
    }

    /// Goes on by one; from the last place to the first.
    #[inline]
    pub(super) fn advance(&mut self) {
        self.go_to(self.indices[self.last()] + 1);
    }

    /// Walks to the next place where all comparisons hold, and returns by how many steps. There must be one.
    pub(super) fn seek(&mut self) -> u64 {
        let mut steps = 0;
        while !self.holds() {
            let (here, count) = (self.indices[self.last()], self.row_len());
            let to = match &self.program.axes[self.last()] {
                _ if !self.row_holds() => count,
                Axis::Range { .. } if !self.row.is_visited() => {
                    let accepted = self.accepted(here..count);
                    self.kept(accepted).next().unwrap_or(count)
                }
                // In no order: one by one.
                Axis::Range { .. } | Axis::List(_) => here + 1,
            };
            steps += (to - here) as u64;
            self.go_to(to);
        }
        steps
    }

    /// How many of the next places are points; goes on by as many places.
    pub(super) fn count(&mut self, places: u64) -> u64 {
        let (mut points, mut left) = (0, places);
        while left > 0 {
            let part = self.part_of_row(left);
            left -= part.len() as u64;
            points += (self.accepted(part.clone()).len() - self.except.len()) as u64;
            self.go_to(part.end);
        }
        points
    }

    /// Walks past some points, of which as many are among the next `places`; returns by how many steps.
    pub(super) fn skip(&mut self, mut points: u64, places: u64) -> u64 {
        let mut steps = 0;
        while points > 0 {
            let part = self.part_of_row(places - steps);
            let (here, accepted) = (part.start, self.accepted(part.clone()));
            let found = (accepted.len() - self.except.len()) as u64;
            if found > points {
                let nth = usize::try_from(points).ok().and_then(|nth| self.kept(accepted).nth(nth));
                let to = nth.expect("there are more than as many");
                self.go_to(to);
                return steps + (to - here) as u64;
            }
            points -= found;
            steps += part.len() as u64;
            self.go_to(part.end);
        }
        steps
    }

    fn last(&self) -> usize {
        self.indices.len() - 1
    }

    fn row_len(&self) -> usize {
        self.program.axes[self.last()].count()
    }

    /// The places of this row from here on, as many as are asked for.
    fn part_of_row(&self, places: u64) -> Range<usize> {
        let here = self.indices[self.last()];
        let left = usize::try_from(places).unwrap_or(usize::MAX);
        here..self.row_len().min(here.saturating_add(left))
    }

    /// What is left of accepted places without the exceptions.
    fn kept(&self, accepted: Range<usize>) -> impl Iterator<Item = usize> {
        accepted.filter(|place| self.except.binary_search(place).is_err())
    }

    /// Where in a part of this row all comparisons hold, but for the places of `except`.
    fn accepted(&mut self, part: Range<usize>) -> Range<usize> {
        self.except.clear();
        if !self.row_holds() {
            return part.start..part.start;
        }
        let axis = &self.program.axes[self.last()];
        if let Axis::List(values) = axis {
            for place in part.clone() {
                let value = values[place];
                let holds = |test: &Test| test.accepts(value, self.values[test.right]);
                let all = self.program.in_rows.iter().all(holds);
                if !all || (self.program.has_formulas() && !self.row.holds(self.program, value)) {
                    self.except.push(place);
                }
            }
            return part;
        }
        let (mut from, mut to) = (part.start, part.end);
        // Where the values are less than something, where they are equal, and which of it is accepted.
        let mut narrow = |less: usize, equals: usize, accepts: u8, except: &mut Vec<usize>| {
            let equal = less..less + equals;
            let orders = [
                (Test::LESS, part.start..less),
                (Test::EQUAL, equal.clone()),
                (Test::GREATER, equal.end..part.end),
            ];
            let mut kept = orders.iter().filter(|(bit, _)| accepts & bit != 0);
            if accepts == Test::LESS | Test::GREATER {
                except.extend(equal);
            } else if let Some((_, first)) = kept.next() {
                let last = kept.next_back().map_or(first, |(_, last)| last);
                (from, to) = (from.max(first.start), to.min(last.end));
            }
        };
        for test in &self.program.in_rows {
            let beside = self.values[test.right];
            let less = halve(part.clone(), |place| axis.value(place) < beside);
            // No two values of a range are equal.
            let equals = usize::from(less < part.end && axis.value(less) == beside);
            narrow(less, equals, test.accepts, &mut self.except);
        }
        for bound in self.row.bounds() {
            let order = |place| bound.order(self.program.exact(axis.value(place)));
            let less = halve(part.clone(), |place| order(place).is_lt());
            let equals = usize::from(less < part.end && order(less).is_eq());
            narrow(less, equals, bound.accepts, &mut self.except);
        }
        if self.row.is_visited() {
            for place in from..to {
                if !self.row.holds(self.program, axis.value(place)) {
                    self.except.push(place);
                }
            }
        }
        let to = to.max(from);
        self.except.retain(|place| (from..to).contains(place));
        self.except.sort_unstable();
        self.except.dedup();
        from..to
    }

    /// Goes to a place of this row, or behind its end to the first one of the next row.
    #[inline]
    fn go_to(&mut self, place: usize) {
        let (last, mut next) = (self.last(), place);
        for position in (0..=last).rev() {
            let axis = &self.program.axes[position];
            let index = if next == axis.count() { 0 } else { next };
            self.indices[position] = index;
            self.values[position] = axis.value(index);
            if next != axis.count() || position == 0 {
                return;
            }
            self.row.leave();
            next = self.indices[position - 1] + 1;
        }
    }
}

/// The first of some places where something no longer holds that holds up to there.
fn halve(places: Range<usize>, holds: impl Fn(usize) -> bool) -> usize {
    let Range { mut start, mut end } = places;
    while start < end {
        let middle = start + (end - start) / 2;
        match holds(middle) {
            true => start = middle + 1,
            false => end = middle,
        }
    }
    start
}

#[cfg(test)]
mod tests {
    use super::super::constraint::Constraint;
    use super::*;
    use crate::parameter::Parameter;

    /// Grids with every kind of comparison, of the last axis and of others, on lists and ranges.
    const CASES: [(&str, &str, &str); 18] = [
        ("a=1:9", "b=1:9", "a < b"),
        ("a=1:9", "b=2:12:3", "b <= a && b != 5"),
        ("a=1:9", "b=2:12:3", "5 != b && 8 != b && b != 8 && a != 2"),
        ("a=1:9", "b=0.5:4.5:0.25", "a == b"),
        ("a=3,1,2", "b=5,0,2,1", "b >= a && a != 3"),
        ("a=1:3", "b=1:40", "b > 11.5 && b < 30 && 20 >= a && b == b"),
        ("a=1:3", "b=1:40", "b != b"),
        ("a=1:3", "b=1:4", "1 < 2 && 2 >= 2"),
        ("a=1:3", "b=1:4", "b <= 0"),
        ("a=-3:3", "b=-9:9:2", "a > b && b >= -7 && b <= -7"),
        ("a=1:9", "b=2:12:3", "2 * a < b and b != 8"),
        ("a=1:9", "b=0.5:4.5:0.25", "3 - 2 * b >= a / 3 - 2 or a == b"),
        ("a=-3:3", "b=-9:9:2", "b / a > 1"),
        ("a=-3:3", "b=-9:9:2", "1 - b / a > 1 and -b != a"),
        ("a=0:3", "b=1:9", "a / b == 0.5 or not b % 2 == 0"),
        ("a=1:3", "b=1:9", "a == 2 and (a > 1 ? b > 5 : b < 2)"),
        ("a=3,1,2", "b=5,0,2,1", "a + b > 3 and b >= a"),
        ("a=1:3", "b=1:9", "1 > 2 or b > nan"),
    ];

    #[test]
    fn rows_are_counted_and_skipped_as_they_are_walked() {
        for (a, b, text) in CASES {
            let parameters: Vec<Parameter> = [a, b].map(|one| one.parse().unwrap()).to_vec();
            let constraint = Constraint::parse(text, &["a", "b"]).unwrap();
            let program = Program::new(&parameters, &[constraint]).unwrap();
            let product = (parameters[0].count() * parameters[1].count()) as u64;
            let mut walk = Walk::new(&program, 0);
            let mut points = Vec::new();
            for place in 0..product {
                points.extend(walk.holds().then_some(place));
                walk.advance();
            }
            for from in 0..product {
                let behind = points.iter().filter(|point| **point >= from).copied().collect::<Vec<_>>();
                for places in 1..=product - from {
                    let expected = behind.iter().filter(|point| **point < from + places).count() as u64;
                    let mut walk = Walk::new(&program, from);
                    assert_eq!(walk.count(places), expected, "{text}: {places} from {from}");
                    assert_eq!(walk.indices, Walk::new(&program, from + places).indices);
                }
                for (at, point) in behind.iter().enumerate() {
                    let mut walk = Walk::new(&program, from);
                    let steps = walk.skip(at as u64, product - from);
                    let steps = steps + walk.seek();
                    assert_eq!(from + steps, *point, "{text}: point {at} from {from}");
                    assert_eq!(walk.indices, Walk::new(&program, *point).indices);
                }
            }
        }
    }
}
