//! Range: highs and lows of one asset, prepared so that the first bar at which a price is touched is found by leaps.
//!
//! Blocks of 1, 2, 4, 8 … bars, each starting at a multiple of its length, know their highest high, their lowest low, and
//! the worst fall and rise within them. A search leaps over blocks in which nothing can happen, each up to twice as wide as
//! the one before, and halves the one in which something can. So it looks at some 2 log2(bars to go) blocks.

#![forbid(unsafe_code)]

/// Highs and lows over a run, on the run's adjustment, in quote currency per share. Bars count from the run's first.
#[derive(Debug)]
pub(in crate::sweep) struct Range {
    /// Element `k` holds the blocks of 2^k bars, the last of which may be shorter.
    levels: Vec<Vec<Block>>,
}

/// What stops and targets must know of consecutive bars.
#[derive(Clone, Copy, Debug)]
struct Block {
    high: f64,
    low: f64,
    /// The most that a low lies below the high of a bar before it; minus infinity for a single bar.
    fall: f64,
    /// The most that a high lies above the low of a bar before it; minus infinity for a single bar.
    rise: f64,
}

/// Where a trailing stop is touched, and where it stood at that bar.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Touch {
    pub(super) bar: usize,
    pub(super) level: f64,
}

/// A fall and the level of a stop are differences that are rounded each on its own: nearer than this share of the price,
/// a block does not tell, and its bars do.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

impl Range {
    /// Prepares the highs and lows of the same bars; none is NaN.
    pub(in crate::sweep) fn new(high: &[f64], low: &[f64]) -> Self {
        let mut levels: Vec<Vec<Block>> =
            vec![high.iter().zip(low).map(|(high, low)| Block::of(*high, *low)).collect()];
        while let Some(last) = levels.last().filter(|last| last.len() > 1) {
            let (pairs, rest) = last.as_chunks::<2>();
            let next = pairs.iter().map(|[a, b]| a.followed_by(b)).chain(rest.iter().copied()).collect();
            levels.push(next);
        }
        Self { levels }
    }

    pub(super) fn high(&self, bar: usize) -> f64 {
        self.levels[0][bar].high
    }

    pub(super) fn low(&self, bar: usize) -> f64 {
        self.levels[0][bar].low
    }

    /// The first bar of `start..end` whose low is at or below a price.
    pub(super) fn first_low(&self, start: usize, end: usize, price: f64) -> Option<usize> {
        self.search(start, end, 0.0, |block, _| block.low <= price, |_, none| none).map(|(bar, _)| bar)
    }

    /// The first bar of `start..end` whose high is at or above a price.
    pub(super) fn first_high(&self, start: usize, end: usize, price: f64) -> Option<usize> {
        self.search(start, end, 0.0, |block, _| block.high >= price, |_, none| none).map(|(bar, _)| bar)
    }

    /// Where a long position is stopped at a distance below the highest price since its entry, up to the bar before.
    ///
    /// `highest` is that price when bar `start` begins.
    pub(super) fn first_fall(&self, start: usize, end: usize, highest: f64, distance: f64) -> Option<Touch> {
        let may = |block: &Block, highest: f64| {
            let near = ROUNDING * block.high.max(distance);
            block.low <= highest - distance || block.fall >= distance - near
        };
        let (bar, highest) =
            self.search(start, end, highest, may, |block, highest| highest.max(block.high))?;
        Some(Touch { bar, level: highest - distance })
    }

    /// Where a short position is stopped at a distance above the lowest price since its entry, up to the bar before.
    pub(super) fn first_rise(&self, start: usize, end: usize, lowest: f64, distance: f64) -> Option<Touch> {
        let may = |block: &Block, lowest: f64| {
            let near = ROUNDING * block.high.max(distance);
            block.high >= lowest + distance || block.rise >= distance - near
        };
        let (bar, lowest) = self.search(start, end, lowest, may, |block, lowest| lowest.min(block.low))?;
        Some(Touch { bar, level: lowest + distance })
    }

    /// The first bar of `start..end` at which something happens, with what was carried up to it.
    ///
    /// `may` says whether it may happen in a block, given what is carried to its start; of a single bar, whether it does.
    /// `carry` takes what is carried over a block in which it does not.
    fn search(
        &self,
        start: usize,
        end: usize,
        mut carried: f64,
        may: impl Fn(&Block, f64) -> bool,
        carry: impl Fn(&Block, f64) -> f64,
    ) -> Option<(usize, f64)> {
        let (mut bar, mut level) = (start, 0);
        while bar < end {
            let at = bar >> level;
            let block = &self.levels[level][at];
            if may(block, carried) {
                let Some(half) = level.checked_sub(1) else { return Some((bar, carried)) };
                level = half;
            } else {
                carried = carry(block, carried);
                bar = (at + 1) << level;
                level += usize::from(at % 2 == 1 && level + 1 < self.levels.len());
            }
        }
        None
    }
}

impl Block {
    fn of(high: f64, low: f64) -> Self {
        Self { high, low, fall: f64::NEG_INFINITY, rise: f64::NEG_INFINITY }
    }

    fn followed_by(&self, next: &Self) -> Self {
        Self {
            high: self.high.max(next.high),
            low: self.low.min(next.low),
            fall: self.fall.max(next.fall).max(self.high - next.low),
            rise: self.rise.max(next.rise).max(next.high - self.low),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A walk of prices in eighths, so that ties are common, and in thirds of them, so that differences round.
    fn walk(bars: usize, seed: u64, unit: f64) -> (Vec<f64>, Vec<f64>) {
        let mut state = seed;
        let mut next = |below: u64| {
            // Source: D. Knuth, MMIX's linear congruential generator.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from((state >> 33) % below).unwrap())
        };
        let mut middle = 200.0;
        (0..bars)
            .map(|_| {
                middle = f64::max(middle + next(17) - 8.0, 20.0);
                ((middle + next(5)) * unit, (middle - next(5)) * unit)
            })
            .unzip()
    }

    #[test]
    fn leaps_find_the_bar_that_a_walk_finds() {
        for (seed, bars) in [(1, 1), (2, 2), (3, 63), (4, 64), (5, 65), (6, 200)] {
            for unit in [0.125, 0.1 / 3.0] {
                let (high, low) = walk(bars, seed, unit);
                let range = Range::new(&high, &low);
                for start in 0..bars {
                    let end = bars - start / 3;
                    let entry = f64::midpoint(high[start], low[start]);
                    for distance in (1..60).map(|steps| f64::from(steps) * unit) {
                        let (stop, target) = (entry - distance, entry + distance);
                        let slow = (start..end).find(|bar| low[*bar] <= stop);
                        assert_eq!(range.first_low(start, end, stop), slow, "{seed}: low from {start}");
                        let slow = (start..end).find(|bar| high[*bar] >= target);
                        assert_eq!(range.first_high(start, end, target), slow, "{seed}: high from {start}");
                        let mut best = (entry, entry);
                        let (mut fall, mut rise) = (None, None);
                        for bar in start..end {
                            let levels = (best.0 - distance, best.1 + distance);
                            if fall.is_none() && low[bar] <= levels.0 {
                                fall = Some(Touch { bar, level: levels.0 });
                            }
                            if rise.is_none() && high[bar] >= levels.1 {
                                rise = Some(Touch { bar, level: levels.1 });
                            }
                            best = (best.0.max(high[bar]), best.1.min(low[bar]));
                        }
                        assert_eq!(
                            range.first_fall(start, end, entry, distance),
                            fall,
                            "{seed}: from {start}"
                        );
                        assert_eq!(
                            range.first_rise(start, end, entry, distance),
                            rise,
                            "{seed}: from {start}"
                        );
                    }
                }
            }
        }
    }
}
