//! Where output goes: stdout, or a file that is written beside and renamed, so that nobody reads half of it.

#![forbid(unsafe_code)]

pub mod assets;
pub mod ranking;
pub mod rows;
pub mod text;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Bytes gathered before a write: one system call for some hundred rows.
const BUFFER_BYTES: usize = 1 << 16;

/// Writes to stdout.
pub fn to_stdout(write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
    write(&mut out)?;
    Ok(out.flush()?)
}

/// Writes a file whole: beside it first, then renamed over it.
pub fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let beside = beside(path).with_context(|| format!("{}: expected the name of a file", path.display()))?;
    let outcome = write_synced(&beside, write).and_then(|()| Ok(fs::rename(&beside, path)?));
    if outcome.is_err() {
        // What was begun is of no use; an error in removing it would hide the first one.
        let _ = fs::remove_file(&beside);
    }
    outcome.with_context(|| format!("{}: writing", path.display()))
}

fn write_synced(path: &Path, write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?);
    write(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(file.sync_all()?)
}

/// A name in the same folder, so that the rename stays on one file system; with the process, so that two do not meet.
fn beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    Some(path.with_file_name(format!(".{name}.{}.part", std::process::id())))
}
