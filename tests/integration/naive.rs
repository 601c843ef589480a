//! The plain model that the portal is compared with: no cache, no blocks, every window built from nothing.

use lookback::bundle::{Adjustment, AdjustmentKind, Series};
use lookback::{Adjust, Bundle, Calendar, Field, Frequency, Timestamp};
use rust_decimal::Decimal;

pub const DAY: i64 = 86_400_000_000_000;

/// One asset as a test made it: days since the epoch, prices in cents.
#[derive(Clone, Debug)]
pub struct Asset {
    pub name: String,
    pub days: Vec<i64>,
    pub bars: Vec<[i64; 5]>,
    pub events: Vec<(i64, AdjustmentKind)>,
}

/// What a bundle is made of.
#[derive(Clone, Debug)]
pub struct Market(pub Vec<Asset>);

impl Asset {
    /// An asset with a bar on each day, closing at these cents.
    pub fn closing(
        name: &str,
        days: impl IntoIterator<Item = i64>,
        cents: impl IntoIterator<Item = i64>,
    ) -> Self {
        let (days, bars) = days
            .into_iter()
            .zip(cents)
            .map(|(day, cents)| (day, [cents - 1, cents + 2, cents - 2, cents, 10 * cents]))
            .unzip();
        Self { name: name.to_owned(), days, bars, events: Vec::new() }
    }

    pub fn with(mut self, day: i64, kind: AdjustmentKind) -> Self {
        self.events.push((day, kind));
        self
    }

    fn raw(&self, field: Field) -> Vec<f64> {
        let at = match field {
            Field::Open => 0,
            Field::High => 1,
            Field::Low => 2,
            Field::Close | Field::Price => 3,
            Field::Volume => 4,
        };
        let unit = if field == Field::Volume { 1.0 } else { 100.0 };
        self.bars.iter().map(|bar| bar[at] as f64 / unit).collect()
    }

    /// The column as a vendor restates it: each event known on `day` rewrites the bars before it, one after
    /// the other.
    pub fn restated(&self, field: Field, day: i64, adjust: Adjust) -> Vec<f64> {
        let mut events: Vec<_> = self.events.iter().filter(|event| event.0 <= day).collect();
        events.sort_by_key(|(ex, kind)| match kind {
            AdjustmentKind::Dividend(_) => (*ex, 0),
            AdjustmentKind::Factor(_) => (*ex, 1),
            AdjustmentKind::Split(_) => (*ex, 2),
        });
        let (mut closes, mut values) = (self.raw(Field::Close), self.raw(field));
        if adjust == Adjust::Raw {
            return values;
        }
        for (ex, kind) in events {
            let before = self.days.iter().filter(|day| *day < ex).count();
            if before == 0 {
                continue;
            }
            if adjust == Adjust::Splits && !matches!(kind, AdjustmentKind::Split(_)) {
                continue;
            }
            let (price, volume) = match *kind {
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

impl Market {
    pub fn bundle(&self) -> Bundle {
        self.bundle_at(Frequency::Day)
    }

    pub fn bundle_at(&self, frequency: Frequency) -> Bundle {
        let series = self.0.iter().map(|asset| Series {
            symbol: asset.name.as_str().into(),
            calendar: Calendar::new(asset.days.iter().map(|day| day * DAY).collect::<Vec<_>>()).unwrap(),
            values: std::array::from_fn(|at| {
                let scale = if at == 4 { 0 } else { 2 };
                asset.bars.iter().map(|bar| Decimal::new(bar[at], scale)).collect()
            }),
            adjustments: {
                let mut events = asset.events.clone();
                events.sort_by_key(|event| event.0);
                events.iter().map(|&(day, kind)| Adjustment::new(Timestamp(day * DAY), kind)).collect()
            },
        });
        Bundle::from_series("made", frequency, series.collect()).unwrap()
    }

    pub fn asset(&self, name: &str) -> &Asset {
        self.0.iter().find(|asset| asset.name == name).unwrap()
    }

    /// The days on which at least one of the assets has a bar.
    pub fn days(&self, names: &[&str]) -> Vec<i64> {
        let mut days: Vec<i64> = names.iter().flat_map(|name| self.asset(name).days.clone()).collect();
        days.sort_unstable();
        days.dedup();
        days
    }

    /// The window of the bars `first..=end` of the assets' common days, column after column.
    pub fn window(
        &self,
        names: &[&str],
        fields: &[Field],
        first: usize,
        end: usize,
        adjust: Adjust,
    ) -> Vec<Vec<f64>> {
        let days = self.days(names);
        let mut columns = Vec::new();
        for name in names {
            let asset = self.asset(name);
            for &field in fields {
                let values = asset.restated(field, days[end], adjust);
                let column = days[first..=end].iter().map(|day| {
                    let until = asset.days.iter().filter(|own| *own <= day).count();
                    match (field, asset.days.contains(day)) {
                        (Field::Price, _) if until == 0 => f64::NAN,
                        (Field::Price, _) | (_, true) => values[until - 1],
                        (Field::Volume, false) => 0.0,
                        (_, false) => f64::NAN,
                    }
                });
                columns.push(column.collect());
            }
        }
        columns
    }
}

/// Whether two values agree to some relative precision, or are both undefined.
pub fn agree(found: f64, expected: f64, relative: f64) -> bool {
    (found.is_nan() && expected.is_nan()) || (found - expected).abs() <= relative * expected.abs()
}
