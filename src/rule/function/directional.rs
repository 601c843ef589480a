//! Directional movement: which way prices have stretched from bar to bar, and how steadily.

#![forbid(unsafe_code)]

use super::oscillators::change;
use super::ranges::range_of;
use super::recursion::Smoothing;
use super::{Argument, DegreeRule, Function, Inputs, Kernel, Unit};
use crate::asset::Field;
use crate::compare::above;

/// A line of Wilder's directional system.
const LINE: Function = Function {
    name: "",
    aliases: &[],
    arguments: &[Argument::bars_or("n", 14, 1)],
    fields: &[Field::High, Field::Low, Field::Close],
    degree: DegreeRule::Free,
    unit: Unit::Points,
    range: "0 to 100",
    definition: "",
    expression: None,
    source: "Wilder, New Concepts in Technical Trading Systems (1978); averaged by rma, as Pine ta.dmi. TA-Lib seeds \
             with a sum of n - 1 bars, and differs until that has worn off",
    warm_up: |counts| counts[0],
    kernel: Kernel::Numbers(|inputs, out| lines(inputs, |up, _| up, out)),
};

pub(super) static TABLE: [Function; 3] = [
    Function {
        name: "plus_di",
        definition: "100 * rma(m, n) / atr(n), where m is high - high[1] where that is above 0 and above \
                     low[1] - low, and 0 elsewhere",
        ..LINE
    },
    Function {
        name: "minus_di",
        definition: "100 * rma(m, n) / atr(n), where m is low[1] - low where that is above 0 and above \
                     high - high[1], and 0 elsewhere",
        kernel: Kernel::Numbers(|inputs, out| lines(inputs, |_, down| down, out)),
        ..LINE
    },
    Function {
        name: "adx",
        definition: "rma(100 * abs(p - m) / (p + m), n), where p is plus_di(n) and m minus_di(n); 0 where both are 0",
        warm_up: |counts| 2 * counts[0] - 1,
        kernel: Kernel::Numbers(adx),
        ..LINE
    },
];

fn adx(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let index = |up: f64, down: f64| {
        let both = up + down;
        if both == 0.0 { 0.0 } else { 100.0 * (up - down).abs() / both }
    };
    let mut indices = Vec::new();
    lines(inputs, index, &mut indices);
    Smoothing::wilder(inputs.counts[0]).run(&indices, out);
}

/// Appends what `of` makes of both lines at each bar.
fn lines(inputs: &Inputs<'_>, of: impl Fn(f64, f64) -> f64, out: &mut Vec<f64>) {
    let [high, low, close] = [inputs.columns[0], inputs.columns[1], inputs.columns[2]];
    let [mut ups, mut downs, mut ranges] = [(); 3].map(|()| Smoothing::wilder(inputs.counts[0]));
    let mut before = (f64::NAN, f64::NAN, f64::NAN);
    out.extend(high.iter().zip(low).zip(close).map(|((&high, &low), &close)| {
        let (high_before, low_before, close_before) = before;
        before = (high, low, close);
        let (mut up, mut down) = (f64::NAN, f64::NAN);
        if (high + low + high_before + low_before).is_finite() {
            // Which move is the larger is asked of the prices, where rounding is known: the moves themselves may be
            // all rounding.
            let (now, then) = (high + low, high_before + low_before);
            up = if above(now, then) { change(high, high_before).max(0.0) } else { 0.0 };
            down = if above(then, now) { change(low_before, low).max(0.0) } else { 0.0 };
        }
        let range = ranges.next(range_of(high, low, close_before));
        of(100.0 * ups.next(up) / range, 100.0 * downs.next(down) / range)
    }));
    out.iter_mut().filter(|value| value.is_infinite()).for_each(|value| *value = f64::NAN);
}
