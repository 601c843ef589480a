//! All files of an ingest, read on as many threads as there are processors, joined by asset and checked against each
//! other.
//!
//! Which thread reads which file changes nothing: what was read is taken in the order of the files, and of several that
//! are refused the first is told of.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use super::options::{Options, Step};
use super::paths;
use super::remarks::Remarks;
use crate::bundle::csv::{self, Rows};
use crate::bundle::digest::Digest;
use crate::bundle::origin::SourceFile;
use crate::bundle::session::{Session, Stamp};
use crate::error::Error;
use crate::time::Frequency;

/// All files, read and checked.
pub(super) struct Input {
    pub(super) assets: Vec<Rows>,
    pub(super) frequency: Frequency,
    pub(super) session: Session,
    pub(super) sources: Vec<SourceFile>,
    /// What was read as what.
    pub(super) readings: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// One file, read.
struct Read {
    name: String,
    source: SourceFile,
    files: Vec<csv::File>,
}

impl Input {
    /// Reads files; `known` is the frequency that they have, where that is known.
    pub(super) fn read(
        given: &[impl AsRef<Path>],
        options: &Options,
        known: Option<(Frequency, &str)>,
    ) -> Result<Self, Error> {
        if given.is_empty() {
            return Err(Error::invalid("ingest", "no files given, expected at least one"));
        }
        let how = options.reading()?;
        let session = options.session(how.zone.as_ref());
        let (paths, mut notes) = paths::expand(given)?;
        let mut readings = Remarks::default();
        let mut sources = Vec::with_capacity(paths.len());
        let mut parts = Parts::default();
        for Read { name, source, files } in read_all(&paths, options, &how)? {
            sources.push(source);
            for file in files {
                readings.add(&file.reading, &name, || file.reading.clone());
                notes.extend(file.notes);
                file.assets.into_iter().for_each(|rows| parts.add(rows));
            }
        }
        let mut assets = parts.joined(options.lenient, &mut notes)?;
        let frequency = frequency(&assets, known)?;
        let mut remarks = Remarks::default();
        for rows in &mut assets {
            if frequency >= Frequency::Day {
                let zone = how.zone.as_ref().map(csv::Zone::name);
                if let Some(assumed) = rows.keep_dates(zone)? {
                    remarks.add(assumed.name(), rows.file(), || assumed.sentence());
                }
            } else {
                keep_session(rows, options, &session, &mut remarks)?;
            }
        }
        notes.extend(remarks.sentences());
        Ok(Self { assets, frequency, session, sources, readings: readings.sentences().collect(), notes })
    }
}

/// Reads files on all processors; in their order, or the error of the first that is refused.
fn read_all(paths: &[PathBuf], options: &Options, how: &csv::Options) -> Result<Vec<Read>, Error> {
    let bytes = paths.iter().filter_map(|path| fs::metadata(path).ok()).map(|data| data.len()).sum();
    options.say(Step::Found { files: paths.len(), bytes });
    let threads = thread::available_parallelism().map_or(1, usize::from).min(paths.len());
    let jobs = Mutex::new(paths.iter().enumerate());
    let done: Mutex<Vec<(usize, Result<Read, Error>)>> = Mutex::new(Vec::with_capacity(paths.len()));
    let work = || {
        loop {
            let job = jobs.lock().ok().and_then(|mut jobs| jobs.next());
            let Some((index, path)) = job else { return };
            let read = read(path, options, how);
            if read.is_err()
                && let Ok(mut jobs) = jobs.lock()
            {
                // Files before this one are under way, and those after it are not needed.
                jobs.by_ref().for_each(drop);
            }
            if let Ok(mut done) = done.lock() {
                done.push((index, read));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, read)| read).collect()
}

fn read(path: &Path, options: &Options, how: &csv::Options) -> Result<Read, Error> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| Error::io(&name, "cannot be read", error))?;
    let on_disk = bytes.len() as u64;
    // Bytes of text count as their share of those on the disk.
    let progress = |read: u64, of: u64| {
        let share = u128::from(read) * u128::from(on_disk) / u128::from(of.max(1));
        options.say(Step::Read { bytes: u64::try_from(share).unwrap_or(on_disk).min(on_disk) });
    };
    let files = csv::read(&name, &bytes, how, &progress)?;
    let base = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let timestamps = files[0].unit;
    let source = SourceFile { file: base, sha256: Digest::of(&bytes).hex(), timestamps };
    Ok(Read { name, source, files })
}

/// The rows of each asset, from one file or several.
#[derive(Default)]
struct Parts {
    indices: HashMap<String, usize>,
    assets: Vec<Vec<Rows>>,
}

impl Parts {
    fn add(&mut self, rows: Rows) {
        let next = self.assets.len();
        let index = *self.indices.entry(rows.symbol.as_str().to_owned()).or_insert(next);
        if index == next {
            self.assets.push(Vec::new());
        }
        self.assets[index].push(rows);
    }

    /// Joins the rows of each asset, in the order of their moments.
    fn joined(self, lenient: bool, notes: &mut Vec<String>) -> Result<Vec<Rows>, Error> {
        let mut joined = Vec::with_capacity(self.assets.len());
        let mut remarks = Remarks::default();
        for mut parts in self.assets {
            // Those that start together stay in the order in which they were given.
            parts.sort_by_key(|rows| rows.span().0);
            let count = parts.len();
            let mut parts = parts.into_iter();
            let Some(mut rows) = parts.next() else { continue };
            for part in parts {
                let file = part.file().to_owned();
                let twice = rows.join(part, lenient)?;
                if twice > 0 {
                    notes.push(format!(
                        "{file}: {twice} rows of {} are in an earlier file too, the same",
                        rows.symbol
                    ));
                }
            }
            if count > 1 {
                remarks.add("joined", rows.symbol.as_str(), || {
                    format!("joined from {count} files, {} first", rows.file())
                });
            }
            joined.push(rows);
        }
        notes.extend(remarks.sentences());
        Ok(joined)
    }
}

/// The frequency that all assets have.
fn frequency(assets: &[Rows], known: Option<(Frequency, &str)>) -> Result<Frequency, Error> {
    let mut frequency = known.map(|(frequency, name)| (frequency, name.to_owned()));
    for rows in assets {
        let (file, symbol) = (rows.file(), &rows.symbol);
        let found =
            rows.frequency().map_err(|message| Error::invalid(file, format!("{symbol}: {message}")))?;
        match (&frequency, found) {
            (Some((first, origin)), Some(found)) if *first != found => {
                let message =
                    format!("{symbol} has bars of {found}, but {origin} of {first}; ingest them apart");
                return Err(Error::invalid(file, message));
            }
            (None, Some(found)) => frequency = Some((found, format!("{symbol} in {file}"))),
            _ => {}
        }
    }
    frequency.map(|(frequency, _)| frequency).ok_or_else(|| {
        Error::invalid("ingest", "one bar within a day does not tell its frequency, expected at least two")
    })
}

/// Leaves out the bars that lie outside of the session that was asked for.
fn keep_session(
    rows: &mut Rows,
    options: &Options,
    session: &Session,
    remarks: &mut Remarks,
) -> Result<(), Error> {
    let Some(hours) = options.session else { return Ok(()) };
    let stamp = options.stamp.unwrap_or(Stamp::Start);
    let all = rows.len();
    let gone = rows.retain(|rows, bar| hours.hold(rows.time_of_day_ns(bar), stamp));
    if gone == all {
        let message = format!(
            "{} has no bar within the session of {hours} ({}), expected some; --tz says in which time zone its hours are",
            rows.symbol, session.time_zone
        );
        return Err(Error::invalid(rows.file(), message));
    }
    if gone > 0 {
        remarks.add("session", rows.symbol.as_str(), || {
            format!("left out {gone} bars outside of the session of {hours} ({})", session.time_zone)
        });
    }
    Ok(())
}
