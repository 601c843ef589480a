//! The probability of backtest overfitting, by combinatorially symmetric cross-validation.
//!
//! The run is cut into blocks. For every way to choose half of them, the trial with the best Sharpe ratio over these is
//! looked up over the other half: how often is it no better there than the median of all trials?
//!
//! # Algorithm
//! With 16 blocks that is 12,870 times as many Sharpe ratios as there are trials, so a ratio costs a dozen operations on
//! vectors and no division:
//! - *Meet in the middle.* The sums over any half of the blocks are one of 256 sums over the first 8 blocks and one of
//!   256 over the last 8: one addition instead of seven. Unlike sums that are carried along from split to split they do
//!   not drift, so that trials of equal returns tie to the bit and a trial that did nothing has sums of exactly 0.
//! - *No root, no division.* All trials have the same bars, so a Sharpe ratio orders them as s |s| / q does, with s the
//!   sum of returns and q that of squares; and two of these compare as products across.
//! - *Two passes.* The first finds the best trial of each split, and does no more for others than find out that none of
//!   [`LANES`] is better; the second counts how many are below it in the other half.
//!
//! Trials are taken in chunks whose size depends on their number alone, and chunks are put together in order: the result
//! is the same to the bit for any number of threads.

#![forbid(unsafe_code)]

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use super::blocks::BlockSums;
use crate::sweep::broker::bars_f64;

/// Trials side by side: their tables of sums, 256 KiB for 16 blocks, stay in the second cache.
const LANES: usize = 32;

/// Vectors that a loop over the lanes keeps apart, so that one addition does not wait for the one before.
const STRIDE: usize = 8;

/// The fewest trials of a chunk: below, the tables of the splits cost more than another thread brings.
const FEWEST: usize = 16 * LANES;

/// The most chunks: each holds a best trial for each split, some 300 kB for 16 blocks.
const MOST_CHUNKS: usize = 64;

/// Added to a sum of squares: a trial without a return in half of the blocks has a ratio of 0 there. Any other sum is
/// larger by so much that the addition does not change it.
const NOTHING: f64 = 1e-200;

/// What cross-validation found.
///
/// # Examples
/// ```
/// use lookback::sweep::{BlockSums, CrossValidation};
/// // Of three trials the first is the best in every block: its rank holds.
/// let trial = |mean: f64| BlockSums { returns: [mean; 16], squares: [1.0; 16] };
/// let found = CrossValidation::new(&[trial(0.3), trial(0.2), trial(0.1)]).unwrap();
/// assert_eq!((found.splits, found.overfitting), (12_870, 0.0));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CrossValidation {
    /// Trials that have a Sharpe ratio.
    pub trials: usize,
    /// Ways to choose half of the blocks.
    pub splits: usize,
    /// The probability of backtest overfitting: the share of splits in which the best trial of one half is not above the
    /// median of all in the other.
    pub overfitting: f64,
    /// The share of splits in which the best trial of one half loses money in the other.
    pub loss: f64,
    /// The mean over the splits of the best trial's rank in the other half, as a share of 1: 0.5 for pure luck.
    pub mean_rank: f64,
}

impl CrossValidation {
    /// Cross-validates trials, in grid order, by their Sharpe ratio; `None` for fewer than two trials that have one.
    ///
    /// The rank of a trial that ties with others is the mean of theirs. Where two are the best, it is the first.
    ///
    /// - Source: Bailey, Borwein, López de Prado, Zhu, The Probability of Backtest Overfitting (2017).
    ///
    /// # Panics
    /// Where the number of blocks is odd, below 2 or above 24.
    #[must_use]
    pub fn new<const S: usize>(trials: &[BlockSums<S>]) -> Option<Self> {
        assert!(
            S.is_multiple_of(2) && (2..=24).contains(&S),
            "{S} blocks, expected an even number from 2 to 24"
        );
        let trials: Vec<BlockSums<S>> = trials.iter().filter(|trial| trial.has_sharpe()).copied().collect();
        if trials.len() < 2 {
            return None;
        }
        let splits = splits(S / 2);
        let chunk = trials.len().div_ceil(MOST_CHUNKS).max(FEWEST).next_multiple_of(LANES);
        let chunks: Vec<Vec<Best>> = trials
            .par_chunks(chunk)
            .enumerate()
            .map(|(at, trials)| best(trials, at * chunk, &splits))
            .collect();
        let mut chunks = chunks.into_iter();
        let mut winners = chunks.next()?;
        for chunk in chunks {
            for (winner, other) in winners.iter_mut().zip(chunk) {
                if winner.is_below(other.lead, other.squares) {
                    *winner = other;
                }
            }
        }
        let outside: Vec<Best> = (winners.iter().zip(&splits))
            .map(|(winner, split)| Best::of(&trials[winner.trial], winner.trial, split.other(S / 2)))
            .collect();
        let counts = trials
            .par_chunks(chunk)
            .map(|trials| ranks(trials, &splits, &outside))
            .collect::<Vec<_>>()
            .into_iter()
            .reduce(|mut sum, counts| {
                sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
                sum
            })?;
        Some(Self::of_counts(trials.len(), &counts, &outside))
    }

    /// `counts` holds, for each split, twice the number of trials below the best plus that of those which tie with it.
    fn of_counts(trials: usize, counts: &[u64], outside: &[Best]) -> Self {
        // A rank from 1 to n by n + 1, doubled: the best itself is among those that tie.
        let full = 2 * (trials as u64 + 1);
        let not_above = counts.iter().filter(|count| 2 * (**count + 1) <= full).count();
        let lost = outside.iter().filter(|best| best.lead < 0.0).count();
        // Whole numbers below 2^53: exact in any order.
        let ranks: u64 = counts.iter().map(|count| count + 1).sum();
        let splits = bars_f64(counts.len());
        Self {
            trials,
            splits: counts.len(),
            overfitting: bars_f64(not_above) / splits,
            loss: bars_f64(lost) / splits,
            mean_rank: whole(ranks) / whole(full) / splits,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "12,870 ranks of a billion trials stay below 2^53")]
fn whole(count: u64) -> f64 {
    count as f64
}

/// Half of the blocks, as two sets: of the blocks in the first half of the run, and in the second.
#[derive(Clone, Copy, Debug)]
struct Split {
    left: usize,
    right: usize,
}

impl Split {
    /// The blocks that are not in it.
    fn other(self, half: usize) -> Self {
        let all = (1 << half) - 1;
        Self { left: all ^ self.left, right: all ^ self.right }
    }
}

/// Every way to choose half of twice `half` blocks.
fn splits(half: usize) -> Vec<Split> {
    let sets = 0..1_usize << half;
    let chosen = |left: usize| half - left.count_ones() as usize;
    let of = |left: usize| {
        let right = sets.clone().filter(move |right| right.count_ones() as usize == chosen(left));
        right.map(move |right| Split { left, right })
    };
    sets.clone().flat_map(of).collect()
}

/// The best trial of a split so far: its index, s |s|, and q.
#[derive(Clone, Copy, Debug)]
struct Best {
    lead: f64,
    squares: f64,
    trial: usize,
}

impl Best {
    /// Below every trial.
    const NONE: Self = Self { lead: -1.0, squares: 0.0, trial: usize::MAX };

    fn is_below(&self, lead: f64, squares: f64) -> bool {
        lead * self.squares > self.lead * squares
    }

    /// A trial over a split, by the additions that [`Tables`] makes and in their order: it ties with its likes.
    fn of<const S: usize>(sums: &BlockSums<S>, trial: usize, split: Split) -> Self {
        let half = S / 2;
        let side = |blocks: &[f64], set: usize, start: f64| {
            (0..half)
                .rev()
                .filter(|block| set >> block & 1 == 1)
                .fold(start, |sum, block| sum + blocks[block])
        };
        let both = |blocks: &[f64; S], start: f64| {
            side(&blocks[..half], split.left, start) + side(&blocks[half..], split.right, 0.0)
        };
        let (returns, squares) = (both(&sums.returns, 0.0), both(&sums.squares, NOTHING));
        Self { lead: returns * returns.abs(), squares, trial }
    }
}

/// The sums of some trials over every set of blocks of one half of the run.
struct Tables {
    returns: Vec<[f64; LANES]>,
    squares: Vec<[f64; LANES]>,
}

impl Tables {
    fn new(half: usize) -> Self {
        let empty = vec![[0.0; LANES]; 1 << half];
        Self { returns: empty.clone(), squares: empty }
    }

    /// Fills the tables for blocks from `first` on. Each set is the set without its lowest block, and that block: sums
    /// are made from the highest block down. Lanes beyond the last trial are left alone.
    fn fill<const S: usize>(&mut self, trials: &[BlockSums<S>], first: usize, squares_of_none: f64) {
        self.squares[0] = [squares_of_none; LANES];
        for set in 1..self.returns.len() {
            let (without, block) = (set & (set - 1), first + set.trailing_zeros() as usize);
            let (mut returns, mut squares) = (self.returns[without], self.squares[without]);
            for (lane, trial) in trials.iter().enumerate() {
                returns[lane] += trial.returns[block];
                squares[lane] += trial.squares[block];
            }
            (self.returns[set], self.squares[set]) = (returns, squares);
        }
    }
}

/// Both halves of the run for [`LANES`] trials.
struct Tile {
    left: Tables,
    right: Tables,
}

impl Tile {
    fn new(half: usize) -> Self {
        Self { left: Tables::new(half), right: Tables::new(half) }
    }

    /// Takes the next trials; in the place of missing ones stand copies of the last, or what was there.
    fn fill<const S: usize>(&mut self, trials: &[BlockSums<S>]) {
        self.left.fill(trials, 0, NOTHING);
        self.right.fill(trials, S / 2, 0.0);
    }

    /// The sums of each lane over a split, as s |s| and q.
    #[inline]
    fn each(&self, split: Split, mut see: impl FnMut(usize, f64, f64)) {
        let (left, right) = (&self.left.returns[split.left], &self.right.returns[split.right]);
        let (left_squares, right_squares) =
            (&self.left.squares[split.left], &self.right.squares[split.right]);
        for lane in 0..LANES {
            let returns = left[lane] + right[lane];
            see(lane, returns * returns.abs(), left_squares[lane] + right_squares[lane]);
        }
    }
}

/// The best of some trials in each split; `first` is the index of the first of them.
fn best<const S: usize>(trials: &[BlockSums<S>], first: usize, splits: &[Split]) -> Vec<Best> {
    let mut winners = vec![Best::NONE; splits.len()];
    let mut tile = Tile::new(S / 2);
    for (at, trials) in trials.chunks(LANES).enumerate() {
        tile.fill(trials);
        for (winner, split) in winners.iter_mut().zip(splits) {
            let mut furthest = [f64::NEG_INFINITY; STRIDE];
            let (lead, squares) = (winner.lead, winner.squares);
            tile.each(*split, |lane, of_lane, squares_of_lane| {
                let ahead = of_lane * squares - lead * squares_of_lane;
                let furthest = &mut furthest[lane % STRIDE];
                *furthest = if ahead > *furthest { ahead } else { *furthest };
            });
            if furthest.iter().any(|ahead| *ahead > 0.0) {
                tile.each(*split, |lane, lead, squares| {
                    if lane < trials.len() && winner.is_below(lead, squares) {
                        *winner = Best { lead, squares, trial: first + at * LANES + lane };
                    }
                });
            }
        }
    }
    winners
}

/// For each split, twice the number of trials that are below the best one in the other half, and of those that tie with
/// it.
fn ranks<const S: usize>(trials: &[BlockSums<S>], splits: &[Split], outside: &[Best]) -> Vec<u64> {
    let mut counts = vec![0; splits.len()];
    let mut tile = Tile::new(S / 2);
    for trials in trials.chunks(LANES) {
        tile.fill(trials);
        for ((count, split), best) in counts.iter_mut().zip(splits).zip(outside) {
            let mut ahead = [0_u64; STRIDE];
            let mut see = |lane: usize, lead: f64, squares: f64| {
                let (here, there) = (lead * best.squares, best.lead * squares);
                ahead[lane % STRIDE] += u64::from(here < there) + u64::from(here <= there);
            };
            let other = split.other(S / 2);
            if trials.len() == LANES {
                tile.each(other, see);
            } else {
                tile.each(other, |lane, lead, squares| {
                    if lane < trials.len() {
                        see(lane, lead, squares);
                    }
                });
            }
            // The best ties with itself: one of the two counts of it is taken off, which leaves a doubled middle rank.
            *count += ahead.iter().sum::<u64>();
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    /// Trials of independent normal returns around means by bar and trial.
    fn trials<const S: usize>(
        seed: u64,
        count: usize,
        bars: usize,
        mean: impl Fn(usize, usize) -> f64,
    ) -> Vec<BlockSums<S>> {
        let mut random = Random::new(seed);
        let mut returns =
            |trial| (0..bars).map(|bar| mean(trial, bar) + 0.01 * random.normal()).collect::<Vec<_>>();
        (0..count).map(|trial| BlockSums::of_returns(&returns(trial))).collect()
    }

    /// The same by its definition: every Sharpe ratio of every split, sorted.
    fn naive<const S: usize>(trials: &[BlockSums<S>], bars: usize) -> (f64, f64, f64) {
        let sharpe = |trial: &BlockSums<S>, set: u32| {
            let (mut returns, mut squares) = (0.0, 0.0);
            for block in (0..S).filter(|block| set >> block & 1 == 1) {
                returns += trial.returns[block];
                squares += trial.squares[block];
            }
            let count = bars_f64(bars) / 2.0;
            let mean = returns / count;
            mean / ((squares - returns * mean) / (count - 1.0)).sqrt()
        };
        let sets: Vec<u32> = (0..1_u32 << S).filter(|set| set.count_ones() as usize == S / 2).collect();
        let (mut overfit, mut lost, mut ranks) = (0.0, 0.0, 0.0);
        for set in &sets {
            let mut best = 0;
            for (at, trial) in trials.iter().enumerate() {
                if sharpe(trial, *set) > sharpe(&trials[best], *set) {
                    best = at;
                }
            }
            let outside: Vec<f64> = trials.iter().map(|trial| sharpe(trial, !set & ((1 << S) - 1))).collect();
            let not_above = outside.iter().filter(|one| **one <= outside[best]).count();
            let rank = bars_f64(not_above) / (bars_f64(trials.len()) + 1.0);
            overfit += f64::from(u8::from(rank <= 0.5));
            lost += f64::from(u8::from(outside[best] < 0.0));
            ranks += rank;
        }
        let count = bars_f64(sets.len());
        (overfit / count, lost / count, ranks / count)
    }

    #[test]
    fn the_published_numbers_of_splits_are_met() {
        assert_eq!([4, 5, 8].map(|half| splits(half).len()), [70, 252, 12_870]);
    }

    #[test]
    fn it_is_what_its_definition_gives() {
        for (seed, count) in [(1, 2), (2, 31), (3, 32), (4, 75), (5, 700)] {
            let trials = trials::<8>(seed, count, 400, |trial, _| bars_f64(trial) * 1e-5);
            let found = CrossValidation::new(&trials).unwrap();
            let (overfitting, loss, mean_rank) = naive(&trials, 400);
            assert_eq!(
                (found.trials, found.splits, found.overfitting, found.loss),
                (count, 70, overfitting, loss)
            );
            assert!((found.mean_rank - mean_rank).abs() < 1e-12, "{found:?}, not {mean_rank}");
        }
    }

    #[test]
    fn a_winner_in_every_block_is_not_overfit() {
        let found = CrossValidation::new(&trials::<16>(
            7,
            100,
            1600,
            |trial, _| if trial == 40 { 0.05 } else { 0.0 },
        ));
        let found = found.unwrap();
        assert_eq!((found.splits, found.overfitting, found.loss), (12_870, 0.0, 0.0));
        assert!(found.mean_rank > 0.99 && found.mean_rank < 1.0);
    }

    #[test]
    fn winners_that_turn_losers_at_half_are_overfit() {
        let turns =
            |trial: usize, bar: usize| (bars_f64(trial) / 50.0 - 1.0) * if bar < 400 { 0.02 } else { -0.02 };
        let found = |seed| CrossValidation::new(&trials::<8>(seed, 100, 800, turns)).unwrap().overfitting;
        let mean = (0..20).map(found).sum::<f64>() / 20.0;
        assert!(mean > 0.7, "{mean}");
    }

    #[test]
    fn noise_is_overfit_half_of_the_time() {
        let found = |seed| CrossValidation::new(&trials::<8>(seed, 60, 400, |_, _| 0.0)).unwrap().overfitting;
        let mean = (0..150).map(found).sum::<f64>() / 150.0;
        assert!((mean - 0.5).abs() < 0.06, "{mean}");
    }

    #[test]
    fn trials_that_are_alike_share_a_rank_and_those_without_a_return_have_none() {
        let one = BlockSums::<16>::of_returns(&[0.01, -0.02, 0.03].repeat(100));
        let none = BlockSums::<16>::of_returns(&[0.0; 300]);
        let found = CrossValidation::new(&[none, one, one, one]).unwrap();
        assert_eq!((found.trials, found.mean_rank, found.overfitting), (3, 0.5, 1.0));
        assert_eq!(CrossValidation::new(&[none, one, none]), None);
    }

    #[test]
    fn a_trial_that_rests_in_half_of_the_blocks_stands_at_zero_there() {
        let mut rests = BlockSums::<2> { returns: [1.0, 0.0], squares: [4.0, 0.0] };
        let loses = BlockSums::<2> { returns: [0.5, -1.0], squares: [4.0, 4.0] };
        // The best of the first block rests in the second, and is above a loser there; the best of the second is again it.
        let found = CrossValidation::new(&[loses, rests]).unwrap();
        assert_eq!((found.overfitting, found.loss), (0.0, 0.0));
        rests.returns[0] = 0.25;
        let found = CrossValidation::new(&[loses, rests]).unwrap();
        assert_eq!((found.overfitting, found.loss), (1.0, 0.5));
    }
}
