//! Coarse bars over a calendar: which of its bars each holds, and from when on it is closed.

#![forbid(unsafe_code)]

use std::ops::Range;

use crate::bundle::{Bundle, Stamp};
use crate::error::Error;
use crate::time::{Calendar, DAY_NS, Frequency, Lag, SessionSpan, Sessions, monday, month};

/// The coarse bars of one frequency over one calendar; a stretch of time without a bar makes none.
///
/// Not part of the byte budget: 20 bytes a coarse bar, once for each asset (or list of assets) and frequency asked for.
#[derive(Debug)]
pub(super) struct Buckets {
    /// What each coarse bar is called by: a day, a week or a month by its first date; a part of a session by its first or
    /// last moment, as the bundle's own bars are stamped.
    calendar: Calendar,
    /// The first bar of each.
    firsts: Box<[u32]>,
    /// When each is over: a bar that is known later belongs to a later one.
    over: Box<[i64]>,
    bars: usize,
}

/// A coarse bar's place in time.
#[derive(Clone, Copy)]
struct Bucket {
    label: i64,
    end: i64,
}

/// What places moments in coarse bars.
struct Ruler {
    /// None where bars are dated, and have no time of day.
    sessions: Option<Sessions>,
    frequency: Frequency,
    stamp: Stamp,
    /// The session of the last moment.
    session: SessionSpan,
}

impl Ruler {
    fn bucket(&mut self, moment: i64) -> Bucket {
        let Some(sessions) = &self.sessions else {
            let (first, next) = self.days(moment.div_euclid(DAY_NS));
            return Bucket { label: first.saturating_mul(DAY_NS), end: next.saturating_mul(DAY_NS) };
        };
        if !(self.session.begin..self.session.end).contains(&moment) {
            self.session = sessions.of(moment);
        }
        let session = self.session;
        if self.frequency.is_intraday() {
            let step = self.frequency.step_ns();
            let begin = moment - (moment - session.begin) % step;
            let end = (begin + step).min(session.end);
            return Bucket { label: if self.stamp == Stamp::Start { begin } else { end }, end };
        }
        let (first, next) = self.days(session.date);
        Bucket { label: first.saturating_mul(DAY_NS), end: sessions.begin(next) }
    }

    /// The first date of a date's coarse bar, and that of the next.
    fn days(&self, date: i64) -> (i64, i64) {
        match self.frequency {
            Frequency::Month => month(date),
            Frequency::Week => (monday(date), monday(date) + 7),
            _ => (date, date + 1),
        }
    }
}

impl Buckets {
    /// Cuts a calendar of a bundle's bars into bars of a frequency that can be made of them.
    pub(super) fn new(bundle: &Bundle, calendar: &Calendar, frequency: Frequency) -> Result<Self, Error> {
        let (base, session) = (bundle.frequency(), bundle.session());
        let is_dated = !base.is_intraday();
        let sessions = match is_dated {
            true => None,
            false => Some(Sessions::new(&session.time_zone, &session.start)?),
        };
        let none = SessionSpan { date: 0, begin: 0, end: 0 };
        let mut ruler = Ruler { sessions, frequency, stamp: session.stamp, session: none };
        // What is stamped with its end lies before it.
        let back = i64::from(!is_dated && session.stamp == Stamp::End);
        let lag = bundle.lag();
        let (mut labels, mut firsts, mut over) = (Vec::new(), Vec::new(), Vec::new());
        let mut end = i64::MIN;
        for (row, moment) in (0_u32..).zip(calendar.as_slice()) {
            let moment = moment - back;
            if moment < end {
                continue;
            }
            let bucket = ruler.bucket(moment);
            end = bucket.end;
            labels.push(bucket.label);
            firsts.push(row);
            // Bars come in whole steps from the first on: the last that may still come is the last before the end.
            let last = end - 1 - (end - 1 - moment).rem_euclid(base.step_ns());
            over.push(lag.known_at(last).saturating_add(back));
        }
        Ok(Self {
            calendar: Calendar::new(labels)?,
            firsts: firsts.into(),
            over: over.into(),
            bars: calendar.len(),
        })
    }

    pub(super) fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    pub(super) fn len(&self) -> usize {
        self.firsts.len()
    }

    /// The coarse bar that holds a bar.
    pub(super) fn of(&self, bar: usize) -> usize {
        self.firsts.partition_point(|&first| first as usize <= bar) - 1
    }

    /// The bars of a coarse bar.
    #[inline]
    pub(super) fn bars(&self, bucket: usize) -> Range<usize> {
        let end = self.firsts.get(bucket + 1).map_or(self.bars, |&next| next as usize);
        self.firsts[bucket] as usize..end
    }

    /// When a coarse bar is over.
    pub(super) fn over(&self, bucket: usize) -> i64 {
        self.over[bucket]
    }

    /// Whether a coarse bar is closed at a moment at which `bar`, one of its own, is the last that is known.
    ///
    /// Time decides, never what comes after: at Friday's close a week is not closed, since no calendar of holidays says
    /// that nothing is traded on Saturday.
    #[inline]
    pub(super) fn is_closed(&self, bucket: usize, bar: usize, moment: i64) -> bool {
        self.over[bucket] <= moment && self.bars(bucket).end == bar + 1
    }
    /// At each of some bars from the first on, the value of the last coarse bar that was closed when it was known.
    pub(super) fn held(&self, coarse: &[f64], moments: &[i64], lag: Lag) -> Vec<f64> {
        let mut column = Vec::with_capacity(moments.len());
        let mut bucket = 0;
        for (bar, moment) in moments.iter().enumerate() {
            bucket += usize::from(bar == self.bars(bucket).end);
            let is_closed = self.is_closed(bucket, bar, lag.known_at(*moment));
            let last = if is_closed { Some(bucket) } else { bucket.checked_sub(1) };
            column.push(last.map_or(f64::NAN, |last| coarse[last]));
        }
        column
    }
}
