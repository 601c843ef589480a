//! Indicators: columns computed from columns, each value from the bars up to its own.

#![forbid(unsafe_code)]

mod sma;

use std::fmt;

use crate::asset::Field;
use crate::error::{Error, ErrorKind};

/// How an indicator moves when all prices before a bar are scaled: what a value as of one bar says as of
/// another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// It scales as prices do: a moving average. Divided by a later scale, it is right at an earlier clock.
    PriceLike,
    /// It stays as it is: a ratio of prices, such as RSI.
    ScaleFree,
    /// Neither: it must be computed anew for each stretch between two events.
    Other,
}

/// A column computed from an asset's own columns.
///
/// # Examples
/// ```
/// use lookback::indicator::Indicator;
/// let average = Indicator::sma(2)?.compute(&[&[1.0, 3.0, 5.0]]);
/// assert!(average[0].is_nan());
/// assert_eq!(&average[1..], &[2.0, 4.0]);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Indicator {
    /// The mean of the last closes.
    Sma {
        /// How many bars it averages, at least 1.
        bars: usize,
    },
}

impl Indicator {
    /// The mean of the last `bars` closes.
    ///
    /// # Errors
    /// `BadBarCount` for 0 bars.
    pub fn sma(bars: usize) -> Result<Self, Error> {
        if bars == 0 { Err(ErrorKind::BadBarCount { found: 0 }.into()) } else { Ok(Self::Sma { bars }) }
    }

    /// The name without parameters, such as `sma`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sma { .. } => "sma",
        }
    }

    /// How it moves with price.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Sma { .. } => Kind::PriceLike,
        }
    }

    /// The fields that [`compute`](Self::compute) takes, in order.
    #[must_use]
    pub fn inputs(&self) -> &'static [Field] {
        match self {
            Self::Sma { .. } => &[Field::Close],
        }
    }

    /// Computes a value for each bar, from the inputs of that bar and the ones before; NaN while undefined.
    ///
    /// # Panics
    /// Where there are fewer columns than [`inputs`](Self::inputs).
    #[must_use]
    pub fn compute(&self, inputs: &[&[f64]]) -> Vec<f64> {
        match *self {
            Self::Sma { bars } => sma::sma(inputs[0], bars),
        }
    }
}

impl fmt::Display for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sma { bars } => write!(f, "sma({bars})"),
        }
    }
}
