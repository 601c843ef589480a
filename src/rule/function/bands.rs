//! Bands: how far from its middle a price is expected.

#![forbid(unsafe_code)]

use super::peak::{highest, lowest};
use super::ranges::true_range;
use super::recursion::Smoothing;
use super::statistics::deviation;
use super::window::finite;
use super::{Argument, DegreeRule, Function, Inputs, Kernel, Unit};
use crate::asset::Field;
use crate::sum;

const K: Argument = Argument::number_or("k", 2.0, -f64::MAX, f64::MAX);

const BOLLINGER: Function = Function {
    name: "",
    aliases: &[],
    arguments: &[Argument::numbers("x"), Argument::bars_or("n", 20, 2), K],
    fields: &[],
    degree: DegreeRule::Of(0),
    unit: Unit::Of("x"),
    range: "any",
    definition: "",
    expression: None,
    source: "Bollinger, Bollinger on Bollinger Bands (2001), with the deviation of a population, as TA-Lib BBANDS and Pine \
             ta.bb",
    warm_up: |counts| counts[0] - 1,
    kernel: Kernel::Numbers(|inputs, out| bollinger(inputs, inputs.numbers[0], out)),
};

const KELTNER: Function = Function {
    arguments: &[Argument::bars_or("n", 20, 1), K],
    fields: &[Field::High, Field::Low, Field::Close],
    degree: DegreeRule::Fixed { price: 1, volume: 0 },
    unit: Unit::Price,
    source: "Keltner (1960), as Pine ta.kc on the close: both the middle and the range are exponential averages",
    warm_up: |counts| counts[0],
    kernel: Kernel::Numbers(|inputs, out| keltner(inputs, inputs.numbers[0], out)),
    ..BOLLINGER
};

const DONCHIAN: Function = Function {
    arguments: &[Argument::bars_or("n", 20, 1)],
    degree: DegreeRule::Fixed { price: 1, volume: 0 },
    unit: Unit::Price,
    source: "Donchian; TA-Lib MAX and MIN, Pine ta.highest and ta.lowest. The bar itself is one of the n: a breakout is \
             close > donchian_high(n)[1]",
    ..BOLLINGER
};

pub(super) static TABLE: [Function; 8] = [
    Function {
        name: "bollinger_upper",
        definition: "sma(x, n) + k * stdev(x, n)",
        expression: Some("sma(x, n) + k * stdev(x, n)"),
        ..BOLLINGER
    },
    Function {
        name: "bollinger_middle",
        arguments: &[Argument::numbers("x"), Argument::bars_or("n", 20, 1)],
        range: "that of x",
        definition: "sma(x, n)",
        expression: Some("sma(x, n)"),
        kernel: Kernel::Numbers(|inputs, out| sum::means(inputs.columns[0], inputs.counts[0], out)),
        ..BOLLINGER
    },
    Function {
        name: "bollinger_lower",
        definition: "sma(x, n) - k * stdev(x, n)",
        expression: Some("sma(x, n) - k * stdev(x, n)"),
        kernel: Kernel::Numbers(|inputs, out| bollinger(inputs, -inputs.numbers[0], out)),
        ..BOLLINGER
    },
    Function {
        name: "keltner_upper",
        definition: "ema(close, n) + k * ema(true_range(), n)",
        expression: Some("ema(close, n) + k * ema(true_range(), n)"),
        ..KELTNER
    },
    Function {
        name: "keltner_middle",
        arguments: &[Argument::bars_or("n", 20, 1)],
        fields: &[Field::Close],
        range: "that of close",
        definition: "ema(close, n)",
        expression: Some("ema(close, n)"),
        warm_up: |counts| counts[0] - 1,
        kernel: Kernel::Numbers(|inputs, out| {
            Smoothing::exponential(inputs.counts[0]).run(inputs.columns[0], out);
        }),
        ..KELTNER
    },
    Function {
        name: "keltner_lower",
        definition: "ema(close, n) - k * ema(true_range(), n)",
        expression: Some("ema(close, n) - k * ema(true_range(), n)"),
        kernel: Kernel::Numbers(|inputs, out| keltner(inputs, -inputs.numbers[0], out)),
        ..KELTNER
    },
    Function {
        name: "donchian_high",
        fields: &[Field::High],
        range: "that of high",
        definition: "highest(high, n)",
        expression: Some("highest(high, n)"),
        kernel: Kernel::Numbers(|inputs, out| highest(inputs.columns[0], inputs.counts[0], out)),
        ..DONCHIAN
    },
    Function {
        name: "donchian_low",
        fields: &[Field::Low],
        range: "that of low",
        definition: "lowest(low, n)",
        expression: Some("lowest(low, n)"),
        kernel: Kernel::Numbers(|inputs, out| lowest(inputs.columns[0], inputs.counts[0], out)),
        ..DONCHIAN
    },
];

fn bollinger(inputs: &Inputs<'_>, widths: f64, out: &mut Vec<f64>) {
    let mut deviations = Vec::with_capacity(inputs.bars);
    deviation(inputs.columns[0], inputs.counts[0], &mut deviations);
    sum::means(inputs.columns[0], inputs.counts[0], out);
    out.iter_mut()
        .zip(&deviations)
        .for_each(|(middle, deviation)| *middle = finite(*middle + widths * deviation));
}

fn keltner(inputs: &Inputs<'_>, widths: f64, out: &mut Vec<f64>) {
    let mut ranges = Vec::with_capacity(inputs.bars);
    true_range(inputs, &mut ranges);
    let mut width = Smoothing::exponential(inputs.counts[0]);
    let mut middle = Smoothing::exponential(inputs.counts[0]);
    let closes = inputs.columns[2].iter().zip(&ranges);
    out.extend(closes.map(|(&close, &range)| finite(middle.next(close) + widths * width.next(range))));
}
