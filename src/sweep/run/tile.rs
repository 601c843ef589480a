//! Tiles: slabs that one worker runs together, so that a column is read from afar once for many trials.
//!
//! In grid order the last parameter changes fastest, and each trial reads a column that none of the last dozens has: the
//! columns of all its values are more than the second cache holds, and may be more than the portal's cache does. Within a
//! tile the last parameter changes last, and the first ones, of which it sees few values, fastest: a column of the last
//! serves all trials that share it, one after the other, and the few others stay. Results go to the places that they
//! have in grid order.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sweep::grid::Point;
use crate::sweep::results::Slab;

/// The most slabs of a tile: 512 points are some six rows of a grid, whose columns fit the second cache.
const SLABS: usize = 8;

/// Tiles for each thread, at least: who is done early finds more.
const TILES_A_THREAD: usize = 4;

/// How the slabs of a sweep are handed out.
#[derive(Debug)]
pub(in crate::sweep) struct Tiles {
    points: usize,
    /// Slabs of a tile.
    slabs: usize,
    /// The slabs that nobody has begun, by their places among those of all assets.
    next: AtomicUsize,
    end: usize,
}

/// Some consecutive slabs of one asset.
#[derive(Debug)]
pub(in crate::sweep) struct Tile {
    /// The asset's position.
    pub(in crate::sweep) asset: usize,
    /// By their places among those of all assets.
    pub(in crate::sweep) slabs: Range<usize>,
    pub(in crate::sweep) points: Range<usize>,
    /// Whether no tile of the asset comes before it.
    pub(in crate::sweep) is_first: bool,
}

impl Tiles {
    pub(in crate::sweep) fn new(points: usize, span: Range<usize>, threads: usize) -> Self {
        let slabs = (span.len() / (threads * TILES_A_THREAD)).clamp(1, SLABS);
        Self { points, slabs, next: AtomicUsize::new(span.start), end: span.end }
    }

    /// The next tile, in order; `None` past the last one.
    pub(in crate::sweep) fn next(&self) -> Option<Tile> {
        let each = Slab::count(self.points);
        let end = |start: usize| (start + self.slabs).min((start / each + 1) * each).min(self.end);
        let go_on = |start: usize| (start < self.end).then(|| end(start));
        // ORDERING: Relaxed, the number is all that it says.
        let start = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, go_on).ok()?;
        let slabs = start..end(start);
        let (asset, first) = Slab::place(self.points, slabs.start);
        let points = first.start..Slab::place(self.points, slabs.end - 1).1.end;
        Some(Tile { asset, slabs, points, is_first: first.start == 0 })
    }
}

/// The order in which the points of a tile are run: by their last value, then by the one before it.
pub(in crate::sweep) fn order(points: &[Point<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    let parameters = points.first().map_or(0, |point| point.len());
    let indices = |point: usize| (0..parameters).rev().map(move |at| points[point].index(at));
    order.sort_by(|a, b| indices(*a).cmp(indices(*b)));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::grid::Grid;

    #[test]
    fn tiles_hold_every_slab_once_and_no_thread_waits_for_one_of_them() {
        for (points, assets, threads) in
            [(1, 1, 1), (64, 3, 2), (65, 1, 8), (3_930, 1, 1), (3_930, 20, 2), (700, 2, 64)]
        {
            let span = assets * Slab::count(points) / 9..assets * Slab::count(points);
            let tiles = Tiles::new(points, span.clone(), threads);
            let all: Vec<Tile> = std::iter::from_fn(|| tiles.next()).collect();
            let slabs: Vec<usize> = all.iter().flat_map(|tile| tile.slabs.clone()).collect();
            assert!(slabs.into_iter().eq(span.clone()));
            for tile in &all {
                let own: Vec<_> = tile.slabs.clone().map(|slab| Slab::place(points, slab)).collect();
                assert!(own.iter().all(|(asset, _)| *asset == tile.asset));
                assert_eq!(tile.points, own[0].1.start..own[own.len() - 1].1.end);
                assert!(tile.slabs.len() <= SLABS);
            }
            assert!(all.len() >= (threads * TILES_A_THREAD).min(span.len()) / 2);
        }
    }

    #[test]
    fn the_last_parameter_changes_last_and_the_first_fastest() {
        let grid = |parameters: &[&str]| {
            Grid::new(parameters.iter().map(|one| one.parse().unwrap()).collect(), &[]).unwrap()
        };
        let order = |grid: &Grid| order(&grid.points().collect::<Vec<Point<'_>>>());
        assert_eq!(order(&grid(&["a=1:3", "b=1:2"])), [0, 2, 4, 1, 3, 5]);
        assert_eq!(order(&grid(&["a=1:2", "b=1:2", "c=1:2"])), [0, 4, 2, 6, 1, 5, 3, 7]);
        assert_eq!(order(&grid(&[])), [0]);
    }
}
