//! Appends bars to a bundle: their batches go to one new segment, and one new manifest names all.
//!
//! The version is that of one ingest of all the bars, since it digests values alone: 4,096 bars at a time, counted from
//! an asset's first. So of what is there, only the bars since the last full 4,096 are read.
//!
//! **A bar that is there is held against the one that comes.** The same is passed over; one of other values is restated:
//! the batches of its asset from its own on are written again, and the version before keeps those that it has.
//!
//! **Segments stay few**: a last segment that holds no more than ten times the bars that come after it is written again with
//! them. Each is then more than ten times as long as all that follow it, so that there are at most as many as the digits of
//! the number of bars: opening a bundle of ten thousand appends costs less than twice what it does after one ingest
//! (`benches/append.rs`). In turn, a bar is written again some 25 times for each tenfold growth of what lies before it.

#![forbid(unsafe_code)]

use std::path::Path;

use super::asset::AtRest;
use super::folder::Folder;
use super::manifest::{AssetEntry, BatchEntry, Manifest};
use super::writer::SegmentWriter;
use super::{Opened, current, open};
use crate::asset::Symbol;
use crate::bundle::adjustment::{Adjustment, EventOrigin};
use crate::bundle::appended::Outcome;
use crate::bundle::bars::Bars;
use crate::bundle::column::Scales;
use crate::bundle::digest::BATCH_ROWS;
use crate::bundle::memory::Memory;
use crate::bundle::merge::{self, Merged};
use crate::bundle::names::Names;
use crate::bundle::origin::SourceFile;
use crate::bundle::series::Sourced;
use crate::error::Error;

/// A segment is written again where it holds no more than this many times the bars that come after it.
const MERGED_UP_TO: usize = 10;

/// What comes with the bars.
#[derive(Default)]
pub(in crate::bundle) struct Append<'a> {
    /// The files that they come from, if they come from any.
    pub(in crate::bundle) sources: &'a [SourceFile],
    /// How many versions stay; all where nothing is said.
    pub(in crate::bundle) keep: Option<usize>,
    /// The names of all assets, where they are told anew.
    pub(in crate::bundle) names: Option<&'a Names>,
}

/// Appends checked series, in the order of their symbols, to the bundle of a folder; gives the version that stood, and
/// what became of the bars. Where they change nothing, nothing is written.
///
pub(in crate::bundle) fn append(
    target: &Path,
    series: &[Sourced],
    Append { sources, keep, names }: Append<'_>,
) -> Result<(String, Outcome), Error> {
    // Where there is no folder, none is to be made.
    current::read(target)?;
    let folder = Folder::lock(target)?;
    let Opened { manifest, assets } = open(target)?;
    let scales =
        manifest.segments.iter().map(|segment| segment.scales()).fold(Scales::of(series), Scales::max);
    let mut outcome = Outcome::default();
    let mut changes = changes(&manifest, &assets, series, scales, &mut outcome)?;
    outcome.late |= changes.iter().any(|change| change.is_renamed(names));
    if !outcome.is_change() {
        return Ok((manifest.version, outcome));
    }
    let kept = kept_segments(&manifest, changes.iter().map(Change::rows_that_change).sum());
    changes.iter_mut().for_each(|change| change.keep(kept));

    let written: Vec<&Symbol> = changes.iter().filter(|one| one.is_written()).map(|one| one.symbol).collect();
    let named = |change: &Change<'_>, entry: AssetEntry| match names {
        Some(names) => entry.with_names(names.of(change.symbol)),
        None => entry.with_names(change.old.map_or(&[], |(_, asset)| asset.names())),
    };
    let mut segments = manifest.segments[..kept].to_vec();
    let mut entries = Vec::with_capacity(changes.len());
    if written.is_empty() {
        // Events alone came, and all segments stay.
        for change in &changes {
            entries.extend(change.with_events()?.map(|entry| named(change, entry)));
        }
    } else {
        let mut writer = SegmentWriter::new(&folder, &written, scales)?;
        let mut place = 0;
        for change in &changes {
            match change.with_events()? {
                Some(entry) => entries.push(named(change, entry)),
                None => {
                    entries.push(named(change, change.write(&mut writer, kept, place, scales)?));
                    place += 1;
                }
            }
        }
        segments.push(writer.finish()?);
    }
    let appended = Manifest::new(
        &manifest.name,
        manifest.frequency()?,
        manifest.session(),
        segments,
        entries,
        manifest.sources.iter().chain(sources).cloned().collect(),
    );
    let is_restated = !outcome.restated.is_empty() || outcome.late;
    folder.publish(&appended, if is_restated { "restate" } else { "append" }, keep)?;
    Ok((manifest.version, outcome))
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
    /// The first of its rows that bars which come could restate; their number where there are none.
    touched_from: usize,
    /// The first of its rows that is not as it was; none where all are.
    changed_from: Option<usize>,
    added: usize,
    /// The first of its rows that goes to the new segment.
    write_from: usize,
}

/// The assets of the bundle and of the series, in the order of their symbols.
fn changes<'a>(
    manifest: &'a Manifest,
    assets: &'a [AtRest],
    series: &'a [Sourced],
    scales: Scales,
    outcome: &mut Outcome,
) -> Result<Vec<Change<'a>>, Error> {
    let mut changes = Vec::with_capacity(assets.len() + series.len());
    let mut series = series.iter().peekable();
    for (entry, asset) in manifest.assets.iter().zip(assets) {
        while let Some(one) = series.next_if(|one| one.series.symbol < *asset.symbol()) {
            changes.push(Change::of_new(one, outcome));
        }
        let new = series.next_if(|one| one.series.symbol == *asset.symbol());
        changes.push(Change::of_old((entry, asset), new, scales, outcome)?);
    }
    for one in series {
        changes.push(Change::of_new(one, outcome));
    }
    Ok(changes)
}

impl<'a> Change<'a> {
    fn of_new(new: &'a Sourced, outcome: &mut Outcome) -> Self {
        let Sourced { series, origin } = new;
        outcome.added += series.calendar.len();
        Self {
            symbol: &series.symbol,
            old: None,
            new: Some(new),
            adjustments: series.adjustments.clone(),
            origin: *origin,
            touched_from: 0,
            changed_from: Some(0),
            added: series.calendar.len(),
            write_from: 0,
        }
    }

    fn of_old(
        (entry, asset): (&'a AssetEntry, &'a AtRest),
        new: Option<&'a Sourced>,
        scales: Scales,
        outcome: &mut Outcome,
    ) -> Result<Self, Error> {
        let (symbol, bars) = (asset.symbol(), asset.len());
        let mut change = Self {
            symbol,
            old: Some((entry, asset)),
            new,
            adjustments: asset.adjustments().to_vec(),
            origin: asset.event_origin(),
            touched_from: bars,
            changed_from: None,
            added: 0,
            write_from: bars,
        };
        let Some(Sourced { series, origin }) = new else { return Ok(change) };
        let told = outcome.events.len();
        change.adjustments = merge::events(symbol, asset.adjustments(), &series.adjustments, outcome)?;
        outcome.late |= outcome.events[told..].iter().any(|(_, event)| event.ex_date <= asset.span().1);
        if change.origin == EventOrigin::Unknown {
            // Where nothing was known, what comes says where its events are from.
            change.origin = *origin;
        }
        change.touched_from = merge::first_touched(asset, series)?;
        if change.touched_from == bars {
            change.added = series.calendar.len();
            change.changed_from = Some(bars);
            outcome.added += change.added;
        } else {
            let Merged { outcome: own, changed_from, .. } =
                merge::merge(asset, change.touched_from, series, scales)?;
            change.added = own.added;
            change.changed_from = own.is_change().then_some(changed_from);
            outcome.add(own);
        }
        Ok(change)
    }

    /// Whether names that are told anew are others than it had.
    fn is_renamed(&self, names: Option<&Names>) -> bool {
        names.zip(self.old).is_some_and(|(names, (_, asset))| names.of(self.symbol) != asset.names())
    }

    fn old_bars(&self) -> usize {
        self.old.map_or(0, |(_, asset)| asset.len())
    }

    /// How many rows are not as they were, or had to be written with some that are not.
    fn rows_that_change(&self) -> usize {
        self.changed_from.map_or(0, |from| self.old_bars() - from + self.added)
    }

    /// Decides which rows are written, where so many segments are kept: whole batches, from the first that changes on.
    fn keep(&mut self, kept: usize) {
        let Some((entry, _)) = self.old else { return };
        let changed_from = self.changed_from.unwrap_or(usize::MAX);
        let mut end = 0;
        for batch in &entry.batches {
            if batch.segment >= kept || end + batch.rows > changed_from {
                break;
            }
            end += batch.rows;
        }
        self.write_from = end;
    }

    fn is_written(&self) -> bool {
        self.changed_from.is_some() || self.write_from < self.old_bars()
    }

    /// The entry of an asset of which no row is written, with its events; none where some are.
    fn with_events(&self) -> Result<Option<AssetEntry>, Error> {
        let Some((entry, asset)) = self.old.filter(|_| !self.is_written()) else { return Ok(None) };
        let events = merge::with_closes(self.adjustments.clone(), Some(asset), (0, None))?;
        let (values, batches) = (entry.values.clone(), entry.batches.clone());
        Ok(Some(AssetEntry::new(self.symbol, asset.span(), (&events, self.origin), values, batches)))
    }

    /// Writes the rows that go to the new segment, whose number is `segment`, under the symbol at `place`.
    fn write(
        &self,
        writer: &mut SegmentWriter<'_>,
        segment: usize,
        place: usize,
        scales: Scales,
    ) -> Result<AssetEntry, Error> {
        // The digest of the 4,096 bars that hold the first which changes is made anew.
        let digest_from = self.changed_from.map_or(self.old_bars(), |from| from / BATCH_ROWS * BATCH_ROWS);
        let first = self.write_from.min(digest_from).min(self.touched_from);
        let tail = self.tail(first, scales)?;
        let cut = |from: usize| {
            let rows = from - first..tail.len();
            rows.clone().step_by(BATCH_ROWS).map(move |start| start..rows.end.min(start + BATCH_ROWS))
        };
        let (mut values, mut batches) = (Vec::new(), Vec::new());
        if let Some((entry, _)) = self.old {
            values.extend_from_slice(&entry.values[..digest_from.div_ceil(BATCH_ROWS)]);
            let mut end = 0;
            let is_kept = |batch: &&BatchEntry| {
                end += batch.rows;
                end <= self.write_from
            };
            batches.extend(entry.batches.iter().take_while(is_kept).cloned());
        }
        values.extend(cut(digest_from).map(|rows| tail.digest(rows)));
        for rows in cut(self.write_from) {
            batches.push(writer.write(segment, place, &tail, rows)?);
        }
        let old = self.old.map(|(_, asset)| asset as &dyn Bars);
        let events = merge::with_closes(self.adjustments.clone(), old, (first, Some(&tail)))?;
        let first_bar = self.old.map_or(tail.span().0, |(_, asset)| asset.span().0);
        Ok(AssetEntry::new(self.symbol, (first_bar, tail.span().1), (&events, self.origin), values, batches))
    }

    /// The bars from a row on: those at rest, and those that come.
    fn tail(&self, first: usize, scales: Scales) -> Result<Memory, Error> {
        match (self.old, self.new) {
            (Some((_, asset)), Some(new)) => Ok(merge::merge(asset, first, &new.series, scales)?.bars),
            (Some((_, asset)), None) => {
                let (calendar, columns) = asset.tail(self.symbol, first, scales)?;
                Ok(Memory::of_columns(calendar, columns))
            }
            (None, Some(new)) => Memory::of_series(&new.series, scales),
            (None, None) => {
                Err(Error::invalid(self.symbol.to_string(), "has no bars, expected at least one"))
            }
        }
    }
}
