//! Runs that can be gone on with: what a run is, and files of what it has finished.
//!
//! A file is a head, which describes the run, and records: each is what was kept of consecutive slabs, in grid order, with
//! its digest, and is on the disk before the next is begun. So a file that was cut anywhere is one of a shorter run.

#![forbid(unsafe_code)]

mod description;
mod file;
mod part;

pub use description::Description;
pub use part::{Journal, PartHead, Shard};

pub(super) use file::Recorded;
