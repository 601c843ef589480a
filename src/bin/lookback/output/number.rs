//! Numbers in files, for programs to read.

#![forbid(unsafe_code)]

use lookback::sweep::{Metric, Metrics, Unit};
use serde_json::Value;

/// From here on a decimal is longer than its power of ten, and holds no more digits.
const LONG: f64 = 1e16;

/// A metric in JSON: whole where it counts, null where it is not defined.
pub fn json(metrics: &Metrics, metric: Metric) -> Value {
    match (metrics.get(metric), metric.unit()) {
        (None, _) => Value::Null,
        // Counts are below 2^53, and print as whole numbers.
        (Some(value), Unit::Bars | Unit::Trades) => {
            value.to_string().parse::<u64>().map_or(Value::Null, Value::from)
        }
        (Some(value), _) => Value::from(value),
    }
}

/// A number in CSV, with the fewest digits that read back as the same number.
pub fn csv(value: f64) -> String {
    if value.abs() >= LONG { format!("{value:e}") } else { value.to_string() }
}
