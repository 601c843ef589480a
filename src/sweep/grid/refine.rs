//! A finer grid around some points of a grid.

#![forbid(unsafe_code)]

use std::collections::BTreeSet;

use super::draw::check_held;
use super::walk::Walk;
use super::{Grid, Point};
use crate::error::Error;
use crate::parameter::Parameter;

/// The most parameters that are changed all at once: 3^8 - 1 points around each. Beyond, one is changed at a time.
const MOST_AT_ONCE: usize = 8;

/// A parameter with values between those that it had.
#[derive(Clone, Debug)]
struct Finer {
    parameter: Parameter,
    /// Places from one of the old values to the next.
    step: u64,
    /// Places to the values that are tried on either side of an old one; 0 for none.
    aside: u64,
}

impl Finer {
    fn new(old: &Parameter) -> Self {
        if old.choices().is_some() || old.count() == 1 {
            return Self { parameter: old.clone(), step: 1, aside: 0 };
        }
        match old.between() {
            Some((parameter, step)) => Self { parameter, aside: step / 2, step },
            // Nothing is between 5 and 6 bars, or two that were listed: the next value on either side is tried.
            None => Self { parameter: old.clone(), step: 1, aside: 1 },
        }
    }
}

impl Grid {
    /// Its points, and those halfway to the next values around some of them, in the order of the finer grid.
    ///
    /// A range gets values in the middle of each step; one of whole numbers keeps to whole ones. Where there is nothing
    /// between two values, and of values that were listed or are spaced by logarithms, the next ones are tried. Expressions
    /// to choose from stay as they are, and constraints hold.
    ///
    /// # Errors
    /// `BadParameter` where the finer product has more than 10^9 places, or there are more than 10,000,000 points.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["n=10:50:10".parse()?], &[])?;
    /// let refined = grid.refine(&[grid.point(2)])?; // of 30
    /// let values: Vec<String> = refined.points().map(|point| point.decimal("n").unwrap().to_string()).collect();
    /// assert_eq!(values, ["10", "20", "25", "30", "35", "40", "50"]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn refine(&self, around: &[Point<'_>]) -> Result<Self, Error> {
        check_held("refine", self.len())?;
        let finer: Vec<Finer> = self.parameters.iter().map(Finer::new).collect();
        let parameters = finer.iter().map(|one| one.parameter.clone()).collect();
        let fine = Self::with(parameters, self.constraints.clone(), None)?;
        let counts: Vec<u64> = finer.iter().map(|one| one.parameter.count() as u64).collect();
        let weights: Vec<u64> = (0..counts.len()).map(|at| counts[at + 1..].iter().product()).collect();
        let place = |point: Point<'_>| -> u64 {
            let places = finer.iter().zip(&weights).enumerate();
            places.map(|(at, (one, weight))| point.index(at) as u64 * one.step * weight).sum()
        };
        let mut places: BTreeSet<u64> = self.points().map(place).collect();
        let walk = |raw: u64| fine.program.is_empty() || Walk::new(&fine.program, raw).holds();
        for point in around {
            let mut found = vec![(place(*point), false)];
            for (at, one) in finer.iter().enumerate().filter(|(_, one)| one.aside > 0) {
                let index = point.index(at) as u64 * one.step;
                let mut changed = Vec::new();
                for &(raw, is_changed) in &found {
                    if is_changed && finer.len() > MOST_AT_ONCE {
                        continue;
                    }
                    if index >= one.aside {
                        changed.push((raw - one.aside * weights[at], true));
                    }
                    if index + one.aside < counts[at] {
                        changed.push((raw + one.aside * weights[at], true));
                    }
                }
                found.append(&mut changed);
            }
            places.extend(found.into_iter().map(|(raw, _)| raw).filter(|raw| walk(*raw)));
            check_held("refine", places.len())?;
        }
        Ok(fine.only(places.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(parameters: &[&str], constraints: &[&str]) -> Grid {
        Grid::new(parameters.iter().map(|one| one.parse().unwrap()).collect(), constraints).unwrap()
    }

    fn told(grid: &Grid) -> Vec<String> {
        let text =
            |point: Point<'_>| point.told().map(|(_, one)| one.to_string()).collect::<Vec<_>>().join(" ");
        grid.points().map(text).collect()
    }

    fn around(grid: &Grid, index: usize) -> Vec<String> {
        told(&grid.refine(&[grid.point(index)]).unwrap())
    }

    #[test]
    fn halves_of_a_step_are_tried_and_whole_numbers_stay_whole() {
        assert_eq!(around(&grid(&["x=0:1:0.5"], &[]), 1), ["0", "0.25", "0.5", "0.75", "1"]);
        assert_eq!(around(&grid(&["n=10:20:5"], &[]), 1), ["10", "13", "15", "17", "20"]);
        assert_eq!(around(&grid(&["n=1:5"], &[]), 2), ["1", "2", "3", "4", "5"]);
        assert_eq!(around(&grid(&["n=4:8:4"], &[]), 0), ["4", "6", "8"]); // 2 is beyond the range
        assert_eq!(around(&grid(&["source=close,open", "n=1,5,9"], &[]), 1).len(), 6);
    }

    #[test]
    fn constraints_hold_and_no_old_point_is_lost() {
        let old = grid(&["a=2:10:4", "b=2:10:4"], &["a < b"]);
        let fine = around(&old, 1); // 2 10
        assert!(told(&old).iter().all(|point| fine.contains(point)), "{fine:?}");
        assert_eq!(fine, ["2 6", "2 8", "2 10", "4 8", "4 10", "6 10"]);
    }

    #[test]
    fn around_points_that_were_drawn_those_are_tried_that_were_not() {
        let drawn = grid(&["a=1:30", "b=1:30"], &[]).random(9, 3).unwrap();
        let fine = drawn.refine(&[drawn.point(4)]).unwrap();
        assert!(fine.len() > 9 + 2 && fine.len() <= 9 + 8, "{}", fine.len());
    }
}
