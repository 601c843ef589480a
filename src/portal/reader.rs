//! A thread's handle on a snapshot: what turns a request and an end into a slice.

#![forbid(unsafe_code)]

use std::cell::{Ref, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::adjust::Adjust;
use super::arena::Arena;
use super::buckets::Buckets;
use super::catalog::Catalog;
use super::coarse::Coarse;
use super::cursor::{Cursor, look_ahead, too_few};
use super::held::Held;
use super::key::Key;
use super::load::{self, Extent};
use super::memo::Memo;
use super::registry::Selection;
use super::request::{End, Request};
use super::snapshot::Snapshot;
use super::split::SplitWindow;
use super::stretch::Span;
use super::timeline::Timeline;
use crate::asset::{AssetId, Field};
use crate::block::{Block, Window};
use crate::cache::{self, Tier};
use crate::error::Error;
use crate::indicator::Indicator;
use crate::time::{Frequency, Timestamp};

/// One thread's reader of a [`Snapshot`].
///
/// It is not `Send`. What it lends lives until [`refresh`](Self::refresh) or its end; a reader that lives
/// long should be refreshed now and then, so that what was evicted meanwhile can be freed.
///
/// # Examples
/// ```
/// use lookback::portal::Options;
/// use lookback::{Bundle, DataPortal, Field, Frequency};
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let request = portal.request(["IBM"], [Field::Close], 20, Frequency::Day)?;
/// let reader = portal.snapshot().reader(); // one for each thread
/// let averages = (19..100).map(|end| Ok(reader.history(&request, end)?.column(0).iter().sum::<f64>() / 20.0));
/// assert_eq!(averages.collect::<Result<Vec<_>, lookback::Error>>()?.len(), 81);
/// # Ok::<(), lookback::Error>(())
/// ```
pub struct PortalReader {
    reader: cache::Reader<Key, Held, Arc<Catalog>>,
    snapshot: Snapshot,
    /// By the selection's id: the layouts that this reader has met, so that a hit takes no lock.
    cursors: Memo<Cursor>,
    /// By the asset's id.
    timelines: Memo<Arc<Timeline>>,
    indicators: RefCell<HashMap<Indicator, u32, FixedState>>,
    /// Coarse bars of an asset.
    buckets: RefCell<HashMap<(AssetId, Frequency), Arc<Buckets>, FixedState>>,
    /// Windows whose last bar is not over.
    open: Arena,
}

impl Snapshot {
    /// A reader for one thread; it works in rayon's `map_init`.
    #[must_use]
    pub fn reader(&self) -> PortalReader {
        PortalReader {
            reader: self.generation().reader(),
            snapshot: self.clone(),
            cursors: Memo::default(),
            timelines: Memo::default(),
            indicators: RefCell::default(),
            buckets: RefCell::default(),
            open: Arena::default(),
        }
    }
}

impl PortalReader {
    /// Returns the last `bar_count` bars of the request's columns up to and including `end`, oldest first.
    ///
    /// A hit lends the cached block: no copy, no allocation, no lock. A miss loads the block once, however
    /// many threads ask for it; all windows that end between the same two events, of any length in the same
    /// class, are hits then.
    ///
    /// At a coarser frequency than the bundle's, bars are adjusted first and then made coarse: the first open, the highest
    /// high, the lowest low, the last close, the sum of volumes. The last one holds what is known at `end`. Where more is
    /// to come of it, the window is copied once, and kept until this reader is refreshed: [`split`](Self::split) lends its
    /// closed bars without a copy, and [`Request::closed_only`] asks for those alone.
    ///
    /// - Shape: `[bar_count, columns]`, each column contiguous; asset-major, then field, as asked.
    /// - Units: quote currency per share; shares.
    /// - Missing: NaN prices and volume 0 where another asset of the request has a bar and this one has none.
    ///
    /// # Errors
    /// - `TooFewBars`: fewer than `bar_count` bars up to `end`, unless the request pads.
    /// - `BeforeFirstBar`: no bar at or before `end`.
    /// - `UnknownAsset`, `BadFrequency`: this version of the bundle lacks what the request names.
    /// - `Invalid`: a bar index past the last bar, or a dividend that is not below the close before it.
    /// - `Io`, `Corrupt`: the bundle cannot be read.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Adjust, Bundle, DataPortal, End, Field, Frequency, Indicator, When, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let reader = portal.snapshot().reader();
    /// let request = portal.request(["AAPL"], [Field::Close, Field::Volume], 2, Frequency::Day)?;
    /// let window = reader.history(&request, "2005-02-25".parse::<When>()?)?;
    /// assert_eq!((window.column(0), window.column(1)[1]), (&[88.93, 88.99][..], 16_348_400.0));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn history(&self, request: &Request, end: impl Into<End>) -> Result<Window<'_>, Error> {
        self.window(request, end.into(), None, &self.open)
    }

    /// Reads as of a clock: ends after it are refused, and so is a bar that is not over at it, see
    /// [`Snapshot::known_at`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, DataPortal, Field, Frequency, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let reader = portal.snapshot().reader();
    /// let request = portal.request(["IBM"], [Field::Close], 20, Frequency::Day)?;
    /// let today = reader.snapshot().calendar(&request)?.timestamp(99).expect("IBM has more bars");
    /// assert!(reader.at(today).history(&request, 99).is_ok());
    /// assert!(reader.at(today).history(&request, 100).is_err());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn at(&self, clock: Timestamp) -> ReaderAt<'_> {
        ReaderAt { reader: self, clock }
    }

    /// Returns an indicator's value at each of an asset's own bars up to `as_of`; NaN while undefined.
    ///
    /// It is computed once for all `as_of` between the same two events, over the whole series up to the later
    /// of them, and held in the cache. Values are on the series adjusted as of bar `as_of`.
    ///
    /// # Errors
    /// `Invalid` for an asset or a bar that the bundle lacks; `Io`, `Corrupt`.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Adjust, Bundle, DataPortal, End, Field, Frequency, Indicator, When, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let reader = portal.snapshot().reader();
    /// let ibm = reader.snapshot().bundle().asset("IBM")?;
    /// let average = reader.indicator(ibm, &Indicator::sma(20)?, Adjust::Total, 99)?;
    /// assert_eq!((average.len(), average[18].is_nan(), average[19].is_nan()), (100, true, false));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn indicator(
        &self,
        asset: AssetId,
        indicator: &Indicator,
        adjust: Adjust,
        as_of: usize,
    ) -> Result<&[f64], Error> {
        let timeline = self.timeline(asset)?;
        let stretch = timeline.stretch(as_of, adjust)?;
        let key = Key::indicator(timeline.subject(), stretch.first, self.indicator_id(indicator), adjust);
        // Bars are decoded once for all indicators.
        let series = |&field: &Field| self.series(&timeline, field, adjust, stretch);
        let inputs = || indicator.inputs().iter().map(series).collect::<Result<Vec<_>, Error>>();
        let block = self.reader.get_or_load_after(&key, Tier::Variable, inputs, |_, inputs| {
            Ok(Held::Block(Block::new(indicator.compute(&inputs), 0, stretch.end as usize)))
        })?;
        Ok(&block.block().column(0)[..=as_of])
    }

    /// Returns what takes each price as of bar `as_of` back to its own time.
    ///
    /// One value for each of the asset's own bars up to `as_of`. A price of bar `t` adjusted as of `as_of`,
    /// times this, is the price adjusted as of `t`: the level that was seen then. It is 1 throughout for raw
    /// prices.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Adjust, Bundle, DataPortal, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let reader = portal.snapshot().reader();
    /// let apple = reader.snapshot().bundle().asset("AAPL")?;
    /// let scale = reader.scale(apple, Adjust::Total, 2_000)?;
    /// assert_eq!((scale[0], scale[500], scale[2_000]), (4.0, 2.0, 1.0)); // two splits of 2 for 1
    /// # Ok::<(), lookback::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Invalid` for an asset or a bar that the bundle lacks; `Io`, `Corrupt`.
    pub fn scale(&self, asset: AssetId, adjust: Adjust, as_of: usize) -> Result<&[f64], Error> {
        let timeline = self.timeline(asset)?;
        let stretch = timeline.stretch(as_of, adjust)?;
        let key = Key::scale(timeline.subject(), stretch.first, adjust);
        let block = self.reader.get_or_load(&key, Tier::Variable, |_| {
            Ok(Held::Block(load::scale(&timeline, adjust, stretch)))
        })?;
        Ok(&block.block().column(0)[..=as_of])
    }

    /// Ends all loans, lets go of what was evicted, and reports this reader's statistics.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Adjust, Bundle, DataPortal, End, Field, Frequency, Indicator, When, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let mut reader = portal.snapshot().reader();
    /// let request = portal.request(["IBM"], [Field::Close], 20, Frequency::Day)?;
    /// let close = reader.history(&request, 99)?.column(0)[19];
    /// reader.refresh(); // windows lent before cannot be used any more
    /// assert_eq!(reader.history(&request, 99)?.column(0)[19], close);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn refresh(&mut self) {
        self.open.clear();
        self.reader.refresh();
    }

    /// The snapshot that it reads.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The reader of the cache behind it.
    pub(super) fn cached(&self) -> &cache::Reader<Key, Held, Arc<Catalog>> {
        &self.reader
    }

    #[inline]
    fn window<'a>(
        &'a self,
        request: &Request,
        end: End,
        clock: Option<Timestamp>,
        open: &'a Arena,
    ) -> Result<Window<'a>, Error> {
        let cursor = self.cursor(request.selection())?;
        if let Some(coarse) = cursor.coarse() {
            return self.coarse_window((&cursor, coarse), request, end, clock, open);
        }
        let bar = cursor.resolve(end, clock)?;
        let bar_count = request.bar_count();
        let padded = bar_count > bar + 1;
        if padded && !request.pads() {
            return Err(too_few(&cursor.layout().calendar, bar + 1, bar_count, clock));
        }
        let adjust = request.adjustment();
        let span = cursor.span(narrow(bar), adjust);
        let (selection, class) = (cursor.selection().id(), request.class());
        let key = if padded {
            Key::padded(selection, span.first, class, adjust)
        } else {
            Key::window(selection, span.first, class, adjust)
        };
        let block = self.reader.get_or_load(&key, request.tier(), |catalog| {
            let extent = if padded { Extent::padded(span, class) } else { Extent::clipped(span, class) };
            load::rows(catalog.bundle(), cursor.layout(), adjust, extent).map(Held::Block)
        })?;
        Ok(block
            .block()
            .window_ending(bar, bar_count)
            .expect("a block holds every window of its class that ends in its span"))
    }

    #[inline]
    pub(super) fn cursor(&self, selection: &Arc<Selection>) -> Result<Ref<'_, Cursor>, Error> {
        let known =
            self.cursors.get(selection.id() as usize, |cursor| Arc::ptr_eq(cursor.selection(), selection));
        known.map_or_else(|| self.open_cursor(selection), Ok)
    }

    /// Resolves a selection that this reader has not met; one of another portal is adopted by its names.
    #[cold]
    fn open_cursor(&self, selection: &Selection) -> Result<Ref<'_, Cursor>, Error> {
        let catalog = self.snapshot.catalog();
        let selection = catalog.registry().selection(selection.names());
        let layout = catalog.layout(&selection)?;
        let coarse = catalog.buckets(&selection)?.map(Coarse::new);
        Ok(self.cursors.put(selection.id() as usize, Cursor::new(selection, layout, coarse)))
    }

    pub(super) fn timeline(&self, asset: AssetId) -> Result<Ref<'_, Arc<Timeline>>, Error> {
        if let Some(known) = self.timelines.get(asset.index(), |_| true) {
            return Ok(known);
        }
        let timeline = self.snapshot.catalog().timeline(asset)?;
        Ok(self.timelines.put(asset.index(), timeline))
    }

    /// A field of an asset over all its bars up to the end of a stretch, adjusted as of the stretch.
    pub(super) fn series(
        &self,
        timeline: &Timeline,
        field: Field,
        adjust: Adjust,
        stretch: Span,
    ) -> Result<&[f64], Error> {
        let key = Key::series(timeline.subject(), stretch.first, field, adjust);
        let block = self.reader.get_or_load(&key, Tier::Variable, |catalog| {
            load::series(catalog.bundle(), timeline, field, adjust, stretch).map(Held::Block)
        })?;
        Ok(block.block().column(0))
    }

    /// The coarse bars of an asset.
    pub(super) fn own_buckets(&self, asset: AssetId, frequency: Frequency) -> Result<Arc<Buckets>, Error> {
        if let Some(known) = self.buckets.borrow().get(&(asset, frequency)) {
            return Ok(known.clone());
        }
        let buckets = self.snapshot.catalog().own_buckets(asset, frequency)?;
        self.buckets.borrow_mut().insert((asset, frequency), buckets.clone());
        Ok(buckets)
    }

    pub(super) fn indicator_id(&self, indicator: &Indicator) -> u32 {
        let known = self.indicators.borrow().get(indicator).copied();
        known.unwrap_or_else(|| {
            let id = self.snapshot.catalog().registry().indicator(indicator);
            self.indicators.borrow_mut().insert(indicator.clone(), id);
            id
        })
    }
}

/// A [`PortalReader`] through which nothing after a clock can be read.
///
/// Its errors tell nothing of later bars either: neither their dates nor whether there are any.
///
/// # Examples
/// ```
/// # use lookback::{Adjust, Bundle, DataPortal, End, Field, Frequency, Indicator, When, portal::Options};
/// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// # let reader = portal.snapshot().reader();
/// let request = portal.request(["IBM"], [Field::Close], 20, Frequency::Day)?;
/// let clock = reader.at("2005-02-28".parse::<When>()?.last_moment());
/// let error = clock.history(&request, "2005-03-01".parse::<When>()?).unwrap_err();
/// assert!(error.to_string().starts_with("look-ahead: 2005-03-01 is after the clock"));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ReaderAt<'a> {
    reader: &'a PortalReader,
    clock: Timestamp,
}

impl<'a> ReaderAt<'a> {
    /// Returns the window as [`PortalReader::history`] does, where it ends no later than the clock.
    ///
    /// # Errors
    /// `LookAhead` where `end` is after the clock; the others of [`PortalReader::history`].
    pub fn history(&self, request: &Request, end: impl Into<End>) -> Result<Window<'a>, Error> {
        self.history_in(&self.reader.open, request, end)
    }

    /// The same, where a window that is copied is kept in an arena of the caller's.
    pub(crate) fn history_in(
        &self,
        open: &'a Arena,
        request: &Request,
        end: impl Into<End>,
    ) -> Result<Window<'a>, Error> {
        self.reader.window(request, end.into(), Some(self.clock), open)
    }

    /// Returns the window as [`PortalReader::split`] does, where it ends no later than the clock.
    ///
    /// # Errors
    /// `LookAhead` where `end` is after the clock; the others of [`PortalReader::history`].
    pub fn split(&self, request: &Request, end: impl Into<End>) -> Result<SplitWindow<'a>, Error> {
        self.reader.split_at(request, end.into(), Some(self.clock))
    }

    /// Returns an indicator of coarse bars as [`PortalReader::indicator_at`] does, up to the clock.
    ///
    /// # Errors
    /// `LookAhead` where bar `as_of` is after the clock; the others of [`PortalReader::indicator_at`].
    pub fn indicator_at(
        &self,
        frequency: Frequency,
        asset: AssetId,
        indicator: &Indicator,
        adjust: Adjust,
        as_of: usize,
    ) -> Result<&'a [f64], Error> {
        self.check(asset, as_of)?;
        self.reader.indicator_at(frequency, asset, indicator, adjust, as_of)
    }

    /// Returns an indicator as [`PortalReader::indicator`] does, up to the clock.
    ///
    /// # Errors
    /// `LookAhead` where bar `as_of` is after the clock; the others of [`PortalReader::indicator`].
    pub fn indicator(
        &self,
        asset: AssetId,
        indicator: &Indicator,
        adjust: Adjust,
        as_of: usize,
    ) -> Result<&'a [f64], Error> {
        self.check(asset, as_of)?;
        self.reader.indicator(asset, indicator, adjust, as_of)
    }

    /// Returns an asset's scale as [`PortalReader::scale`] does, up to the clock.
    ///
    /// # Errors
    /// `LookAhead` where bar `as_of` is after the clock; the others of [`PortalReader::scale`].
    pub fn scale(&self, asset: AssetId, adjust: Adjust, as_of: usize) -> Result<&'a [f64], Error> {
        self.check(asset, as_of)?;
        self.reader.scale(asset, adjust, as_of)
    }

    /// The reader behind it.
    pub(super) fn reader(&self) -> &'a PortalReader {
        self.reader
    }

    fn check(&self, asset: AssetId, as_of: usize) -> Result<(), Error> {
        let moment = self.reader.timeline(asset)?.calendar().timestamp(as_of);
        match moment {
            Some(moment) if self.reader.snapshot().known_at(moment) <= self.clock => Ok(()),
            _ => Err(look_ahead(End::Bar(as_of), self.clock)),
        }
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> Timestamp {
        self.clock
    }
}

impl fmt::Debug for PortalReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortalReader").field("snapshot", &self.snapshot).finish_non_exhaustive()
    }
}

pub(super) fn narrow(bar: usize) -> u32 {
    u32::try_from(bar).expect("a layout holds at most 2^32 - 1 bars")
}
