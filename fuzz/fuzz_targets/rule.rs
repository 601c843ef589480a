//! A rule: read, typed, and worked out over a few bars.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lookback::rule::{Bars, Graph, Rule, Stretch};
use lookback::{ErrorKind, Field};

/// Seventy bars that tie, hold a NaN, and lie on both sides of a split.
struct Few {
    prices: Vec<f64>,
    volumes: Vec<f64>,
    days: Vec<i64>,
}

impl Few {
    fn new() -> Self {
        let price = |bar: u32| if bar == 40 { f64::NAN } else { f64::from(100 + bar * 37 % 41) / 4.0 };
        Self {
            prices: (0..70).map(price).collect(),
            volumes: (0..70).map(|bar| f64::from(bar % 3 * 100)).collect(),
            days: (19_000..19_070).collect(),
        }
    }
}

impl Bars for Few {
    fn count(&self) -> usize {
        self.prices.len()
    }

    fn field(&self, field: Field) -> &[f64] {
        if field == Field::Volume { &self.volumes } else { &self.prices }
    }

    fn stretches(&self) -> &[Stretch] {
        const LAST: Stretch = Stretch { first: 30, price: 1.0, volume: 1.0 };
        &[Stretch { first: 0, price: 4.0, volume: 0.25 }, LAST]
    }

    fn days(&self) -> &[i64] {
        &self.days
    }
}

fuzz_target!(|text: &str| {
    let mut graph = Graph::default();
    for name in ["n", "m", "level"] {
        graph.declare(name).expect("a name that nothing hides");
    }
    match Rule::parse(text) {
        Ok(rule) => {
            let Ok(node) = graph.condition(&rule).or_else(|_| graph.number(&rule)) else { return };
            let values = [2.0, 3.0, 16.0];
            if graph.check(&[1; 3], |parameter, _| values[parameter]).is_ok() {
                assert!(graph.warm_up(node, &values) < usize::MAX);
                assert!(graph.canonical(node, &values).len() <= 200);
                let column = graph.column(node, &values, &Few::new());
                let (numbers, bits) = (column.numbers(), column.bits());
                assert!(numbers.unwrap_or_default().iter().all(|number| !number.is_infinite()));
                assert!(bits.is_none_or(|bits| bits.len() == 70));
            }
        }
        Err(error) => assert!(matches!(error.kind(), ErrorKind::Expression { .. }), "{error:?}"),
    }
});
