//! Comparisons that decide trades, with a tolerance.
//!
//! On real prices two averages tie exactly, and without a tolerance the order of their summation would decide the trade:
//! *a is above b* means a > b + 1e-12 |b|, *below* means a < b - 1e-12 |b|, and what is neither is level.

#![deny(unsafe_code)]

mod lanes;

use std::ops::Range;

use lanes::WORD;

/// How much larger than rounding a difference must be to count, relative to the second value.
const TOLERANCE: f64 = 1e-12;

/// Whether `a` is above `b` by more than rounding; false where either is NaN.
///
/// # Examples
/// ```
/// use lookback::sweep::above;
/// assert!(above(100.1, 100.0));
/// assert!(!above(0.1 + 0.2, 0.3)); // differs in the last bit only
/// ```
#[inline]
#[must_use]
pub fn above(a: f64, b: f64) -> bool {
    a > b + TOLERANCE * b.abs()
}

/// Whether `a` is below `b` by more than rounding; false where either is NaN.
///
/// # Examples
/// ```
/// use lookback::sweep::below;
/// assert!(below(99.9, 100.0) && !below(f64::NAN, 100.0));
/// ```
#[inline]
#[must_use]
pub fn below(a: f64, b: f64) -> bool {
    a < b - TOLERANCE * b.abs()
}

/// Whether `a` rose above `b` with this bar: above now, defined and not above at the bar before.
#[inline]
#[must_use]
pub fn crosses_above(before: (f64, f64), now: (f64, f64)) -> bool {
    above(now.0, now.1) && is_defined(before) && !above(before.0, before.1)
}

/// Whether `a` fell below `b` with this bar: below now, defined and not below at the bar before.
#[inline]
#[must_use]
pub fn crosses_below(before: (f64, f64), now: (f64, f64)) -> bool {
    below(now.0, now.1) && is_defined(before) && !below(before.0, before.1)
}

/// Whether the relation of two values, one of above, below, level and undefined, is another than at the bar before.
pub(crate) fn changes(before: (f64, f64), now: (f64, f64)) -> bool {
    let relation = |(a, b): (f64, f64)| (above(a, b), below(a, b), is_defined((a, b)));
    relation(before) != relation(now)
}

#[inline]
fn is_defined((a, b): (f64, f64)) -> bool {
    !a.is_nan() && !b.is_nan()
}

/// How two values compare at each of 64 bars, the first in the lowest bit: by one of the three, or by none where either
/// is NaN or there is no bar.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Word {
    pub(crate) above: u64,
    pub(crate) below: u64,
    pub(crate) level: u64,
}

/// Compares two columns of the same length and hands over a [`Word`] for each 64 bars, in order.
///
/// A bit is what [`above`] and [`below`] say of its bar, on every processor.
#[inline]
pub(crate) fn relate(a: &[f64], b: &[f64], each: impl FnMut(Word)) {
    lanes::each_word(a, b, each);
}

/// Which of 64 bars cross, the first in the lowest bit.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Cross {
    /// Where [`crosses_above`] holds.
    pub(crate) up: u64,
    /// Where [`crosses_below`] holds.
    pub(crate) down: u64,
}

impl Cross {
    /// Whether a bar crosses upwards, in the words of all bars.
    #[inline]
    pub(crate) fn is_up(words: &[Self], bar: usize) -> bool {
        words[bar / WORD].up >> (bar % WORD) & 1 == 1
    }

    /// Whether a bar crosses downwards, in the words of all bars.
    #[inline]
    pub(crate) fn is_down(words: &[Self], bar: usize) -> bool {
        words[bar / WORD].down >> (bar % WORD) & 1 == 1
    }
}

/// Where `a` crosses `b`, which has the same length, from a bar on: a [`Cross`] for each 64 bars, in place of what
/// `crosses` held. What it says of earlier bars is of no use.
pub(crate) fn crosses(a: &[f64], b: &[f64], first: usize, crosses: &mut Vec<Cross>) {
    // From a word earlier, for the bar before.
    let skipped = (first / WORD).saturating_sub(1);
    crosses.clear();
    crosses.resize(a.len().div_ceil(WORD), Cross::default());
    let mut words = crosses[skipped..].iter_mut();
    each_with_before(&a[skipped * WORD..], &b[skipped * WORD..], |now, before| {
        if let Some(word) = words.next() {
            word.up = now.above & (before.below | before.level);
            word.down = now.below & (before.above | before.level);
        }
    });
}

/// The same of pairs that differ from bar to bar: `pairs` yields the one of the bar before and that of the bar.
pub(crate) fn crosses_by_bar(
    bars: Range<usize>,
    crosses: &mut Vec<Cross>,
    pairs: impl Fn(usize) -> ((f64, f64), (f64, f64)),
) {
    crosses.clear();
    crosses.resize(bars.end.div_ceil(WORD), Cross::default());
    for bar in bars.start.max(1)..bars.end {
        let (before, now) = pairs(bar);
        let word = &mut crosses[bar / WORD];
        word.up |= u64::from(crosses_above(before, now)) << (bar % WORD);
        word.down |= u64::from(crosses_below(before, now)) << (bar % WORD);
    }
}

/// Sets a bit for each bar whose relation, one of above, below, level and undefined, is another than at the bar before.
///
/// 64 bars a word, the first in the lowest bit. No bit is cleared, so that the bars of several pairs unite. `a` and `b` have
/// the same length, and `words` holds that many bits.
pub(crate) fn mark_changes(a: &[f64], b: &[f64], words: &mut [u64]) {
    let (mut words, mut left) = (words.iter_mut(), a.len());
    each_with_before(a, b, |now, before| {
        // Beyond the last bar all is undefined, which is no change of a bar.
        let bars = left.min(WORD);
        left -= bars;
        if let Some(word) = words.next() {
            let changes = now.above ^ before.above | now.below ^ before.below | now.level ^ before.level;
            *word |= changes & (u64::MAX >> (WORD - bars));
        }
    });
}

/// Hands over each word with that of the bars before: its own, moved up by one, and the last one of the word before it.
#[inline]
fn each_with_before(a: &[f64], b: &[f64], mut each: impl FnMut(Word, Word)) {
    let mut last = Word::default();
    relate(a, b, |now| {
        each(now, now.moved_up(last));
        last = now.last();
    });
}

impl Word {
    /// The bars one later; `carried` holds, in its lowest bit, the one before the first.
    fn moved_up(self, carried: Self) -> Self {
        Self {
            above: self.above << 1 | carried.above,
            below: self.below << 1 | carried.below,
            level: self.level << 1 | carried.level,
        }
    }

    /// The last bar, in the lowest bit.
    fn last(self) -> Self {
        let last = |bits: u64| bits >> (WORD - 1);
        Self { above: last(self.above), below: last(self.below), level: last(self.level) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_within_rounding_is_level() {
        assert!(!above(1.0 + 1e-13, 1.0) && !below(1.0 - 1e-13, 1.0));
        assert!(above(1.0 + 1e-11, 1.0) && below(1.0 - 1e-11, 1.0));
        assert!(above(-1.0 + 1e-11, -1.0) && !above(f64::NAN, 1.0) && !below(1.0, f64::NAN));
    }

    #[test]
    fn no_cross_at_the_first_defined_bar() {
        assert!(!crosses_above((f64::NAN, 1.0), (2.0, 1.0)));
        assert!(!crosses_below((1.0, f64::NAN), (1.0, 2.0)));
        assert!(crosses_above((1.0, 1.0), (2.0, 1.0)) && crosses_below((1.0, 1.0), (1.0, 2.0)));
    }

    /// Runs of every length to 80: above, below, level, within rounding, undefined and infinite, in no order.
    fn runs() -> Vec<f64> {
        let mut state = 7_u64;
        let mut column = Vec::new();
        for run in 0..80 {
            // Source: D. Knuth, MMIX's linear congruential generator.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let values = [2.0, 0.5, 1.0, 1.0 + 5e-13, 1.0 - 5e-13, f64::NAN, f64::INFINITY, 1.0 + 1.5e-12];
            column.extend(std::iter::repeat_n(values[usize::try_from(state >> 61).unwrap()], run));
        }
        column
    }

    #[test]
    fn every_processor_sees_the_same_bits_and_they_are_those_of_single_comparisons() {
        let a = runs();
        for (shift, len) in [(0, a.len()), (1, a.len() - 1), (37, 640), (5, 63), (9, 1), (0, 0)] {
            let b: Vec<f64> = a.iter().map(|one| 2.0 - one).rev().chain(a.iter().copied()).collect();
            for b in [&vec![1.0; a.len()], &b] {
                let (a, b) = (&a[shift..shift + len], &b[shift..shift + len]);
                let expected: Vec<Word> = a
                    .chunks(WORD)
                    .zip(b.chunks(WORD))
                    .map(|(a, b)| {
                        let mut word = Word::default();
                        for (bar, (&a, &b)) in a.iter().zip(b).enumerate() {
                            let (above, below) = (above(a, b), below(a, b));
                            let is_level = is_defined((a, b)) && !above && !below;
                            word.above |= u64::from(above) << bar;
                            word.below |= u64::from(below) << bar;
                            word.level |= u64::from(is_level) << bar;
                        }
                        word
                    })
                    .collect();
                lanes::each_way(a, b, |found| assert_eq!(found, expected, "{len} bars from {shift}"));
            }
        }
    }

    #[test]
    fn crossings_and_changes_are_those_of_a_walk_bar_by_bar() {
        let a = runs();
        for b in [vec![1.0; a.len()], a.iter().copied().rev().collect()] {
            let mut found = vec![Cross { up: u64::MAX, down: 1 }];
            crosses(&a, &b, 0, &mut found);
            let mut by_bar = Vec::new();
            crosses_by_bar(0..a.len(), &mut by_bar, |bar| ((a[bar - 1], b[bar - 1]), (a[bar], b[bar])));
            assert_eq!(found, by_bar);
            for first in [1, 63, 64, 200, a.len() - 1] {
                crosses(&a, &b, first, &mut by_bar);
                assert_eq!(found[first / WORD..], by_bar[first / WORD..], "from bar {first}");
            }
            let mut marked = vec![0; a.len().div_ceil(WORD)];
            mark_changes(&a, &b, &mut marked);
            for bar in 1..a.len() {
                let (before, now) = ((a[bar - 1], b[bar - 1]), (a[bar], b[bar]));
                assert_eq!(Cross::is_up(&found, bar), crosses_above(before, now), "bar {bar}");
                assert_eq!(Cross::is_down(&found, bar), crosses_below(before, now), "bar {bar}");
                let changed = marked[bar / WORD] >> (bar % WORD) & 1 == 1;
                assert_eq!(changed, changes(before, now), "bar {bar}");
            }
            assert!(!Cross::is_up(&found, 0) && !Cross::is_down(&found, 0));
            assert_eq!(marked[a.len() / WORD] >> (a.len() % WORD), 0, "nothing beyond the last bar");
        }
    }
}
