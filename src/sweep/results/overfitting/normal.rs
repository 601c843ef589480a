//! The normal distribution: its density, its distribution function and the inverse of that.

#![forbid(unsafe_code)]

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The density at `x`.
pub(super) fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) / (2.0 * PI).sqrt()
}

/// The probability of a value of at most `x`; exact in the lower tail too.
pub(super) fn probability(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// The value that is not exceeded with a probability: minus infinity at 0, infinity at 1, NaN outside.
///
/// - Source: Wichura, Algorithm AS 241: The Percentage Points of the Normal Distribution (1988), PPND16: about one part
///   in 10^16.
pub(super) fn quantile(probability: f64) -> f64 {
    let centred = probability - 0.5;
    if centred.abs() <= 0.425 {
        let r = 0.180_625 - centred * centred;
        return centred * ratio(&CENTRE, r);
    }
    let tail = if centred < 0.0 { probability } else { 1.0 - probability };
    if tail <= 0.0 {
        return if tail < 0.0 { f64::NAN } else { f64::INFINITY.copysign(centred) };
    }
    let r = (-libm::log(tail)).sqrt();
    let magnitude = if r <= 5.0 { ratio(&TAIL, r - 1.6) } else { ratio(&FAR_TAIL, r - 5.0) };
    magnitude.copysign(centred)
}

/// Coefficients of a numerator and a denominator, lowest power first.
type Ratio = [[f64; 8]; 2];

fn ratio([numerator, denominator]: &Ratio, x: f64) -> f64 {
    let polynomial = |of: &[f64; 8]| of.iter().rev().fold(0.0, |sum, one| sum * x + one);
    polynomial(numerator) / polynomial(denominator)
}

#[expect(clippy::excessive_precision, reason = "the digits are those of the source")]
const CENTRE: Ratio = [
    [
        3.387_132_872_796_366_608,
        1.331_416_678_917_843_774_5e2,
        1.971_590_950_306_551_442_7e3,
        1.373_169_376_550_946_112_5e4,
        4.592_195_393_154_987_145_7e4,
        6.726_577_092_700_870_085_3e4,
        3.343_057_558_358_812_810_5e4,
        2.509_080_928_730_122_672_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091_125_2e1,
        6.871_870_074_920_579_083e2,
        5.394_196_021_424_751_107_7e3,
        2.121_379_430_158_659_586_7e4,
        3.930_789_580_009_271_061e4,
        2.872_908_573_572_194_267_4e4,
        5.226_495_278_852_854_561e3,
    ],
];

#[expect(clippy::excessive_precision, reason = "the digits are those of the source")]
const TAIL: Ratio = [
    [
        1.423_437_110_749_683_577_34,
        4.630_337_846_156_545_295_9,
        5.769_497_221_460_691_405_5,
        3.647_848_324_763_204_605_04,
        1.270_458_252_452_368_382_58,
        2.417_807_251_774_506_117_7e-1,
        2.272_384_498_926_918_458_33e-2,
        7.745_450_142_783_414_076_4e-4,
    ],
    [
        1.0,
        2.053_191_626_637_758_821_87,
        1.676_384_830_183_803_849_4,
        6.897_673_349_851_000_045_5e-1,
        1.481_039_764_274_800_745_9e-1,
        1.519_866_656_361_645_719_66e-2,
        5.475_938_084_995_344_946e-4,
        1.050_750_071_644_416_843_24e-9,
    ],
];

#[expect(clippy::excessive_precision, reason = "the digits are those of the source")]
const FAR_TAIL: Ratio = [
    [
        6.657_904_643_501_103_777_2,
        5.463_784_911_164_114_369_9,
        1.784_826_539_917_291_335_8,
        2.965_605_718_285_048_912_3e-1,
        2.653_218_952_657_612_309_3e-2,
        1.242_660_947_388_078_438_6e-3,
        2.711_555_568_743_487_578_15e-5,
        2.010_334_399_292_288_132_65e-7,
    ],
    [
        1.0,
        5.998_322_065_558_879_376_9e-1,
        1.369_298_809_227_358_053_1e-1,
        1.487_536_129_085_061_485_25e-2,
        7.868_691_311_456_132_591e-4,
        1.846_318_317_510_054_681_8e-5,
        1.421_511_758_316_445_888_7e-7,
        2.044_263_103_389_939_785_64e-15,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_inverse_of_the_probability_from_end_to_end() {
        for at in -360..=80 {
            let x = f64::from(at) / 10.0;
            let found = quantile(probability(x));
            // Towards the upper end a probability near 1 no longer holds the digits.
            let tolerance = 4e-15 + 3e-16 / density(x).max(1e-300) * f64::from(u8::from(x > 0.0));
            assert!((found - x).abs() <= tolerance * x.abs().max(1.0), "{x}: {found}");
        }
        assert_eq!((quantile(0.0), quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(quantile(-0.1).is_nan() && quantile(1.1).is_nan());
    }

    #[test]
    fn tables_of_the_normal_distribution_are_met() {
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-15);
        assert!((-quantile(0.05) - 1.644_853_626_951_472_7).abs() < 1e-15);
        assert!((probability(-6.0) / 9.865_876_450_376_946e-10 - 1.0).abs() < 1e-14);
    }
}
