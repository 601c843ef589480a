//! Bundles at rest: a folder of files that never change, and one that names the version they make up.
//!
//! ```text
//! bundle/
//!   current                     the SHA-256 of the manifest that stands, then of those that stood before; replaced by a rename
//!   versions/<sha256>.json      a manifest: which bars of which segments are which asset's
//!   segments/<sha256>.arrow     bars of any number of assets, an Arrow file
//!   lock                        held by the one process that writes
//! ```
//!
//! Segments and manifests are named by the SHA-256 of their bytes and never change, so a version is a manifest, and
//! whoever holds its segments open holds the version: it reads on, the same, whatever becomes of the folder. That is
//! why many assets share a segment: a bundle of 10,000 assets is one open file, and a few more where bars were appended.
//! A version stays when another stands in its place, until it is pruned.

#![forbid(unsafe_code)]

use std::fs::File;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use super::bars::Bars as _;
use super::column::Scales;
use super::digest::Digest;
use super::memory::Memory;
use super::names::Names;
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
mod verify;
mod versions;
mod writer;

pub use current::Version;
pub use verify::{Fault, Verified};

pub(super) use append::{Append, append};
pub(super) use verify::{glance, verify};
pub(super) use versions::{open_version, prune, versions};

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
        let outcome = match before {
            Some(digest) => open_manifest(folder, digest),
            None => first_edition::open(folder).and_then(|manifest| Opened::new(folder, manifest)),
        };
        // A prune removes what only the version before it needed: what failed then is there no more, and need not be.
        // A version may come back meanwhile, so its name alone does not tell that nothing was replaced.
        if outcome.is_ok() || attempt == ATTEMPTS || current::stamp(folder) == stamp {
            return outcome;
        }
        attempt += 1;
    }
}

/// Opens what a manifest describes.
fn open_manifest(folder: &Path, digest: Digest) -> Result<Opened, Error> {
    Opened::new(folder, Manifest::open(folder, digest)?)
}

impl Opened {
    fn new(folder: &Path, manifest: Manifest) -> Result<Self, Error> {
        let segments = Segment::open_all(folder, &manifest)?;
        let assets = AtRest::all(&manifest, &segments)?;
        Ok(Self { manifest, assets })
    }
}

/// A folder that a bundle is written to, in the place of the one that is there.
#[derive(Debug)]
pub(super) struct Target(Folder);

/// What a bundle will be, but for its bars.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) frequency: Frequency,
    pub(super) session: Session,
    /// Its assets, in order.
    pub(super) symbols: Vec<Symbol>,
    /// What holds all values.
    pub(super) scales: Scales,
    pub(super) sources: Vec<SourceFile>,
    /// How many versions stay, this one among them; all where nothing is said.
    pub(super) keep: Option<usize>,
    pub(super) names: Names,
}

impl Target {
    /// Makes the folder where it is not there, and takes its lock.
    pub(super) fn lock(path: &Path) -> Result<Self, Error> {
        Folder::lock(path).map(Self)
    }

    /// A file for what has to wait: it has no name, or none that outlives this.
    pub(super) fn scratch(&self) -> Result<File, Error> {
        self.0.scratch()
    }

    /// Writes the assets that a plan names, in its order, and makes them the version that stands. Holds three of them at a
    /// time, and none is kept where one fails.
    pub(super) fn replace(
        self,
        plan: Plan,
        series: impl Iterator<Item = Result<Sourced, Error>> + Send,
    ) -> Result<(), Error> {
        let Self(folder) = self;
        let Plan { frequency, session, symbols, scales, sources, keep, names } = plan;
        let mut writer = SegmentWriter::new(&folder, &symbols.iter().collect::<Vec<_>>(), scales)?;
        let mut assets = Vec::with_capacity(symbols.len());
        thread::scope(|scope| {
            // One thread lays out the values of an asset while this one writes those of the asset before.
            let (laid_out, next) = mpsc::sync_channel(0);
            scope.spawn(move || {
                for one in series {
                    let laid = one.and_then(|one| Memory::new(&one, scales)).map(|memory| {
                        let values = memory.batches().map(|rows| memory.digest(rows)).collect::<Vec<_>>();
                        (memory, values)
                    });
                    let has_failed = laid.is_err();
                    // Whoever waits for no more has failed.
                    if laid_out.send(laid).is_err() || has_failed {
                        return;
                    }
                }
            });
            for (symbol, laid) in symbols.iter().zip(next) {
                let (memory, values) = laid?;
                let place = assets.len();
                let batches = memory.batches().map(|rows| writer.write(0, place, &memory, rows));
                let batches = batches.collect::<Result<Vec<_>, Error>>()?;
                let events = (memory.adjustments(), memory.event_origin());
                let entry = AssetEntry::new(symbol, memory.span(), events, values, batches);
                assets.push(entry.with_names(names.of(symbol)));
            }
            Ok::<(), Error>(())
        })?;
        let segments = vec![writer.finish()?];
        let manifest = Manifest::new(&folder.name(), frequency, session, segments, assets, sources);
        folder.publish(&manifest, "ingest", keep)
    }
}
