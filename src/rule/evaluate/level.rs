//! Levels: what takes a number from the price level of the last bar to that of a stretch.

#![forbid(unsafe_code)]

use crate::rule::bars::Stretch;
use crate::rule::degree::Degree;

/// What takes a number of some degree from the level of the last bar to that of a stretch.
pub(super) fn at_level(stretch: Stretch, degree: Degree) -> f64 {
    let (price, volume) = degree.halves();
    half_power(stretch.price, price) * half_power(stretch.volume, volume)
}

/// A base to the power of so many halves, by products and one root: the same bits on every machine.
fn half_power(base: f64, halves: i32) -> f64 {
    let mut power = if halves % 2 == 0 { 1.0 } else { base.sqrt() };
    let (mut square, mut rest) = (base, halves.unsigned_abs() / 2);
    while rest > 0 {
        if rest % 2 == 1 {
            power *= square;
        }
        square *= square;
        rest /= 2;
    }
    if halves < 0 { 1.0 / power } else { power }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "products and roots of powers of two are exact")]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_raised_to_the_degree() {
        let stretch = Stretch { first: 0, price: 4.0, volume: 0.25 };
        let level = |price, volume| at_level(stretch, Degree::Known { price, volume });
        assert_eq!([level(2, 0), level(0, 2), level(4, 0), level(1, 0)], [4.0, 0.25, 16.0, 2.0]);
        assert_eq!([level(-2, 0), level(2, 2), level(-1, 0), level(0, 0)], [0.25, 1.0, 0.5, 1.0]);
        assert_eq!(at_level(stretch, Degree::Plain), 1.0);
    }
}
