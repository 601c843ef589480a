//! Arithmetic of values, and of a value with one some bars before.

#![forbid(unsafe_code)]

use super::window::finite;
use super::{Argument, DegreeRule, Function, Inputs, Kernel, Unit};

const X: &[Argument] = &[Argument::numbers("x")];
const PAIR: &[Argument] = &[Argument::numbers("a"), Argument::numbers("b")];

/// A value for each value, from nothing else.
const EACH: Function = Function {
    name: "",
    aliases: &[],
    arguments: X,
    fields: &[],
    degree: DegreeRule::Of(0),
    unit: Unit::Of("x"),
    range: "any",
    definition: "",
    expression: None,
    source: "",
    warm_up: |_| 0,
    kernel: Kernel::Numbers(|inputs, out| each(inputs, f64::abs, out)),
};

pub(super) static TABLE: [Function; 11] = [
    Function {
        name: "change",
        arguments: &[Argument::numbers("x"), Argument::bars_or("n", 1, 1)],
        definition: "x - x[n]",
        expression: Some("x - x[n]"),
        source: "TA-Lib MOM, Pine ta.change",
        warm_up: |counts| counts[0],
        kernel: Kernel::Numbers(|inputs, out| against_past(inputs, |now, then| now - then, out)),
        ..EACH
    },
    Function {
        name: "roc",
        arguments: &[Argument::numbers("x"), Argument::bars("n", 1)],
        degree: DegreeRule::Free,
        unit: Unit::Percent,
        definition: "100 * (x - x[n]) / x[n]; undefined where x[n] is 0",
        expression: Some("100 * (x - x[n]) / x[n]"),
        source: "TA-Lib ROC, Pine ta.roc",
        warm_up: |counts| counts[0],
        kernel: Kernel::Numbers(|inputs, out| {
            against_past(inputs, |now, then| 100.0 * (now - then) / then, out);
        }),
        ..EACH
    },
    Function {
        name: "log",
        degree: DegreeRule::Plain,
        unit: Unit::Number,
        definition: "the natural logarithm of x; undefined where x is not above 0",
        source: "the crate libm, which gives the same bits on every machine",
        kernel: Kernel::Numbers(|inputs, out| each(inputs, libm::log, out)),
        ..EACH
    },
    Function {
        name: "exp",
        degree: DegreeRule::Plain,
        unit: Unit::Number,
        range: "0 and up",
        definition: "e to the power of x; undefined where that is infinite",
        source: "the crate libm, which gives the same bits on every machine",
        kernel: Kernel::Numbers(|inputs, out| each(inputs, libm::exp, out)),
        ..EACH
    },
    Function { name: "abs", range: "0 and up", definition: "x without its sign", source: "IEEE 754", ..EACH },
    Function {
        name: "sqrt",
        degree: DegreeRule::Root,
        unit: Unit::RootOf("x"),
        range: "0 and up",
        definition: "the square root of x; undefined where x is below 0",
        source: "IEEE 754, correctly rounded",
        kernel: Kernel::Numbers(|inputs, out| each(inputs, f64::sqrt, out)),
        ..EACH
    },
    Function {
        name: "min",
        arguments: PAIR,
        degree: DegreeRule::Equal,
        unit: Unit::Of("a"),
        definition: "the lower of a and b; undefined where either is",
        source: "TA-Lib and Pine: what is undefined is not skipped",
        kernel: Kernel::Numbers(|inputs, out| pairs(inputs, f64::min, out)),
        ..EACH
    },
    Function {
        name: "max",
        arguments: PAIR,
        degree: DegreeRule::Equal,
        unit: Unit::Of("a"),
        definition: "the higher of a and b; undefined where either is",
        source: "TA-Lib and Pine: what is undefined is not skipped",
        kernel: Kernel::Numbers(|inputs, out| pairs(inputs, f64::max, out)),
        ..EACH
    },
    Function {
        name: "clamp",
        arguments: &[Argument::numbers("x"), Argument::numbers("low"), Argument::numbers("high")],
        degree: DegreeRule::Equal,
        range: "low to high",
        definition: "x, but low where it is below low, and high where it is above high; undefined where low is above high",
        source: "IEEE 754",
        kernel: Kernel::Numbers(clamp),
        ..EACH
    },
    Function {
        name: "sign",
        degree: DegreeRule::Free,
        unit: Unit::Number,
        range: "-1, 0 or 1",
        definition: "1 where x is above 0, -1 where it is below, 0 where it is 0",
        source: "Pine math.sign",
        kernel: Kernel::Numbers(|inputs, out| {
            // A number's own sign would be that of -0, too.
            each(inputs, |value| if value == 0.0 { 0.0 } else { value.signum() }, out);
        }),
        ..EACH
    },
    Function {
        name: "nz",
        arguments: &[Argument::numbers("x"), Argument::numbers_or("y", 0.0)],
        degree: DegreeRule::Equal,
        definition: "x where it is defined, y where it is not",
        source: "Pine nz",
        kernel: Kernel::Numbers(nz),
        ..EACH
    },
];

fn each(inputs: &Inputs<'_>, of: impl Fn(f64) -> f64, out: &mut Vec<f64>) {
    out.extend(inputs.columns[0].iter().map(|&value| finite(of(value))));
}

/// `of` drops what is undefined, so it is asked of what is defined only.
fn pairs(inputs: &Inputs<'_>, of: impl Fn(f64, f64) -> f64, out: &mut Vec<f64>) {
    let pairs = inputs.columns[0].iter().zip(inputs.columns[1]);
    out.extend(pairs.map(|(&a, &b)| if a.is_nan() || b.is_nan() { f64::NAN } else { finite(of(a, b)) }));
}

fn clamp(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let bounds = inputs.columns[1].iter().zip(inputs.columns[2]);
    out.extend(inputs.columns[0].iter().zip(bounds).map(|(&value, (&low, &high))| {
        // Undefined bounds are in no order.
        if low <= high { finite(value.clamp(low, high)) } else { f64::NAN }
    }));
}

fn nz(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let pairs = inputs.columns[0].iter().zip(inputs.columns[1]);
    out.extend(pairs.map(|(&value, &other)| if value.is_finite() { value } else { finite(other) }));
}

fn against_past(inputs: &Inputs<'_>, of: impl Fn(f64, f64) -> f64, out: &mut Vec<f64>) {
    let (values, bars) = (inputs.columns[0], inputs.counts[0]);
    out.resize(bars.min(values.len()), f64::NAN);
    out.extend(values.iter().skip(bars).zip(values).map(|(&now, &then)| finite(of(now, then))));
}
