//! The folder of a bundle while it is written.
//!
//! # What is guaranteed
//! A file is written under a name that nobody reads, fsynced, and renamed into its place; `current` comes last, and it
//! alone decides which version stands. So whenever a process is killed or the machine stops, the folder is the old
//! bundle or the new one, whole, and never missing; the folder itself stays, and so does a link to it.
//!
//! One process writes at a time: it holds a lock on `lock`, which the system lets go with the process. A version that
//! another stands in the place of stays, and all that it needs, until it is pruned; what no version needs any more is then
//! removed, and so is what a killed process left (the file `lock` says that one was writing). Whoever has such a file open
//! keeps reading it (on a local Unix file system: NFS may take it away); whoever is about to open it starts over with the
//! version that stands. Where the system has no locks, nothing is removed.

#![forbid(unsafe_code)]

use std::cell::Cell;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::current::{self, Line, Version};
use super::first_edition;
use super::manifest::{self, Manifest};
use crate::bundle::digest::Digest;
use crate::error::Error;

const LOCK: &str = "lock";
const SEGMENTS: &str = "segments";

/// The ending of a file that is not yet in its place.
const UNFINISHED: &str = "unfinished";

/// A folder that this process alone writes to, until it is published or dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: Option<File>,
    /// Whether this process made it, so that it goes again where nothing is published.
    is_new: bool,
    /// Whether the process that wrote before was killed.
    was_killed: bool,
    /// Whether there may be files that no version needs.
    is_untidy: Cell<bool>,
}

impl Folder {
    /// Makes the folder where it is not there, and takes its lock.
    ///
    /// # Errors
    /// As [`check`], `Invalid` where another process writes to it, and `Io`.
    pub(super) fn lock(target: &Path) -> Result<Self, Error> {
        let path = check(target)?;
        let fail = |error| Error::io(path.display(), "cannot be created", error);
        let is_new = !path.exists();
        fs::create_dir_all(&path).map_err(fail)?;
        let lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK))
            .map_err(fail)?;
        let lock = match lock.try_lock() {
            Ok(()) => Some(lock),
            Err(TryLockError::WouldBlock) => {
                let message = "is being written by another process; wait until that has ended";
                return Err(Error::invalid(path.display().to_string(), message));
            }
            Err(TryLockError::Error(_)) => None,
        };
        // Whoever let go of the lock without saying so was killed.
        let mut was_killed = [0; 1];
        let mut marked = lock.as_ref();
        let was_killed =
            marked.as_mut().is_some_and(|lock| lock.read(&mut was_killed).is_ok_and(|read| read > 0));
        // So was whoever made the folder and no version.
        let was_killed = was_killed || !path.join(current::FILE).exists();
        let folder = Self { path, lock, is_new, was_killed, is_untidy: Cell::new(was_killed || is_new) };
        folder.mark(b"writing\n");
        for inner in [SEGMENTS, manifest::FOLDER] {
            let inner = folder.path.join(inner);
            fs::create_dir_all(&inner)
                .map_err(|error| Error::io(inner.display(), "cannot be created", error))?;
        }
        Ok(folder)
    }

    /// Says in the file of the lock that it is held for writing, or no more. Best effort: it only tells what to tidy.
    fn mark(&self, text: &[u8]) {
        if let Some(mut lock) = self.lock.as_ref() {
            let _ = lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| lock.write_all(text));
        }
    }

    /// The name that the bundle gets: its folder's.
    pub(super) fn name(&self) -> String {
        self.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    }

    /// Begins a file that will be among the segments.
    pub(super) fn new_segment(&self) -> Result<NewFile<'_>, Error> {
        NewFile::new(self, SEGMENTS)
    }

    /// A file that is gone with its last holder, or that the next ingest removes where the system cannot do that.
    pub(super) fn scratch(&self) -> Result<File, Error> {
        let path = self.path.join(SEGMENTS).join(format!("{}-rows.{UNFINISHED}", std::process::id()));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
        let file = file.map_err(|error| Error::io(path.display(), "cannot be written", error))?;
        self.is_untidy.set(true);
        // Unix lets a file go on that has no name any more; elsewhere it goes when the folder is tidied.
        let _ = fs::remove_file(&path);
        Ok(file)
    }

    /// Writes a manifest and makes it the version that stands; those before it stay, as far as `keep` says nothing else.
    pub(super) fn publish(self, manifest: &Manifest, how: &str, keep: Option<usize>) -> Result<(), Error> {
        let text = manifest.text();
        let mut file = NewFile::new(&self, manifest::FOLDER)?;
        file.write(text.as_bytes())?;
        file.finish()?;
        let made = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let version = Version { name: manifest.version.clone(), made, how: how.to_owned() };
        let line = Line { manifest: Digest::of(text.as_bytes()), version };
        let known = current::read_text(&self.path, usize::MAX)?;
        let more = if keep.is_none() { current::with_line(&known, &line) } else { None };
        let mut is_whole = more.is_some();
        let more = match more {
            Some(more) => more,
            None => {
                let mut lines = self.lines()?;
                let before = lines.len();
                // The same bars, stored otherwise, are one version: the later one.
                lines.retain(|line| line.version.name != manifest.version);
                lines.insert(0, line);
                lines.truncate(keep.unwrap_or(usize::MAX));
                is_whole = lines.len() > before;
                current::text(&lines)
            }
        };
        is_whole &= !self.path.join(first_edition::FILE).exists();
        self.stand(&more)?;
        self.is_untidy.set(!is_whole || self.was_killed);
        Ok(())
    }

    /// Removes all but the last versions.
    pub(super) fn prune(self, keep: usize) -> Result<Vec<Version>, Error> {
        let mut lines = self.lines()?;
        let pruned = lines.split_off(keep.min(lines.len()));
        if !pruned.is_empty() {
            self.stand(&current::text(&lines))?;
        }
        // What was left behind by whoever was killed goes too.
        self.is_untidy.set(true);
        Ok(pruned.into_iter().map(|line| line.version).collect())
    }

    /// The versions that are there; one that an earlier edition wrote gets its name.
    fn lines(&self) -> Result<Vec<Line>, Error> {
        let mut lines = current::all(&self.path)?;
        for line in lines.iter_mut().filter(|line| line.version.name.is_empty()) {
            line.version.name = Manifest::open(&self.path, line.manifest)?.version;
        }
        Ok(lines)
    }

    /// Makes these the versions that are there, the first the one that stands.
    fn stand(&self, text: &str) -> Result<(), Error> {
        let path = self.path.join(format!("{}.{UNFINISHED}", current::FILE));
        sync_folder(&self.path)
            .and_then(|()| File::create(&path))
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&path, self.path.join(current::FILE)))
            .and_then(|()| sync_folder(&self.path))
            .and_then(|()| sync_folder(parent(&self.path)))
            .map_err(|error| Error::io(self.path.display(), "cannot be written", error))
    }

    /// Removes all that no version needs. Best effort: it is only in the way.
    fn tidy(&self) {
        let Ok(lines) = current::all(&self.path) else { return };
        let mut needed = HashSet::new();
        for line in &lines {
            let Ok(manifest) = Manifest::open(&self.path, line.manifest) else { return };
            needed.insert(Manifest::path(&self.path, line.manifest));
            needed.extend(manifest.segments.iter().map(|segment| self.path.join(&segment.file)));
        }
        if !lines.is_empty() {
            for path in first_edition::files(&self.path) {
                let _ = fs::remove_file(path);
            }
        }
        let _ = fs::remove_file(self.path.join(format!("{}.{UNFINISHED}", current::FILE)));
        for inner in [SEGMENTS, manifest::FOLDER].map(|inner| self.path.join(inner)) {
            for entry in fs::read_dir(&inner).into_iter().flatten().flatten() {
                if !needed.contains(&entry.path()) && is_ours(&entry.path()) {
                    let _ = fs::remove_file(entry.path());
                }
            }
        }
        if lines.is_empty() && self.is_new {
            for inner in [SEGMENTS, manifest::FOLDER] {
                let _ = fs::remove_dir(self.path.join(inner));
            }
            let _ = fs::remove_file(self.path.join(LOCK));
            let _ = fs::remove_dir(&self.path);
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(lock) = &self.lock {
            if self.is_untidy.get() {
                self.tidy();
            }
            self.mark(b"");
            // Closing it is not enough where another thread starts a program at this moment: its child has it open too.
            let _ = lock.unlock();
        }
    }
}

/// A file that gets its place, and the SHA-256 of its bytes for a name, once it is whole; or is removed on drop.
#[derive(Debug)]
pub(super) struct NewFile<'a> {
    folder: &'a Folder,
    inner: &'static str,
    path: PathBuf,
    file: File,
    digest: Sha256,
    written: u64,
}

impl<'a> NewFile<'a> {
    fn new(folder: &'a Folder, inner: &'static str) -> Result<Self, Error> {
        let path = folder.path.join(inner).join(format!("{}.{UNFINISHED}", std::process::id()));
        let file =
            File::create(&path).map_err(|error| Error::io(path.display(), "cannot be written", error))?;
        // Until a version needs it.
        folder.is_untidy.set(true);
        Ok(Self { folder, inner, path, file, digest: Sha256::new(), written: 0 })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file
            .write_all(bytes)
            .map_err(|error| Error::io(self.path.display(), "cannot be written", error))?;
        self.digest.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// How many bytes were written so far.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Waits until the file is on the disk and puts it in its place; its path within the bundle's folder.
    pub(super) fn finish(self) -> Result<String, Error> {
        let extension = if self.inner == SEGMENTS { "arrow" } else { "json" };
        let digest = Digest::from_hasher(self.digest.clone());
        let name = format!("{}/{}.{extension}", self.inner, digest.hex());
        let path = self.folder.path.join(&name);
        self.file
            .sync_all()
            .and_then(|()| fs::rename(&self.path, &path))
            .and_then(|()| sync_folder(parent(&path)))
            .map_err(|error| Error::io(path.display(), "cannot be written", error))?;
        Ok(name)
    }
}

impl Drop for NewFile<'_> {
    fn drop(&mut self) {
        // Once it is in its place, nothing has this name.
        let _ = fs::remove_file(&self.path);
    }
}

/// Finds the folder meant by `target`, and refuses one that holds anything but a bundle.
pub(in crate::bundle) fn check(target: &Path) -> Result<PathBuf, Error> {
    // The folder behind a link is written to, and the link stays.
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
    let is_part = |name: &OsStr| {
        [LOCK, SEGMENTS, manifest::FOLDER, current::FILE, first_edition::FILE]
            .iter()
            .any(|part| name == *part)
            || is_ours(Path::new(name))
    };
    if let Some(foreign) = entries.iter().map(fs::DirEntry::file_name).find(|name| !is_part(name)) {
        let foreign = foreign.to_string_lossy();
        return refuse(format!("holds {foreign}, which is no part of a bundle; choose another folder"));
    }
    let is_bundle = [LOCK, current::FILE].iter().any(|part| target.join(part).exists())
        || fs::read(target.join(first_edition::FILE)).is_ok_and(|text| first_edition::is_one(&text));
    if !is_bundle && !entries.is_empty() {
        return refuse("is there and is not a bundle; choose another folder".to_owned());
    }
    Ok(target)
}

/// Says so where the process that wrote last was killed, and none writes now.
pub(super) fn left_by_a_killed(folder: &Path) -> Option<String> {
    let lock = File::open(folder.join(LOCK)).ok()?;
    let is_marked = lock.metadata().ok()?.len() > 0;
    // Whoever holds the lock is alive. A lock that is shared is in nobody's way but that of a writer, for this moment.
    let is_free = lock.try_lock_shared().is_ok();
    let message =
        "a process that wrote here was killed; what it left goes with the next ingest, append or prune";
    (is_marked && is_free).then(|| message.to_owned())
}

/// Whether a file ends as those of a bundle do.
fn is_ours(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ["arrow", "json", UNFINISHED].iter().any(|ours| ending == *ours))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
