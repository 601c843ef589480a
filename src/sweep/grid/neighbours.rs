//! The points around a point: what a small change of its parameters leads to.

#![forbid(unsafe_code)]

use super::{Grid, Point};

/// The most parameters of which all are changed at once: 3^5 - 1 points around. Beyond, one is changed at a time.
const MOST_AT_ONCE: usize = 5;

impl Grid {
    /// The index of the point at a place of the product; none where no point is there.
    fn index_at(&self, raw: u64) -> Option<usize> {
        let (mut start, mut end) = (0, self.len());
        while start < end {
            let middle = start + (end - start) / 2;
            match self.point(middle).raw.cmp(&raw) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => start = middle + 1,
                std::cmp::Ordering::Greater => end = middle,
            }
        }
        None
    }

    /// The points of which each parameter has the same value or the next on either side, in grid order, without the point
    /// itself; with more than five parameters, those that differ in one.
    pub(in crate::sweep) fn neighbours(&self, point: Point<'_>) -> Vec<usize> {
        let counts: Vec<u64> = self.parameters.iter().map(|one| one.count() as u64).collect();
        // Places from one value of a parameter to its next, and which value the point has.
        let steps: Vec<u64> = (0..counts.len()).map(|at| counts[at + 1..].iter().product()).collect();
        let index = |at: usize| point.raw / steps[at] % counts[at];
        let mut places = vec![(point.raw, false)];
        for at in 0..counts.len() {
            let mut changed = Vec::new();
            for &(raw, is_changed) in &places {
                if is_changed && counts.len() > MOST_AT_ONCE {
                    continue;
                }
                if index(at) > 0 {
                    changed.push((raw - steps[at], true));
                }
                if index(at) + 1 < counts[at] {
                    changed.push((raw + steps[at], true));
                }
            }
            places.append(&mut changed);
        }
        let around = places.into_iter().filter(|(_, is_changed)| *is_changed);
        let mut found: Vec<usize> = around.filter_map(|(raw, _)| self.index_at(raw)).collect();
        found.sort_unstable();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_step_away_and_on_the_grid() {
        let grid =
            Grid::new(vec!["fast=1:3".parse().unwrap(), "slow=2:4".parse().unwrap()], &["fast < slow"])
                .unwrap();
        let texts = |index: usize| {
            let values =
                |index| grid.point(index).iter().map(|(_, value)| value.to_string()).collect::<String>();
            grid.neighbours(grid.point(index)).into_iter().map(values).collect::<Vec<_>>().join(" ")
        };
        let all: Vec<usize> = grid.points().map(|point| grid.index_at(point.raw).unwrap()).collect();
        assert_eq!(all, [0, 1, 2, 3, 4, 5]);
        assert_eq!(texts(0), "13 23"); // of 12; 22 is no point
        assert_eq!(texts(1), "12 14 23 24"); // of 13
        assert_eq!(texts(5), "23 24"); // of 34
    }

    #[test]
    fn with_many_parameters_one_is_changed_at_a_time() {
        let parameters = ["a", "b", "c", "d", "e", "f"].map(|name| format!("{name}=1:3").parse().unwrap());
        let grid = Grid::new(parameters.to_vec(), &[]).unwrap();
        assert_eq!(grid.neighbours(grid.point(0)).len(), 6);
        assert_eq!(grid.neighbours(grid.point(grid.len() / 2)).len(), 12);
        let alone = Grid::new(Vec::new(), &[]).unwrap();
        assert!(alone.neighbours(alone.point(0)).is_empty());
    }
}
