//! The simple moving average, as a rolling sum that does not drift.

#![forbid(unsafe_code)]

use super::{Formula, Kind};
use crate::asset::Field;
use crate::error::{Error, ErrorKind};
use crate::sum::Sum;

/// The mean of the last closes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Sma {
    bars: usize,
}

impl Sma {
    pub(super) fn new(bars: usize) -> Result<Self, Error> {
        if bars == 0 { Err(ErrorKind::BadBarCount { found: 0 }.into()) } else { Ok(Self { bars }) }
    }
}

impl Formula for Sma {
    fn name(&self) -> &'static str {
        "sma"
    }

    fn parameters(&self) -> String {
        self.bars.to_string()
    }

    fn kind(&self) -> Kind {
        Kind::PriceLike
    }

    fn inputs(&self) -> &'static [Field] {
        &[Field::Close]
    }

    fn compute(&self, inputs: &[&[f64]]) -> Vec<f64> {
        mean(inputs[0], self.bars)
    }
}

/// The mean of the last `bars` values at each place; NaN until there are that many in a row that are finite.
///
/// One addition and one subtraction a bar, in twice the precision: the mean is right to the last place
/// whatever the length of the series, so an average of equal prices is that price.
fn mean(values: &[f64], bars: usize) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    let divisor = bars as f64;
    let mut sum = Sum::default();
    let mut run = 0_usize;
    let mut averages = Vec::with_capacity(values.len());
    for (bar, &value) in values.iter().enumerate() {
        if value.is_finite() {
            sum = sum.add(value);
            run += 1;
        } else {
            (sum, run) = (Sum::default(), 0);
        }
        if run > bars {
            sum = sum.add(-values[bar - bars]);
        }
        averages.push(if run >= bars && run > 0 { sum.value() / divisor } else { f64::NAN });
    }
    averages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_of_equal_prices_is_that_price() {
        let mut values = vec![1e9, 0.1, 1e-7];
        values.extend([0.1; 50]);
        let averages = mean(&values, 10);
        assert_eq!(averages[12..], vec![0.1; 41]);
    }

    #[test]
    fn it_is_undefined_until_there_are_enough_bars() {
        let averages = mean(&[1.0, 2.0, f64::NAN, 4.0, 6.0], 2);
        let defined: Vec<_> = averages.iter().map(|average| average.is_nan()).collect();
        assert_eq!(defined, [true, false, true, true, false]);
        assert_eq!(averages[4..], [5.0]);
        assert!(mean(&[1.0], 2)[0].is_nan());
        assert!(mean(&[], 2).is_empty());
    }
}
