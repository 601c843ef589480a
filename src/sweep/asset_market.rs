//! One asset as a run sees it: its bars, its prices, and what every trial on it shares.

#![forbid(unsafe_code)]

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

use super::broker::{Carry, Fill, Filled, Path, PricedAt, Range, Rates, bars_f64};
use super::metrics::Frame;
use super::settings::Settings;
use crate::asset::{AssetId, Field, Symbol};
use crate::block::OwnedWindow;
use crate::error::Error;
use crate::portal::{Adjust, PortalReader, Snapshot};
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
    /// Highs and lows, once a trial has a stop or a target.
    range: OnceLock<Range>,
    /// Calendar days from the bar before to each bar of the run; empty where nothing is carried.
    days: Vec<f64>,
}

impl AssetMarket {
    pub(super) fn load(reader: &PortalReader, asset: AssetId, settings: &Settings) -> Result<Self, Error> {
        Self::load_bars(reader, asset, settings, Self::bars(reader.snapshot(), asset, settings)?)
    }

    /// The first and the last bar of a run under these settings, among the asset's own.
    pub(super) fn bars(
        snapshot: &Snapshot,
        asset: AssetId,
        settings: &Settings,
    ) -> Result<RangeInclusive<usize>, Error> {
        let bundle = snapshot.bundle();
        let symbol = &bundle.symbols()[asset.index()];
        let (first, last) =
            bars_between(snapshot, symbol, &bundle.calendar(asset)?, settings.from, settings.to)?;
        Ok(first..=last)
    }

    /// As [`AssetMarket::load`], over some of the asset's bars, whatever the settings say of dates.
    pub(super) fn load_bars(
        reader: &PortalReader,
        asset: AssetId,
        settings: &Settings,
        bars: RangeInclusive<usize>,
    ) -> Result<Self, Error> {
        let snapshot = reader.snapshot();
        let bundle = snapshot.bundle();
        let symbol = bundle.symbols()[asset.index()].clone();
        let calendar = bundle.calendar(asset)?;
        let (first, last) = bars.into_inner();
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
        let days = if settings.rates.are_zero() { Vec::new() } else { days_between(moments) };
        let range = OnceLock::new();
        Ok(Self { asset, symbol, calendar, first, last, scale, path, frame, traded, range, days })
    }

    /// Highs and lows from `first` to `last`, adjusted as of `last`; read and prepared at the first call.
    pub(super) fn range(&self, reader: &PortalReader, settings: &Settings) -> Result<&Range, Error> {
        if let Some(range) = self.range.get() {
            return Ok(range);
        }
        let (snapshot, fields) = (reader.snapshot(), [Field::High, Field::Low]);
        let frequency = snapshot.bundle().frequency();
        let request = snapshot.request([self.symbol.as_str()], fields, self.last + 1, frequency)?;
        let window = reader.history(&request.adjust(settings.adjust), self.last)?;
        let [high, low] = [0, 1].map(|column| &window.column(column)[self.first..]);
        for (field, prices) in [(Field::High, high), (Field::Low, low)] {
            if let Some(at) = prices.iter().position(|price| !(price.is_finite() && *price > 0.0)) {
                let date = self.timestamp(self.first + at);
                let message = format!("{field} is {} on {date}, expected a price above 0", prices[at]);
                return Err(Error::invalid(self.symbol.to_string(), message));
            }
        }
        Ok(self.range.get_or_init(|| Range::new(high, low)))
    }

    /// What holding earns and costs, where that is anything.
    pub(super) fn carry(&self, rates: Rates) -> Option<Carry<'_>> {
        (!rates.are_zero()).then_some(Carry { rates, days: &self.days })
    }

    /// A fill as it is told, with the price as it was traded: of a stop or a target, by what the bar's close was.
    pub(super) fn fill(&self, filled: &Filled) -> Fill {
        let Filled { bar, price, at, weight, execution, reason } = *filled;
        let own = self.first + bar;
        let raw_price = match at {
            PricedAt::Open => self.traded(Field::Open, own),
            PricedAt::Close => self.traded(Field::Close, own),
            PricedAt::Level => price * (self.traded(Field::Close, own) / self.path.close[bar]),
        };
        let (shares, cost) = (execution.shares, execution.cost);
        Fill { bar: own, weight, shares, price, raw_price, cost, reason }
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
    snapshot: &Snapshot,
    symbol: &Symbol,
    calendar: &Calendar,
    from: Option<When>,
    to: Option<When>,
) -> Result<(usize, usize), Error> {
    let first = from.map_or(Some(0), |from| calendar.bar_from(snapshot.span_of(from).0));
    let last = to.map_or(calendar.len().checked_sub(1), |to| calendar.bar_at(snapshot.span_of(to).1));
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

/// Calendar days from the moment before to each; 0 for the first.
fn days_between(moments: &[i64]) -> Vec<f64> {
    let days = |from: i64, to: i64| usize::try_from(Timestamp(to).days() - Timestamp(from).days());
    let pairs = moments.windows(2).map(|pair| bars_f64(days(pair[0], pair[1]).unwrap_or_default()));
    std::iter::once(0.0).chain(pairs).collect()
}

/// Periods of a year: 252 sessions, 52 weeks or 12 months; within a session, as many bars as its days have on average.
fn periods_per_year(frequency: Frequency, moments: &[i64]) -> f64 {
    match frequency {
        Frequency::Month => 12.0,
        Frequency::Week => 52.0,
        Frequency::Day => SESSIONS_PER_YEAR,
        _ => {
            let days: HashSet<i64> = moments.iter().map(|&ns| Timestamp(ns).days()).collect();
            SESSIONS_PER_YEAR * bars_f64(moments.len()) / bars_f64(days.len())
        }
    }
}
