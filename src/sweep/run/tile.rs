//! Tiles: slabs that one worker runs together, so that a column is read from afar once for many trials.
//!
//! In grid order the last parameter changes fastest, and each trial reads a column that none of the last dozens has: the
//! columns of all its values are more than the second cache holds. Within a tile, trials with the same last value are run
//! one after the other. Their results go to the places that they have in grid order.

#![forbid(unsafe_code)]

use std::ops::Range;

use crate::sweep::grid::Point;
use crate::sweep::results::Slab;

/// The most slabs of a tile: 512 points are some six rows of a grid, whose columns fit the second cache.
const SLABS: usize = 8;

/// Tiles for each thread, at least: who is done early finds more.
const TILES_A_THREAD: usize = 4;

/// Bars up to which columns fit a cache at all: 128 KiB each.
const FEW_BARS: usize = 1 << 14;

/// How the points of a sweep are cut into tiles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiles {
    points: usize,
    assets: usize,
    /// Slabs of a tile, and tiles of an asset.
    slabs: usize,
    tiles: usize,
}

/// Some consecutive slabs of one asset.
#[derive(Debug)]
pub(super) struct Tile {
    /// The asset's position.
    pub(super) asset: usize,
    /// By their places among those of all assets.
    pub(super) slabs: Range<usize>,
    pub(super) points: Range<usize>,
}

impl Tiles {
    pub(super) fn new(points: usize, assets: usize, threads: usize) -> Self {
        let each = Slab::count(points);
        let slabs = (each * assets / (threads * TILES_A_THREAD)).clamp(1, SLABS);
        Self { points, assets, slabs, tiles: each.div_ceil(slabs) }
    }

    /// A tile by its place; `None` past the last one.
    pub(super) fn get(&self, place: usize) -> Option<Tile> {
        let (asset, tile) = (place / self.tiles, place % self.tiles);
        let each = Slab::count(self.points);
        let slabs = tile * self.slabs..each.min((tile + 1) * self.slabs);
        let points =
            Slab::place(self.points, slabs.start).1.start..Slab::place(self.points, slabs.end - 1).1.end;
        let slabs = asset * each + slabs.start..asset * each + slabs.end;
        (asset < self.assets).then_some(Tile { asset, slabs, points })
    }
}

/// The order in which the points of a tile are run, for an asset of so many bars.
pub(super) fn order(points: &[Point<'_>], bars: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    let parameters = points.first().map_or(0, |point| point.len());
    if parameters > 1 && bars <= FEW_BARS {
        order.sort_by_key(|point| points[*point].index(parameters - 1));
    }
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
            let tiles = Tiles::new(points, assets, threads);
            let all: Vec<Tile> = (0..).map_while(|place| tiles.get(place)).collect();
            let slabs: Vec<usize> = all.iter().flat_map(|tile| tile.slabs.clone()).collect();
            assert!(slabs.into_iter().eq(0..assets * Slab::count(points)));
            for tile in &all {
                let own: Vec<_> = tile.slabs.clone().map(|slab| Slab::place(points, slab)).collect();
                assert!(own.iter().all(|(asset, _)| *asset == tile.asset));
                assert_eq!(tile.points, own[0].1.start..own[own.len() - 1].1.end);
                assert!(tile.slabs.len() <= SLABS);
            }
            assert!(all.len() >= (threads * TILES_A_THREAD).min(assets * Slab::count(points)) / 2);
        }
    }

    #[test]
    fn trials_that_share_the_last_value_are_run_one_after_the_other() {
        let grid = Grid::new(vec!["a=1:3".parse().unwrap(), "b=1:2".parse().unwrap()], &[]).unwrap();
        let points: Vec<Point<'_>> = grid.points().collect();
        assert_eq!(order(&points, 100), [0, 2, 4, 1, 3, 5]);
        assert_eq!(order(&points, 1 << 20), [0, 1, 2, 3, 4, 5]);
    }
}
