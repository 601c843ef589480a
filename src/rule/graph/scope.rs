//! Which names a rule may use, and what they stand for.

#![forbid(unsafe_code)]

use std::collections::HashMap;

use super::node::NodeId;
use crate::error::Error;
use crate::rule::function::{Function, functions};

/// What a rule can read of a bar without declaring it.
pub(in crate::rule) const INPUTS: [&str; 12] = [
    "open",
    "high",
    "low",
    "close",
    "volume",
    "hl2",
    "hlc3",
    "ohlc4",
    "bar_index",
    "month",
    "day_of_week",
    "nan",
];

const OPERATORS: [&str; 3] = ["and", "or", "not"];

/// Parameters and lets by name.
#[derive(Clone, Default, Debug)]
pub(super) struct Scope {
    names: HashMap<String, NodeId>,
    parameters: Vec<String>,
}

impl Scope {
    /// Refuses what is no name of the language, and what would hide another.
    pub(super) fn check(&self, name: &str) -> Result<(), Error> {
        let starts_well = name.starts_with(|one: char| one.is_ascii_lowercase() || one == '_');
        let is_word = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_';
        let message = if !starts_well || !name.chars().all(is_word) {
            "is no name, expected lower case letters, digits and underscores"
        } else if INPUTS.contains(&name) {
            "is an input of every rule, expected another name"
        } else if OPERATORS.contains(&name) {
            "is an operator, expected another name"
        } else if Function::named(name).is_some() {
            "is a function, expected another name"
        } else if self.parameters.iter().any(|known| known == name) {
            "is a parameter already, expected another name"
        } else if self.names.contains_key(name) {
            "is given by a let already, expected another name"
        } else {
            return Ok(());
        };
        Err(Error::bad_parameter(if name.is_empty() { "\"\"" } else { name }, message))
    }

    /// The place that the next parameter will have.
    pub(super) fn position(&self) -> usize {
        self.parameters.len()
    }

    pub(super) fn parameter(&mut self, name: &str, node: NodeId) -> Result<(), Error> {
        self.define(name, node)?;
        self.parameters.push(name.to_owned());
        Ok(())
    }

    pub(super) fn define(&mut self, name: &str, node: NodeId) -> Result<(), Error> {
        self.check(name)?;
        self.names.insert(name.to_owned(), node);
        Ok(())
    }

    pub(super) fn find(&self, name: &str) -> Option<NodeId> {
        self.names.get(name).copied()
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.parameters.iter().map(String::as_str)
    }

    /// All names that stand for a value, in no order.
    pub(super) fn known(&self) -> impl Iterator<Item = &str> {
        INPUTS.into_iter().chain(self.names.keys().map(String::as_str))
    }
}

/// All names that can be called.
pub(super) fn callable() -> impl Iterator<Item = &'static str> {
    functions().flat_map(|function| std::iter::once(function.name).chain(function.aliases.iter().copied()))
}
