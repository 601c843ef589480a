//! What volume says of price.

#![forbid(unsafe_code)]

use super::moments::Total;
use super::oscillators::{change, typical};
use super::window::{Rolling, finite, roll};
use super::{Argument, DegreeRule, Function, Inputs, Kernel, Unit};
use crate::asset::Field;

const BARS: &[Field] = &[Field::High, Field::Low, Field::Close, Field::Volume];

pub(super) static TABLE: [Function; 3] = [
    Function {
        name: "vwap",
        aliases: &[],
        arguments: &[Argument::bars_or("n", 20, 1)],
        fields: BARS,
        degree: DegreeRule::Fixed { price: 1, volume: 0 },
        unit: Unit::Price,
        range: "that of hlc3",
        definition: "sum(hlc3 * volume, n) / sum(volume, n)",
        expression: None,
        source: "the volume-weighted average price of the last n bars, with the typical price for each bar. Pine's \
                 ta.vwap begins anew with each session, its ta.vwma(hlc3, n) is this one",
        warm_up: |counts| counts[0] - 1,
        kernel: Kernel::Numbers(vwap),
    },
    Function {
        name: "mfi",
        aliases: &[],
        arguments: &[Argument::bars_or("n", 14, 1)],
        fields: BARS,
        degree: DegreeRule::Free,
        unit: Unit::Points,
        range: "0 to 100",
        definition: "100 * up / (up + down), where up sums hlc3 * volume over those of the last n bars whose hlc3 is above \
                     the bar's before, and down over those where it is below",
        expression: None,
        source: "Quong and Soudack (1989); TA-Lib MFI, which says 0 where there is less than 1 of both, whatever the \
                 currency. Here it is undefined where there is none",
        warm_up: |counts| counts[0],
        kernel: Kernel::Numbers(mfi),
    },
    Function {
        name: "obv",
        aliases: &[],
        arguments: &[],
        fields: &[Field::Close, Field::Volume],
        degree: DegreeRule::Fixed { price: 0, volume: 1 },
        unit: Unit::Shares,
        range: "any; only its changes mean something",
        definition: "old + volume where close is above close[1], old - volume where it is below, old elsewhere, from 0 on",
        expression: None,
        source: "Granville, New Key to Stock Market Profits (1963); from 0 on as Pine ta.obv. TA-Lib OBV starts with the \
                 first bar's volume, as if it had risen",
        warm_up: |_| 0,
        kernel: Kernel::Numbers(obv),
    },
];

/// Sums of a window of bars: over all, or over those that rose and those that fell.
struct Flow<'a> {
    /// What each bar adds to the first sum, and to the second; neither is negative.
    parts: [&'a [f64]; 2],
    sums: [Total; 2],
}

impl Rolling for Flow<'_> {
    const RENEWED: usize = 4;

    fn clear(&mut self) {
        self.sums = [Total::default(); 2];
    }

    fn enter(&mut self, bar: usize) {
        for (sum, part) in self.sums.iter_mut().zip(self.parts) {
            sum.add(part[bar]);
        }
    }

    fn leave(&mut self, bar: usize) {
        for (sum, part) in self.sums.iter_mut().zip(self.parts) {
            sum.take(part[bar]);
        }
    }
}

fn roll_flow(parts: [&[f64]; 2], bars: usize, of: fn(f64, f64) -> f64, out: &mut Vec<f64>) {
    let flow = Flow { parts, sums: [Total::default(); 2] };
    roll(parts, bars, flow, |flow, _| of(flow.sums[0].value(), flow.sums[1].value()), out);
}

fn vwap(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let [high, low, close, volume] = [0, 1, 2, 3].map(|at| inputs.columns[at]);
    let traded: Vec<f64> =
        typical(high, low, close).iter().zip(volume).map(|(price, volume)| price * volume).collect();
    roll_flow([&traded, volume], inputs.counts[0], |traded, volume| traded / volume, out);
}

fn mfi(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let [high, low, close, volume] = [0, 1, 2, 3].map(|at| inputs.columns[at]);
    let (mut ups, mut downs) = (Vec::with_capacity(inputs.bars), Vec::with_capacity(inputs.bars));
    let mut before = f64::NAN;
    for (price, volume) in typical(high, low, close).into_iter().zip(volume) {
        let (change, flow) = (change(price, before), price * volume);
        before = price;
        // A change that is not known is neither up nor down, and makes both undefined.
        ups.push(if change > 0.0 { flow } else { 0.0 * (change + flow) });
        downs.push(if change < 0.0 { flow } else { 0.0 * (change + flow) });
    }
    roll_flow([&ups, &downs], inputs.counts[0], |up, down| 100.0 * up / (up + down), out);
}

fn obv(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let (mut before, mut total) = (f64::NAN, 0.0);
    out.extend(inputs.columns[0].iter().zip(inputs.columns[1]).map(|(&close, &volume)| {
        if !(close + volume + total).is_finite() {
            (before, total) = (f64::NAN, 0.0);
            return f64::NAN;
        }
        let change = change(close, before);
        before = close;
        total += if change > 0.0 {
            volume
        } else if change < 0.0 {
            -volume
        } else {
            0.0
        };
        finite(total)
    }));
}
