//! Turns CSV files into a bundle at rest: all files are read and checked before anything is written.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::Bundle;
use super::adjust;
use super::csv::{self, Rows};
use super::digest::Digest;
use super::jump;
use super::origin::SourceFile;
use super::series::{self, Sourced, check_symbol};
use super::store;
use crate::asset::Symbol;
use crate::decimal;
use crate::error::Error;
use crate::time::Frequency;

/// How files are ingested.
///
/// # Examples
/// ```
/// use lookback::bundle::IngestOptions;
/// let options = IngestOptions { symbol: Some("AAPL".into()), lenient: true, ..IngestOptions::default() };
/// assert!(options.adjustments.is_none());
/// ```
#[derive(Clone, Default, Debug)]
pub struct Options {
    /// The asset's name where one file has no column for it; otherwise each file's stem.
    pub symbol: Option<String>,
    /// Splits and dividends (`symbol,date,kind,value`): they stand in place of what columns of the files tell. Otherwise
    /// columns of splits and dividends are used, and `adj close` for what these leave open.
    pub adjustments: Option<PathBuf>,
    /// Widens high and low to hold open and close, and skips blank rows; each is noted.
    pub lenient: bool,
}

/// What is said of dividends where prices may be adjusted for them already.
const UNCHECKED_DIVIDENDS: &str = "prices are taken as not adjusted for the dividends beside them, and there is no adj close to hold them against \
     (yfinance adjusts prices unless auto_adjust=False)";

/// What was ingested.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let (csv, out) = (folder.path().join("AAPL.csv"), folder.path().join("bundle"));
/// # std::fs::write(&csv, "date,open,high,low,close,volume\n2005-02-25,89.6,89.94,88.13,88.99,9\n\n2005-02-28,44,45,43,44.86,7\n")?;
/// use lookback::bundle::{IngestOptions, TimestampUnit, ingest};
/// let options = IngestOptions { lenient: true, ..IngestOptions::default() };
/// let ingested = ingest(&[csv], &out, &options)?;
/// assert_eq!(ingested.sources[0].file, "AAPL.csv");
/// assert_eq!(ingested.sources[0].timestamps, TimestampUnit::Date);
/// assert!(ingested.notes[0].ends_with("AAPL.csv line 3: skipped a blank row"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Ingested {
    /// The bundle, opened.
    pub bundle: Bundle,
    /// The files in the order given.
    pub sources: Vec<SourceFile>,
    /// What was mended, passed over or has no effect, one sentence each.
    pub notes: Vec<String>,
    /// What is likely to be wrong with the bars or their events, one sentence each.
    pub warnings: Vec<String>,
}

/// Reads CSV files, checks them and writes a bundle to the folder `out`, replacing the bundle that is there.
///
/// Nothing is written unless all is well, and `out` changes in one step: whenever the process is killed, it is the
/// old bundle or the new one.
///
/// # Errors
/// `Parse` with file and line, `Invalid` where a file as a whole or `out` is not as expected, `BadParameter` where
/// [`symbol`](Options::symbol) cannot be, `Io`.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let (csv, out) = (folder.path().join("AAPL.csv"), folder.path().join("bundle"));
/// # std::fs::write(&csv, "date,open,high,low,close,volume\n2005-02-25,89.6,89.94,88.13,88.99,9\n\n2005-02-28,44,45,43,44.86,7\n")?;
/// use lookback::bundle::{IngestOptions, ingest};
/// let error = ingest(&[&csv], &out, &IngestOptions::default()).unwrap_err().to_string();
/// assert!(error.ends_with("AAPL.csv line 3: the row is blank, remove it or pass --lenient"));
/// assert!(!out.exists()); // nothing is written unless all is well
/// let options = IngestOptions { lenient: true, ..IngestOptions::default() };
/// let bundle = ingest(&[&csv], &out, &options)?.bundle;
/// assert_eq!(bundle.bars(bundle.asset("AAPL")?), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn ingest(files: &[impl AsRef<Path>], out: &Path, options: &Options) -> Result<Ingested, Error> {
    store::check_target(out)?;
    let mut input = Input::read(files, options)?;
    let series = series::checked(input.series(options)?)?;
    input.warn_of_jumps(&series);
    store::replace(out, input.frequency, &series, input.sources.clone())?;
    Ok(Ingested {
        bundle: Bundle::open(out)?,
        sources: input.sources,
        notes: input.notes,
        warnings: input.warnings,
    })
}

/// All files, read and checked.
struct Input {
    /// Each with its file.
    assets: Vec<(String, Rows)>,
    frequency: Frequency,
    sources: Vec<SourceFile>,
    notes: Vec<String>,
    warnings: Vec<String>,
}

impl Input {
    fn read(paths: &[impl AsRef<Path>], options: &Options) -> Result<Self, Error> {
        if paths.is_empty() {
            return Err(Error::invalid("ingest", "no files given, expected at least one"));
        }
        if options.symbol.is_some() && paths.len() > 1 {
            let message = format!("names one asset, but {} files are given", paths.len());
            return Err(Error::bad_parameter("--symbol", message));
        }
        if let Some(symbol) = &options.symbol {
            check_symbol(symbol).map_err(|message| Error::bad_parameter("--symbol", message))?;
        }
        let how = csv::Options {
            symbol: options.symbol.as_deref(),
            lenient: options.lenient,
            ignore_events: options.adjustments.is_some(),
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
        let mut remarks = Remarks::default();
        for (name, mut rows) in files {
            if frequency >= Frequency::Day {
                let assumed =
                    rows.keep_dates().map_err(|(line, message)| csv::parse_error(&name, line, message))?;
                if let Some(assumed) = assumed {
                    remarks.add(assumed.name(), &name, || assumed.sentence());
                }
            }
            assets.push((name, rows));
        }
        notes.extend(remarks.sentences());
        Ok(Self { assets, frequency, sources, notes, warnings: Vec::new() })
    }

    /// Says where prices jump as a split makes them: once for each asset.
    fn warn_of_jumps(&mut self, series: &[Sourced]) {
        for Sourced { series, .. } in series {
            let column = |index: usize| -> Vec<f64> {
                series.values[index].iter().copied().map(decimal::to_f64).collect()
            };
            let moments = series.calendar.as_slice();
            let jumps = jump::find(moments, &column(0), &column(3), &series.adjustments);
            if let Some((first, more)) = jumps.split_first() {
                let more =
                    if more.is_empty() { String::new() } else { format!(" (and {} more)", more.len()) };
                self.warnings.push(format!("{}: {first}{more}", series.symbol));
            }
        }
    }

    /// The rows as series with their adjustments, given or derived.
    fn series(&mut self, options: &Options) -> Result<Vec<Sourced>, Error> {
        let assets = std::mem::take(&mut self.assets);
        let Some(path) = &options.adjustments else {
            let mut remarks = Remarks::default();
            let mut all = Vec::with_capacity(assets.len());
            for (file, rows) in assets {
                let adjusted =
                    adjust::own(rows).map_err(|(line, message)| csv::parse_error(&file, line, message))?;
                let symbol = &adjusted.sourced.series.symbol;
                if adjusted.unchecked_dividends {
                    remarks.add("unchecked dividends", symbol.as_str(), || UNCHECKED_DIVIDENDS.to_owned());
                }
                self.notes.extend(adjusted.notes.iter().map(|note| format!("{symbol}: {note}")));
                self.warnings.extend(adjusted.warnings.iter().map(|warning| format!("{symbol}: {warning}")));
                all.push(adjusted.sourced);
            }
            self.notes.extend(remarks.sentences());
            return Ok(all);
        };
        let (series, notes) = adjust::given(path, assets.into_iter().map(|(_, rows)| rows).collect())?;
        self.notes.extend(notes);
        Ok(series)
    }
}

/// What holds of several files or assets, said once, with the first of them and how many more.
#[derive(Default)]
struct Remarks(Vec<Remark>);

struct Remark {
    /// What tells it from others: its wording may hold an example.
    kind: &'static str,
    subject: String,
    more: usize,
    text: String,
}

impl Remarks {
    fn add(&mut self, kind: &'static str, subject: &str, text: impl FnOnce() -> String) {
        match self.0.iter_mut().find(|known| known.kind == kind) {
            Some(known) => known.more += usize::from(known.subject != subject),
            None => self.0.push(Remark { kind, subject: subject.to_owned(), more: 0, text: text() }),
        }
    }

    fn sentences(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|Remark { subject, more, text, .. }| match more {
            0 => format!("{subject}: {text}"),
            _ => format!("{subject} and {more} more: {text}"),
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
