//! The graph that rules become: each distinct sub-expression is one node, whichever rule holds it.

#![forbid(unsafe_code)]

mod build;
mod call;
mod canonical;
mod count;
mod lower;
mod node;
mod scalar;
mod scope;
mod warm_up;

use std::collections::HashMap;
use std::fmt;

pub use node::NodeId;

#[cfg(feature = "sweep")]
pub(super) use call::arity_fault;

use count::Count;
pub(super) use node::{Arithmetic, Called, Node, Op, Precision, Side, as_number, finite};
pub(super) use scalar::Scalar;
use scope::Scope;
pub(super) use warm_up::counts;

use super::degree::Type;
use super::text::Rule;
use crate::error::Error;

/// Rules, lets and parameters, as a graph of columns.
///
/// Two sub-expressions that mean the same are one node, in whichever rule they stand: what is computed for one serves the
/// other. A node says which parameters it depends on, so that trials which agree on those can share its column; and
/// [`canonical`](Self::canonical) names the column itself, whichever parameter gave a number.
///
/// The values of the parameters are given as a slice, one for each in the order of their declaration. That of a choice is
/// the place of the chosen expression, from 0.
///
/// # Examples
/// ```
/// use lookback::rule::{Graph, Rule};
/// let mut graph = Graph::default();
/// graph.declare("fast")?;
/// graph.declare("slow")?;
/// let buy = graph.condition(&Rule::parse("crossover(sma(close, fast), sma(close, slow))")?)?;
/// assert_eq!(graph.parameters_of(buy), [0, 1]);
/// assert_eq!(graph.canonical(buy, &[5.0, 20.0]), "rise(above(sma(close, 5), sma(close, 20)))");
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    known: HashMap<(Op, Box<[NodeId]>), NodeId>,
    scope: Scope,
    counts: Vec<Count>,
    levels: Vec<Error>,
}

impl Graph {
    /// Declares a parameter whose values are numbers; yields its place among the parameters.
    ///
    /// # Errors
    /// `BadParameter` where the name is taken, or is no name of this language.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::Graph;
    /// let mut graph = Graph::default();
    /// assert_eq!((graph.declare("fast")?, graph.declare("slow")?), (0, 1));
    /// let error = graph.declare("close").unwrap_err().to_string();
    /// assert_eq!(error, "close: is an input of every rule, expected another name");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn declare(&mut self, name: &str) -> Result<usize, Error> {
        let position = self.scope.position();
        let node = self.constant(Op::Parameter(position));
        self.scope.parameter(name, node)?;
        Ok(position)
    }

    /// Declares a parameter whose values are expressions of one type, such as `close` and `hlc3`.
    ///
    /// # Errors
    /// `BadParameter` where the name is taken, or is no name of this language; `Expression` where a choice means nothing,
    /// is a mere number, or is of another type than the first.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// graph.declare_choice("source", &[Rule::parse("close")?, Rule::parse("hlc3")?])?;
    /// let average = graph.number(&Rule::parse("sma(source, 20)")?)?;
    /// assert_eq!(graph.canonical(average, &[0.0]), "sma(close, 20)");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn declare_choice(&mut self, name: &str, choices: &[Rule]) -> Result<usize, Error> {
        let position = self.scope.position();
        let node = self.choices(name, position, choices)?;
        self.scope.parameter(name, node)?;
        Ok(position)
    }

    /// Gives an expression a name that later lets and rules can use.
    ///
    /// # Errors
    /// `BadParameter` where the name is taken, or is no name of this language; `Expression` where it means nothing.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// graph.define("r", &Rule::parse("rsi(close, 14)")?)?;
    /// let low = graph.condition(&Rule::parse("r < 30")?)?;
    /// assert_eq!(graph.canonical(low, &[]), "above(30, rsi(close, 14))");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn define(&mut self, name: &str, rule: &Rule) -> Result<NodeId, Error> {
        self.scope.check(name)?;
        let node = self.lower(rule.tree())?;
        self.scope.define(name, node)?;
        Ok(node)
    }

    /// Adds a rule that is true, false or undefined at each bar.
    ///
    /// # Errors
    /// `Expression` where it means nothing, or is a number.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let error = Graph::default().condition(&Rule::parse("sma(close, 20) > rsi(close, 14)")?).unwrap_err();
    /// assert!(error.to_string().contains("sma(close, 20) is a price, and rsi(close, 14) is a ratio"));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn condition(&mut self, rule: &Rule) -> Result<NodeId, Error> {
        let node = self.lower(rule.tree())?;
        match self.node(node).kind {
            Type::Truth => Ok(node),
            Type::Number(degree) => {
                let message = format!("this is {degree}, expected a condition, such as close > open");
                Err(rule.tree().fault_of(rule.tree().terms.len() - 1, message))
            }
        }
    }

    /// Adds a rule that is a number at each bar.
    ///
    /// # Errors
    /// `Expression` where it means nothing, or is a condition.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Degree, Graph, Rule, Type};
    /// let mut graph = Graph::default();
    /// let stop = graph.number(&Rule::parse("2 * atr(14)")?)?;
    /// assert_eq!(graph.kind(stop), Type::Number(Degree::known(1, 0)));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn number(&mut self, rule: &Rule) -> Result<NodeId, Error> {
        let node = self.lower(rule.tree())?;
        match self.node(node).kind {
            Type::Number(_) => Ok(node),
            Type::Truth => {
                let message = "this is true or false, expected a number, as in close > open ? 1 : 0";
                Err(rule.tree().fault_of(rule.tree().terms.len() - 1, message))
            }
        }
    }

    /// What kind of value a node has.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Degree, Graph, Rule, Type};
    /// let mut graph = Graph::default();
    /// let slow = graph.number(&Rule::parse("log(close)")?)?;
    /// assert_eq!(graph.kind(slow), Type::Number(Degree::None));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn kind(&self, id: NodeId) -> Type {
        self.node(id).kind
    }

    /// Whether it is one value at all bars, made of numbers and parameters alone: it needs no column.
    #[must_use]
    pub fn is_constant(&self, id: NodeId) -> bool {
        self.node(id).is_constant
    }

    /// The places of the parameters that it depends on, ascending.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// graph.declare("fast")?;
    /// graph.declare("slow")?;
    /// let average = graph.number(&Rule::parse("sma(close, slow)")?)?;
    /// assert_eq!(graph.parameters_of(average), [1]); // trials that differ in `fast` alone share it
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn parameters_of(&self, id: NodeId) -> &[usize] {
        &self.node(id).parameters
    }

    /// The names of the parameters, in the order of their declaration.
    ///
    /// # Examples
    /// ```
    /// let mut graph = lookback::rule::Graph::default();
    /// graph.declare("fast")?;
    /// assert_eq!(graph.parameters().collect::<Vec<_>>(), ["fast"]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.scope.parameters()
    }

    /// The nodes whose columns [`evaluate`](Self::evaluate) takes for a node, in that order.
    ///
    /// A choice among them stands for the expression that is chosen: [`resolve`](Self::resolve) tells it.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// let above = graph.condition(&Rule::parse("close > sma(close, 20)")?)?;
    /// let names: Vec<_> = graph.reads(above).iter().map(|read| graph.canonical(*read, &[])).collect();
    /// assert_eq!(names, ["close", "sma(close, 20)"]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn reads(&self, id: NodeId) -> &[NodeId] {
        &self.node(id).reads
    }

    /// The node that a choice stands for; any other node is itself.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// graph.declare_choice("source", &[Rule::parse("close")?, Rule::parse("hlc3")?])?;
    /// let source = graph.number(&Rule::parse("source")?)?;
    /// assert_eq!(graph.canonical(graph.resolve(source, &[0.0]), &[0.0]), "close");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn resolve(&self, id: NodeId, values: &[f64]) -> NodeId {
        let mut id = id;
        while let Op::Choice(position) = self.node(id).op {
            let children = &self.node(id).children;
            id = children[chosen(values, position, children.len())];
        }
        id
    }

    /// The comparison of the same two columns for the other side, where some rule makes it: above for below.
    ///
    /// [`evaluate_both`](Self::evaluate_both) works out the two in one pass.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// let above = graph.condition(&Rule::parse("close > open")?)?;
    /// assert_eq!(graph.opposite(above), None);
    /// let below = graph.condition(&Rule::parse("close < open")?)?;
    /// assert_eq!(graph.opposite(above), Some(below));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn opposite(&self, id: NodeId) -> Option<NodeId> {
        let node = self.node(id);
        let Op::Compare(side, precision) = node.op else { return None };
        self.known.get(&(Op::Compare(side.opposite(), precision), node.children.clone())).copied()
    }

    /// How many nodes there are, of all rules, lets and choices.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// A warning for each place at which a price or volume is crossed with a plain number: a split crosses it, too.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// graph.condition(&Rule::parse("crossover(close, 100)")?)?;
    /// assert!(graph.warnings().next().unwrap().to_string().contains("a split crosses it, too"));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn warnings(&self) -> impl Iterator<Item = &Error> {
        self.levels.iter()
    }

    /// The parts of a node that have no degree, each as it reads: they are computed anew between each two events.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// let rule = graph.condition(&Rule::parse("log(close) > sma(log(close), 20) and close > open")?)?;
    /// assert_eq!(graph.slow_parts(rule), ["log(close)", "sma(log(close), 20)"]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn slow_parts(&self, id: NodeId) -> Vec<String> {
        self.below(id).into_iter().filter(|id| self.node(*id).is_free()).map(|id| self.template(id)).collect()
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// A node and all that it is made of, ascending: children before their parents.
    pub(super) fn below(&self, id: NodeId) -> Vec<NodeId> {
        let mut is_below = vec![false; id.index() + 1];
        is_below[id.index()] = true;
        let mut found = Vec::new();
        for at in (0..=id.0).rev().map(NodeId) {
            if is_below[at.index()] {
                found.push(at);
                self.node(at).children.iter().for_each(|child| is_below[child.index()] = true);
            }
        }
        found.reverse();
        found
    }
}

/// Which of so many choices the value of a parameter means.
///
/// # Panics
/// Where there is no such value, or no such choice.
fn chosen(values: &[f64], position: usize, choices: usize) -> usize {
    let value = values.get(position).expect("every parameter has a value");
    (0..choices)
        .find(|at| as_number(*at).total_cmp(value).is_eq())
        .expect("the value of a choice is one of its places")
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameters: Vec<_> = self.parameters().collect();
        f.debug_struct("Graph").field("nodes", &self.nodes.len()).field("parameters", &parameters).finish()
    }
}
