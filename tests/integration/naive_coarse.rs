//! The plain model that windows at coarser frequencies are compared with: every bar is placed by the clock of its zone.

use fastrand::Rng;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};
use lookback::bundle::{Adjustment, AdjustmentKind, Series, Session, Stamp};
use lookback::{Adjust, Bundle, Calendar, Field, Frequency, Timestamp};
use rust_decimal::Decimal;

pub const MINUTE: i64 = 60_000_000_000;

/// One asset: what moment each bar is stamped with, and its prices in cents.
#[derive(Clone, Debug)]
pub struct Asset {
    pub name: &'static str,
    pub moments: Vec<i64>,
    pub bars: Vec<[i64; 5]>,
    pub events: Vec<Adjustment>,
}

#[derive(Clone, Debug)]
pub struct Market {
    pub base: Frequency,
    pub session: Session,
    pub assets: Vec<Asset>,
}

/// What a coarse bar is told apart by.
type Name = (i128, i128);

impl Market {
    pub fn bundle(&self) -> Bundle {
        let series = self.assets.iter().map(|asset| Series {
            symbol: asset.name.into(),
            calendar: Calendar::new(asset.moments.clone()).unwrap(),
            values: std::array::from_fn(|at| {
                asset.bars.iter().map(|bar| Decimal::new(bar[at], if at == 4 { 0 } else { 2 })).collect()
            }),
            adjustments: asset.events.clone(),
        });
        Bundle::from_series_in("made", self.base, self.session.clone(), series.collect()).unwrap()
    }

    fn is_dated(&self) -> bool {
        self.base == Frequency::Day
    }

    fn step(&self) -> i64 {
        self.base.step_ns()
    }

    /// When a bar is known in full.
    pub fn known_at(&self, moment: i64) -> i64 {
        let is_known = self.is_dated() || self.session.stamp == Stamp::End;
        if is_known { moment } else { moment + self.step() - 1 }
    }

    /// The coarse bar that a bar belongs to.
    fn name(&self, moment: i64, frequency: Frequency) -> Name {
        let back = i64::from(!self.is_dated() && self.session.stamp == Stamp::End);
        let moment = jiff::Timestamp::from_nanosecond(i128::from(moment - back)).unwrap();
        let zone = if self.is_dated() { "UTC" } else { &self.session.time_zone };
        let zone = TimeZone::get(zone).unwrap();
        let start: Time =
            if self.is_dated() { Time::midnight() } else { self.session.start.parse().unwrap() };
        // The latest session that had begun.
        let mut date = moment.to_zoned(zone.clone()).date().tomorrow().unwrap();
        let begin = |date: Date| -> Zoned { date.to_datetime(start).to_zoned(zone.clone()).unwrap() };
        while begin(date).timestamp() > moment {
            date = date.yesterday().unwrap();
        }
        let since = moment.as_nanosecond() - begin(date).timestamp().as_nanosecond();
        let called = if start.hour() >= 12 { date.tomorrow().unwrap() } else { date };
        let session = begin(date).timestamp().as_nanosecond();
        match frequency {
            Frequency::Day => (session, 0),
            Frequency::Week => {
                let week = called.iso_week_date();
                (i128::from(week.year()), i128::from(week.week()))
            }
            Frequency::Month => (i128::from(called.year()), i128::from(called.month())),
            _ => (session, since / i128::from(frequency.step_ns())),
        }
    }

    /// Whether no bar that is still to be known at a moment can belong to the coarse bar of `bar`.
    fn is_over(&self, first: i64, frequency: Frequency, clock: i64) -> bool {
        let mut next = first;
        while self.known_at(next) <= clock {
            next += self.step();
        }
        self.name(next, frequency) != self.name(first, frequency)
    }

    /// The moments at which some assets have bars, up to one that is known at a moment.
    pub fn union(&self, names: &[&str], clock: i64) -> Vec<i64> {
        let assets = self.assets.iter().filter(|asset| names.contains(&asset.name));
        let mut union: Vec<i64> = assets.flat_map(|asset| asset.moments.iter().copied()).collect();
        union.retain(|moment| self.known_at(*moment) <= clock);
        union.sort_unstable();
        union.dedup();
        union
    }

    /// All coarse bars as of a clock, column after column, and whether the last is still open.
    pub fn coarse(
        &self,
        (names, fields): (&[&str], &[Field]),
        (frequency, adjust): (Frequency, Adjust),
        clock: i64,
    ) -> (Vec<Vec<f64>>, bool) {
        let union = self.union(names, clock);
        let groups: Vec<&[i64]> =
            union.chunk_by(|a, b| self.name(*a, frequency) == self.name(*b, frequency)).collect();
        let is_open = groups.last().is_some_and(|last| !self.is_over(last[0], frequency, clock));
        let mut columns = Vec::new();
        for name in names {
            let asset = self.assets.iter().find(|asset| asset.name == *name).unwrap();
            for field in fields {
                let values = asset.restated(*field, *union.last().unwrap(), adjust);
                let mut last = f64::NAN;
                let column = groups.iter().map(|group| {
                    let held = group.iter().filter_map(|moment| asset.moments.binary_search(moment).ok());
                    let held: Vec<f64> = held.map(|bar| values[bar]).collect();
                    match field {
                        Field::Open => held.first().copied().unwrap_or(f64::NAN),
                        Field::High => held.iter().copied().fold(f64::NAN, f64::max),
                        Field::Low => held.iter().copied().fold(f64::NAN, f64::min),
                        Field::Close => held.last().copied().unwrap_or(f64::NAN),
                        Field::Volume => held.iter().sum(),
                        Field::Price => {
                            last = held.last().copied().unwrap_or(last);
                            last
                        }
                    }
                });
                columns.push(column.collect());
            }
        }
        (columns, is_open)
    }
}

impl Asset {
    /// The bars as a vendor restates them: each event known at a bar rewrites those before it, one after the other.
    fn restated(&self, field: Field, as_of: i64, adjust: Adjust) -> Vec<f64> {
        let raw = |at: usize| self.bars.iter().map(|bar| bar[at] as f64).collect::<Vec<_>>();
        let at = [Field::Open, Field::High, Field::Low, Field::Close, Field::Volume]
            .iter()
            .position(|stored| *stored == field)
            .unwrap_or(3);
        let (mut closes, mut values) = (raw(3), raw(at));
        for prices in [&mut closes, &mut values] {
            prices.iter_mut().for_each(|value| *value /= 100.0);
        }
        if field == Field::Volume {
            values.iter_mut().for_each(|value| *value *= 100.0);
        }
        let mut events: Vec<Adjustment> =
            self.events.iter().filter(|event| event.ex_date.0 <= as_of).copied().collect();
        events.sort_by_key(|event| (event.ex_date.0, event.kind.is_split()));
        for event in events {
            let before = self.moments.iter().filter(|moment| **moment < event.ex_date.0).count();
            if before == 0 || adjust == Adjust::Raw || (adjust == Adjust::Splits && !event.kind.is_split()) {
                continue;
            }
            let (price, volume) = match event.kind {
                AdjustmentKind::Split(ratio) => (1.0 / ratio, ratio),
                AdjustmentKind::Dividend(cash) => (1.0 - cash / closes[before - 1], 1.0),
                AdjustmentKind::Factor(factor) => (factor, 1.0),
            };
            closes[..before].iter_mut().for_each(|close| *close *= price);
            let factor = if field == Field::Volume { volume } else { price };
            values[..before].iter_mut().for_each(|value| *value *= factor);
        }
        values
    }
}

/// How a random market lies in time.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub zone: &'static str,
    pub start: &'static str,
    /// Minutes of a full session.
    pub minutes: i64,
    /// Whether there are sessions on Saturdays and Sundays.
    pub weekends: bool,
}

/// Stocks; futures over midnight, from Sunday evening on; coins, which never close; and a zone that lets the day begin at
/// midnight, when its clocks are changed.
pub const PLACES: [Place; 4] = [
    Place { zone: "America/New_York", start: "09:30:00", minutes: 390, weekends: false },
    Place { zone: "America/Chicago", start: "17:00:00", minutes: 23 * 60, weekends: false },
    Place { zone: "UTC", start: "00:00:00", minutes: 24 * 60, weekends: true },
    Place { zone: "America/Santiago", start: "00:00:00", minutes: 24 * 60, weekends: true },
];

/// A few weeks of random bars about a day on which clocks are changed: with holidays, half sessions, gaps and events.
pub fn random(random: &mut Rng, place: Place, base: Frequency, stamp: Stamp) -> Market {
    let session = Session { stamp, time_zone: place.zone.to_owned(), start: place.start.to_owned() };
    let starts = ["2024-02-26", "2024-03-29", "2024-08-26", "2024-10-28"];
    let first: Date = starts[random.usize(..starts.len())].parse().unwrap();
    let sessions = if base == Frequency::Day { 70 } else { 14 };
    let holidays: Vec<i64> = (0..2).map(|_| random.i64(0..sessions)).collect();
    let half = random.i64(0..sessions);
    let zone = TimeZone::get(place.zone).unwrap();
    let mut moments = Vec::new();
    for day in 0..sessions {
        let date = first.checked_add(day.days()).unwrap();
        let start: Time = place.start.parse().unwrap();
        let called = if start.hour() >= 12 { date.tomorrow().unwrap() } else { date };
        let is_weekend = called.weekday().to_monday_zero_offset() >= 5;
        if holidays.contains(&day) || (is_weekend && !place.weekends) {
            continue;
        }
        if base == Frequency::Day {
            moments.push(date.to_zoned(TimeZone::UTC).unwrap().timestamp().as_nanosecond() as i64);
            continue;
        }
        let begin = date.to_datetime(start).to_zoned(zone.clone()).unwrap().timestamp().as_nanosecond();
        let next = date.tomorrow().unwrap().to_datetime(start).to_zoned(zone.clone()).unwrap();
        let day_minutes = ((next.timestamp().as_nanosecond() - begin) as i64 / MINUTE).min(place.minutes);
        let minutes = if day == half { day_minutes / 2 } else { day_minutes };
        let back = if stamp == Stamp::End { base.step_ns() } else { 0 };
        moments.extend(
            (0..minutes * MINUTE / base.step_ns()).map(|bar| begin as i64 + bar * base.step_ns() + back),
        );
    }
    let last = *moments.last().unwrap();
    let mut asset = |name| {
        let keep = random.f64().mul_add(0.6, 0.4);
        let mut own: Vec<i64> = moments.iter().copied().filter(|_| random.f64() < keep).collect();
        own.extend(own.is_empty().then_some(last));
        let mut close = 5_000_i64;
        let bars = own.iter().map(|_| {
            let open = close;
            close = (close + random.i64(-60..=60)).max(1_000);
            [
                open,
                open.max(close) + random.i64(0..40),
                open.min(close) - random.i64(0..40),
                close,
                random.i64(0..900),
            ]
        });
        let bars = bars.collect();
        let events = (0..random.usize(0..4)).map(|_| {
            Adjustment::new(
                Timestamp(moments[random.usize(..moments.len())].div_euclid(1_440 * MINUTE) * 1_440 * MINUTE),
                match random.u8(0..3) {
                    0 => AdjustmentKind::Split([2.0, 3.0, 0.5][random.usize(..3)]),
                    1 => AdjustmentKind::Dividend(f64::from(random.u8(1..90)) / 100.0),
                    _ => AdjustmentKind::Factor(f64::from(random.u8(50..120)) / 100.0),
                },
            )
        });
        Asset { name, moments: own, bars, events: events.collect() }
    };
    let assets = vec![asset("A"), asset("B")];
    Market { base, session, assets }
}
