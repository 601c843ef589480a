//! Constraints between parameters: `fast < slow and slow - fast >= 5`, in the language of rules.

#![forbid(unsafe_code)]

use std::cmp::Ordering;

use rust_decimal::Decimal;

use crate::error::Error;
use crate::nearest::suggestion;
use crate::rule::{Binary, Formula, Names, Operator, Step, Value};

/// Conditions that all must hold. The empty one holds everywhere.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Constraint {
    pub(super) parts: Vec<Part>,
}

/// One condition: mostly a comparison of two parameters or numbers, which is counted without visiting each point.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Part {
    Comparison(Comparison),
    Formula(Formula),
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct Comparison {
    pub(super) left: Operand,
    pub(super) relation: Relation,
    pub(super) right: Operand,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Operand {
    /// The position of a parameter in its grid.
    Parameter(usize),
    Number(Decimal),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Relation {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    Unequal,
}

impl Constraint {
    /// Reads a condition; `names` are the grid's parameters. A text of blanks is no condition.
    pub(super) fn parse(text: &str, names: &[&str]) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let names = Names { what: "parameter", names, known: &known(names) };
        let parts = Formula::conditions("constraint", text, names)?.into_iter().map(Part::new);
        Ok(Self { parts: parts.collect() })
    }

    /// The positions of the parameters that it reads.
    pub(super) fn parameters(&self) -> impl Iterator<Item = usize> {
        self.parts.iter().flat_map(|part| match part {
            Part::Comparison(one) => {
                let operands = [&one.left, &one.right].into_iter();
                let positions = operands.filter_map(|operand| match operand {
                    Operand::Parameter(position) => Some(*position),
                    Operand::Number(_) => None,
                });
                positions.collect()
            }
            Part::Formula(formula) => formula.reads(),
        })
    }
}

impl Part {
    fn new(formula: Formula) -> Self {
        let operand = |step: &Step| match step {
            Step::Read(position) => Some(Operand::Parameter(*position)),
            Step::Known(Value::Exact(number)) => number.decimal().map(Operand::Number),
            _ => None,
        };
        if let [left, right, Step::Apply(Operator::Binary(binary))] = formula.steps()
            && let (Some(left), Some(right)) = (operand(left), operand(right))
            && let Some(relation) = Relation::of(*binary)
        {
            return Self::Comparison(Comparison { left, relation, right });
        }
        Self::Formula(formula)
    }

    /// How it reads; a comparison in one way, however it was typed.
    pub(super) fn text(&self, names: &[&str]) -> String {
        let operand = |operand: &Operand| match operand {
            Operand::Parameter(position) => names[*position].to_owned(),
            Operand::Number(number) => number.normalize().to_string(),
        };
        match self {
            Self::Comparison(one) => {
                format!("{} {} {}", operand(&one.left), one.relation.sign(), operand(&one.right))
            }
            Self::Formula(formula) => formula.text().to_owned(),
        }
    }
}

impl Relation {
    const ALL: [(Binary, Self); 6] = [
        (Binary::Below, Self::Less),
        (Binary::AtMost, Self::LessOrEqual),
        (Binary::Above, Self::Greater),
        (Binary::AtLeast, Self::GreaterOrEqual),
        (Binary::Equal, Self::Equal),
        (Binary::Unequal, Self::Unequal),
    ];

    /// The relation of an operator, where it is one.
    pub(super) fn of(binary: Binary) -> Option<Self> {
        Self::ALL.into_iter().find(|(operator, _)| *operator == binary).map(|(_, relation)| relation)
    }

    fn sign(self) -> &'static str {
        Self::ALL.iter().find(|(_, relation)| *relation == self).map_or("", |(binary, _)| binary.sign())
    }

    /// Whether it holds for two numbers of this order.
    pub(super) fn accepts(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Equal => order.is_eq(),
            Self::Unequal => order.is_ne(),
        }
    }
}

/// What there is, for whoever asks for another.
fn known(names: &[&str]) -> String {
    format!("the strategy has {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") })
}

/// The error for a name that is no parameter, with the nearest that is.
pub(super) fn unknown(subject: &str, name: &str, names: &[&str]) -> Error {
    let nearest = suggestion(name, names.iter().copied());
    Error::bad_parameter(subject, format!("unknown parameter {name}{nearest}; {}", known(names)))
}

#[cfg(test)]
mod tests {
    use super::super::program::Program;
    use super::super::walk::Walk;
    use super::*;
    use crate::parameter::Parameter;

    const NAMES: [&str; 2] = ["fast", "slow"];

    fn holds(text: &str, fast: i64, slow: i64) -> bool {
        let parameters = [("fast", fast), ("slow", slow)]
            .map(|(name, value)| Parameter::new(name, &value.to_string()).unwrap());
        let constraints = [Constraint::parse(text, &NAMES).unwrap()];
        let program = Program::new(&parameters, &constraints).unwrap();
        Walk::new(&program, 0).holds()
    }

    fn error(text: &str) -> String {
        Constraint::parse(text, &NAMES).unwrap_err().to_string()
    }

    #[test]
    fn every_relation_compares_as_written() {
        assert!(holds("fast < slow", 1, 2) && !holds("fast < slow", 2, 2));
        assert!(holds("fast<=slow", 2, 2) && !holds("fast <= slow", 3, 2));
        assert!(holds("fast > slow", 3, 2) && !holds("fast > slow", 2, 2));
        assert!(holds("fast >= 5", 5, 0) && !holds("fast >= 5", 4, 0));
        assert!(holds("fast == 5", 5, 0) && !holds("5.5 == fast", 5, 0));
        assert!(holds("fast != slow", 1, 2) && !holds("fast != slow", 2, 2));
        assert!(holds("fast < slow && fast >= 5", 5, 6) && !holds("fast < slow && fast >= 5", 4, 6));
        assert!(
            holds("fast < slow and fast >= 5", 5, 6) && !holds("fast < slow and fast >= 5 && slow > 7", 5, 6)
        );
        assert!(holds("  ", 1, 1));
    }

    #[test]
    fn conditions_are_expressions_of_parameters() {
        assert!(
            holds("slow - fast >= 10 or fast == 1", 5, 15) && !holds("slow - fast >= 10 or fast == 1", 5, 14)
        );
        assert!(holds("not (fast > slow)", 1, 1) && !holds("not (fast > slow)", 2, 1));
        assert!(holds("slow / fast == 2.5 and slow % 2 == 1", 2, 5) && !holds("slow / fast == 2.5", 2, 4));
        assert!(
            holds("fast > 3 ? slow > 9 : slow > 5", 3, 6) && !holds("fast > 3 ? slow > 9 : slow > 5", 4, 6)
        );
        assert!(
            !holds("slow / fast > 0", 0, 1) && !holds("not slow / fast > 0", 0, 1),
            "undefined holds nowhere"
        );
        assert!(holds("fast >= -5 and slow < max(2 * fast, 9)", 1, 8));
    }

    #[test]
    fn comparisons_of_two_parameters_or_numbers_are_known_as_such() {
        let is_plain = |text: &str| {
            let parts = Constraint::parse(text, &NAMES).unwrap().parts;
            parts.iter().all(|part| matches!(part, Part::Comparison(_)))
        };
        assert!(is_plain("fast < slow and fast >= -5 && slow != 2 * 10 + 0.5"));
        assert!(!is_plain("fast < slow or fast >= 5") && !is_plain("fast < 2 * slow"));
    }

    #[test]
    fn an_unknown_parameter_is_named_with_its_nearest() {
        assert_eq!(
            error("fats < slow"),
            "constraint, column 1: unknown parameter fats; nearest: fast; the strategy has fast, slow\n  \
             fats < slow\n  ^^^^"
        );
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        assert!(error("fast <").contains("the text ends where a value is expected"));
        assert!(error("fast < slow < 3").contains("comparisons do not chain"));
        assert!(error("fast = slow").contains("write == to compare"));
        assert!(error("fast").contains("fast is a number, expected true or false"));
        assert!(error("fast < slow &&").contains("the text ends where a value is expected"));
        assert!(error("fast < 5x").contains("5x is not a number"));
    }
}
