//! Comparisons that decide trades, with a tolerance.
//!
//! On real prices two averages tie exactly, and without a tolerance the order of their summation would decide the trade:
//! *a is above b* means a > b + 1e-12 |b|, *below* means a < b - 1e-12 |b|, and what is neither is level.

#![forbid(unsafe_code)]

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
    above(now.0, now.1) && before.0 <= before.1 + TOLERANCE * before.1.abs()
}

/// Whether `a` fell below `b` with this bar: below now, defined and not below at the bar before.
#[inline]
#[must_use]
pub fn crosses_below(before: (f64, f64), now: (f64, f64)) -> bool {
    below(now.0, now.1) && before.0 >= before.1 - TOLERANCE * before.1.abs()
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
    let start = first * WORD;
    let mut before = match start.checked_sub(1) {
        Some(bar) => Relation::of(a[bar], b[bar]),
        None => Relation::default(),
    };
    let ((whole_a, rest_a), (whole_b, rest_b)) =
        (a[start..].as_chunks::<WORD>(), b[start..].as_chunks::<WORD>());
    let mut words = words[first..].iter_mut();
    for ((a, b), word) in whole_a.iter().zip(whole_b).zip(&mut words) {
        if let Some(above) = all_apart(a, b) {
            let (not_above, not_below) = (!above << 1 | before.not_above, above << 1 | before.not_below);
            *word |= match bars {
                Mark::Crossings => above & not_above | !above & not_below,
                Mark::Changes => (not_above ^ !above) | (not_below ^ above),
            };
            let is_above = above >> (WORD - 1);
            before = Relation { not_above: 1 - is_above, not_below: is_above };
        } else {
            *word |= mark_slowly(bars, a, b, &mut before);
        }
    }
    if let Some(word) = words.next().filter(|_| !rest_a.is_empty()) {
        *word |= mark_slowly(bars, rest_a, rest_b, &mut before);
    }
}

/// Bars of a word.
const WORD: usize = u64::BITS as usize;

/// How a bar's two values compare, as what they are not, 1 for true: both 0 where either is NaN, or there is no bar.
#[derive(Clone, Copy, PartialEq, Default)]
struct Relation {
    not_above: u64,
    not_below: u64,
}

impl Relation {
    fn of(x: f64, y: f64) -> Self {
        let tolerance = TOLERANCE * y.abs();
        Self { not_above: u64::from(x <= y + tolerance), not_below: u64::from(x >= y - tolerance) }
    }
}

/// Where `a` is above `b`, a bit a bar, provided that it is above or below at each of them by twice the tolerance.
///
/// Nearly every word is so, and one subtraction a bar tells: its sign, and that it is not small. No branch within, and
/// four lanes whose bits are interleaved at the end, so that it vectorises: 0.4 ns a bar against 0.9 bit by bit.
fn all_apart(a: &[f64; WORD], b: &[f64; WORD]) -> Option<u64> {
    const LANES: usize = 4;
    const SIGN: u64 = 1 << (WORD - 1);
    let (mut negative, mut apart) = ([0_u64; LANES], [u64::MAX; LANES]);
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            let gap = a[lane] - b[lane];
            negative[lane] = negative[lane] >> LANES | gap.to_bits() & SIGN;
            apart[lane] &= u64::from(gap.abs() > 2.0 * TOLERANCE * b[lane].abs()).wrapping_neg();
        }
    }
    let below = negative[0] >> 3 | negative[1] >> 2 | negative[2] >> 1 | negative[3];
    (apart.into_iter().fold(u64::MAX, |all, lane| all & lane) != 0).then_some(!below)
}

/// The bars to mark of at most one word, one by one: where averages are not defined yet, and where they tie.
fn mark_slowly(bars: Mark, a: &[f64], b: &[f64], before: &mut Relation) -> u64 {
    let mut word = 0;
    for (bar, (&x, &y)) in a.iter().zip(b).enumerate() {
        let now = Relation::of(x, y);
        let marked = match bars {
            Mark::Crossings => {
                u64::from(above(x, y)) & before.not_above | u64::from(below(x, y)) & before.not_below
            }
            Mark::Changes => u64::from(now != *before),
        };
        word |= marked << bar;
        *before = now;
    }
    word
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

    #[test]
    fn marks_are_those_of_a_walk_bar_by_bar() {
        let mut state = 7_u64;
        // Runs of every length to 80: above, below, level, within rounding and undefined, in no order.
        let mut a = Vec::new();
        for run in 0..80 {
            // Source: D. Knuth, MMIX's linear congruential generator.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let values = [2.0, 0.5, 1.0, 1.0 + 5e-13, 1.0 - 5e-13, f64::NAN, 3.0, 1.0 + 1.5e-12];
            a.extend(std::iter::repeat_n(values[usize::try_from(state >> 61).unwrap()], run));
        }
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
