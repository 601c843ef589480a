//! Nodes of a rule's graph as cached columns: computed once, whichever trial asks first, and lent to all.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::adjust::Adjust;
use super::held::Held;
use super::key::Key;
use super::reader::PortalReader;
use super::stretch::Span;
use super::timeline::Timeline;
use crate::asset::{AssetId, Field};
use crate::cache::Tier;
use crate::error::Error;
use crate::rule::{Bars, Column, ColumnRef, Graph, NodeId, Stretch};

/// The column of a node for some values of its parameters, by its canonical form: small, so that whoever asks for it often
/// keeps it, and builds no text again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ColumnId(pub(super) u32);

/// Where a column lies: the asset, and the stretch as of which it is adjusted.
#[derive(Clone, Copy)]
struct Place<'a> {
    timeline: &'a Timeline,
    adjust: Adjust,
    stretch: Span,
}

/// What a rule reads of one asset, adjusted as of a stretch.
#[derive(Debug)]
pub struct AssetBars<'a> {
    count: usize,
    /// In the order of [`Field::STORED`].
    fields: [&'a [f64]; Field::STORED.len()],
    stretches: Vec<Stretch>,
    days: Arc<[i64]>,
}

impl Bars for AssetBars<'_> {
    fn count(&self) -> usize {
        self.count
    }

    fn field(&self, field: Field) -> &[f64] {
        // `Price` is the close of a bar that exists.
        self.fields[Field::STORED.iter().position(|stored| *stored == field).unwrap_or(3)]
    }

    fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    fn days(&self) -> &[i64] {
        &self.days[..self.count]
    }
}

impl PortalReader {
    /// The id of a node's column for some values of the parameters: equal for equal columns, of whichever rule.
    pub(crate) fn column_id(&self, graph: &Graph, node: NodeId, values: &[f64]) -> ColumnId {
        ColumnId(self.snapshot().catalog().registry().column(&graph.canonical(node, values)))
    }

    /// What a rule reads of an asset, adjusted as of the stretch that holds bar `as_of`; the bars go on to its end.
    ///
    /// # Errors
    /// `Invalid` for an asset or a bar that the bundle lacks; `Io`, `Corrupt`.
    pub(crate) fn bars(&self, asset: AssetId, adjust: Adjust, as_of: usize) -> Result<AssetBars<'_>, Error> {
        let timeline = self.timeline(asset)?;
        let stretch = timeline.stretch(as_of, adjust)?;
        self.bars_in(&timeline, adjust, stretch)
    }

    /// A field at each of an asset's own bars, adjusted as of the stretch that holds bar `as_of`, over which it goes on to
    /// its end.
    ///
    /// # Errors
    /// `Invalid` for an asset or a bar that the bundle lacks; `Io`, `Corrupt`.
    pub(crate) fn field(
        &self,
        asset: AssetId,
        field: Field,
        adjust: Adjust,
        as_of: usize,
    ) -> Result<&[f64], Error> {
        let timeline = self.timeline(asset)?;
        let stretch = timeline.stretch(as_of, adjust)?;
        self.series(&timeline, field, adjust, stretch)
    }

    /// Returns a node's value at each of an asset's own bars, computed once for all who ask, and held in the cache.
    ///
    /// Values are on the series adjusted as of the stretch that holds bar `as_of`, over which the column goes on to its
    /// end: who lends it to a strategy cuts it at the clock. `id` is that of the same node and values.
    ///
    /// What a node is worked out from is asked for first, node by node, so that no load waits inside another. Where the
    /// cache evicts it meanwhile, it stays lent until this reader is refreshed.
    ///
    /// # Errors
    /// `Invalid` for an asset or a bar that the bundle lacks; `Io`, `Corrupt`.
    pub(crate) fn node(
        &self,
        asset: AssetId,
        id: ColumnId,
        (graph, node, values): (&Graph, NodeId, &[f64]),
        adjust: Adjust,
        as_of: usize,
    ) -> Result<ColumnRef<'_>, Error> {
        let timeline = self.timeline(asset)?;
        let stretch = timeline.stretch(as_of, adjust)?;
        let place = Place { timeline: &timeline, adjust, stretch };
        self.node_after(place, id, (graph, node, values), || self.reads(place, (graph, node, values)))
    }

    /// Lends a node's column, for which `reads` has those that it is worked out from.
    fn node_after<'a>(
        &'a self,
        place: Place<'_>,
        id: ColumnId,
        (graph, node, values): (&Graph, NodeId, &[f64]),
        reads: impl FnOnce() -> Result<Vec<ColumnRef<'a>>, Error>,
    ) -> Result<ColumnRef<'a>, Error> {
        let Place { timeline, adjust, stretch } = place;
        let key = Key::node(timeline.subject(), stretch.first, id.0, adjust);
        let below = || Ok((self.bars_in(timeline, adjust, stretch)?, reads()?));
        let held = self.cached().get_or_load_after(&key, Tier::Variable, below, |_, (bars, reads)| {
            let mut column = Column::Numbers(Vec::new());
            graph.evaluate(node, values, &bars, &reads, &mut column);
            Ok(Held::from(column))
        })?;
        Ok(held.column())
    }

    /// The columns that a node is worked out from: all that is below it, children first, so that no depth of an expression
    /// overflows a stack.
    fn reads<'a>(
        &'a self,
        place: Place<'_>,
        (graph, node, values): (&Graph, NodeId, &[f64]),
    ) -> Result<Vec<ColumnRef<'a>>, Error> {
        let direct = |node: NodeId| graph.reads(node).iter().map(|read| graph.resolve(*read, values));
        let mut below = BTreeSet::new();
        let mut open: Vec<NodeId> = direct(node).collect();
        while let Some(one) = open.pop() {
            if below.insert(one) {
                open.extend(direct(one));
            }
        }
        // What was lent stays lent, whatever is evicted meanwhile.
        let mut lent: BTreeMap<NodeId, ColumnRef<'a>> = BTreeMap::new();
        for one in below {
            let name = graph.canonical(one, values);
            let column = match Field::STORED.into_iter().find(|field| field.name() == name) {
                Some(field) => {
                    ColumnRef::Numbers(self.series(place.timeline, field, place.adjust, place.stretch)?)
                }
                None => {
                    let id = ColumnId(self.snapshot().catalog().registry().column(&name));
                    let reads = || Ok(direct(one).map(|read| lent[&read]).collect());
                    self.node_after(place, id, (graph, one, values), reads)?
                }
            };
            lent.insert(one, column);
        }
        Ok(direct(node).map(|read| lent[&read]).collect())
    }

    fn bars_in(&self, timeline: &Timeline, adjust: Adjust, stretch: Span) -> Result<AssetBars<'_>, Error> {
        let mut fields = [&[][..]; Field::STORED.len()];
        for (values, field) in fields.iter_mut().zip(Field::STORED) {
            *values = self.series(timeline, field, adjust, stretch)?;
        }
        let stretches = timeline.known_in(stretch, adjust).stretches(stretch.end as usize);
        Ok(AssetBars { count: stretch.end as usize, fields, stretches, days: timeline.days().clone() })
    }
}
