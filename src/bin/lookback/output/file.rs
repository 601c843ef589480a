//! A file that is written whole: beside its place and renamed, so that nobody reads half of it.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::{BUFFER_BYTES, Out, stream};

/// The end of the name of a file that is being written.
const PART: &str = ".part";

/// Links that a path may lead through, as Linux has it.
const MOST_LINKS: usize = 40;

/// A place for output, found before anything runs.
#[derive(Debug)]
pub struct OutputFile {
    /// As it was typed.
    name: PathBuf,
    /// Where links lead: the file that is written.
    place: PathBuf,
    /// Pipes and devices are written to; they are never replaced.
    is_stream: bool,
}

impl OutputFile {
    /// Finds the place of a file that is there or can be made; nothing is written.
    pub fn find(name: &Path) -> anyhow::Result<Self> {
        let said = || format!("{}: writing", name.display());
        // Paths go without the end that says it: `a.csv/` is a folder.
        let typed = name.to_string_lossy();
        if typed.trim_end_matches('.').ends_with(std::path::is_separator) {
            bail!("{}: is the name of a folder, expected a file", name.display());
        }
        let file = |place, is_stream| Self { name: name.to_owned(), place, is_stream };
        match fs::metadata(name) {
            Ok(found) if found.is_dir() => bail!("{}: is a folder, expected a file", name.display()),
            Ok(found) if !found.is_file() => Ok(file(name.to_owned(), true)),
            Ok(_) => Ok(file(fs::canonicalize(name).with_context(said)?, false)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let place = follow(name).with_context(said)?;
                let Some(leaf) = place.file_name() else {
                    bail!("{}: expected the name of a file", name.display())
                };
                let folder = match place.parent() {
                    Some(parent) if parent != Path::new("") => parent,
                    _ => Path::new("."),
                };
                let folder = fs::canonicalize(folder)
                    .with_context(|| format!("{}: writing: folder {}", name.display(), folder.display()))?;
                Ok(file(folder.join(leaf), false))
            }
            Err(error) => Err(error).with_context(said),
        }
    }

    /// The file that is written.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// Whether it is a pipe or a device.
    pub fn is_stream(&self) -> bool {
        self.is_stream
    }

    /// Whether writing one would overwrite the other, by whatever names.
    pub fn is_same_as(&self, other: &Self) -> bool {
        !self.is_stream && !other.is_stream && (self.place == other.place || self.is_linked_to(other))
    }

    #[cfg(unix)]
    fn is_linked_to(&self, other: &Self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let inode = |file: &Self| fs::metadata(&file.place).ok().map(|found| (found.dev(), found.ino()));
        inode(self).is_some_and(|own| inode(other) == Some(own))
    }

    #[cfg(not(unix))]
    fn is_linked_to(&self, _: &Self) -> bool {
        false
    }

    /// Whether it can be written, found out by a file beside it that is removed at once: for what is written at the end of a
    /// long run.
    pub fn check(&self) -> anyhow::Result<()> {
        let said = || format!("{}: writing", self.name.display());
        if self.is_stream {
            return Ok(());
        }
        let beside = self.beside();
        File::create(&beside).with_context(said)?;
        fs::remove_file(&beside).with_context(said)
    }

    /// Writes the file; what was there stays until all of it is on the disk.
    pub fn write(&self, write: impl FnOnce(&mut Out<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        let outcome = if self.is_stream {
            OpenOptions::new()
                .write(true)
                .open(&self.place)
                .map_err(anyhow::Error::from)
                .and_then(|file| stream(file, write))
        } else {
            self.replace(write)
        };
        outcome.with_context(|| format!("{}: writing", self.name.display()))
    }

    fn replace(&self, write: impl FnOnce(&mut Out<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.clear_leftovers();
        let beside = self.beside();
        let outcome = write_synced(&beside, write).and_then(|()| {
            if let Ok(old) = fs::metadata(&self.place) {
                fs::set_permissions(&beside, old.permissions())?;
            }
            Ok(fs::rename(&beside, &self.place)?)
        });
        if outcome.is_err() {
            // What was begun is of no use; an error in removing it would hide the first one.
            let _ = fs::remove_file(&beside);
        }
        outcome
    }

    /// A name in the same folder, so that the rename stays on one file system; with the process, so that two do not meet.
    fn beside(&self) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(self.place.file_name().unwrap_or_default());
        name.push(format!(".{}{PART}", std::process::id()));
        self.place.with_file_name(name)
    }

    /// Removes what others began beside this file and did not live to finish: a second signal, or a crash, ends a
    /// process at once. What is not removed is in nobody's way.
    fn clear_leftovers(&self) {
        let (Some(folder), Some(leaf)) = (self.place.parent(), self.place.file_name()) else { return };
        let Ok(entries) = fs::read_dir(folder) else { return };
        let start = format!(".{}.", leaf.to_string_lossy());
        for entry in entries.flatten() {
            let name = entry.file_name();
            let process = name.to_str().and_then(|name| name.strip_prefix(&start)?.strip_suffix(PART));
            if process.and_then(|process| process.parse().ok()).is_some_and(has_ended) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Display for OutputFile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.name.display().fmt(f)
    }
}

/// Whether no process of this number runs. One that may not be asked does.
#[cfg(unix)]
fn has_ended(process: i32) -> bool {
    use rustix::io::Errno;
    use rustix::process::{Pid, test_kill_process};
    let known = (process > 0).then(|| Pid::from_raw(process)).flatten();
    known.is_some_and(|process| test_kill_process(process) == Err(Errno::SRCH))
}

#[cfg(not(unix))]
fn has_ended(_: i32) -> bool {
    false
}

/// Where a link leads whose end is not there yet; any other path is its own.
fn follow(name: &Path) -> io::Result<PathBuf> {
    let mut place = name.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&place) {
            // A relative link starts at the folder that holds it.
            Ok(target) => place = place.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => return Ok(place),
        }
    }
    Err(io::Error::other("too many links"))
}

fn write_synced(path: &Path, write: impl FnOnce(&mut Out<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?);
    write(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(file.sync_all()?)
}
