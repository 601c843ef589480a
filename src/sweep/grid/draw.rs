//! Points drawn at random: so many of a grid, each as likely as any other, none twice.

#![forbid(unsafe_code)]

use std::collections::HashSet;
use std::sync::Arc;

use super::Grid;
use crate::error::Error;
use crate::sweep::random::Random;

/// The most points that are held one by one: 80 MB of their places.
pub(super) const MOST_HELD: usize = 10_000_000;

impl Grid {
    /// So many of its points, drawn at random without replacement, in grid order; all of them where there are not more.
    ///
    /// The same points for the same seed, whatever the machine.
    ///
    /// - Source: Floyd's algorithm: Bentley, Programming Pearls: a sample of brilliance (1987).
    ///
    /// # Errors
    /// `BadParameter` where no point or more than 10,000,000 are asked for.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["fast=5:50".parse()?, "slow=20:200:2".parse()?], &["fast < slow"])?;
    /// let drawn = grid.clone().random(100, 7)?;
    /// assert_eq!((drawn.len(), drawn == grid.clone().random(100, 7)?), (100, true));
    /// assert_eq!(grid.clone().random(1_000_000, 7)?, grid);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn random(self, count: usize, seed: u64) -> Result<Self, Error> {
        if count == 0 {
            return Err(Error::bad_parameter("random", "0 points are drawn, expected 1 at least"));
        }
        if count >= self.len() {
            return Ok(self);
        }
        check_held("random", count)?;
        let (mut random, mut drawn) = (Random::new(seed), HashSet::with_capacity(count));
        for last in self.len() - count..self.len() {
            let one = random.below(last + 1);
            if !drawn.insert(one) {
                drawn.insert(last);
            }
        }
        let mut drawn: Vec<usize> = drawn.into_iter().collect();
        drawn.sort_unstable();
        let places = drawn.into_iter().map(|index| self.point(index).raw).collect();
        Ok(self.only(places))
    }

    /// The points at some places of its product, which are ascending and where its constraints hold.
    pub(super) fn only(self, places: Arc<[u64]>) -> Self {
        Self { len: places.len(), only: Some(places), ..self }
    }

    /// Whether it has not all points of its product that its constraints leave.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["fast=5:50".parse()?], &[])?;
    /// assert!(!grid.is_drawn() && grid.random(5, 0)?.is_drawn());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn is_drawn(&self) -> bool {
        self.only.is_some()
    }

    /// How many points its constraints leave of its product, whether drawn or not.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Grid;
    /// let grid = Grid::new(vec!["fast=5:50".parse()?], &[])?.random(5, 0)?;
    /// assert_eq!((grid.len(), grid.whole_len()), (5, 46));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn whole_len(&self) -> usize {
        usize::try_from(self.slabs.points()).unwrap_or(usize::MAX)
    }
}

/// Refuses more points than are held one by one.
pub(super) fn check_held(subject: &str, count: usize) -> Result<(), Error> {
    if count <= MOST_HELD {
        return Ok(());
    }
    let message = format!("{count} points would be held one by one, at most {MOST_HELD} are");
    Err(Error::bad_parameter(subject, message))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn grid() -> Grid {
        Grid::new(vec!["a=1:7".parse().unwrap(), "b=1:9".parse().unwrap()], &["a < b"]).unwrap()
    }

    fn places(grid: &Grid) -> Vec<u64> {
        grid.points().map(|point| point.raw).collect()
    }

    #[test]
    fn drawn_points_are_points_of_the_grid_in_its_order_and_none_twice() {
        let (whole, all) = (grid(), places(&grid()));
        for count in 1..whole.len() {
            let drawn = whole.clone().random(count, count as u64).unwrap();
            let found = places(&drawn);
            assert_eq!(found.len(), count);
            assert!(found.is_sorted_by(|a, b| a < b) && found.iter().all(|place| all.contains(place)));
            let from = count / 2;
            let later: Vec<u64> = drawn.points_from(from).map(|point| point.raw).collect();
            assert_eq!((later, drawn.point(from).raw), (found[from..].to_vec(), found[from]));
        }
        assert_ne!(places(&whole.clone().random(9, 1).unwrap()), places(&whole.random(9, 2).unwrap()));
    }

    #[test]
    fn each_point_is_as_likely_as_any_other() {
        let whole = grid();
        let mut counts: HashMap<u64, usize> = HashMap::new();
        for seed in 0..4_000 {
            let drawn = whole.clone().random(10, seed).unwrap();
            places(&drawn).into_iter().for_each(|place| *counts.entry(place).or_default() += 1);
        }
        let expected = 40_000 / whole.len();
        assert_eq!(counts.len(), whole.len());
        assert!(
            counts.values().all(|count| count.abs_diff(expected) < expected / 5),
            "{expected}: {counts:?}"
        );
    }

    #[test]
    fn a_number_that_cannot_be_is_refused() {
        assert!(grid().random(0, 0).unwrap_err().to_string().contains("expected 1 at least"));
        let wide = || Grid::new(vec!["a=1:9000".parse().unwrap(), "b=1:9000".parse().unwrap()], &[]).unwrap();
        let error = wide().random(10_000_001, 0).unwrap_err().to_string();
        assert_eq!(error, "random: 10000001 points would be held one by one, at most 10000000 are");
    }
}
