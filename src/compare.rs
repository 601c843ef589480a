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

/// The first index in `start..a.len()` whose relation is not that of the index before it; `a.len()` where there is none.
///
/// Every crossing is such an index, so a walk that stops only at these misses none.
pub(crate) fn next_change(a: &[f64], b: &[f64], start: usize) -> usize {
    let Some(before) = start.checked_sub(1) else { return start.min(a.len()) };
    let (x, y) = (a[before], b[before]);
    let (rest_a, rest_b) = (&a[start..], &b[start..]);
    let run = if above(x, y) {
        run_length(rest_a, rest_b, above)
    } else if below(x, y) {
        run_length(rest_a, rest_b, below)
    } else if x.is_nan() || y.is_nan() {
        run_length(rest_a, rest_b, |x, y| x.is_nan() | y.is_nan())
    } else {
        run_length(rest_a, rest_b, |x, y| {
            let tolerance = TOLERANCE * y.abs();
            (x <= y + tolerance) & (x >= y - tolerance)
        })
    };
    start + run
}

/// How many pairs from the front have a property.
///
/// Eight at a time without a branch in between, so that the comparisons vectorise; and where a run ends, its last pairs
/// are counted without one too, since nothing could predict it: five times as fast as pair by pair.
#[inline]
fn run_length(a: &[f64], b: &[f64], holds: impl Fn(f64, f64) -> bool) -> usize {
    const LANES: usize = 8;
    let count = |a: &[f64], b: &[f64]| {
        let (mut run, mut unbroken) = (0, true);
        for (x, y) in a.iter().zip(b) {
            unbroken &= holds(*x, *y);
            run += usize::from(unbroken);
        }
        run
    };
    let ((chunks_a, rest_a), (chunks_b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (chunk, (a, b)) in chunks_a.iter().zip(chunks_b).enumerate() {
        let mut all = true;
        for lane in 0..LANES {
            all &= holds(a[lane], b[lane]);
        }
        if !all {
            return chunk * LANES + count(a, b);
        }
    }
    chunks_a.len() * LANES + count(rest_a, rest_b)
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
    fn the_next_change_is_that_of_a_walk_bar_by_bar() {
        let relation = |x: f64, y: f64| (above(x, y), below(x, y), x.is_nan() || y.is_nan());
        let mut a = vec![f64::NAN; 13];
        // Runs of every length to 40, above, below and level in turn.
        for run in 0..40 {
            a.extend(std::iter::repeat_n([2.0, 1.0, 0.5][run % 3], run));
        }
        let b = vec![1.0; a.len()];
        for start in 0..=a.len() {
            let slow = (start..a.len())
                .find(|&at| at == 0 || relation(a[at], b[at]) != relation(a[at - 1], b[at - 1]))
                .unwrap_or(a.len());
            assert_eq!(next_change(&a, &b, start), slow, "from {start}");
        }
    }
}
