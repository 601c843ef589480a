//! Rules: strategies written as expressions over the columns of an asset.
//!
//! A rule knows no cache: it turns text into a graph of nodes, and the columns that a node reads into its own. Who asks
//! decides what is kept.

#![forbid(unsafe_code)]
#![allow(dead_code, reason = "the graph, which reads trees and sets columns, follows")]

mod bars;
mod bits;
mod column;
mod degree;
mod fault;
mod function;
mod parse;
mod token;
mod tree;

pub use bars::{Bars, Stretch};
pub use bits::Bits;
pub use column::{Column, ColumnRef};
pub use degree::{Degree, Type};
pub use function::{Argument, ArgumentKind, DegreeRule, Function, Inputs, Kernel, Unit, functions};
