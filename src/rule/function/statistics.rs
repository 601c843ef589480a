//! Statistics of a window: sums, spread, ranks, and how two columns move together.

#![forbid(unsafe_code)]

use super::moments::{Places, Products, around_middle, covariance, last_from_mean};
use super::sorted::{Sorted, quantile};
use super::window::roll;
use super::{Argument, DegreeRule, Function, Inputs, Kernel, Unit};
use crate::compare::above;
use crate::sum;

const POPULATION: &str = "divided by n, as TA-Lib and Pine, which agree, and not by n - 1 as pandas: the n bars are all that \
                          is described, and no sample of more";

/// A number of a window of x.
const WINDOW: Function = Function {
    name: "",
    aliases: &[],
    arguments: &[Argument::numbers("x"), Argument::bars("n", 2)],
    fields: &[],
    degree: DegreeRule::Of(0),
    unit: Unit::Of("x"),
    range: "any",
    definition: "",
    expression: None,
    source: POPULATION,
    warm_up: |counts| counts[0] - 1,
    kernel: Kernel::Numbers(|inputs, out| deviation(inputs.columns[0], inputs.counts[0], out)),
};

pub(super) static TABLE: [Function; 9] = [
    Function {
        name: "sum",
        arguments: &[Argument::numbers("x"), Argument::bars("n", 1)],
        definition: "the sum of the last n values of x",
        source: "TA-Lib SUM and Pine math.sum",
        kernel: Kernel::Numbers(|inputs, out| {
            sum::rolling(inputs.columns[0], inputs.counts[0], |sum| out.push(sum));
        }),
        ..WINDOW
    },
    Function {
        name: "stdev",
        range: "0 and up",
        definition: "sqrt(variance(x, n))",
        expression: Some("sqrt(variance(x, n))"),
        ..WINDOW
    },
    Function {
        name: "variance",
        degree: DegreeRule::Square,
        unit: Unit::SquareOf("x"),
        range: "0 and up",
        definition: "the mean squared distance of the last n values of x from their mean",
        kernel: Kernel::Numbers(|inputs, out| variance(inputs.columns[0], inputs.counts[0], out)),
        ..WINDOW
    },
    Function {
        name: "zscore",
        degree: DegreeRule::Free,
        unit: Unit::Number,
        range: "-sqrt(n - 1) to sqrt(n - 1)",
        definition: "(x - sma(x, n)) / stdev(x, n); undefined where that deviation is no more than rounding",
        kernel: Kernel::Numbers(zscore),
        ..WINDOW
    },
    Function {
        name: "median",
        arguments: &[Argument::numbers("x"), Argument::bars("n", 1)],
        range: "that of x",
        definition: "quantile(x, n, 0.5)",
        expression: Some("quantile(x, n, 0.5)"),
        source: "pandas rolling.median and Pine ta.median, for an even n halfway between the middle two",
        kernel: Kernel::Numbers(|inputs, out| order(inputs, 0.5, out)),
        ..WINDOW
    },
    Function {
        name: "quantile",
        arguments: &[Argument::numbers("x"), Argument::bars("n", 1), Argument::number("q", 0.0, 1.0)],
        range: "that of x",
        definition: "the value at place (n - 1) * q of the last n values of x, ascending from place 0; between two places \
                     on the line from one to the other",
        source: "Hyndman and Fan, Sample quantiles in statistical packages (1996), definition 7: NumPy and pandas",
        kernel: Kernel::Numbers(|inputs, out| order(inputs, inputs.numbers[0], out)),
        ..WINDOW
    },
    Function {
        name: "percent_rank",
        arguments: &[Argument::numbers("x"), Argument::bars("n", 1)],
        degree: DegreeRule::Free,
        unit: Unit::Percent,
        range: "0 to 100",
        definition: "how many percent of the n values of x before this one it is above or level with",
        source: "Pine ta.percentrank",
        warm_up: |counts| counts[0],
        kernel: Kernel::Numbers(percent_rank),
        ..WINDOW
    },
    Function {
        name: "correlation",
        arguments: &[Argument::numbers("x"), Argument::numbers("y"), Argument::bars("n", 2)],
        degree: DegreeRule::Free,
        unit: Unit::Number,
        range: "-1 to 1",
        definition: "the covariance of the last n values of x and y, divided by stdev(x, n) * stdev(y, n); undefined where \
                     either is no more than rounding",
        source: "Pearson; TA-Lib CORREL, Pine ta.correlation and pandas, which agree: what n is divided by cancels",
        kernel: Kernel::Numbers(correlation),
        ..WINDOW
    },
    Function {
        name: "linreg_slope",
        unit: Unit::PerBar("x"),
        definition: "the slope of the straight line that is closest to the last n values of x, by least squares",
        source: "TA-Lib LINEARREG_SLOPE; Pine ta.linreg(x, n, 0) - ta.linreg(x, n, 1)",
        kernel: Kernel::Numbers(slope),
        ..WINDOW
    },
];

fn variance(values: &[f64], bars: usize, out: &mut Vec<f64>) {
    let value = |products: &Products<'_>, bar: usize| {
        products.variance().unwrap_or_else(|| covariance(values, values, bars, bar))
    };
    roll([values], bars, Products::new(values, values, bars), value, out);
}

pub(super) fn deviation(values: &[f64], bars: usize, out: &mut Vec<f64>) {
    variance(values, bars, out);
    out.iter_mut().for_each(|value| *value = value.sqrt());
}

/// Whether a spread around a mean is more than rounding.
fn is_spread(mean: f64, deviation: f64) -> bool {
    above(mean.abs() + deviation, mean.abs())
}

fn zscore(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let (values, bars) = (inputs.columns[0], inputs.counts[0]);
    let value = |products: &Products<'_>, bar: usize| {
        let (variance, distance) = match products.variance() {
            Some(variance) => (variance, products.beyond_mean(bar)),
            None => (covariance(values, values, bars, bar), last_from_mean(&values[bar + 1 - bars..=bar])),
        };
        let deviation = variance.sqrt();
        if is_spread(products.mean(), deviation) { distance / deviation } else { f64::NAN }
    };
    roll([values], bars, Products::new(values, values, bars), value, out);
}

fn correlation(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let (x, y, bars) = (inputs.columns[0], inputs.columns[1], inputs.counts[0]);
    let value = |(of_x, of_y, both): &(Products<'_>, Products<'_>, Products<'_>), bar: usize| {
        let (x, y, both) = match (of_x.variance(), of_y.variance()) {
            (Some(x), Some(y)) => (x, y, both.covariance()),
            _ => (covariance(x, x, bars, bar), covariance(y, y, bars, bar), covariance(x, y, bars, bar)),
        };
        let (x, y) = (x.sqrt(), y.sqrt());
        let is_defined = is_spread(of_x.mean(), x) && is_spread(of_y.mean(), y);
        if is_defined { (both / (x * y)).clamp(-1.0, 1.0) } else { f64::NAN }
    };
    let products = (Products::new(x, x, bars), Products::new(y, y, bars), Products::new(x, y, bars));
    roll([x, y], bars, products, value, out);
}

#[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
fn slope(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let (values, bars) = (inputs.columns[0], inputs.counts[0]);
    let (center, count) = ((bars as f64 - 1.0) / 2.0, bars as f64);
    // What the squared distances of the places from their center add up to.
    let spread = count * (count * count - 1.0) / 12.0;
    let value = |places: &Places<'_>, bar: usize| {
        let first = bar + 1 - bars;
        places.around(center, first).unwrap_or_else(|| around_middle(&values[first..=bar])) / spread
    };
    roll([values], bars, Places::new(values), value, out);
}

#[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
fn percent_rank(inputs: &Inputs<'_>, out: &mut Vec<f64>) {
    let (values, bars) = (inputs.columns[0], inputs.counts[0]);
    let value = |sorted: &Sorted<'_>, bar: usize| {
        // The bar itself is among those that it is not below.
        let not_above = sorted.values().partition_point(|other| !above(*other, values[bar]));
        100.0 * (not_above - 1) as f64 / bars as f64
    };
    roll([values], bars + 1, Sorted::new(values), value, out);
}

fn order(inputs: &Inputs<'_>, share: f64, out: &mut Vec<f64>) {
    let values = inputs.columns[0];
    roll([values], inputs.counts[0], Sorted::new(values), |sorted, _| quantile(sorted.values(), share), out);
}
