//! Ranges: how far prices go within a bar.

#![forbid(unsafe_code)]

use super::recursion::Smoothing;
use super::window::finite;
use super::{Argument, DegreeRule, Function, Inputs, Kernel, Unit};
use crate::asset::Field;

pub(super) static TABLE: [Function; 2] = [
    Function {
        name: "true_range",
        aliases: &[],
        arguments: &[],
        fields: &[Field::High, Field::Low, Field::Close],
        degree: DegreeRule::Fixed { price: 1, volume: 0 },
        unit: Unit::Price,
        range: "0 and up",
        definition: "max(high, close[1]) - min(low, close[1])",
        expression: Some("max(high, close[1]) - min(low, close[1])"),
        source: "Wilder, New Concepts in Technical Trading Systems (1978); undefined at the first bar, which has no close \
                 before it, as TA-Lib TRANGE and Pine ta.tr",
        warm_up: |_| 1,
        kernel: Kernel::Numbers(true_range),
    },
    Function {
        name: "atr",
        aliases: &[],
        arguments: &[Argument::bars_or("n", 14, 1)],
        fields: &[Field::High, Field::Low, Field::Close],
        degree: DegreeRule::Fixed { price: 1, volume: 0 },
        unit: Unit::Price,
        range: "0 and up",
        definition: "rma(true_range(), n)",
        expression: Some("rma(true_range(), n)"),
        source: "Wilder, New Concepts in Technical Trading Systems (1978); seeded as TA-Lib ATR, from the first bar that \
                 has a close before it. Pine ta.atr takes high - low of the first bar into its seed, one bar earlier",
        warm_up: |counts| counts[0],
        kernel: Kernel::Numbers(|inputs, out| {
            let mut ranges = Vec::with_capacity(inputs.bars);
            true_range(inputs, &mut ranges);
            Smoothing::wilder(inputs.counts[0]).run(&ranges, out);
        }),
    },
];

/// A bar's true range, with the close before; NaN where any of the three is.
pub(super) fn range_of(high: f64, low: f64, before: f64) -> f64 {
    // `f64::max` would drop what is undefined.
    let is_known = (high + low + before).is_finite();
    if is_known { finite(high.max(before) - low.min(before)) } else { f64::NAN }
}

/// Appends the true range at each bar, of high, low and close.
pub(super) fn true_range(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let [high, low, close] = [inputs.columns[0], inputs.columns[1], inputs.columns[2]];
    let mut before = f64::NAN;
    out.extend(
        high.iter()
            .zip(low)
            .zip(close)
            .map(|((&high, &low), &close)| range_of(high, low, std::mem::replace(&mut before, close))),
    );
}
