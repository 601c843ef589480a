//! Bundles as the first edition wrote them: `manifest.json`, and beside it one Arrow file for each asset.
//!
//! They are read, never written. Their manifest holds its own digest; its batches are those that the version's digests
//! count, so that the version is the same one.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::manifest::{
    AdjustmentEntry, AssetEntry, BatchEntry, FORMAT, Head, Manifest, Problem, SegmentEntry,
};
use crate::bundle::digest::{BATCH_ROWS, Digest};
use crate::bundle::origin::SourceFile;
use crate::bundle::session::Stamp;
use crate::error::Error;

/// The name of its manifest.
pub(super) const FILE: &str = "manifest.json";
const FORMAT_VERSION: u32 = 1;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: String,
    format_version: u32,
    name: String,
    version: String,
    frequency: String,
    stamp: Stamp,
    time_zone: String,
    session_start: String,
    price_scale: u32,
    volume_scale: u32,
    assets: Vec<WrittenAsset>,
    sources: Vec<SourceFile>,
    digest: Digest,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAsset {
    symbol: String,
    first: String,
    last: String,
    bars: usize,
    adjustments: Vec<AdjustmentEntry>,
    segments: Vec<WrittenSegment>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSegment {
    file: String,
    bytes: u64,
    frame: Digest,
    batches: Vec<WrittenBatch>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenBatch {
    rows: usize,
    offset: u64,
    bytes: u64,
    sha256: Digest,
    values: Digest,
}

/// Reads and checks the manifest of a folder.
pub(super) fn open(folder: &Path) -> Result<Manifest, Error> {
    let path = folder.join(FILE);
    let text = std::fs::read(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            let message = "is not a bundle, or its ingest did not end: it has no file `current`";
            Error::invalid(folder.display().to_string(), message)
        }
        _ => Error::io(folder.display(), "cannot be opened as a bundle", error),
    })?;
    parse(&text).map_err(|problem| problem.of(&path.display().to_string()))
}

/// The files of a folder's bundle of the first edition, to be removed once another stands; none where there is none.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let manifest = std::fs::read(folder.join(FILE)).ok().and_then(|text| parse(&text).ok());
    manifest.map_or_else(Vec::new, |manifest| {
        let segments = manifest.segments.iter().map(|segment| folder.join(&segment.file));
        segments.chain([folder.join(FILE)]).collect()
    })
}

/// Whether some text is such a manifest, whole or not.
pub(super) fn is_one(text: &[u8]) -> bool {
    serde_json::from_slice::<Head>(text).is_ok_and(|head| head.format == FORMAT)
}

fn parse(text: &[u8]) -> Result<Manifest, Problem> {
    Head::check(text, FORMAT_VERSION)?;
    let written: Written = serde_json::from_slice(text)?;
    let unsigned = Written { digest: Digest::NONE, ..written.clone() };
    if Digest::of(&serde_json::to_vec(&unsigned)?) != written.digest {
        return Err(Problem::Broken("its content differs from its digest".to_owned()));
    }
    let manifest = written.into_manifest();
    manifest.check()?;
    // The digests of the values are those of the batches only where each but an asset's last is full.
    let full = |asset: &AssetEntry| asset.batches.iter().rev().skip(1).all(|batch| batch.rows == BATCH_ROWS);
    if manifest.assets.iter().all(full) {
        Ok(manifest)
    } else {
        Err(Problem::Broken("its batches are not those that its digests count".to_owned()))
    }
}

impl Written {
    fn into_manifest(self) -> Manifest {
        let mut segments = Vec::with_capacity(self.assets.len());
        let mut assets = Vec::with_capacity(self.assets.len());
        for asset in self.assets {
            let (mut values, mut batches) = (Vec::new(), Vec::new());
            for written in asset.segments {
                values.extend(written.batches.iter().map(|batch| batch.values));
                batches.extend(written.batches.iter().map(|batch| BatchEntry {
                    segment: segments.len(),
                    rows: batch.rows,
                    offset: batch.offset,
                    bytes: batch.bytes,
                    sha256: batch.sha256,
                }));
                segments.push(written.into_entry(self.price_scale, self.volume_scale));
            }
            assets.push(AssetEntry {
                symbol: asset.symbol,
                first: asset.first,
                last: asset.last,
                bars: asset.bars,
                events: AdjustmentEntry::origin(&asset.adjustments),
                adjustments: asset.adjustments,
                names: Vec::new(),
                values,
                batches,
            });
        }
        Manifest {
            format: self.format,
            format_version: self.format_version,
            name: self.name,
            version: self.version,
            frequency: self.frequency,
            stamp: self.stamp,
            time_zone: self.time_zone,
            session_start: self.session_start,
            segments,
            assets,
            sources: self.sources,
        }
    }
}

impl WrittenSegment {
    fn into_entry(self, price_scale: u32, volume_scale: u32) -> SegmentEntry {
        let start = self.batches.first().map_or(self.bytes, |batch| batch.offset);
        let end = self.batches.last().map_or(self.bytes, |batch| batch.offset.saturating_add(batch.bytes));
        SegmentEntry {
            file: self.file,
            bytes: self.bytes,
            head_bytes: start,
            tail_bytes: self.bytes.saturating_sub(end),
            frame: self.frame,
            price_scale,
            volume_scale,
            has_symbols: false,
        }
    }
}
