//! Whether the results of a sweep fit into memory, asked before it runs.

#![forbid(unsafe_code)]

use std::fs;

use crate::error::Error;
use crate::sweep::Sweep;
use crate::sweep::grid::Grid;
use crate::sweep::results::{Keep, Recipe, Slab};

/// Sees whether there is memory for the trials of a sweep.
///
/// # Errors
/// `Invalid` where their results would not fit into the memory that is available now, or cannot be counted.
pub(super) fn check_trials(assets: usize, grid: &Grid, keep: &Keep) -> Result<(), Error> {
    let points = grid.len();
    let each = bytes_each(grid, keep);
    let way_out = match keep {
        Keep::All => "sweep fewer values or assets, or keep fewer points by a filter",
        Keep::Best(_) => "sweep fewer assets at a time, or keep fewer of each",
    };
    check(assets, points, each, available_bytes(), way_out)
}

/// Bytes of the results of one asset, at most; none beyond what can be counted.
fn bytes_each(grid: &Grid, keep: &Keep) -> Option<usize> {
    match keep {
        Keep::All => grid.len().checked_mul(Slab::ROW_BYTES),
        Keep::Best(wanted) => Recipe::new(wanted.clone(), grid).bytes(grid.len()),
    }
}

impl Sweep {
    /// Bytes that its results take in memory, at most, over a grid and so many assets; `None` beyond what can be counted.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{strategies::SmaCross, sweep::*};
    /// let (all, best) = (Sweep::new(), Sweep::new().keep(Keep::Best(Best { count: 10, ..Best::default() })));
    /// let grid = all.grid::<SmaCross>()?;
    /// assert!(all.results_bytes(&grid, 2) == all.results_bytes(&grid, 1).map(|one| 2 * one));
    /// assert!(best.results_bytes(&grid, 1).is_some());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn results_bytes(&self, grid: &Grid, assets: usize) -> Option<usize> {
        bytes_each(grid, &self.keep).and_then(|each| each.checked_mul(assets))
    }
}

fn check(
    assets: usize,
    points: usize,
    each: Option<usize>,
    available: Option<usize>,
    way_out: &str,
) -> Result<(), Error> {
    let bytes = each.and_then(|each| each.checked_mul(assets));
    match bytes {
        Some(bytes) if available.is_none_or(|available| bytes <= available) => Ok(()),
        _ => {
            let available =
                available.map_or_else(String::new, |bytes| format!(", {} are available", gigabytes(bytes)));
            let needed = bytes.map_or_else(|| "more than can be counted".to_owned(), gigabytes);
            let message = format!(
                "{points} points on {assets} assets need {needed} for their results{available}; {way_out}"
            );
            Err(Error::invalid("sweep", message))
        }
    }
}

fn gigabytes(bytes: usize) -> String {
    // Tenths are enough, and whole numbers need no rounding rule.
    let tenths = bytes / 100_000_000;
    format!("{}.{} GB", tenths / 10, tenths % 10)
}

/// Bytes that can be had without swapping, as Linux estimates it; `None` where nothing tells.
fn available_bytes() -> Option<usize> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: usize = line.trim().trim_end_matches("kB").trim_end().parse().ok()?;
    let machine = kibibytes.checked_mul(1024)?;
    let limit =
        fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    Some(limit.map_or(machine, |limit: usize| limit.min(machine)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::metrics::Metric;
    use crate::sweep::results::Best;

    #[test]
    fn results_that_do_not_fit_are_refused_with_their_size() {
        let all = |points: usize| points.checked_mul(Slab::ROW_BYTES);
        assert!(check(5, 78_600, all(78_600), Some(1 << 30), "").is_ok());
        let error = check(5, 81_000_000, all(81_000_000), Some(8_000_000_000), "sweep less").unwrap_err();
        assert_eq!(
            error.to_string(),
            "sweep: 81000000 points on 5 assets need 174.9 GB for their results, 8.0 GB are available; sweep less"
        );
        let countless = check(2, usize::MAX, all(usize::MAX), None, "").unwrap_err().to_string();
        assert!(countless.contains("more than can be counted"));
    }

    #[test]
    fn the_best_of_a_billion_points_take_under_100_mb() {
        let parameters = ["a=1:1000", "b=1:1000", "c=1:10", "d=1:100"].map(|one| one.parse().unwrap());
        let grid = Grid::new(parameters.to_vec(), &[]).unwrap();
        let bytes = Recipe::new(Best::default(), &grid).bytes(grid.len()).unwrap();
        assert!(grid.len() == 1_000_000_000 && bytes < 100_000_000, "{bytes} bytes");
    }

    #[test]
    fn a_result_takes_its_metrics_four_sums_and_two_for_each_of_sixteen_blocks() {
        assert_eq!(Slab::ROW_BYTES, 8 * (Metric::ALL.len() + 4 + 2 * 16));
    }
}
