//! A portal's bundle as it is at one moment, for a whole run.

#![forbid(unsafe_code)]

use std::fmt;

use super::key::Key;
use super::reader::PortalReader;
use super::request::Request;
use super::source::Source;
use crate::block::Block;
use crate::bundle::Bundle;
use crate::cache::Generation;
use crate::error::Error;
use crate::time::Calendar;

pub(super) type PortalGeneration = Generation<Key, Block, Source>;

/// A hold on one bundle version and what is cached of it; every reader of a run reads the same.
///
/// Cloning costs one reference count. The version lives until its last snapshot and reader are gone.
#[derive(Clone)]
pub struct Snapshot {
    generation: PortalGeneration,
}

impl Snapshot {
    pub(super) fn new(generation: PortalGeneration) -> Self {
        Self { generation }
    }

    /// The bundle that it holds.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        self.generation.source().bundle()
    }

    /// A reader for one thread; it works in rayon's `map_init`.
    #[must_use]
    pub fn reader(&self) -> PortalReader {
        PortalReader::new(self.clone())
    }

    /// The bars that a request's ends count: an asset's own, or the union of several assets' bars.
    ///
    /// # Errors
    /// `UnknownAsset` or `BadFrequency` where this version of the bundle lacks what the request names; `Io`,
    /// `Corrupt`.
    pub fn calendar(&self, request: &Request) -> Result<Calendar, Error> {
        let source = self.generation.source();
        let selection = source.registry().selection(request.selection().names());
        Ok(source.layout(&selection)?.calendar.clone())
    }

    pub(super) fn generation(&self) -> &PortalGeneration {
        &self.generation
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("bundle", self.bundle()).finish_non_exhaustive()
    }
}
