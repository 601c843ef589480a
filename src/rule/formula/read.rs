//! From a text to a formula: names are found, types are checked, and what is known already is worked out.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

use super::{Formula, Fraction, Operator, Step, Value, fold};
use crate::error::Error;
use crate::nearest::suggestion;
use crate::rule::function::{ArgumentKind, Function, functions};
use crate::rule::graph::{Called, arity_fault};
use crate::rule::tree::{At, Binary, Kind, Tree, Unary};

/// The names that a formula may read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    /// What one of them is called, such as `parameter`.
    pub(crate) what: &'a str,
    pub(crate) names: &'a [&'a str],
    /// What there is, told where a name is unknown.
    pub(crate) known: &'a str,
}

/// A type is enough here: no split or dividend moves a parameter or a metric.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Type {
    Number,
    Truth,
}

impl Formula {
    /// Reads a number.
    ///
    /// # Errors
    /// `Expression`, which points at what cannot be read or means nothing.
    pub(crate) fn number(subject: &str, text: &str, names: Names<'_>) -> Result<Self, Error> {
        let (tree, types) = read(subject, text, names)?;
        let whole = tree.terms.len() - 1;
        match types[whole] {
            Type::Number => Ok(formula(&tree, whole, text.trim().to_owned(), names)),
            Type::Truth => {
                Err(tree.fault_of(whole, "this is true or false, expected a number, as in a > b ? 1 : 0"))
            }
        }
    }

    /// Reads a condition.
    ///
    /// # Errors
    /// As [`Formula::number`].
    pub(crate) fn condition(subject: &str, text: &str, names: Names<'_>) -> Result<Self, Error> {
        let tree = condition(subject, text, names)?;
        Ok(formula(&tree, tree.terms.len() - 1, text.trim().to_owned(), names))
    }

    /// Reads the conditions that must all hold where a text does: `a and b` is two.
    ///
    /// # Errors
    /// As [`Formula::number`].
    pub(crate) fn conditions(subject: &str, text: &str, names: Names<'_>) -> Result<Vec<Self>, Error> {
        let tree = condition(subject, text, names)?;
        let (mut found, mut left) = (Vec::new(), vec![tree.terms.len() - 1]);
        while let Some(at) = left.pop() {
            match tree.terms[at].kind {
                Kind::Binary(Binary::And, a, b) => left.extend([b, a]),
                // Joined with others by `and`, they would be read otherwise.
                Kind::Binary(Binary::Or, ..) | Kind::Choice(..) => {
                    found.push(formula(&tree, at, format!("({})", tree.written(at)), names));
                }
                _ => found.push(formula(&tree, at, tree.written(at).to_owned(), names)),
            }
        }
        Ok(found)
    }
}

fn condition(subject: &str, text: &str, names: Names<'_>) -> Result<Tree, Error> {
    let (tree, types) = read(subject, text, names)?;
    let whole = tree.terms.len() - 1;
    expect(&tree, &types, whole, Type::Truth)?;
    Ok(tree)
}

/// Reads a text and checks all that can be wrong with it.
fn read(subject: &str, text: &str, names: Names<'_>) -> Result<(Tree, Vec<Type>), Error> {
    let tree = Tree::parse_with(subject, text, names.names)?;
    let mut types = Vec::with_capacity(tree.terms.len());
    for at in 0..tree.terms.len() {
        let found = check(&tree, &types, at, names)?;
        types.push(found);
    }
    Ok((tree, types))
}

fn check(tree: &Tree, types: &[Type], at: At, names: Names<'_>) -> Result<Type, Error> {
    let expect = |at: At, wanted: Type| expect(tree, types, at, wanted);
    match &tree.terms[at].kind {
        Kind::Number(_) => match decimal(tree.written(at)) {
            Some(_) => Ok(Type::Number),
            None => {
                let message = format!("{} has more than 28 digits, expected fewer", tree.written(at));
                Err(tree.fault_of(at, message))
            }
        },
        Kind::Name(name) if name == "nan" || names.names.contains(&name.as_str()) => Ok(Type::Number),
        Kind::Name(name) => {
            let nearest = suggestion(name, names.names.iter().copied());
            let message = format!("unknown {} {name}{nearest}; {}", names.what, names.known);
            Err(tree.fault_at(at, message))
        }
        Kind::Unary(Unary::Negate, one) => expect(*one, Type::Number),
        Kind::Unary(Unary::Not, one) => expect(*one, Type::Truth),
        Kind::Binary(binary @ (Binary::And | Binary::Or), a, b) => {
            debug_assert!(!binary.is_comparison());
            expect(*a, Type::Truth)?;
            expect(*b, Type::Truth)
        }
        Kind::Binary(binary, a, b) => {
            expect(*a, Type::Number)?;
            expect(*b, Type::Number)?;
            Ok(if binary.is_comparison() { Type::Truth } else { Type::Number })
        }
        Kind::Choice(condition, yes, no) => {
            expect(*condition, Type::Truth)?;
            if types[*yes] != types[*no] {
                let message = format!(
                    "{} and {} are a number and a truth, expected two of one kind",
                    tree.written(*yes),
                    tree.written(*no)
                );
                return Err(tree.fault_at(at, message));
            }
            Ok(types[*yes])
        }
        Kind::Past(..) => {
            Err(tree.fault_at(at, format!("a {} has no bars: x[n] stands in rules alone", names.what)))
        }
        Kind::Call(name, written) => {
            let function = callable(tree, at, name, names)?;
            if let Some(fault) = arity_fault(tree, at, name, function, written.len()) {
                return Err(fault);
            }
            written.iter().try_for_each(|argument| expect(*argument, Type::Number).map(|_| ()))?;
            Ok(Type::Number)
        }
    }
}

fn expect(tree: &Tree, types: &[Type], at: At, wanted: Type) -> Result<Type, Error> {
    let found = types[at];
    if found == wanted {
        return Ok(found);
    }
    let written = tree.written(at);
    let message = match wanted {
        Type::Number => format!("{written} is true or false, expected a number"),
        Type::Truth => {
            format!("{written} is a number, expected true or false, such as {written} > 0")
        }
    };
    Err(tree.fault_of(at, message))
}

/// The function of a name, where it is one of numbers alone.
fn callable(tree: &Tree, at: At, name: &str, names: Names<'_>) -> Result<&'static Function, Error> {
    let of_numbers = || functions().filter(|function| function.looks_at_one_bar());
    let known = || of_numbers().map(|function| function.name);
    match Function::named(name) {
        Some(function) if function.looks_at_one_bar() => Ok(function),
        Some(_) => {
            let known: Vec<&str> = known().collect();
            let message = format!(
                "{name} looks at bars, and a {} has none; expected one of {}",
                names.what,
                known.join(", ")
            );
            Err(tree.fault_at(at, message))
        }
        None => Err(tree.fault_at(at, format!("unknown function {name}{}", suggestion(name, known())))),
    }
}

/// A number as it was written, to its last digit.
fn decimal(written: &str) -> Option<Decimal> {
    let read = if written.contains(['e', 'E']) {
        Decimal::from_scientific(written).ok()
    } else {
        Decimal::from_str_exact(written).ok()
    };
    // A fraction that it would have to round is refused, and so is one of which nothing would be left.
    read.filter(|read| !read.is_zero() || written.parse::<f64>().is_ok_and(|number| number.abs() == 0.0))
}

/// The formula of a term: its part of the terms is a run that ends with it.
fn formula(tree: &Tree, at: At, text: String, names: Names<'_>) -> Formula {
    let mut steps = Vec::new();
    for term in &tree.terms[first_of(tree, at)..=at] {
        let operator = match &term.kind {
            Kind::Number(number) => {
                let written = &tree.text.as_str()[term.span.clone()];
                let exact = decimal(written).map(|exact| Value::Exact(Fraction::of_decimal(exact)));
                steps.push(Step::Known(exact.unwrap_or(Value::Rounded(*number))));
                continue;
            }
            Kind::Name(name) => {
                let place = names.names.iter().position(|known| known == name);
                steps.push(place.map_or(Step::Known(Value::UNDEFINED), Step::Read));
                continue;
            }
            Kind::Unary(Unary::Negate, _) => Operator::Negate,
            Kind::Unary(Unary::Not, _) => Operator::Not,
            Kind::Binary(binary, ..) => Operator::Binary(*binary),
            Kind::Choice(_, yes, _) => Operator::Choice(undefined(tree, *yes)),
            Kind::Call(name, written) => {
                let Some(function) = Function::named(name) else { continue };
                for argument in &function.arguments[written.len()..] {
                    if let ArgumentKind::Numbers { default: Some(default) } = argument.kind {
                        let exact = Decimal::try_from(default).ok().map(Fraction::of_decimal);
                        steps.push(Step::Known(exact.map_or(Value::Rounded(default), Value::Exact)));
                    }
                }
                Operator::Call(Called(function))
            }
            Kind::Past(..) => continue,
        };
        steps.push(Step::Apply(operator));
    }
    let mut folded = Vec::with_capacity(steps.len());
    fold(&steps, |_| None, &mut folded);
    Formula { text, steps: folded }
}

/// What a choice is where its condition is undefined: of the kind of what it chooses from.
fn undefined(tree: &Tree, at: At) -> Value {
    let mut at = at;
    loop {
        match tree.terms[at].kind {
            Kind::Choice(_, yes, _) => at = yes,
            Kind::Unary(Unary::Not, _) | Kind::Binary(Binary::And | Binary::Or, ..) => {
                return Value::Truth(None);
            }
            Kind::Binary(binary, ..) if binary.is_comparison() => return Value::Truth(None),
            _ => return Value::UNDEFINED,
        }
    }
}

/// The first term of what a term is made of.
fn first_of(tree: &Tree, at: At) -> At {
    let mut at = at;
    loop {
        at = match &tree.terms[at].kind {
            Kind::Number(_) | Kind::Name(_) => return at,
            Kind::Unary(_, first) | Kind::Binary(_, first, _) | Kind::Choice(first, ..) => *first,
            Kind::Past(first, _) => *first,
            Kind::Call(_, written) => match written.first() {
                Some(first) => *first,
                None => return at,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names<'static> =
        Names { what: "parameter", names: &["a", "b", "Size"], known: "the strategy has a, b, Size" };

    fn value(text: &str, a: &str, b: &str) -> Value {
        let read = |place: usize| {
            let text = [a, b, "7"][place];
            text.parse().map_or(Value::UNDEFINED, |exact| Value::Exact(Fraction::of_decimal(exact)))
        };
        let formula =
            Formula::condition("rule", text, NAMES).or_else(|_| Formula::number("rule", text, NAMES));
        formula.unwrap().value(read)
    }

    fn holds(text: &str, a: &str, b: &str) -> Option<bool> {
        value(text, a, b).truth()
    }

    fn error(text: &str) -> String {
        Formula::condition("constraint", text, NAMES).unwrap_err().to_string()
    }

    #[test]
    fn decimals_are_worked_out_exactly() {
        assert_eq!(holds("3 * a == b", "0.1", "0.3"), Some(true));
        assert_eq!(holds("a / 3 * 3 == a and b % 0.1 == 0", "5", "0.3"), Some(true));
        assert_eq!(holds("(a + b) / 2 > 2.5 or not a < b", "2", "3"), Some(false));
        assert_eq!(holds("max(a, b) - min(a, b) == abs(b - a)", "0.7", "0.1"), Some(true));
        assert_eq!(holds("clamp(a, 0.1, 0.2) == 0.2 and sign(-a) == -1", "0.3", "0"), Some(true));
        assert_eq!(holds("Size == 7 and 1e-3 < .5", "1", "1"), Some(true));
        assert!(value("a > b ? sqrt(a) : 2 * b", "9", "2").number().total_cmp(&3.0).is_eq());
    }

    #[test]
    fn what_is_undefined_stays_so_unless_the_other_side_decides() {
        assert_eq!(holds("a / b > 1", "1", "0"), None);
        assert_eq!(holds("a / b > 1 and a > 5", "1", "0"), Some(false));
        assert_eq!(holds("a / b > 1 or a == 1", "1", "0"), Some(true));
        assert_eq!(holds("not a / b > 1", "1", "0"), None);
        assert_eq!(holds("(a / b > 1 ? a > 0 : a < 0)", "1", "0"), None);
        assert_eq!(holds("nz(a / b, 3) == 3 and nz(log(-a)) == 0", "1", "0"), Some(true));
        assert_eq!(holds("a > nan", "1", "0"), None);
    }

    #[test]
    fn conditions_are_parted_at_the_outermost_ands() {
        let parts = |text: &str| {
            let found = Formula::conditions("constraint", text, NAMES).unwrap();
            found.iter().map(|one| one.text().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(parts("a<b && (b > 2 and 2 * a > 3)"), ["a<b", "b > 2", "2 * a > 3"]);
        assert_eq!(parts("(a < b or b > 2) and a > 0"), ["(a < b or b > 2)", "a > 0"]);
        assert_eq!(parts("a < b or b > 2 and a > 0"), ["(a < b or b > 2 and a > 0)"]);
    }

    #[test]
    fn what_means_nothing_here_is_pointed_at() {
        assert_eq!(
            error("a < c"),
            "constraint, column 5: unknown parameter c; the strategy has a, b, Size\n  a < c\n      ^"
        );
        assert!(error("size > 2").contains("unknown parameter size; nearest: Size"));
        assert!(error("a").contains("a is a number, expected true or false, such as a > 0"));
        assert!(error("a[1] > 2").contains("a parameter has no bars"));
        assert!(error("sma(a, 2) > 2").contains("sma looks at bars, and a parameter has none"));
        assert!(error("abs(a, b) > 2").contains("abs takes 1 argument, found 2"));
        assert!(error("sqr(a) > 2").contains("unknown function sqr; nearest: sqrt"));
        assert!(error("a + (b > 2) > 1").contains("b > 2 is true or false, expected a number"));
        assert!(error("(a > 1 ? a : b > 2) > 1").contains("expected two of one kind"));
        assert!(error("a < b < 3").contains("comparisons do not chain"));
        assert!(error("a > 0.12345678901234567890123456789012").contains("more than 28 digits"));
    }
}
