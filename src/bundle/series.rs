//! What a bundle is made from: the bars of an asset as parsed, and its splits and dividends.

#![forbid(unsafe_code)]

use std::fmt;

use rust_decimal::Decimal;

use crate::asset::Symbol;
use crate::error::Error;
use crate::time::{Calendar, Timestamp};

/// Longer names would not fit a file name once they are escaped.
const SYMBOL_BYTES: usize = 64;

/// The bars of one asset, as parsed.
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

/// A split or a dividend.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Adjustment {
    /// Midnight UTC of the ex-date, or the ex-bar's moment; applies from the open of the first bar on or after it.
    pub ex_date: Timestamp,
    /// What happened.
    pub kind: AdjustmentKind,
}

/// What an [`Adjustment`] does to the bars before it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum AdjustmentKind {
    /// New shares for each old one: earlier prices are divided by it, earlier volume multiplied.
    Split(f64),
    /// Cash per share held before any split of the same day: earlier prices are scaled by 1 - amount / previous close.
    Dividend(f64),
    /// Earlier prices are multiplied by it: a dividend derived from adjusted closes.
    Factor(f64),
}

impl AdjustmentKind {
    /// Whether the number of shares changes.
    #[must_use]
    pub fn is_split(self) -> bool {
        matches!(self, Self::Split(_))
    }

    /// The ratio, the amount or the factor.
    #[must_use]
    pub fn value(self) -> f64 {
        let (Self::Split(value) | Self::Dividend(value) | Self::Factor(value)) = self;
        value
    }

    /// The word for it: `split`, `dividend` or `factor`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Split(_) => "split",
            Self::Dividend(_) => "dividend",
            Self::Factor(_) => "factor",
        }
    }

    /// Where it stands among the events of one day: what is paid per old share comes before the split.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Dividend(_) => 0,
            Self::Factor(_) => 1,
            Self::Split(_) => 2,
        }
    }
}

impl fmt::Display for AdjustmentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name(), self.value())
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
        self.adjustments.sort_by(|a, b| {
            (a.ex_date, a.kind.rank())
                .cmp(&(b.ex_date, b.kind.rank()))
                .then(a.kind.value().total_cmp(&b.kind.value()))
        });
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
pub(super) fn checked(series: Vec<Series>) -> Result<Vec<Series>, Error> {
    let mut series = series.into_iter().map(Series::checked).collect::<Result<Vec<_>, _>>()?;
    series.sort_by(|a, b| a.symbol.cmp(&b.symbol));
    if series.is_empty() {
        return Err(Error::invalid("bundle", "has no assets, expected at least one"));
    }
    match series.windows(2).find(|pair| pair[0].symbol == pair[1].symbol) {
        None => Ok(series),
        Some(pair) => {
            Err(Error::invalid(pair[0].symbol.to_string(), "is there twice, expected one series each"))
        }
    }
}

/// The three names most like `name`, best first: a typing error is near, and case does not count.
pub(super) fn nearest(name: &str, symbols: &[Symbol]) -> Vec<String> {
    const LIKE_ENOUGH: f64 = 0.6;
    let name = name.to_uppercase();
    let likeness = |symbol: &Symbol| strsim::jaro_winkler(&name, &symbol.as_str().to_uppercase());
    let mut ranked: Vec<_> = symbols.iter().map(|symbol| (likeness(symbol), symbol)).collect();
    ranked.retain(|(likeness, _)| *likeness >= LIKE_ENOUGH);
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    ranked.into_iter().take(3).map(|(_, symbol)| symbol.to_string()).collect()
}
