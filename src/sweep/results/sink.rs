//! Where the results of a sweep go.

#![forbid(unsafe_code)]

use super::slab::Slab;
use crate::error::Error;

/// Takes the results of a sweep while it runs. Memory is one; a file, a journal and what keeps only the best can be others.
pub(in crate::sweep) trait Sink: Send {
    /// Takes the next slab: asset by asset, each in grid order, whatever the number of threads.
    ///
    /// An error ends the sweep.
    fn take(&mut self, slab: Slab) -> Result<(), Error>;
}
