//! One asset as a run sees it: its bars, its prices, and what every trial on it shares.

#![forbid(unsafe_code)]

use std::collections::HashSet;

use super::broker::{Path, bars_f64};
use super::metrics::Frame;
use super::settings::Settings;
use crate::asset::{AssetId, Field, Symbol};
use crate::block::OwnedWindow;
use crate::error::Error;
use crate::portal::{Adjust, PortalReader};
use crate::time::{Calendar, Frequency, Timestamp, When};

/// Sessions of a year where a frequency does not say otherwise.
const SESSIONS_PER_YEAR: f64 = 252.0;

/// One asset over the bars of a run. Made once for each asset by each thread that meets it: some 100 us for ten years of
/// days, against milliseconds for its trials.
#[derive(Debug)]
pub(super) struct AssetMarket {
    pub(super) asset: AssetId,
    pub(super) symbol: Symbol,
    pub(super) calendar: Calendar,
    /// The first bar whose signals count, and the last bar of the run.
    pub(super) first: usize,
    pub(super) last: usize,
    /// Takes a price adjusted as of the run's last bar to the level seen at a bar.
    pub(super) scale: Vec<f64>,
    /// Prices from `first` to `last`, adjusted as of `last`.
    pub(super) path: Path,
    pub(super) frame: Frame,
    /// Prices and volume from the first bar of the asset to `last`, as they were traded.
    traded: OwnedWindow,
}

impl AssetMarket {
    pub(super) fn load(reader: &PortalReader, asset: AssetId, settings: &Settings) -> Result<Self, Error> {
        let snapshot = reader.snapshot();
        let bundle = snapshot.bundle();
        let symbol = bundle.symbols()[asset.index()].clone();
        let calendar = bundle.calendar(asset)?;
        let (first, last) = bars_between(&symbol, &calendar, settings.from, settings.to)?;
        let window = |fields: &[Field], adjust: Adjust| {
            let fields = fields.iter().copied();
            let request =
                snapshot.request([symbol.as_str()], fields, last + 1, bundle.frequency())?.adjust(adjust);
            Ok::<_, Error>(reader.history(&request, last)?.to_owned())
        };
        let traded = window(&Field::STORED, Adjust::Raw)?;
        let adjusted = window(&[Field::Open, Field::Close], settings.adjust)?;
        let column = |column: usize| adjusted.as_window().column(column)[first..].to_vec();
        let (open, close) = (column(0), column(1));
        for (field, prices) in [(Field::Open, &open), (Field::Close, &close)] {
            if let Some(at) = prices.iter().position(|price| !(price.is_finite() && *price > 0.0)) {
                let date = Timestamp(calendar.as_slice()[first + at]);
                let message = format!("{field} is {} on {date}, expected a price above 0", prices[at]);
                return Err(Error::invalid(symbol.to_string(), message));
            }
        }
        let scale = reader.scale(asset, settings.adjust, last)?.to_vec();
        let moments = &calendar.as_slice()[first..=last];
        let days = Timestamp(moments[moments.len() - 1]).days() - Timestamp(moments[0]).days();
        let frame = Frame {
            cash: settings.cash,
            bars: moments.len(),
            days: bars_f64(usize::try_from(days).unwrap_or_default()),
            periods_per_year: settings
                .periods_per_year
                .unwrap_or_else(|| periods_per_year(bundle.frequency(), moments)),
        };
        let path = Path::new(open, close);
        Ok(Self { asset, symbol, calendar, first, last, scale, path, frame, traded })
    }

    /// A value of a bar as it was traded.
    #[inline]
    pub(super) fn traded(&self, field: Field, bar: usize) -> f64 {
        // The window holds the stored fields in their canonical order; `Price` is the close of a bar that exists.
        let column = Field::STORED.iter().position(|stored| *stored == field).unwrap_or(3);
        self.traded.as_window().column(column)[bar]
    }

    pub(super) fn timestamp(&self, bar: usize) -> Timestamp {
        Timestamp(self.calendar.as_slice()[bar])
    }
}

/// The first and the last bar of a run.
fn bars_between(
    symbol: &Symbol,
    calendar: &Calendar,
    from: Option<When>,
    to: Option<When>,
) -> Result<(usize, usize), Error> {
    let first = from.map_or(Some(0), |from| calendar.bar_from(from.first_moment()));
    let last = to.map_or(calendar.len().checked_sub(1), |to| calendar.bar_at(to.last_moment()));
    match (first, last, calendar.as_slice()) {
        (Some(first), Some(last), [_, ..]) if first <= last => Ok((first, last)),
        (_, _, [start, .., end]) | (_, _, [start @ end]) => {
            let from = from.map_or_else(|| "its start".to_owned(), |from| from.to_string());
            let to = to.map_or_else(|| "its end".to_owned(), |to| to.to_string());
            let (start, end) = (Timestamp(*start), Timestamp(*end));
            let message = format!("no bar from {from} to {to}; its bars are from {start} to {end}");
            Err(Error::invalid(symbol.to_string(), message))
        }
        _ => Err(Error::invalid(symbol.to_string(), "has no bars")),
    }
}

/// Periods of a year: 252 sessions, or 52 weeks; within a session, as many bars as its days have on average.
fn periods_per_year(frequency: Frequency, moments: &[i64]) -> f64 {
    match frequency {
        Frequency::Week => 52.0,
        Frequency::Day => SESSIONS_PER_YEAR,
        _ => {
            let days: HashSet<i64> = moments.iter().map(|&ns| Timestamp(ns).days()).collect();
            SESSIONS_PER_YEAR * bars_f64(moments.len()) / bars_f64(days.len())
        }
    }
}
