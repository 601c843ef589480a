//! How files are ingested.

#![forbid(unsafe_code)]

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::bundle::csv::{self, DecimalMark, Delimiter, Preset, Zone};
use crate::bundle::series::check_symbol;
use crate::bundle::session::{Hours, Session, Stamp};
use crate::error::Error;

/// How files are ingested. What is left open is seen in the files, and said in [`Ingested::readings`](super::Ingested).
///
/// # Examples
/// ```
/// use lookback::bundle::IngestOptions;
/// let options = IngestOptions { symbol: Some("AAPL".into()), lenient: true, ..IngestOptions::default() };
/// assert!(options.adjustments.is_none());
/// ```
#[derive(Clone, Default, Debug)]
pub struct Options {
    /// The asset's name where no column gives it; otherwise what each file's name tells.
    pub symbol: Option<String>,
    /// Splits and dividends (`symbol,date,kind,value`): they stand in place of what columns of the files tell. Otherwise
    /// columns of splits and dividends are used, and `adj close` for what these leave open.
    pub adjustments: Option<PathBuf>,
    /// Widens high and low to hold open and close, skips rows that are blank or lack a price, takes a missing volume as
    /// 0, keeps one of rows that are there twice and the same, and lets absurd prices pass; each is noted.
    pub lenient: bool,
    /// What is known of the files of a vendor; the other options go before it.
    pub preset: Option<Preset>,
    /// The names of the columns in their order, for files without a header or in place of it; `-` is one to leave out.
    pub columns: Option<Vec<String>>,
    /// What parts the fields of a row; otherwise what the first line shows.
    pub delimiter: Option<Delimiter>,
    /// What stands before the fraction of a number; otherwise what the numbers show.
    pub decimal: Option<DecimalMark>,
    /// The time zone, an IANA name, of times without an offset, of the dates of daily bars and of sessions.
    pub time_zone: Option<String>,
    /// How moments are written, as `strptime` has it: `%m/%d/%Y`.
    pub date_format: Option<String>,
    /// Which end of a bar its moment marks; the start unless told otherwise.
    pub stamp: Option<Stamp>,
    /// When a session starts and ends in its time zone: bars within the day that lie outside of it are left out.
    pub session: Option<Hours>,
    /// What prices are multiplied by: 0.0001, where they are written times 10,000.
    pub price_scale: Option<Decimal>,
    /// Lets prices at or below 0 pass, as those of oil on 20 April 2020.
    pub allow_negative: bool,
    /// The names that assets had over time (`id,symbol,from,to`): rows of a symbol go to the asset that had it on their day,
    /// and an asset whose last name has a last day has ended.
    pub symbols: Option<PathBuf>,
    /// How many versions of the bundle stay in its folder, the new one among them; all of them unless told.
    pub keep: Option<usize>,
    /// Hears of what was read while it is read.
    pub progress: Option<Progress>,
}

/// What hears of an ingest while it runs, from whatever thread reads.
///
/// # Examples
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let (csv, out) = (folder.path().join("A.csv"), folder.path().join("bundle"));
/// # std::fs::write(&csv, "date,open,high,low,close\n2005-02-25,1,2,1,2\n")?;
/// use std::sync::{Arc, Mutex};
/// use lookback::bundle::{IngestOptions, IngestProgress, IngestStep, ingest};
/// let bytes = Arc::new(Mutex::new(0));
/// let heard = Arc::clone(&bytes);
/// let progress = IngestProgress::new(move |step| {
///     if let IngestStep::Read { bytes } = step {
///         *heard.lock().unwrap() += bytes;
///     }
/// });
/// ingest(&[csv], &out, &IngestOptions { progress: Some(progress), ..IngestOptions::default() })?;
/// assert_eq!(*bytes.lock().unwrap(), 44);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(Step) + Send + Sync>);

/// What happened in an ingest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The files were found.
    Found {
        /// How many.
        files: usize,
        /// Their bytes, as they lie on the disk.
        bytes: u64,
    },
    /// So many more of the bytes on the disk were read.
    Read {
        /// The bytes.
        bytes: u64,
    },
    /// All was read and checked, and is written.
    Writing,
}

impl Progress {
    /// Calls a function at each step.
    #[must_use]
    pub fn new(hear: impl Fn(Step) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

impl Options {
    pub(super) fn say(&self, step: Step) {
        if let Some(progress) = &self.progress {
            (progress.0)(step);
        }
    }

    /// How many versions stay, checked.
    pub(super) fn versions_to_keep(&self) -> Result<Option<usize>, Error> {
        match self.keep {
            Some(0) => {
                Err(Error::bad_parameter("--keep", "is 0, but the new version stays; expected at least 1"))
            }
            keep => Ok(keep),
        }
    }

    /// What of it bears on the reading of a file.
    pub(super) fn reading(&self) -> Result<csv::Options, Error> {
        let zone = self.time_zone.as_deref().or(csv::Options::known_zone(self.preset));
        let zone =
            zone.map(Zone::new).transpose().map_err(|message| Error::bad_parameter("--tz", message))?;
        if let Some(scale) = self.price_scale
            && (scale.is_sign_negative() || scale.is_zero())
        {
            return Err(Error::bad_parameter(
                "--price-scale",
                format!("is {scale}, expected a factor above 0"),
            ));
        }
        if let Some(symbol) = &self.symbol {
            check_symbol(symbol).map_err(|message| Error::bad_parameter("--symbol", message))?;
        }
        Ok(csv::Options {
            symbol: self.symbol.clone(),
            lenient: self.lenient,
            ignore_events: self.adjustments.is_some(),
            allow_negative: self.allow_negative,
            preset: self.preset,
            columns: self.columns.clone(),
            delimiter: self.delimiter,
            decimal: self.decimal,
            zone,
            date_format: self.date_format.clone(),
            price_scale: self.price_scale,
            room: csv::Room::default(),
        })
    }

    /// What the moments of the bars mean, as far as it was asked for; `zone` is the one that they were read in.
    pub(super) fn session(&self, zone: Option<&Zone>) -> Session {
        let usual = Session::default();
        // A vendor's zone tells how its times are read; sessions are counted in it only where that was asked for.
        let is_asked = self.time_zone.is_some() || self.session.is_some();
        Session {
            stamp: self.stamp.unwrap_or(usual.stamp),
            time_zone: zone.filter(|_| is_asked).map_or(usual.time_zone, |zone| zone.name().to_owned()),
            start: self.session.map_or(usual.start, Hours::start_text),
        }
    }
}
