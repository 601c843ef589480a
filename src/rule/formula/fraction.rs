//! Exact numbers: what a parameter's decimals are, and what arithmetic makes of them.

#![forbid(unsafe_code)]

use std::cmp::Ordering;

use rust_decimal::Decimal;

use crate::decimal;

/// A fraction of two whole numbers. It is brought to lowest terms only where it would overflow otherwise: most never do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fraction {
    numerator: i128,
    /// Above 0.
    denominator: i128,
}

impl Fraction {
    /// A whole number of parts; none where there is none of them.
    pub(crate) fn new(numerator: i128, denominator: i128) -> Option<Self> {
        match denominator.cmp(&0) {
            Ordering::Greater => Some(Self { numerator, denominator }),
            Ordering::Less => {
                Some(Self { numerator: numerator.checked_neg()?, denominator: denominator.checked_neg()? })
            }
            Ordering::Equal => None,
        }
    }

    /// A decimal, to its last digit.
    pub(crate) fn of_decimal(value: Decimal) -> Self {
        // A decimal has at most 28 places, and 10^28 fits.
        Self { numerator: value.mantissa(), denominator: 10_i128.pow(value.scale()) }
    }

    /// It as a decimal, where it is one of at most 28 places and digits.
    pub(crate) fn decimal(self) -> Option<Decimal> {
        let lowest = self.lowest();
        (0..=decimal::MAX_SCALE).find_map(|scale| {
            let power = 10_i128.pow(scale);
            let by = (power % lowest.denominator == 0).then(|| power / lowest.denominator)?;
            Decimal::try_from_i128_with_scale(lowest.numerator.checked_mul(by)?, scale).ok()
        })
    }

    /// The nearest binary number, where both parts are below 2^53; else one as near as three roundings leave it.
    #[expect(clippy::cast_precision_loss, reason = "what is rounded here is told above")]
    pub(crate) fn nearest(self) -> f64 {
        let lowest = if self.denominator > 1 << f64::MANTISSA_DIGITS { self.lowest() } else { self };
        lowest.numerator as f64 / lowest.denominator as f64
    }

    pub(crate) fn is_negative(self) -> bool {
        self.numerator < 0
    }

    pub(super) fn signum(self) -> Self {
        Self { numerator: self.numerator.signum(), denominator: 1 }
    }

    pub(crate) fn negated(self) -> Option<Self> {
        Some(Self { numerator: self.numerator.checked_neg()?, denominator: self.denominator })
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        exactly(self, other, |a, b| {
            if a.denominator == b.denominator {
                let numerator = a.numerator.checked_add(b.numerator)?;
                return Some(Self { numerator, ..a });
            }
            let (left, right) =
                (a.numerator.checked_mul(b.denominator)?, b.numerator.checked_mul(a.denominator)?);
            Self::new(left.checked_add(right)?, a.denominator.checked_mul(b.denominator)?)
        })
    }

    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.negated()?)
    }

    pub(crate) fn times(self, other: Self) -> Option<Self> {
        exactly(self, other, |a, b| {
            Self::new(a.numerator.checked_mul(b.numerator)?, a.denominator.checked_mul(b.denominator)?)
        })
    }

    /// None as well where the other is 0.
    pub(crate) fn over(self, other: Self) -> Option<Self> {
        exactly(self, other, |a, b| {
            Self::new(a.numerator.checked_mul(b.denominator)?, a.denominator.checked_mul(b.numerator)?)
        })
    }

    /// What is left of it beyond whole multiples of the other, with its own sign. None as well where the other is 0.
    pub(super) fn beyond(self, other: Self) -> Option<Self> {
        exactly(self, other, |a, b| {
            let (left, right) =
                (a.numerator.checked_mul(b.denominator)?, b.numerator.checked_mul(a.denominator)?);
            Self::new(left.checked_rem(right)?, a.denominator.checked_mul(b.denominator)?)
        })
    }

    /// How it compares; none where that takes more than 38 digits.
    #[inline]
    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        if self.denominator == other.denominator {
            return Some(self.numerator.cmp(&other.numerator));
        }
        exactly(self, other, |a, b| {
            let left = a.numerator.checked_mul(b.denominator)?;
            Some(left.cmp(&b.numerator.checked_mul(a.denominator)?))
        })
    }

    fn lowest(self) -> Self {
        let (mut a, mut b) = (self.numerator.unsigned_abs(), self.denominator.unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        match i128::try_from(a) {
            Ok(divisor) if divisor > 1 => {
                Self { numerator: self.numerator / divisor, denominator: self.denominator / divisor }
            }
            _ => self,
        }
    }
}

impl PartialEq for Fraction {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (self.lowest(), other.lowest());
        (a.numerator, a.denominator) == (b.numerator, b.denominator)
    }
}

/// What is made of two fractions as they are, or else of them in lowest terms.
fn exactly<T>(a: Fraction, b: Fraction, make: impl Fn(Fraction, Fraction) -> Option<T>) -> Option<T> {
    make(a, b).or_else(|| make(a.lowest(), b.lowest()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fraction(text: &str) -> Fraction {
        Fraction::of_decimal(text.parse().unwrap())
    }

    #[test]
    fn decimals_stay_what_they_are() {
        let tenth = fraction("0.1");
        let thrice = tenth.plus(tenth).and_then(|sum| sum.plus(tenth)).unwrap();
        assert_eq!(thrice.compare(fraction("0.3")), Some(Ordering::Equal));
        assert_eq!(thrice.decimal(), Some("0.3".parse().unwrap()));
        assert!(thrice.nearest().total_cmp(&0.3).is_eq());
        let third = fraction("1").over(fraction("3")).unwrap();
        assert_eq!((third.decimal(), third.times(fraction("3"))), (None, Some(fraction("1"))));
        assert_eq!(fraction("-7.5").beyond(fraction("2")), Some(fraction("-1.5")));
        assert_eq!((fraction("1").over(fraction("0")), fraction("1").beyond(fraction("0"))), (None, None));
    }

    #[test]
    fn what_would_overflow_is_tried_again_in_lowest_terms() {
        let small = fraction("0.0000000000000000000000000001");
        let (two, large) =
            (fraction("2.0000000000000000000000000"), fraction("79228162514264337593543950335"));
        assert_eq!(two.times(two), Some(fraction("4")));
        assert_eq!(two.compare(fraction("2")), Some(Ordering::Equal));
        assert_eq!(small.compare(large), None);
        assert_eq!(large.times(large), None);
    }
}
