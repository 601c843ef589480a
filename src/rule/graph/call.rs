//! Calls: arguments are matched with the table of functions, and their degrees with its rules.

#![forbid(unsafe_code)]

use super::Graph;
use super::count::Limit;
use super::node::{Called, NodeId, Op};
use crate::error::Error;
use crate::rule::degree::{Degree, Type};
use crate::rule::function::{Argument, ArgumentKind, DegreeRule, Function, Kernel};
use crate::rule::tree::{At, Tree};

/// An argument as it was written, or as its default says; then it has no place in the text.
#[derive(Clone, Copy)]
struct Given {
    at: Option<At>,
    node: NodeId,
}

impl Function {
    /// Whether a value hangs on the values of its own bar alone.
    pub(in crate::rule) fn looks_at_one_bar(&self) -> bool {
        let is_numbers = |argument: &Argument| matches!(argument.kind, ArgumentKind::Numbers { .. });
        matches!(self.kernel, Kernel::Numbers(_))
            && self.fields.is_empty()
            && !self.arguments.is_empty()
            && self.arguments.iter().all(is_numbers)
    }
}

impl Graph {
    pub(super) fn call(
        &mut self,
        tree: &Tree,
        at: At,
        name: &str,
        written: &[At],
        nodes: &[NodeId],
    ) -> Result<NodeId, Error> {
        let Some(function) = Function::named(name) else {
            return Err(Self::unknown_function(tree, at, name));
        };
        let given = self.arguments(tree, at, name, function, written, nodes)?;
        let degree = self.degree(tree, at, function, &given)?;
        self.warn(tree, at, function, &given);
        if let Some(expression) = function.expression {
            return self.expanded(tree, at, function, expression, &given);
        }
        let mut families = [const { Vec::new() }; 4];
        for (argument, given) in function.arguments.iter().zip(&given) {
            families[match argument.kind {
                ArgumentKind::Numbers { .. } => 0,
                ArgumentKind::Truth => 1,
                ArgumentKind::Bars { .. } => 2,
                ArgumentKind::Number { .. } => 3,
            }]
            .push(given.node);
        }
        let [mut children, truths, counts, numbers] = families;
        children.extend(function.fields.iter().map(|field| self.field(*field)));
        children.extend(truths.into_iter().chain(counts).chain(numbers));
        let kind = match function.kernel {
            Kernel::Numbers(_) => Type::Number(degree),
            Kernel::Truth(_) => Type::Truth,
        };
        Ok(self.push(Op::Call(Called(function)), children, kind))
    }

    /// The arguments of a call, each checked for its kind, with defaults where none are written.
    fn arguments(
        &mut self,
        tree: &Tree,
        at: At,
        name: &str,
        function: &Function,
        written: &[At],
        nodes: &[NodeId],
    ) -> Result<Vec<Given>, Error> {
        let arguments = function.arguments;
        if let Some(fault) = arity_fault(tree, at, name, function, written.len()) {
            return Err(fault);
        }
        let mut given = Vec::with_capacity(arguments.len());
        for (place, argument) in arguments.iter().enumerate() {
            let Some(&at) = written.get(place) else {
                let number = default(argument).expect("as many are written as have no default");
                given.push(Given { at: None, node: self.literal(number) });
                continue;
            };
            let node = nodes[at];
            match argument.kind {
                ArgumentKind::Numbers { .. } => {
                    self.expect_number(tree, at, node)?;
                }
                ArgumentKind::Truth => self.expect_truth(tree, at, node)?,
                ArgumentKind::Bars { least, .. } => self.limited(tree, (at, node), Limit::bars(least))?,
                ArgumentKind::Number { least, most, .. } => {
                    self.limited(tree, (at, node), Limit { is_whole: false, least, most })?;
                }
            }
            given.push(Given { at: Some(at), node });
        }
        Ok(given)
    }

    /// The degree of what a function makes of its numeric arguments.
    fn degree(&self, tree: &Tree, at: At, function: &Function, given: &[Given]) -> Result<Degree, Error> {
        let numbers = function.arguments.iter().zip(given);
        let numbers: Vec<Given> = numbers
            .filter(|(argument, _)| matches!(argument.kind, ArgumentKind::Numbers { .. }))
            .map(|(_, given)| *given)
            .collect();
        let degrees: Vec<Degree> = numbers.iter().map(|given| self.node(given.node).degree()).collect();
        let first = degrees.first().copied().unwrap_or(Degree::RATIO);
        let met = if function.degree == DegreeRule::Equal { self.met(tree, at, &numbers)? } else { first };
        if degrees.contains(&Degree::None) {
            return Ok(Degree::None);
        }
        Ok(match function.degree {
            DegreeRule::Free => Degree::RATIO,
            DegreeRule::Of(place) => degrees[place],
            DegreeRule::Equal => met,
            DegreeRule::Square => first.times(first, 1),
            DegreeRule::Root => first.root(),
            DegreeRule::Plain if first.is_scaled() => Degree::None,
            DegreeRule::Plain if first == Degree::Plain => Degree::Plain,
            DegreeRule::Plain => Degree::RATIO,
            DegreeRule::Fixed { price, volume } => Degree::known(price.into(), volume.into()),
        })
    }

    /// The degree that all have; an error that names the first two which cannot meet.
    fn met(&self, tree: &Tree, at: At, numbers: &[Given]) -> Result<Degree, Error> {
        let mut met = Degree::Any;
        for (place, given) in numbers.iter().enumerate() {
            let degree = self.node(given.node).degree();
            match met.meet(degree) {
                Some(degree) => met = degree,
                None => {
                    let apart = |other: &&Given| self.node(other.node).degree().meet(degree).is_none();
                    let other = numbers[..place].iter().find(apart);
                    let (other, at_given) = (other.copied().unwrap_or(numbers[0]), given.at.unwrap_or(at));
                    let message =
                        self.apart(tree, (other.at.unwrap_or(at), other.node), (at_given, given.node));
                    return Err(tree.fault_of(at_given, message));
                }
            }
        }
        Ok(met)
    }

    /// Warns where what a split moves is crossed with what it does not.
    fn warn(&mut self, tree: &Tree, at: At, function: &Function, given: &[Given]) {
        if !matches!(function.name, "crossover" | "crossunder" | "cross") {
            return;
        }
        let degree = |given: &Given| self.node(given.node).degree();
        let (Some(a), Some(b)) = (given.first(), given.get(1)) else { return };
        let moves = match (degree(a), degree(b)) {
            (moved, Degree::Plain) if moved.is_scaled() => a,
            (Degree::Plain, moved) if moved.is_scaled() => b,
            _ => return,
        };
        let moved = moves.at.map_or("a price", |at| tree.written(at));
        let message =
            format!("{moved} is compared with a fixed number as traded on each day: a split crosses it, too");
        self.levels.push(tree.fault_at(at, message));
    }

    /// What a function is that the table writes with others.
    fn expanded(
        &mut self,
        tree: &Tree,
        at: At,
        function: &Function,
        expression: &str,
        given: &[Given],
    ) -> Result<NodeId, Error> {
        let names = function.arguments.iter().map(|argument| argument.name);
        let arguments: Vec<_> = names.zip(given.iter().map(|given| given.node)).collect();
        let body = Tree::parse(function.name, expression)?;
        self.lower_with(&body, Some(&arguments)).map_err(|error| tree.fault_at(at, error.to_string()))
    }
}

/// What is wrong with so many arguments, where something is.
pub(in crate::rule) fn arity_fault(
    tree: &Tree,
    at: At,
    name: &str,
    function: &Function,
    written: usize,
) -> Option<Error> {
    let arguments = function.arguments;
    let needed = arguments.iter().filter(|argument| default(argument).is_none()).count();
    if (needed..=arguments.len()).contains(&written) {
        return None;
    }
    let names: Vec<_> = arguments.iter().map(said).collect();
    let message = format!(
        "{name} takes {}, found {written}: write {name}({})",
        counted(needed, arguments.len()),
        names.join(", ")
    );
    Some(tree.fault_at(at, message))
}

/// The number that an argument is where it is not written.
fn default(argument: &Argument) -> Option<f64> {
    match argument.kind {
        ArgumentKind::Numbers { default } | ArgumentKind::Number { default, .. } => default,
        ArgumentKind::Bars { default, .. } => default.map(super::as_number),
        ArgumentKind::Truth => None,
    }
}

fn said(argument: &Argument) -> String {
    match default(argument) {
        None => argument.name.to_owned(),
        Some(default) => format!("{} = {default}", argument.name),
    }
}

fn counted(least: usize, most: usize) -> String {
    match (least, most) {
        (0, 0) => "no argument".to_owned(),
        (1, 1) => "1 argument".to_owned(),
        _ if least == most => format!("{least} arguments"),
        _ => format!("{least} to {most} arguments"),
    }
}
