//! Where a strategy declares what it reads, before the first bar.

#![forbid(unsafe_code)]

use std::fmt;

use crate::asset::{Field, Symbol};
use crate::error::Error;
use crate::portal::{Indicator, Kind, PortalReader, Request};
use crate::sweep::asset_market::AssetMarket;
use crate::sweep::settings::Settings;

/// A column of values, one a bar, that a strategy declared in its [`Setup`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IndicatorId(pub(super) usize);

/// What a trial runs on: shared by its setup, its bars and its hints.
pub(in crate::sweep) struct Scene<'a> {
    pub(in crate::sweep) reader: &'a PortalReader,
    pub(in crate::sweep) market: &'a AssetMarket,
    pub(in crate::sweep) settings: &'a Settings,
    pub(in crate::sweep) columns: Vec<(Kind, &'a [f64])>,
}

/// Where a strategy declares what it reads.
pub struct Setup<'a> {
    pub(in crate::sweep) scene: Scene<'a>,
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

impl fmt::Debug for Setup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("symbol", self.symbol()).finish_non_exhaustive()
    }
}
