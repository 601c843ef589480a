//! Turns CSV files into a bundle at rest: all files are read and checked before anything is written.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Bundle;
use super::adjust;
use super::csv::{self, Rows};
use super::digest::Digest;
use super::origin::SourceFile;
use super::series::{self, Series};
use super::store;
use crate::asset::Symbol;
use crate::error::Error;
use crate::time::Frequency;

/// How files are ingested.
#[derive(Clone, Default, Debug)]
pub struct Options {
    /// The asset's name where one file has no column for it; otherwise each file's stem.
    pub symbol: Option<String>,
    /// Splits and dividends (`symbol,date,kind,value`); otherwise they are derived from `adj close` where a file has it.
    pub adjustments: Option<PathBuf>,
    /// Widens high and low to hold open and close, and skips blank rows; each is noted.
    pub lenient: bool,
}

/// What was ingested.
#[derive(Debug)]
pub struct Ingested {
    /// The bundle, opened.
    pub bundle: Bundle,
    /// The files in the order given.
    pub sources: Vec<SourceFile>,
    /// What was mended, passed over or has no effect, one sentence each.
    pub notes: Vec<String>,
}

/// Reads CSV files, checks them and writes a bundle to the folder `out`, replacing the bundle that is there.
///
/// Nothing is written unless all is well, and `out` changes in one step: whenever the process is killed, it is the
/// old bundle or the new one.
///
/// # Errors
/// `Parse` with file and line, `Invalid` where a file as a whole or `out` is not as expected, `Io`.
pub fn ingest(files: &[impl AsRef<Path>], out: &Path, options: &Options) -> Result<Ingested, Error> {
    store::check_target(out)?;
    let mut input = Input::read(files, options)?;
    let series = series::checked(input.series(options)?)?;
    store::replace(out, input.frequency, &series, input.sources.clone())?;
    Ok(Ingested { bundle: Bundle::open(out)?, sources: input.sources, notes: input.notes })
}

/// All files, read and checked.
struct Input {
    assets: Vec<Rows>,
    frequency: Frequency,
    sources: Vec<SourceFile>,
    notes: Vec<String>,
}

impl Input {
    fn read(paths: &[impl AsRef<Path>], options: &Options) -> Result<Self, Error> {
        if paths.is_empty() {
            return Err(Error::invalid("ingest", "no files given, expected at least one"));
        }
        if options.symbol.is_some() && paths.len() > 1 {
            let message = format!("names one asset, but {} files are given", paths.len());
            return Err(Error::invalid("--symbol", message));
        }
        let how = csv::Options {
            symbol: options.symbol.as_deref(),
            lenient: options.lenient,
            ignore_adjusted: options.adjustments.is_some(),
        };
        let mut origins = Origins::default();
        let (mut files, mut sources, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for path in paths.iter().map(AsRef::as_ref) {
            let name = path.display().to_string();
            let bytes = fs::read(path).map_err(|error| Error::io(&name, "cannot be read", error))?;
            let file = csv::read(&name, &bytes, &how)?;
            for rows in &file.assets {
                origins.add(&name, rows)?;
            }
            let base = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            sources.push(SourceFile { file: base, sha256: Digest::of(&bytes).hex(), timestamps: file.unit });
            files.extend(file.assets.into_iter().map(|rows| (name.clone(), rows)));
            notes.extend(file.notes);
        }
        let frequency = origins.frequency()?;
        let mut assets = Vec::with_capacity(files.len());
        let mut assumptions = Assumptions::default();
        for (name, mut rows) in files {
            if frequency >= Frequency::Day {
                let assumed =
                    rows.keep_dates().map_err(|(line, message)| csv::parse_error(&name, line, message))?;
                assumptions.add(name, assumed);
            }
            assets.push(rows);
        }
        notes.extend(assumptions.sentences());
        Ok(Self { assets, frequency, sources, notes })
    }

    /// The rows as series with their adjustments, given or derived.
    fn series(&mut self, options: &Options) -> Result<Vec<Series>, Error> {
        let assets = std::mem::take(&mut self.assets);
        let Some(path) = &options.adjustments else {
            let (series, notes): (Vec<_>, Vec<_>) = assets.into_iter().map(adjust::derived).unzip();
            self.notes.extend(notes.into_iter().flatten());
            return Ok(series);
        };
        let (series, notes) = adjust::given(path, assets)?;
        self.notes.extend(notes);
        Ok(series)
    }
}

/// What was assumed of the files' dates: each assumption once, with the first file and how many more.
#[derive(Default)]
struct Assumptions(Vec<(csv::Assumed, String, usize)>);

impl Assumptions {
    fn add(&mut self, file: String, assumed: Option<csv::Assumed>) {
        let Some(assumed) = assumed else { return };
        match self.0.iter_mut().find(|(known, ..)| known.is_like(assumed)) {
            Some((_, first, more)) => *more += usize::from(*first != file),
            None => self.0.push((assumed, file, 0)),
        }
    }

    fn sentences(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|(assumed, first, more)| match more {
            0 => assumed.sentence(&first),
            _ => assumed.sentence(&format!("{first} and {more} more")),
        })
    }
}

/// Which file each symbol and the frequency came from, so that files that do not fit are both named.
#[derive(Default)]
struct Origins {
    files: HashMap<Symbol, String>,
    frequency: Option<(Frequency, String)>,
}

impl Origins {
    fn add(&mut self, file: &str, rows: &Rows) -> Result<(), Error> {
        let symbol = &rows.symbol;
        if let Some(first) = self.files.insert(symbol.clone(), file.to_owned()) {
            return Err(Error::invalid(file, format!("has bars of {symbol}, and so has {first}; keep one")));
        }
        let found =
            rows.frequency().map_err(|message| Error::invalid(file, format!("{symbol}: {message}")))?;
        let what = format!("{symbol} in {file}");
        match (&self.frequency, found) {
            (Some((first, origin)), Some(found)) if *first != found => {
                let message =
                    format!("{symbol} has bars of {found}, but {origin} of {first}; ingest them apart");
                Err(Error::invalid(file, message))
            }
            (None, Some(found)) => {
                self.frequency = Some((found, what));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn frequency(self) -> Result<Frequency, Error> {
        self.frequency.map(|(frequency, _)| frequency).ok_or_else(|| {
            Error::invalid(
                "ingest",
                "one bar within a day does not tell its frequency, expected at least two",
            )
        })
    }
}
