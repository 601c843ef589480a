//! Columns of numbers as a page holds them: base64 of three bytes a number, which its script unpacks.

#![forbid(unsafe_code)]

/// The digits of base64, RFC 4648.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The upper three bytes of a single-precision number: 16 bits of mantissa, so whole numbers to 65,536 are exact and others
/// are told to within 16 millionths. NaN stays NaN.
#[expect(clippy::cast_possible_truncation, reason = "the number is rounded to single precision")]
fn bits(value: f64) -> u32 {
    if value.is_nan() {
        return f32::NAN.to_bits() >> 8;
    }
    let bits = (value as f32).clamp(-f32::MAX, f32::MAX).to_bits();
    // To the nearest; what would round up to infinity is cut.
    let rounded = bits.saturating_add(0x80) >> 8;
    if rounded & 0x7f_ffff >= 0x7f_8000 { bits >> 8 } else { rounded }
}

/// Four digits for each number, the first byte the highest.
pub(super) fn numbers(values: impl IntoIterator<Item = f64>) -> String {
    values.into_iter().flat_map(|value| digits(bits(value))).collect()
}

/// The same of whole numbers below 2^24.
pub(super) fn wholes(values: impl IntoIterator<Item = usize>) -> String {
    let bits = |value: usize| u32::try_from(value).unwrap_or(u32::MAX).min(0xff_ffff);
    values.into_iter().flat_map(|value| digits(bits(value))).collect()
}

/// The same of whole numbers below 2^12, two digits each; `None` where one is larger.
pub(super) fn small(values: impl IntoIterator<Item = usize> + Clone) -> Option<String> {
    let all = values.clone().into_iter().all(|value| value < 1 << 12);
    let two = |value: usize| [6, 0].map(|shift| char::from(DIGITS[value >> shift & 63]));
    all.then(|| values.into_iter().flat_map(two).collect())
}

fn digits(bits: u32) -> [char; 4] {
    [18, 12, 6, 0].map(|shift| char::from(DIGITS[(bits >> shift & 63) as usize]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(text: &str) -> Vec<f64> {
        let digit = |one: u8| (0_u32..).zip(DIGITS).find(|(_, digit)| **digit == one).unwrap().0;
        let chunks = text.as_bytes().chunks_exact(4);
        chunks
            .map(|four| {
                f64::from(f32::from_bits(four.iter().fold(0, |bits, one| bits << 6 | digit(*one)) << 8))
            })
            .collect()
    }

    #[test]
    fn numbers_come_back_to_within_sixteen_millionths() {
        let values = [0.0, 1.0, -0.318_4, 65_535.0, 1e-9, 123_456.789, -2.5e30];
        for (read, value) in unpacked(&numbers(values)).into_iter().zip(values) {
            assert!((read - value).abs() <= 1.6e-5 * value.abs(), "{value} came back as {read}");
        }
        assert!(
            (0..=65_536).step_by(7).all(|whole| unpacked(&numbers([f64::from(whole)])) == [f64::from(whole)])
        );
    }

    #[test]
    fn what_is_not_a_number_or_too_large_stays_so() {
        let read = unpacked(&numbers([f64::NAN, 1e300, f64::NEG_INFINITY]));
        assert!(read[0].is_nan() && read[1] > 3.4e38 && read[1].is_finite() && read[2] < -3.4e38);
        assert_eq!(numbers([]), "");
        assert_eq!(
            (wholes([0, 1, 16_777_215]), wholes([usize::MAX])),
            ("AAAAAAAB////".into(), "////".into())
        );
    }
}
