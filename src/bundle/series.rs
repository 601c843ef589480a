//! What a bundle is made from: the bars of an asset as parsed, and its splits and dividends.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

use super::adjustment::{Adjustment, EventOrigin};
use crate::asset::Symbol;
use crate::decimal;
use crate::error::Error;
use crate::time::Calendar;

/// Longer names would not fit a file name once they are escaped.
const SYMBOL_BYTES: usize = 64;

/// The bars of one asset, as parsed.
///
/// # Examples
/// ```
/// use lookback::bundle::Series;
/// use lookback::{Bundle, Calendar, Frequency};
/// let day = Series {
///     symbol: "A".into(),
///     calendar: Calendar::new(vec![0])?,
///     values: ["9.5", "10", "9", "10", "700"].map(|value| vec![value.parse().unwrap()]),
///     adjustments: Vec::new(),
/// };
/// assert_eq!(Bundle::from_series("one day", Frequency::Day, vec![day])?.symbols().len(), 1);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Series {
    /// The asset's name.
    pub symbol: Symbol,
    /// The bars' moments.
    pub calendar: Calendar,
    /// Open, high, low, close (quote currency per share) and volume (shares), one value a bar each.
    pub values: [Vec<Decimal>; 5],
    /// Splits and dividends, in any order.
    pub adjustments: Vec<Adjustment>,
}

/// A series, and where its adjustments come from.
#[derive(Debug)]
pub(super) struct Sourced {
    pub(super) series: Series,
    pub(super) origin: EventOrigin,
}

impl From<Series> for Sourced {
    /// What comes with a series was given with it; of none, nothing is known.
    fn from(series: Series) -> Self {
        let origin = if series.adjustments.is_empty() { EventOrigin::Unknown } else { EventOrigin::Given };
        Self { series, origin }
    }
}

impl Series {
    /// Checks what a bundle relies on, and puts the adjustments in order.
    pub(super) fn checked(mut self) -> Result<Self, Error> {
        check_symbol(self.symbol.as_str())
            .map_err(|message| Error::invalid(self.symbol.to_string(), message))?;
        let bars = self.calendar.len();
        if bars == 0 {
            return Err(Error::invalid(self.symbol.to_string(), "has no bars, expected at least one"));
        }
        if let Some(column) = self.values.iter().find(|column| column.len() != bars) {
            let message =
                format!("has a column of {} values, expected one for each of {bars} bars", column.len());
            return Err(Error::invalid(self.symbol.to_string(), message));
        }
        if let Some(bad) = self.adjustments.iter().find(|one| !is_positive(one.kind.value())) {
            let message = format!("{} on {}, expected a value above 0", bad.kind, bad.ex_date);
            return Err(Error::invalid(self.symbol.to_string(), message));
        }
        Adjustment::sort(&mut self.adjustments);
        for event in &mut self.adjustments {
            let bar = self.calendar.as_slice().partition_point(|&moment| moment < event.ex_date.0);
            let Some(close) = bar.checked_sub(1).map(|before| decimal::to_f64(self.values[3][before])) else {
                continue;
            };
            if event.close.is_some_and(|told| told.to_bits() != close.to_bits()) {
                let message = format!(
                    "{} on {} is told beside a close of {}, but the bar before closed at {close}",
                    event.kind,
                    event.ex_date,
                    event.close.unwrap_or(f64::NAN)
                );
                return Err(Error::invalid(self.symbol.to_string(), message));
            }
            event.close = Some(close);
        }
        Ok(self)
    }
}

fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

/// Says what is wrong with a symbol, if anything.
pub(super) fn check_symbol(symbol: &str) -> Result<(), String> {
    if symbol.is_empty() {
        return Err("symbol is empty, expected a name such as AAPL".to_owned());
    }
    if symbol.len() > SYMBOL_BYTES {
        return Err(format!("symbol has {} bytes, expected at most {SYMBOL_BYTES}", symbol.len()));
    }
    if symbol.chars().any(char::is_control) {
        return Err(format!("symbol {symbol:?} holds a control character"));
    }
    Ok(())
}

/// Checks all series of a bundle and puts them in the order of their symbols.
pub(super) fn checked(series: Vec<Sourced>) -> Result<Vec<Sourced>, Error> {
    let check = |one: Sourced| Ok(Sourced { series: one.series.checked()?, ..one });
    let mut series = series.into_iter().map(check).collect::<Result<Vec<_>, Error>>()?;
    series.sort_by(|a, b| a.series.symbol.cmp(&b.series.symbol));
    if series.is_empty() {
        return Err(Error::invalid("bundle", "has no assets, expected at least one"));
    }
    match series.windows(2).find(|pair| pair[0].series.symbol == pair[1].series.symbol) {
        None => Ok(series),
        Some(pair) => {
            Err(Error::invalid(pair[0].series.symbol.to_string(), "is there twice, expected one series each"))
        }
    }
}
