//! What a miss does: reads the raw rows, adjusts them by the asset's own bars, aligns them on the calendar.

#![forbid(unsafe_code)]

use std::ops::Range;

use super::adjust::Adjust;
use super::layout::Layout;
use super::stretch::Span;
use super::timeline::{Known, Timeline};
use crate::asset::{AssetId, Field};
use crate::block::Block;
use crate::bundle::Bundle;
use crate::error::Error;
use crate::time::Timestamp;

/// The rows of one block in the calendar of its selection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    first: usize,
    end: usize,
    /// Undefined rows in front of the first bar.
    padding: usize,
}

impl Extent {
    /// A span and the lookback of a class before it, clipped at the first bar.
    pub(super) fn clipped(span: Span, class: u8) -> Self {
        let first = (span.first as usize + 1).saturating_sub(1 << class);
        Self { first, end: span.end as usize, padding: 0 }
    }

    /// The same, with undefined rows where the other is clipped.
    pub(super) fn padded(span: Span, class: u8) -> Self {
        let padding = (1_usize << class).saturating_sub(span.first as usize + 1);
        Self { padding, ..Self::clipped(span, class) }
    }

    fn rows(self) -> usize {
        self.padding + self.end - self.first
    }
}

/// Reads the rows of a block, adjusted as of its span.
pub(super) fn rows(bundle: &Bundle, layout: &Layout, adjust: Adjust, extent: Extent) -> Result<Block, Error> {
    let mut values = Vec::with_capacity(extent.rows() * layout.columns());
    // The same events are known at every bar of a span.
    let as_of = Timestamp(layout.calendar.as_slice()[extent.end - 1]);
    for asset in &layout.assets {
        let known = &asset.timeline.known(as_of, adjust);
        for &field in &layout.fields {
            values.resize(values.len() + extent.padding, f64::NAN);
            match &asset.rows {
                None => {
                    own(bundle, asset.timeline.asset(), known, field, extent.first..extent.end, &mut values)?
                }
                Some(rows) => {
                    let end = layout.end_of(bundle, &asset.timeline);
                    aligned((bundle, asset.timeline.asset()), (rows, end), known, field, extent, &mut values)?
                }
            }
        }
    }
    Ok(Block::padded(values, extent.first, extent.rows(), extent.padding))
}

/// Reads a field of an asset over its bars up to the end of a stretch, adjusted as of the stretch.
pub(super) fn series(
    bundle: &Bundle,
    timeline: &Timeline,
    field: Field,
    adjust: Adjust,
    stretch: Span,
) -> Result<Block, Error> {
    let bars = stretch.end as usize;
    let mut values = Vec::with_capacity(bars);
    own(bundle, timeline.asset(), &timeline.known_in(stretch, adjust), field, 0..bars, &mut values)?;
    Ok(Block::new(values, 0, bars))
}

/// Computes what takes each bar's price as of a stretch back to the bar's own time.
pub(super) fn scale(timeline: &Timeline, adjust: Adjust, stretch: Span) -> Block {
    let bars = stretch.end as usize;
    Block::new(timeline.known_in(stretch, adjust).level(bars), 0, bars)
}

/// Appends some of an asset's own bars, adjusted.
pub(super) fn own(
    bundle: &Bundle,
    asset: AssetId,
    known: &Known,
    field: Field,
    bars: Range<usize>,
    values: &mut Vec<f64>,
) -> Result<(), Error> {
    let (before, first) = (values.len(), bars.start);
    bundle.read(asset, field, bars, values)?;
    known.adjust(field, first, &mut values[before..]);
    Ok(())
}

/// Appends an asset's column in a calendar that has bars which the asset lacks; `rows` places the asset's own, and at row
/// `ended` it has ended.
fn aligned(
    (bundle, asset): (&Bundle, AssetId),
    (rows, ended): (&[u32], usize),
    known: &Known,
    field: Field,
    extent: Extent,
    values: &mut Vec<f64>,
) -> Result<(), Error> {
    let bar_from = |row: usize| rows.partition_point(|&at| (at as usize) < row);
    let (first, end) = (bar_from(extent.first), bar_from(extent.end));
    // A price may be carried from a bar before the block.
    let carried = usize::from(field == Field::Price).min(first);
    let mut found = Vec::with_capacity(end - first + carried);
    own(bundle, asset, known, field, first - carried..end, &mut found)?;

    let start = values.len();
    let missing = if field == Field::Volume { 0.0 } else { f64::NAN };
    values.resize(start + extent.end - extent.first, missing);
    let column = &mut values[start..];
    for (&row, &value) in rows[first..end].iter().zip(&found[carried..]) {
        column[row as usize - extent.first] = value;
    }
    if field == Field::Price {
        let mut last = if carried == 1 { found[0] } else { f64::NAN };
        let until = ended.saturating_sub(extent.first).min(column.len());
        for value in &mut column[..until] {
            if value.is_nan() {
                *value = last;
            }
            last = *value;
        }
    }
    Ok(())
}
