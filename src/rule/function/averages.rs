//! Averages: what a column was of late.

#![forbid(unsafe_code)]

use super::moments::Total;
use super::recursion::Smoothing;
use super::window::{Rolling, finite, roll};
use super::{Argument, DegreeRule, Function, Inputs, Kernel, Unit};
use crate::sum::{self, Sum};

const X_N: &[Argument] = &[Argument::numbers("x"), Argument::bars("n", 1)];

/// An average of `x`: it moves as `x` does.
const AVERAGE: Function = Function {
    name: "",
    aliases: &[],
    arguments: X_N,
    fields: &[],
    degree: DegreeRule::Of(0),
    unit: Unit::Of("x"),
    range: "that of x",
    definition: "",
    expression: None,
    source: "",
    warm_up: |counts| counts[0] - 1,
    kernel: Kernel::Numbers(|inputs, out| sum::means(inputs.columns[0], inputs.counts[0], out)),
};

pub(super) static TABLE: [Function; 8] = [
    Function {
        name: "sma",
        definition: "the mean of the last n values of x",
        source: "TA-Lib SMA and Pine ta.sma, which agree",
        ..AVERAGE
    },
    Function {
        name: "ema",
        definition: "old + 2 / (n + 1) * (x - old), from the mean of the first n values on",
        source: "TA-Lib EMA, seeded with the mean: defined at the same bar as the sma that it is compared with. \
                 Pine's reference code and pandas' ewm(adjust=False) start at the first value, a price that counts too much \
                 for 2 n bars",
        kernel: Kernel::Numbers(|inputs, out| {
            Smoothing::exponential(inputs.counts[0]).run(inputs.columns[0], out);
        }),
        ..AVERAGE
    },
    Function {
        name: "wma",
        definition: "the mean of the last n values of x, the latest n times, the one before n - 1 times, the first once",
        source: "TA-Lib WMA and Pine ta.wma, which agree",
        kernel: Kernel::Numbers(|inputs, out| wma(inputs.columns[0], inputs.counts[0], out)),
        ..AVERAGE
    },
    Function {
        name: "rma",
        aliases: &["wilder"],
        definition: "old + 1 / n * (x - old), from the mean of the first n values on",
        source: "Wilder, New Concepts in Technical Trading Systems (1978); Pine ta.rma, with the same seed",
        kernel: Kernel::Numbers(|inputs, out| {
            Smoothing::wilder(inputs.counts[0]).run(inputs.columns[0], out)
        }),
        ..AVERAGE
    },
    Function {
        name: "hma",
        arguments: &[Argument::numbers("x"), Argument::bars("n", 2)],
        range: "may pass that of x",
        definition: "wma(2 * wma(x, n / 2) - wma(x, n), sqrt(n)), with n / 2 and sqrt(n) rounded down",
        source: "Hull (2005); rounded as Pine ta.hma",
        warm_up: |counts| counts[0] + counts[0].isqrt() - 2,
        kernel: Kernel::Numbers(hma),
        ..AVERAGE
    },
    Function {
        name: "dema",
        range: "may pass that of x",
        definition: "2 * e - ema(e, n), where e is ema(x, n)",
        expression: Some("2 * ema(x, n) - ema(ema(x, n), n)"),
        source: "Mulloy, Smoothing Data with Faster Moving Averages (1994); TA-Lib DEMA",
        warm_up: |counts| 2 * (counts[0] - 1),
        kernel: Kernel::Numbers(|inputs, out| {
            let [mut once, mut twice] = [(); 2].map(|()| Smoothing::exponential(inputs.counts[0]));
            out.extend(inputs.columns[0].iter().map(|&value| {
                let first = once.next(value);
                finite(2.0 * first - twice.next(first))
            }));
        }),
        ..AVERAGE
    },
    Function {
        name: "tema",
        range: "may pass that of x",
        definition: "3 * e - 3 * f + ema(f, n), where e is ema(x, n) and f is ema(e, n)",
        expression: Some("3 * ema(x, n) - 3 * ema(ema(x, n), n) + ema(ema(ema(x, n), n), n)"),
        source: "Mulloy, Smoothing Data with Faster Moving Averages (1994); TA-Lib TEMA",
        warm_up: |counts| 3 * (counts[0] - 1),
        kernel: Kernel::Numbers(|inputs, out| {
            let [mut once, mut twice, mut thrice] =
                [(); 3].map(|()| Smoothing::exponential(inputs.counts[0]));
            out.extend(inputs.columns[0].iter().map(|&value| {
                let first = once.next(value);
                let second = twice.next(first);
                finite(3.0 * first - 3.0 * second + thrice.next(second))
            }));
        }),
        ..AVERAGE
    },
    Function {
        name: "kama",
        arguments: &[
            Argument::numbers("x"),
            Argument::bars_or("n", 10, 1),
            Argument::bars_or("fast", 2, 1),
            Argument::bars_or("slow", 30, 1),
        ],
        definition: "old + s^2 * (x - old), from x[1] on at bar n, where s lies between 2 / (slow + 1) and 2 / (fast + 1) as \
                     abs(x - x[n]) / sum(abs(x - x[1]), n) does between 0 and 1; 1 where x has not moved",
        source: "Kaufman, Smarter Trading (1995); seeded as TA-Lib KAMA",
        warm_up: |counts| counts[0],
        kernel: Kernel::Numbers(kama),
        ..AVERAGE
    },
];

/// The sum of a window's values, and of each times its place, counted from the bar at which the sums began.
struct Weighted<'a> {
    values: &'a [f64],
    origin: Option<usize>,
    sum: Sum,
    placed: Sum,
}

impl Weighted<'_> {
    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    fn place(&self, bar: usize) -> f64 {
        (bar - self.origin.unwrap_or(bar)) as f64
    }

    /// The sum of the values from `first` on, that one once, the next twice and so on.
    fn sum_of_window(&self, first: usize) -> f64 {
        self.placed.value() - (self.place(first) - 1.0) * self.sum.value()
    }
}

impl Rolling for Weighted<'_> {
    // So places stay small beside the window, and what is taken from each other is no more than some times the rest.
    const RENEWED: usize = 4;

    fn clear(&mut self) {
        (self.origin, self.sum, self.placed) = (None, Sum::default(), Sum::default());
    }

    #[inline(always)]
    fn enter(&mut self, bar: usize) {
        self.origin.get_or_insert(bar);
        self.sum = self.sum.add(self.values[bar]);
        self.placed = self.placed.add(self.place(bar) * self.values[bar]);
    }

    #[inline(always)]
    fn leave(&mut self, bar: usize) {
        self.sum = self.sum.add(-self.values[bar]);
        self.placed = self.placed.add(-(self.place(bar) * self.values[bar]));
    }
}

/// The weighted mean of the last `bars` values.
#[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
pub(super) fn wma(values: &[f64], bars: usize, out: &mut Vec<f64>) {
    let first = out.len();
    let value = |window: &Weighted<'_>, bar: usize| window.sum_of_window(bar + 1 - bars);
    roll(
        [values],
        bars,
        Weighted { values, origin: None, sum: Sum::default(), placed: Sum::default() },
        value,
        out,
    );
    let weights = bars as f64 * (bars as f64 + 1.0) / 2.0;
    out[first..].iter_mut().for_each(|sum| *sum /= weights);
}

fn hma(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let (values, bars) = (inputs.columns[0], inputs.counts[0]);
    let (mut ahead, mut whole) = (Vec::new(), Vec::new());
    wma(values, bars / 2, &mut ahead);
    wma(values, bars, &mut whole);
    ahead.iter_mut().zip(&whole).for_each(|(ahead, whole)| *ahead = 2.0 * *ahead - whole);
    wma(&ahead, bars.isqrt(), out);
}

/// Kaufman's average, as a window of n + 1 values, whose n changes are what it looks at.
struct Kaufman<'a> {
    values: &'a [f64],
    bars: usize,
    /// The first bar of the window: it has no change in it.
    first: Option<usize>,
    way: Total,
}

impl Kaufman<'_> {
    fn change(&self, bar: usize) -> f64 {
        (self.values[bar] - self.values[bar - 1]).abs()
    }

    /// How straight the way was: 1 for a line, 0 for one that leads nowhere.
    fn straightness(&self, bar: usize) -> f64 {
        let way = self.way.value();
        let gone = (self.values[bar] - self.values[bar - self.bars]).abs();
        if way == 0.0 { 1.0 } else { (gone / way).min(1.0) }
    }
}

impl Rolling for Kaufman<'_> {
    const RENEWED: usize = 4;

    fn clear(&mut self) {
        (self.first, self.way) = (None, Total::default());
    }

    #[inline(always)]
    fn enter(&mut self, bar: usize) {
        if self.first.is_some() {
            self.way.add(self.change(bar));
        }
        self.first.get_or_insert(bar);
    }

    #[inline(always)]
    fn leave(&mut self, bar: usize) {
        self.way.take(self.change(bar + 1));
        self.first = Some(bar + 1);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
fn kama(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let (values, bars) = (inputs.columns[0], inputs.counts[0]);
    let [fast, slow] = [inputs.counts[1], inputs.counts[2]].map(|bars| 2.0 / (bars as f64 + 1.0));
    let kaufman = Kaufman { values, bars, first: None, way: Total::default() };
    roll([values], bars + 1, kaufman, Kaufman::straightness, out);
    let mut average = f64::NAN;
    for (bar, out) in out.iter_mut().enumerate() {
        if !out.is_finite() {
            average = f64::NAN;
            continue;
        }
        if average.is_nan() {
            average = values[bar - 1];
        }
        let share = *out * (fast - slow) + slow;
        average += share * share * (values[bar] - average);
        *out = finite(average);
    }
}
