//! The highest and lowest close of any stretch, and the deepest fall within it, each in a handful of reads.
//!
//! Bars are cut into blocks. Within a block, each bar knows the stretch from the block's start to itself and the one from
//! itself to the block's end; over whole blocks a disjoint sparse table does the same at every power of two. Any stretch is
//! then made of at most four that are known, and no bar is in two of them: a fall is not to be measured from a peak that
//! comes after it.
//!
//! - Source: the disjoint sparse table of competitive programming: for an operation that is associative and no more.

#![forbid(unsafe_code)]

use std::ops::Range;

/// Bars of a block: where they lie in it fits a byte, and a stretch within one is scanned.
const BLOCK: usize = 32;

/// The highest and the lowest close of a stretch.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::sweep) struct Extremes {
    pub(in crate::sweep) high: f64,
    /// The last bar that closed at the highest.
    pub(in crate::sweep) high_at: usize,
    pub(in crate::sweep) low: f64,
}

impl Extremes {
    fn of(bar: usize, close: f64) -> Self {
        Self { high: close, high_at: bar, low: close }
    }

    #[inline]
    fn then(self, later: Self) -> Self {
        // In the forms that are one instruction each.
        Self {
            high: if later.high > self.high { later.high } else { self.high },
            high_at: if later.high >= self.high { later.high_at } else { self.high_at },
            low: if later.low < self.low { later.low } else { self.low },
        }
    }
}

/// A stretch with the deepest fall in it: the lowest close by the highest at or before it, at most 1.
#[derive(Clone, Copy, Debug)]
struct Fall {
    extremes: Extremes,
    worst: f64,
}

impl Fall {
    fn of(bar: usize, close: f64) -> Self {
        Self { extremes: Extremes::of(bar, close), worst: 1.0 }
    }

    #[inline]
    fn then(self, later: Self) -> Self {
        let across = later.extremes.low / self.extremes.high;
        Self { extremes: self.extremes.then(later.extremes), worst: self.worst.min(later.worst).min(across) }
    }
}

/// The falls of all stretches of one column of closes, which is not held: it is handed in again to each question.
#[derive(Debug)]
pub(super) struct ExtremesTable {
    /// By bar: from its block's start to itself.
    to_here: Vec<Within>,
    /// By bar: from itself to its block's end.
    from_here: Vec<Within>,
    /// By bar, what is asked for rarely: the worst of `to_here` and of `from_here`.
    worst: Vec<[f64; 2]>,
    /// By level and block: from the block to the middle of the 2^(level + 1) blocks that it lies in, or from there to it.
    blocks: Vec<Vec<Fall>>,
}

/// Where in a block the highest and the lowest close of a stretch are.
#[derive(Clone, Copy, Debug)]
struct Within {
    high: u8,
    low: u8,
}

impl ExtremesTable {
    pub(super) fn new(close: &[f64]) -> Self {
        let mut table = Self {
            to_here: Vec::with_capacity(close.len()),
            from_here: Vec::with_capacity(close.len()),
            worst: Vec::with_capacity(close.len()),
            blocks: Vec::new(),
        };
        let mut whole = Vec::with_capacity(close.len().div_ceil(BLOCK));
        for (index, block) in close.chunks(BLOCK).enumerate() {
            let single = |(offset, &close): (usize, &f64)| Fall::of(index * BLOCK + offset, close);
            let to_here = running(block.iter().enumerate().map(single), Fall::then);
            let mut from_here =
                running(block.iter().enumerate().rev().map(single), |later, one| one.then(later));
            from_here.reverse();
            for (offset, (to, from)) in to_here.iter().zip(&from_here).enumerate() {
                table.to_here.push(within(block, 0..offset + 1, index, to.extremes));
                table.from_here.push(within(block, offset..block.len(), index, from.extremes));
            }
            table.worst.extend(to_here.iter().zip(&from_here).map(|(to, from)| [to.worst, from.worst]));
            whole.extend(to_here.last().copied());
        }
        let mut half = 1;
        while half < whole.len() {
            let mut level = Vec::with_capacity(whole.len());
            for pair in whole.chunks(2 * half) {
                let (before, after) = pair.split_at(half.min(pair.len()));
                let start = level.len();
                level.extend(running(before.iter().rev().copied(), |later, one| one.then(later)));
                level[start..].reverse();
                level.extend(running(after.iter().copied(), Fall::then));
            }
            table.blocks.push(level);
            half *= 2;
        }
        table
    }

    #[inline]
    pub(super) fn between(&self, close: &[f64], start: usize, end: usize) -> Extremes {
        let last = end - 1;
        let (first_block, last_block) = (start / BLOCK, last / BLOCK);
        if first_block == last_block {
            return scan(close, start, end);
        }
        let found = look_up(close, first_block, self.from_here[start]);
        let rest = look_up(close, last_block, self.to_here[last]);
        if first_block + 1 == last_block {
            return found.then(rest);
        }
        found
            .then(self.whole_blocks(first_block + 1, last_block - 1, |fall| fall.extremes, Extremes::then))
            .then(rest)
    }

    /// The lowest close by the highest at or before it.
    pub(super) fn worst(&self, close: &[f64], start: usize, end: usize) -> f64 {
        let last = end - 1;
        let (first_block, last_block) = (start / BLOCK, last / BLOCK);
        if first_block == last_block {
            let (mut high, mut worst) = (close[start], 1.0_f64);
            for &close in &close[start..end] {
                high = high.max(close);
                worst = worst.min(close / high);
            }
            return worst;
        }
        let fall = |block: usize, within: Within, worst: f64| Fall {
            extremes: look_up(close, block, within),
            worst,
        };
        let mut found = fall(first_block, self.from_here[start], self.worst[start][1]);
        if first_block + 1 < last_block {
            found = found.then(self.whole_blocks(first_block + 1, last_block - 1, |fall| fall, Fall::then));
        }
        found.then(fall(last_block, self.to_here[last], self.worst[last][0])).worst
    }

    /// Blocks `first..=last`: one of them, or two stretches that meet in the middle where they part.
    #[inline]
    fn whole_blocks<T>(
        &self,
        first: usize,
        last: usize,
        take: impl Fn(Fall) -> T,
        then: impl Fn(T, T) -> T,
    ) -> T {
        match (first ^ last).checked_ilog2() {
            // Every block lies at the middle of its pair, on one side or the other.
            None => take(self.blocks[0][first]),
            Some(level) => {
                let level = &self.blocks[level as usize];
                then(take(level[first]), take(level[last]))
            }
        }
    }
}

/// Each value united with all before it.
fn running(falls: impl Iterator<Item = Fall>, unite: impl Fn(Fall, Fall) -> Fall) -> Vec<Fall> {
    let mut so_far: Option<Fall> = None;
    falls.map(|one| *so_far.insert(so_far.map_or(one, |before| unite(before, one)))).collect()
}

/// Where the extremes of some bars of a block are.
fn within(block: &[f64], bars: Range<usize>, index: usize, extremes: Extremes) -> Within {
    let place = |offset: usize| u8::try_from(offset).expect("a block has fewer bars than a byte counts");
    let low = bars.clone().find(|bar| block[*bar] <= extremes.low).unwrap_or(bars.start);
    Within { high: place(extremes.high_at - index * BLOCK), low: place(low) }
}

#[inline]
fn look_up(close: &[f64], block: usize, within: Within) -> Extremes {
    let bar = |offset: u8| block * BLOCK + usize::from(offset);
    Extremes { high: close[bar(within.high)], high_at: bar(within.high), low: close[bar(within.low)] }
}

fn scan(close: &[f64], start: usize, end: usize) -> Extremes {
    let first = Extremes::of(start, close[start]);
    (start + 1..end).fold(first, |found, bar| found.then(Extremes::of(bar, close[bar])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stretch_has_the_extremes_and_the_fall_of_a_walk_through_it() {
        let mut random = 3_u64;
        for bars in [1, 2, 31, 32, 33, 64, 200, 333] {
            let close: Vec<f64> = (0..bars)
                .map(|_| {
                    // Source: D. Knuth, MMIX's linear congruential generator.
                    random = random
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    f64::from(u32::try_from(random >> 59).unwrap()) + 1.0
                })
                .collect();
            let table = ExtremesTable::new(&close);
            for start in 0..bars {
                let (mut walked, mut worst) = (Extremes::of(start, close[start]), 1.0_f64);
                for end in start + 1..=bars {
                    let now = close[end - 1];
                    if now >= walked.high {
                        walked = Extremes { high: now, high_at: end - 1, ..walked };
                    }
                    walked.low = walked.low.min(now);
                    worst = worst.min(now / walked.high);
                    assert_eq!(table.between(&close, start, end), walked, "{start}..{end}");
                    assert!((table.worst(&close, start, end) - worst).abs() <= 0.0, "{start}..{end}");
                }
            }
        }
    }
}
