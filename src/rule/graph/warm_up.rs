//! How many bars pass before a column has its first value.

#![forbid(unsafe_code)]

use super::Graph;
use super::node::{Called, Node, NodeId, Op};
use crate::rule::function::ArgumentKind;

impl Graph {
    /// How many bars of a node are undefined before the first value, where the inputs are defined from the first bar on.
    ///
    /// Of what waits for an event, such as `bars_since`, it counts the bars before the event can be seen.
    ///
    /// # Panics
    /// Where a parameter that it depends on has no value.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// graph.declare("n")?;
    /// let change = graph.number(&Rule::parse("sma(close, n) - sma(close, n)[5]")?)?;
    /// assert_eq!(graph.warm_up(change, &[20.0]), 24);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn warm_up(&self, id: NodeId, values: &[f64]) -> usize {
        let below = self.below(id);
        let mut bars = vec![0_usize; id.index() + 1];
        for at in below {
            let node = self.node(at);
            let of_children = node.children.iter().map(|child| bars[child.index()]).max().unwrap_or(0);
            bars[at.index()] = match node.op {
                Op::Choice(_) => bars[self.resolve(at, values).index()],
                Op::Rise => of_children.saturating_add(1),
                Op::Past => of_children.saturating_add(self.bars(node.children[1], values)),
                Op::Call(called) => {
                    let counts: Vec<usize> =
                        counts(called, node).iter().map(|count| self.bars(*count, values)).collect();
                    of_children.saturating_add((called.0.warm_up)(&counts))
                }
                _ => of_children,
            };
        }
        bars[id.index()]
    }

    /// A count of bars, which was checked; what is none is 0.
    pub(in crate::rule) fn bars(&self, count: NodeId, values: &[f64]) -> usize {
        let number = self.scalar(count, values).number();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast saturates, and NaN is 0"
        )]
        let bars = number as usize;
        bars
    }
}

/// The children of a call that are bar counts.
pub(in crate::rule) fn counts(Called(function): Called, node: &Node) -> &[NodeId] {
    let before = function.fields.len()
        + function
            .arguments
            .iter()
            .filter(|one| matches!(one.kind, ArgumentKind::Numbers { .. } | ArgumentKind::Truth))
            .count();
    let bars = function.arguments.iter().filter(|one| matches!(one.kind, ArgumentKind::Bars { .. })).count();
    &node.children[before..before + bars]
}
