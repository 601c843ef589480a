//! The highest and lowest values of a window, and how long ago they were.

#![forbid(unsafe_code)]

use super::peak::{Peak, highest, lowest};
use super::window::roll;
use super::{Argument, DegreeRule, Function, Inputs, Kernel, Unit};

const VALUE: Function = Function {
    name: "",
    aliases: &[],
    arguments: &[Argument::numbers("x"), Argument::bars("n", 1)],
    fields: &[],
    degree: DegreeRule::Of(0),
    unit: Unit::Of("x"),
    range: "that of x",
    definition: "",
    expression: None,
    source: "TA-Lib MAX and MIN, Pine ta.highest and ta.lowest",
    warm_up: |counts| counts[0] - 1,
    kernel: Kernel::Numbers(|inputs, out| highest(inputs.columns[0], inputs.counts[0], out)),
};

const AGE: Function = Function {
    degree: DegreeRule::Free,
    unit: Unit::Bars,
    range: "0 to n - 1",
    source: "Pine ta.highestbars and ta.lowestbars, which count them as negative",
    ..VALUE
};

pub(super) static TABLE: [Function; 4] = [
    Function { name: "highest", definition: "the highest of the last n values of x", ..VALUE },
    Function {
        name: "lowest",
        definition: "the lowest of the last n values of x",
        kernel: Kernel::Numbers(|inputs, out| lowest(inputs.columns[0], inputs.counts[0], out)),
        ..VALUE
    },
    Function {
        name: "highest_bars",
        definition: "bars since the highest of the last n values of x; since the latest of those that are level with it",
        kernel: Kernel::Numbers(|inputs, out| age(inputs, Peak::high(inputs.columns[0]), out)),
        ..AGE
    },
    Function {
        name: "lowest_bars",
        definition: "bars since the lowest of the last n values of x; since the latest of those that are level with it",
        kernel: Kernel::Numbers(|inputs, out| age(inputs, Peak::low(inputs.columns[0]), out)),
        ..AGE
    },
];

#[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
fn age(inputs: &Inputs<'_>, peak: Peak<'_>, out: &mut Vec<f64>) {
    roll([inputs.columns[0]], inputs.counts[0], peak, |peak, bar| peak.age(bar) as f64, out);
}
