//! The simple moving average, as a rolling sum that does not drift.

#![forbid(unsafe_code)]

use super::{Formula, Kind};
use crate::asset::Field;
use crate::error::{Error, ErrorKind};
use crate::sum;

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
        let mut averages = Vec::new();
        sum::means(inputs[0], self.bars, &mut averages);
        averages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[f64], bars: usize) -> Vec<f64> {
        Sma { bars }.compute(&[values])
    }

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
