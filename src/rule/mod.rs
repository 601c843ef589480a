//! Rules: strategies written as expressions over the columns of an asset.
//!
//! A rule knows no cache: it turns text into a graph of nodes, and the columns that a node reads into its own. Who asks
//! decides what is kept.
//!
//! [`Rule`] reads a text; [`Graph`] binds rules, lets and parameters, checks types, and evaluates one node at a time.

#![forbid(unsafe_code)]

mod bars;
mod bits;
mod column;
mod degree;
mod evaluate;
mod expression;
mod fault;
#[cfg(feature = "sweep")]
mod formula;
mod function;
mod graph;
mod parse;
mod text;
mod token;
mod tree;

pub use bars::{Bars, Stretch};
pub use bits::Bits;
pub use column::{Column, ColumnRef};
pub use degree::{Degree, Type};
pub use expression::Expression;
pub use function::{Argument, ArgumentKind, DegreeRule, Function, Inputs, Kernel, Unit, functions};
pub use graph::{Graph, NodeId};
pub use text::Rule;

#[cfg(feature = "sweep")]
pub(crate) use formula::{Binary, Formula, Fraction, Names, Operator, Step, Value, fold, run};

/// The words that an [`Expression`] is built of: inputs, parameters and functions.
///
/// # Examples
/// ```
/// use lookback::rule::words::{close, highest};
/// assert_eq!(close().at_least(highest(close(), 55)).to_string(), "close >= highest(close, 55)");
/// ```
pub mod words {
    pub use super::expression::{
        abs, adx, atr, bars_since, bollinger_lower, bollinger_upper, call, cci, clamp, close, donchian_high,
        donchian_low, ema, falling, high, highest, input, log, low, lowest, macd, macd_signal, max, min, nz,
        open, parameter, rising, rma, roc, rsi, sma, sqrt, stdev, volume, wma, zscore,
    };
}
