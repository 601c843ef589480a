//! Appends bars to a bundle: their batches go to one new segment, and one new manifest names all.
//!
//! The version is that of one ingest of all the bars, since it digests values alone: 4,096 bars at a time, counted from
//! an asset's first. So of what is there, only the bars since the last full 4,096 are read.
//!
//! **Segments stay few**: a last segment that holds no more than twice the bars that come after it is written again with
//! them. Each is then more than twice as long as all that follow it, so that there are at most as many as the binary
//! digits of the number of bars, and a bar is written again at most that often.

#![forbid(unsafe_code)]

use std::path::Path;

use super::asset::AtRest;
use super::folder::Folder;
use super::manifest::{AssetEntry, Manifest};
use super::writer::SegmentWriter;
use super::{Opened, current, open};
use crate::asset::{Field, Symbol};
use crate::bundle::adjustment::{Adjustment, EventOrigin};
use crate::bundle::bars::Bars as _;
use crate::bundle::column::{DIGITS, DecimalColumn, Scales};
use crate::bundle::digest::BATCH_ROWS;
use crate::bundle::memory::Memory;
use crate::bundle::origin::SourceFile;
use crate::bundle::series::{Series, Sourced};
use crate::error::Error;
use crate::time::Calendar;

/// A segment is written again where it holds no more than this many times the bars that come after it.
const MERGED_UP_TO: usize = 2;

/// Appends checked series, in the order of their symbols, to the bundle of a folder.
///
/// `sources` are the files that they come from, if they come from any.
pub(in crate::bundle) fn append(
    target: &Path,
    series: &[Sourced],
    sources: &[SourceFile],
) -> Result<(), Error> {
    // Where there is no folder, none is to be made.
    current::read(target)?;
    let folder = Folder::lock(target)?;
    let Opened { manifest, assets } = open(target)?;
    let kept = kept_segments(&manifest, series.iter().map(|one| one.series.calendar.len()).sum());
    let changes = changes(&manifest, &assets, series, kept)?;
    let scales =
        manifest.segments.iter().map(|segment| segment.scales()).fold(Scales::of(series), Scales::max);

    let written: Vec<&Symbol> = changes.iter().filter(|one| one.is_written()).map(|one| one.symbol).collect();
    let mut writer = SegmentWriter::new(&folder, &written, scales)?;
    let mut place = 0;
    let mut entries = Vec::with_capacity(changes.len());
    for change in &changes {
        match change.old {
            Some((entry, _)) if !change.is_written() => entries.push(entry.clone()),
            _ => {
                entries.push(change.write(&mut writer, kept, place, scales)?);
                place += 1;
            }
        }
    }
    let mut segments = manifest.segments[..kept].to_vec();
    segments.push(writer.finish()?);
    let appended = Manifest::new(
        &manifest.name,
        manifest.frequency()?,
        manifest.session(),
        segments,
        entries,
        manifest.sources.iter().chain(sources).cloned().collect(),
    );
    folder.publish(&appended)
}

/// How many of the segments stay as they are when this many bars come after them.
fn kept_segments(manifest: &Manifest, new_rows: usize) -> usize {
    let mut rows = vec![0; manifest.segments.len()];
    for batch in manifest.assets.iter().flat_map(|asset| &asset.batches) {
        rows[batch.segment] += batch.rows;
    }
    let (mut kept, mut merged) = (rows.len(), new_rows);
    while let Some(last) = kept.checked_sub(1) {
        // The first edition's segments are no part of a bundle of this one.
        if manifest.segments[last].has_symbols && rows[last] > MERGED_UP_TO.saturating_mul(merged) {
            break;
        }
        merged += rows[last];
        kept = last;
    }
    kept
}

/// What becomes of one asset.
struct Change<'a> {
    symbol: &'a Symbol,
    old: Option<(&'a AssetEntry, &'a AtRest)>,
    new: Option<&'a Sourced>,
    adjustments: Vec<Adjustment>,
    origin: EventOrigin,
    /// The first of its rows that goes to the new segment.
    write_from: usize,
}

/// The assets of the bundle and of the series, in the order of their symbols.
fn changes<'a>(
    manifest: &'a Manifest,
    assets: &'a [AtRest],
    series: &'a [Sourced],
    kept: usize,
) -> Result<Vec<Change<'a>>, Error> {
    let mut changes = Vec::with_capacity(assets.len() + series.len());
    let mut series = series.iter().peekable();
    for (entry, asset) in manifest.assets.iter().zip(assets) {
        while let Some(one) = series.next_if(|one| one.series.symbol < *asset.symbol()) {
            changes.push(Change::of_new(one));
        }
        let new = series.next_if(|one| one.series.symbol == *asset.symbol());
        let in_kept = |batch: &&super::manifest::BatchEntry| batch.segment < kept;
        let write_from = entry.batches.iter().take_while(in_kept).map(|batch| batch.rows).sum();
        if let Some(one) = new {
            check_follows(asset, &one.series)?;
        }
        let adjustments = merge(asset, new.map(|one| &one.series))?;
        // Where nothing was known, what comes says where its events are from.
        let origin = match (asset.event_origin(), new) {
            (EventOrigin::Unknown, Some(new)) => new.origin,
            (known, _) => known,
        };
        let old = Some((entry, asset));
        changes.push(Change { symbol: asset.symbol(), old, new, adjustments, origin, write_from });
    }
    changes.extend(series.map(Change::of_new));
    Ok(changes)
}

fn check_follows(asset: &AtRest, new: &Series) -> Result<(), Error> {
    let last = asset.span().1;
    match new.calendar.timestamp(0) {
        Some(first) if first <= last => {
            let message = format!("the first bar to append is {first}, expected one after the last, {last}");
            Err(Error::invalid(new.symbol.to_string(), message))
        }
        _ => Ok(()),
    }
}

/// The events that were known and those that came, in order; what came again, the same, is there once.
fn merge(asset: &AtRest, new: Option<&Series>) -> Result<Vec<Adjustment>, Error> {
    let mut all = asset.adjustments().to_vec();
    for one in new.into_iter().flat_map(|series| &series.adjustments) {
        let is_it =
            |known: &&Adjustment| known.ex_date == one.ex_date && known.kind.rank() == one.kind.rank();
        match asset.adjustments().iter().find(is_it) {
            Some(known) if known == one => {}
            Some(known) => {
                let message = format!("{} on {}, but the bundle has {}", one.kind, one.ex_date, known.kind);
                return Err(Error::invalid(asset.symbol().to_string(), message));
            }
            None => all.push(*one),
        }
    }
    Adjustment::sort(&mut all);
    Ok(all)
}

impl<'a> Change<'a> {
    fn of_new(new: &'a Sourced) -> Self {
        let Sourced { series, origin } = new;
        Self {
            symbol: &series.symbol,
            old: None,
            new: Some(new),
            adjustments: series.adjustments.clone(),
            origin: *origin,
            write_from: 0,
        }
    }

    fn old_bars(&self) -> usize {
        self.old.map_or(0, |(_, asset)| asset.len())
    }

    fn is_written(&self) -> bool {
        self.new.is_some() || self.write_from < self.old_bars()
    }

    /// Writes the rows that go to the new segment, whose number is `segment`, under the symbol at `place`.
    fn write(
        &self,
        writer: &mut SegmentWriter<'_>,
        segment: usize,
        place: usize,
        scales: Scales,
    ) -> Result<AssetEntry, Error> {
        let old_bars = self.old_bars();
        // Where bars come, the digest of the last 4,096 before them is made anew, if those were not full.
        let digest_from = self.new.map_or(old_bars, |_| old_bars / BATCH_ROWS * BATCH_ROWS);
        let first = self.write_from.min(digest_from);
        let tail = self.tail(first, scales)?;
        let cut = |from: usize| {
            let rows = from - first..tail.len();
            rows.clone().step_by(BATCH_ROWS).map(move |start| start..rows.end.min(start + BATCH_ROWS))
        };
        let (mut values, mut batches) = (Vec::new(), Vec::new());
        if let Some((entry, _)) = self.old {
            values.extend_from_slice(&entry.values[..digest_from.div_ceil(BATCH_ROWS)]);
            batches.extend(entry.batches.iter().take_while(|batch| batch.segment < segment).cloned());
        }
        values.extend(cut(digest_from).map(|rows| tail.digest(rows)));
        for rows in cut(self.write_from) {
            batches.push(writer.write(segment, place, &tail, rows)?);
        }
        let first_bar = self.old.map_or(tail.span().0, |(_, asset)| asset.span().0);
        Ok(AssetEntry::new(
            self.symbol,
            (first_bar, tail.span().1),
            (&self.adjustments, self.origin),
            values,
            batches,
        ))
    }

    /// The bars from a row on: those at rest, and those that come.
    fn tail(&self, first: usize, scales: Scales) -> Result<Memory, Error> {
        let mut moments: Vec<i64> = Vec::new();
        let mut columns = Field::STORED.map(|_| Some(Vec::<i128>::new()));
        if let Some((_, asset)) = self.old {
            asset.visit(&(first..asset.len()), |held, batch| {
                let rows = first.saturating_sub(held.start)..held.len();
                moments.extend_from_slice(&batch.moments()[rows.clone()]);
                for (index, column) in columns.iter_mut().enumerate() {
                    let values = &batch.mantissas(index)[rows.clone()];
                    let by = scales.column(index) - batch.scale(index);
                    *column = column.take().and_then(|column| DecimalColumn::widened(column, values, by));
                }
            })?;
        }
        let come = self.new.map(|series| Memory::new(series, scales)).transpose()?;
        if let Some(come) = &come {
            moments.extend_from_slice(come.calendar.as_slice());
        }
        let mut whole = Vec::with_capacity(columns.len());
        for (index, column) in columns.into_iter().enumerate() {
            let mut column = column.ok_or_else(|| {
                let field = Field::STORED[index];
                let message = format!("{field} needs more than {DIGITS} digits at the bundle's decimals");
                Error::invalid(self.symbol.to_string(), message)
            })?;
            column.extend(come.iter().flat_map(|come| come.columns[index].mantissas()));
            whole.push(DecimalColumn::of_mantissas(column, scales.column(index)));
        }
        let columns = whole.try_into().expect("there are as many columns as stored fields");
        Ok(Memory::of_columns(Calendar::new(moments)?, columns))
    }
}
