//! Where the bars of a selection lie in one bundle version: its calendar, its stretches, its assets' rows.

#![forbid(unsafe_code)]

use std::sync::{Arc, OnceLock};

use super::bar_index::BarIndex;
use super::stretch::Stretches;
use super::timeline::Timeline;
use crate::asset::Field;
use crate::bundle::{Bundle, Stamp, span_of};
use crate::error::Error;
use crate::time::{Calendar, Lag, Sessions, Timestamp, When};

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
    /// From the moment of a bar to the one at which it is known.
    pub(super) lag: Lag,
    /// What dates stand for.
    sessions: Option<Sessions>,
    stamp: Stamp,
    /// The bars by time, made where one is asked for out of order.
    index: OnceLock<BarIndex>,
}

impl Layout {
    /// Aligns the assets: one keeps its own bars, several share the union of theirs.
    pub(super) fn new(
        bundle: &Bundle,
        timelines: Vec<Arc<Timeline>>,
        fields: Vec<Field>,
    ) -> Result<Self, Error> {
        let calendars: Vec<Calendar> = timelines.iter().map(|timeline| timeline.calendar().clone()).collect();
        let calendar = Calendar::union(&calendars);
        let stretches = Stretches::new(&calendar, |adjust| {
            timelines.iter().flat_map(move |timeline| timeline.changes(adjust))
        })?;
        let assets = timelines
            .into_iter()
            .map(|timeline| Rows { rows: rows_in(&calendar, timeline.calendar()), timeline })
            .collect();
        let (lag, sessions, stamp) = (bundle.lag(), bundle.sessions(), bundle.session().stamp);
        Ok(Self { calendar, stretches, assets, fields, lag, sessions, stamp, index: OnceLock::new() })
    }

    /// The first and the last moment that a day or a moment stands for.
    #[inline]
    pub(super) fn span_of(&self, when: When) -> (Timestamp, Timestamp) {
        match when {
            When::Moment(moment) => (moment, moment),
            When::Date(_) => span_of(self.sessions.as_ref(), self.stamp, when),
        }
    }

    /// The last bar at or before a moment.
    pub(super) fn bar_at(&self, ns: i64) -> Option<usize> {
        let moments = self.calendar.as_slice();
        self.index.get_or_init(|| BarIndex::new(moments)).count_until(moments, ns).checked_sub(1)
    }

    /// The first row after an asset was delisted; past them all where it was not.
    pub(super) fn end_of(&self, bundle: &Bundle, timeline: &Timeline) -> usize {
        let ended = bundle.ended(timeline.asset());
        ended.map_or(usize::MAX, |end| self.calendar.bar_at(end).map_or(0, |bar| bar + 1))
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
