//! Where a strategy declares what it reads, before the first bar.

#![forbid(unsafe_code)]

use std::fmt;

use super::crossings::Crossings;
use super::scene::{IndicatorId, Scene};
use super::wake::{BarSet, Mark, Period, WakeUp};
use crate::asset::{Field, Symbol};
use crate::compare::Cross;
use crate::error::Error;
use crate::portal::{Indicator, Kind, PortalReader, Request};
use crate::sweep::asset_market::AssetMarket;
use crate::sweep::settings::Settings;
use crate::time::Frequency;

/// Where a strategy declares what it reads, and what can wake it.
///
/// Nothing here yields a value: those come bar by bar, through a [`Bar`](super::Bar).
pub struct Setup<'a> {
    scene: Scene<'a>,
    wake_ups: Vec<WakeUp>,
    /// Memory for the bars that the wake-ups come to.
    words: Vec<u64>,
}

/// Memory of trials that are over, so that the next one allocates nothing.
#[derive(Debug, Default)]
pub(in crate::sweep) struct SetupMemory {
    /// Empty between trials.
    columns: Vec<(Kind, &'static [f64])>,
    wake_ups: Vec<WakeUp>,
    words: Vec<u64>,
    crosses: Vec<Vec<Cross>>,
}

/// What a trial runs on, and the bars at which its strategy is asked.
pub(in crate::sweep) struct Ready<'a> {
    pub(in crate::sweep) scene: Scene<'a>,
    pub(in crate::sweep) bars: BarSet,
    wake_ups: Vec<WakeUp>,
}

impl Ready<'_> {
    /// Ends the trial, and keeps its memory.
    pub(in crate::sweep) fn into_memory(self) -> SetupMemory {
        let Self { scene, bars, mut wake_ups } = self;
        wake_ups.clear();
        let mut columns = scene.columns;
        columns.clear();
        let columns = columns.into_iter().map(|(kind, _)| (kind, &[][..])).collect();
        SetupMemory { columns, wake_ups, words: bars.into_words(), crosses: scene.crossings.into_spare() }
    }
}

impl<'a> Setup<'a> {
    pub(in crate::sweep) fn new(
        reader: &'a PortalReader,
        market: &'a AssetMarket,
        settings: &'a Settings,
        memory: &mut SetupMemory,
    ) -> Self {
        // One by one: what was just written as a whole is not read again as something else.
        let (columns, crosses) = (std::mem::take(&mut memory.columns), std::mem::take(&mut memory.crosses));
        let (wake_ups, words) = (std::mem::take(&mut memory.wake_ups), std::mem::take(&mut memory.words));
        // Of no column, and so of any lifetime: collecting keeps the allocation.
        let columns = columns.into_iter().map(|(kind, _): (Kind, &'static [f64])| (kind, &[][..])).collect();
        let scene = Scene { reader, market, settings, columns, crossings: Crossings::new(crosses) };
        Self { scene, wake_ups, words }
    }

    /// Ends the declarations: what the trial runs on, and the bars at which it is asked.
    pub(in crate::sweep) fn finish(self) -> Ready<'a> {
        let bars = BarSet::of(&self.wake_ups, &self.scene, self.words);
        Ready { scene: self.scene, bars, wake_ups: self.wake_ups }
    }

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

    /// A request for windows of the trial's asset, on the run's adjustment; to be read with
    /// [`Bar::history`](super::Bar::history).
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

    /// A request for windows of any assets of the bundle, on the run's adjustment; to be read with
    /// [`Bar::history`](super::Bar::history).
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

    /// A request for windows of the trial's asset at a coarser frequency than the bundle's, on the run's adjustment.
    ///
    /// The last bar of a window holds what is known at the bar that asks for it, and no more: as much of this week as there
    /// is of it. [`Request::closed_only`] leaves it out until it is over.
    ///
    /// # Errors
    /// `BadFrequency` where it cannot be made of the bundle's bars; `BadBarCount` for 0 bars.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Field, Frequency, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(lookback::Request);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    ///     Ok(Self(setup.window_at(Frequency::Month, [Field::Close], 1)?))
    /// }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     let month = bar.history(&self.0)?.column(0)[0];
    ///     assert!((month - bar.close()).abs() < 1e-9 * month); // no later than this bar
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # assert_eq!(Sweep::new().asset("GOOG").run::<Probe>(&portal)?.failed(), 0);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn window_at(
        &self,
        frequency: Frequency,
        fields: impl IntoIterator<Item = Field>,
        bar_count: usize,
    ) -> Result<Request, Error> {
        self.request_at(frequency, [self.symbol().as_str()], fields, bar_count)
    }

    /// A request as [`window_at`](Self::window_at), for any assets of the bundle.
    ///
    /// # Errors
    /// `UnknownAsset`; those of [`window_at`](Self::window_at).
    pub fn request_at(
        &self,
        frequency: Frequency,
        assets: impl IntoIterator<Item: AsRef<str>>,
        fields: impl IntoIterator<Item = Field>,
        bar_count: usize,
    ) -> Result<Request, Error> {
        let request = self.scene.reader.snapshot().request(assets, fields, bar_count, frequency)?;
        Ok(request.adjust(self.scene.settings.adjust))
    }

    /// An indicator of the trial's asset at a coarser frequency than the bundle's: at each bar, its value at the last coarse
    /// bar that was closed then, so that it changes with a coarse bar's close alone.
    ///
    /// # Errors
    /// `BadFrequency` where it cannot be made of the bundle's bars; `Io` and `Corrupt` where the bundle cannot be read.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Frequency, portal::Indicator, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(IndicatorId);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    ///     Ok(Self(setup.indicator_at(Frequency::Week, &Indicator::sma(10)?)?))
    /// }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     let average = bar.value(self.0); // of ten weeks
    ///     assert!(bar.index() < 60 || average > bar.close() / 2.0);
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # assert_eq!(Sweep::new().asset("GOOG").run::<Probe>(&portal)?.failed(), 0);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn indicator_at(
        &mut self,
        frequency: Frequency,
        indicator: &Indicator,
    ) -> Result<IndicatorId, Error> {
        let scene = &mut self.scene;
        let (asset, last, adjust) = (scene.market.asset, scene.market.last, scene.settings.adjust);
        let values = scene.reader.indicator_at(frequency, asset, indicator, adjust, last)?;
        scene.columns.push((indicator.kind(), values));
        Ok(IndicatorId(scene.columns.len() - 1))
    }

    /// Has the strategy asked where [`Bar::crosses_above`](super::Bar::crosses_above) or
    /// [`crosses_below`](super::Bar::crosses_below) holds for these columns.
    ///
    /// What a strategy declares unites; one that declares nothing is asked at every bar. Between the bars that it is
    /// asked at, positions and metrics go on as ever: results are the same to the last bit, provided that the strategy
    /// would have ordered nothing there. That is what makes a sweep of a strategy with few signals fast.
    ///
    /// # Examples
    /// ```
    /// use lookback::Error;
    /// use lookback::sweep::{Bar, IndicatorId, Parameter, Point, Setup, Strategy};
    ///
    /// struct Cross(IndicatorId, IndicatorId);
    ///
    /// impl Strategy for Cross {
    ///     const NAME: &'static str = "cross";
    ///     fn parameters() -> Result<Vec<Parameter>, Error> {
    ///         Ok(vec!["bars=20:200:20".parse()?])
    ///     }
    ///     fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    ///         let (fast, slow) = (setup.sma(5)?, setup.sma(point.usize("bars")?)?);
    ///         setup.wake_on_crossing(fast, slow);
    ///         Ok(Self(fast, slow))
    ///     }
    ///     fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///         assert!(bar.crosses_above(self.0, self.1) || bar.crosses_below(self.0, self.1));
    ///         bar.set_target(if bar.crosses_above(self.0, self.1) { 1.0 } else { 0.0 });
    ///         Ok(())
    ///     }
    /// }
    /// # use lookback::{Bundle, sweep::Sweep, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # assert_eq!(Sweep::new().asset("IBM").run::<Cross>(&portal)?.failed(), 0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn wake_on_crossing(&mut self, a: IndicatorId, b: IndicatorId) {
        self.wake_ups.push(WakeUp::Relation(Mark::Crossings, a, b));
    }

    /// Has the strategy asked where columns compare otherwise than at the bar before: above, below, level or not defined.
    ///
    /// Every crossing is such a bar, and so is the first one at which both are defined.
    pub fn wake_on_change(&mut self, a: IndicatorId, b: IndicatorId) {
        self.wake_ups.push(WakeUp::Relation(Mark::Changes, a, b));
    }

    /// Has the strategy asked at every bar, whatever else it declares.
    pub fn wake_on_every_bar(&mut self) {
        self.wake_ups.push(WakeUp::EveryBar);
    }

    /// Has the strategy asked at the first bar of the run.
    pub fn wake_on_first_bar(&mut self) {
        self.wake_ups.push(WakeUp::FirstBar);
    }

    /// Has the strategy asked at the first bar of each week or month, by the date in UTC.
    ///
    /// The first bar of the run is one only where its period began with it.
    pub fn wake_on_first_bar_of(&mut self, period: Period) {
        self.wake_ups.push(WakeUp::FirstOf(period));
    }

    /// Has the strategy asked at each bar from whose open on a split or a dividend of the trial's asset applies.
    pub fn wake_on_events(&mut self) {
        self.wake_ups.push(WakeUp::Event);
    }

    /// The asset of this trial.
    #[must_use]
    pub fn symbol(&self) -> &'a Symbol {
        &self.scene.market.symbol
    }
}

impl fmt::Debug for Setup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("symbol", self.symbol()).finish_non_exhaustive()
    }
}
