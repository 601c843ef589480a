//! How two columns compare, 64 bars at a time: by the widest vectors that the processor has, found at run time.
//!
//! The formula of a bar is the same everywhere, [`above`] and [`below`], and none of its operations is fused: so a bit
//! does not depend on the processor. A program built for the baseline runs at the speed of AVX-512 where it is there.
//!
//! This is the one file outside of `sync` and `cache` that needs unsafe code, for a single operation: calling a function
//! that is compiled for more than the baseline. All that such a function does inside is checked as anywhere else.

#![expect(
    unsafe_code,
    reason = "calling what is compiled for more than the baseline, once it is known to be there"
)]

use super::{TOLERANCE, Word, above, below};

/// Bars of a word.
pub(super) const WORD: usize = u64::BITS as usize;

/// Compares a column with another of the same length and hands over each word, in order; the last may be of fewer bars,
/// and what lies beyond them is undefined.
#[inline]
pub(super) fn each_word(a: &[f64], b: &[f64], each: impl FnMut(Word)) {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512F, because the line above found it.
            return unsafe { x86::by_eights(a, b, each) };
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, because the line above found it.
            return unsafe { x86::by_fours(a, b, each) };
        }
    }
    portable(a, b, each);
}

/// What each set of instructions of this processor finds, so that a test sees that they agree.
#[cfg(test)]
pub(super) fn each_way(a: &[f64], b: &[f64], mut found: impl FnMut(Vec<Word>)) {
    let mut words = Vec::new();
    portable(a, b, |word| words.push(word));
    found(std::mem::take(&mut words));
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512F, because the line above found it.
            unsafe { x86::by_eights(a, b, |word| words.push(word)) };
            found(std::mem::take(&mut words));
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2, because the line above found it.
            unsafe { x86::by_fours(a, b, |word| words.push(word)) };
            found(words);
        }
    }
}

/// Whole words by one function, and the rest filled up with what compares as undefined.
#[inline(always)]
fn in_words(
    a: &[f64],
    b: &[f64],
    word: impl Fn(&[f64; WORD], &[f64; WORD]) -> Word,
    mut each: impl FnMut(Word),
) {
    let ((whole_a, rest_a), (whole_b, rest_b)) = (a.as_chunks::<WORD>(), b.as_chunks::<WORD>());
    for (a, b) in whole_a.iter().zip(whole_b) {
        each(word(a, b));
    }
    if !rest_a.is_empty() {
        let (mut last_a, mut last_b) = ([f64::NAN; WORD], [f64::NAN; WORD]);
        last_a[..rest_a.len()].copy_from_slice(rest_a);
        last_b[..rest_b.len()].copy_from_slice(rest_b);
        each(word(&last_a, &last_b));
    }
}

/// What is above and below tells the rest where no bar is undefined; else the bars are asked once more.
#[inline(always)]
fn complete(above: u64, below: u64, a: &[f64; WORD], b: &[f64; WORD]) -> Word {
    let level = if above | below == u64::MAX { 0 } else { defined(a, b) & !(above | below) };
    Word { above, below, level }
}

#[cold]
fn defined(a: &[f64; WORD], b: &[f64; WORD]) -> u64 {
    bits(|bar| !a[bar].is_nan() && !b[bar].is_nan())
}

fn bits(is: impl Fn(usize) -> bool) -> u64 {
    (0..WORD).fold(0, |word, bar| word | u64::from(is(bar)) << bar)
}

/// For any processor.
pub(super) fn portable(a: &[f64], b: &[f64], each: impl FnMut(Word)) {
    in_words(
        a,
        b,
        |a, b| match all_apart(a, b) {
            Some(above) => Word { above, below: !above, level: 0 },
            None => complete(bits(|bar| above(a[bar], b[bar])), bits(|bar| below(a[bar], b[bar])), a, b),
        },
        each,
    );
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

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use std::arch::x86_64::{
        __m256d, __m512d, _CMP_GT_OQ, _CMP_LT_OQ, _CMP_ORD_Q, _mm256_add_pd, _mm256_and_pd,
        _mm256_castsi256_pd, _mm256_cmp_pd, _mm256_movemask_pd, _mm256_mul_pd, _mm256_set_pd,
        _mm256_set1_epi64x, _mm256_set1_pd, _mm256_sub_pd, _mm512_abs_pd, _mm512_add_pd, _mm512_cmp_pd_mask,
        _mm512_fmadd_pd, _mm512_mul_pd, _mm512_set_pd, _mm512_set1_pd, _mm512_setzero_pd, _mm512_sub_pd,
    };

    use super::{TOLERANCE, WORD, Word, complete, in_words};

    #[target_feature(enable = "avx512f")]
    pub(in crate::compare) fn by_eights(a: &[f64], b: &[f64], each: impl FnMut(Word)) {
        in_words(a, b, |a, b| eights(a, b), each);
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn eights(a: &[f64; WORD], b: &[f64; WORD]) -> Word {
        match eights_apart(a, b) {
            Some(above) => Word { above, below: !above, level: 0 },
            None => eights_exactly(a, b),
        }
    }

    /// As [`all_apart`](super::all_apart): by two products of `b`, one of which is on either side of it whatever its sign.
    ///
    /// Where `a` lies between them, or something is NaN, both comparisons hold or none does. An infinite `b` is level with
    /// everything; its product with 0 is NaN. That is the one fused operation here, and all it tells is who decides.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn eights_apart(a: &[f64; WORD], b: &[f64; WORD]) -> Option<u64> {
        let (more, less) = (_mm512_set1_pd(1.0 + 2.0 * TOLERANCE), _mm512_set1_pd(1.0 - 2.0 * TOLERANCE));
        let (mut above, mut apart, mut infinite) = (0_u64, u8::MAX, _mm512_setzero_pd());
        for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
            let (a, b) = (load_eight(a), load_eight(b));
            let is_above = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(a, _mm512_mul_pd(b, more));
            let is_below = _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, _mm512_mul_pd(b, less));
            infinite = _mm512_fmadd_pd(b, _mm512_setzero_pd(), infinite);
            // Turned round once in all. What a shift by a place would do is made a shuffle of vectors, which takes longer.
            above = (above | u64::from(is_above)).rotate_right(8);
            apart &= is_above ^ is_below;
        }
        let is_finite = _mm512_cmp_pd_mask::<_CMP_ORD_Q>(infinite, infinite) == u8::MAX;
        (apart == u8::MAX && is_finite).then_some(above)
    }

    #[cold]
    #[target_feature(enable = "avx512f")]
    fn eights_exactly(a: &[f64; WORD], b: &[f64; WORD]) -> Word {
        let tolerance = _mm512_set1_pd(TOLERANCE);
        let (mut above, mut below) = (0, 0);
        for (at, (a, b)) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0).enumerate() {
            let (a, b) = (load_eight(a), load_eight(b));
            let slack = _mm512_mul_pd(tolerance, _mm512_abs_pd(b));
            let is_above = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(a, _mm512_add_pd(b, slack));
            let is_below = _mm512_cmp_pd_mask::<_CMP_LT_OQ>(a, _mm512_sub_pd(b, slack));
            above |= u64::from(is_above) << (8 * at);
            below |= u64::from(is_below) << (8 * at);
        }
        complete(above, below, a, b)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn load_eight(&[a, b, c, d, e, f, g, h]: &[f64; 8]) -> __m512d {
        _mm512_set_pd(h, g, f, e, d, c, b, a)
    }

    #[target_feature(enable = "avx2")]
    pub(in crate::compare) fn by_fours(a: &[f64], b: &[f64], each: impl FnMut(Word)) {
        in_words(a, b, |a, b| fours(a, b), each);
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn fours(a: &[f64; WORD], b: &[f64; WORD]) -> Word {
        let tolerance = _mm256_set1_pd(TOLERANCE);
        let magnitude = _mm256_castsi256_pd(_mm256_set1_epi64x(i64::MAX));
        let (mut above, mut below) = (0, 0);
        for (at, (a, b)) in a.as_chunks::<4>().0.iter().zip(b.as_chunks::<4>().0).enumerate() {
            let (a, b) = (load_four(a), load_four(b));
            let slack = _mm256_mul_pd(tolerance, _mm256_and_pd(b, magnitude));
            let is_above = _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GT_OQ>(a, _mm256_add_pd(b, slack)));
            let is_below = _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_LT_OQ>(a, _mm256_sub_pd(b, slack)));
            above |= u64::from(is_above.cast_unsigned()) << (4 * at);
            below |= u64::from(is_below.cast_unsigned()) << (4 * at);
        }
        complete(above, below, a, b)
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn load_four(&[a, b, c, d]: &[f64; 4]) -> __m256d {
        _mm256_set_pd(d, c, b, a)
    }
}
