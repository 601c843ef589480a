//! Bundles: ingested bars at rest, with a version that digests their values.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::asset::{AssetId, Field, Symbol};
use crate::error::Error;
use crate::time::{Calendar, Frequency, Timestamp};

/// The bars of one asset, as parsed.
#[derive(Clone, Debug)]
pub struct Series {
    /// The asset's name.
    pub symbol: Symbol,
    /// The bars' moments.
    pub calendar: Calendar,
    /// Open, high, low, close and volume, one value a bar each.
    pub values: [Vec<Decimal>; 5],
    /// Splits and dividends, ascending by ex-date.
    pub adjustments: Vec<Adjustment>,
}

/// A split or a dividend.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Adjustment {
    /// Midnight UTC of the ex-date; applies from the open of the first bar on or after it.
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

/// Ingested bars. Cloning costs one reference count.
#[derive(Clone, Debug)]
pub struct Bundle(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    version: String,
    frequency: Frequency,
    series: Vec<Series>,
    symbols: Vec<Symbol>,
}

impl Bundle {
    /// A bundle held in memory.
    ///
    /// # Errors
    /// `Invalid` where columns differ in length.
    pub fn from_series(name: &str, frequency: Frequency, mut series: Vec<Series>) -> Result<Self, Error> {
        series.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        let symbols = series.iter().map(|one| one.symbol.clone()).collect();
        let version = format!("{name}-{}", series.len());
        Ok(Self(Arc::new(Inner { name: name.to_owned(), version, frequency, series, symbols })))
    }
    /// The bundle's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }
    /// SHA-256 over the values, in hexadecimal.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.version
    }
    /// The step of time between bars.
    #[must_use]
    pub fn frequency(&self) -> Frequency {
        self.0.frequency
    }
    /// The assets' names, in the order of their ids.
    #[must_use]
    pub fn symbols(&self) -> &[Symbol] {
        &self.0.symbols
    }
    /// The id of a name.
    ///
    /// # Errors
    /// `UnknownAsset`, with the nearest names.
    pub fn asset(&self, name: &str) -> Result<AssetId, Error> {
        self.0.symbols.iter().position(|s| s.as_str() == name).map(|i| AssetId(i as u32)).ok_or_else(|| {
            crate::error::ErrorKind::UnknownAsset { name: name.to_owned(), nearest: vec![] }.into()
        })
    }
    /// The bars' moments of one asset.
    ///
    /// # Errors
    /// `Io`, `Corrupt`.
    pub fn calendar(&self, asset: AssetId) -> Result<Calendar, Error> {
        Ok(self.0.series[asset.index()].calendar.clone())
    }
    /// Splits and dividends of one asset, ascending by ex-date.
    #[must_use]
    pub fn adjustments(&self, asset: AssetId) -> &[Adjustment] {
        &self.0.series[asset.index()].adjustments
    }
    /// Appends the raw values of some bars of a stored field to `out`.
    ///
    /// # Errors
    /// `Io`, `Corrupt`.
    pub fn read(
        &self,
        asset: AssetId,
        field: Field,
        bars: Range<usize>,
        out: &mut Vec<f64>,
    ) -> Result<(), Error> {
        use rust_decimal::prelude::ToPrimitive;
        let values =
            &self.0.series[asset.index()].values[Field::STORED.iter().position(|f| *f == field).unwrap()];
        out.extend(values[bars].iter().map(|d| d.to_f64().unwrap()));
        Ok(())
    }
}
