//! Oscillators: numbers on a scale of their own that say how far a move has gone.

#![forbid(unsafe_code)]

use super::peak::{highest, lowest};
use super::recursion::Smoothing;
use super::window::finite;
use super::{Argument, DegreeRule, Function, Inputs, Kernel, Unit};
use crate::asset::Field;
use crate::compare::above;
use crate::sum;

const BARS: &[Field] = &[Field::High, Field::Low, Field::Close];

/// A ratio of prices.
const RATIO: Function = Function {
    name: "",
    aliases: &[],
    arguments: &[],
    fields: &[],
    degree: DegreeRule::Free,
    unit: Unit::Points,
    range: "0 to 100",
    definition: "",
    expression: None,
    source: "",
    warm_up: |counts| counts[0],
    kernel: Kernel::Numbers(rsi),
};

pub(super) static TABLE: [Function; 7] = [
    Function {
        name: "rsi",
        arguments: &[Argument::numbers("x"), Argument::bars_or("n", 14, 1)],
        definition: "100 * up / (up + down), where up and down are rma(max(x - x[1], 0), n) and \
                     rma(max(x[1] - x, 0), n); a change within rounding is none",
        source: "Wilder, New Concepts in Technical Trading Systems (1978); seeded as TA-Lib RSI and Pine ta.rsi, which \
                 agree. Undefined where x has not moved: TA-Lib says 0 there, Pine 100, and either is a signal out of \
                 nothing",
        ..RATIO
    },
    Function {
        name: "macd",
        arguments: &[
            Argument::numbers("x"),
            Argument::bars_or("fast", 12, 1),
            Argument::bars_or("slow", 26, 1),
        ],
        degree: DegreeRule::Of(0),
        unit: Unit::Of("x"),
        range: "any",
        definition: "ema(x, fast) - ema(x, slow)",
        expression: Some("ema(x, fast) - ema(x, slow)"),
        source: "Appel (1979); Pine ta.macd: the difference of the two averages as they are. TA-Lib MACD starts the \
                 fast one later, with the slow one, and differs until that has worn off",
        warm_up: |counts| counts[0].max(counts[1]) - 1,
        kernel: Kernel::Numbers(macd),
        ..RATIO
    },
    Function {
        name: "macd_signal",
        arguments: &[
            Argument::numbers("x"),
            Argument::bars_or("fast", 12, 1),
            Argument::bars_or("slow", 26, 1),
            Argument::bars_or("signal", 9, 1),
        ],
        degree: DegreeRule::Of(0),
        unit: Unit::Of("x"),
        range: "any",
        definition: "ema(macd(x, fast, slow), signal)",
        expression: Some("ema(ema(x, fast) - ema(x, slow), signal)"),
        source: "as macd",
        warm_up: |counts| counts[0].max(counts[1]) + counts[2] - 2,
        kernel: Kernel::Numbers(|inputs, out| {
            let mut line = Vec::new();
            macd(inputs, &mut line);
            Smoothing::exponential(inputs.counts[2]).run(&line, out);
        }),
        ..RATIO
    },
    Function {
        name: "stoch_k",
        arguments: &[Argument::bars_or("n", 14, 1), Argument::bars_or("smooth", 1, 1)],
        fields: BARS,
        definition: "the mean of the last `smooth` values of 100 * (close - lowest(low, n)) / \
                     (highest(high, n) - lowest(low, n)); undefined where that range is no more than rounding",
        source: "Lane; Pine ta.stoch, smoothed as TA-Lib STOCH. TA-Lib says 0 where there is no range",
        warm_up: |counts| counts[0] + counts[1] - 2,
        kernel: Kernel::Numbers(percent_k),
        ..RATIO
    },
    Function {
        name: "stoch_d",
        arguments: &[
            Argument::bars_or("n", 14, 1),
            Argument::bars_or("smooth", 1, 1),
            Argument::bars_or("d", 3, 1),
        ],
        fields: BARS,
        definition: "sma(stoch_k(n, smooth), d)",
        expression: Some("sma(stoch_k(n, smooth), d)"),
        source: "as stoch_k",
        warm_up: |counts| counts[0] + counts[1] + counts[2] - 3,
        kernel: Kernel::Numbers(|inputs, out| {
            let mut smooth = Vec::new();
            percent_k(inputs, &mut smooth);
            sum::means(&smooth, inputs.counts[2], out);
        }),
        ..RATIO
    },
    Function {
        name: "cci",
        arguments: &[Argument::bars_or("n", 20, 2)],
        fields: BARS,
        range: "any, three quarters of them between -100 and 100",
        definition: "(p - sma(p, n)) / (0.015 * d), where p is hlc3 and d the mean distance of the last n p from \
                     sma(p, n); undefined where d is no more than rounding",
        source: "Lambert, Commodity Channel Index (1980); TA-Lib CCI, which says 0 where prices are equal. Costs n steps \
                 a bar: the mean moves, and with it each distance",
        warm_up: |counts| counts[0] - 1,
        kernel: Kernel::Numbers(cci),
        ..RATIO
    },
    Function {
        name: "williams_r",
        arguments: &[Argument::bars_or("n", 14, 1)],
        fields: BARS,
        range: "-100 to 0",
        definition: "-100 * (highest(high, n) - close) / (highest(high, n) - lowest(low, n)); undefined where that range \
                     is no more than rounding",
        source: "Williams, How I Made One Million Dollars (1973); TA-Lib WILLR, which says 0 where there is no range",
        warm_up: |counts| counts[0] - 1,
        kernel: Kernel::Numbers(|inputs, out| {
            place_in_range(inputs, |close, high, low| -100.0 * (high - close) / (high - low), out);
        }),
        ..RATIO
    },
];

fn rsi(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let [mut ups, mut downs] = [(); 2].map(|()| Smoothing::wilder(inputs.counts[0]));
    let mut before = f64::NAN;
    out.extend(inputs.columns[0].iter().map(|&value| {
        let change = change(value, before);
        before = value;
        // What is undefined stays so: `f64::max` would drop it.
        let (up, down) =
            if change.is_finite() { (change.max(0.0), (-change).max(0.0)) } else { (change, change) };
        let (up, down) = (ups.next(up), downs.next(down));
        finite(100.0 * up / (up + down))
    }));
}

/// How far a value is from the one before: 0 within rounding, or rescaling prices would make a move.
pub(super) fn change(value: f64, before: f64) -> f64 {
    let is_level = value.is_finite() && before.is_finite() && !above(value, before) && !above(before, value);
    if is_level { 0.0 } else { value - before }
}

fn macd(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let [mut fast, mut slow] = [inputs.counts[0], inputs.counts[1]].map(Smoothing::exponential);
    out.extend(inputs.columns[0].iter().map(|&value| finite(fast.next(value) - slow.next(value))));
}

/// Appends what `place` makes of the close, the highest high and the lowest low; NaN where the two are level.
fn place_in_range(inputs: &Inputs<'_>, place: impl Fn(f64, f64, f64) -> f64, out: &mut Vec<f64>) {
    let [high, low, close] = [inputs.columns[0], inputs.columns[1], inputs.columns[2]];
    let [mut highs, mut lows] = [(); 2].map(|()| Vec::new());
    highest(high, inputs.counts[0], &mut highs);
    lowest(low, inputs.counts[0], &mut lows);
    out.extend(close.iter().zip(highs).zip(lows).map(|((&close, high), low)| {
        if above(high, low) { finite(place(close, high, low)) } else { f64::NAN }
    }));
}

fn percent_k(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let mut raw = Vec::new();
    place_in_range(inputs, |close, high, low| 100.0 * (close - low) / (high - low), &mut raw);
    sum::means(&raw, inputs.counts[1], out);
}

/// The mean of high, low and close at each bar: the typical price.
pub(super) fn typical(high: &[f64], low: &[f64], close: &[f64]) -> Vec<f64> {
    high.iter().zip(low).zip(close).map(|((high, low), close)| (high + low + close) / 3.0).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
fn cci(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let (prices, bars) = (typical(inputs.columns[0], inputs.columns[1], inputs.columns[2]), inputs.counts[0]);
    sum::means(&prices, bars, out);
    for (bar, out) in out.iter_mut().enumerate().filter(|(_, mean)| mean.is_finite()) {
        let mean = *out;
        let distance = distances(&prices[bar + 1 - bars..=bar], mean) / bars as f64;
        let is_apart = above(mean.abs() + distance, mean.abs());
        *out = if is_apart { finite((prices[bar] - mean) / (0.015 * distance)) } else { f64::NAN };
    }
}

/// The sum of distances from a value, in four lanes that are added in one order on every machine.
fn distances(values: &[f64], from: f64) -> f64 {
    const LANES: usize = 4;
    let (fours, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for four in fours {
        for lane in 0..LANES {
            sums[lane] += (four[lane] - from).abs();
        }
    }
    rest.iter().fold((sums[0] + sums[1]) + (sums[2] + sums[3]), |sum, value| sum + (value - from).abs())
}
