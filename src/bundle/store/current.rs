//! `current`: the file that names the manifest that stands.

#![forbid(unsafe_code)]

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::bundle::digest::Digest;
use crate::error::{Error, ErrorKind};

/// The name of the file.
pub(super) const FILE: &str = "current";

/// Reads it; `None` in a folder that has none.
pub(super) fn read(folder: &Path) -> Result<Option<Digest>, Error> {
    let path = folder.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => Digest::try_from(text.trim_end().to_owned()).map(Some).map_err(|message| {
            // An empty or torn file is damage too: it is only ever replaced whole.
            ErrorKind::Corrupt { file: path.display().to_string(), message }.into()
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound && folder.is_dir() => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(ErrorKind::Corrupt {
            file: path.display().to_string(),
            message: "it is no text, expected a SHA-256 in hexadecimal".to_owned(),
        }
        .into()),
        Err(error) => Err(Error::io(folder.display(), "cannot be opened as a bundle", error)),
    }
}

/// Which file stands there, whatever it says: two versions that replace each other in turns are written anew each time.
#[derive(PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    modified: (i64, i64),
}

/// The stamp of the file; `None` where it cannot be seen.
pub(super) fn stamp(folder: &Path) -> Option<Stamp> {
    let seen = std::fs::metadata(folder.join(FILE)).ok()?;
    Some(Stamp { inode: seen.ino(), modified: (seen.mtime(), seen.mtime_nsec()) })
}

/// What the file says of a manifest.
pub(super) fn text(manifest: Digest) -> String {
    format!("{}\n", manifest.hex())
}
