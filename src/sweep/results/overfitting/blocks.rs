//! What a trial leaves for cross-validation: sums of its returns, block by block.

#![forbid(unsafe_code)]

use std::ops::Range;

/// Blocks that a run is cut into unless it is said otherwise: 12,870 ways to choose half of them.
pub(in crate::sweep) const BLOCKS: usize = 16;

/// Sums of a trial's returns and of their squares over `S` blocks of consecutive bars: 256 bytes for 16 blocks.
///
/// The blocks are as long as they can be alike; all trials that are compared have the same bars.
///
/// # Examples
/// ```
/// use lookback::sweep::BlockSums;
/// let sums = BlockSums::<2>::of_returns(&[0.5, 0.25, -0.5, 0.0]);
/// assert_eq!((sums.returns, sums.squares), ([0.75, -0.5], [0.3125, 0.25]));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BlockSums<const S: usize = BLOCKS> {
    /// The sum of the returns of each block.
    pub returns: [f64; S],
    /// The sum of their squares.
    pub squares: [f64; S],
}

impl<const S: usize> BlockSums<S> {
    /// Of the return of each bar, oldest first.
    #[must_use]
    pub fn of_returns(returns: &[f64]) -> Self {
        let mut sums = Self { returns: [0.0; S], squares: [0.0; S] };
        for block in 0..S {
            let bars = &returns[block_of(returns.len(), S, block)];
            sums.returns[block] = bars.iter().sum();
            sums.squares[block] = bars.iter().map(|one| one * one).sum();
        }
        sums
    }

    /// Of a pair for each block: its return and its square.
    pub(in crate::sweep) fn of_pairs(pairs: &[[f64; 2]; S]) -> Self {
        Self { returns: pairs.map(|[returns, _]| returns), squares: pairs.map(|[_, squares]| squares) }
    }

    /// Whether its returns vary at all: without, it has no Sharpe ratio.
    pub(super) fn has_sharpe(&self) -> bool {
        self.squares.iter().any(|square| *square > 0.0)
    }
}

/// The bars of one of so many blocks.
pub(in crate::sweep) fn block_of(bars: usize, blocks: usize, block: usize) -> Range<usize> {
    // Blocks are few and bars fit memory: the product fits a word.
    block * bars / blocks..(block + 1) * bars / blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_is_in_one_block_and_blocks_differ_by_a_bar_at_most() {
        for bars in [0, 5, 16, 2520, 2535] {
            let blocks: Vec<_> = (0..16).map(|block| block_of(bars, 16, block)).collect();
            assert!(blocks.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert_eq!((blocks[0].start, blocks[15].end), (0, bars));
            assert!(blocks.iter().all(|block| (bars / 16..=bars.div_ceil(16)).contains(&block.len())));
        }
    }
}
