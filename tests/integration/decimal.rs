//! Decimal to `f64`: the same bits as parsing the decimal's text.

use lookback::decimal::{column_to_f64, mantissa_to_f64, mantissas_to_f64, to_f64};
use proptest::prelude::*;
use rust_decimal::Decimal;

/// Mantissas of every width up to 96 bits.
fn mantissa() -> impl Strategy<Value = i128> {
    (0_u32..96, any::<u128>(), any::<bool>()).prop_map(|(shift, bits, negative)| {
        let magnitude = i128::try_from(bits >> 32 >> shift).unwrap();
        if negative { -magnitude } else { magnitude }
    })
}

/// Digits of a whole number, as text with a point: what a parser of `f64` rounds correctly.
fn text(mantissa: i128, scale: u32) -> String {
    format!("{mantissa}e-{scale}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn a_decimal_reads_as_its_text(mantissa in mantissa(), scale in 0_u32..=28) {
        let decimal = Decimal::from_i128_with_scale(mantissa, scale);
        prop_assert_eq!(to_f64(decimal), decimal.to_string().parse::<f64>().unwrap());
    }

    #[test]
    fn a_wide_mantissa_reads_as_its_text(mantissa in any::<i128>(), shift in 0_u32..127, scale in 0_u32..=28) {
        let mantissa = mantissa >> shift;
        prop_assert_eq!(mantissa_to_f64(mantissa, scale), text(mantissa, scale).parse::<f64>().unwrap());
    }

    #[test]
    fn halfway_cases_go_to_the_even_neighbour(odd in any::<u64>(), scale in 0_u32..=28, off in -1_i128..=1) {
        // A 54-bit odd number is halfway between two f64s; times 5^scale it stays so after the division.
        let halfway = i128::from(odd >> 10 | 1 << 53 | 1);
        let mantissa = (halfway * 5_i128.pow(scale)).saturating_add(off);
        prop_assert_eq!(mantissa_to_f64(mantissa, scale), text(mantissa, scale).parse::<f64>().unwrap());
    }
}

proptest! {
    #[test]
    fn a_column_reads_as_its_values(mantissas in prop::collection::vec(mantissa(), 0..100), scale in 0_u32..=28) {
        let expected: Vec<f64> = mantissas.iter().map(|&mantissa| mantissa_to_f64(mantissa, scale)).collect();
        let mut column = Vec::new();
        mantissas_to_f64(&mantissas, scale, &mut column);
        prop_assert_eq!(&column, &expected);
        let decimals: Vec<Decimal> =
            mantissas.iter().map(|&mantissa| Decimal::from_i128_with_scale(mantissa, scale)).collect();
        column.clear();
        column_to_f64(&decimals, &mut column);
        prop_assert_eq!(&column, &expected);
    }
}
