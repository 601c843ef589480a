//! How a bundle comes to be: opened or appended to at rest, made of series in memory, or the embedded sample.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::adjustment::EventOrigin;
use super::appended::{Appended, Outcome};
use super::bars::Bars;
use super::column::Scales;
use super::digest::BATCH_ROWS;
use super::memory::Memory;
use super::merge;
use super::series::{self, Series, Sourced};
use super::session::Session;
use super::store::{Fault, Verified, Version};
use super::{Bundle, Inner, adjust, csv, digest, store};
use crate::asset::Symbol;
use crate::error::Error;
use crate::time::{Frequency, Sessions};

impl Bundle {
    /// Opens a bundle at rest: reads and checks its manifest, and no bar yet.
    ///
    /// Its files stay open for as long as the bundle does: one that is replaced or deleted meanwhile is read on, the
    /// same version to the end. What a later read finds damaged is refused then.
    ///
    /// # Errors
    /// `Io` or `Invalid` where there is no bundle, `Corrupt` where its manifest is damaged.
    ///
    /// # Examples
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let (csv, out) = (folder.path().join("AAPL.csv"), folder.path().join("bundle"));
    /// # std::fs::write(&csv, "date,open,high,low,close,volume\n2005-02-25,89.6,89.94,88.13,88.99,9\n2005-02-28,44,45,43,44.86,7\n")?;
    /// use lookback::bundle::{Bundle, IngestOptions, ingest};
    /// let ingested = ingest(&[csv], &out, &IngestOptions::default())?.bundle;
    /// let bundle = Bundle::open(&out)?;
    /// assert_eq!(bundle.version(), ingested.version());
    /// std::fs::remove_dir_all(&out)?; // what is open reads on
    /// let mut closes = Vec::new();
    /// bundle.read(bundle.asset("AAPL")?, lookback::Field::Close, 0..2, &mut closes)?;
    /// assert_eq!(closes, [88.99, 44.86]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let folder: Arc<Path> = path.as_ref().into();
        let opened = store::open(&folder)?;
        Self::at_rest(folder, opened)
    }

    /// Opens a version that stood before, by the first digits of its name, six or more.
    ///
    /// # Errors
    /// `Invalid` where no version or more than one is called so: one that was pruned is an error that names it, never other
    /// data. Otherwise as [`open`](Self::open).
    ///
    /// # Examples
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let (csv, out) = (folder.path().join("A.csv"), folder.path().join("bundle"));
    /// use lookback::Bundle;
    /// use lookback::bundle::{IngestOptions, ingest};
    /// std::fs::write(&csv, "date,open,high,low,close\n2005-02-28,1,2,1,2\n")?;
    /// let old = ingest(&[&csv], &out, &IngestOptions::default())?.bundle;
    /// std::fs::write(&csv, "date,open,high,low,close\n2005-02-28,1,3,1,3\n")?;
    /// ingest(&[&csv], &out, &IngestOptions::default())?;
    /// assert_eq!(Bundle::open_version(&out, &old.version()[..8])?.version(), old.version());
    /// Bundle::prune(&out, 1)?;
    /// let error = Bundle::open_version(&out, old.version()).unwrap_err().to_string();
    /// assert!(error.contains(&format!("version {} is not there: it was pruned", old.version())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_version(path: impl AsRef<Path>, name: &str) -> Result<Self, Error> {
        let folder: Arc<Path> = path.as_ref().into();
        let opened = store::open_version(&folder, name)?;
        Self::at_rest(folder, opened)
    }

    /// The versions that a folder holds, the one that stands first, then backwards in time.
    ///
    /// Every ingest into the folder and every append makes one; it stays until it is pruned.
    ///
    /// # Errors
    /// `Io` or `Invalid` where there is no bundle, `Corrupt` where the list is damaged.
    pub fn versions(path: impl AsRef<Path>) -> Result<Vec<Version>, Error> {
        store::versions(path.as_ref())
    }

    /// Removes all but the last `keep` versions of a folder, of which the one that stands is the first, and all that only
    /// they needed; gives those that went.
    ///
    /// In one step: whenever the process is killed, a version is there whole or is not there. Whoever has one open reads on.
    ///
    /// # Errors
    /// `Invalid` where another process writes to the folder, there is no bundle, or none is to be kept; `Io`.
    pub fn prune(path: impl AsRef<Path>, keep: usize) -> Result<Vec<Version>, Error> {
        store::prune(path.as_ref(), keep)
    }

    /// Reads a bundle at rest to its last byte, and says all that is wrong with it: digests, the order of its bars, their
    /// prices, and the close beside each event. Of versions that do not stand, it checks that they can be opened.
    ///
    /// # Errors
    /// `Io` or `Invalid` where there is no bundle. What is damaged is a fault, not an error.
    pub fn verify(path: impl AsRef<Path>) -> Result<Verified, Error> {
        store::verify(path.as_ref())
    }

    /// Says what a look at a folder's files tells is wrong, by their names and sizes: reads no bar.
    ///
    /// # Errors
    /// `Io` or `Invalid` where there is no bundle, `Corrupt` where the list of its versions is damaged.
    pub fn glance(path: impl AsRef<Path>) -> Result<Vec<Fault>, Error> {
        store::glance(path.as_ref())
    }

    fn at_rest(folder: Arc<Path>, store::Opened { manifest, assets }: store::Opened) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            frequency: manifest.frequency()?,
            session: manifest.session(),
            symbols: manifest.assets.iter().map(|entry| entry.symbol.as_str().into()).collect(),
            assets: assets.into_iter().map(|asset| Arc::new(asset) as Arc<dyn Bars>).collect(),
            folder: Some(folder),
        })))
    }

    /// Appends bars, and with them events; gives the bundle that then stands, opened, and what became of the bars.
    ///
    /// A bar that comes after the last of its asset is added; an asset may be new. A bar that is there already is held
    /// against the one that comes: the same is passed over, and one of other values is **restated**, which starts a version
    /// of its own and is told of bar by bar. The version is that of one ingest of all the bars and events; where nothing
    /// is other than it was, it stays, and nothing is written.
    ///
    /// At rest, the bars go to the version that stands in the folder, whichever this is. It is written as an ingest is: in
    /// one step, and what is open meanwhile, this bundle too, reads on as it was. Costs the bars that come, a share of
    /// those that came before them (each is written again some 25 times for each tenfold growth), and one manifest. In memory, another bundle is made, and this one stays as it is.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`from_series`](Self::from_series); `Invalid` where a bar would come between others,
    /// an event contradicts one that is known, or another process writes to the folder; `Io`.
    ///
    /// # Examples
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let (csv, out) = (folder.path().join("A.csv"), folder.path().join("bundle"));
    /// use lookback::bundle::{Bundle, IngestOptions, Series, ingest};
    /// std::fs::write(&csv, "date,open,high,low,close,volume\n2005-02-28,1,2,1,2,9\n")?;
    /// let day = ingest(&[&csv], &out, &IngestOptions::default())?.bundle;
    /// let next = Series {
    ///     symbol: "A".into(),
    ///     calendar: lookback::Calendar::new(vec![day.span(day.asset("A")?).1.0 + 86_400_000_000_000])?,
    ///     values: [2, 3, 2, 3, 7].map(|value| vec![value.into()]),
    ///     adjustments: Vec::new(),
    /// };
    /// let both = day.append(vec![next.clone()])?.bundle;
    /// assert_eq!((day.bars(day.asset("A")?), both.bars(both.asset("A")?)), (1, 2));
    /// let again = both.append(vec![next])?; // the same bar
    /// assert_eq!((again.same, again.is_change()), (1, false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append(&self, series: Vec<Series>) -> Result<Appended, Error> {
        if series.is_empty() {
            return Ok(Outcome::default().appended(self.clone(), self.version().to_owned()));
        }
        let series = series::checked(series.into_iter().map(Sourced::from).collect())?;
        match self.folder() {
            Some(folder) => {
                let (previous, outcome) = store::append(folder, &series, store::Append::default())?;
                Ok(outcome.appended(Self::open(folder)?, previous))
            }
            None => self.append_in_memory(&series),
        }
    }

    fn append_in_memory(&self, series: &[Sourced]) -> Result<Appended, Error> {
        let Inner { symbols, assets, .. } = &*self.0;
        let mut outcome = Outcome::default();
        let mut all: BTreeMap<Symbol, Arc<dyn Bars>> =
            symbols.iter().cloned().zip(assets.iter().cloned()).collect();
        for one in series {
            let symbol = &one.series.symbol;
            let scales = Scales::of(std::slice::from_ref(one));
            let Some(old) = all.get(symbol) else {
                outcome.added += one.series.calendar.len();
                all.insert(symbol.clone(), Arc::new(Memory::new(one, scales)?));
                continue;
            };
            let mut own = Outcome::default();
            let events = merge::events(symbol, old.adjustments(), &one.series.adjustments, &mut own)?;
            let merged = merge::merge(&**old, 0, &one.series, old.scales().max(scales))?;
            own.add(merged.outcome);
            if own.is_change() {
                let origin = match old.event_origin() {
                    EventOrigin::Unknown => one.origin,
                    known => known,
                };
                let values = &old.values()[..merged.changed_from / BATCH_ROWS];
                let events = merge::with_closes(events, None, (0, Some(&merged.bars)))?;
                let bars = merged.bars.with_events(events, origin).with_first_values(values);
                all.insert(symbol.clone(), Arc::new(bars));
            }
            outcome.add(own);
        }
        let bundle = if outcome.is_change() {
            let (symbols, assets) = all.into_iter().unzip();
            Self::of_bars(self.name(), self.frequency(), self.session().clone(), symbols, assets)
        } else {
            self.clone()
        };
        Ok(outcome.appended(bundle, self.version().to_owned()))
    }

    /// A bundle held in memory.
    ///
    /// # Errors
    /// `Invalid` where there is no series or a series has no bars, columns differ in length, a symbol is there twice,
    /// an adjustment is not above 0, or values need more than 38 digits at one scale.
    ///
    /// # Examples
    /// ```
    /// use lookback::bundle::Series;
    /// use lookback::{Bundle, Calendar, Frequency};
    /// let series = Series {
    ///     symbol: "A".into(),
    ///     calendar: Calendar::new(vec![0, 86_400_000_000_000])?,
    ///     values: [["9.5", "10"], ["10", "11"], ["9", "9"], ["10", "10.25"], ["700", "0"]]
    ///         .map(|column| column.map(|value| value.parse().unwrap()).to_vec()),
    ///     adjustments: Vec::new(),
    /// };
    /// let bundle = Bundle::from_series("two days", Frequency::Day, vec![series])?;
    /// assert_eq!((bundle.name(), bundle.bars(bundle.asset("A")?)), ("two days", 2));
    /// assert!(Bundle::from_series("empty", Frequency::Day, Vec::new()).is_err());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn from_series(name: &str, frequency: Frequency, series: Vec<Series>) -> Result<Self, Error> {
        Self::in_memory(name, frequency, Session::default(), series.into_iter().map(Sourced::from).collect())
    }

    /// A bundle held in memory, of bars that lie in the day as a session says.
    ///
    /// # Errors
    /// As [`from_series`](Self::from_series); `Invalid` for a session whose time zone is not known, or whose start is no
    /// time of day.
    ///
    /// # Examples
    /// ```
    /// use lookback::bundle::{Series, Session, Stamp};
    /// use lookback::{Bundle, Calendar, Frequency, Timestamp};
    /// let minute = Series {
    ///     symbol: "A".into(),
    ///     calendar: Calendar::new(vec![1_704_465_000_000_000_000])?, // 2024-01-05 09:30 in New York
    ///     values: ["9.5", "10", "9", "10", "700"].map(|value| vec![value.parse().unwrap()]),
    ///     adjustments: Vec::new(),
    /// };
    /// let session =
    ///     Session { stamp: Stamp::Start, time_zone: "America/New_York".into(), start: "09:30:00".into() };
    /// let bundle = Bundle::from_series_in("x", Frequency::Minute, session, vec![minute])?;
    /// assert_eq!(bundle.session().start, "09:30:00");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn from_series_in(
        name: &str,
        frequency: Frequency,
        session: Session,
        series: Vec<Series>,
    ) -> Result<Self, Error> {
        Sessions::new(&session.time_zone, &session.start)?;
        Self::in_memory(name, frequency, session, series.into_iter().map(Sourced::from).collect())
    }

    fn in_memory(
        name: &str,
        frequency: Frequency,
        session: Session,
        series: Vec<Sourced>,
    ) -> Result<Self, Error> {
        let series = series::checked(series)?;
        let scales = Scales::of(&series);
        let memory = |one| Memory::new(one, scales).map(|memory| Arc::new(memory) as Arc<dyn Bars>);
        let assets = series.iter().map(memory).collect::<Result<_, _>>()?;
        let symbols = series.iter().map(|one| one.series.symbol.clone()).collect();
        Ok(Self::of_bars(name, frequency, session, symbols, assets))
    }

    /// Bars in memory, in the order of their symbols, with their version.
    fn of_bars(
        name: &str,
        frequency: Frequency,
        session: Session,
        symbols: Vec<Symbol>,
        assets: Vec<Arc<dyn Bars>>,
    ) -> Self {
        let meanings = symbols.iter().zip(&assets).map(|(symbol, bars)| digest::AssetMeaning {
            symbol,
            bars: bars.len(),
            values: bars.values(),
            adjustments: bars.adjustments(),
            names: bars.names(),
        });
        let version = digest::version(frequency, &session, meanings);
        let name = name.to_owned();
        Self(Arc::new(Inner { name, version, frequency, session, symbols, assets, folder: None }))
    }

    /// Daily bars of AAPL, FB, GOOG, IBM and MSFT, 2000 to 2013, with their splits and dividends.
    ///
    /// They are part of the crate, and parsed once a process.
    ///
    /// # Errors
    /// None in practice: the data are a constant.
    ///
    /// # Examples
    /// ```
    /// use lookback::Bundle;
    /// let bundle = Bundle::sample()?;
    /// let names: Vec<&str> = bundle.symbols().iter().map(|symbol| symbol.as_str()).collect();
    /// assert_eq!(names, ["AAPL", "FB", "GOOG", "IBM", "MSFT"]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn sample() -> Result<Self, Error> {
        static SAMPLE: OnceLock<Result<Bundle, Error>> = OnceLock::new();
        const FILE: &[u8] = include_bytes!("../../data/stocks.csv.gz");
        let parse = || {
            let all = csv::All::default();
            csv::read("stocks.csv.gz", FILE, &csv::Options::default(), &all)?;
            let rows = all.0.into_inner().into_iter();
            let assets =
                rows.map(|rows| adjust::own(rows).map(|own| own.sourced)).collect::<Result<_, _>>()?;
            Self::in_memory("sample", Frequency::Day, Session::default(), assets)
        };
        SAMPLE.get_or_init(parse).clone()
    }
}
