//! How a metric is spread, in bars of equal width.

#![forbid(unsafe_code)]

use serde_json::{Value, json};

use crate::report::ratio::{number, whole};
use crate::sweep::Sketch;

/// Bars at most.
const MOST: usize = 60;

/// Of all values.
pub(in crate::report) fn of_values(values: &[f64]) -> Value {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let bars = MOST.min(whole((2.0 * number(values.len()).sqrt()).ceil()).max(1));
    bins(values.iter().map(|value| (*value, 1)), bars)
}

/// Of buckets, which are up to a 32nd as wide as their values: no bar is narrower than the widest of them.
pub(super) fn of_sketch(sketch: &Sketch) -> Value {
    let values: Vec<(f64, u64)> = sketch.buckets().collect();
    let (Some((low, _)), Some((high, _))) = (values.first(), values.last()) else { return Value::Null };
    let widest = low.abs().max(high.abs()) / 32.0;
    let bars = if widest > 0.0 { whole(((high - low) / widest).floor()) } else { 1 };
    bins(values.into_iter(), bars.clamp(1, MOST))
}

/// Counts of values, which ascend, in so many bars.
fn bins(values: impl Iterator<Item = (f64, u64)> + Clone, bars: usize) -> Value {
    let (Some((low, _)), Some((high, _))) = (values.clone().next(), values.clone().last()) else {
        return Value::Null;
    };
    let mut counts = vec![0_u64; if high > low { bars } else { 1 }];
    let width = (high - low) / number(counts.len());
    let mut all = 0;
    for (value, count) in values {
        let bar = if width > 0.0 { whole((value - low) / width) } else { 0 };
        let last = counts.len() - 1;
        counts[bar.min(last)] += count;
        all += count;
    }
    json!({ "low": low, "high": high, "all": all, "counts": counts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_counted_once() {
        let found = of_values(&(0..1000).map(f64::from).collect::<Vec<_>>());
        let counts: Vec<u64> =
            found["counts"].as_array().unwrap().iter().map(|one| one.as_u64().unwrap()).collect();
        assert_eq!((counts.iter().sum::<u64>(), counts.len(), &found["all"]), (1000, 60, &1000.into()));
        assert!(counts.iter().all(|count| (16..=17).contains(count)), "{counts:?}");
    }

    #[test]
    fn equal_values_are_one_bar_and_none_are_no_histogram() {
        assert_eq!(of_values(&[2.0; 5])["counts"], json!([5]));
        assert_eq!((of_values(&[]), of_sketch(&Sketch::default())), (Value::Null, Value::Null));
    }
}
