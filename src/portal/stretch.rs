//! The bars between two events, and the spans that blocks serve.

#![forbid(unsafe_code)]

use super::request::Adjust;
use crate::error::Error;
use crate::time::{Calendar, Timestamp};

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
    pub(super) fn new(
        calendar: &Calendar,
        ex_dates: impl IntoIterator<Item = Timestamp>,
    ) -> Result<Self, Error> {
        let bars = u32::try_from(calendar.len()).map_err(|_| {
            Error::invalid("calendar", format!("{} bars, expected at most {}", calendar.len(), u32::MAX))
        })?;
        let mut firsts = vec![0];
        for ex_date in ex_dates {
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
