//! A selection at a coarser frequency than the bundle's: from an end to a bar of each, and to the block that serves it.

#![forbid(unsafe_code)]

use std::cell::Cell;
use std::sync::Arc;

use super::adjust::{Adjust, EachAdjust};
use super::buckets::Buckets;
use super::layout::Layout;
use super::stretch::{SPAN_ROWS, Span};

/// Where a window at a coarser frequency ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct CoarseEnd {
    /// The last of the bundle's bars that is known.
    pub(super) bar: usize,
    /// The coarse bar that holds it.
    pub(super) bucket: usize,
    /// The bar after the last of that one.
    pub(super) next: usize,
    /// Whether that one is over.
    pub(super) is_closed: bool,
}

/// The bars between two events, and the coarse bars that windows which end there can end with.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Reach {
    /// Bars of the bundle.
    pub(super) stretch: Span,
    /// Coarse bars: from the one before that of the stretch's first bar on, which is the last closed one there.
    first: u32,
    end: u32,
}

/// What a block of closed coarse bars serves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    /// The coarse bars that windows end with.
    pub(super) span: Span,
    /// Which piece of the reach it is; nearly always the first.
    pub(super) number: u32,
}

impl Reach {
    /// The piece that holds a coarse bar: long reaches are cut, so that the byte budget works at a fine grain.
    pub(super) fn cut(&self, bucket: u32) -> Cut {
        let number = (bucket - self.first) / SPAN_ROWS;
        let first = self.first + number * SPAN_ROWS;
        Cut { span: Span { first, end: first.saturating_add(SPAN_ROWS).min(self.end) }, number }
    }
}

/// A coarse bar, and what is asked of it at each step of a clock.
#[derive(Clone, Copy, Default, Debug)]
struct Near {
    bucket: usize,
    first: usize,
    end: usize,
    over: i64,
}

/// The coarse bars of a selection, and where the last window of them ended.
#[derive(Debug)]
pub(super) struct Coarse {
    buckets: Arc<Buckets>,
    /// That of the last window; before the first, one that holds no bar.
    near: Cell<Near>,
    reaches: EachAdjust<Cell<Reach>>,
}

impl Coarse {
    pub(super) fn new(buckets: Arc<Buckets>) -> Self {
        Self { buckets, near: Cell::default(), reaches: EachAdjust::default() }
    }

    pub(super) fn buckets(&self) -> &Buckets {
        &self.buckets
    }

    /// The coarse bar that holds a bar, first looked for at that of the last window.
    #[inline]
    fn near(&self, bar: usize) -> Near {
        let last = self.near.get();
        if last.first <= bar && bar < last.end { last } else { self.find(bar, last.bucket + 1) }
    }

    /// Looks for it at the next one, and then everywhere.
    fn find(&self, bar: usize, next: usize) -> Near {
        let is_next = next < self.buckets.len() && self.buckets.bars(next).contains(&bar);
        let bucket = if is_next { next } else { self.buckets.of(bar) };
        let bars = self.buckets.bars(bucket);
        let near = Near { bucket, first: bars.start, end: bars.end, over: self.buckets.over(bucket) };
        self.near.set(near);
        near
    }

    /// What a window as of a moment ends with, where `bar` is the last that is known at it.
    #[inline]
    pub(super) fn end(&self, bar: usize, moment: i64) -> CoarseEnd {
        let Near { bucket, end, over, .. } = self.near(bar);
        CoarseEnd { bar, bucket, next: end, is_closed: over <= moment && end == bar + 1 }
    }

    /// A coarse bar with all of its bars; one of a later one shows that it is over.
    pub(super) fn whole(&self, layout: &Layout, bucket: usize) -> CoarseEnd {
        let bar = self.buckets.bars(bucket).end - 1;
        let known_at = layout.lag.known_at(layout.calendar.as_slice()[bar]);
        let is_over = bucket + 1 < self.buckets.len() || self.buckets.is_closed(bucket, bar, known_at);
        CoarseEnd { bar, bucket, next: bar + 1, is_closed: is_over }
    }

    #[inline]
    pub(super) fn reach(&self, layout: &Layout, bar: u32, adjust: Adjust) -> Reach {
        let last = self.reaches.of(adjust);
        let reach = last.get();
        if reach.stretch.holds(bar) {
            return reach;
        }
        let stretch = layout.stretches.stretch(bar, adjust);
        let narrow = |bucket: usize| u32::try_from(bucket).expect("there are no more coarse bars than bars");
        let first = self.buckets.of(stretch.first as usize).saturating_sub(1);
        let end = self.buckets.of(stretch.end as usize - 1) + 1;
        let reach = Reach { stretch, first: narrow(first), end: narrow(end) };
        last.set(reach);
        reach
    }
}
