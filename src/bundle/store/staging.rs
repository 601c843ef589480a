//! Writes a bundle beside its place and puts it there in one step.
//!
//! # What is guaranteed
//! Everything is written and fsynced into a hidden folder beside the target, `.NAME.ingest-…`. Where the target does
//! not exist (or is an empty folder), the hidden one is renamed to it; where it is a bundle, the two change places by
//! `renameat2(RENAME_EXCHANGE)`, and the old one is then deleted. Both are single steps of the file system: whenever a
//! process is killed or the machine stops, the target is the old bundle or the new one, whole, and never missing. Where
//! the system cannot exchange (other than Linux, some network file systems), an existing bundle is not replaced: the
//! ingest fails and says so.
//!
//! A killed ingest may leave its hidden folder. Its manifest is locked while its process lives, so the next ingest
//! into the same place can tell which folders are dead, and deletes them.

#![forbid(unsafe_code)]

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::manifest::{self, Manifest};
use crate::error::Error;

/// A hidden folder that becomes the target, or is deleted on drop.
#[derive(Debug)]
pub(in crate::bundle) struct Staging {
    target: PathBuf,
    folder: PathBuf,
    manifest: File,
}

impl Staging {
    /// Makes the hidden folder beside the target.
    ///
    /// # Errors
    /// As [`check`], and `Io`.
    pub(in crate::bundle) fn new(target: &Path) -> Result<Self, Error> {
        let target = check(target)?;
        let parent = parent(&target);
        fs::create_dir_all(parent)
            .map_err(|error| Error::io(parent.display(), "cannot be created", error))?;
        let prefix = format!(".{}.ingest-", name(&target));
        remove_dead(parent, &prefix);
        let (folder, manifest) = new_folder(parent, &prefix)?;
        Ok(Self { target, folder, manifest })
    }

    /// The name that the bundle gets: its folder's.
    pub(in crate::bundle) fn name(&self) -> String {
        name(&self.target)
    }

    /// Writes a file and waits until it is on the disk.
    pub(in crate::bundle) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.folder.join(name);
        File::create(&path)
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .map_err(|error| Error::io(path.display(), "cannot be written", error))
    }

    /// Writes the manifest and puts the folder in the target's place.
    pub(in crate::bundle) fn publish(mut self, manifest: &Manifest) -> Result<(), Error> {
        let fail = |error| Error::io(self.target.display(), "cannot be written", error);
        self.manifest.write_all(manifest.text().as_bytes()).map_err(fail)?;
        self.manifest.sync_all().map_err(fail)?;
        sync_folder(&self.folder).map_err(fail)?;
        let is_empty = |folder: &Path| fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
        if self.target.exists() && !is_empty(&self.target) {
            exchange(&self.folder, &self.target).map_err(|error| {
                let what = "cannot be replaced in one step on this file system; delete it first or choose another folder";
                Error::io(self.target.display(), what, error)
            })?;
        } else {
            fs::rename(&self.folder, &self.target).map_err(fail)?;
        }
        sync_folder(parent(&self.target)).map_err(fail)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // After an exchange this is the old bundle, after a rename it is gone, after a failure it is what was written.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Finds the folder meant by `target`, and refuses one that holds anything but a bundle: it would be deleted.
pub(in crate::bundle) fn check(target: &Path) -> Result<PathBuf, Error> {
    // The folder behind a link is replaced, not the link.
    let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
    let refuse = |message: String| Err(Error::invalid(target.display().to_string(), message));
    if target.file_name().is_none() {
        return refuse("names no folder, expected a name such as bundle".to_owned());
    }
    if !target.exists() {
        return Ok(target);
    }
    if !target.is_dir() {
        return refuse("is a file, expected a folder to write".to_owned());
    }
    let entries = fs::read_dir(&target).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = entries.map_err(|error| Error::io(target.display(), "cannot be read", error))?;
    let is_ours =
        |name: &OsStr| name == manifest::FILE || Path::new(name).extension() == Some(OsStr::new("arrow"));
    if let Some(foreign) = entries.iter().map(fs::DirEntry::file_name).find(|name| !is_ours(name)) {
        let foreign = foreign.to_string_lossy();
        return refuse(format!("holds {foreign}, which is no part of a bundle; choose another folder"));
    }
    let is_bundle = fs::read(target.join(manifest::FILE)).is_ok_and(|text| Manifest::is_one(&text));
    if !is_bundle && !entries.is_empty() {
        return refuse("is there and is not a bundle; choose another folder".to_owned());
    }
    Ok(target)
}

fn name(target: &Path) -> String {
    target.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn parent(target: &Path) -> &Path {
    target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a folder that was not there, with its manifest, still empty, locked.
fn new_folder(parent: &Path, prefix: &str) -> Result<(PathBuf, File), Error> {
    const ATTEMPTS: u32 = 1_000;
    for number in 0..ATTEMPTS {
        let folder = parent.join(format!("{prefix}{}-{number}", std::process::id()));
        let manifest = fs::create_dir(&folder).and_then(|()| File::create(folder.join(manifest::FILE)));
        match manifest.map(|file| (file.try_lock(), file)) {
            Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {}
            Err(error) => return Err(Error::io(folder.display(), "cannot be created", error)),
            // Another ingest looks at it in this very moment and takes it for dead.
            Ok((Err(TryLockError::WouldBlock), _)) => {}
            // Where locks are not supported, nobody takes a folder with a manifest for dead either.
            Ok((_, file)) => return Ok((folder, file)),
        }
    }
    Err(Error::invalid(parent.display().to_string(), format!("has no place for a folder {prefix}…")))
}

/// Deletes the hidden folders of killed ingests: those whose manifest is free, or not there yet or any more. Best
/// effort, they are only in the way.
fn remove_dead(parent: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        let is_dead = match File::open(entry.path().join(manifest::FILE)) {
            Ok(file) => file.try_lock().is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if is_dead {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
