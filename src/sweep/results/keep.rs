//! How many results a sweep keeps in memory.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::sweep::broker::bars_f64;
use crate::sweep::merit::Merit;
use crate::sweep::metrics::{Better, Metric};

/// Which results a sweep keeps in memory; whatever it is, every trial counts in what is told of all of them.
///
/// # Examples
/// ```
/// use lookback::strategies::SmaCross;
/// use lookback::sweep::{Best, Keep, Metric, Sweep};
/// use lookback::{Bundle, portal::{DataPortal, Options}};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM").keep(Keep::Best(Best { count: 10, ..Best::default() }));
/// let results = sweep.run::<SmaCross>(&portal)?;
/// assert_eq!((results.len(), results.ran().count()), (3930, 10));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Keep {
    /// A row for each trial.
    #[default]
    All,
    /// The best trials of each asset.
    Best(Best),
}

/// The best trials of each asset, and what ranks them.
///
/// # Examples
/// ```
/// use lookback::sweep::{Best, Metric};
/// assert_eq!(Best::default().by, Metric::Sharpe.into());
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Best {
    /// How many are kept of each asset.
    pub count: usize,
    /// What they are ranked by, and what they have to meet.
    pub by: Merit,
    /// Trials with fewer closed round trips are not ranked.
    pub min_trades: usize,
    /// The seed of the sample that is cross-validated where an asset has more than 100,000 trials.
    pub seed: u64,
}

impl Default for Best {
    /// The best 100,000 by Sharpe ratio, whatever their number of trades, seed 0.
    fn default() -> Self {
        Self { count: 100_000, by: Metric::Sharpe.into(), min_trades: 0, seed: 0 }
    }
}

impl Best {
    /// A number of which more is better, by what ranks; none where a trial is not ranked. What is not defined ranks last.
    #[inline]
    pub(super) fn key(&self, value: f64, trades: f64) -> Option<u64> {
        if trades < bars_f64(self.min_trades) {
            return None;
        }
        if value.is_nan() {
            return Some(0);
        }
        // In the order of `f64::total_cmp`.
        let bits = value.to_bits();
        let rising = if bits >> 63 == 1 { !bits } else { bits | 1 << 63 };
        Some(match self.by.better() {
            Better::Higher => rising,
            Better::Lower => !rising,
        })
    }

    /// The value of a key.
    pub(super) fn value(&self, key: u64) -> Option<f64> {
        let rising = match self.by.better() {
            Better::Higher => key,
            Better::Lower => !key,
        };
        let bits = if rising >> 63 == 1 { rising & (u64::MAX >> 1) } else { !rising };
        (key != 0).then(|| f64::from_bits(bits))
    }
}

/// A number of trials as it is typed: `all`, or `top 100000`.
///
/// # Examples
/// ```
/// use lookback::sweep::KeepCount;
/// let keep: KeepCount = "top 100000".parse()?;
/// assert_eq!((keep, keep.to_string()), (KeepCount::Top(100_000), "top 100000".to_owned()));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum KeepCount {
    /// Every trial.
    #[default]
    All,
    /// The best of each asset.
    Top(usize),
}

impl fmt::Display for KeepCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.pad("all"),
            Self::Top(count) => write!(f, "top {count}"),
        }
    }
}

impl FromStr for KeepCount {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let count = |rest: &str| rest.trim().replace('_', "").parse().ok().filter(|count| *count > 0);
        match text.trim() {
            "all" => Ok(Self::All),
            text => text.strip_prefix("top").and_then(count).map(Self::Top).ok_or_else(|| {
                Error::bad_parameter("keep", format!("{text:?}, expected all, or such as 'top 100000'"))
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_ordered_as_a_ranking_is_and_tell_their_value() {
        for (by, values) in [
            (Metric::Sharpe, [f64::NAN, f64::NEG_INFINITY, -2.0, -0.0, 0.0, 1e-300, 3.0, f64::INFINITY]),
            (Metric::Debt, [f64::NAN, f64::INFINITY, 3.0, 1e-300, 0.0, -0.0, -2.0, f64::NEG_INFINITY]),
        ] {
            let best = Best { by: by.into(), ..Best::default() };
            let keys = values.map(|value| best.key(value, 0.0).unwrap());
            assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
            for (key, value) in keys.into_iter().zip(values) {
                assert_eq!(
                    best.value(key).map(f64::to_bits),
                    Some(value.to_bits()).filter(|_| !value.is_nan())
                );
            }
        }
        assert_eq!(Best { min_trades: 3, ..Best::default() }.key(1.0, 2.0), None);
    }

    #[test]
    fn a_bad_number_is_refused_with_what_was_expected() {
        for bad in ["", "top", "top 0", "top -1", "ten", "top 1.5"] {
            let error = bad.parse::<KeepCount>().unwrap_err().to_string();
            assert!(error.contains("expected all, or such as 'top 100000'"), "{error}");
        }
    }
}
