//! Indicators: columns computed from columns, each value from the bars up to its own.
//!
//! Each indicator is a file that implements the private trait `Formula`. A new one is that file and, below, its
//! `mod`, its variant with an arm in `formula`, its constructor, and its place among those that the tests try.

#![forbid(unsafe_code)]

mod sma;

use std::fmt;

use sma::Sma;

use crate::asset::Field;
use crate::error::Error;

/// How an indicator moves when all prices before a bar are scaled: what a value as of one bar says as of
/// another.
///
/// # Examples
/// ```
/// use lookback::indicator::{Indicator, Kind};
/// let average = Indicator::sma(2)?;
/// assert_eq!(average.kind(), Kind::PriceLike);
/// assert_eq!(average.compute(&[&[8.0, 4.0]])[1], 2.0 * average.compute(&[&[4.0, 2.0]])[1]);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// It scales as prices do: a moving average. Divided by a later scale, it is right at an earlier clock.
    PriceLike,
    /// It stays as it is: a ratio of prices, such as RSI.
    ScaleFree,
    /// Neither: it must be computed anew for each stretch between two events.
    Other,
}

/// A column computed from an asset's own columns. Equal ones share what the portal computed.
///
/// # Examples
/// ```
/// use lookback::indicator::Indicator;
/// let average = Indicator::sma(2)?.compute(&[&[1.0, 3.0, 5.0]]);
/// assert!(average[0].is_nan());
/// assert_eq!(&average[1..], &[2.0, 4.0]);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Indicator(Choice);

/// Which indicator it is, with its parameters.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Choice {
    Sma(Sma),
}

/// What the file of an indicator says of it.
trait Formula {
    /// The name without parameters.
    fn name(&self) -> &'static str;

    /// The parameters as they stand in parentheses after the name.
    fn parameters(&self) -> String;

    fn kind(&self) -> Kind;

    /// The fields that `compute` takes, in order.
    fn inputs(&self) -> &'static [Field];

    /// A value for each bar, from the inputs of that bar and the ones before; NaN while undefined.
    fn compute(&self, inputs: &[&[f64]]) -> Vec<f64>;
}

impl Indicator {
    /// The mean of the last `bars` closes.
    ///
    /// # Errors
    /// `BadBarCount` for 0 bars.
    ///
    /// # Examples
    /// ```
    /// use lookback::Indicator;
    /// assert_eq!(Indicator::sma(20)?.to_string(), "sma(20)");
    /// assert_eq!(Indicator::sma(0).unwrap_err().to_string(), "bar count is 0, expected at least 1");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn sma(bars: usize) -> Result<Self, Error> {
        Ok(Self(Choice::Sma(Sma::new(bars)?)))
    }

    fn formula(&self) -> &dyn Formula {
        match &self.0 {
            Choice::Sma(sma) => sma,
        }
    }

    /// The name without parameters, such as `sma`.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(lookback::Indicator::sma(20)?.name(), "sma");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.formula().name()
    }

    /// How it moves with price.
    ///
    /// # Examples
    /// ```
    /// use lookback::indicator::{Indicator, Kind};
    /// assert_eq!(Indicator::sma(20)?.kind(), Kind::PriceLike);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.formula().kind()
    }

    /// The fields that [`compute`](Self::compute) takes, in order.
    ///
    /// # Examples
    /// ```
    /// use lookback::{Field, Indicator};
    /// assert_eq!(Indicator::sma(20)?.inputs(), [Field::Close]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn inputs(&self) -> &'static [Field] {
        self.formula().inputs()
    }

    /// Computes a value for each bar, from the inputs of that bar and the ones before; NaN while undefined.
    ///
    /// # Panics
    /// Where there are fewer columns than [`inputs`](Self::inputs).
    ///
    /// # Examples
    /// ```
    /// let average = lookback::Indicator::sma(3)?.compute(&[&[2.0, 4.0, 6.0, 8.0]]);
    /// assert_eq!(average[2..], [4.0, 6.0]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn compute(&self, inputs: &[&[f64]]) -> Vec<f64> {
        self.formula().compute(inputs)
    }
}

impl fmt::Display for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}({})", self.name(), self.formula().parameters()))
    }
}

impl fmt::Debug for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the same operations on scaled values give the scaled bits")]
mod tests {
    use super::*;

    /// Every indicator, with the shortest and longer parameters.
    fn every() -> Vec<Indicator> {
        [1, 2, 20].into_iter().map(|bars| Indicator::sma(bars).unwrap()).collect()
    }

    /// Prices that go up and down, with a bar that is missing.
    fn prices() -> Vec<f64> {
        let mut prices: Vec<f64> = (0..90).map(|bar| f64::from(100 + bar * 37 % 41)).collect();
        prices[50] = f64::NAN;
        prices
    }

    fn compute(indicator: &Indicator, prices: &[f64]) -> Vec<f64> {
        indicator.compute(&vec![prices; indicator.inputs().len()])
    }

    #[test]
    fn no_indicator_reads_a_later_bar() {
        let prices = prices();
        for indicator in every() {
            let whole = compute(&indicator, &prices);
            for bars in 0..=prices.len() {
                let until = compute(&indicator, &prices[..bars]);
                assert_eq!(until.len(), bars, "{indicator}");
                for (found, expected) in until.iter().zip(&whole) {
                    assert_eq!(found.to_bits(), expected.to_bits(), "{indicator} over the first {bars} bars");
                }
            }
        }
    }

    #[test]
    fn an_indicator_moves_with_prices_as_its_kind_says() {
        let prices = prices();
        let halves: Vec<f64> = prices.iter().map(|price| price / 2.0).collect();
        for indicator in every() {
            for (of_half, of_whole) in
                compute(&indicator, &halves).into_iter().zip(compute(&indicator, &prices))
            {
                let expected = match indicator.kind() {
                    Kind::PriceLike => of_whole / 2.0,
                    Kind::ScaleFree => of_whole,
                    Kind::Other => continue,
                };
                assert!(of_half == expected || of_half.is_nan() && expected.is_nan(), "{indicator}");
            }
        }
    }

    #[test]
    fn indicators_that_are_shown_alike_are_equal() {
        for (at, one) in every().iter().enumerate() {
            for (other_at, other) in every().iter().enumerate() {
                assert_eq!(one.to_string() == other.to_string(), at == other_at);
                assert_eq!(one == other, at == other_at);
            }
        }
    }
}
