//! A thread's handle on a snapshot: what turns a request and an end into a slice.

#![forbid(unsafe_code)]

use std::cell::{Cell, Ref, RefCell};
use std::fmt;
use std::sync::Arc;

use super::key::Key;
use super::layout::{Layout, Span};
use super::load::{self, Shape};
use super::registry::Selection;
use super::request::{Adjust, End, Request};
use super::snapshot::Snapshot;
use super::source::{Alone, Source};
use crate::asset::AssetId;
use crate::block::{Block, Window};
use crate::cache::{self, Tier};
use crate::error::{Error, ErrorKind};
use crate::indicator::Indicator;
use crate::time::{Timestamp, When};

/// One thread's reader of a [`Snapshot`].
///
/// It is not `Send`. What it lends lives until [`refresh`](Self::refresh) or its end; a reader that lives long should be
/// refreshed now and then, so that what was evicted meanwhile can be freed.
pub struct PortalReader {
    reader: cache::Reader<Key, Block, Source>,
    snapshot: Snapshot,
    /// By the selection's id: the layouts that this reader has met, so that a hit takes no lock.
    slots: RefCell<Vec<Option<Slot>>>,
    alone: RefCell<Vec<Option<Alone>>>,
    indicators: RefCell<Vec<(Indicator, u32)>>,
}

/// A layout and where the last window in it ended: the next one is likely to be near.
struct Slot {
    selection: Arc<Selection>,
    layout: Arc<Layout>,
    bar: Cell<usize>,
    spans: [Cell<Span>; 2],
}

impl Slot {
    /// The bar that an end means, refused where it is not there or after the clock.
    #[inline]
    fn resolve(&self, end: End, clock: Option<Timestamp>) -> Result<usize, Error> {
        let moments = self.layout.calendar.as_slice();
        let bar = match end {
            End::Bar(bar) => bar,
            End::At(when) => self.bar_at(when, clock)?,
        };
        match (moments.get(bar), clock) {
            (Some(&moment), Some(clock)) if moment > clock.0 => {
                Err(look_ahead(end, Some(Timestamp(moment)), clock))
            }
            (Some(_), _) => Ok(bar),
            (None, Some(clock)) => Err(look_ahead(end, None, clock)),
            (None, None) => Err(past_the_last(bar, moments)),
        }
    }

    /// The last bar at or before a moment, first looked for at the bar of the last window and the one after it.
    fn bar_at(&self, when: When, clock: Option<Timestamp>) -> Result<usize, Error> {
        if let Some(clock) = clock
            && when.first_moment() > clock
        {
            return Err(look_ahead(End::At(when), None, clock));
        }
        let moments = self.layout.calendar.as_slice();
        let ns = when.last_moment().0;
        let is_at = |bar: usize| {
            moments.get(bar).is_some_and(|&at| at <= ns) && moments.get(bar + 1).is_none_or(|&next| ns < next)
        };
        let last = self.bar.get();
        let bar = match [last, last + 1].into_iter().find(|&bar| is_at(bar)) {
            Some(bar) => bar,
            None => moments
                .partition_point(|&at| at <= ns)
                .checked_sub(1)
                .ok_or_else(|| before_first(when, moments))?,
        };
        self.bar.set(bar);
        Ok(bar)
    }

    #[inline]
    fn span(&self, bar: u32, adjust: Adjust) -> Span {
        let last = &self.spans[adjust as usize];
        let span = last.get();
        if span.holds(bar) {
            return span;
        }
        let span = self.layout.stretches.span(bar, adjust);
        last.set(span);
        span
    }
}

impl PortalReader {
    pub(super) fn new(snapshot: Snapshot) -> Self {
        Self {
            reader: snapshot.generation().reader(),
            snapshot,
            slots: RefCell::default(),
            alone: RefCell::default(),
            indicators: RefCell::default(),
        }
    }

    /// Returns the last `bar_count` bars of the request's columns up to and including `end`, oldest first.
    ///
    /// A hit lends the cached block: no copy, no allocation, no lock. A miss loads the block once, however many threads
    /// ask for it; all windows that end between the same two events, of any length in the same class, are hits then.
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
    pub fn history(&self, request: &Request, end: impl Into<End>) -> Result<Window<'_>, Error> {
        self.window(request, end.into(), None)
    }

    /// Reads as of a clock: ends after it are refused.
    #[must_use]
    pub fn at(&self, clock: Timestamp) -> ReaderAt<'_> {
        ReaderAt { reader: self, clock }
    }

    /// Returns an indicator's value at each of an asset's own bars up to `as_of`; NaN while undefined.
    ///
    /// It is computed once for all `as_of` between the same two events, over the whole series up to the later of them,
    /// and held in the cache. Values are on the series adjusted as of bar `as_of`.
    ///
    /// # Errors
    /// `Invalid` for an asset or a bar that the bundle lacks; `Io`, `Corrupt`.
    pub fn indicator(
        &self,
        asset: AssetId,
        indicator: &Indicator,
        adjust: Adjust,
        as_of: usize,
    ) -> Result<&[f64], Error> {
        let alone = self.alone(asset)?;
        let stretch = stretch(&alone, adjust, as_of)?;
        let key = Key::indicator(asset.0, stretch.first, self.indicator_id(indicator), adjust);
        let block = self.reader.get_or_load(&key, Tier::Variable, |source| {
            load::indicator(source.bundle(), &alone, indicator, adjust, stretch)
        })?;
        Ok(&block.column(0)[..=as_of])
    }

    /// Returns, for each of an asset's own bars up to `as_of`, what takes its price as of `as_of` back to its own time.
    ///
    /// A price of bar `t` adjusted as of `as_of`, times this, is the price adjusted as of `t`: the level that was seen
    /// then. It is 1 throughout for raw prices.
    ///
    /// # Errors
    /// `Invalid` for an asset or a bar that the bundle lacks; `Io`, `Corrupt`.
    pub fn scale(&self, asset: AssetId, adjust: Adjust, as_of: usize) -> Result<&[f64], Error> {
        let alone = self.alone(asset)?;
        let stretch = stretch(&alone, adjust, as_of)?;
        let key = Key::scale(asset.0, stretch.first, adjust);
        let block =
            self.reader.get_or_load(&key, Tier::Variable, |_| Ok(load::scale(&alone, adjust, stretch)))?;
        Ok(&block.column(0)[..=as_of])
    }

    /// Ends all loans, lets go of what was evicted, and reports this reader's statistics.
    pub fn refresh(&mut self) {
        self.reader.refresh();
    }

    /// The snapshot that it reads.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    #[inline]
    fn window(&self, request: &Request, end: End, clock: Option<Timestamp>) -> Result<Window<'_>, Error> {
        let slot = self.slot(request.selection())?;
        let bar = slot.resolve(end, clock)?;
        let bar_count = request.bar_count();
        let padded = bar_count > bar + 1;
        if padded && !request.pads() {
            return Err(too_few(&slot, bar, bar_count));
        }
        let adjust = request.adjustment();
        let span = slot.span(narrow(bar), adjust);
        let (selection, class) = (slot.selection.id(), request.class());
        let key = if padded {
            Key::padded(selection, span.first, class, adjust)
        } else {
            Key::window(selection, span.first, class, adjust)
        };
        let block = self.reader.get_or_load(&key, request.tier(), |source| {
            let shape = if padded { Shape::padded(span, class) } else { Shape::clipped(span, class) };
            load::rows(source.bundle(), &slot.layout, adjust, shape)
        })?;
        Ok(block
            .window_ending(bar, bar_count)
            .expect("a block holds every window of its class that ends in its span"))
    }

    #[inline]
    fn slot(&self, selection: &Arc<Selection>) -> Result<Ref<'_, Slot>, Error> {
        let known = Ref::filter_map(self.slots.borrow(), |slots| {
            slots
                .get(selection.id() as usize)?
                .as_ref()
                .filter(|slot| Arc::ptr_eq(&slot.selection, selection))
        });
        known.or_else(|_| self.open_slot(selection))
    }

    /// Resolves a selection that this reader has not met; one of another portal is adopted by its names.
    #[cold]
    fn open_slot(&self, selection: &Selection) -> Result<Ref<'_, Slot>, Error> {
        let source = self.snapshot.generation().source();
        let selection = source.registry().selection(selection.names());
        let layout = source.layout(&selection)?;
        let id = selection.id() as usize;
        let slot = Slot { selection, layout, bar: Cell::default(), spans: Default::default() };
        put(&mut self.slots.borrow_mut(), id, slot);
        Ok(Ref::map(self.slots.borrow(), |slots| {
            slots[id].as_ref().expect("the slot was put there just now")
        }))
    }

    fn alone(&self, asset: AssetId) -> Result<Ref<'_, Alone>, Error> {
        let at = asset.index();
        let known = Ref::filter_map(self.alone.borrow(), |alone| alone.get(at)?.as_ref());
        known.or_else(|_| {
            let alone = self.snapshot.generation().source().alone(asset)?;
            put(&mut self.alone.borrow_mut(), at, alone);
            Ok(Ref::map(self.alone.borrow(), |alone| alone[at].as_ref().expect("it was put there just now")))
        })
    }

    fn indicator_id(&self, indicator: &Indicator) -> u32 {
        let known = self.indicators.borrow().iter().find(|(known, _)| known == indicator).map(|&(_, id)| id);
        known.unwrap_or_else(|| {
            let id = self.snapshot.generation().source().registry().indicator(indicator);
            self.indicators.borrow_mut().push((indicator.clone(), id));
            id
        })
    }
}

/// A [`PortalReader`] whose windows end no later than a clock.
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
        self.reader.window(request, end.into(), Some(self.clock))
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

fn put<T>(slots: &mut Vec<Option<T>>, at: usize, value: T) {
    if slots.len() <= at {
        slots.resize_with(at + 1, || None);
    }
    slots[at] = Some(value);
}

fn narrow(bar: usize) -> u32 {
    u32::try_from(bar).expect("a layout holds at most 2^32 - 1 bars")
}

fn stretch(alone: &Alone, adjust: Adjust, as_of: usize) -> Result<Span, Error> {
    let moments = alone.timeline.calendar().as_slice();
    if as_of >= moments.len() {
        return Err(past_the_last(as_of, moments));
    }
    Ok(alone.stretches.stretch(narrow(as_of), adjust))
}

#[cold]
fn look_ahead(end: End, moment: Option<Timestamp>, clock: Timestamp) -> Error {
    let end = match (end, moment) {
        (End::Bar(bar), Some(moment)) => format!("bar {bar} ({moment})"),
        (End::Bar(bar), None) => format!("bar {bar}"),
        (End::At(when), _) => when.to_string(),
    };
    ErrorKind::LookAhead { end, clock: clock.to_string() }.into()
}

#[cold]
fn past_the_last(bar: usize, moments: &[i64]) -> Error {
    Error::invalid(format!("bar {bar}"), format!("the series has {} bars, counted from 0", moments.len()))
}

#[cold]
fn before_first(when: When, moments: &[i64]) -> Error {
    let first = moments.first().map_or_else(|| "none".to_owned(), |&ns| Timestamp(ns).to_string());
    ErrorKind::BeforeFirstBar { end: when.to_string(), first }.into()
}

#[cold]
fn too_few(slot: &Slot, bar: usize, asked: usize) -> Error {
    let calendar = &slot.layout.calendar;
    let name = |bar: usize| calendar.timestamp(bar).map(|moment| moment.to_string());
    let end = name(bar).unwrap_or_else(|| format!("bar {bar}"));
    ErrorKind::TooFewBars { asked, available: bar + 1, end, first_possible: name(asked - 1) }.into()
}
