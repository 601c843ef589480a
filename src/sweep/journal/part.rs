//! Journals, and the parts of a run that shards write.

#![forbid(unsafe_code)]

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::description::Description;
use super::file::{Recorded, Records};
use crate::error::Error;

/// The file of a journal within its folder.
const JOURNAL: &str = "journal.lookback";

/// The key of the run's description in a head.
const RUN: &str = "run";

/// One of the parts that a run is cut into: consecutive slabs of one asset.
///
/// # Examples
/// ```
/// use lookback::sweep::Shard;
/// let shard: Shard = "3/20".parse()?;
/// assert_eq!((shard.number(), shard.of(), shard.to_string()), (3, 20, "3/20".to_owned()));
/// assert!("0/20".parse::<Shard>().is_err() && "21/20".parse::<Shard>().is_err());
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// One of so many; the first is 1.
    ///
    /// # Errors
    /// `BadParameter` where there is no such one.
    pub fn new(number: usize, of: usize) -> Result<Self, Error> {
        if !(1..=of).contains(&number) {
            return Err(Error::bad_parameter(
                "shard",
                format!("is {number} of {of}, expected one from 1 to {of}"),
            ));
        }
        Ok(Self { number, of })
    }

    /// Which one it is, from 1.
    #[must_use]
    pub fn number(self) -> usize {
        self.number
    }

    /// How many there are.
    #[must_use]
    pub fn of(self) -> usize {
        self.of
    }

    /// Its slabs, by their places among those of all assets.
    pub(in crate::sweep) fn span(self, assets: usize, slabs: usize) -> Result<Range<usize>, Error> {
        let each = self.of / assets.max(1);
        if !self.of.is_multiple_of(assets) || each > slabs {
            let message = format!(
                "{} shards of {assets} assets with {slabs} slabs of points each: expected as many of each asset, and no \
                 more than its slabs",
                self.of
            );
            return Err(Error::bad_parameter("shard", message));
        }
        let (asset, part) = ((self.number - 1) / each, (self.number - 1) % each);
        // Both factors are counts of what is held: the product fits a word.
        Ok(asset * slabs + part * slabs / each..asset * slabs + (part + 1) * slabs / each)
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl std::str::FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parsed = text
            .split_once('/')
            .and_then(|(number, of)| Some((number.trim().parse().ok()?, of.trim().parse().ok()?)));
        let (number, of) = parsed.ok_or_else(|| {
            Error::bad_parameter("shard", format!("{text:?}, expected one of so many, such as 3/20"))
        })?;
        Self::new(number, of)
    }
}

/// What a run has finished, in files: to go on with, or to put together.
///
/// # Examples
/// ```
/// use lookback::strategies::SmaCross;
/// use lookback::sweep::{Best, Course, Journal, Keep, Metric, Sweep};
/// use lookback::{Bundle, portal::{DataPortal, Options}};
///
/// let folder = tempfile::tempdir().unwrap();
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM").keep(Keep::Best(Best::default()));
/// let run = sweep.describe::<SmaCross>(&portal)?;
/// let mut journal = Journal::create(folder.path(), &run)?;
/// sweep.run_course::<SmaCross>(&portal, Course { journal: Some(&mut journal), ..Course::default() })?;
/// drop(journal);
/// // Another day, or after a power cut: what is there is not run again.
/// let mut journal = Journal::resume(folder.path(), &run)?;
/// let results = sweep.run_course::<SmaCross>(&portal, Course { journal: Some(&mut journal), ..Course::default() })?;
/// assert_eq!((results.len(), results.unfinished()), (3930, 0));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Debug)]
pub struct Journal {
    files: Vec<Records>,
    is_written: bool,
    has_rows: bool,
    /// Bytes of a record that was torn.
    torn: u64,
}

impl Journal {
    /// Begins a journal in a folder, which is made where there is none.
    ///
    /// # Errors
    /// `Invalid` where the folder holds a journal already; `Io`.
    pub fn create(folder: &Path, run: &Description) -> Result<Self, Error> {
        let path = folder.join(JOURNAL);
        if path.exists() {
            let message = "holds a journal already; go on with it by --resume, or remove it to begin again";
            return Err(Error::invalid(folder.display().to_string(), message));
        }
        fs::create_dir_all(folder)
            .map_err(|error| Error::io(folder.display(), "making the folder", error))?;
        let beside = folder.join(format!(".{JOURNAL}.{}", std::process::id()));
        let head = Map::from_iter([(RUN.to_owned(), run.as_json().clone().into())]);
        let mut records = Records::create(&beside, head)?;
        records.rename(&path)?;
        Ok(Self::of(vec![records], true))
    }

    /// Goes on with a journal.
    ///
    /// # Errors
    /// `Invalid` where it is of another run, with the difference; `Corrupt` where it was edited; `Io`.
    pub fn resume(folder: &Path, run: &Description) -> Result<Self, Error> {
        let records = Records::open(&folder.join(JOURNAL), true)?;
        check(&records, run)?;
        Ok(Self::of(vec![records], true))
    }

    /// Begins a part of a run, which is given its name by [`finish`](Self::finish); until then its name begins with a dot.
    ///
    /// # Errors
    /// `Io`.
    pub fn create_part(
        path: &Path,
        shard: Shard,
        plan: &Map<String, Value>,
        run: &Description,
    ) -> Result<Self, Error> {
        let mut head = Map::from_iter([(RUN.to_owned(), run.as_json().clone().into())]);
        head.insert("shard".to_owned(), shard.number.into());
        head.insert("of".to_owned(), shard.of.into());
        head.insert("plan".to_owned(), plan.clone().into());
        Ok(Self::of(vec![Records::create(path, head)?], true))
    }

    /// Opens parts to put them together: they are of one run, and in order.
    ///
    /// # Errors
    /// `Invalid` where one is of another run; `Corrupt` where one was edited; `Io`.
    pub fn of_parts(paths: &[PathBuf], run: &Description) -> Result<Self, Error> {
        let mut files = Vec::new();
        for path in paths {
            let records = Records::open(path, false)?;
            check(&records, run)?;
            files.push(records);
        }
        Ok(Self::of(files, false))
    }

    fn of(files: Vec<Records>, is_written: bool) -> Self {
        Self { files, is_written, has_rows: false, torn: 0 }
    }

    /// Holds a row for each trial too, for files of all of them.
    #[must_use]
    pub fn with_rows(self, has_rows: bool) -> Self {
        Self { has_rows, ..self }
    }

    /// Gives a part its name, once all of it is on the disk.
    ///
    /// # Errors
    /// `Io`.
    pub fn finish(mut self, path: &Path) -> Result<(), Error> {
        self.files.iter_mut().try_for_each(|records| records.rename(path))
    }

    /// Bytes of a record that was being written when the run ended, and is run again.
    #[must_use]
    pub fn torn_bytes(&self) -> u64 {
        self.torn
    }

    pub(in crate::sweep) fn has_rows(&self) -> bool {
        self.has_rows
    }

    pub(in crate::sweep) fn is_written(&self) -> bool {
        self.is_written
    }

    /// Reads every record, in order.
    pub(in crate::sweep) fn read(
        &mut self,
        mut take: impl FnMut(Recorded) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for records in &mut self.files {
            let path = records.path().to_owned();
            let torn = records.read(|record| {
                take(record).map_err(|error| Error::invalid(path.display().to_string(), error.to_string()))
            })?;
            if torn > 0 && !self.is_written {
                let message = "was cut; remove it, and run its shard again".to_owned();
                return Err(Error::invalid(path.display().to_string(), message));
            }
            self.torn += torn;
        }
        Ok(())
    }

    pub(in crate::sweep) fn append(&mut self, first: usize, slabs: usize, kept: &[u8]) -> Result<(), Error> {
        match self.files.last_mut().filter(|_| self.is_written) {
            Some(records) => records.append(first, slabs, kept),
            None => Ok(()),
        }
    }

    /// What is in a file, without reading more of it than is needed: its head, and the trials' slabs that it holds.
    ///
    /// # Errors
    /// `Corrupt` where it was cut or edited; `Io`.
    pub fn look_into(path: &Path) -> Result<PartHead, Error> {
        let mut records = Records::open(path, false)?;
        let mut slabs = 0;
        let torn = records.read(|record| {
            slabs += record.slabs;
            Ok(())
        })?;
        let head = records.head();
        let number =
            |key: &str| head.get(key).and_then(Value::as_u64).and_then(|one| usize::try_from(one).ok());
        let shard = number("shard").zip(number("of")).and_then(|(number, of)| Shard::new(number, of).ok());
        let object = |key: &str| head.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
        let run = Description::from_json(object(RUN));
        Ok(PartHead { shard, plan: object("plan"), run, slabs, torn_bytes: torn })
    }

    /// The file of a journal in a folder.
    #[must_use]
    pub fn path_in(folder: &Path) -> PathBuf {
        folder.join(JOURNAL)
    }
}

/// What a journal or a part says of itself.
#[derive(Clone, PartialEq, Debug)]
pub struct PartHead {
    /// Which part it is; none for a journal.
    pub shard: Option<Shard>,
    /// The plan that it is a part of; empty for a journal.
    pub plan: Map<String, Value>,
    /// The run.
    pub run: Description,
    /// Slabs of 64 trials that it holds.
    pub slabs: usize,
    /// Bytes of a record that was torn.
    pub torn_bytes: u64,
}

/// Sees whether a file is of a run.
fn check(records: &Records, run: &Description) -> Result<(), Error> {
    let found = records.head().get(RUN).and_then(Value::as_object).cloned().unwrap_or_default();
    match Description::from_json(found).difference(run) {
        None => Ok(()),
        Some(difference) => {
            let message = format!("is of another run: there {difference} as here");
            Err(Error::invalid(records.path().display().to_string(), message))
        }
    }
}
