//! What a miss at a coarser frequency does: adjusts the bundle's bars first, then makes coarse ones of them.

#![forbid(unsafe_code)]

use std::ops::Range;

use super::adjust::Adjust;
use super::buckets::Buckets;
use super::layout::{Layout, Rows};
use super::load;
use super::stretch::Span;
use super::timeline::{Known, Timeline};
use crate::asset::Field;
use crate::block::Block;
use crate::bundle::Bundle;
use crate::error::Error;
use crate::time::Timestamp;

/// Bars that are read at a time, so that no load holds all of a long series beside what it makes of it.
const READ_ROWS: usize = 65_536;

/// The coarse bars of one block.
#[derive(Clone, Copy, Debug)]
pub(super) struct CoarseExtent {
    first: usize,
    end: usize,
    /// Undefined rows in front of the first coarse bar.
    padding: usize,
}

impl CoarseExtent {
    /// The coarse bars of a span and the lookback of a class before it: clipped at the first, or with undefined rows in
    /// front of it.
    pub(super) fn new(span: Span, class: u8, padded: bool) -> Self {
        let (lookback, before) = (1_usize << class, span.first as usize + 1);
        // One more than a window ends with: where not even the first coarse bar is closed, all of a window is padding.
        let padding = if padded { (lookback + 1).saturating_sub(before) } else { 0 };
        Self { first: before.saturating_sub(lookback), end: span.end as usize, padding }
    }
}

/// A field of a coarse bar as it grows, from bar to bar of those that it is made of.
struct Growing {
    field: Field,
    value: f64,
    is_begun: bool,
}

impl Growing {
    /// Before the first bar; `carried` is the last close before it.
    fn new(field: Field, carried: f64) -> Self {
        let mut growing = Self { field, value: carried, is_begun: false };
        growing.begin();
        growing
    }

    /// Begins the next coarse bar; `price` is carried over from the one before.
    fn begin(&mut self) {
        self.is_begun = false;
        match self.field {
            Field::Price => {}
            Field::Volume => self.value = 0.0,
            Field::Open | Field::High | Field::Low | Field::Close => self.value = f64::NAN,
        }
    }

    fn take(&mut self, value: f64) {
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        self.value = match self.field {
            _ if is_first => value,
            Field::Open => self.value,
            Field::High => self.value.max(value),
            Field::Low => self.value.min(value),
            Field::Close | Field::Price => value,
            Field::Volume => self.value + value,
        };
    }
}

/// Where a fold reads, and what it goes through: whole coarse bars, but for the last.
struct Fold<'a> {
    bundle: &'a Bundle,
    buckets: &'a Buckets,
    known: Known,
    /// The first row after the asset was delisted: its price is carried no farther.
    ended: usize,
    field: Field,
}

impl Fold<'_> {
    /// Calls `emit` at each of some rows of a calendar, of which the first begins a coarse bar: with the row, its coarse
    /// bar, and that bar's value as of the row.
    fn run(
        &self,
        (timeline, own): (&Timeline, Option<&[u32]>),
        rows: Range<usize>,
        mut emit: impl FnMut(usize, usize, f64),
    ) -> Result<(), Error> {
        let (bundle, buckets, known, field) = (self.bundle, self.buckets, &self.known, self.field);
        let bar_from = |row: usize| own.map_or(row, |own| own.partition_point(|&at| (at as usize) < row));
        let mut values = Vec::new();
        let read = |bars: Range<usize>, values: &mut Vec<f64>| {
            values.clear();
            load::own(bundle, timeline.asset(), known, field, bars, values)
        };
        // A price may be carried from a bar before the first row.
        let carried = match bar_from(rows.start).checked_sub(1) {
            Some(before) if field == Field::Price => {
                read(before..before + 1, &mut values)?;
                values[0]
            }
            _ => f64::NAN,
        };
        let mut growing = Growing::new(field, carried);
        let mut bucket = buckets.of(rows.start);
        let mut end = buckets.bars(bucket).end;
        let mut start = rows.start;
        while start < rows.end {
            let past = rows.end.min(start + READ_ROWS);
            let bars = bar_from(start)..bar_from(past);
            read(bars.clone(), &mut values)?;
            let mut found =
                bars.zip(&values).map(|(bar, value)| (own.map_or(bar, |own| own[bar] as usize), *value));
            let mut next = found.next();
            for row in start..past {
                if row == end {
                    bucket += 1;
                    end = buckets.bars(bucket).end;
                    growing.begin();
                }
                if let Some((at, value)) = next
                    && at == row
                {
                    growing.take(value);
                    next = found.next();
                }
                let is_over = field == Field::Price && row >= self.ended;
                emit(row, bucket, if is_over { f64::NAN } else { growing.value });
            }
            start = past;
        }
        Ok(())
    }
}

/// Makes the coarse bars of a block, adjusted as of a stretch of the bundle's bars; the last is made of those in the
/// stretch alone.
pub(super) fn rows(
    bundle: &Bundle,
    (layout, buckets): (&Layout, &Buckets),
    (stretch, adjust): (Span, Adjust),
    extent: CoarseExtent,
) -> Result<Block, Error> {
    let rows = extent.padding + extent.end - extent.first;
    let mut values = vec![f64::NAN; rows * layout.columns()];
    let end = buckets.bars(extent.end - 1).end.min(stretch.end as usize);
    let bars = buckets.bars(extent.first).start..end;
    columns(bundle, (layout, buckets), (stretch, adjust), bars, |column, _, bucket, value| {
        values[column * rows + extent.padding + bucket - extent.first] = value;
    })?;
    Ok(Block::padded(values, extent.first, rows, extent.padding))
}

/// At each of the bundle's bars of a span, the coarse bar that holds it as of it, adjusted as of a stretch.
pub(super) fn running(
    bundle: &Bundle,
    (layout, buckets): (&Layout, &Buckets),
    (stretch, adjust): (Span, Adjust),
    span: Span,
) -> Result<Block, Error> {
    let (first, end) = (span.first as usize, span.end as usize);
    let rows = end - first;
    let mut values = vec![f64::NAN; rows * layout.columns()];
    let bars = buckets.bars(buckets.of(first)).start..end;
    columns(bundle, (layout, buckets), (stretch, adjust), bars, |column, row, _, value| {
        if let Some(at) = row.checked_sub(first) {
            values[column * rows + at] = value;
        }
    })?;
    Ok(Block::new(values, first, rows))
}

/// Goes through some rows of a layout's calendar, column after column.
fn columns(
    bundle: &Bundle,
    (layout, buckets): (&Layout, &Buckets),
    (stretch, adjust): (Span, Adjust),
    rows: Range<usize>,
    mut emit: impl FnMut(usize, usize, usize, f64),
) -> Result<(), Error> {
    // The same events are known at every bar of a stretch.
    let as_of = Timestamp(layout.calendar.as_slice()[stretch.end as usize - 1]);
    let columns =
        layout.assets.iter().flat_map(|asset| layout.fields.iter().map(move |field| (asset, *field)));
    for (column, (Rows { timeline, rows: own }, field)) in columns.enumerate() {
        let fold = Fold {
            bundle,
            buckets,
            known: timeline.known(as_of, adjust),
            ended: layout.end_of(bundle, timeline),
            field,
        };
        fold.run((timeline, own.as_deref()), rows.clone(), |row, bucket, value| {
            emit(column, row, bucket, value);
        })?;
    }
    Ok(())
}

/// Makes the coarse bars of an asset's field up to the end of a stretch, adjusted as of it.
pub(super) fn series(
    bundle: &Bundle,
    (timeline, buckets): (&Timeline, &Buckets),
    field: Field,
    adjust: Adjust,
    stretch: Span,
) -> Result<Block, Error> {
    let bars = stretch.end as usize;
    let rows = buckets.of(bars - 1) + 1;
    let mut values = vec![f64::NAN; rows];
    let fold = Fold { bundle, buckets, known: timeline.known_in(stretch, adjust), ended: usize::MAX, field };
    fold.run((timeline, None), 0..bars, |_, bucket, value| values[bucket] = value)?;
    Ok(Block::new(values, 0, rows))
}
