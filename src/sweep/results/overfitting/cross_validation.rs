//! The probability of backtest overfitting, by combinatorially symmetric cross-validation.
//!
//! The run is cut into blocks. For every way to choose half of them, the trial with the best Sharpe ratio over these is
//! looked up over the other half: how often is it no better there than the median of all trials?
//!
//! # Algorithm
//! With 16 blocks that is 12,870 times as many Sharpe ratios as there are trials, so a ratio costs eight operations on
//! vectors and no division:
//! - *Meet in the middle.* The sums over any half of the blocks are one of 256 sums over the first 8 blocks and one of
//!   256 over the last 8: one addition instead of seven. Unlike sums that are carried along from split to split they do
//!   not drift: a trial that did nothing has sums of exactly 0.
//! - *No root.* All trials have the same bars, so a Sharpe ratio orders them as s |s| / q does, with s the sum of returns
//!   and q that of squares; and against a given ratio it takes a multiplication.
//! - *Once for all that are alike.* Trials of the same sums are one, with a weight.
//! - *Two passes.* The first finds the best trial of each split, and does no more for others than find out that none of
//!   [`LANES`] is better; the second adds the weights of those that are below it in the other half.
//!
//! Trials are taken in chunks whose size depends on their number alone, and chunks are put together in order: the result
//! is the same to the bit for any number of threads.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rayon::iter::{IndexedParallelIterator, ParallelIterator};
use rayon::slice::ParallelSlice;

use super::blocks::BlockSums;
use crate::sweep::broker::bars_f64;

/// Trials side by side: their tables of sums, 256 KiB for 16 blocks, stay in the second level of a core's cache.
const LANES: usize = 32;

/// Vectors that a loop over the lanes keeps apart, so that one addition does not wait for the one before.
const STRIDE: usize = 8;

/// The fewest trials of a chunk: below, the tables of the splits cost more than another thread brings.
const FEWEST: usize = 16 * LANES;

/// The most chunks: each holds a best trial for each split, 200 kB for 16 blocks.
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
    pub trials: u64,
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
        let (distinct, count) = distinct(trials);
        if count < 2 {
            return None;
        }
        let splits = splits(S / 2);
        let chunk = distinct.len().div_ceil(MOST_CHUNKS).max(FEWEST).next_multiple_of(LANES);
        let chunks = distinct.par_chunks(chunk).enumerate();
        let chunks: Vec<Vec<Best>> = chunks.map(|(at, trials)| best(trials, at * chunk, &splits)).collect();
        let best = chunks.into_iter().reduce(|mut best, chunk| {
            for (best, other) in best.iter_mut().zip(chunk) {
                if other.ratio > best.ratio {
                    *best = other;
                }
            }
            best
        })?;
        let outside: Vec<Outside> = (best.iter().zip(&splits))
            .map(|(best, split)| Outside::new(&distinct[best.trial], split.other(S / 2)))
            .collect();
        let chunks: Vec<Vec<u64>> =
            distinct.par_chunks(chunk).map(|trials| below(trials, &splits, &outside)).collect();
        let below = chunks.into_iter().reduce(|mut sums, chunk| {
            sums.iter_mut().zip(chunk).for_each(|(sum, weight)| *sum += weight);
            sums
        })?;
        Some(Self::of_ranks(count, &below, &outside))
    }

    /// `below` holds, for each split, how many trials are below the best one in the other half.
    fn of_ranks(trials: u64, below: &[u64], outside: &[Outside]) -> Self {
        // Doubled, as the middle rank of an even number that tie is none of theirs.
        let ranks =
            below.iter().zip(outside).map(|(below, best)| 2 * (below - best.itself) + best.weight + 1);
        let full = 2 * (trials + 1);
        let not_above = ranks.clone().filter(|rank| 2 * rank <= full).count();
        let lost = outside.iter().filter(|best| best.ratio < 0.0).count();
        let splits = bars_f64(below.len());
        Self {
            trials,
            splits: below.len(),
            overfitting: bars_f64(not_above) / splits,
            loss: bars_f64(lost) / splits,
            // Whole numbers below 2^53: exact in any order.
            mean_rank: whole(ranks.sum()) / whole(full) / splits,
        }
    }
}

/// A trial, and how many have the same sums.
#[derive(Clone, Copy, Debug)]
struct Weighted<const S: usize> {
    sums: BlockSums<S>,
    weight: u64,
}

/// The trials that have a Sharpe ratio, each once and in order, and how many they are in all.
fn distinct<const S: usize>(trials: &[BlockSums<S>]) -> (Vec<Weighted<S>>, u64) {
    let mut distinct: Vec<Weighted<S>> = Vec::new();
    let mut known: HashMap<_, usize> = HashMap::new();
    let mut count = 0;
    for sums in trials.iter().filter(|trial| trial.has_sharpe()) {
        count += 1;
        // A sum of nothing may be -0.
        match known.entry((sums.returns.map(|sum| (sum + 0.0).to_bits()), sums.squares.map(f64::to_bits))) {
            Entry::Occupied(at) => distinct[*at.get()].weight += 1,
            Entry::Vacant(new) => {
                new.insert(distinct.len());
                distinct.push(Weighted { sums: *sums, weight: 1 });
            }
        }
    }
    (distinct, count)
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

/// The best trial of a split so far: s |s| / q, and its index.
#[derive(Clone, Copy, Debug)]
struct Best {
    ratio: f64,
    trial: usize,
}

/// The best trial of a split in the other half.
#[derive(Clone, Copy, Debug)]
struct Outside {
    ratio: f64,
    /// How many have the same sums, itself included.
    weight: u64,
    /// What it adds to the weight of those below itself: nothing, unless the product with its own ratio rounds up.
    itself: u64,
}

impl Outside {
    /// By the additions that [`Tables`] makes and in their order: the same sums to the bit.
    fn new<const S: usize>(trial: &Weighted<S>, split: Split) -> Self {
        let half = S / 2;
        let side = |blocks: &[f64], set: usize, start: f64| {
            let chosen = (0..half).rev().filter(|block| set >> block & 1 == 1);
            chosen.fold(start, |sum, block| sum + blocks[block])
        };
        let both = |blocks: &[f64; S], start: f64| {
            side(&blocks[..half], split.left, start) + side(&blocks[half..], split.right, 0.0)
        };
        let (returns, squares) = (both(&trial.sums.returns, 0.0), both(&trial.sums.squares, NOTHING));
        let lead = returns * returns.abs();
        let ratio = lead / squares;
        let itself = if lead < ratio * squares { trial.weight } else { 0 };
        Self { ratio, weight: trial.weight, itself }
    }
}

/// One number for each lane, in groups that fill some vectors.
type Lanes<T = f64> = [[T; STRIDE]; LANES / STRIDE];

/// The sums of some trials over every set of blocks of one half of the run.
struct Tables {
    returns: Vec<Lanes>,
    squares: Vec<Lanes>,
}

impl Tables {
    fn new(half: usize) -> Self {
        let empty = vec![[[0.0; STRIDE]; LANES / STRIDE]; 1 << half];
        Self { returns: empty.clone(), squares: empty }
    }

    /// Fills the tables for blocks from `first` on. Each set is the set without its lowest block, and that block: sums
    /// are made from the highest block down.
    fn fill<const S: usize>(&mut self, trials: &[Weighted<S>], first: usize, squares_of_none: f64) {
        self.squares[0] = [[squares_of_none; STRIDE]; LANES / STRIDE];
        for block in (0..S / 2).rev() {
            // Of lanes beyond the last trial nothing is asked.
            let [mut returns, mut squares] = [[[0.0; STRIDE]; LANES / STRIDE]; 2];
            for (lane, trial) in trials.iter().enumerate() {
                returns.as_flattened_mut()[lane] = trial.sums.returns[first + block];
                squares.as_flattened_mut()[lane] = trial.sums.squares[first + block];
            }
            // The sets whose lowest block it is: it alone, or with any of those above.
            for set in (1 << block..self.returns.len()).step_by(2 << block) {
                let without = set & (set - 1);
                self.returns[set] = add(&self.returns[without], &returns);
                self.squares[set] = add(&self.squares[without], &squares);
            }
        }
    }
}

fn add(one: &Lanes, other: &Lanes) -> Lanes {
    let mut sums = *one;
    let flat = sums.as_flattened_mut().iter_mut().zip(other.as_flattened());
    flat.for_each(|(sum, other)| *sum += other);
    sums
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

    /// Takes the next trials.
    fn fill<const S: usize>(&mut self, trials: &[Weighted<S>]) {
        self.left.fill(trials, 0, NOTHING);
        self.right.fill(trials, S / 2, 0.0);
    }

    /// The sums of each lane over a split, as s |s| and q, group by group.
    #[inline]
    fn sums(&self, split: Split) -> impl Iterator<Item = ([f64; STRIDE], [f64; STRIDE])> {
        let returns = self.left.returns[split.left].iter().zip(&self.right.returns[split.right]);
        let squares = self.left.squares[split.left].iter().zip(&self.right.squares[split.right]);
        returns.zip(squares).map(|(returns, squares)| {
            let mut sums = ([0.0; STRIDE], [0.0; STRIDE]);
            for lane in 0..STRIDE {
                let sum = returns.0[lane] + returns.1[lane];
                sums.0[lane] = sum * sum.abs();
                sums.1[lane] = squares.0[lane] + squares.1[lane];
            }
            sums
        })
    }
}

/// The best of some trials in each split; `first` is the index of the first of them.
fn best<const S: usize>(trials: &[Weighted<S>], first: usize, splits: &[Split]) -> Vec<Best> {
    let mut winners = vec![Best { ratio: f64::NEG_INFINITY, trial: first }; splits.len()];
    let mut tile = Tile::new(S / 2);
    for (at, trials) in trials.chunks(LANES).enumerate() {
        tile.fill(trials);
        for (winner, split) in winners.iter_mut().zip(splits) {
            let mut furthest = [f64::NEG_INFINITY; STRIDE];
            let ratio = winner.ratio;
            for (leads, squares) in tile.sums(*split) {
                for lane in 0..STRIDE {
                    let ahead = leads[lane] - ratio * squares[lane];
                    furthest[lane] = if ahead > furthest[lane] { ahead } else { furthest[lane] };
                }
            }
            if furthest.iter().any(|ahead| *ahead > 0.0) {
                improve(winner, tile.sums(*split), first + at * LANES, trials.len());
            }
        }
    }
    winners
}

/// Puts a better trial in the place of the best so far; the first lane is the trial `first`, and there are `count`.
#[cold]
fn improve(
    winner: &mut Best,
    sums: impl Iterator<Item = ([f64; STRIDE], [f64; STRIDE])>,
    first: usize,
    count: usize,
) {
    let lanes = sums.flat_map(|(leads, squares)| leads.into_iter().zip(squares));
    for (lane, (lead, squares)) in lanes.enumerate().take(count) {
        if lead / squares > winner.ratio {
            *winner = Best { ratio: lead / squares, trial: first + lane };
        }
    }
}

/// For each split, how many of some trials are below the best one in the other half.
fn below<const S: usize>(trials: &[Weighted<S>], splits: &[Split], outside: &[Outside]) -> Vec<u64> {
    let mut weights_below = vec![0; splits.len()];
    let mut tile = Tile::new(S / 2);
    for trials in trials.chunks(LANES) {
        tile.fill(trials);
        let mut weights: Lanes<u64> = [[0; STRIDE]; LANES / STRIDE];
        weights.as_flattened_mut().iter_mut().zip(trials).for_each(|(weight, trial)| *weight = trial.weight);
        for ((sum, split), best) in weights_below.iter_mut().zip(splits).zip(outside) {
            let mut below = [0; STRIDE];
            for ((leads, squares), weights) in tile.sums(split.other(S / 2)).zip(&weights) {
                for lane in 0..STRIDE {
                    // A mask, as a branch would be wrong half of the time.
                    let mask = u64::from(leads[lane] < best.ratio * squares[lane]).wrapping_neg();
                    below[lane] += weights[lane] & mask;
                }
            }
            *sum += below.iter().sum::<u64>();
        }
    }
    weights_below
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
                (count as u64, 70, overfitting, loss)
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
