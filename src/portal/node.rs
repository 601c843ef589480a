//! Nodes of a rule's graph as cached columns: computed once, whichever trial asks first, and lent to all.

#![forbid(unsafe_code)]

use std::ops::Deref;
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
        let key = Key::node(asset.0, stretch.first, id.0, adjust);
        let below = || {
            let bars = self.bars_in(&timeline, adjust, stretch)?;
            let read = |read: &NodeId| {
                let read = graph.resolve(*read, values);
                let name = graph.canonical(read, values);
                if let Some(field) = Field::STORED.into_iter().find(|field| field.name() == name) {
                    return self.series(&timeline, field, adjust, stretch).map(ColumnRef::Numbers);
                }
                let id = ColumnId(self.snapshot().catalog().registry().column(&name));
                self.node(asset, id, (graph, read, values), adjust, as_of)
            };
            let reads = graph.reads(node).iter().map(read).collect::<Result<Vec<_>, _>>()?;
            Ok((bars, reads))
        };
        let held = self.cached().get_or_load_after(&key, Tier::Variable, below, |_, (bars, reads)| {
            let mut column = Column::Numbers(Vec::new());
            graph.evaluate(node, values, &bars, &reads, &mut column);
            Ok(Held::from(column))
        })?;
        Ok(held.column())
    }

    fn bars_in(
        &self,
        timeline: &impl Deref<Target = Arc<Timeline>>,
        adjust: Adjust,
        stretch: Span,
    ) -> Result<AssetBars<'_>, Error> {
        let mut fields = [&[][..]; Field::STORED.len()];
        for (values, field) in fields.iter_mut().zip(Field::STORED) {
            *values = self.series(timeline, field, adjust, stretch)?;
        }
        let stretches = timeline.known_in(stretch, adjust).stretches(stretch.end as usize);
        Ok(AssetBars { count: stretch.end as usize, fields, stretches, days: timeline.days().clone() })
    }
}
