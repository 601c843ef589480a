//! What a strategy is, and what it sees: a setup once, then bar after bar up to the clock.

#![forbid(unsafe_code)]

use std::fmt;

use super::grid::Point;
use super::ledger::Ledger;
use super::market::Market;
use super::trial::Settings;
use crate::asset::{Field, Symbol};
use crate::block::Window;
use crate::compare;
use crate::error::{Error, ErrorKind};
use crate::parameter::Parameter;
use crate::portal::{End, Indicator, Kind, PortalReader, Request};
use crate::time::{Timestamp, When};

/// A trading rule with parameters. The built-in ones implement it in the same way as yours.
///
/// One value is one trial: it is made for a point of the grid on one asset, is asked bar by bar, and is dropped. It sets
/// target weights and never sees shares or cash, so adjusted and raw prices cannot mix.
///
/// # Examples
/// ```
/// use lookback::Error;
/// use lookback::sweep::{Bar, IndicatorId, Parameter, Point, Setup, Strategy};
///
/// /// Holds while the close is above its average.
/// struct Above(IndicatorId);
///
/// impl Strategy for Above {
///     const NAME: &'static str = "above";
///     fn parameters() -> Result<Vec<Parameter>, Error> {
///         Ok(vec!["bars=20:200:20".parse()?])
///     }
///     fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
///         Ok(Self(setup.sma(point.usize("bars")?)?))
///     }
///     fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
///         let average = bar.value(self.0);
///         if !average.is_nan() {
///             bar.set_target(if bar.close() > average { 1.0 } else { 0.0 });
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait Strategy: Sized {
    /// The name in outputs.
    const NAME: &'static str;

    /// What must hold between parameters, whatever a user filters besides; such as `fast < slow`.
    const CONSTRAINT: &'static str = "";

    /// The parameters with the values that a sweep tries where a user gives none.
    ///
    /// # Errors
    /// `BadParameter` where a default range is wrong.
    fn parameters() -> Result<Vec<Parameter>, Error>;

    /// Makes the strategy for one trial: reads its parameters and declares the columns and windows that it needs.
    ///
    /// # Errors
    /// Any: the trial is then a failed row with this reason.
    fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error>;

    /// Decides at a bar's close.
    ///
    /// # Errors
    /// Any: the trial is then a failed row with this reason.
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error>;

    /// The next bar, from `ahead.bar()` on, at which [`on_bar`](Self::on_bar) could do anything at all.
    ///
    /// The runner asks before each call and skips to the answer, which is what makes a sweep of a strategy with few
    /// signals fast. A hint, never a decision: results must be the same, to the last bit, with the default, which skips
    /// nothing.
    fn next_bar(&self, ahead: &Ahead<'_>) -> usize {
        ahead.bar()
    }
}

/// A column of values, one a bar, that a strategy declared in its [`Setup`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IndicatorId(usize);

/// What a trial runs on: shared by its setup, its bars and its hints.
pub(super) struct Scene<'a> {
    pub(super) reader: &'a PortalReader,
    pub(super) market: &'a Market,
    pub(super) settings: &'a Settings,
    pub(super) columns: Vec<(Kind, &'a [f64])>,
}

/// Where a strategy declares what it reads.
pub struct Setup<'a> {
    pub(super) scene: Scene<'a>,
}

impl<'a> Setup<'a> {
    /// The simple moving average of the close over some bars.
    ///
    /// # Errors
    /// `BadBarCount` for 0 bars; `Io` and `Corrupt` where the bundle cannot be read.
    pub fn sma(&mut self, bars: usize) -> Result<IndicatorId, Error> {
        self.indicator(&Indicator::sma(bars)?)
    }

    /// An indicator of the trial's asset. It is computed once for all trials and lent from the cache.
    ///
    /// # Errors
    /// `Io` and `Corrupt` where the bundle cannot be read.
    pub fn indicator(&mut self, indicator: &Indicator) -> Result<IndicatorId, Error> {
        let scene = &mut self.scene;
        let market = scene.market;
        let values = scene.reader.indicator(market.asset, indicator, scene.settings.adjust, market.last)?;
        scene.columns.push((indicator.kind(), values));
        Ok(IndicatorId(scene.columns.len() - 1))
    }

    /// A request for windows of the trial's asset, on the run's adjustment; to be read with [`Bar::history`].
    ///
    /// # Errors
    /// `BadBarCount` for 0 bars.
    pub fn window(
        &self,
        fields: impl IntoIterator<Item = Field>,
        bar_count: usize,
    ) -> Result<Request, Error> {
        self.request([self.symbol().as_str()], fields, bar_count)
    }

    /// A request for windows of any assets of the bundle, on the run's adjustment; to be read with [`Bar::history`].
    ///
    /// # Errors
    /// `UnknownAsset`; `BadBarCount` for 0 bars.
    pub fn request(
        &self,
        assets: impl IntoIterator<Item: AsRef<str>>,
        fields: impl IntoIterator<Item = Field>,
        bar_count: usize,
    ) -> Result<Request, Error> {
        let snapshot = self.scene.reader.snapshot();
        let request = snapshot.request(assets, fields, bar_count, snapshot.bundle().frequency())?;
        Ok(request.adjust(self.scene.settings.adjust))
    }

    /// The asset of this trial.
    #[must_use]
    pub fn symbol(&self) -> &'a Symbol {
        &self.scene.market.symbol
    }
}

/// A bar at its close, and everything before it: the clock of a trial.
pub struct Bar<'a> {
    scene: &'a Scene<'a>,
    ledger: &'a Ledger<'a>,
    bar: usize,
    target: Option<f64>,
}

impl<'a> Bar<'a> {
    pub(super) fn new(scene: &'a Scene<'a>, ledger: &'a Ledger<'a>, bar: usize) -> Self {
        Self { scene, ledger, bar, target: None }
    }

    /// The bar's index in the asset's own calendar.
    #[must_use]
    pub fn index(&self) -> usize {
        self.bar
    }

    /// The bar's moment.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        Timestamp(self.scene.market.calendar.as_slice()[self.bar])
    }

    /// The asset of this trial.
    #[must_use]
    pub fn symbol(&self) -> &'a Symbol {
        &self.scene.market.symbol
    }

    /// The open, in quote currency per share as it was traded.
    #[must_use]
    pub fn open(&self) -> f64 {
        self.traded(Field::Open)
    }

    /// The highest price, in quote currency per share as it was traded.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.traded(Field::High)
    }

    /// The lowest price, in quote currency per share as it was traded.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.traded(Field::Low)
    }

    /// The close, in quote currency per share as it was traded.
    #[must_use]
    pub fn close(&self) -> f64 {
        self.traded(Field::Close)
    }

    /// Shares traded.
    #[must_use]
    pub fn volume(&self) -> f64 {
        self.traded(Field::Volume)
    }

    fn traded(&self, field: Field) -> f64 {
        self.scene.market.traded(field, self.bar)
    }

    /// A column's value at this bar; NaN while it is not defined.
    ///
    /// What moves with the price is on the price level of this bar: comparable with [`Bar::close`], whatever split follows.
    #[must_use]
    pub fn value(&self, column: IndicatorId) -> f64 {
        self.at_level(column, self.bar)
    }

    /// A column's value at the bar before, on the price level of this bar; NaN while it is not defined.
    #[must_use]
    pub fn previous(&self, column: IndicatorId) -> f64 {
        self.bar.checked_sub(1).map_or(f64::NAN, |before| self.at_level(column, before))
    }

    fn at_level(&self, column: IndicatorId, bar: usize) -> f64 {
        match self.scene.columns[column.0] {
            (Kind::PriceLike, values) => values[bar] * self.scene.market.scale[self.bar],
            (_, values) => values[bar],
        }
    }

    /// Whether `a` rose above `b` with this bar: above now, defined and not above at the bar before.
    #[must_use]
    pub fn crosses_above(&self, a: IndicatorId, b: IndicatorId) -> bool {
        self.pairs(a, b).is_some_and(|(before, now)| compare::crosses_above(before, now))
    }

    /// Whether `a` fell below `b` with this bar: below now, defined and not below at the bar before.
    #[must_use]
    pub fn crosses_below(&self, a: IndicatorId, b: IndicatorId) -> bool {
        self.pairs(a, b).is_some_and(|(before, now)| compare::crosses_below(before, now))
    }

    /// Both values at the bar before and now. Two price-like values are compared as they are held: a common factor
    /// changes no comparison but for rounding, and so the answer is that of [`Ahead::next_crossing`].
    fn pairs(&self, a: IndicatorId, b: IndicatorId) -> Option<((f64, f64), (f64, f64))> {
        let before = self.bar.checked_sub(1)?;
        let ((kind_a, x), (kind_b, y)) = (self.scene.columns[a.0], self.scene.columns[b.0]);
        Some(if kind_a == kind_b {
            ((x[before], y[before]), (x[self.bar], y[self.bar]))
        } else {
            ((self.previous(a), self.previous(b)), (self.value(a), self.value(b)))
        })
    }

    /// The window of a request that ends at this bar.
    ///
    /// # Errors
    /// `TooFewBars` where it reaches back beyond the first bar; `Io` and `Corrupt` where the bundle cannot be read.
    pub fn history(&self, request: &Request) -> Result<Window<'a>, Error> {
        let own = matches!(request.assets(), [one] if *one == self.scene.market.symbol);
        let end = if own { End::Bar(self.bar) } else { End::At(When::Moment(self.timestamp())) };
        self.scene.reader.history(request, end)
    }

    /// The weight of the position at this close, as a share of equity: negative where short, 0 where flat.
    #[must_use]
    pub fn position(&self) -> f64 {
        self.ledger.weight(self.bar - self.scene.market.first)
    }

    /// Equity at this close, in quote currency.
    #[must_use]
    pub fn equity(&self) -> f64 {
        self.ledger.equity(self.bar - self.scene.market.first)
    }

    /// Orders a position of this share of equity, from -1 (all of it short) over 0 (flat) to 1 (all in).
    ///
    /// One order, not a standing rebalancing; asked twice at one bar, the last counts. A weight outside -1 to 1 fails the
    /// trial.
    pub fn set_target(&mut self, weight: f64) {
        self.target = Some(weight);
    }

    pub(super) fn into_target(self) -> Result<Option<f64>, Error> {
        match self.target {
            Some(weight) if !(-1.0..=1.0).contains(&weight) => {
                let message = format!("target weight is {weight} on {}, expected -1 to 1", self.timestamp());
                Err(ErrorKind::Strategy { message }.into())
            }
            target => Ok(target),
        }
    }
}

/// The question that [`Strategy::next_bar`] answers: from which bar on, and over which columns.
pub struct Ahead<'a> {
    scene: &'a Scene<'a>,
    bar: usize,
}

impl<'a> Ahead<'a> {
    pub(super) fn new(scene: &'a Scene<'a>, bar: usize) -> Self {
        Self { scene, bar }
    }

    /// The first bar that could be visited.
    #[must_use]
    pub fn bar(&self) -> usize {
        self.bar
    }

    /// A bar after the run's last: no bar needs a visit.
    #[must_use]
    pub fn never(&self) -> usize {
        self.scene.market.last + 1
    }

    /// A bar at or before the next one at which [`Bar::crosses_above`] or [`Bar::crosses_below`] holds.
    #[must_use]
    pub fn next_crossing(&self, a: IndicatorId, b: IndicatorId) -> usize {
        let ((kind_a, x), (kind_b, y)) = (self.scene.columns[a.0], self.scene.columns[b.0]);
        if kind_a == kind_b { compare::next_change(x, y, self.bar) } else { self.bar }
    }
}

impl fmt::Debug for Setup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("symbol", self.symbol()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Bar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bar = f.debug_struct("Bar");
        bar.field("symbol", self.symbol()).field("timestamp", &self.timestamp()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Ahead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ahead").field("bar", &self.bar).finish_non_exhaustive()
    }
}
