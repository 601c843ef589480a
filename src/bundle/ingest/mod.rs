//! Turns files of bars into a bundle at rest: all files are read and checked before anything is written.

#![forbid(unsafe_code)]

use std::path::Path;

use super::Bundle;
use super::adjust;
use super::csv::Rows;
use super::jump;
use super::names::Names;
use super::origin::SourceFile;
use super::series::Sourced;
use super::store::{Plan, Target};
use crate::decimal;
use crate::error::Error;

mod append;
mod input;
mod options;
mod paths;
mod remarks;
mod shelf;

pub use append::append;
pub use options::{Options, Progress, Step};

use input::Input;
use remarks::Remarks;
use shelf::Shelf;

/// What is said of dividends where prices may be adjusted for them already.
const UNCHECKED_DIVIDENDS: &str = "prices are taken as not adjusted for the dividends beside them, and there is no adj close to hold them against \
     (yfinance adjusts prices unless auto_adjust=False)";

/// What was ingested.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let (csv, out) = (folder.path().join("AAPL.csv"), folder.path().join("bundle"));
/// # std::fs::write(&csv, "date,open,high,low,Close/Last,volume\n2005-02-25,89.6,89.94,88.13,88.99,9\n\n2005-02-28,44,45,43,44.86,7\n")?;
/// use lookback::bundle::{IngestOptions, TimestampUnit, ingest};
/// let options = IngestOptions { lenient: true, ..IngestOptions::default() };
/// let ingested = ingest(&[csv], &out, &options)?;
/// assert_eq!(ingested.sources[0].file, "AAPL.csv");
/// assert_eq!(ingested.sources[0].timestamps, TimestampUnit::Date);
/// assert!(ingested.readings[0].ends_with("AAPL.csv: comma: date, open, high, low, close=Close/Last, volume; dates"));
/// assert!(ingested.notes[0].ends_with("AAPL.csv line 3: skipped a blank row"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Ingested {
    /// The bundle, opened.
    pub bundle: Bundle,
    /// The files in the order given.
    pub sources: Vec<SourceFile>,
    /// What was read as what, one sentence for all files that are read alike.
    pub readings: Vec<String>,
    /// What was mended, passed over or has no effect, one sentence each.
    pub notes: Vec<String>,
    /// What is likely to be wrong with the bars or their events, one sentence each.
    pub warnings: Vec<String>,
}

/// Reads files of bars, checks them and writes a bundle to the folder `out`, in place of the version that stands there:
/// that one stays beside it, until it is pruned ([`Bundle::prune`]) or where [`Options::keep`] says otherwise.
///
/// A path may be a file, a folder or a pattern such as `bars/*.csv.gz`; several files may hold the bars of one asset, one
/// after the other. Files are read on all processors, which changes nothing in what comes out. Nothing is written unless
/// all is well, and `out` changes in one step: whenever the process is killed, it is the old bundle or the new one.
///
/// # Errors
/// `Parse` with file and line, `Invalid` where a file as a whole or `out` is not as expected, `BadParameter` where an
/// option cannot be, `Io`.
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
    let target = Target::lock(out)?;
    let keep = options.versions_to_keep()?;
    let names = options.symbols.as_deref().map(Names::read).transpose()?.unwrap_or_default();
    let mut input = Input::read(files, (options, &names), None, Shelf::on(target.scratch()?))?;
    let mut found = Found::default();
    options.say(Step::Writing);
    let (frequency, session, sources) = (input.frequency, input.session.clone(), input.sources.clone());
    let plan =
        Plan { frequency, session, symbols: input.symbols(), scales: input.scales(), sources, keep, names };
    match &options.adjustments {
        // What the file tells is held against all assets before any is written.
        Some(path) => {
            let series = found.given(path, input.all()?)?;
            target.replace(plan, series.into_iter().map(|one| found.checked(one)))?;
        }
        None => {
            let mut next = || input.next().map(|rows| rows.and_then(|rows| found.own(rows)));
            target.replace(plan, std::iter::from_fn(&mut next))?;
        }
    }
    let (sources, readings) = (input.sources.clone(), input.readings.clone());
    Ok(found.ingested(Bundle::open(out)?, sources, readings, input.notes()))
}

/// What there is to say of the bars and events of the assets.
#[derive(Debug, Default)]
struct Found {
    notes: Vec<String>,
    warnings: Vec<String>,
    remarks: Remarks,
}

impl Found {
    /// The rows of an asset as a series with the events that its columns tell.
    fn own(&mut self, rows: Rows) -> Result<Sourced, Error> {
        let adjusted = adjust::own(rows)?;
        let symbol = adjusted.sourced.series.symbol.clone();
        if adjusted.unchecked_dividends {
            self.remarks.add("unchecked dividends", symbol.as_str(), || UNCHECKED_DIVIDENDS.to_owned());
        }
        self.notes.extend(adjusted.notes.iter().map(|note| format!("{symbol}: {note}")));
        self.warnings.extend(adjusted.warnings.iter().map(|warning| format!("{symbol}: {warning}")));
        self.checked(adjusted.sourced)
    }

    /// The rows of all assets as series with the events that a file gives.
    fn given(&mut self, path: &Path, assets: Vec<Rows>) -> Result<Vec<Sourced>, Error> {
        let (series, notes) = adjust::given(path, assets)?;
        self.notes.extend(notes);
        Ok(series)
    }

    /// Checks what a bundle relies on, and says where prices jump as a split makes them.
    fn checked(&mut self, one: Sourced) -> Result<Sourced, Error> {
        let series = one.series.checked()?;
        let column = |index: usize| -> Vec<f64> {
            series.values[index].iter().copied().map(decimal::to_f64).collect()
        };
        let jumps = jump::find(series.calendar.as_slice(), &column(0), &column(3), &series.adjustments);
        if let Some((first, more)) = jumps.split_first() {
            let more = if more.is_empty() { String::new() } else { format!(" (and {} more)", more.len()) };
            self.warnings.push(format!("{}: {first}{more}", series.symbol));
        }
        Ok(Sourced { series, ..one })
    }

    fn ingested(
        self,
        bundle: Bundle,
        sources: Vec<SourceFile>,
        readings: Vec<String>,
        mut notes: Vec<String>,
    ) -> Ingested {
        notes.extend(self.notes);
        notes.extend(self.remarks.sentences());
        Ingested { bundle, sources, readings, notes, warnings: self.warnings }
    }
}
