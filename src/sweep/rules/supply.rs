//! How the columns of a set of rules are had at each point of a grid: lent by the cache, or worked out in the trial.
//!
//! A node that depends on every parameter of a grid belongs to one trial: it is worked out in the worker's own memory,
//! and the cache never hears of it. Any other node is asked for again, by all trials that agree on its parameters, and so
//! is a column of the cache. What the cache and its registry hold follows from those nodes, not from the grid.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use super::compiled::Compiled;
use crate::asset::Field;
use crate::parameter::Parameter;
use crate::rule::{Graph, NodeId};
use crate::sweep::grid::Grid;

/// The steps of a trial, children first.
#[derive(Debug)]
pub(in crate::sweep) struct Supply {
    pub(super) steps: Vec<Step>,
    /// The step of a node, by the node's index.
    steps_of: Vec<Option<u32>>,
    /// How many values each parameter has.
    pub(super) counts: Vec<usize>,
}

/// A column that a trial needs.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) node: NodeId,
    pub(super) source: Source,
    /// The step of the comparison of the same columns for the other side, where the trial works out both: one pass tells
    /// them.
    pub(super) opposite: Option<usize>,
}

/// Where a column comes from.
#[derive(Debug)]
pub(super) enum Source {
    /// The bars themselves.
    Field(Field),
    /// The cache: one column for each combination of the values of the node's parameters.
    Cached {
        /// How many combinations there are.
        columns: usize,
    },
    /// The trial.
    Trial,
}

impl Supply {
    pub(in crate::sweep) fn new(rules: &Compiled, grid: &Grid) -> Self {
        let graph = &rules.graph;
        let counts: Vec<usize> = grid.parameters().iter().map(Parameter::count).collect();
        let varied: Vec<usize> = (0..counts.len()).filter(|at| counts[*at] > 1).collect();
        let mut steps = BTreeMap::new();
        let mut open: Vec<NodeId> = rules.columns().collect();
        while let Some(node) = open.pop() {
            if steps.contains_key(&node) {
                continue;
            }
            let source = source(graph, node, &counts, &varied);
            if source.is_trial() {
                open.extend(graph.reads(node).iter().flat_map(|read| meanings(graph, *read, &counts)));
            }
            steps.insert(node, source);
        }
        let mut steps_of = vec![None; graph.len()];
        for (at, node) in (0_u32..).zip(steps.keys()) {
            steps_of[node.index()] = Some(at);
        }
        let opposite = |node: NodeId, source: &Source| {
            let other = graph.opposite(node).filter(|_| source.is_trial())?;
            steps_of[other.index()].map(|step| step as usize)
        };
        let step = |(node, source)| Step { node, opposite: opposite(node, &source), source };
        let steps = steps.into_iter().map(step).collect();
        Self { steps, steps_of, counts }
    }

    /// The place of a node's step.
    pub(super) fn step(&self, node: NodeId) -> usize {
        self.steps_of[node.index()].expect("every node that a trial needs has its step") as usize
    }
}

impl Source {
    pub(super) fn is_trial(&self) -> bool {
        matches!(self, Self::Trial)
    }
}

fn source(graph: &Graph, node: NodeId, counts: &[usize], varied: &[usize]) -> Source {
    let parameters = graph.parameters_of(node);
    match field(graph, node) {
        Some(field) => Source::Field(field),
        None if graph.is_constant(node) || varied.iter().all(|at| parameters.contains(at)) => Source::Trial,
        None => Source::Cached { columns: parameters.iter().map(|at| counts[*at]).product() },
    }
}

/// The field that a node is; no other node reads as one does.
pub(super) fn field(graph: &Graph, node: NodeId) -> Option<Field> {
    let name = graph.template(node);
    Field::STORED.into_iter().find(|field| field.name() == name)
}

/// What a node may stand for: the alternatives of a choice, or itself.
fn meanings(graph: &Graph, node: NodeId, counts: &[usize]) -> Vec<NodeId> {
    let mut values = vec![0.0; counts.len()];
    if graph.resolve(node, &values) == node {
        return vec![node];
    }
    let parameters = graph.parameters_of(node);
    let points: usize = parameters.iter().map(|at| counts[*at]).product();
    let mut found: Vec<NodeId> = Vec::new();
    for point in 0..points {
        let mut rest = point;
        for at in parameters {
            values[*at] = place(rest % counts[*at]);
            rest /= counts[*at];
        }
        found.push(graph.resolve(node, &values));
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[expect(clippy::cast_precision_loss, reason = "a choice has few values")]
fn place(at: usize) -> f64 {
    at as f64
}
