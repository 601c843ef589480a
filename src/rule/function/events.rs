//! Events: what has happened, and how long ago.

#![forbid(unsafe_code)]

use std::collections::VecDeque;

use super::peak::{highest, lowest};
use super::window::finite;
use super::{Argument, ArgumentKind, Bits, DegreeRule, Function, Inputs, Kernel, Unit};
use crate::compare::{above, below};

const CROSS: Function = Function {
    name: "",
    aliases: &[],
    arguments: &[Argument::numbers("a"), Argument::numbers("b")],
    fields: &[],
    degree: DegreeRule::Equal,
    unit: Unit::Truth,
    range: "true or false",
    definition: "",
    expression: None,
    source: "Pine ta.crossover and ta.crossunder; what is true of a bar is decided on that bar's own level",
    warm_up: |_| 1,
    kernel: Kernel::Truth(|inputs, out| *out = rises(inputs, above).collect()),
};

const TREND: Function = Function {
    arguments: &[Argument::numbers("x"), Argument::bars("n", 1)],
    source: "Pine ta.rising and ta.falling",
    warm_up: |counts| counts[0],
    ..CROSS
};

const TRUTH: Argument = Argument { name: "condition", kind: ArgumentKind::Truth };

pub(super) static TABLE: [Function; 7] = [
    Function {
        name: "crossover",
        definition: "a > b and not (a > b)[1]",
        expression: Some("a > b and not (a > b)[1]"),
        ..CROSS
    },
    Function {
        name: "crossunder",
        definition: "a < b and not (a < b)[1]",
        expression: Some("a < b and not (a < b)[1]"),
        kernel: Kernel::Truth(|inputs, out| *out = rises(inputs, below).collect()),
        ..CROSS
    },
    Function {
        name: "cross",
        definition: "crossover(a, b) or crossunder(a, b)",
        expression: Some("crossover(a, b) or crossunder(a, b)"),
        source: "Pine ta.cross",
        kernel: Kernel::Truth(|inputs, out| {
            let both = rises(inputs, above).zip(rises(inputs, below));
            *out = both.map(|(up, down)| not(and(not(up), not(down)))).collect();
        }),
        ..CROSS
    },
    Function {
        name: "rising",
        definition: "x is above each of the n values before it",
        kernel: Kernel::Truth(|inputs, out| {
            is_beyond(inputs, highest, above, out);
        }),
        ..TREND
    },
    Function {
        name: "falling",
        definition: "x is below each of the n values before it",
        kernel: Kernel::Truth(|inputs, out| {
            is_beyond(inputs, lowest, below, out);
        }),
        ..TREND
    },
    Function {
        name: "bars_since",
        arguments: &[TRUTH],
        degree: DegreeRule::Free,
        unit: Unit::Bars,
        range: "0 and up; undefined before the first",
        definition: "bars since condition was true, 0 at a bar where it is; where it is undefined it is not true",
        source: "Pine ta.barssince",
        warm_up: |_| 0,
        kernel: Kernel::Numbers(bars_since),
        ..CROSS
    },
    Function {
        name: "value_when",
        arguments: &[TRUTH, Argument::numbers("x"), Argument::bars_or("n", 0, 0)],
        degree: DegreeRule::Of(0),
        unit: Unit::Of("x"),
        range: "that of x; undefined before as many",
        definition: "x at the latest bar at which condition was true, n such bars further back; undefined where x was",
        source: "Pine ta.valuewhen",
        warm_up: |_| 0,
        kernel: Kernel::Numbers(value_when),
        ..CROSS
    },
];

/// Whether a relation of two columns holds at a bar and did not at the one before; undefined where that hangs on a bar
/// at which either column is, or on the bar before the first.
fn rises(inputs: &Inputs<'_>, is_so: fn(f64, f64) -> bool) -> impl Iterator<Item = Option<bool>> {
    let mut before = None;
    inputs.columns[0].iter().zip(inputs.columns[1]).map(move |(&a, &b)| {
        let now = (!a.is_nan() && !b.is_nan()).then(|| is_so(a, b));
        let rise = and(now, not(before));
        before = now;
        rise
    })
}

fn not(truth: Option<bool>) -> Option<bool> {
    truth.map(|truth| !truth)
}

/// False where either is, whatever the other.
fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// Whether each value is beyond the peak of the n before it.
fn is_beyond(
    inputs: &Inputs<'_>,
    peak: fn(&[f64], usize, &mut Vec<f64>),
    is_so: fn(f64, f64) -> bool,
    out: &mut Bits,
) {
    let (values, mut peaks) = (inputs.columns[0], Vec::new());
    peak(values, inputs.counts[0], &mut peaks);
    let before = std::iter::once(&f64::NAN).chain(&peaks);
    let compare =
        |(&value, &peak): (&f64, &f64)| (value.is_finite() && !peak.is_nan()).then(|| is_so(value, peak));
    *out = values.iter().zip(before).map(compare).collect();
}

#[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
fn bars_since(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let mut latest = None;
    out.extend(inputs.truths[0].iter().enumerate().map(|(bar, truth)| {
        if truth == Some(true) {
            latest = Some(bar);
        }
        latest.map_or(f64::NAN, |latest| (bar - latest) as f64)
    }));
}

fn value_when(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let back = inputs.counts[0];
    // The values at the latest events, the one that is asked for in front.
    let mut events = VecDeque::new();
    out.extend(inputs.truths[0].iter().zip(inputs.columns[0]).map(|(truth, &value)| {
        if truth == Some(true) {
            if events.len() > back {
                events.pop_front();
            }
            events.push_back(finite(value));
        }
        if events.len() > back { events[0] } else { f64::NAN }
    }));
}
