//! The bars between two events, and the spans that blocks serve.

#![forbid(unsafe_code)]

use super::adjust::{Adjust, EachAdjust};
use crate::error::Error;
use crate::time::{Calendar, Timestamp};

/// Rows of the longest span: longer stretches are cut here, so that the byte budget works at a fine grain.
pub(super) const SPAN_ROWS: u32 = 65_536;

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

/// The bars between two events of a mode: within them, the same events are known.
#[derive(Debug)]
pub(super) struct Stretches {
    /// The first bar of each stretch, ascending, from 0; raw prices know one stretch.
    firsts: EachAdjust<Vec<u32>>,
    bars: u32,
}

impl Stretches {
    /// Cuts a calendar, for each mode, at the first bar on or after each of its ex-dates.
    pub(super) fn new<I: IntoIterator<Item = Timestamp>>(
        calendar: &Calendar,
        ex_dates: impl Fn(Adjust) -> I,
    ) -> Result<Self, Error> {
        let bars = u32::try_from(calendar.len()).map_err(|_| {
            Error::invalid("calendar", format!("{} bars, expected at most {}", calendar.len(), u32::MAX))
        })?;
        let firsts = EachAdjust::new(|adjust| {
            let first = |ex_date| calendar.bar_from(ex_date).and_then(|bar| u32::try_from(bar).ok());
            let mut firsts = vec![0];
            firsts.extend(ex_dates(adjust).into_iter().filter_map(first));
            firsts.sort_unstable();
            firsts.dedup();
            firsts
        });
        Ok(Self { firsts, bars })
    }

    /// The stretch that holds a bar of the calendar.
    pub(super) fn stretch(&self, bar: u32, adjust: Adjust) -> Span {
        let firsts = self.firsts.of(adjust);
        let next = firsts.partition_point(|&first| first <= bar);
        let end = firsts.get(next).copied().unwrap_or(self.bars);
        Span { first: firsts[next - 1], end }
    }

    /// The span that holds a bar of the calendar.
    pub(super) fn span(&self, bar: u32, adjust: Adjust) -> Span {
        let stretch = self.stretch(bar, adjust);
        let first = bar - (bar - stretch.first) % SPAN_ROWS;
        Span { first, end: first.saturating_add(SPAN_ROWS).min(stretch.end) }
    }
}
