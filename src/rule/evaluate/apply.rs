//! What a node makes of its operands.

#![forbid(unsafe_code)]

use std::borrow::Cow;

use super::date::{day_of_week, month};
use super::level::at_level;
use super::operand::Operand;
use super::relation::{relate, relate_both};
use crate::rule::bars::{Bars, Stretch};
use crate::rule::bits::Bits;
use crate::rule::column::Column;
use crate::rule::degree::{Degree, Type};
use crate::rule::function::{Function, Inputs, Kernel};
use crate::rule::graph::{Called, Graph, Node, NodeId, Op, Side, as_number, counts, finite};

/// A node to work out, and what it is worked out for.
pub(super) struct Task<'a> {
    pub(super) graph: &'a Graph,
    pub(super) id: NodeId,
    pub(super) values: &'a [f64],
    pub(super) bars: &'a dyn Bars,
    /// How many bars its column has.
    pub(super) count: usize,
    /// The levels that prices are traded on, where the operands are adjusted as of the last bar; none where they are on
    /// the level of the bar that asks.
    pub(super) stretches: &'a [Stretch],
}

/// Works out a node from its operands.
pub(super) fn apply<'a>(task: &Task<'a>, operand: &dyn Fn(NodeId) -> Operand<'a>, out: &mut Column) {
    let node = task.graph.node(task.id);
    let of = |place: usize| operand(node.children[place]);
    let numbers = |place: usize| of(place).into_numbers(task.count);
    let bits = |place: usize| of(place).into_bits(task.count);
    match node.op {
        _ if node.is_constant => constant(task, out),
        Op::Number(_) | Op::Parameter(_) => constant(task, out),
        Op::Choice(_) => {
            let chosen = operand(task.graph.resolve(task.id, task.values));
            copy(node, chosen, task.count, out);
        }
        Op::Field(field) => out.become_numbers().extend_from_slice(&task.bars.field(field)[..task.count]),
        Op::BarIndex => out.become_numbers().extend((0..task.count).map(as_number)),
        Op::Month => dates(task, month, out),
        Op::DayOfWeek => dates(task, day_of_week, out),
        Op::Negate => out.become_numbers().extend(numbers(0).iter().map(|number| -number)),
        Op::Arithmetic(arithmetic) => {
            use crate::rule::graph::Arithmetic::{Add, Divide, Multiply, Remainder, Subtract};
            let (a, b) = (of(0), of(1));
            match arithmetic {
                Add => combine(a, b, task.count, |a, b| finite(a + b), out),
                Subtract => combine(a, b, task.count, |a, b| finite(a - b), out),
                Multiply => combine(a, b, task.count, |a, b| finite(a * b), out),
                Divide => combine(a, b, task.count, |a, b| finite(a / b), out),
                Remainder => combine(a, b, task.count, |a, b| finite(a % b), out),
            }
        }
        Op::Compare(side, precision) => {
            let [a, b] = compared(task, node, [of(0), of(1)]);
            relate(side, precision, &a, &b, out.become_bits());
        }
        Op::Not => out.become_bits().set_not(&bits(0)),
        Op::And => out.become_bits().set_and(&bits(0), &bits(1)),
        Op::Or => out.become_bits().set_or(&bits(0), &bits(1)),
        Op::Rise => out.become_bits().set_rise(&bits(0)),
        Op::If if node.kind == Type::Truth => out.become_bits().set_choice(&bits(0), &bits(1), &bits(2)),
        Op::If => choose(&bits(0), &numbers(1), &numbers(2), out.become_numbers()),
        Op::Past => {
            let back = task.graph.bars(node.children[1], task.values);
            match of(0) {
                base @ (Operand::Bits(_) | Operand::Truth(_)) => {
                    out.become_bits().set_past(&base.into_bits(task.count), back);
                }
                base => past(&base.into_numbers(task.count), back, out.become_numbers()),
            }
        }
        Op::Call(called) => call(task, node, called, &of, out),
    }
}

fn constant(task: &Task<'_>, out: &mut Column) {
    let scalar = task.graph.scalar(task.id, task.values);
    copy(task.graph.node(task.id), Operand::constant(scalar), task.count, out);
}

fn copy(node: &Node, operand: Operand<'_>, count: usize, out: &mut Column) {
    match node.kind {
        Type::Truth => out.become_bits().clone_from(&operand.into_bits(count)),
        Type::Number(_) => out.become_numbers().extend_from_slice(&operand.into_numbers(count)),
    }
}

fn dates(task: &Task<'_>, of: fn(i64) -> i64, out: &mut Column) {
    #[expect(clippy::cast_precision_loss, reason = "a month is at most 12")]
    let number = |day: &i64| of(*day) as f64;
    out.become_numbers().extend(task.bars.days()[..task.count].iter().map(number));
}

/// A loop of its own for each operation, and none that asks at each bar whether a side is one number.
#[inline]
fn combine(a: Operand<'_>, b: Operand<'_>, count: usize, of: impl Fn(f64, f64) -> f64, out: &mut Column) {
    let out = out.become_numbers();
    match (a, b) {
        (Operand::Numbers(a), Operand::Number(b)) => out.extend(a.iter().map(|a| of(*a, b))),
        (Operand::Number(a), Operand::Numbers(b)) => out.extend(b.iter().map(|b| of(a, *b))),
        (a, b) => {
            let (a, b) = (a.into_numbers(count), b.into_numbers(count));
            out.extend(a.iter().zip(b.iter()).map(|(a, b)| of(*a, *b)));
        }
    }
}

/// Works out a comparison, and that of the same columns for the other side, in one pass.
pub(super) fn apply_both<'a>(
    task: &Task<'a>,
    operand: &dyn Fn(NodeId) -> Operand<'a>,
    out: &mut Column,
    opposite: &mut Column,
) {
    let node = task.graph.node(task.id);
    let Op::Compare(side, precision) = node.op else { unreachable!("only a comparison has two sides") };
    let [a, b] = compared(task, node, [operand(node.children[0]), operand(node.children[1])]);
    let (above, below) = if side == Side::Above { (out, opposite) } else { (opposite, out) };
    relate_both(precision, &a, &b, above.become_bits(), below.become_bits());
}

/// The two columns that a comparison compares: a price beside a plain number is one as it was traded on that day.
fn compared<'a>(task: &Task<'_>, node: &Node, [a, b]: [Operand<'a>; 2]) -> [Cow<'a, [f64]>; 2] {
    let degree = |place: usize| task.graph.node(node.children[place]).degree();
    let (a, b) = (a.into_numbers(task.count), b.into_numbers(task.count));
    match (degree(0), degree(1)) {
        (moved, Degree::Plain) if moved.is_scaled() => [traded(a, task.stretches, moved), b],
        (Degree::Plain, moved) if moved.is_scaled() => [a, traded(b, task.stretches, moved)],
        _ => [a, b],
    }
}

/// A column as it was traded on each day.
fn traded<'a>(column: Cow<'a, [f64]>, stretches: &[Stretch], degree: Degree) -> Cow<'a, [f64]> {
    if stretches.iter().all(|stretch| at_level(*stretch, degree).to_bits() == 1.0_f64.to_bits()) {
        return column;
    }
    let mut column = column.into_owned();
    let ends =
        stretches.iter().skip(1).map(|stretch| stretch.first).chain([column.len()]).collect::<Vec<_>>();
    for (stretch, end) in stretches.iter().zip(ends) {
        let factor = at_level(*stretch, degree);
        let end = end.min(column.len());
        column[stretch.first.min(end)..end].iter_mut().for_each(|value| *value *= factor);
    }
    Cow::Owned(column)
}

fn choose(condition: &Bits, yes: &[f64], no: &[f64], out: &mut Vec<f64>) {
    out.extend(condition.iter().zip(yes.iter().zip(no)).map(|(condition, (yes, no))| match condition {
        Some(true) => *yes,
        Some(false) => *no,
        None => f64::NAN,
    }));
}

fn past(column: &[f64], back: usize, out: &mut Vec<f64>) {
    let undefined = back.min(column.len());
    out.resize(undefined, f64::NAN);
    out.extend_from_slice(&column[..column.len() - undefined]);
}

fn call<'a>(
    task: &Task<'a>,
    node: &Node,
    called: Called,
    of: &dyn Fn(usize) -> Operand<'a>,
    out: &mut Column,
) {
    let counts: Vec<usize> =
        counts(called, node).iter().map(|count| task.graph.bars(*count, task.values)).collect();
    let Families { columns, truths, numbers } = Families::of(called.0);
    let columns: Vec<_> = columns.map(|place| of(place).into_numbers(task.count)).collect();
    let truths: Vec<_> = truths.map(|place| of(place).into_bits(task.count)).collect();
    let numbers: Vec<f64> =
        numbers.map(|place| task.graph.scalar(node.children[place], task.values).number()).collect();
    let inputs = Inputs {
        bars: task.count,
        columns: &columns.iter().map(AsRef::as_ref).collect::<Vec<&[f64]>>(),
        truths: &truths.iter().map(AsRef::as_ref).collect::<Vec<&Bits>>(),
        counts: &counts,
        numbers: &numbers,
    };
    match called.0.kernel {
        Kernel::Numbers(compute) => compute(&inputs, out.become_numbers()),
        Kernel::Truth(compute) => {
            let bits = out.become_bits();
            *bits = Bits::default();
            compute(&inputs, bits);
        }
    }
}

/// The places of a call's children by what they are; bar counts stand before the numbers.
struct Families {
    columns: std::ops::Range<usize>,
    truths: std::ops::Range<usize>,
    numbers: std::ops::Range<usize>,
}

impl Families {
    fn of(function: &Function) -> Self {
        use crate::rule::function::ArgumentKind::{Bars, Number, Numbers, Truth};
        let (mut columns, mut truths, mut counts, mut numbers) = (function.fields.len(), 0, 0, 0);
        for argument in function.arguments {
            match argument.kind {
                Numbers { .. } => columns += 1,
                Truth => truths += 1,
                Bars { .. } => counts += 1,
                Number { .. } => numbers += 1,
            }
        }
        let first = columns + truths + counts;
        Self { columns: 0..columns, truths: columns..columns + truths, numbers: first..first + numbers }
    }
}
