//! Bundles at rest: a folder of files that never change, and one that names the version they make up.
//!
//! ```text
//! bundle/
//!   current                     the SHA-256 of the manifest that stands, replaced by a rename
//!   versions/<sha256>.json      a manifest: which bars of which segments are which asset's
//!   segments/<sha256>.arrow     bars of any number of assets, an Arrow file
//!   lock                        held by the one process that writes
//! ```
//!
//! Segments and manifests are named by the SHA-256 of their bytes and never change, so a version is a manifest, and
//! whoever holds its segments open holds the version: it reads on, the same, whatever becomes of the folder. That is
//! why many assets share a segment: a bundle of 10,000 assets is one open file, and one more for each append that was
//! not yet merged.

#![forbid(unsafe_code)]

use std::path::Path;

use super::bars::Bars as _;
use super::column::Scales;
use super::memory::Memory;
use super::origin::SourceFile;
use super::series::Sourced;
use super::session::Session;
use crate::asset::Symbol;
use crate::error::Error;
use crate::time::Frequency;

mod append;
mod asset;
mod current;
mod first_edition;
mod folder;
mod manifest;
mod segment;
mod writer;

pub(super) use append::append;
pub(super) use folder::check as check_target;

use asset::AtRest;
use folder::Folder;
use manifest::{AssetEntry, Manifest};
use segment::Segment;
use writer::SegmentWriter;

/// How often an open starts over because the bundle was replaced in the middle of it.
const ATTEMPTS: usize = 16;

/// An open bundle.
pub(super) struct Opened {
    pub(super) manifest: Manifest,
    pub(super) assets: Vec<AtRest>,
}

/// Opens the version that stands: checks its manifest, and of its segments their sizes, schemas and footers.
pub(super) fn open(folder: &Path) -> Result<Opened, Error> {
    let mut attempt = 1;
    loop {
        // Looked at before the file is read: were it replaced in between, starting over once too often does no harm.
        let stamp = current::stamp(folder);
        let before = current::read(folder)?;
        let opened = match before {
            Some(digest) => Manifest::open(folder, digest),
            None => first_edition::open(folder),
        };
        let outcome = opened.and_then(|manifest| {
            let segments = Segment::open_all(folder, &manifest)?;
            let assets = AtRest::all(&manifest, &segments)?;
            Ok(Opened { manifest, assets })
        });
        // An ingest removes what only the version before it needed: what failed then is there no more, and need not be.
        // A version may come back meanwhile, so its name alone does not tell that nothing was replaced.
        if outcome.is_ok() || attempt == ATTEMPTS || current::stamp(folder) == stamp {
            return outcome;
        }
        attempt += 1;
    }
}

/// Writes a bundle to a folder, in the place of the one that is there.
pub(super) fn replace(
    target: &Path,
    (frequency, session): (Frequency, &Session),
    series: &[Sourced],
    sources: Vec<SourceFile>,
) -> Result<(), Error> {
    let folder = Folder::lock(target)?;
    let scales = Scales::of(series);
    let symbols: Vec<&Symbol> = series.iter().map(|one| &one.series.symbol).collect();
    let mut writer = SegmentWriter::new(&folder, &symbols, scales)?;
    let mut assets = Vec::with_capacity(series.len());
    for (index, one) in series.iter().enumerate() {
        let memory = Memory::new(one, scales)?;
        let batches = memory.batches().map(|rows| writer.write(0, index, &memory, rows));
        let batches = batches.collect::<Result<Vec<_>, Error>>()?;
        let values = memory.batches().map(|rows| memory.digest(rows)).collect();
        assets.push(AssetEntry::new(
            &one.series.symbol,
            memory.span(),
            (memory.adjustments(), one.origin),
            values,
            batches,
        ));
    }
    let segments = vec![writer.finish()?];
    let manifest = Manifest::new(&folder.name(), frequency, session.clone(), segments, assets, sources);
    folder.publish(&manifest)
}
