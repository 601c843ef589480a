//! Decimal to `f64`, correctly rounded: the same bits as parsing the decimal's text, without the text.
//!
//! `Decimal::to_f64` is off by up to 2 units in the last place for one wide value in twelve. Here a value takes
//! one of two paths, both with a single rounding:
//! - **exact division**: a mantissa of at most 2^53 and a scale of at most 22 are both exact as `f64`, so that their
//!   quotient is the nearest `f64` by IEEE 754. Every price-like value goes here.
//! - **128 bits**: the mantissa is shifted up to the top of a `u128` and divided by 5^scale; the remainder is kept
//!   as a sticky last bit. 5^28 is below 2^66, so at least 62 bits of quotient are left, and the conversion of an
//!   integer to `f64` rounds it to 53. What remains is a power of two, which is exact.
//!
//! Source: Clinger, *How to Read Floating Point Numbers Accurately*, 1990, for the first path.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

/// The largest scale that a [`Decimal`] has.
pub const MAX_SCALE: u32 = Decimal::MAX_SCALE;

/// Mantissas up to this magnitude are exact as `f64`.
const EXACT_MANTISSA: u128 = 1 << f64::MANTISSA_DIGITS;

/// Powers of ten that are exact as `f64`.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Values of a column that are looked at together: the check for the fast path is one branch for all of them.
const CHUNK: usize = 32;

/// The `f64` nearest to a decimal; ties go to the even one.
///
/// # Examples
/// ```
/// use lookback::decimal::to_f64;
/// let price: rust_decimal::Decimal = "44.86".parse().unwrap();
/// assert_eq!(to_f64(price), 44.86);
/// ```
#[inline]
#[must_use]
pub fn to_f64(value: Decimal) -> f64 {
    mantissa_to_f64(value.mantissa(), value.scale())
}

/// Appends the `f64` nearest to each decimal of a column.
///
/// # Examples
/// ```
/// let closes = ["44.86", "0.1"].map(|price| price.parse().expect("a decimal"));
/// let mut values = Vec::new();
/// lookback::decimal::column_to_f64(&closes, &mut values);
/// assert_eq!(values, [44.86, 0.1]);
/// ```
pub fn column_to_f64(column: &[Decimal], out: &mut Vec<f64>) {
    out.extend(column.iter().map(|&value| to_f64(value)));
}

/// The `f64` nearest to `mantissa / 10^scale`; ties go to the even one.
///
/// # Panics
/// Where `scale` is above [`MAX_SCALE`].
///
/// # Examples
/// ```
/// use lookback::decimal::mantissa_to_f64;
/// assert_eq!(mantissa_to_f64(4_486, 2), 44.86);
/// assert_eq!(mantissa_to_f64(123_456_789_012_345_678_901_234_567, 20), 1_234_567.890_123_456_789_012_345_67);
/// ```
#[inline]
#[must_use]
pub fn mantissa_to_f64(mantissa: i128, scale: u32) -> f64 {
    match EXACT_POWERS.get(scale as usize) {
        Some(&power) if mantissa.unsigned_abs() <= EXACT_MANTISSA => exact(mantissa, power),
        _ => wide(mantissa, scale),
    }
}

/// Appends the `f64` nearest to each `mantissa / 10^scale` of a column of one scale, as Arrow's `Decimal128` has it.
///
/// # Panics
/// Where `scale` is above [`MAX_SCALE`].
///
/// # Examples
/// ```
/// let mut values = Vec::new();
/// lookback::decimal::mantissas_to_f64(&[4_486, 10], 2, &mut values);
/// assert_eq!(values, [44.86, 0.1]);
/// ```
pub fn mantissas_to_f64(mantissas: &[i128], scale: u32, out: &mut Vec<f64>) {
    let Some(&power) = EXACT_POWERS.get(scale as usize) else {
        out.extend(mantissas.iter().map(|&mantissa| wide(mantissa, scale)));
        return;
    };
    out.reserve(mantissas.len());
    let (chunks, rest) = mantissas.as_chunks::<CHUNK>();
    for chunk in chunks {
        let bits = chunk.iter().fold(0, |bits, mantissa| bits | mantissa.unsigned_abs());
        if bits <= EXACT_MANTISSA {
            out.extend_from_slice(&chunk.map(|mantissa| exact(mantissa, power)));
        } else {
            out.extend(chunk.iter().map(|&mantissa| mantissa_to_f64(mantissa, scale)));
        }
    }
    out.extend(rest.iter().map(|&mantissa| mantissa_to_f64(mantissa, scale)));
}

#[inline]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "callers pass at most 2^53 in magnitude, which fits i64 and is exact as f64"
)]
fn exact(mantissa: i128, power: f64) -> f64 {
    mantissa as i64 as f64 / power
}

#[cold]
#[expect(clippy::cast_precision_loss, reason = "this is the one rounding, to nearest even")]
fn wide(mantissa: i128, scale: u32) -> f64 {
    assert!(scale <= MAX_SCALE, "a decimal's scale is at most {MAX_SCALE}");
    if mantissa == 0 {
        return 0.0;
    }
    let magnitude = mantissa.unsigned_abs();
    let shift = magnitude.leading_zeros();
    let divisor = 5_u128.pow(scale);
    let shifted = magnitude << shift;
    let sticky = u128::from(!shifted.is_multiple_of(divisor));
    let rounded = ((shifted / divisor) | sticky) as f64;
    let value = rounded * power_of_two(shift + scale);
    if mantissa < 0 { -value } else { value }
}

/// 2^-exponent, exact: the exponent is at most 127 + 28.
fn power_of_two(exponent: u32) -> f64 {
    const EXPONENT_BIAS: u64 = 1023;
    f64::from_bits((EXPONENT_BIAS - u64::from(exponent)) << (f64::MANTISSA_DIGITS - 1))
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the results are exact")]
mod tests {
    use super::*;

    #[test]
    fn a_mantissa_just_above_the_exact_range_is_rounded_once() {
        let odd = (1_i128 << 53) + 1;
        assert_eq!(mantissa_to_f64(odd, 0), 9_007_199_254_740_992.0);
        assert_eq!(mantissa_to_f64(-odd, 2), -90_071_992_547_409.93);
    }

    #[test]
    fn the_widest_values_of_both_types_are_read() {
        assert_eq!(mantissa_to_f64(i128::MIN, 0), -(2.0_f64.powi(127)));
        assert_eq!(to_f64(Decimal::MAX), 79_228_162_514_264_337_593_543_950_335.0);
        assert_eq!(mantissa_to_f64(1, 28), 1e-28);
        assert_eq!(mantissa_to_f64(0, 28), 0.0);
    }

    #[test]
    fn a_column_mixes_both_paths() {
        let mantissas: Vec<i128> = (0..100).map(|i| if i % 40 == 39 { i << 70 } else { i - 50 }).collect();
        let mut column = Vec::new();
        mantissas_to_f64(&mantissas, 4, &mut column);
        let single: Vec<f64> = mantissas.iter().map(|&mantissa| mantissa_to_f64(mantissa, 4)).collect();
        assert_eq!(column, single);
    }
}
