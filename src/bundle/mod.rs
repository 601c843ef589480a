//! Bundles: ingested bars, in memory or at rest, with a version that digests their values.

#![forbid(unsafe_code)]

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use crate::asset::{AssetId, Field, Symbol};
use crate::error::{Error, ErrorKind};
use crate::nearest::nearest;
use crate::time::{Calendar, Frequency, Lag, Sessions, Timestamp, When};

mod adjust;
mod adjustment;
mod appended;
mod bars;
mod column;

mod csv;
mod digest;
mod ingest;
mod jump;
mod making;
mod memory;
mod merge;
mod name;
mod names;
mod origin;
mod series;
mod session;
mod shared;
mod store;

pub use adjust::derive_adjustments;
pub use adjustment::{Adjustment, AdjustmentKind, EventOrigin};
pub use appended::{Appended, Restated};
pub use csv::{DecimalMark, Delimiter, Preset};
pub use digest::predecessor_version;
pub use ingest::{
    Ingested, Options as IngestOptions, Progress as IngestProgress, Step as IngestStep, append, ingest,
};
pub use jump::Jump;
pub use name::Name;
pub use origin::{SourceFile, TimestampUnit};
pub use series::Series;
pub use session::{Hours, Session, Stamp};
pub use store::{Fault, Verified, Version};

use bars::Bars;

/// Ingested bars. Cloning costs one reference count.
///
/// # Examples
/// ```
/// use lookback::{Bundle, Field};
/// let bundle = Bundle::sample()?;
/// let apple = bundle.asset("AAPL")?;
/// let mut closes = Vec::new();
/// bundle.read(apple, Field::Close, 0..2, &mut closes)?;
/// assert_eq!(closes, [130.31, 122.0]);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Bundle(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    version: String,
    frequency: Frequency,
    session: Session,
    symbols: Vec<Symbol>,
    assets: Vec<Arc<dyn Bars>>,
    folder: Option<Arc<Path>>,
}

impl Bundle {
    /// The folder of a bundle at rest, as it was named; `None` for one in memory.
    ///
    /// # Examples
    /// ```
    /// # use lookback::Bundle;
    /// assert_eq!(Bundle::sample()?.folder(), None);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.0.folder.as_deref()
    }

    /// The bundle's name.
    ///
    /// # Examples
    /// ```
    /// # use lookback::Bundle;
    /// assert_eq!(Bundle::sample()?.name(), "sample");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// SHA-256 over values, adjustments and what a bar's moment means, in hexadecimal.
    ///
    /// Any changed value changes it; another file order, file name or number of trailing zeros does not.
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
    /// let mut restated = series.clone();
    /// restated.values[3][1] = "10.26".parse().unwrap();
    /// let version = |series| Ok::<_, lookback::Error>(Bundle::from_series("x", Frequency::Day, vec![series])?.version().to_owned());
    /// assert_ne!(version(series)?, version(restated)?);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn version(&self) -> &str {
        &self.0.version
    }

    /// The step of time between bars.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Frequency};
    /// assert_eq!(Bundle::sample()?.frequency(), Frequency::Day);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn frequency(&self) -> Frequency {
        self.0.frequency
    }

    /// How the bars lie in the day.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, bundle::Stamp};
    /// assert_eq!(Bundle::sample()?.session().stamp, Stamp::Start);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.0.session
    }

    /// From the moment of a bar to the last nanosecond of what it covers, when it is known in full: none where bars are
    /// stamped at their end, and for days, whose date stands for the whole of it.
    pub(crate) fn lag(&self) -> Lag {
        match self.frequency() {
            _ if self.session().stamp == Stamp::End => Lag::Fixed(0),
            Frequency::Day => Lag::Fixed(0),
            Frequency::Month => Lag::Month,
            other => Lag::Fixed(other.step_ns() - 1),
        }
    }

    /// The sessions that dates stand for; none where bars have dates of their own.
    pub(crate) fn sessions(&self) -> Option<Sessions> {
        let Session { time_zone, start, .. } = self.session();
        // A bundle whose session cannot be read was refused when it was opened.
        self.frequency().is_intraday().then(|| Sessions::new(time_zone, start).ok()).flatten()
    }

    /// The first and the last moment of the bars that a day or a moment stands for: a date is a session, by the clocks of
    /// the bundle's time zone.
    pub(crate) fn span_of(&self, when: When) -> (Timestamp, Timestamp) {
        let sessions = matches!(when, When::Date(_)).then(|| self.sessions()).flatten();
        span_of(sessions.as_ref(), self.session().stamp, when)
    }

    /// The assets' names, in the order of their ids.
    ///
    /// # Examples
    /// ```
    /// use lookback::Bundle;
    /// let bundle = Bundle::sample()?;
    /// let ibm = bundle.asset("IBM")?;
    /// assert_eq!(bundle.symbols()[ibm.index()].as_str(), "IBM");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn symbols(&self) -> &[Symbol] {
        &self.0.symbols
    }

    /// The id of a name.
    ///
    /// # Errors
    /// `UnknownAsset`, with the nearest names.
    ///
    /// # Panics
    /// Never: a bundle has fewer than 2^32 assets.
    ///
    /// # Examples
    /// ```
    /// use lookback::Bundle;
    /// let bundle = Bundle::sample()?;
    /// assert!(bundle.asset("AAPL").is_ok());
    /// assert_eq!(bundle.asset("appl").unwrap_err().to_string(), "unknown asset appl; nearest: AAPL");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn asset(&self, name: &str) -> Result<AssetId, Error> {
        match self.0.symbols.binary_search_by(|symbol| symbol.as_str().cmp(name)) {
            Ok(index) => Ok(AssetId(u32::try_from(index).expect("a bundle has fewer than 2^32 assets"))),
            Err(_) => {
                let known = self.0.symbols.iter().map(Symbol::as_str);
                let nearest = nearest(name, known).into_iter().map(str::to_owned).collect();
                Err(ErrorKind::UnknownAsset { name: name.to_owned(), nearest }.into())
            }
        }
    }

    /// How many bars an asset has.
    ///
    /// # Panics
    /// Where the asset is not one of this bundle.
    ///
    /// # Examples
    /// ```
    /// use lookback::Bundle;
    /// let bundle = Bundle::sample()?;
    /// assert_eq!(bundle.bars(bundle.asset("FB")?), 196);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn bars(&self, asset: AssetId) -> usize {
        self.0.assets[asset.index()].len()
    }

    /// The moments of an asset's first and last bar.
    ///
    /// # Panics
    /// Where the asset is not one of this bundle.
    ///
    /// # Examples
    /// ```
    /// use lookback::Bundle;
    /// let bundle = Bundle::sample()?;
    /// let (first, last) = bundle.span(bundle.asset("FB")?);
    /// assert_eq!((first.to_string(), last.to_string()), ("2012-05-18".into(), "2013-03-01".into()));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn span(&self, asset: AssetId) -> (Timestamp, Timestamp) {
        self.0.assets[asset.index()].span()
    }

    /// Bytes of an asset's bars: of its files at rest, or in memory.
    ///
    /// # Panics
    /// Where the asset is not one of this bundle.
    #[must_use]
    pub fn bytes(&self, asset: AssetId) -> u64 {
        self.0.assets[asset.index()].bytes()
    }

    /// The bars' moments of one asset.
    ///
    /// At rest, the first call reads and verifies all of the asset's files; later ones find the moments in memory.
    ///
    /// # Errors
    /// `Io` or `Corrupt` where the bars are at rest.
    ///
    /// # Panics
    /// Where the asset is not one of this bundle.
    ///
    /// # Examples
    /// ```
    /// use lookback::Bundle;
    /// let bundle = Bundle::sample()?;
    /// let facebook = bundle.asset("FB")?;
    /// let calendar = bundle.calendar(facebook)?;
    /// assert_eq!(calendar.len(), bundle.bars(facebook));
    /// assert_eq!(calendar.timestamp(0), Some(bundle.span(facebook).0));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn calendar(&self, asset: AssetId) -> Result<Calendar, Error> {
        self.0.assets[asset.index()].calendar()
    }

    /// Splits and dividends of one asset, ascending by ex-date; of one day, what is paid per old share comes first.
    ///
    /// # Panics
    /// Where the asset is not one of this bundle.
    ///
    /// # Examples
    /// ```
    /// use lookback::Bundle;
    /// let bundle = Bundle::sample()?;
    /// let splits = bundle.adjustments(bundle.asset("MSFT")?).iter().filter(|one| one.kind.is_split());
    /// let days: Vec<String> = splits.map(|one| format!("{} {}", one.ex_date, one.kind)).collect();
    /// assert_eq!(days, ["2003-02-18 split 2"]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn adjustments(&self, asset: AssetId) -> &[Adjustment] {
        self.0.assets[asset.index()].adjustments()
    }

    /// Where an asset's splits and dividends come from: `Unknown` where nothing told of any, so that its prices are as
    /// they were traded under every adjustment.
    ///
    /// # Panics
    /// Where the asset is not one of this bundle.
    ///
    /// # Examples
    /// ```
    /// use lookback::Bundle;
    /// use lookback::bundle::EventOrigin;
    /// let bundle = Bundle::sample()?;
    /// assert_eq!(bundle.event_origin(bundle.asset("IBM")?), EventOrigin::AdjustedClose);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn event_origin(&self, asset: AssetId) -> EventOrigin {
        self.0.assets[asset.index()].event_origin()
    }

    /// Those of some assets of which no splits or dividends are known because nothing told of any, in the order given.
    ///
    /// Names that are not in the bundle are left out.
    ///
    /// # Examples
    /// ```
    /// use lookback::Bundle;
    /// let bundle = Bundle::sample()?;
    /// assert!(bundle.without_events(bundle.symbols()).is_empty());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn without_events<'a>(&self, symbols: &'a [Symbol]) -> Vec<&'a Symbol> {
        let is_unknown = |symbol: &&Symbol| {
            let asset = self.asset(symbol.as_str());
            asset.is_ok_and(|asset| self.event_origin(asset) == EventOrigin::Unknown)
        };
        symbols.iter().filter(is_unknown).collect()
    }

    /// Where an asset's prices jump by a ratio of small integers, with no event that explains it; oldest first.
    ///
    /// Reads all of its opens and closes.
    ///
    /// # Examples
    /// ```
    /// use lookback::Bundle;
    /// let bundle = Bundle::sample()?;
    /// assert!(bundle.jumps(bundle.asset("AAPL")?)?.is_empty()); // its splits are known
    /// # Ok::<(), lookback::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Io` or `Corrupt` where the bars are at rest.
    ///
    /// # Panics
    /// Where the asset is not one of this bundle.
    pub fn jumps(&self, asset: AssetId) -> Result<Vec<Jump>, Error> {
        let calendar = self.calendar(asset)?;
        let (mut opens, mut closes) = (Vec::new(), Vec::new());
        self.read(asset, Field::Open, 0..calendar.len(), &mut opens)?;
        self.read(asset, Field::Close, 0..calendar.len(), &mut closes)?;
        Ok(jump::find(calendar.as_slice(), &opens, &closes, self.adjustments(asset)))
    }

    /// Appends the raw values of some bars of a field to `out`, correctly rounded.
    ///
    /// At rest, the record batches that hold the bars are read and their digests verified, each time.
    ///
    /// `price` reads as the close: on its own bars, an asset has nothing to carry forward.
    ///
    /// # Errors
    /// `Io` or `Corrupt` where the bars are at rest; `out` is then as it was.
    ///
    /// # Panics
    /// Where the asset is not one of this bundle, or `bars` reaches past its last bar.
    ///
    /// # Examples
    /// ```
    /// use lookback::{Bundle, Field};
    /// let bundle = Bundle::sample()?;
    /// let apple = bundle.asset("AAPL")?;
    /// let mut values = Vec::new();
    /// bundle.read(apple, Field::Open, 1..2, &mut values)?;
    /// bundle.read(apple, Field::Close, 1..2, &mut values)?;
    /// assert_eq!(values, [127.0, 122.0]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn read(
        &self,
        asset: AssetId,
        field: Field,
        bars: Range<usize>,
        out: &mut Vec<f64>,
    ) -> Result<(), Error> {
        let field = if field == Field::Price { Field::Close } else { field };
        let column =
            Field::STORED.iter().position(|&stored| stored == field).expect("every other field is stored");
        self.0.assets[asset.index()].read(column, bars, out)
    }
}

/// As [`Bundle::span_of`], where sessions are known.
pub(crate) fn span_of(sessions: Option<&Sessions>, stamp: Stamp, when: When) -> (Timestamp, Timestamp) {
    match (when, sessions) {
        (When::Date(date), Some(sessions)) => {
            // What is stamped with its end lies before it.
            let ahead = i64::from(stamp == Stamp::End);
            let (begin, next) = (sessions.begin(date.days()), sessions.begin(date.days() + 1));
            (Timestamp(begin + ahead), Timestamp(next - 1 + ahead))
        }
        _ => (when.first_moment(), when.last_moment()),
    }
}
