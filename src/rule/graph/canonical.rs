//! The name of a column: equal for equal columns, whichever rule asks and whichever parameter gave a number.

#![forbid(unsafe_code)]

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::node::{Called, Node, NodeId, Op, Precision, Side};
use super::scalar::Scalar;
use super::{Graph, chosen};
use crate::rule::function::ArgumentKind;

/// The longest name that is written out: a longer one ends in its digest, so that names of names do not grow.
const LONGEST: usize = 160;

/// Hexadecimal digits of a digest: 128 bits, so that two of a billion columns share one with a chance of 10^-21.
const DIGITS: usize = 32;

impl Graph {
    /// What a node's column is, as text: equal for equal columns, whichever parameter gave a number, and bounded in length.
    ///
    /// # Panics
    /// Where a parameter that it depends on has no value.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// graph.declare("fast")?;
    /// graph.declare("slow")?;
    /// let fast = graph.number(&Rule::parse("sma(close, fast)")?)?;
    /// let slow = graph.number(&Rule::parse("sma(close, slow)")?)?;
    /// assert_eq!(graph.canonical(fast, &[20.0, 50.0]), graph.canonical(slow, &[5.0, 20.0]));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn canonical(&self, id: NodeId, values: &[f64]) -> String {
        self.name(id, Some(values))
    }

    /// How a node reads with its parameters by name.
    ///
    /// # Examples
    /// ```
    /// use lookback::rule::{Graph, Rule};
    /// let mut graph = Graph::default();
    /// graph.declare("n")?;
    /// let average = graph.number(&Rule::parse("sma( close,n )")?)?;
    /// assert_eq!(graph.template(average), "sma(close, n)");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn template(&self, id: NodeId) -> String {
        self.name(id, None)
    }

    fn name(&self, id: NodeId, values: Option<&[f64]>) -> String {
        let below = self.below(id);
        let mut names = vec![String::new(); id.index() + 1];
        for at in below {
            let node = self.node(at);
            names[at.index()] = match values {
                Some(values) if node.is_constant => constant(self.scalar(at, values)),
                _ => shortened(self.compose(node, values, &names)),
            };
        }
        names.swap_remove(id.index())
    }

    fn compose(&self, node: &Node, values: Option<&[f64]>, names: &[String]) -> String {
        let of = |place: usize| names[node.children[place].index()].as_str();
        match node.op {
            Op::Number(bits) => number(f64::from_bits(bits)),
            Op::Parameter(position) => self.parameters().nth(position).unwrap_or_default().to_owned(),
            Op::Choice(position) => match values {
                Some(values) => of(chosen(values, position, node.children.len())).to_owned(),
                None => self.parameters().nth(position).unwrap_or_default().to_owned(),
            },
            Op::Field(field) => field.name().to_owned(),
            Op::BarIndex => "bar_index".to_owned(),
            Op::Month => "month".to_owned(),
            Op::DayOfWeek => "day_of_week".to_owned(),
            Op::Negate => format!("-({})", of(0)),
            Op::Arithmetic(arithmetic) => {
                let mut sides = [of(0), of(1)];
                if node.op.is_commutative() {
                    sides.sort_unstable();
                }
                format!("({} {} {})", sides[0], arithmetic.sign(), sides[1])
            }
            Op::And | Op::Or => {
                let mut sides = [of(0), of(1)];
                sides.sort_unstable();
                format!("({} {} {})", sides[0], if node.op == Op::And { "and" } else { "or" }, sides[1])
            }
            Op::Compare(side, precision) => {
                let exactly = if precision == Precision::Exact { "exactly_" } else { "" };
                let side = if side == Side::Above { "above" } else { "below" };
                format!("{exactly}{side}({}, {})", of(0), of(1))
            }
            Op::Not => format!("not({})", of(0)),
            Op::Rise => format!("rise({})", of(0)),
            Op::If => format!("({} ? {} : {})", of(0), of(1), of(2)),
            Op::Past => format!("{}[{}]", of(0), of(1)),
            Op::Call(called) => call(called, node, names),
        }
    }
}

/// A call with its arguments in the order in which they are written.
fn call(Called(function): Called, node: &Node, names: &[String]) -> String {
    let count =
        |is_of: fn(&ArgumentKind) -> bool| function.arguments.iter().filter(|one| is_of(&one.kind)).count();
    let numbers = count(|kind| matches!(kind, ArgumentKind::Numbers { .. })) + function.fields.len();
    let truths = count(|kind| matches!(kind, ArgumentKind::Truth));
    let bars = count(|kind| matches!(kind, ArgumentKind::Bars { .. }));
    let mut next = [0, numbers, numbers + truths, numbers + truths + bars];
    let mut text = format!("{}(", function.name);
    for (place, argument) in function.arguments.iter().enumerate() {
        let family = match argument.kind {
            ArgumentKind::Numbers { .. } => 0,
            ArgumentKind::Truth => 1,
            ArgumentKind::Bars { .. } => 2,
            ArgumentKind::Number { .. } => 3,
        };
        text.push_str(if place == 0 { "" } else { ", " });
        text.push_str(&names[node.children[next[family]].index()]);
        next[family] += 1;
    }
    text.push(')');
    text
}

fn constant(scalar: Scalar) -> String {
    match scalar {
        Scalar::Number(value) => number(value),
        Scalar::Truth(Some(truth)) => truth.to_string(),
        Scalar::Truth(None) => "undefined".to_owned(),
    }
}

fn number(value: f64) -> String {
    let size = value.abs();
    if size.total_cmp(&0.0).is_eq() || (1e-6..1e15).contains(&size) {
        format!("{value}")
    } else {
        format!("{value:?}")
    }
}

/// A name as it is, or what it begins with and its digest.
fn shortened(name: String) -> String {
    if name.len() <= LONGEST {
        return name;
    }
    let start: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
    let mut short = format!("{start}#");
    for byte in Sha256::digest(name.as_bytes()).iter().take(DIGITS / 2) {
        let _ = write!(short, "{byte:02x}");
    }
    short
}
