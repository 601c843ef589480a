//! Every function as it is written in a rule, and its kernel: the table may write one with others, and both are the same.

use lookback::Field;
use lookback::rule::{ArgumentKind, Column, Graph, Kernel, Rule, Stretch};

use super::properties::walk;
use super::{Bars, Call, every_call, same_bits};

/// Bars of which none is adjusted.
struct Plain(Bars, Vec<i64>);

impl lookback::rule::Bars for Plain {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn field(&self, field: Field) -> &[f64] {
        self.0.field(field)
    }

    fn stretches(&self) -> &[Stretch] {
        &[Stretch { first: 0, price: 1.0, volume: 1.0 }]
    }

    fn days(&self) -> &[i64] {
        &self.1
    }
}

/// The call as a rule writes it.
fn written(call: &Call) -> String {
    let (mut counts, mut numbers) = (call.counts.iter(), call.numbers.iter());
    let mut columns = ["close", "open", "high"].into_iter();
    let arguments = call.function.arguments.iter().map(|argument| match argument.kind {
        ArgumentKind::Numbers { .. } => columns.next().unwrap().to_owned(),
        ArgumentKind::Truth => "close > open".to_owned(),
        ArgumentKind::Bars { .. } => counts.next().unwrap().to_string(),
        ArgumentKind::Number { .. } => numbers.next().unwrap().to_string(),
        other => panic!("{call}: {other:?} is not tried"),
    });
    format!("{}({})", call.function.name, arguments.collect::<Vec<_>>().join(", "))
}

#[test]
fn a_function_in_a_rule_has_the_bits_of_its_kernel() {
    let mut bars = walk(300);
    bars.condition = bars.close.iter().zip(&bars.open).map(|(close, open)| Some(close > open)).collect();
    bars.close[150] = f64::NAN;
    bars.condition[150] = None;
    let days = (0..300).collect();
    let plain = Plain(bars, days);
    for call in every_call() {
        let text = written(&call);
        let rule = Rule::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut graph = Graph::default();
        let is_truth = matches!(call.function.kernel, Kernel::Truth(_));
        let node = if is_truth { graph.condition(&rule) } else { graph.number(&rule) };
        let node = node.unwrap_or_else(|error| panic!("{text}: {error}"));
        let found = match graph.column(node, &[], &plain) {
            Column::Numbers(numbers) => numbers,
            Column::Bits(bits) => bits.iter().map(|bit| bit.map_or(f64::NAN, f64::from)).collect(),
        };
        let expected = call.compute(&plain.0);
        for (bar, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!(same_bits(&[*found], &[*expected]), "{text} at bar {bar}: {found}, expected {expected}");
        }
        assert_eq!(found.len(), expected.len(), "{text}");
    }
}
