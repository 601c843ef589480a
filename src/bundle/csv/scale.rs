//! What prices are multiplied by: vendors write some of them as whole numbers.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

use super::Options;
use super::preset::Row as Known;

/// What prices are multiplied by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    pub(super) factor: Option<Decimal>,
    /// Whether it holds for whole numbers alone: vendors that scale write no fractions.
    pub(super) only_whole: bool,
}

impl Scale {
    pub(super) fn new(options: &Options, known: Option<&Known>) -> Self {
        let known = known.and_then(|known| known.price_scale).and_then(|scale| scale.parse().ok());
        match options.price_scale {
            Some(factor) => Self { factor: Some(factor), only_whole: false },
            None => Self { factor: known, only_whole: true },
        }
    }

    pub(super) fn apply(self, price: Decimal) -> Result<Decimal, String> {
        match self.factor {
            Some(factor) if !self.only_whole || price.scale() == 0 => price
                .checked_mul(factor)
                .ok_or_else(|| format!("is {price}, too large for a --price-scale of {factor}")),
            _ => Ok(price),
        }
    }

    pub(super) fn is_given(self) -> bool {
        self.factor.is_some()
    }
}
