//! Windows at a coarser frequency than the bundle's: closed bars from a block, and the last as of the end.
//!
//! Two kinds of block serve them. One holds **closed** coarse bars, for all ends between two events, as blocks of the
//! bundle's own bars do: a window of closed bars is a slice of it. The other is **running**: at each of the bundle's own
//! bars, the coarse bar that holds it, as of it; so the open bar of a window is one row of that, whatever it is made of.
//!
//! # Cost
//! A hit is two steps in memory of the reader's own (from the end to a bar, from the bar to its coarse bar), and one probe
//! of the cache where the last bar is closed, or two. `history` copies a window with an open bar, `bar_count` values a
//! column; `split` copies nothing. A miss reads each of the bundle's bars of the block once, and for a running block those
//! of the first coarse bar before it.

#![forbid(unsafe_code)]

use super::arena::Arena;
use super::coarse::{Coarse, Reach};
use super::cursor::{Cursor, too_few};
use super::held::Held;
use super::key::Key;
use super::reader::{PortalReader, narrow};
use super::request::{End, Request};
use super::resample::{self, CoarseExtent};
use super::split::{OpenBar, SplitWindow};
use crate::block::{Block, Window};
use crate::cache::Tier;
use crate::error::Error;
use crate::time::Timestamp;

/// What a window is made of.
struct Pieces<'a> {
    split: SplitWindow<'a>,
    /// The coarse bar after its last.
    next: usize,
}

impl PortalReader {
    /// Returns the window of [`history`](Self::history) in two pieces, so that nothing is copied where its last bar is open.
    ///
    /// # Errors
    /// Those of [`history`](Self::history).
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, DataPortal, Field, Frequency, When, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let reader = portal.snapshot().reader();
    /// let weeks = portal.request(["AAPL"], [Field::Low], 10, Frequency::Week)?;
    /// let window = reader.split(&weeks, "2005-03-02".parse::<When>()?)?;
    /// assert_eq!((window.closed().column(0).len(), window.open(0).is_some()), (9, true));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn split(&self, request: &Request, end: impl Into<End>) -> Result<SplitWindow<'_>, Error> {
        self.split_at(request, end.into(), None)
    }

    pub(super) fn split_at(
        &self,
        request: &Request,
        end: End,
        clock: Option<Timestamp>,
    ) -> Result<SplitWindow<'_>, Error> {
        let cursor = self.cursor(request.selection())?;
        match cursor.coarse() {
            // Whether the bundle has more bars of the last one is of the future: time alone tells whether it is open.
            Some(coarse) => Ok(self.pieces((&cursor, coarse), request, (end, clock), false)?.split),
            None => {
                drop(cursor);
                let whole = match clock {
                    Some(clock) => self.at(clock).history(request, end)?,
                    None => self.history(request, end)?,
                };
                Ok(SplitWindow::new(whole, None))
            }
        }
    }

    /// A window as one slice; one of whose last bar the block holds more is copied into an arena.
    #[inline]
    pub(super) fn coarse_window<'a>(
        &'a self,
        of: (&Cursor, &Coarse),
        request: &Request,
        end: End,
        clock: Option<Timestamp>,
        open: &'a Arena,
    ) -> Result<Window<'a>, Error> {
        let Pieces { split, next } = self.pieces(of, request, (end, clock), true)?;
        if !split.is_open() {
            return Ok(split.closed());
        }
        Ok(copied(split, next, open))
    }

    /// `lends_full` has the last bar lent with the others where the block holds no more of it, though it is not over.
    #[inline]
    fn pieces(
        &self,
        (cursor, coarse): (&Cursor, &Coarse),
        request: &Request,
        (end, clock): (End, Option<Timestamp>),
        lends_full: bool,
    ) -> Result<Pieces<'_>, Error> {
        let at = cursor.resolve_coarse(coarse, end, clock)?;
        let next = match (request.is_closed_only() && !at.is_closed, end) {
            (false, _) => at.bucket + 1,
            (true, End::At(_)) => at.bucket,
            (true, End::Bar(bar)) => return Err(not_over(bar)),
        };
        let bar_count = request.bar_count();
        let padded = bar_count > next;
        if padded && !request.pads() {
            return Err(too_few(coarse.buckets().calendar(), next, bar_count, clock));
        }
        let bar = narrow(at.bar);
        let reach = coarse.reach(cursor.layout(), bar, request.adjustment());
        // A block's last coarse bar holds what there is of it in the stretch.
        let last = at.next.min(reach.stretch.end as usize);
        let is_full = lends_full && at.bar + 1 == last;
        let is_open = next > at.bucket && !at.is_closed && !is_full;
        let (before, bars) = if is_open { (at.bucket, bar_count - 1) } else { (next, bar_count) };
        let block = self.closed_block((cursor, coarse), request, (reach, before), padded)?;
        let closed = block
            .window_before(before, bars)
            .expect("a block holds every window of its class that ends in its cut");
        let open = match is_open {
            true => Some(OpenBar::new(self.running_block((cursor, coarse), request, (reach, bar))?, at.bar)),
            false => None,
        };
        Ok(Pieces { split: SplitWindow::new(closed, open), next })
    }

    /// The block of closed coarse bars that holds those before one.
    #[inline]
    fn closed_block(
        &self,
        (cursor, coarse): (&Cursor, &Coarse),
        request: &Request,
        (reach, before): (Reach, usize),
        padded: bool,
    ) -> Result<&Block, Error> {
        let (adjust, class) = (request.adjustment(), request.class());
        let cut = reach.cut(narrow(before.saturating_sub(1)));
        let (selection, first, form) = (cursor.selection().id(), reach.stretch.first, (class, cut.number));
        let key = match padded {
            true => Key::coarse_padded(selection, first, form, adjust),
            false => Key::coarse(selection, first, form, adjust),
        };
        let held = self.cached().get_or_load(&key, request.tier(), |catalog| {
            let extent = CoarseExtent::new(cut.span, class, padded);
            let of = (cursor.layout(), coarse.buckets());
            resample::rows(catalog.bundle(), of, (reach.stretch, adjust), extent).map(Held::Block)
        })?;
        Ok(held.block())
    }

    /// The block that holds the coarse bar of a bar, as of it.
    #[inline]
    fn running_block(
        &self,
        (cursor, coarse): (&Cursor, &Coarse),
        request: &Request,
        (reach, bar): (Reach, u32),
    ) -> Result<&Block, Error> {
        let adjust = request.adjustment();
        let span = cursor.span(bar, adjust);
        let key = Key::running(cursor.selection().id(), span.first, adjust);
        let held = self.cached().get_or_load(&key, Tier::Variable, |catalog| {
            let of = (cursor.layout(), coarse.buckets());
            resample::running(catalog.bundle(), of, (reach.stretch, adjust), span).map(Held::Block)
        })?;
        Ok(held.block())
    }
}

#[cold]
fn not_over(bar: usize) -> Error {
    let expected = "expected an earlier one, a moment, or a request that is not for closed bars only";
    Error::invalid(format!("bar {bar}"), format!("is not over; {expected}"))
}

/// Copies a window with an open bar, which lies in front of the coarse bar `next`.
fn copied<'a>(split: SplitWindow<'_>, next: usize, open: &'a Arena) -> Window<'a> {
    let bars = split.bar_count();
    let values: Vec<f64> = (0..split.columns()).flat_map(|column| split.column(column)).collect();
    let block = Block::padded(values, next.saturating_sub(bars), bars, bars.saturating_sub(next));
    open.keep(block).window_before(next, bars).expect("the block was made for this window")
}
