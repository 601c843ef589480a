//! Decimal columns of one scale, as they lie in memory and at rest.

#![forbid(unsafe_code)]

use std::ops::Range;

use rust_decimal::Decimal;

use super::series::Sourced;
use crate::asset::Field;
use crate::decimal;
use crate::time::Calendar;

/// Arrow's `Decimal128` holds this many digits.
pub(super) const DIGITS: u32 = 38;

/// The moments of bars, and their stored columns.
pub(super) type Table = (Calendar, [DecimalColumn; 5]);

/// Values as whole numbers of 10^-scale.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct DecimalColumn {
    mantissas: Vec<i128>,
    scale: u32,
}

impl DecimalColumn {
    /// The smallest scale that holds all values; trailing zeros do not count.
    pub(super) fn scale_of<'a>(values: impl IntoIterator<Item = &'a Decimal>) -> u32 {
        // Most values have no more digits than one before them, and need no look at their zeros.
        values.into_iter().fold(0, |scale, value| {
            if value.scale() <= scale { scale } else { scale.max(value.normalize().scale()) }
        })
    }

    /// Takes values that all fit `scale`; `None` where one then needs more than 38 digits.
    pub(super) fn new(values: &[Decimal], scale: u32) -> Option<Self> {
        let limit = 10_u128.pow(DIGITS);
        let powers: Vec<Option<i128>> = (0..=scale).map(|by| 10_i128.checked_pow(by)).collect();
        let mantissa = |value: &Decimal| {
            let value = if value.scale() > scale { value.normalize() } else { *value };
            let by = usize::try_from(scale.checked_sub(value.scale())?).ok()?;
            let factor = powers[by]?;
            value.mantissa().checked_mul(factor).filter(|mantissa| mantissa.unsigned_abs() < limit)
        };
        Some(Self { mantissas: values.iter().map(mantissa).collect::<Option<_>>()?, scale })
    }

    /// Takes values that were checked when they were first taken.
    pub(super) fn of_mantissas(mantissas: Vec<i128>, scale: u32) -> Self {
        Self { mantissas, scale }
    }

    /// Appends values to a column of `by` more decimals; `None` where one then needs more than 38 digits.
    pub(super) fn widened(mut column: Vec<i128>, values: &[i128], by: u32) -> Option<Vec<i128>> {
        let limit = 10_u128.pow(DIGITS);
        let factor = 10_i128.checked_pow(by)?;
        for value in values {
            column.push(value.checked_mul(factor).filter(|mantissa| mantissa.unsigned_abs() < limit)?);
        }
        Some(column)
    }

    pub(super) fn into_mantissas(self) -> Vec<i128> {
        self.mantissas
    }

    pub(super) fn mantissas(&self) -> &[i128] {
        &self.mantissas
    }

    pub(super) fn scale(&self) -> u32 {
        self.scale
    }

    /// Appends some of the values, correctly rounded.
    pub(super) fn read(&self, rows: Range<usize>, out: &mut Vec<f64>) {
        decimal::mantissas_to_f64(&self.mantissas[rows], self.scale, out);
    }
}

/// The number of decimals of prices and of volume.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Scales {
    pub(super) price: u32,
    pub(super) volume: u32,
}

impl Scales {
    /// The smallest ones that hold all the series.
    pub(super) fn of(series: &[Sourced]) -> Self {
        let price =
            DecimalColumn::scale_of(series.iter().flat_map(|one| one.series.values[..4].iter().flatten()));
        let volume = DecimalColumn::scale_of(series.iter().flat_map(|one| &one.series.values[4]));
        Self { price, volume }
    }

    /// The smallest ones that hold what both hold.
    pub(super) fn max(self, other: Self) -> Self {
        Self { price: self.price.max(other.price), volume: self.volume.max(other.volume) }
    }

    /// The scale of a stored column.
    pub(super) fn column(self, column: usize) -> u32 {
        if Field::STORED[column] == Field::Volume { self.volume } else { self.price }
    }
}
