//! What a set of rules would need of a grid and of a bundle, told before it runs.

#![forbid(unsafe_code)]

use std::collections::{BTreeSet, HashSet};

use super::compiled::Compiled;
use super::set::Part;
use super::supply::{Source, Supply, field};
use crate::asset::Symbol;
use crate::error::Error;
use crate::parameter::Parameter;
use crate::rule::{NodeId, Type};
use crate::sweep::grid::Grid;

/// Columns up to which equal ones of different rules are told apart by name; beyond, each is counted for itself.
const NAMED: usize = 200_000;

/// What a set of rules means, and what running it over a grid would take. Made by
/// [`Sweep::check_rules`](crate::sweep::Sweep::check_rules).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RuleCheck {
    /// Each part that is stated: what it is for, how it reads with names put in, and what kind of value it has.
    pub parts: Vec<(Part, String, Type)>,
    /// How many points the grid has.
    pub points: usize,
    /// The most bars that pass before every rule is defined, at the largest values of the grid.
    pub warm_up: usize,
    /// Columns of one asset that trials share through the cache, over the whole grid.
    pub columns: usize,
    /// Bytes of these columns over all assets of the sweep.
    pub bytes: u64,
    /// Bytes that the cache may hold.
    pub capacity_bytes: u64,
    /// Columns that each trial works out for itself, as they read.
    pub own: Vec<String>,
    /// Parts without a degree: they are computed anew between each two splits or dividends, which is slow.
    pub slow: Vec<String>,
    /// What is no error and likely no intention, such as an entry without a way out.
    pub warnings: Vec<String>,
    /// Assets with fewer bars than the warm-up: some points give no signal there.
    pub short: Vec<AssetWarmUp>,
}

/// An asset whose series is shorter than the rules look back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AssetWarmUp {
    /// The asset's name.
    pub symbol: Symbol,
    /// The bars that it has.
    pub bars: usize,
}

impl Compiled {
    /// The most bars that pass before every rule is defined, at the smallest and at the largest values of a grid.
    ///
    /// A longer lookback never warms up sooner, so these corners are where it takes shortest and longest.
    fn warm_up(&self, grid: &Grid) -> (usize, usize) {
        let corner = |pick: fn(f64, f64) -> f64| -> usize {
            let value = |one: &Parameter| {
                let places = if one.is_list() { 0..one.count() } else { 0..0 };
                let ends = [0, one.count() - 1];
                let all = places.chain(ends).map(|at| one.f64_at(at));
                all.reduce(pick).expect("a parameter has a value")
            };
            let values: Vec<f64> = grid.parameters().iter().map(value).collect();
            self.columns().map(|node| self.graph.warm_up(node, &values)).max().unwrap_or(0)
        };
        (corner(f64::min), corner(f64::max))
    }

    /// Refuses rules that could not be defined at any bar of any asset.
    pub(in crate::sweep) fn check_lookback(
        &self,
        grid: &Grid,
        bars: &[(Symbol, usize)],
    ) -> Result<(), Error> {
        let (warm_up, _) = self.warm_up(grid);
        match bars.iter().max_by_key(|(_, bars)| *bars) {
            Some((symbol, longest)) if warm_up >= *longest => {
                let message = format!(
                    "they look back {warm_up} bars at least, and the longest series, {symbol}, has {longest}: expected fewer"
                );
                Err(Error::bad_parameter(&self.name, message))
            }
            _ => Ok(()),
        }
    }

    pub(in crate::sweep) fn check(
        &self,
        supply: &Supply,
        grid: &Grid,
        assets: &[(Symbol, usize)],
        capacity_bytes: u64,
    ) -> RuleCheck {
        let graph = &self.graph;
        let (_, warm_up) = self.warm_up(grid);
        let shared = self.shared(supply);
        let count = |is_bits: bool| {
            self.count(
                supply,
                grid,
                shared.iter().copied().filter(|node| (graph.kind(*node) == Type::Truth) == is_bits),
            )
        };
        let (numbers, bits) = (count(false), count(true));
        let bars: u64 = assets.iter().map(|(_, bars)| *bars as u64).sum();
        let own = supply.steps.iter().filter(|step| step.source.is_trial());
        let roots: Vec<NodeId> = self.stated().map(|(_, node)| node).collect();
        let mut slow: Vec<String> = roots.iter().flat_map(|root| graph.slow_parts(*root)).collect();
        slow.dedup();
        RuleCheck {
            parts: self.stated().map(|(part, node)| (part, graph.template(node), graph.kind(node))).collect(),
            points: grid.len(),
            warm_up,
            columns: numbers + bits,
            bytes: numbers as u64 * bars * 8 + bits as u64 * bars / 4,
            capacity_bytes,
            own: own.map(|step| graph.template(step.node)).collect(),
            slow,
            warnings: self.warnings(),
            short: assets
                .iter()
                .filter(|(_, bars)| *bars <= warm_up)
                .map(|(symbol, bars)| AssetWarmUp { symbol: symbol.clone(), bars: *bars })
                .collect(),
        }
    }

    /// Every node that the cache is asked for: those of the trials, and what they are worked out from.
    fn shared(&self, supply: &Supply) -> BTreeSet<NodeId> {
        let is_cached = |source: &Source| matches!(source, Source::Cached { .. });
        let mut open: Vec<NodeId> =
            supply.steps.iter().filter(|step| is_cached(&step.source)).map(|step| step.node).collect();
        let mut found = BTreeSet::new();
        while let Some(node) = open.pop() {
            // The bars themselves are there whatever is swept.
            if field(&self.graph, node).is_none() && found.insert(node) {
                open.extend(self.graph.reads(node));
            }
        }
        found
    }

    /// How many columns nodes have over a grid, equal ones once.
    fn count(&self, supply: &Supply, grid: &Grid, nodes: impl Iterator<Item = NodeId>) -> usize {
        let nodes: Vec<(NodeId, usize)> = nodes
            .map(|node| {
                let counts = self.graph.parameters_of(node).iter().map(|at| supply.counts[*at]);
                (node, counts.fold(1_usize, usize::saturating_mul))
            })
            .collect();
        let most = nodes.iter().fold(0_usize, |sum, (_, count)| sum.saturating_add(*count));
        if most > NAMED {
            return most;
        }
        let mut names = HashSet::new();
        let mut values: Vec<f64> = grid.parameters().iter().map(|one| one.f64_at(0)).collect();
        for (node, count) in nodes {
            for point in 0..count {
                let mut rest = point;
                for at in self.graph.parameters_of(node) {
                    values[*at] = grid.parameters()[*at].f64_at(rest % supply.counts[*at]);
                    rest /= supply.counts[*at];
                }
                names.insert(self.graph.canonical(node, &values));
            }
        }
        names.len()
    }
}
