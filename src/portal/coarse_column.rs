//! Columns of closed coarse bars, held at each of the bundle's own bars until the next one closes.

#![forbid(unsafe_code)]

use super::adjust::Adjust;
use super::buckets::Buckets;
use super::held::Held;
use super::key::Key;
use super::reader::PortalReader;
use super::resample;
use super::stretch::Span;
use super::timeline::Timeline;
use crate::asset::{AssetId, Field};
use crate::block::Block;
use crate::cache::Tier;
use crate::error::Error;
use crate::indicator::Indicator;
use crate::time::Frequency;

impl PortalReader {
    /// Returns an indicator of an asset's coarse bars, at each of its own bars up to `as_of`: the value of the last coarse
    /// bar that was closed then; NaN while undefined.
    ///
    /// An open bar is no part of it, so that no value changes while its bar grows. It is computed once for all `as_of`
    /// between the same two events, and held in the cache. Values are on the series adjusted as of bar `as_of`.
    ///
    /// # Errors
    /// `BadFrequency` where it cannot be made of the bundle's bars; those of [`indicator`](Self::indicator).
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Adjust, Bundle, DataPortal, Field, Frequency, Indicator, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let reader = portal.snapshot().reader();
    /// let ibm = reader.snapshot().bundle().asset("IBM")?;
    /// let average = reader.indicator_at(Frequency::Week, ibm, &Indicator::sma(10)?, Adjust::Total, 99)?;
    /// let monday = 99 - reader.snapshot().bundle().calendar(ibm)?.as_slice()[..100].iter().rev().take_while(
    ///     |day| (lookback::Timestamp(**day).days() + 3) % 7 > 0).count();
    /// assert!(average[0].is_nan() && average[monday - 1] != average[monday] && average[monday] == average[99]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn indicator_at(
        &self,
        frequency: Frequency,
        asset: AssetId,
        indicator: &Indicator,
        adjust: Adjust,
        as_of: usize,
    ) -> Result<&[f64], Error> {
        if frequency == self.snapshot().bundle().frequency() {
            return self.indicator(asset, indicator, adjust, as_of);
        }
        let timeline = self.timeline(asset)?;
        let buckets = self.own_buckets(asset, frequency)?;
        let stretch = timeline.stretch(as_of, adjust)?;
        let id = self.indicator_id(indicator);
        let key = Key::coarse_indicator(timeline.subject(), stretch.first, id, frequency, adjust);
        let series =
            |&field: &Field| self.coarse_series((&timeline, &buckets), (field, frequency), adjust, stretch);
        let inputs = || indicator.inputs().iter().map(series).collect::<Result<Vec<_>, Error>>();
        let held = self.cached().get_or_load_after(&key, Tier::Variable, inputs, |catalog, inputs| {
            let coarse = indicator.compute(&inputs);
            let moments = &timeline.calendar().as_slice()[..stretch.end as usize];
            let column = buckets.held(&coarse, moments, catalog.bundle().lag());
            Ok(Held::Block(Block::new(column, 0, moments.len())))
        })?;
        Ok(&held.block().column(0)[..=as_of])
    }

    /// A field of an asset's coarse bars up to the end of a stretch, adjusted as of it; the last may be open.
    fn coarse_series(
        &self,
        (timeline, buckets): (&Timeline, &Buckets),
        (field, frequency): (Field, Frequency),
        adjust: Adjust,
        stretch: Span,
    ) -> Result<&[f64], Error> {
        let key = Key::coarse_series(timeline.subject(), stretch.first, field, frequency, adjust);
        let held = self.cached().get_or_load(&key, Tier::Variable, |catalog| {
            resample::series(catalog.bundle(), (timeline, buckets), field, adjust, stretch).map(Held::Block)
        })?;
        Ok(held.block().column(0))
    }
}
