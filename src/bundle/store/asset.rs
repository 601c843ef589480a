//! The bars of one asset at rest.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::manifest::{AssetEntry, BatchEntry, Manifest};
use super::segment::{Batch, Segment};
use crate::asset::{Field, Symbol};
use crate::bundle::adjustment::{Adjustment, EventOrigin};
use crate::bundle::bars::{Bars, Piece};
use crate::bundle::column::{DecimalColumn, Scales, Table};
use crate::bundle::digest::Digest;
use crate::bundle::memory::too_wide;
use crate::bundle::name::Name;
use crate::error::{Error, ErrorKind};
use crate::time::{Calendar, Timestamp};

/// Where the bars are: batches of the bundle's segments, which all its assets hold open together.
#[derive(Debug)]
pub(in crate::bundle) struct AtRest {
    symbol: Symbol,
    span: (Timestamp, Timestamp),
    adjustments: Vec<Adjustment>,
    origin: EventOrigin,
    names: Vec<Name>,
    values: Vec<Digest>,
    batches: Vec<Placed>,
    segments: Arc<[Segment]>,
    calendar: OnceLock<Calendar>,
}

/// A batch, and the asset's rows that it holds.
#[derive(Debug)]
struct Placed {
    rows: Range<usize>,
    entry: BatchEntry,
}

impl AtRest {
    /// The assets of a manifest.
    pub(super) fn all(manifest: &Manifest, segments: &Arc<[Segment]>) -> Result<Vec<Self>, Error> {
        let asset = |entry: &AssetEntry| {
            let mut end = 0;
            let batches = entry.batches.iter().map(|batch| {
                let first = end;
                end += batch.rows;
                Placed { rows: first..end, entry: batch.clone() }
            });
            Ok(Self {
                symbol: entry.symbol.as_str().into(),
                span: entry.span()?,
                adjustments: entry.adjustments()?,
                origin: entry.events,
                names: entry.names()?,
                values: entry.values.clone(),
                batches: batches.collect(),
                segments: Arc::clone(segments),
                calendar: OnceLock::new(),
            })
        };
        manifest.assets.iter().map(asset).collect()
    }

    pub(super) fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    /// Visits the batches that hold some rows, in order, each with its own rows.
    pub(super) fn visit(
        &self,
        rows: &Range<usize>,
        mut visit: impl FnMut(&Range<usize>, &Batch),
    ) -> Result<(), Error> {
        let first = self.batches.partition_point(|batch| batch.rows.end <= rows.start);
        for placed in self.batches[first..].iter().take_while(|batch| batch.rows.start < rows.end) {
            let what = format!("{} rows {} to {}", self.symbol, placed.rows.start, placed.rows.end - 1);
            let batch = self.segments[placed.entry.segment].batch(&placed.entry, &what)?;
            visit(&placed.rows, &batch);
        }
        Ok(())
    }

    /// Reads all moments but the first ones that are known, and with them verifies every byte of these bars.
    fn load_calendar(&self, known: &[i64]) -> Result<Calendar, Error> {
        let mut moments = Vec::with_capacity(self.len());
        moments.extend_from_slice(known);
        self.visit(&(known.len()..self.len()), |held, batch| {
            moments.extend_from_slice(&batch.moments()[moments.len() - held.start..]);
        })?;
        let ends = (moments.first().copied().map(Timestamp), moments.last().copied().map(Timestamp));
        let calendar = Calendar::new(moments).ok().filter(|_| ends == (Some(self.span.0), Some(self.span.1)));
        calendar.ok_or_else(|| {
            let message = "its moments are not those of the manifest".to_owned();
            ErrorKind::Corrupt { file: self.symbol.to_string(), message }.into()
        })
    }
}

impl Bars for AtRest {
    fn len(&self) -> usize {
        self.batches.last().map_or(0, |batch| batch.rows.end)
    }

    fn span(&self) -> (Timestamp, Timestamp) {
        self.span
    }

    fn adjustments(&self) -> &[Adjustment] {
        &self.adjustments
    }

    fn event_origin(&self) -> EventOrigin {
        self.origin
    }

    fn names(&self) -> &[Name] {
        &self.names
    }

    fn calendar(&self) -> Result<Calendar, Error> {
        if let Some(calendar) = self.calendar.get() {
            return Ok(calendar.clone());
        }
        // Two threads may both load it; they find the same.
        let calendar = self.load_calendar(&[])?;
        Ok(self.calendar.get_or_init(|| calendar).clone())
    }

    fn read(&self, column: usize, rows: Range<usize>, out: &mut Vec<f64>) -> Result<(), Error> {
        let bars = self.len();
        assert!(rows.end <= bars, "bars reach to {}, past the last of {bars}", rows.end);
        let before = out.len();
        out.reserve(rows.len());
        let outcome = self.visit(&rows, |held, batch| {
            let end = rows.end.min(held.end) - held.start;
            batch.read(column, rows.start.saturating_sub(held.start)..end, out);
        });
        outcome.inspect_err(|_| out.truncate(before))
    }

    fn values(&self) -> &[Digest] {
        &self.values
    }

    fn pieces(&self) -> Box<dyn Iterator<Item = Piece> + '_> {
        Box::new(self.batches.iter().map(|placed| Piece {
            end: placed.rows.end,
            sha256: placed.entry.sha256,
            scales: self.segments[placed.entry.segment].scales(),
        }))
    }

    fn know_first_moments(&self, moments: &[i64]) -> Result<(), Error> {
        if self.calendar.get().is_none() {
            let calendar = self.load_calendar(moments)?;
            self.calendar.get_or_init(|| calendar);
        }
        Ok(())
    }

    fn scales(&self) -> Scales {
        let scales = self.segments.iter().map(Segment::scales);
        scales.reduce(Scales::max).unwrap_or(Scales { price: 0, volume: 0 })
    }

    /// Reads batches from the last one back.
    fn row_from(&self, moment: Timestamp) -> Result<usize, Error> {
        let before = |moments: &[i64]| moments.partition_point(|&one| one < moment.0);
        if let Some(calendar) = self.calendar.get() {
            return Ok(before(calendar.as_slice()));
        }
        for placed in self.batches.iter().rev() {
            let mut within = 0;
            self.visit(&placed.rows, |_, batch| within = before(batch.moments()))?;
            if within > 0 {
                return Ok(placed.rows.start + within);
            }
        }
        Ok(0)
    }

    fn tail(&self, symbol: &Symbol, first: usize, scales: Scales) -> Result<Table, Error> {
        let mut moments: Vec<i64> = Vec::new();
        let mut columns = Field::STORED.map(|_| Some(Vec::<i128>::new()));
        self.visit(&(first..self.len()), |held, batch| {
            let rows = first.saturating_sub(held.start)..held.len();
            moments.extend_from_slice(&batch.moments()[rows.clone()]);
            for (index, column) in columns.iter_mut().enumerate() {
                let values = &batch.mantissas(index)[rows.clone()];
                let by = scales.column(index) - batch.scale(index);
                *column = column.take().and_then(|column| DecimalColumn::widened(column, values, by));
            }
        })?;
        let mut whole = Vec::with_capacity(columns.len());
        for (index, column) in columns.into_iter().enumerate() {
            let column = column.ok_or_else(|| too_wide(symbol, index))?;
            whole.push(DecimalColumn::of_mantissas(column, scales.column(index)));
        }
        let columns = whole.try_into().expect("there are as many columns as stored fields");
        Ok((Calendar::new(moments)?, columns))
    }

    fn bytes(&self) -> u64 {
        self.batches.iter().map(|batch| batch.entry.bytes).sum()
    }
}
