//! Which paper's formula a figure follows.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// The edition of the probabilistic and the deflated Sharpe ratio. They share a name, and give 0.913 and 0.987 for the
/// same track record: a figure without its edition says nothing.
///
/// # Examples
/// ```
/// use lookback::sweep::{Edition, TrackRecord};
/// let record = TrackRecord { sharpe: 0.458, periods: 24.0, skewness: -2.448, kurtosis: 10.164 };
/// assert_eq!(format!("{:.3}", record.probabilistic(Edition::First, 0.0)), "0.913");
/// let record = TrackRecord { sharpe: 0.036 / 0.079, ..record };
/// assert_eq!(format!("{:.3}", record.probabilistic(Edition::default(), 0.0)), "0.987");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Edition {
    /// The estimate itself in the variance, and one period less.
    ///
    /// - Source: Bailey, López de Prado, The Sharpe Ratio Efficient Frontier (2012), and The Deflated Sharpe Ratio (2014).
    First,
    /// The ratio that is tested against in the variance, all periods, and the spread of a maximum where there were trials.
    ///
    /// - Source: López de Prado, Lipton, Zoonekynd, How to use the Sharpe Ratio (2025).
    #[default]
    Second,
}

impl Edition {
    /// Both, the older first.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];

    /// The year of the probabilistic Sharpe ratio.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::Edition;
    /// assert_eq!(Edition::ALL.map(|edition| (edition.year(), edition.deflated_year())), [(2012, 2014), (2025, 2025)]);
    /// ```
    #[must_use]
    pub fn year(self) -> u16 {
        match self {
            Self::First => 2012,
            Self::Second => 2025,
        }
    }

    /// The year of the deflated Sharpe ratio.
    #[must_use]
    pub fn deflated_year(self) -> u16 {
        match self {
            Self::First => 2014,
            Self::Second => 2025,
        }
    }
}

impl FromStr for Edition {
    type Err = Error;

    /// Reads the year of any of its papers.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim() {
            "2012" | "2014" | "2012/2014" => Ok(Self::First),
            "2025" => Ok(Self::Second),
            _ => Err(Error::bad_parameter("edition", format!("found {text:?}, expected 2012, 2014 or 2025"))),
        }
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.pad("2012/2014"),
            Self::Second => f.pad("2025"),
        }
    }
}
