//! The column of one node, from the columns that it reads.

#![forbid(unsafe_code)]

mod apply;
mod date;
mod level;
mod operand;
mod relation;
mod stretch;

use std::collections::{BTreeMap, BTreeSet};

use apply::{Task, apply, apply_both};
use operand::Operand;

use super::bars::Bars;
use super::column::{Column, ColumnRef};
use super::graph::{Graph, NodeId};

impl Graph {
    /// Works out the column of a node from the bars alone, with all that it is made of: for one look at a rule.
    ///
    /// # Panics
    /// Where a parameter that it depends on has no value.
    ///
    /// # Examples
    /// ```
    /// # use lookback::Field;
    /// # use lookback::rule::{Bars, Stretch};
    /// # struct Closes(Vec<f64>, Vec<i64>);
    /// # impl Bars for Closes {
    /// #     fn count(&self) -> usize { self.0.len() }
    /// #     fn field(&self, _: Field) -> &[f64] { &self.0 }
    /// #     fn stretches(&self) -> &[Stretch] { &[Stretch { first: 0, price: 1.0, volume: 1.0 }] }
    /// #     fn days(&self) -> &[i64] { &self.1 }
    /// # }
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// let cross = graph.condition(&Rule::parse("crossover(close, sma(close, 2))")?)?;
    /// let bars = Closes(vec![10.0, 9.0, 12.0], vec![0, 1, 2]);
    /// let column = graph.column(cross, &[], &bars);
    /// assert_eq!(column.bits().unwrap().iter().collect::<Vec<_>>(), [None, Some(false), Some(true)]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn column(&self, id: NodeId, values: &[f64], bars: &dyn Bars) -> Column {
        let mut columns = BTreeMap::<NodeId, Column>::new();
        for one in self.needed(self.resolve(id, values), values) {
            let reads = self.reads(one).iter().map(|read| columns[&self.resolve(*read, values)].lend());
            let reads: Vec<ColumnRef<'_>> = reads.collect();
            let mut column = Column::Numbers(Vec::new());
            self.evaluate(one, values, bars, &reads, &mut column);
            columns.insert(one, column);
        }
        columns.pop_last().expect("a node is needed for itself").1
    }

    /// The nodes whose columns a node is worked out from, itself included, each after those that it reads.
    fn needed(&self, id: NodeId, values: &[f64]) -> BTreeSet<NodeId> {
        let (mut needed, mut open) = (BTreeSet::from([id]), vec![id]);
        while let Some(one) = open.pop() {
            let reads = self.reads(one).iter().map(|read| self.resolve(*read, values));
            open.extend(reads.filter(|read| needed.insert(*read)));
        }
        needed
    }

    /// Works out the column of a node from those that it [`reads`](Self::reads), in their order, into a buffer.
    ///
    /// - Numbers of a known degree are on the series adjusted as of the last bar; those without a degree, and truths, are
    ///   on the level of their own bar.
    /// - Costs one pass over the columns; of what has a part without a degree, one for each stretch between two events.
    /// - Allocates nothing where the buffer has held such a column before, unless a number must become a column.
    ///
    /// # Panics
    /// Where the columns are not those that the node reads, or a parameter that it depends on has no value.
    ///
    /// # Examples
    /// ```
    /// # use lookback::Field;
    /// # use lookback::rule::{Bars, Stretch};
    /// # struct Closes(Vec<f64>, Vec<i64>);
    /// # impl Bars for Closes {
    /// #     fn count(&self) -> usize { self.0.len() }
    /// #     fn field(&self, _: Field) -> &[f64] { &self.0 }
    /// #     fn stretches(&self) -> &[Stretch] { &[Stretch { first: 0, price: 1.0, volume: 1.0 }] }
    /// #     fn days(&self) -> &[i64] { &self.1 }
    /// # }
    /// use lookback::rule::{Column, ColumnRef, Graph, Rule};
    /// let mut graph = Graph::default();
    /// let node = graph.condition(&Rule::parse("close > 11")?)?;
    /// let bars = Closes(vec![10.0, 11.0, 12.0], vec![0, 1, 2]);
    /// let mut column = Column::Numbers(Vec::new());
    /// graph.evaluate(node, &[], &bars, &[ColumnRef::Numbers(&bars.0)], &mut column);
    /// assert_eq!(column.bits().unwrap().value(), [0b100]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn evaluate(
        &self,
        id: NodeId,
        values: &[f64],
        bars: &dyn Bars,
        columns: &[ColumnRef<'_>],
        out: &mut Column,
    ) {
        if self.is_per_stretch(id) {
            return self.evaluate_per_stretch(id, values, bars, columns, out);
        }
        apply(&self.task(id, values, bars), &self.operands(id, values, columns), out);
    }

    /// Works out the column of a comparison and that of its [`opposite`](Self::opposite), which read the same columns.
    ///
    /// The bits are those of [`evaluate`](Self::evaluate), for the cost of one.
    ///
    /// # Panics
    /// Where the node is no comparison, the columns are not those that it reads, or a parameter that it depends on has no
    /// value.
    ///
    /// # Examples
    /// ```
    /// # use lookback::Field;
    /// # use lookback::rule::{Bars, Stretch};
    /// # struct Closes(Vec<f64>, Vec<i64>);
    /// # impl Bars for Closes {
    /// #     fn count(&self) -> usize { self.0.len() }
    /// #     fn field(&self, _: Field) -> &[f64] { &self.0 }
    /// #     fn stretches(&self) -> &[Stretch] { &[Stretch { first: 0, price: 1.0, volume: 1.0 }] }
    /// #     fn days(&self) -> &[i64] { &self.1 }
    /// # }
    /// use lookback::rule::{Column, ColumnRef, Graph, Rule};
    /// let mut graph = Graph::default();
    /// let above = graph.condition(&Rule::parse("close > 11")?)?;
    /// graph.condition(&Rule::parse("close < 11")?)?;
    /// let bars = Closes(vec![10.0, 11.0, 12.0], vec![0, 1, 2]);
    /// let (mut of_above, mut of_below) = (Column::Numbers(vec![]), Column::Numbers(vec![]));
    /// let close = [ColumnRef::Numbers(&bars.0)];
    /// graph.evaluate_both(above, &[], &bars, &close, &mut of_above, &mut of_below);
    /// assert_eq!(of_above.bits().unwrap().value(), [0b100]);
    /// assert_eq!(of_below.bits().unwrap().value(), [0b001]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn evaluate_both(
        &self,
        id: NodeId,
        values: &[f64],
        bars: &dyn Bars,
        columns: &[ColumnRef<'_>],
        out: &mut Column,
        opposite: &mut Column,
    ) {
        let other = self.opposite(id).expect("a comparison that has an opposite");
        if self.is_per_stretch(id) || self.is_constant(id) {
            self.evaluate(id, values, bars, columns, out);
            return self.evaluate(other, values, bars, columns, opposite);
        }
        apply_both(&self.task(id, values, bars), &self.operands(id, values, columns), out, opposite);
    }

    /// Whether a part of a node has no degree.
    fn is_per_stretch(&self, id: NodeId) -> bool {
        let node = self.node(id);
        let is_free = node.is_free() || node.children.iter().any(|child| self.node(*child).is_free());
        is_free && !node.is_constant
    }

    fn task<'a>(&'a self, id: NodeId, values: &'a [f64], bars: &'a dyn Bars) -> Task<'a> {
        Task { graph: self, id, values, bars, count: bars.count(), stretches: bars.stretches() }
    }

    /// What the children of a node are worked with.
    fn operands<'a>(
        &'a self,
        id: NodeId,
        values: &'a [f64],
        columns: &'a [ColumnRef<'a>],
    ) -> impl Fn(NodeId) -> Operand<'a> {
        let reads = self.reads(id);
        assert_eq!(columns.len(), reads.len(), "a node is given the columns that it reads");
        move |child| {
            if self.is_constant(child) {
                return Operand::constant(self.scalar(child, values));
            }
            let place = reads.binary_search(&child).expect("a child that is a column is read");
            Operand::column(columns[place])
        }
    }
}
