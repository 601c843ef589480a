//! Where the bars of a selection lie in one bundle version: its calendar, its assets' rows, its spans.

#![forbid(unsafe_code)]

use std::sync::Arc;

use super::request::Adjust;
use super::timeline::Timeline;
use crate::asset::Field;
use crate::error::Error;
use crate::time::Calendar;

/// Rows of the longest span: longer stretches are cut here, so that the byte budget works at a fine grain.
const SPAN_ROWS: u32 = 65_536;

/// Bars that one block serves as ends: a stretch between two events, or a cut of it. Not empty.
///
/// The default is empty, which no bar lies in.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Span {
    pub(super) first: u32,
    pub(super) end: u32,
}

impl Span {
    #[inline]
    pub(super) fn holds(self, bar: u32) -> bool {
        self.first <= bar && bar < self.end
    }
}

/// The bars between two events: within them, the same events are known.
#[derive(Debug)]
pub(super) struct Stretches {
    /// The first bar of each stretch, ascending, from 0.
    firsts: Vec<u32>,
    bars: u32,
}

impl Stretches {
    /// Cuts a calendar at the first bar on or after each ex-date.
    pub(super) fn new<'a>(
        calendar: &Calendar,
        timelines: impl IntoIterator<Item = &'a Timeline>,
    ) -> Result<Self, Error> {
        let bars = u32::try_from(calendar.len()).map_err(|_| {
            Error::invalid("calendar", format!("{} bars, expected at most {}", calendar.len(), u32::MAX))
        })?;
        let mut firsts = vec![0];
        for ex_date in timelines.into_iter().flat_map(Timeline::ex_dates) {
            firsts.extend(calendar.bar_from(ex_date).and_then(|bar| u32::try_from(bar).ok()));
        }
        firsts.sort_unstable();
        firsts.dedup();
        Ok(Self { firsts, bars })
    }

    /// The stretch that holds a bar of the calendar; raw prices know one.
    pub(super) fn stretch(&self, bar: u32, adjust: Adjust) -> Span {
        match adjust {
            Adjust::Raw => Span { first: 0, end: self.bars },
            Adjust::Total => {
                let next = self.firsts.partition_point(|&first| first <= bar);
                let end = self.firsts.get(next).copied().unwrap_or(self.bars);
                Span { first: self.firsts[next - 1], end }
            }
        }
    }

    /// The span that holds a bar of the calendar.
    pub(super) fn span(&self, bar: u32, adjust: Adjust) -> Span {
        let stretch = self.stretch(bar, adjust);
        let first = bar - (bar - stretch.first) % SPAN_ROWS;
        Span { first, end: first.saturating_add(SPAN_ROWS).min(stretch.end) }
    }
}

/// One asset's bars in the calendar of a selection.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) timeline: Arc<Timeline>,
    /// The row of each of the asset's bars; `None` where the calendar is the asset's own.
    pub(super) rows: Option<Box<[u32]>>,
}

/// A selection resolved against one bundle version. Not part of the byte budget: it costs 8 bytes a bar of
/// the union and 4 bytes a bar of each asset, and nothing where the selection has one asset.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) calendar: Calendar,
    pub(super) stretches: Stretches,
    pub(super) assets: Vec<Rows>,
    pub(super) fields: Vec<Field>,
}

impl Layout {
    /// Aligns the assets: one keeps its own bars, several share the union of theirs.
    pub(super) fn new(timelines: Vec<Arc<Timeline>>, fields: Vec<Field>) -> Result<Self, Error> {
        let calendars: Vec<Calendar> = timelines.iter().map(|timeline| timeline.calendar().clone()).collect();
        let calendar = Calendar::union(&calendars);
        let stretches = Stretches::new(&calendar, timelines.iter().map(Arc::as_ref))?;
        let assets = timelines
            .into_iter()
            .map(|timeline| Rows { rows: rows_in(&calendar, timeline.calendar()), timeline })
            .collect();
        Ok(Self { calendar, stretches, assets, fields })
    }

    pub(super) fn columns(&self) -> usize {
        self.assets.len() * self.fields.len()
    }
}

/// The row of each bar of `own` in `calendar`, which holds them all; `None` where the two are the same.
fn rows_in(calendar: &Calendar, own: &Calendar) -> Option<Box<[u32]>> {
    if calendar.len() == own.len() {
        return None;
    }
    let mut own = own.as_slice().iter().peekable();
    let rows = (0u32..).zip(calendar.as_slice());
    Some(rows.filter_map(|(row, moment)| own.next_if_eq(&moment).map(|_| row)).collect())
}
