//! A condition on one number, brought to a comparison of it: `2 * x - 3 > 5` says `x > 4`.

#![forbid(unsafe_code)]

use crate::rule::{Binary, Fraction, Operator, Step, Value};

/// A comparison of the only name that a condition reads with a number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Isolated {
    pub(super) relation: Binary,
    pub(super) number: Fraction,
}

/// Brings a condition of one name to that form: exact arithmetic moves what is done to the name to the other side. None
/// where the name stands more than once, or something else is done to it.
pub(super) fn isolate(steps: &[Step]) -> Option<Isolated> {
    let (Step::Apply(Operator::Binary(relation)), sides) = steps.split_last()? else { return None };
    if !relation.is_comparison() {
        return None;
    }
    let (mut relation, mut side, mut number) = match sides {
        [side @ .., Step::Known(Value::Exact(number))] => (*relation, side, *number),
        [Step::Known(Value::Exact(number)), side @ ..] => (mirrored(*relation), side, *number),
        _ => return None,
    };
    loop {
        let is_turned;
        (side, number, is_turned) = match side {
            [Step::Read(_)] => return Some(Isolated { relation, number }),
            [inner @ .., Step::Apply(Operator::Negate)] => (inner, number.negated()?, true),
            [inner @ .., Step::Known(Value::Exact(by)), Step::Apply(Operator::Binary(binary))] => {
                match binary {
                    Binary::Add => (inner, number.minus(*by)?, false),
                    Binary::Subtract => (inner, number.plus(*by)?, false),
                    Binary::Multiply => (inner, number.over(*by)?, by.is_negative()),
                    // A quotient by 0 is undefined, whatever is on the other side.
                    Binary::Divide => {
                        Fraction::over(number, *by)?;
                        (inner, number.times(*by)?, by.is_negative())
                    }
                    _ => return None,
                }
            }
            // What follows the number may be its other operand in parts: then the last of them is none of one name.
            [Step::Known(Value::Exact(by)), inner @ .., Step::Apply(Operator::Binary(binary))]
                if is_whole(inner) =>
            {
                match binary {
                    Binary::Add => (inner, number.minus(*by)?, false),
                    Binary::Subtract => (inner, by.minus(number)?, true),
                    Binary::Multiply => (inner, number.over(*by)?, by.is_negative()),
                    _ => return None,
                }
            }
            _ => return None,
        };
        if is_turned {
            relation = mirrored(relation);
        }
    }
}

/// Whether steps are one operand, and nothing of another's.
fn is_whole(steps: &[Step]) -> bool {
    let mut depth = 0_usize;
    for step in steps {
        if let Step::Apply(operator) = step {
            match depth.checked_sub(operator.operands()) {
                Some(left) => depth = left,
                None => return false,
            }
        }
        depth += 1;
    }
    depth == 1
}

/// The same with its sides exchanged.
fn mirrored(relation: Binary) -> Binary {
    match relation {
        Binary::Above => Binary::Below,
        Binary::AtLeast => Binary::AtMost,
        Binary::Below => Binary::Above,
        Binary::AtMost => Binary::AtLeast,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::{Formula, Names};

    fn isolated(text: &str) -> Option<String> {
        let names = Names { what: "parameter", names: &["x"], known: "" };
        let formula = Formula::condition("constraint", text, names).unwrap();
        let found = isolate(formula.steps())?;
        Some(format!("x {} {}", found.relation.sign(), found.number.nearest()))
    }

    #[test]
    fn what_is_done_to_the_name_is_moved_to_the_other_side() {
        let cases = [
            ("x > 5", "x > 5"),
            ("5 > x", "x < 5"),
            ("2 * x - 3 > 5", "x > 4"),
            ("3 - 2 * x >= 5", "x <= -1"),
            ("-x / -4 < 2", "x < 8"),
            ("10 <= 4 * (x + 1)", "x >= 1.5"),
            ("1 + -(2 - x) == 0", "x == 1"),
            ("x * -0.5 != 2", "x != -4"),
        ];
        for (text, expected) in cases {
            assert_eq!(isolated(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "x * x > 4",
            "1 / x > 2",
            "x / 0 > 1",
            "0 * x > 1",
            "2 * x + x > 3",
            "abs(x) > 1",
            "x > 1 or x < 0",
        ] {
            assert_eq!(isolated(text), None, "{text}");
        }
    }
}
