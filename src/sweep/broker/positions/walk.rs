//! The walk: from event to event, where an event is a signal that changes what is held, or a touch of a stop or a target.

#![forbid(unsafe_code)]

use super::counts::Counts;
use super::exits::{Exits, Level};
use super::range::Touch;
use super::signals::{Side, Sides, Signals};
use super::size::Size;
use super::tape::{Filled, PricedAt, Tape};
use crate::sweep::broker::{Ledger, Reason};

/// What is held, and where it ends by itself.
#[derive(Clone, Copy, Debug)]
struct Held {
    side: Side,
    /// The first bar in which stops are looked for, and at whose close signals count: the one after the entry's signal,
    /// since an order that waits for the open is filled before anything else happens there.
    since: usize,
    /// The market's price at the entry.
    entry: f64,
    stop: Option<f64>,
    target: Option<f64>,
}

/// What a close decides about a position.
#[derive(Clone, Copy, Debug)]
enum Decision {
    Leave(Reason),
    Flip(Side),
}

/// A touch of a stop or a target, and what it is filled at.
#[derive(Clone, Copy, Debug)]
struct Hit {
    bar: usize,
    price: f64,
    at: PricedAt,
    reason: Reason,
}

/// One trial's way over the bars of a run.
pub(super) struct Walk<'a, 'l, F> {
    sides: Sides<'a>,
    exits: &'a Exits<'a>,
    size: Size,
    tape: &'a Tape<'a>,
    ledger: &'a mut Ledger<'l>,
    on_fill: F,
    counts: Counts,
}

impl<'a, 'l, F: FnMut(&Filled)> Walk<'a, 'l, F> {
    pub(super) fn new(
        signals: &'a Signals<'a>,
        exits: &'a Exits<'a>,
        size: Size,
        tape: &'a Tape<'a>,
        ledger: &'a mut Ledger<'l>,
        on_fill: F,
    ) -> Self {
        let both_entries = signals.both_entries(tape.first, tape.bars());
        let counts = Counts { both_entries, ..Counts::default() };
        Self { sides: Sides::new(signals), exits, size, tape, ledger, on_fill, counts }
    }

    pub(super) fn run(mut self) -> Counts {
        // While flat, entries are looked for from this close on.
        let (mut held, mut close): (Option<Held>, usize) = (None, 0);
        while !self.ledger.is_closed() {
            let Some(position) = held else {
                let Some((bar, side)) = self.entry(close) else { break };
                held = self.enter(bar, side);
                close = bar + 1;
                continue;
            };
            let decision = self.decision(&position);
            let end = decision.map_or(self.tape.bars(), |(bar, _)| bar + 1);
            if let Some(hit) = self.hit(&position, end) {
                self.fill(hit.bar, hit.price, hit.at, 0.0, hit.reason);
                held = None;
                close = hit.bar + self.exits.cooldown;
                continue;
            }
            let Some((bar, decision)) = decision else { break };
            close = bar + 1;
            held = match decision {
                Decision::Flip(side) => self.enter(bar, side),
                Decision::Leave(reason) => {
                    let Some((filled, price, at)) = self.tape.fill(bar) else { break };
                    self.fill(filled, price, at, 0.0, reason);
                    if reason == Reason::MaxBars {
                        close = close.max(filled + self.exits.cooldown);
                    }
                    None
                }
            };
        }
        self.counts
    }

    /// The next close, from one on, at which a flat account enters.
    fn entry(&self, from: usize) -> Option<(usize, Side)> {
        let (sides, mut from) = (&self.sides, from);
        loop {
            let bar =
                self.tape.next(from, |at| sides.enters(Side::Long, at) | sides.enters(Side::Short, at))?;
            if self.exits.is_defined(self.tape.first + bar) {
                let is_long = self.tape.is_set(bar, |at| sides.enters(Side::Long, at));
                return Some((bar, if is_long { Side::Long } else { Side::Short }));
            }
            from = bar + 1;
        }
    }

    /// The first close that ends a position, unless a stop or a target does before.
    fn decision(&self, held: &Held) -> Option<(usize, Decision)> {
        let (sides, tape) = (&self.sides, self.tape);
        let (side, other) = (held.side, held.side.other());
        let bars = tape.bars();
        let deadline = self.exits.max_bars.map_or(bars, |most| held.since.saturating_add(most) - 1);
        let mut from = held.since;
        while let Some(bar) = tape.next(from, |at| sides.leaves(side, at)).filter(|bar| *bar <= deadline) {
            if tape.is_set(bar, |at| sides.enters(other, at)) && self.exits.is_defined(tape.first + bar) {
                return Some((bar, Decision::Flip(other)));
            }
            // What is left beside an exit is an entry of the other side: void where its own exit is true too, and none
            // where its stop is not defined.
            if tape.is_set(bar, |at| sides.exit(side, at) | sides.exit(other, at)) {
                return Some((bar, Decision::Leave(Reason::Signal)));
            }
            from = bar + 1;
        }
        (deadline < bars).then_some((deadline, Decision::Leave(Reason::MaxBars)))
    }

    /// Orders a position; where it cannot be paid, what was held before is left all the same.
    fn enter(&mut self, decided: usize, side: Side) -> Option<Held> {
        let (bar, price, at) = self.tape.fill(decided)?;
        let signal = self.tape.first + decided;
        let distance = |level: Option<Level<'_>>| level.map(|level| level.distance(price, signal));
        let (stop, trail) = (distance(self.exits.stop_loss), distance(self.exits.trailing_stop));
        let (share, is_capped) = self.size.weight(price, nearest(stop, trail));
        if self.fill(bar, price, at, side.sign() * share, Reason::Signal) {
            self.counts.capped += u32::from(is_capped);
        } else {
            self.fill(bar, price, at, 0.0, Reason::Signal);
        }
        let sign = side.sign();
        (self.ledger.shares() * sign > 0.0).then(|| Held {
            side,
            since: decided + 1,
            entry: price,
            stop: stop.map(|stop| price - sign * stop),
            target: distance(self.exits.take_profit).map(|target| price + sign * target),
        })
    }

    fn fill(&mut self, bar: usize, price: f64, at: PricedAt, weight: f64, reason: Reason) -> bool {
        let execution = match reason {
            Reason::TakeProfit => self.ledger.fill_limit(bar, price, weight),
            _ => self.ledger.fill_at(bar, price, weight),
        };
        let Some(execution) = execution else { return false };
        (self.on_fill)(&Filled { bar, price, at, weight, execution, reason });
        true
    }

    /// The first touch of a stop or a target from the bars of a position up to `end`.
    fn hit(&self, held: &Held, end: usize) -> Option<Hit> {
        let range = self.tape.range?;
        let is_long = held.side == Side::Long;
        let first = |end: usize, price: f64, above: bool| {
            if above {
                range.first_high(held.since, end, price)
            } else {
                range.first_low(held.since, end, price)
            }
        };
        let stop = held.stop.and_then(|level| Some(Touch { bar: first(end, level, !is_long)?, level }));
        let trail = self.trail(held, stop.map_or(end, |stop| stop.bar + 1));
        let touch = match (stop, trail) {
            (Some(stop), Some(trail)) if stop.bar == trail.bar => {
                // The nearer one is met first on the way from the open.
                let trail_is_nearer =
                    if is_long { trail.level > stop.level } else { trail.level < stop.level };
                Some(if trail_is_nearer { (trail, Reason::TrailingStop) } else { (stop, Reason::StopLoss) })
            }
            (_, Some(trail)) => Some((trail, Reason::TrailingStop)),
            (stop, None) => stop.map(|stop| (stop, Reason::StopLoss)),
        };
        // Within one bar the stop comes first, so a target counts only before its bar.
        let before = touch.map_or(end, |(touch, _)| touch.bar);
        let target = held.target.and_then(|level| Some(Touch { bar: first(before, level, is_long)?, level }));
        let (touch, reason) = target.map(|target| (target, Reason::TakeProfit)).or(touch)?;
        let open = self.tape.path.open[touch.bar];
        let is_target = reason == Reason::TakeProfit;
        let is_beyond = if is_long == is_target { open >= touch.level } else { open <= touch.level };
        let (price, at) = if is_beyond { (open, PricedAt::Open) } else { (touch.level, PricedAt::Level) };
        Some(Hit { bar: touch.bar, price, at, reason })
    }

    /// The first touch of the trailing stop.
    fn trail(&self, held: &Held, end: usize) -> Option<Touch> {
        let (range, since) = (self.tape.range?, held.since);
        let is_long = held.side == Side::Long;
        let Level::Column(column) = self.exits.trailing_stop? else {
            let distance = self.exits.trailing_stop?.distance(held.entry, 0);
            return if is_long {
                range.first_fall(since, end, held.entry, distance)
            } else {
                range.first_rise(since, end, held.entry, distance)
            };
        };
        // Each close sets another distance for the bar after it, so no block could tell.
        let own = column.get(self.tape.first + since - 1..)?;
        let (mut best, mut distance) = (held.entry, f64::NAN);
        for (bar, read) in (since..end).zip(own) {
            distance = if Level::is_distance(*read) { *read } else { distance };
            let (high, low) = (range.high(bar), range.low(bar));
            let level = if is_long { best - distance } else { best + distance };
            if if is_long { low <= level } else { high >= level } {
                return Some(Touch { bar, level });
            }
            best = if is_long { best.max(high) } else { best.min(low) };
        }
        None
    }
}

/// The distance of the stop that is met first.
fn nearest(stop: Option<f64>, trail: Option<f64>) -> Option<f64> {
    match (stop, trail) {
        (Some(stop), Some(trail)) => Some(stop.min(trail)),
        (stop, trail) => stop.or(trail),
    }
}
