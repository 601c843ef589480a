//! Comparisons that decide trades, with a tolerance.
//!
//! On real prices two averages tie exactly, and without a tolerance the order of their summation would decide the trade:
//! *a is above b* means a > b + 1e-12 |b|, *below* means a < b - 1e-12 |b|, and what is neither is level.

#![deny(unsafe_code)]

mod lanes;

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

/// Which bars [`mark`] marks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mark {
    /// Where [`crosses_above`] or [`crosses_below`] holds.
    Crossings,
    /// Where the relation, one of above, below, level and undefined, is another than at the bar before.
    Changes,
}

/// Sets a bit for each bar to mark, 64 bars a word, the lowest bit first.
///
/// Bits are set from word `first` of `words` on, and no bit is cleared, so that the bars of several pairs unite. `a` and
/// `b` have the same length, and `words` holds that many bits.
pub(crate) fn mark(bars: Mark, a: &[f64], b: &[f64], first: usize, words: &mut [u64]) {
    match bars {
        Mark::Crossings => mark_where(Word::crossings, a, b, first, words),
        Mark::Changes => mark_where(Word::changes, a, b, first, words),
    }
}

#[inline]
fn mark_where(marked: impl Fn(Word, Word) -> u64, a: &[f64], b: &[f64], first: usize, words: &mut [u64]) {
    let start = first * WORD;
    let mut carried = start.checked_sub(1).map_or(Word::default(), |bar| Word::of_one(a[bar], b[bar]));
    let (mut words, mut left) = (words[first..].iter_mut(), a.len() - start);
    relate(&a[start..], &b[start..], |now| {
        let before = now.moved_up(carried);
        carried = now.last();
        // Beyond the last bar all is undefined, which is no change of a bar.
        let bars = left.min(WORD);
        left -= bars;
        if let Some(word) = words.next() {
            *word |= marked(now, before) & (u64::MAX >> (WORD - bars));
        }
    });
}

impl Word {
    /// Of a single bar, in the lowest bit.
    fn of_one(a: f64, b: f64) -> Self {
        let (above, below) = (above(a, b), below(a, b));
        let level = is_defined((a, b)) && !above && !below;
        Self { above: above.into(), below: below.into(), level: level.into() }
    }

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

    fn crossings(self, before: Self) -> u64 {
        self.above & (before.below | before.level) | self.below & (before.above | before.level)
    }

    fn changes(self, before: Self) -> u64 {
        self.above ^ before.above | self.below ^ before.below | self.level ^ before.level
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
                            let one = Word::of_one(a, b);
                            word.above |= one.above << bar;
                            word.below |= one.below << bar;
                            word.level |= one.level << bar;
                        }
                        word
                    })
                    .collect();
                lanes::each_way(a, b, |found| assert_eq!(found, expected, "{len} bars from {shift}"));
            }
        }
    }

    #[test]
    fn marks_are_those_of_a_walk_bar_by_bar() {
        let a = runs();
        let b = vec![1.0; a.len()];
        let crosses = |bar: usize| {
            let (before, now) = ((a[bar - 1], b[bar - 1]), (a[bar], b[bar]));
            crosses_above(before, now) || crosses_below(before, now)
        };
        let relation = |bar: usize| (above(a[bar], b[bar]), below(a[bar], b[bar]), a[bar].is_nan());
        let changes = |bar: usize| relation(bar) != relation(bar - 1);
        for first in 0..5 {
            for (bars, slow) in
                [(Mark::Crossings, &crosses as &dyn Fn(usize) -> bool), (Mark::Changes, &changes)]
            {
                let mut words = vec![0; a.len().div_ceil(WORD)];
                mark(bars, &a, &b, first, &mut words);
                for bar in 1..a.len() {
                    let expected = bar >= first * WORD && slow(bar);
                    let found = words[bar / WORD] >> (bar % WORD) & 1 == 1;
                    assert_eq!(found, expected, "{bars:?}: bar {bar} from word {first}");
                }
            }
        }
    }
}
