//! Rules as they are understood: names bound, types checked, each part what it may be.

#![forbid(unsafe_code)]

use super::set::{Definition, Part, RuleSet};
use crate::error::Error;
use crate::nearest::suggestion;
use crate::parameter::Parameter;
use crate::portal::Adjust;
use crate::rule::{Degree, Graph, NodeId, Rule, Type};
use crate::sweep::grid::Grid;

/// The most values of a number that are checked one by one.
const MOST_VALUES: usize = 10_000_000;

/// A set of rules whose names are bound and whose types are checked.
#[derive(Debug)]
pub(in crate::sweep) struct Compiled {
    pub(in crate::sweep) name: String,
    pub(in crate::sweep) constraint: String,
    pub(in crate::sweep) parameters: Vec<Parameter>,
    /// Which series the rules look at.
    pub(in crate::sweep) adjust: Adjust,
    pub(in crate::sweep) graph: Graph,
    /// By their place in [`Part::ALL`].
    parts: [Option<NodeId>; Part::ALL.len()],
}

impl Compiled {
    /// # Errors
    /// `Expression` where a rule cannot be read or means nothing; `BadParameter` where a name is taken, a parameter is used
    /// by no rule, or parts do not go together.
    pub(in crate::sweep) fn new(set: &RuleSet) -> Result<Self, Error> {
        let mut graph = Graph::default();
        for parameter in set.parameters() {
            match parameter.choices() {
                None => graph.declare(parameter.name())?,
                Some(choices) => {
                    let rule = |text: &String| Rule::named(parameter.name(), text);
                    let choices = choices.iter().map(rule).collect::<Result<Vec<_>, _>>()?;
                    graph.declare_choice(parameter.name(), &choices)?
                }
            };
        }
        for one in set.definitions() {
            graph.define(&one.name, &Rule::named(&one.place, &one.text)?)?;
        }
        let mut parts = [None; Part::ALL.len()];
        for (part, rule) in set.stated() {
            parts[*part as usize] = Some(part_of(&mut graph, *part, rule)?);
        }
        let compiled = Self {
            name: set.name().to_owned(),
            constraint: set.own_constraint().to_owned(),
            parameters: set.parameters().to_vec(),
            adjust: set.adjust(),
            graph,
            parts,
        };
        compiled.check_parts()?;
        compiled.check_use()?;
        Ok(compiled)
    }

    pub(in crate::sweep) fn part(&self, part: Part) -> Option<NodeId> {
        self.parts[part as usize]
    }

    /// The parts that are stated, with their nodes.
    pub(super) fn stated(&self) -> impl Iterator<Item = (Part, NodeId)> {
        Part::ALL.into_iter().filter_map(|part| Some((part, self.part(part)?)))
    }

    /// The parts that are columns: one value for each bar.
    pub(super) fn columns(&self) -> impl Iterator<Item = NodeId> {
        let is_column =
            |part: Part, node| is_signal(part) || part == Part::Weight || !self.graph.is_constant(node);
        self.stated().filter(move |(part, node)| is_column(*part, *node)).map(|(_, node)| node)
    }

    /// What is no error and likely no intention.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self.graph.warnings().map(ToString::to_string).collect();
        let has = |part| self.part(part).is_some();
        let ends = [Part::StopLoss, Part::TakeProfit, Part::TrailingStop, Part::MaxBars].into_iter().any(has);
        for (entry, exit, other) in
            [(Part::Buy, Part::Sell, Part::Short), (Part::Short, Part::Cover, Part::Buy)]
        {
            if has(entry) && !has(exit) && !has(other) && !ends {
                let (entry, exit) = (entry.name(), exit.name());
                warnings.push(format!(
                    "{entry} has no way out: a position is held to the end; there is {exit}, stop_loss, take_profit, trailing_stop and max_bars"
                ));
            }
        }
        warnings
    }

    /// Refuses numbers that make no sense at some point of a grid: before anything runs.
    pub(in crate::sweep) fn check_grid(&self, grid: &Grid) -> Result<(), Error> {
        let parameters = grid.parameters();
        let counts: Vec<usize> = parameters.iter().map(Parameter::count).collect();
        let value = |parameter: usize, at: usize| parameters[parameter].f64_at(at);
        self.graph.check(&counts, value)?;
        for (part, node) in self.stated().filter(|(_, node)| self.graph.is_constant(*node)) {
            let Some(domain) = Domain::of(part) else { continue };
            let free = self.graph.parameters_of(node);
            let points = free.iter().try_fold(1_usize, |points, at| points.checked_mul(counts[*at]));
            let Some(points) = points.filter(|points| *points <= MOST_VALUES) else {
                return Err(Error::bad_parameter(part.name(), format!("has more than {MOST_VALUES} values")));
            };
            let mut values: Vec<f64> = (0..counts.len()).map(|parameter| value(parameter, 0)).collect();
            for point in 0..points {
                let mut rest = point;
                for at in free {
                    values[*at] = value(*at, rest % counts[*at]);
                    rest /= counts[*at];
                }
                let number = self.graph.constant_number(node, &values);
                if !domain.holds(number) {
                    let message = format!("is {number}, expected {}", domain.text);
                    return Err(Error::bad_parameter(part.name(), message));
                }
            }
        }
        Ok(())
    }

    /// Refuses parts that contradict each other, or that could never act.
    fn check_parts(&self) -> Result<(), Error> {
        let has = |part| self.part(part).is_some();
        let bad = |part: Part, message: &str| Err(Error::bad_parameter(part.name(), message));
        let entries = [Part::Buy, Part::Short];
        if has(Part::Weight) {
            let stated = self.stated().map(|(part, _)| part);
            let mut others = stated.filter(|part| !matches!(part, Part::Weight | Part::Rebalance));
            return match others.next() {
                Some(other) => bad(
                    other,
                    "stands beside weight, which says by itself what is held; expected one of them",
                ),
                None => Ok(()),
            };
        }
        if !entries.into_iter().any(has) {
            let message = "nothing is ever entered: expected buy, short or weight";
            return Err(Error::bad_parameter(&self.name, message));
        }
        for (exit, entry) in [(Part::Sell, Part::Buy), (Part::Cover, Part::Short)] {
            if has(exit) && !has(entry) {
                return bad(exit, &format!("ends what nothing enters, expected {} beside it", entry.name()));
            }
        }
        if has(Part::Rebalance) {
            return bad(Part::Rebalance, "says when a weight is ordered, expected weight beside it");
        }
        if has(Part::Size) && has(Part::Risk) {
            return bad(Part::Risk, "stands beside size, expected one of them");
        }
        if has(Part::Risk) && !has(Part::StopLoss) && !has(Part::TrailingStop) {
            return bad(
                Part::Risk,
                "is measured by the distance of a stop, expected stop_loss or trailing_stop beside it",
            );
        }
        Ok(())
    }

    /// Refuses a parameter that changes nothing: the same trial would run many times.
    fn check_use(&self) -> Result<(), Error> {
        let mut is_used = vec![false; self.parameters.len()];
        for (_, node) in self.stated() {
            self.graph.parameters_of(node).iter().for_each(|at| is_used[*at] = true);
        }
        match is_used.iter().position(|used| !used) {
            None => Ok(()),
            Some(at) => {
                let (name, names) = (self.parameters[at].name(), self.parameters.iter().map(Parameter::name));
                let used = names.zip(&is_used).filter(|(_, used)| **used).map(|(name, _)| name);
                let near = suggestion(name, used);
                Err(Error::bad_parameter(name, format!("is used by no rule{near}")))
            }
        }
    }
}

fn is_signal(part: Part) -> bool {
    matches!(part, Part::Buy | Part::Sell | Part::Short | Part::Cover)
}

/// Binds a part, as what it may be.
fn part_of(graph: &mut Graph, part: Part, rule: &Definition) -> Result<NodeId, Error> {
    let expression = Rule::named(&rule.place, &rule.text)?;
    if is_signal(part) {
        return graph.condition(&expression);
    }
    let node = graph.number(&expression)?;
    let Type::Number(degree) = graph.kind(node) else { return Ok(node) };
    let is_constant = graph.is_constant(node);
    let expected = match part {
        Part::Weight if is_constant || degree == Degree::RATIO => return Ok(node),
        Part::Weight => "a share of equity from -1 to 1: a ratio",
        Part::StopLoss | Part::TakeProfit | Part::TrailingStop
            if is_constant || degree == Degree::known(1, 0) =>
        {
            return Ok(node);
        }
        Part::StopLoss | Part::TakeProfit | Part::TrailingStop => {
            "a share of the entry price, such as 0.05, or a distance in price, such as 2 * atr(14)"
        }
        _ if is_constant => return Ok(node),
        _ => "a number, a parameter, or what is made of these",
    };
    let message = format!("{} is {degree}, expected {expected}", rule.text.trim());
    Err(Error::bad_parameter(&rule.place, message))
}

/// Which numbers make sense for a part.
#[derive(Clone, Copy)]
struct Domain {
    is_whole: bool,
    /// Not among them, unless it is whole.
    above: f64,
    most: f64,
    text: &'static str,
}

impl Domain {
    fn of(part: Part) -> Option<Self> {
        let whole = |above, text| Self { is_whole: true, above, most: 4_294_967_295.0, text };
        let share = |most, text| Self { is_whole: false, above: 0.0, most, text };
        Some(match part {
            Part::Rebalance | Part::MaxBars => whole(0.0, "a whole number of at least 1"),
            Part::Cooldown => whole(-1.0, "a whole number of at least 0"),
            Part::StopLoss | Part::TrailingStop => {
                share(1.0 - f64::EPSILON, "a share of the price above 0 and below 1, such as 0.05")
            }
            Part::TakeProfit => share(f64::MAX, "a share of the price above 0, such as 0.1"),
            Part::Size | Part::Risk => share(1.0, "a share of equity above 0 and at most 1"),
            Part::Weight => Self {
                is_whole: false,
                above: -1.0 - f64::EPSILON,
                most: 1.0,
                text: "a share of equity from -1 to 1",
            },
            Part::Buy | Part::Sell | Part::Short | Part::Cover => return None,
        })
    }

    fn holds(self, number: f64) -> bool {
        number > self.above && number <= self.most && (!self.is_whole || number.fract() == 0.0)
    }
}
