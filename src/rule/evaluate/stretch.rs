//! What has no degree: computed anew on the level of each stretch between two events.

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::apply::{Task, apply};
use super::level::at_level;
use super::operand::Operand;
use crate::rule::bars::{Bars, Stretch};
use crate::rule::bits::Bits;
use crate::rule::column::{Column, ColumnRef};
use crate::rule::degree::{Degree, Type};
use crate::rule::graph::{Graph, NodeId};

impl Graph {
    /// Works out a node with a part that has no degree: at each bar, from the series adjusted as of its own stretch.
    pub(super) fn evaluate_per_stretch(
        &self,
        id: NodeId,
        values: &[f64],
        bars: &dyn Bars,
        columns: &[ColumnRef<'_>],
        out: &mut Column,
    ) {
        let parts = self.free_parts(id);
        let (mut numbers, mut truths) = (Vec::new(), Vec::new());
        let stretches = bars.stretches();
        for (at, stretch) in stretches.iter().enumerate() {
            let end = stretches.get(at + 1).map_or(bars.count(), |next| next.first).min(bars.count());
            let first = stretch.first.min(end);
            let reads = self.node(id).reads.iter().zip(columns);
            let reads: Vec<(NodeId, Operand<'_>)> = reads
                .map(|(read, column)| (*read, as_of(*stretch, self.node(*read).degree(), *column, end)))
                .collect();
            let mut made: Vec<(NodeId, Operand<'_>)> = Vec::with_capacity(parts.len());
            for part in parts.iter().copied().chain([id]) {
                let operand = |child: NodeId| {
                    if self.node(child).is_constant {
                        return Operand::constant(self.scalar(child, values));
                    }
                    let found = reads.iter().chain(&made).find(|(known, _)| *known == child);
                    found.expect("a part is made of what was read or made before").1.clone()
                };
                // On its own level, a number is as it was traded.
                let task = Task { graph: self, id: part, values, bars, count: end, stretches: &[] };
                let mut column = Column::Numbers(Vec::new());
                apply(&task, &operand, &mut column);
                if part == id {
                    match column {
                        Column::Numbers(column) => numbers.extend_from_slice(&column[first..]),
                        Column::Bits(bits) => truths.extend((first..end).map(|bar| bits.get(bar))),
                    }
                } else {
                    let column = match column {
                        Column::Numbers(numbers) => Operand::Numbers(Cow::Owned(numbers)),
                        Column::Bits(bits) => Operand::Bits(Cow::Owned(bits)),
                    };
                    made.push((part, column));
                }
            }
        }
        match self.node(id).kind {
            Type::Truth => *out.become_bits() = truths.into_iter().collect::<Bits>(),
            Type::Number(_) => *out.become_numbers() = numbers,
        }
    }

    /// The nodes without a degree that a node is made of, itself apart, children before their parents.
    fn free_parts(&self, id: NodeId) -> BTreeSet<NodeId> {
        let (mut parts, mut open) = (BTreeSet::new(), vec![id]);
        while let Some(one) = open.pop() {
            let free = self.node(one).children.iter().copied().filter(|child| self.node(*child).is_free());
            open.extend(free.filter(|child| parts.insert(*child)));
        }
        parts
    }
}

/// A column up to the end of a stretch, on the level of the stretch.
fn as_of<'a>(stretch: Stretch, degree: Degree, column: ColumnRef<'a>, end: usize) -> Operand<'a> {
    match column {
        ColumnRef::Numbers(numbers) if degree.is_scaled() => {
            let factor = at_level(stretch, degree);
            Operand::Numbers(Cow::Owned(numbers[..end].iter().map(|number| number * factor).collect()))
        }
        ColumnRef::Numbers(numbers) => Operand::Numbers(Cow::Borrowed(&numbers[..end])),
        ColumnRef::Bits(bits) if end == bits.len() => Operand::Bits(Cow::Borrowed(bits)),
        ColumnRef::Bits(bits) => Operand::Bits(Cow::Owned(bits.iter().take(end).collect())),
    }
}
