//! A layout as one reader uses it: from an end to a bar, from a bar to its span.

#![forbid(unsafe_code)]

use std::cell::Cell;
use std::sync::Arc;

use super::adjust::{Adjust, EachAdjust};
use super::coarse::{Coarse, CoarseEnd};
use super::layout::Layout;
use super::registry::Selection;
use super::request::End;
use super::stretch::Span;
use super::timeline::past_the_last;
use crate::error::{Error, ErrorKind};
use crate::time::{Calendar, Timestamp, When};

/// A layout and where the last window in it ended: the next one is likely to be near.
pub(super) struct Cursor {
    selection: Arc<Selection>,
    /// Of the bundle's own bars.
    layout: Arc<Layout>,
    /// What the selection makes of them, where it asks for a coarser frequency.
    coarse: Option<Coarse>,
    bar: Cell<usize>,
    /// The span of the last window of each mode.
    spans: EachAdjust<Cell<Span>>,
}

impl Cursor {
    pub(super) fn new(selection: Arc<Selection>, layout: Arc<Layout>, coarse: Option<Coarse>) -> Self {
        Self { selection, layout, coarse, bar: Cell::default(), spans: EachAdjust::default() }
    }

    pub(super) fn selection(&self) -> &Arc<Selection> {
        &self.selection
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    #[inline]
    pub(super) fn coarse(&self) -> Option<&Coarse> {
        self.coarse.as_ref()
    }

    /// The coarse bar that an end means, as far as it is known there; refused where it is not there or after the clock.
    #[inline]
    pub(super) fn resolve_coarse(
        &self,
        coarse: &Coarse,
        end: End,
        clock: Option<Timestamp>,
    ) -> Result<CoarseEnd, Error> {
        match end {
            End::Bar(bucket) => self.resolve_number(coarse, bucket, clock),
            End::At(when) => {
                let bar = self.resolve(end, clock)?;
                let moment = self.layout.span_of(when).1.min(clock.unwrap_or(Timestamp(i64::MAX)));
                Ok(coarse.end(bar, moment.0))
            }
        }
    }

    fn resolve_number(
        &self,
        coarse: &Coarse,
        bucket: usize,
        clock: Option<Timestamp>,
    ) -> Result<CoarseEnd, Error> {
        let Some(clock) = clock else {
            if bucket >= coarse.buckets().len() {
                return Err(past_the_last(bucket, coarse.buckets().calendar().as_slice()));
            }
            return Ok(coarse.whole(&self.layout, bucket));
        };
        let is_known = |at: &i64| self.layout.lag.known_at(*at) <= clock.0;
        let known = self.layout.calendar.as_slice().partition_point(is_known).checked_sub(1);
        match known.map(|bar| coarse.end(bar, clock.0)) {
            Some(now) if bucket == now.bucket => Ok(now),
            Some(now) if bucket < now.bucket => Ok(coarse.whole(&self.layout, bucket)),
            _ => Err(look_ahead(End::Bar(bucket), clock)),
        }
    }

    /// The bar that an end means, refused where it is not there or after the clock.
    #[inline]
    pub(super) fn resolve(&self, end: End, clock: Option<Timestamp>) -> Result<usize, Error> {
        let moments = self.layout.calendar.as_slice();
        let bar = match end {
            End::Bar(bar) => bar,
            End::At(when) => self.bar_at(when, clock)?,
        };
        match (moments.get(bar), clock) {
            (Some(&moment), Some(clock)) if self.layout.lag.known_at(moment) > clock.0 => {
                Err(look_ahead(end, clock))
            }
            (Some(_), _) => Ok(bar),
            (None, Some(clock)) => Err(look_ahead(end, clock)),
            (None, None) => Err(past_the_last(bar, moments)),
        }
    }

    /// The last bar that is known at a moment, first looked for at the bar of the last window and the one after it.
    fn bar_at(&self, when: When, clock: Option<Timestamp>) -> Result<usize, Error> {
        let (first, last) = self.layout.span_of(when);
        if let Some(clock) = clock
            && first > clock
        {
            return Err(look_ahead(End::At(when), clock));
        }
        let moments = self.layout.calendar.as_slice();
        let ns = self.layout.lag.latest(last.0);
        let is_at = |bar: usize| {
            moments.get(bar).is_some_and(|&at| at <= ns) && moments.get(bar + 1).is_none_or(|&next| ns < next)
        };
        let near = self.bar.get();
        let bar = match [near, near + 1].into_iter().find(|&bar| is_at(bar)) {
            Some(bar) => bar,
            None => self.layout.bar_at(ns).ok_or_else(|| before_first(when, moments, clock))?,
        };
        self.bar.set(bar);
        Ok(bar)
    }

    #[inline]
    pub(super) fn span(&self, bar: u32, adjust: Adjust) -> Span {
        let last = self.spans.of(adjust);
        let span = last.get();
        if span.holds(bar) {
            return span;
        }
        let span = self.layout.stretches.span(bar, adjust);
        last.set(span);
        span
    }
}

/// Names the end as it was asked for: the moment of a bar after the clock, and whether there is one, are of
/// the future too.
#[cold]
pub(super) fn look_ahead(end: End, clock: Timestamp) -> Error {
    let end = match end {
        End::Bar(bar) => format!("bar {bar}"),
        End::At(when) => when.to_string(),
    };
    ErrorKind::LookAhead { end, clock: clock.to_string() }.into()
}

/// Under a clock, the first bar is one that is still to come.
#[cold]
fn before_first(when: When, moments: &[i64], clock: Option<Timestamp>) -> Error {
    let first = match (clock, moments.first()) {
        (Some(_), _) => "after the clock".to_owned(),
        (None, Some(&ns)) => Timestamp(ns).to_string(),
        (None, None) => "none".to_owned(),
    };
    ErrorKind::BeforeFirstBar { end: when.to_string(), first }.into()
}

/// Under a clock, the first possible end is counted, not looked up: its date, and whether the series lasts so
/// long, would tell which assets survive.
#[cold]
pub(super) fn too_few(
    calendar: &Calendar,
    available: usize,
    asked: usize,
    clock: Option<Timestamp>,
) -> Error {
    let name = |bar: usize| calendar.timestamp(bar).map(|moment| moment.to_string());
    let end = available.checked_sub(1).and_then(name).unwrap_or_else(|| "its first bar".to_owned());
    let first_possible = match clock {
        Some(_) => Some(format!("bar {}, counted from 0", asked - 1)),
        None => name(asked - 1),
    };
    ErrorKind::TooFewBars { asked, available, end, first_possible }.into()
}
