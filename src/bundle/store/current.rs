//! `current`: the file that names the manifest that stands, and after it those that stood before and are still there.
//!
//! A line each, the one that stands first: the SHA-256 of the manifest, its version, when it was made, and how. All lines
//! are of one length, so that the first tells which version stands, and the length of the file that it is whole. It is only
//! ever replaced whole, by a rename: so which versions there are changes in one step, as what they hold does.

#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::bundle::digest::Digest;
use crate::error::{Error, ErrorKind};

/// The name of the file.
pub(super) const FILE: &str = "current";

/// A line of the file: two SHA-256 in hexadecimal, a moment to the second, and a word of at most seven letters.
const LINE_BYTES: usize = 64 + 1 + 64 + 1 + 20 + 1 + 7 + 1;

/// A line of one SHA-256.
const NAME_BYTES: usize = 65;

/// A version of a bundle at rest.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let (csv, out) = (folder.path().join("A.csv"), folder.path().join("bundle"));
/// # std::fs::write(&csv, "date,open,high,low,close\n2005-02-28,1,2,1,2\n")?;
/// use lookback::Bundle;
/// use lookback::bundle::{IngestOptions, ingest};
/// let bundle = ingest(&[&csv], &out, &IngestOptions::default())?.bundle;
/// let versions = Bundle::versions(&out)?;
/// assert_eq!((versions[0].name.as_str(), versions[0].how.as_str()), (bundle.version(), "ingest"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Version {
    /// SHA-256 of its meaning, as [`Bundle::version`](crate::Bundle::version) gives it; empty where an earlier edition of
    /// this library wrote it and told none.
    pub name: String,
    /// When it began to stand, in UTC to the second; empty where that was not told.
    pub made: String,
    /// What it was made by: `ingest`, `append`, or `restate` where an append changed bars or events that were there.
    pub how: String,
}

/// A version that is there.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) manifest: Digest,
    pub(super) version: Version,
}

/// Reads which manifest stands; `None` in a folder that has none.
pub(super) fn read(folder: &Path) -> Result<Option<Digest>, Error> {
    Ok(lines(folder, 1)?.first().map(|line| line.manifest))
}

/// Reads all versions, the one that stands first; none in a folder that has none.
pub(super) fn all(folder: &Path) -> Result<Vec<Line>, Error> {
    lines(folder, usize::MAX)
}

fn lines(folder: &Path, most: usize) -> Result<Vec<Line>, Error> {
    let path = folder.join(FILE);
    let corrupt = |message: String| ErrorKind::Corrupt { file: path.display().to_string(), message }.into();
    let text = read_text(folder, most)?;
    text.lines().map(|line| Line::parse(line).map_err(corrupt)).collect()
}

/// The first lines as they are written; none in a folder without the file.
pub(super) fn read_text(folder: &Path, most: usize) -> Result<String, Error> {
    let path = folder.join(FILE);
    let corrupt = |message: String| ErrorKind::Corrupt { file: path.display().to_string(), message }.into();
    let fail = |error| Error::io(folder.display(), "cannot be opened as a bundle", error);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound && folder.is_dir() => return Ok(String::new()),
        Err(error) => return Err(fail(error)),
    };
    let length = usize::try_from(file.metadata().map_err(fail)?.len()).unwrap_or(usize::MAX);
    let mut text = vec![0; length.min(most.saturating_mul(LINE_BYTES))];
    file.read_exact(&mut text).map_err(fail)?;
    let text = String::from_utf8(text)
        .map_err(|_| corrupt("it is no text, expected a SHA-256 in hexadecimal".to_owned()))?;
    // A bundle that was written before versions were kept names its manifest alone.
    let is_whole = length > 0 && (length % LINE_BYTES == 0 || length == NAME_BYTES);
    if !is_whole || !text.ends_with('\n') {
        let found = text.lines().next().unwrap_or_default();
        return Err(corrupt(format!("it has {length} bytes, and {found:?} is not a whole line")));
    }
    Ok(text)
}

/// The same with a line before it, where the lines can stay as they are: all are whole, and none is of that version.
pub(super) fn with_line(text: &str, line: &Line) -> Option<String> {
    let is_whole = text.len().is_multiple_of(LINE_BYTES) && !text.contains(&line.version.name);
    is_whole.then(|| self::text(std::slice::from_ref(line)) + text)
}

impl Line {
    fn parse(line: &str) -> Result<Self, String> {
        let mut words = line.trim_end().splitn(4, ' ').map(str::to_owned);
        let manifest = Digest::try_from(words.next().unwrap_or_default())?;
        let [name, made, how] = [(); 3].map(|()| words.next().unwrap_or_default());
        Ok(Self { manifest, version: Version { name, made, how } })
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

/// What the file says of some versions.
pub(super) fn text(lines: &[Line]) -> String {
    let line = |Line { manifest, version: Version { name, made, how } }: &Line| {
        format!("{} {name:64} {made:20} {how:7}\n", manifest.hex())
    };
    lines.iter().map(line).collect()
}
