//! The bars of one asset at rest.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::adjustment::Adjustment;
use super::bars::Bars;
use super::column::Scales;
use super::digest::BATCH_ROWS;
use crate::error::{Error, ErrorKind};
use crate::time::{Calendar, Timestamp};

mod manifest;
mod segment;
mod staging;

pub(super) use manifest::{AssetEntry, Manifest};
pub(super) use segment::write as write_segment;
pub(super) use staging::{Staging, check as check_target};

use segment::{Batch, Segment};

/// Where the bars are. Files are opened for each read: a bundle of any number of assets holds none open.
#[derive(Debug)]
pub(super) struct AtRest {
    folder: Arc<Path>,
    /// The bundle's, as it was opened.
    version: Arc<str>,
    entry: AssetEntry,
    scales: Scales,
    span: (Timestamp, Timestamp),
    adjustments: Vec<Adjustment>,
    calendar: OnceLock<Calendar>,
}

impl AtRest {
    /// The assets of a manifest.
    pub(super) fn assets(folder: &Arc<Path>, manifest: &Manifest) -> Result<Vec<Self>, Error> {
        let version: Arc<str> = manifest.version.as_str().into();
        let asset = |entry: &AssetEntry| {
            Ok(Self {
                folder: Arc::clone(folder),
                version: Arc::clone(&version),
                scales: manifest.scales(),
                span: entry.span()?,
                adjustments: entry.adjustments()?,
                calendar: OnceLock::new(),
                entry: entry.clone(),
            })
        };
        manifest.assets.iter().map(asset).collect()
    }

    /// Says so where a failure comes from another bundle having taken this one's place.
    fn explain(&self, error: Error) -> Error {
        match Manifest::open(&self.folder) {
            Ok(now) if *now.version != *self.version => Error::invalid(
                self.folder.display().to_string(),
                format!("was replaced by version {} after it was opened; open it again", now.version),
            ),
            _ => error,
        }
    }

    /// Visits the batches that hold some rows, in order, each with the asset's row that it starts with.
    fn visit(
        &self,
        rows: &Range<usize>,
        whole: bool,
        mut visit: impl FnMut(usize, &Batch),
    ) -> Result<(), Error> {
        let mut first_row = 0;
        for entry in &self.entry.segments {
            let end = first_row + entry.batches.iter().map(|batch| batch.rows).sum::<usize>();
            if first_row < rows.end && end > rows.start {
                let mut segment = Segment::open(&self.folder, entry, self.scales)?;
                if whole {
                    segment.check_frame()?;
                }
                // Every batch but an asset's last is full, so that rows tell their batch.
                let first = rows.start.saturating_sub(first_row) / BATCH_ROWS;
                let last = (rows.end.min(end) - first_row).div_ceil(BATCH_ROWS);
                for index in first..last {
                    let batch_row = first_row + index * BATCH_ROWS;
                    visit(batch_row, &segment.batch(index, batch_row)?);
                }
            }
            first_row = end;
        }
        Ok(())
    }

    /// Reads all moments, and with them verifies every byte of the asset's files.
    fn load_calendar(&self) -> Result<Calendar, Error> {
        let mut moments = Vec::with_capacity(self.entry.bars);
        self.visit(&(0..self.entry.bars), true, |_, batch| moments.extend_from_slice(batch.moments()))?;
        let ends = (moments.first().copied().map(Timestamp), moments.last().copied().map(Timestamp));
        let calendar = Calendar::new(moments).ok().filter(|_| ends == (Some(self.span.0), Some(self.span.1)));
        calendar.ok_or_else(|| {
            let file = self.folder.join(&self.entry.symbol).display().to_string();
            ErrorKind::Corrupt { file, message: "its moments are not those of the manifest".to_owned() }
                .into()
        })
    }
}

impl Bars for AtRest {
    fn len(&self) -> usize {
        self.entry.bars
    }

    fn span(&self) -> (Timestamp, Timestamp) {
        self.span
    }

    fn adjustments(&self) -> &[Adjustment] {
        &self.adjustments
    }

    fn calendar(&self) -> Result<Calendar, Error> {
        if let Some(calendar) = self.calendar.get() {
            return Ok(calendar.clone());
        }
        // Two threads may both load it; they find the same.
        let calendar = self.load_calendar().map_err(|error| self.explain(error))?;
        Ok(self.calendar.get_or_init(|| calendar).clone())
    }

    fn read(&self, column: usize, rows: Range<usize>, out: &mut Vec<f64>) -> Result<(), Error> {
        assert!(
            rows.end <= self.entry.bars,
            "bars reach to {}, past the last of {}",
            rows.end,
            self.entry.bars
        );
        let before = out.len();
        out.reserve(rows.len());
        let outcome = self.visit(&rows, false, |first_row, batch| {
            let end = rows.end.min(first_row + BATCH_ROWS) - first_row;
            batch.read(column, rows.start.saturating_sub(first_row)..end, out);
        });
        outcome.map_err(|error| {
            out.truncate(before);
            self.explain(error)
        })
    }

    fn bytes(&self) -> u64 {
        self.entry.segments.iter().map(|segment| segment.bytes).sum()
    }
}
