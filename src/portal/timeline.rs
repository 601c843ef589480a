//! One asset of one bundle version in time: its bars, its events, and what they do to earlier bars.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::adjust::Adjust;
use super::stretch::{Span, Stretches};
use crate::asset::{AssetId, Field};
use crate::bundle::{Adjustment, AdjustmentKind, Bundle, Session, Stamp};
use crate::error::Error;
use crate::rule::Stretch;
use crate::time::{Calendar, DAY_NS, Timestamp, local_days};

/// The bars of one asset, the events that adjust them, and the stretches between those.
#[derive(Debug)]
pub struct Timeline {
    asset: AssetId,
    /// The registry's id of the asset, which is the same in every version.
    subject: u32,
    calendar: Calendar,
    /// Ascending by ex-date; of one day, what is paid per old share comes before the split, as in the bundle.
    events: Vec<Event>,
    stretches: Stretches,
    /// The local date of each bar, made where a rule asks for it.
    days: OnceLock<Arc<[i64]>>,
    session: Session,
    is_dated: bool,
}

/// A split or dividend and the bar that it happened at.
#[derive(Clone, Copy, Debug)]
struct Event {
    /// The first moment as of which it applies.
    from: Timestamp,
    /// The asset's first bar on or after the ex-date: bars before it change.
    bar: usize,
    kind: AdjustmentKind,
    /// The close of the bar before.
    close: f64,
}

impl Event {
    /// What it does to a price before it, where the close before has become `level` by what happened between the same bars.
    fn scale(&self, level: f64) -> Scale {
        match self.kind {
            AdjustmentKind::Split(ratio) => Scale { divisor: ratio, ..Scale::ONE },
            AdjustmentKind::Factor(factor) => Scale { multiplier: factor, ..Scale::ONE },
            AdjustmentKind::Dividend(cash) => Scale { multiplier: 1.0 - cash / level, ..Scale::ONE },
        }
    }
}

/// What events do to a price: times `multiplier`, divided by `divisor`.
///
/// Two numbers, so that a split of 3 divides by 3 and is rounded once; volume needs the divisor alone.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Scale {
    multiplier: f64,
    divisor: f64,
}

impl Scale {
    const ONE: Self = Self { multiplier: 1.0, divisor: 1.0 };

    fn and(self, earlier: Self) -> Self {
        Self { multiplier: self.multiplier * earlier.multiplier, divisor: self.divisor * earlier.divisor }
    }

    fn apply(self, field: Field, values: &mut [f64]) {
        if self == Self::ONE {
            return;
        }
        if field == Field::Volume {
            values.iter_mut().for_each(|value| *value *= self.divisor);
        } else {
            values.iter_mut().for_each(|value| *value = *value * self.multiplier / self.divisor);
        }
    }
}

impl Timeline {
    /// Resolves an asset's events against its own bars; reads closes only where there are dividends.
    pub(super) fn new(bundle: &Bundle, asset: AssetId, subject: u32) -> Result<Self, Error> {
        let calendar = bundle.calendar(asset)?;
        let events = events(bundle, asset, &calendar)?;
        let stretches = Stretches::new(&calendar, |adjust| {
            events.iter().filter(move |event| applies(adjust, event.kind)).map(|event| event.from)
        })?;
        let (session, is_dated) = (bundle.session().clone(), bundle.frequency().step_ns() >= DAY_NS);
        Ok(Self { asset, subject, calendar, events, stretches, days: OnceLock::new(), session, is_dated })
    }

    pub(super) fn asset(&self) -> AssetId {
        self.asset
    }

    pub(super) fn subject(&self) -> u32 {
        self.subject
    }

    pub(super) fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The local date of each bar, in days since 1970-01-01: a daily bar has its date, another that of its session's zone.
    pub(super) fn days(&self) -> &Arc<[i64]> {
        self.days.get_or_init(|| {
            let zone = if self.is_dated { "UTC" } else { self.session.time_zone.as_str() };
            // What is stamped at its end belongs to the day before where that is midnight.
            let back = i64::from(!self.is_dated && self.session.stamp == Stamp::End);
            local_days(self.calendar.as_slice().iter().map(|moment| moment - back), zone).into()
        })
    }

    /// The stretch that holds one of the asset's bars.
    pub(super) fn stretch(&self, bar: usize, adjust: Adjust) -> Result<Span, Error> {
        match u32::try_from(bar) {
            Ok(narrow) if bar < self.calendar.len() => Ok(self.stretches.stretch(narrow, adjust)),
            _ => Err(past_the_last(bar, self.calendar.as_slice())),
        }
    }

    /// The moments from which on the events apply that a mode knows and that change any bar.
    pub(super) fn changes(&self, adjust: Adjust) -> impl Iterator<Item = Timestamp> {
        self.events.iter().filter(move |event| applies(adjust, event.kind)).map(|event| event.from)
    }

    /// The events of a mode that a moment knows of: those with an ex-date on or before it, and known by then.
    ///
    /// Events that fall between the same two bars compound as if there had been a bar between them: two dividends of one
    /// day take 1 - (a + b) / close.
    pub(super) fn known(&self, moment: Timestamp, adjust: Adjust) -> Known {
        let mut steps: Vec<Step> = Vec::new();
        let (mut bar, mut level) = (usize::MAX, f64::NAN);
        for event in self.events.iter().filter(|event| event.from <= moment) {
            if event.bar != bar {
                (bar, level) = (event.bar, event.close);
            }
            let scale = event.scale(level);
            level = level * scale.multiplier / scale.divisor;
            if applies(adjust, event.kind) {
                steps.push(Step { bar, scale });
            }
        }
        Known(steps)
    }

    /// The events that are known at every bar of a stretch.
    pub(super) fn known_in(&self, stretch: Span, adjust: Adjust) -> Known {
        let first = self.calendar.timestamp(stretch.first as usize);
        first.map_or(Known(Vec::new()), |moment| self.known(moment, adjust))
    }
}

/// Whether a mode applies events of a kind.
fn applies(adjust: Adjust, kind: AdjustmentKind) -> bool {
    match adjust {
        Adjust::Raw => false,
        Adjust::Splits => kind.is_split(),
        Adjust::Total => true,
    }
}

/// What an event does to the bars before one.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Step {
    bar: usize,
    scale: Scale,
}

/// What the events of an asset that apply as of some moment do, ascending by ex-date.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Known(Vec<Step>);

impl Known {
    /// Adjusts raw values of the bars from `first` on.
    pub(super) fn adjust(&self, field: Field, first: usize, values: &mut [f64]) {
        for (bars, scale) in self.scales(first..first + values.len()) {
            scale.apply(field, &mut values[bars.start - first..bars.end - first]);
        }
    }

    /// For each of the bars 0 to `end`, what takes its price as of these events back to its own time.
    pub(super) fn level(&self, end: usize) -> Vec<f64> {
        let mut levels = vec![1.0; end];
        for (bars, scale) in self.scales(0..end) {
            levels[bars].fill(scale.divisor / scale.multiplier);
        }
        levels
    }

    /// The stretches between these events over the bars 0 to `end`, ascending, each with what takes a price and a volume as
    /// of the last to its own level.
    pub(super) fn stretches(&self, end: usize) -> Vec<Stretch> {
        let runs = self.scales(0..end).filter(|(bars, _)| !bars.is_empty());
        let mut stretches: Vec<Stretch> = runs
            .map(|(bars, scale)| Stretch {
                first: bars.start,
                price: scale.divisor / scale.multiplier,
                volume: 1.0 / scale.divisor,
            })
            .collect();
        stretches.reverse();
        stretches
    }

    /// Runs of bars with one scale each, latest first.
    ///
    /// The product always runs from the latest known event backwards, so a bar's scale as of some events is
    /// the same bits whatever block asks for it.
    fn scales(&self, bars: Range<usize>) -> impl Iterator<Item = (Range<usize>, Scale)> {
        let mut end = bars.end;
        let mut scale = Scale::ONE;
        let steps = self.0.iter().rev().map(|step| (step.bar, step.scale));
        steps.chain([(bars.start, Scale::ONE)]).map(move |(bar, earlier)| {
            let start = bar.clamp(bars.start, end);
            let run = (start..end, scale);
            end = start;
            scale = scale.and(earlier);
            run
        })
    }
}

/// Turns an asset's adjustments into events; those without a bar before them change nothing and are left out.
///
/// Each has the close before it beside it; bars are read only where a bundle was written before that was so.
fn events(bundle: &Bundle, asset: AssetId, calendar: &Calendar) -> Result<Vec<Event>, Error> {
    let adjustments = bundle.adjustments(asset);
    let mut closes = Vec::new();
    let lacks = |one: &Adjustment| matches!(one.kind, AdjustmentKind::Dividend(_)) && one.close.is_none();
    if adjustments.iter().any(lacks) {
        bundle.read(asset, Field::Close, 0..calendar.len(), &mut closes)?;
    }
    let mut events: Vec<Event> = Vec::with_capacity(adjustments.len());
    let mut level = f64::NAN;
    for adjustment in adjustments {
        let bar = calendar.as_slice().partition_point(|&ns| ns < adjustment.ex_date.0);
        let Some(before) = bar.checked_sub(1) else { continue };
        let close = adjustment.close.or(closes.get(before).copied()).unwrap_or(f64::NAN);
        if events.last().is_none_or(|last| last.bar != bar) {
            level = close;
        }
        if let AdjustmentKind::Dividend(cash) = adjustment.kind
            && (level.is_nan() || cash >= level)
        {
            let subject = format!("{}: dividend of {}", bundle.symbols()[asset.index()], adjustment.ex_date);
            let message = format!("{cash} a share, expected less than the close before it, {level}");
            return Err(Error::invalid(subject, message));
        }
        let event = Event { from: adjustment.applies_from(), bar, kind: adjustment.kind, close };
        let scale = event.scale(level);
        level = level * scale.multiplier / scale.divisor;
        events.push(event);
    }
    Ok(events)
}

#[cold]
pub(super) fn past_the_last(bar: usize, moments: &[i64]) -> Error {
    Error::invalid(format!("bar {bar}"), format!("the series has {} bars, counted from 0", moments.len()))
}
