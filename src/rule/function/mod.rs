//! The functions that a rule may call: one table, from which types, evaluation and the docs are made.
//!
//! What holds for all of them:
//! - A value depends on the bars up to its own, and on nothing else: more bars behind it change no bit.
//! - A bar without a value (NaN, or infinite) is undefined. A function that looks back is undefined while its window
//!   holds such a bar; one that remembers (`ema`, `rsi`, `obv`) begins anew behind it, as if the series began there.
//! - A quotient by 0 is undefined, and no value is ever infinite.
//! - A column scaled by a power of two gives the scaled bits, by the function's degree.
//!
//! A new function is an entry of the table in its family's file, with its kernel beside it.

#![forbid(unsafe_code)]

mod arithmetic;
mod averages;
mod bands;
mod directional;
mod events;
mod extremes;
mod moments;
mod oscillators;
mod peak;
mod ranges;
mod recursion;
mod sorted;
mod statistics;
mod volume;
mod window;

use std::fmt;

use super::bits::Bits;
use crate::asset::Field;

/// A function of the language: what it says of itself, and how it is computed.
///
/// # Examples
/// ```
/// use lookback::rule::Function;
/// let rma = Function::named("wilder").unwrap();
/// assert_eq!(rma.name, "rma");
/// assert_eq!((rma.warm_up)(&[14]), 13);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Function {
    /// How it is called, in lower case.
    pub name: &'static str,
    /// Other names of the same function.
    pub aliases: &'static [&'static str],
    /// What is written between its parentheses, in order; the last ones may have defaults.
    pub arguments: &'static [Argument],
    /// The columns that it reads without their being written, in the order of [`Inputs::columns`], after the arguments'.
    pub fields: &'static [Field],
    /// How its value moves with price and with volume.
    pub degree: DegreeRule,
    /// What its value counts.
    pub unit: Unit,
    /// Between which values it lies, in words.
    pub range: &'static str,
    /// What it computes, as a formula over `x`, the arguments and the fields.
    pub definition: &'static str,
    /// The same written with other functions, where it can be: the kernel gives the same bits, and a column inside that
    /// has been computed already need not be computed again.
    pub expression: Option<&'static str>,
    /// Who defined it, whose conventions are followed where authors differ, and why.
    pub source: &'static str,
    /// For the bar counts, in order: how many bars are undefined before the first value, if the inputs are defined
    /// from the first bar on.
    pub warm_up: fn(&[usize]) -> usize,
    /// How it is computed.
    pub kernel: Kernel,
}

/// What stands at one place between the parentheses of a call.
///
/// # Examples
/// ```
/// let quantile = lookback::rule::Function::named("quantile").unwrap();
/// let names: Vec<_> = quantile.arguments.iter().map(|argument| argument.name).collect();
/// assert_eq!(names, ["x", "n", "q"]);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Argument {
    /// How the docs and error messages call it.
    pub name: &'static str,
    /// What may stand there.
    pub kind: ArgumentKind,
}

/// What may stand at a place of a call.
///
/// # Examples
/// ```
/// use lookback::rule::{ArgumentKind, Function};
/// let n = Function::named("rsi").unwrap().arguments[1];
/// assert_eq!(n.kind, ArgumentKind::Bars { default: Some(14), least: 1 });
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum ArgumentKind {
    /// A numeric column; a number alone is a column of it.
    Numbers {
        /// The number that it is where nothing is written.
        default: Option<f64>,
    },
    /// A column of truths.
    Truth,
    /// A whole number of bars: a constant or a parameter.
    Bars {
        /// The count where nothing is written.
        default: Option<usize>,
        /// The lowest that is accepted.
        least: usize,
    },
    /// A number: a constant or a parameter.
    Number {
        /// The number where nothing is written.
        default: Option<f64>,
        /// The lowest that is accepted.
        least: f64,
        /// The highest that is accepted.
        most: f64,
    },
}

/// The degree of a function's value in price and volume, from those of its numeric arguments.
///
/// A function of an argument without a degree has none, [`Free`](Self::Free) included: what is in the window may move
/// in another way from bar to bar.
///
/// # Examples
/// ```
/// use lookback::rule::{DegreeRule, Function};
/// assert_eq!(Function::named("atr").unwrap().degree, DegreeRule::Fixed { price: 1, volume: 0 });
/// assert_eq!(Function::named("variance").unwrap().degree, DegreeRule::Square);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DegreeRule {
    /// (0, 0), whatever the degree of the arguments: a ratio, a count, a rank.
    Free,
    /// That of the numeric argument at this place, counted among the numeric arguments from 0.
    Of(usize),
    /// All numeric arguments have the same degree (0 and NaN fit all), and the value has it too. For a truth: they are
    /// compared, so they must be equal.
    Equal,
    /// Twice that of the first numeric argument.
    Square,
    /// Half that of the first numeric argument; none, if that is odd.
    Root,
    /// (0, 0) of (0, 0), and none of any other: `exp`, `log`.
    Plain,
    /// This degree in price and this one in volume.
    Fixed {
        /// In price.
        price: i8,
        /// In volume.
        volume: i8,
    },
}

/// What a function's value counts.
///
/// # Examples
/// ```
/// let slope = lookback::rule::Function::named("linreg_slope").unwrap();
/// assert_eq!(slope.unit.to_string(), "of x, a bar");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Unit {
    /// The unit of the argument of this name.
    Of(&'static str),
    /// The square of that of the argument of this name.
    SquareOf(&'static str),
    /// The square root of that of the argument of this name.
    RootOf(&'static str),
    /// The unit of the argument of this name, per bar.
    PerBar(&'static str),
    /// Quote currency per share.
    Price,
    /// Shares.
    Shares,
    /// Hundredths of a whole.
    Percent,
    /// Points of a scale of the function's own.
    Points,
    /// Bars.
    Bars,
    /// A plain number.
    Number,
    /// True, false or undefined.
    Truth,
}

/// What a kernel reads. All columns have the same bars.
///
/// # Examples
/// ```
/// use lookback::rule::{Function, Inputs, Kernel};
/// let inputs = Inputs { bars: 3, columns: &[&[2.0, 4.0, 8.0]], truths: &[], counts: &[2], numbers: &[] };
/// let Kernel::Numbers(highest) = Function::named("highest").unwrap().kernel else { unreachable!() };
/// let mut column = Vec::new();
/// highest(&inputs, &mut column);
/// assert_eq!(column[1..], [4.0, 8.0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// How many bars there are.
    pub bars: usize,
    /// The numeric arguments in order, then the [`fields`](Function::fields).
    pub columns: &'a [&'a [f64]],
    /// The arguments that are truths, in order.
    pub truths: &'a [&'a Bits],
    /// The bar counts, in order.
    pub counts: &'a [usize],
    /// The arguments that are a number, in order.
    pub numbers: &'a [f64],
}

/// Computes a column: one value a bar, NaN or undefined where there is none.
///
/// What it is given is empty, and holds `inputs.bars` values afterwards.
///
/// # Examples
/// ```
/// use lookback::rule::{Bits, Function, Inputs, Kernel};
/// let columns: [&[f64]; 2] = [&[1.0, 3.0], &[2.0, 2.0]];
/// let inputs = Inputs { bars: 2, columns: &columns, truths: &[], counts: &[], numbers: &[] };
/// let Kernel::Truth(crossover) = Function::named("crossover").unwrap().kernel else { unreachable!() };
/// let mut truths = Bits::default();
/// crossover(&inputs, &mut truths);
/// assert_eq!(truths.get(1), Some(true));
/// ```
#[derive(Clone, Copy)]
pub enum Kernel {
    /// A numeric column.
    Numbers(fn(&Inputs<'_>, &mut Vec<f64>)),
    /// A column of truths.
    Truth(fn(&Inputs<'_>, &mut Bits)),
}

/// The families, in the order of the docs.
static FAMILIES: [&[Function]; 10] = [
    &averages::TABLE,
    &oscillators::TABLE,
    &directional::TABLE,
    &volume::TABLE,
    &ranges::TABLE,
    &bands::TABLE,
    &extremes::TABLE,
    &statistics::TABLE,
    &arithmetic::TABLE,
    &events::TABLE,
];

/// All functions, in the order of the docs.
///
/// # Examples
/// ```
/// assert!(lookback::rule::functions().any(|function| function.name == "atr"));
/// ```
pub fn functions() -> impl Iterator<Item = &'static Function> {
    FAMILIES.into_iter().flatten()
}

impl Function {
    /// The function of this name, or of this alias.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::Function;
    /// assert_eq!(Function::named("sma").map(|sma| sma.arguments.len()), Some(2));
    /// assert!(Function::named("smaa").is_none());
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        functions().find(|function| function.name == name || function.aliases.contains(&name))
    }
}

impl Argument {
    /// A numeric column that must be written.
    const fn numbers(name: &'static str) -> Self {
        Self { name, kind: ArgumentKind::Numbers { default: None } }
    }

    /// A numeric column that is this number where it is left out.
    const fn numbers_or(name: &'static str, default: f64) -> Self {
        Self { name, kind: ArgumentKind::Numbers { default: Some(default) } }
    }

    /// A number that must be written.
    const fn number(name: &'static str, least: f64, most: f64) -> Self {
        Self { name, kind: ArgumentKind::Number { default: None, least, most } }
    }

    /// A number that may be left out.
    const fn number_or(name: &'static str, default: f64, least: f64, most: f64) -> Self {
        Self { name, kind: ArgumentKind::Number { default: Some(default), least, most } }
    }

    /// A bar count that must be written.
    const fn bars(name: &'static str, least: usize) -> Self {
        Self { name, kind: ArgumentKind::Bars { default: None, least } }
    }

    /// A bar count that may be left out.
    const fn bars_or(name: &'static str, default: usize, least: usize) -> Self {
        Self { name, kind: ArgumentKind::Bars { default: Some(default), least } }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(argument) => write!(f, "of {argument}"),
            Self::SquareOf(argument) => write!(f, "of {argument}, squared"),
            Self::RootOf(argument) => write!(f, "of {argument}, its root"),
            Self::PerBar(argument) => write!(f, "of {argument}, a bar"),
            Self::Price => f.write_str("price"),
            Self::Shares => f.write_str("shares"),
            Self::Percent => f.write_str("percent"),
            Self::Points => f.write_str("points"),
            Self::Bars => f.write_str("bars"),
            Self::Number => f.write_str("number"),
            Self::Truth => f.write_str("true or false"),
        }
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Numbers(_) => "Numbers",
            Self::Truth(_) => "Truth",
        })
    }
}
