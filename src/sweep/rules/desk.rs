//! A worker's desk: the columns of one trial at a time, in memory that the trials share.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::Arc;

use super::compiled::Compiled;
use super::supply::{Source, Supply};
use crate::asset::{AssetId, Field};
use crate::error::Error;
use crate::parameter::Parameter;
use crate::portal::{ColumnId, PortalReader};
use crate::rule::{Bars, Column, ColumnRef, NodeId, Stretch};
use crate::sweep::grid::Point;

/// Columns of one node up to which the ids are a table; beyond, only those that were met are held.
const DENSE: usize = 1 << 16;

/// What a worker keeps from trial to trial: nothing of it decides a result.
#[derive(Debug, Default)]
pub(in crate::sweep) struct Desk {
    /// The values of the parameters, by place, as the graph takes them.
    values: Vec<f64>,
    /// All values of each parameter, where they are few.
    tables: Vec<Vec<f64>>,
    /// The places of the values among those of their parameters.
    places: Vec<usize>,
    /// The ids of a step's columns, by the places of its parameters' values.
    ids: Vec<Ids>,
    /// The columns that the trial works out itself, by step.
    columns: Vec<Column>,
    /// Empty between trials; it keeps its memory.
    lent: Vec<Option<ColumnRef<'static>>>,
    reads: Vec<ColumnRef<'static>>,
    /// The asset and the last bar that the scene is of.
    place: Option<(AssetId, usize)>,
    scene: Scene,
}

/// What every trial on an asset reads of it beside columns.
#[derive(Debug, Default)]
struct Scene {
    bars: usize,
    stretches: Vec<Stretch>,
    days: Arc<[i64]>,
}

impl Bars for Scene {
    fn count(&self) -> usize {
        self.bars
    }

    /// Fields are steps of their own: no step that is worked out here reads one.
    fn field(&self, _: Field) -> &[f64] {
        &[]
    }

    fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    fn days(&self) -> &[i64] {
        &self.days
    }
}

/// Ids of columns by a dense index.
#[derive(Debug)]
enum Ids {
    Table(Vec<Option<ColumnId>>),
    Met(HashMap<usize, ColumnId>),
}

impl Ids {
    fn new(columns: usize) -> Self {
        if columns <= DENSE { Self::Table(vec![None; columns]) } else { Self::Met(HashMap::new()) }
    }

    fn get_or_insert(&mut self, at: usize, id: impl FnOnce() -> ColumnId) -> ColumnId {
        match self {
            Self::Table(ids) => *ids[at].get_or_insert_with(id),
            Self::Met(ids) => *ids.entry(at).or_insert_with(id),
        }
    }
}

/// The columns of a trial, for as long as it lasts.
#[derive(Debug)]
pub(in crate::sweep) struct Sheet<'a> {
    supply: &'a Supply,
    lent: &'a [Option<ColumnRef<'a>>],
    columns: &'a [Column],
    /// The values of the parameters.
    pub(in crate::sweep) values: &'a [f64],
    /// The stretches between events, on the series that rules look at.
    pub(in crate::sweep) stretches: &'a [Stretch],
}

impl<'a> Sheet<'a> {
    /// The column of a node that rules state.
    pub(in crate::sweep) fn column(&self, node: NodeId) -> ColumnRef<'a> {
        let step = self.supply.step(node);
        self.lent[step].unwrap_or_else(|| self.columns[step].lend())
    }
}

impl Desk {
    /// Works out, or has lent, every column that a trial needs, and hands them to `play`.
    pub(in crate::sweep) fn work<T>(
        &mut self,
        (rules, supply): (&Compiled, &Supply),
        reader: &PortalReader,
        (asset, last): (AssetId, usize),
        point: &Point<'_>,
        play: impl FnOnce(&Sheet<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.prepare(supply, point.grid().parameters());
        if self.place != Some((asset, last)) {
            let bars = reader.bars(asset, rules.adjust, last)?;
            let (stretches, days) = (bars.stretches().to_vec(), bars.days().into());
            self.scene = Scene { bars: bars.count(), stretches, days };
            self.place = Some((asset, last));
        }
        for at in 0..self.places.len() {
            let place = point.index(at);
            self.places[at] = place;
            let known = self.tables[at].get(place).copied();
            self.values[at] = known.unwrap_or_else(|| point.grid().parameters()[at].f64_at(place));
        }
        let mut lent = emptied(std::mem::take(&mut self.lent));
        for step in 0..supply.steps.len() {
            let column = self.step(rules, supply, step, reader, (asset, last), &lent)?;
            lent.push(column);
        }
        let sheet = Sheet {
            supply,
            lent: &lent,
            columns: &self.columns,
            values: &self.values,
            stretches: &self.scene.stretches,
        };
        let played = play(&sheet);
        self.lent = emptied(lent);
        played
    }

    /// Has one column lent, or works it out from those of the steps before.
    fn step<'r>(
        &mut self,
        rules: &Compiled,
        supply: &Supply,
        at: usize,
        reader: &'r PortalReader,
        (asset, last): (AssetId, usize),
        lent: &[Option<ColumnRef<'r>>],
    ) -> Result<Option<ColumnRef<'r>>, Error> {
        let graph = &rules.graph;
        let step = &supply.steps[at];
        match step.source {
            Source::Field(field) => {
                reader.field(asset, field, rules.adjust, last).map(ColumnRef::Numbers).map(Some)
            }
            Source::Cached { .. } => {
                let index = |index: usize, parameter: &usize| {
                    index * supply.counts[*parameter] + self.places[*parameter]
                };
                let index = graph.parameters_of(step.node).iter().fold(0, index);
                let values = self.values.as_slice();
                let id = self.ids[at].get_or_insert(index, || reader.column_id(graph, step.node, values));
                reader.node(asset, id, (graph, step.node, values), rules.adjust, last).map(Some)
            }
            // It came with its opposite.
            Source::Trial if step.opposite.is_some_and(|opposite| opposite < at) => Ok(None),
            Source::Trial => {
                let (before, rest) = self.columns.split_at_mut(at);
                let mut reads = emptied(std::mem::take(&mut self.reads));
                for read in graph.reads(step.node) {
                    let read = supply.step(graph.resolve(*read, &self.values));
                    reads.push(lent[read].unwrap_or_else(|| before[read].lend()));
                }
                let (values, scene) = (&self.values, &self.scene);
                match (step.opposite, rest) {
                    (Some(opposite), [own, later @ ..]) => {
                        let other = &mut later[opposite - at - 1];
                        graph.evaluate_both(step.node, values, scene, &reads, own, other);
                    }
                    (_, rest) => graph.evaluate(step.node, values, scene, &reads, &mut rest[0]),
                }
                self.reads = emptied(reads);
                Ok(None)
            }
        }
    }

    /// Makes room for the columns of one sweep, once.
    fn prepare(&mut self, supply: &Supply, parameters: &[Parameter]) {
        if self.ids.len() == supply.steps.len() && self.values.len() == parameters.len() {
            return;
        }
        let table = |one: &Parameter| match one.count() {
            count @ 0..=DENSE => (0..count).map(|at| one.f64_at(at)).collect(),
            _ => Vec::new(),
        };
        self.tables = parameters.iter().map(table).collect();
        self.values = vec![0.0; parameters.len()];
        self.places = vec![0; parameters.len()];
        self.columns = vec![Column::Numbers(Vec::new()); supply.steps.len()];
        self.ids = supply
            .steps
            .iter()
            .map(|step| match step.source {
                Source::Cached { columns } => Ids::new(columns),
                Source::Field(_) | Source::Trial => Ids::new(0),
            })
            .collect();
    }
}

/// An empty list in the memory of another that held loans: the element's lifetime is all that changes.
fn emptied<'to, T: Loan>(mut list: Vec<T>) -> Vec<T::Of<'to>> {
    list.clear();
    // Collecting an iterator over a list of the same layout takes its memory over.
    list.into_iter().map(|_| unreachable!("the list is empty")).collect()
}

/// What differs in how long it is lent, and in nothing else.
trait Loan {
    type Of<'a>;
}

impl Loan for ColumnRef<'_> {
    type Of<'a> = ColumnRef<'a>;
}

impl Loan for Option<ColumnRef<'_>> {
    type Of<'a> = Option<ColumnRef<'a>>;
}
