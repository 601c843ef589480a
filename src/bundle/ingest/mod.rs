//! Turns files of bars into a bundle at rest: all files are read and checked before anything is written.

#![forbid(unsafe_code)]

use std::path::Path;

use super::Bundle;
use super::adjust;
use super::csv::Rows;
use super::jump;
use super::origin::SourceFile;
use super::series::{self, Sourced};
use super::store;
use crate::decimal;
use crate::error::Error;

mod append;
mod input;
mod options;
mod paths;
mod remarks;

pub use append::append;
pub use options::{Options, Progress, Step};

use input::Input;
use remarks::Remarks;

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

/// Reads files of bars, checks them and writes a bundle to the folder `out`, replacing the bundle that is there.
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
    store::check_target(out)?;
    let input = Input::read(files, options, None)?;
    let mut found = Found { notes: input.notes, warnings: Vec::new() };
    let series = series::checked(found.series(input.assets, options)?)?;
    found.warn_of_jumps(&series);
    options.say(Step::Writing);
    store::replace(out, (input.frequency, &input.session), &series, input.sources.clone())?;
    Ok(Ingested {
        bundle: Bundle::open(out)?,
        sources: input.sources,
        readings: input.readings,
        notes: found.notes,
        warnings: found.warnings,
    })
}

/// What there is to say of bars and events.
struct Found {
    notes: Vec<String>,
    warnings: Vec<String>,
}

impl Found {
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
    fn series(&mut self, assets: Vec<Rows>, options: &Options) -> Result<Vec<Sourced>, Error> {
        let Some(path) = &options.adjustments else {
            let mut remarks = Remarks::default();
            let mut all = Vec::with_capacity(assets.len());
            for rows in assets {
                let adjusted = adjust::own(rows)?;
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
        let (series, notes) = adjust::given(path, assets)?;
        self.notes.extend(notes);
        Ok(series)
    }
}
