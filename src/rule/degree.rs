//! What kind of value an expression has, and how it moves when prices and volumes are rescaled.

#![forbid(unsafe_code)]

use std::fmt;

/// What kind of value an expression has: checked before anything runs.
///
/// # Examples
/// ```
/// use lookback::rule::{Degree, Type};
/// assert_eq!(Type::Truth.to_string(), "true or false");
/// assert_eq!(Type::Number(Degree::known(1, 0)).to_string(), "a price");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// True, false or undefined.
    Truth,
    /// A number.
    Number(Degree),
}

/// How a number moves when all prices, or all volumes, before a bar are rescaled.
///
/// A close moves as prices do, degree (1, 0); volume as volumes do, (0, 1); a variance of closes as prices squared; a ratio
/// of closes not at all. A number of known degree is computed once, on the series adjusted as of the last bar, and rescaled
/// by its degree to any other bar.
///
/// # Examples
/// ```
/// use lookback::rule::Degree;
/// assert_eq!(Degree::known(1, 1).to_string(), "price x volume");
/// assert_eq!(Degree::known(0, 0).to_string(), "a ratio, the same on every price level");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Degree {
    /// 0 or NaN: it fits every degree.
    Any,
    /// A plain number, which the rule states: compared with a price, it is one as traded on that day.
    Plain,
    /// So many times price and so many times volume, both in halves: a square root halves them.
    Known {
        /// Twice the degree in price.
        price: i32,
        /// Twice the degree in volume.
        volume: i32,
    },
    /// None: no scale takes it from one level to another, so it is computed anew between each two events, which is slow.
    None,
}

impl Type {
    /// Whether a level of prices and volumes moves it.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Degree, Type};
    /// assert!(Type::Number(Degree::known(1, 0)).is_scaled() && !Type::Truth.is_scaled());
    /// ```
    #[must_use]
    pub fn is_scaled(self) -> bool {
        matches!(self, Self::Number(degree) if degree.is_scaled())
    }
}

impl Degree {
    /// A ratio, which no rescaling moves.
    pub const RATIO: Self = Self::known(0, 0);

    /// A degree of whole numbers of price and volume.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::Degree;
    /// assert_eq!(Degree::known(2, 0).to_string(), "price^2"); // a variance of closes
    /// ```
    #[must_use]
    pub const fn known(price: i32, volume: i32) -> Self {
        Self::Known { price: 2 * price, volume: 2 * volume }
    }

    /// Whether a level of prices and volumes moves it.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::Degree;
    /// assert!(Degree::known(0, 1).is_scaled() && !Degree::RATIO.is_scaled());
    /// ```
    #[must_use]
    pub fn is_scaled(self) -> bool {
        matches!(self, Self::Known { price, volume } if (price, volume) != (0, 0))
    }

    /// The halves of price and volume; 0 for what does not move.
    pub(super) fn halves(self) -> (i32, i32) {
        match self {
            Self::Known { price, volume } => (price, volume),
            Self::Any | Self::Plain | Self::None => (0, 0),
        }
    }

    /// The degree of a product; of a quotient with `sign` -1.
    pub(super) fn times(self, other: Self, sign: i32) -> Self {
        match (self, other) {
            (Self::None, _) | (_, Self::None) => Self::None,
            // 0 times anything is 0, or NaN.
            (Self::Any, _) => Self::Any,
            (_, Self::Any) => {
                if sign < 0 {
                    Self::Any
                } else {
                    other
                }
            }
            (Self::Plain, Self::Plain) => Self::Plain,
            _ => {
                let (a, b) = (self.halves(), other.halves());
                let half = |a: i32, b: i32| a.saturating_add(b.saturating_mul(sign)).clamp(-HIGHEST, HIGHEST);
                Self::Known { price: half(a.0, b.0), volume: half(a.1, b.1) }
            }
        }
    }

    /// The degree of a square root: none, where half of it is no half of a whole.
    pub(super) fn root(self) -> Self {
        match self {
            Self::Known { price, volume } if price % 2 == 0 && volume % 2 == 0 => {
                Self::Known { price: price / 2, volume: volume / 2 }
            }
            Self::Known { .. } => Self::None,
            other => other,
        }
    }

    /// The degree of what is one or the other, or their sum; `None` where the two cannot meet.
    pub(super) fn meet(self, other: Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::None, _) | (_, Self::None) => Self::None,
            (Self::Any, one) | (one, Self::Any) => one,
            (one, same) if one == same => one,
            (Self::Plain, known) | (known, Self::Plain) => {
                if known.is_scaled() {
                    Self::None
                } else {
                    known
                }
            }
            _ => return None,
        })
    }

    /// Whether the two can be compared.
    pub(super) fn compares(self, other: Self) -> bool {
        self.meet(other).is_some()
    }
}

/// Far beyond what any rule means, and far from where integers end.
const HIGHEST: i32 = 1 << 20;

impl fmt::Display for Degree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Any => f.write_str("0"),
            Self::Plain => f.write_str("a plain number"),
            Self::None => f.write_str("a number without a degree"),
            Self::Known { price: 0, volume: 0 } => f.write_str("a ratio, the same on every price level"),
            Self::Known { price: 2, volume: 0 } => f.write_str("a price"),
            Self::Known { price: 0, volume: 2 } => f.write_str("a volume"),
            Self::Known { price, volume } => {
                let mut is_first = true;
                for (name, halves) in [("price", price), ("volume", volume)] {
                    if halves != 0 {
                        f.write_str(if is_first { "" } else { " x " })?;
                        f.write_str(name)?;
                        power(f, halves)?;
                        is_first = false;
                    }
                }
                Ok(())
            }
        }
    }
}

fn power(f: &mut fmt::Formatter<'_>, halves: i32) -> fmt::Result {
    match halves {
        2 => Ok(()),
        _ if halves % 2 == 0 => write!(f, "^{}", halves / 2),
        _ => write!(f, "^{}", f64::from(halves) / 2.0),
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truth => f.write_str("true or false"),
            Self::Number(degree) => degree.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Degree = Degree::known(1, 0);
    const VOLUME: Degree = Degree::known(0, 1);

    #[test]
    fn products_add_degrees_and_quotients_subtract_them() {
        assert_eq!(PRICE.times(VOLUME, 1), Degree::known(1, 1));
        assert_eq!(PRICE.times(PRICE, -1), Degree::RATIO);
        assert_eq!(PRICE.times(Degree::Plain, 1), PRICE);
        assert_eq!(Degree::Plain.times(PRICE, -1), Degree::known(-1, 0));
        assert_eq!(Degree::Plain.times(Degree::Plain, 1), Degree::Plain);
        assert_eq!(PRICE.times(Degree::None, 1), Degree::None);
    }

    #[test]
    fn equal_degrees_meet_and_zero_fits_all_of_them() {
        assert_eq!(PRICE.meet(PRICE), Some(PRICE));
        assert_eq!(PRICE.meet(Degree::Any), Some(PRICE));
        assert_eq!(PRICE.meet(Degree::Plain), Some(Degree::None));
        assert_eq!(Degree::RATIO.meet(Degree::Plain), Some(Degree::RATIO));
        assert_eq!(PRICE.meet(VOLUME), None);
        assert_eq!(PRICE.meet(Degree::RATIO), None);
        assert_eq!(Degree::None.meet(Degree::RATIO), Some(Degree::None));
    }
}
