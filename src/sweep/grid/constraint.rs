//! Constraints between parameters: `fast < slow && fast >= 5`.

#![forbid(unsafe_code)]

use std::cmp::Ordering;

use rust_decimal::Decimal;

use crate::error::Error;
use crate::nearest::suggestion;
use crate::parameter::number;

/// Comparisons of parameters and numbers that all must hold. The empty one holds everywhere.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Constraint {
    pub(super) comparisons: Vec<Comparison>,
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

/// Two characters come first: `<=` starts as `<` does.
const RELATIONS: [(&str, Relation); 6] = [
    ("<=", Relation::LessOrEqual),
    (">=", Relation::GreaterOrEqual),
    ("==", Relation::Equal),
    ("!=", Relation::Unequal),
    ("<", Relation::Less),
    (">", Relation::Greater),
];

impl Constraint {
    /// Reads comparisons joined by `&&`, or `and` as in rules; `names` are the grid's parameters.
    pub(super) fn parse(text: &str, names: &[&str]) -> Result<Self, Error> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::default());
        }
        let comparisons =
            text.split("&&").flat_map(|part| part.split(" and ")).map(|part| comparison(text, part, names));
        let comparisons = comparisons.collect::<Result<_, _>>()?;
        Ok(Self { comparisons })
    }
}

impl Constraint {
    /// The positions of the parameters that it compares.
    pub(super) fn parameters(&self) -> impl Iterator<Item = usize> {
        self.comparisons.iter().flat_map(|one| [&one.left, &one.right]).filter_map(|operand| match operand {
            Operand::Parameter(position) => Some(*position),
            Operand::Number(_) => None,
        })
    }
}

impl Comparison {
    /// How it reads, however it was typed.
    pub(super) fn text(&self, names: &[&str]) -> String {
        let operand = |operand: &Operand| match operand {
            Operand::Parameter(position) => names[*position].to_owned(),
            Operand::Number(number) => number.to_string(),
        };
        format!("{} {} {}", operand(&self.left), self.relation.sign(), operand(&self.right))
    }
}

impl Relation {
    fn sign(self) -> &'static str {
        RELATIONS.iter().find(|(_, relation)| *relation == self).map_or("", |(sign, _)| sign)
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

fn bad(whole: &str, message: String) -> Error {
    Error::bad_parameter(format!("constraint {whole:?}"), message)
}

fn comparison(whole: &str, part: &str, names: &[&str]) -> Result<Comparison, Error> {
    let part = part.trim();
    let found = part.char_indices().find_map(|(at, _)| {
        let relation = RELATIONS.iter().find(|(sign, _)| part[at..].starts_with(sign))?;
        Some((at, *relation))
    });
    let Some((at, (sign, relation))) = found else {
        let message = format!("{part:?} is no comparison, expected such as fast < slow, joined by &&");
        return Err(bad(whole, message));
    };
    let left = operand(whole, &part[..at], names)?;
    let right = operand(whole, &part[at + sign.len()..], names)?;
    Ok(Comparison { left, relation, right })
}

fn operand(whole: &str, text: &str, names: &[&str]) -> Result<Operand, Error> {
    let text = text.trim();
    if let Some(position) = names.iter().position(|name| *name == text) {
        return Ok(Operand::Parameter(position));
    }
    if text.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && text.chars().all(|one| one.is_alphanumeric() || one == '_')
    {
        return Err(unknown(&format!("constraint {whole:?}"), text, names));
    }
    if text.is_empty() || text.contains(['<', '>', '=', '!', '|', '(', '&']) {
        let message = "expected comparisons of two parameters or numbers, joined by &&".to_owned();
        return Err(bad(whole, message));
    }
    number(&format!("constraint {whole:?}"), text).map(Operand::Number)
}

/// The error for a name that is no parameter, with the nearest that is.
pub(super) fn unknown(subject: &str, name: &str, names: &[&str]) -> Error {
    let nearest = suggestion(name, names.iter().copied());
    let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Error::bad_parameter(subject, format!("unknown parameter {name}{nearest}; the strategy has {known}"))
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
    fn an_unknown_parameter_is_named_with_its_nearest() {
        assert_eq!(
            error("fats < slow"),
            "constraint \"fats < slow\": unknown parameter fats; nearest: fast; the strategy has fast, slow"
        );
    }

    #[test]
    fn what_is_no_comparison_is_refused() {
        let expected = "expected comparisons of two parameters or numbers, joined by &&";
        for text in ["fast <", "fast < slow < 3", "fast = slow <", "fast < slow || fast < 3", "(fast < slow)"]
        {
            assert!(error(text).ends_with(expected), "{text}: {}", error(text));
        }
        assert!(error("fast").contains("\"fast\" is no comparison"));
        assert!(error("fast < slow &&").contains("\"\" is no comparison"));
        assert!(error("fast < 5x").contains("\"5x\" is not a number"));
    }
}
