//! All files of an ingest, read on as many threads as there are processors, joined by asset and checked against each
//! other.
//!
//! Which thread reads which file changes nothing: what was read is taken in the order of the files, and of several that
//! are refused the first is told of.

#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::options::{Options, Step};
use super::paths;
use super::remarks::Remarks;
use super::shelf::{Held, Shelf};
use crate::asset::Symbol;
use crate::bundle::column::Scales;
use crate::bundle::csv::{self, Place, Rows, Taker};
use crate::bundle::names::Names;
use crate::bundle::origin::SourceFile;
use crate::bundle::session::{Session, Stamp};
use crate::error::Error;
use crate::time::{Frequency, monday, month};

/// All files, read and checked; and their assets, one after the other.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) frequency: Frequency,
    pub(super) session: Session,
    pub(super) sources: Vec<SourceFile>,
    /// What was read as what.
    pub(super) readings: Vec<String>,
    assets: Assets,
    /// What [`frequency`](Self::frequency) was seen in.
    origin: String,
    options: Options,
    zone: Option<String>,
    notes: Vec<String>,
    remarks: Remarks,
}

/// One file, read.
struct Read {
    name: String,
    source: SourceFile,
    files: Vec<(String, Vec<String>)>,
    assets: Vec<Held>,
}

impl Input {
    /// Reads files; `known` is the frequency that they have, where that is known, and `names` tell which assets had which
    /// symbols when.
    pub(super) fn read(
        given: &[impl AsRef<Path>],
        (options, names): (&Options, &Names),
        known: Option<(Frequency, &str)>,
        shelf: Shelf,
    ) -> Result<Self, Error> {
        if given.is_empty() {
            return Err(Error::invalid("ingest", "no files given, expected at least one"));
        }
        let how = options.reading()?;
        let session = options.session(how.zone.as_ref());
        let (paths, mut notes) = paths::expand(given)?;
        let mut readings = Remarks::default();
        let mut sources = Vec::with_capacity(paths.len());
        let mut parts = Vec::new();
        let shelf = Mutex::new(shelf);
        for Read { name, source, files, assets } in read_all(&paths, (options, names), &how, &shelf)? {
            sources.push(source);
            for (reading, said) in files {
                readings.add(&reading, &name, || reading.clone());
                notes.extend(said);
            }
            parts.extend(assets);
        }
        let shelf = shelf.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut assets = Assets::new(parts, shelf, options.lenient);
        let (frequency, origin) = match known {
            Some((frequency, origin)) => (frequency, origin.to_owned()),
            None => assets.frequency()?,
        };
        let mut session = session;
        if let (None, None, Some(rows)) = (known, options.stamp, assets.ready.front())
            && let Some((stamp, said)) = guess_stamp(rows, frequency)
        {
            session.stamp = stamp;
            notes.push(said);
        }
        Ok(Self {
            frequency,
            session,
            sources,
            readings: readings.sentences().collect(),
            assets,
            origin,
            options: options.clone(),
            zone: how.zone.as_ref().map(|zone| zone.name().to_owned()),
            notes,
            remarks: Remarks::default(),
        })
    }

    /// The names of the assets that come, in order.
    pub(super) fn symbols(&self) -> Vec<Symbol> {
        self.assets.symbols.clone()
    }

    /// The scales that hold all values.
    pub(super) fn scales(&self) -> Scales {
        self.assets.shelf.scales()
    }

    /// The next asset, in the order of their names.
    pub(super) fn next(&mut self) -> Option<Result<Rows, Error>> {
        let rows = self.assets.next()?;
        Some(rows.and_then(|mut rows| {
            self.settle(&mut rows)?;
            Ok(rows)
        }))
    }

    /// All assets that come.
    pub(super) fn all(&mut self) -> Result<Vec<Rows>, Error> {
        std::iter::from_fn(|| self.next()).collect()
    }

    /// What was passed over or assumed.
    pub(super) fn notes(self) -> Vec<String> {
        let joined = self.assets.remarks.sentences();
        self.notes
            .into_iter()
            .chain(self.assets.notes)
            .chain(joined)
            .chain(self.remarks.sentences())
            .collect()
    }

    /// Checks an asset's frequency; moves daily bars to their dates, and leaves out what lies outside of the session.
    fn settle(&mut self, rows: &mut Rows) -> Result<(), Error> {
        if let Some(found) = frequency(rows)?
            && found != self.frequency
        {
            let (symbol, origin, first) = (&rows.symbol, &self.origin, self.frequency);
            let message = format!("{symbol} has bars of {found}, but {origin} of {first}; ingest them apart");
            return Err(Error::invalid(rows.file(), message));
        }
        if self.frequency < Frequency::Day {
            return keep_session(rows, &self.options, &self.session, &mut self.remarks);
        }
        if let Some(assumed) = rows.keep_dates(self.zone.as_deref())? {
            self.remarks.add(assumed.name(), rows.file(), || assumed.sentence());
        }
        Ok(())
    }
}

/// Reads files on all processors; in their order, or the error of the first that is refused.
fn read_all(
    paths: &[PathBuf],
    (options, names): (&Options, &Names),
    how: &csv::Options,
    shelf: &Mutex<Shelf>,
) -> Result<Vec<Read>, Error> {
    let bytes = paths.iter().filter_map(|path| fs::metadata(path).ok()).map(|data| data.len()).sum();
    options.say(Step::Found { files: paths.len(), bytes });
    let threads = thread::available_parallelism().map_or(1, usize::from).min(paths.len());
    let jobs = Mutex::new(paths.iter().enumerate());
    let done: Mutex<Vec<(usize, Result<Read, Error>)>> = Mutex::new(Vec::with_capacity(paths.len()));
    let work = || {
        loop {
            let job = lock(&jobs).next();
            let Some((index, path)) = job else { return };
            let read = read(path, (options, names), how, shelf);
            if read.is_err() {
                // Files before this one are under way, and those after it are not needed.
                lock(&jobs).by_ref().for_each(drop);
            }
            lock(&done).push((index, read));
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, read)| read).collect()
}

/// What a thread that panicked held is as it was: its panic is passed on when all have ended.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(
    path: &Path,
    (options, names): (&Options, &Names),
    how: &csv::Options,
    shelf: &Mutex<Shelf>,
) -> Result<Read, Error> {
    let name = path.display().to_string();
    let on_disk = fs::metadata(path).map_or(0, |data| data.len());
    let taker = OneFile { options, names, shelf, on_disk, assets: RefCell::new(Vec::new()) };
    let (read, digest) = csv::read_file(path, &name, how, &taker)?;
    let base = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let source = SourceFile { file: base, sha256: digest.hex(), timestamps: read[0].unit };
    let files = read.into_iter().map(|file| (file.reading, file.notes)).collect();
    Ok(Read { name, source, files, assets: taker.assets.into_inner() })
}

/// Takes the assets of one file to the shelf.
struct OneFile<'a> {
    options: &'a Options,
    names: &'a Names,
    shelf: &'a Mutex<Shelf>,
    /// Bytes of the file.
    on_disk: u64,
    assets: RefCell<Vec<Held>>,
}

impl Taker for OneFile<'_> {
    fn progress(&self, read: u64, of: u64) {
        // Bytes of text count as their share of those on the disk.
        let share = u128::from(read) * u128::from(self.on_disk) / u128::from(of.max(1));
        self.options
            .say(Step::Read { bytes: u64::try_from(share).unwrap_or(self.on_disk).min(self.on_disk) });
    }

    fn take(&self, rows: Rows) -> Result<(), Error> {
        for rows in self.names.give(rows)? {
            self.assets.borrow_mut().push(lock(self.shelf).put(rows)?);
        }
        Ok(())
    }

    fn park(&self, bytes: &[u8]) -> Result<Place, Error> {
        lock(self.shelf).park(bytes)
    }

    fn fetch(&self, place: Place) -> Result<Vec<u8>, Error> {
        lock(self.shelf).fetch(place)
    }

    fn can_park(&self) -> bool {
        lock(self.shelf).has_file()
    }
}

/// The assets of all files, each joined from its parts when its turn comes.
#[derive(Debug)]
struct Assets {
    shelf: Shelf,
    lenient: bool,
    symbols: Vec<Symbol>,
    /// The parts of those whose turn has not come, in the order of their names.
    waiting: VecDeque<Vec<Held>>,
    /// Those that were joined before their turn.
    ready: VecDeque<Rows>,
    notes: Vec<String>,
    remarks: Remarks,
}

impl Assets {
    fn new(parts: Vec<Held>, shelf: Shelf, lenient: bool) -> Self {
        let mut by_symbol: BTreeMap<Symbol, Vec<Held>> = BTreeMap::new();
        for part in parts {
            by_symbol.entry(part.symbol().clone()).or_default().push(part);
        }
        Self {
            shelf,
            lenient,
            symbols: by_symbol.keys().cloned().collect(),
            waiting: by_symbol.into_values().collect(),
            ready: VecDeque::new(),
            notes: Vec::new(),
            remarks: Remarks::default(),
        }
    }

    fn next(&mut self) -> Option<Result<Rows, Error>> {
        match self.ready.pop_front() {
            Some(rows) => Some(Ok(rows)),
            None => self.waiting.pop_front().map(|parts| self.joined(parts)),
        }
    }

    /// The frequency of the first asset whose bars tell it, and what it was seen in.
    fn frequency(&mut self) -> Result<(Frequency, String), Error> {
        while let Some(parts) = self.waiting.pop_front() {
            let rows = self.joined(parts)?;
            let found = frequency(&rows)?;
            let origin = format!("{} in {}", rows.symbol, rows.file());
            self.ready.push_back(rows);
            if let Some(found) = found {
                return Ok((found, origin));
            }
        }
        let message = "one bar within a day does not tell its frequency, expected at least two";
        Err(Error::invalid("ingest", message))
    }

    /// The rows of one asset, in the order of their moments.
    fn joined(&mut self, mut parts: Vec<Held>) -> Result<Rows, Error> {
        // Those that start together stay in the order in which they were given.
        parts.sort_by_key(|part| part.first);
        let count = parts.len();
        let mut parts = parts.into_iter();
        let first = parts.next().expect("an asset has a part");
        let mut rows = self.shelf.take(first)?;
        for part in parts {
            let part = self.shelf.take(part)?;
            let file = part.file().to_owned();
            let twice = rows.join(part, self.lenient)?;
            if twice > 0 {
                let note = format!(
                    "{file}: {twice} of the rows of {} are in an earlier file too, the same",
                    rows.symbol
                );
                self.notes.push(note);
            }
        }
        if count > 1 {
            self.remarks.add("joined", rows.symbol.as_str(), || {
                format!("joined from {count} files, {} first", rows.file())
            });
        }
        Ok(rows)
    }
}

/// The frequency of an asset's bars, where they tell it.
fn frequency(rows: &Rows) -> Result<Option<Frequency>, Error> {
    rows.frequency().map_err(|message| Error::invalid(rows.file(), format!("{}: {message}", rows.symbol)))
}

/// Which day of a week or a month its bar is called by: vendors have either, and a bar that is called by its first is not
/// known before its last.
fn guess_stamp(rows: &Rows, frequency: Frequency) -> Option<(Stamp, String)> {
    let place = |day: i64| match frequency {
        Frequency::Week => Some((day - monday(day), 5)),
        Frequency::Month => Some((day - month(day).0, month(day).1 - month(day).0)),
        _ => None,
    };
    let places: Option<Vec<(i64, i64)>> = (0..rows.len()).map(|bar| place(rows.wall(bar).days())).collect();
    let places = places?;
    // A Sunday is the day before the first.
    let is_late = |(at, of): &&(i64, i64)| 2 * at >= *of && at < of;
    let late = places.iter().filter(is_late).count();
    let (stamp, day, other) = match 2 * late > places.len() {
        true => (Stamp::End, "last", Stamp::Start.name()),
        false => (Stamp::Start, "first", Stamp::End.name()),
    };
    let said = format!(
        "bars of {frequency} are taken as called by their {day} day, as most of {} are, and as known when they are over; \
         --stamp {other} says otherwise",
        rows.symbol
    );
    Some((stamp, said))
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
            format!("left out {gone} of its bars, outside of the session of {hours} ({})", session.time_zone)
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn rows_that_waited_on_the_disk_are_those_that_waited_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let row = |day: i64, price: i64| {
            format!("2024-01-{day:02},{price}.5,{price}.75,{price}.25,{price}.5,7,{}", day % 3)
        };
        for (file, days) in [("A-2.csv", 11..20), ("A-1.csv", 1..11), ("B-1.csv", 5..9)] {
            let rows: Vec<String> = days.map(|day| row(day, 10 + day)).collect();
            let text = format!("date,open,high,low,close,volume,dividends\n{}\n", rows.join("\n"));
            fs::write(folder.path().join(file), text).unwrap();
        }
        let columns = ["date", "open", "high", "low", "close", "volume", "dividends"].map(str::to_owned);
        let options =
            Options { preset: "binance".parse().ok(), columns: Some(columns.to_vec()), ..Options::default() };
        let read = |shelf: Shelf| {
            let mut input =
                Input::read(&[folder.path()], (&options, &Names::default()), None, shelf).unwrap();
            (format!("{:?}", input.all().unwrap()), input.scales(), input.symbols())
        };
        let file = tempfile::tempfile().unwrap();
        let in_file = read(Shelf::new(Some(file.try_clone().unwrap()), 10));
        assert_eq!(in_file, read(Shelf::in_memory()));
        assert!(file.metadata().unwrap().len() > 0, "some of them went to the file");
        assert_eq!(in_file.1, Scales { price: 2, volume: 0 });
    }

    #[test]
    fn a_file_of_more_rows_than_memory_holds_is_read_as_one_that_fits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.csv");
        let mut lines = vec!["symbol,date,open,high,low,close,volume,adj close,dividends".to_owned()];
        // Day by day over the assets, the newest first; some pay.
        for day in (1..=28).rev() {
            for asset in ["CC", "AA", "BB"] {
                let (price, paid) = (10 + day, if day % 9 == 0 { "0.25" } else { "0" });
                lines.push(format!(
                    "{asset},2024-01-{day:02},{price}.5,{price}.75,{price}.25,{price}.5,7,{price}.5,{paid}"
                ));
            }
        }
        let read = |lines: &[String], room: csv::Room| -> Result<String, Error> {
            fs::write(&path, lines.join("\r\n")).unwrap();
            let shelf = Mutex::new(Shelf::on(tempfile::tempfile().unwrap()));
            let (options, names) = (Options::default(), Names::default());
            let taker = OneFile {
                options: &options,
                names: &names,
                shelf: &shelf,
                on_disk: 1,
                assets: RefCell::new(Vec::new()),
            };
            let how = csv::Options { room, ..csv::Options::default() };
            let (read, _) = csv::read_file(&path, "all.csv", &how, &taker)?;
            let assets: Vec<Rows> =
                taker.assets.into_inner().into_iter().map(|held| lock(&shelf).take(held).unwrap()).collect();
            Ok(format!("{read:?} {assets:?}"))
        };
        let small = csv::Room { text_bytes: 0, rows: 0 };
        // What is parked is parked where progress is told of.
        let many: Vec<String> = lines.iter().take(1).cloned().chain((0..40_000).map(row)).collect();
        for lines in [&lines, &many] {
            assert_eq!(read(lines, small).unwrap(), read(lines, csv::Room::default()).unwrap());
        }
        let mut twice = many;
        twice.push(row(3));
        let error = read(&twice, small).unwrap_err().to_string();
        assert_eq!(error, read(&twice, csv::Room::default()).unwrap_err().to_string());
        assert!(error.starts_with("all.csv line 40002: "), "{error}");
    }

    fn row(number: i64) -> String {
        let (asset, hour) = (["CC", "AA", "BB"][usize::try_from(number % 3).unwrap()], number / 3);
        let moment = Timestamp(hour * 3_600_000_000_000 + 60_000_000_000);
        let paid = if number % 700 == 5 { "0.25" } else { "0" };
        format!("{asset},{moment},10.5,10.75,10.25,10.5,7,10.5,{paid}")
    }
}
