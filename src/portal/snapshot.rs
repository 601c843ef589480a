//! A portal's bundle as it is at one moment, for a whole run.

#![forbid(unsafe_code)]

use std::fmt;
use std::sync::Arc;

use super::catalog::Catalog;
use super::held::Held;
use super::key::Key;
use super::registry::Names;
use super::request::Request;
use crate::asset::{AssetId, Field};
use crate::bundle::Bundle;
use crate::cache::Generation;
use crate::error::Error;
use crate::time::{Calendar, Frequency, Timestamp, When};

pub(super) type PortalGeneration = Generation<Key, Held, Arc<Catalog>>;

/// A hold on one bundle version and what is cached of it; every reader of a run reads the same.
///
/// Cloning costs one reference count. The version lives until its last snapshot and reader are gone.
///
/// # Examples
/// ```
/// use lookback::portal::Options;
/// use lookback::{Bundle, DataPortal, Field, Frequency};
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let snapshot = portal.snapshot();
/// let request = snapshot.request(["IBM"], [Field::Close], 20, Frequency::Day)?;
/// let at = |end| Ok::<_, lookback::Error>(snapshot.reader().history(&request, end)?.column(0)[0]);
/// let threads = std::thread::scope(|scope| [19, 99].map(|end| scope.spawn(move || at(end))).map(|one| one.join()));
/// assert!(threads.iter().all(|close| matches!(close, Ok(Ok(price)) if *price > 0.0)));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone)]
pub struct Snapshot {
    generation: PortalGeneration,
}

impl Snapshot {
    pub(super) fn new(generation: PortalGeneration) -> Self {
        Self { generation }
    }

    /// The bundle that it holds.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        self.catalog().bundle()
    }

    /// Resolves a request for the last `bar_count` bars of every field of every asset.
    ///
    /// Columns come asset-major, then by field, in the order given. A bar count that is one of the portal's
    /// permanent windows has its blocks kept until the bundle is replaced. What is asked for is checked
    /// against the bundle held here, whatever the portal serves by now.
    ///
    /// # Errors
    /// - `UnknownAsset` with the nearest names.
    /// - `BadFrequency` where it is not the bundle's own and cannot be made of it, with those that can.
    /// - `BadBarCount` for 0 bars.
    /// - `Invalid` where there is no asset or no field, one is named twice, or the bar count exceeds 2^31.
    ///
    /// # Examples
    /// ```
    /// use lookback::portal::Options;
    /// use lookback::{Bundle, DataPortal, Field, Frequency};
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let snapshot = portal.snapshot();
    /// let request = snapshot.request(["IBM"], [Field::Close], 20, Frequency::Day)?;
    /// assert_eq!(snapshot.reader().history(&request, 99)?.bar_count(), 20);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn request(
        &self,
        assets: impl IntoIterator<Item = impl AsRef<str>>,
        fields: impl IntoIterator<Item = Field>,
        bar_count: usize,
        frequency: Frequency,
    ) -> Result<Request, Error> {
        let names = Names::new(assets, fields, frequency)?;
        let catalog = self.catalog();
        for name in &names.assets {
            catalog.bundle().asset(name.as_str())?;
        }
        catalog.check_frequency(frequency)?;
        let registry = catalog.registry();
        Request::new(registry.selection(&names), bar_count, registry.tier(bar_count))
    }

    /// Resolves a request as [`request`](Self::request) does, with each asset by the name that it had on a date.
    ///
    /// # Errors
    /// As [`Bundle::asset_as_of`] and [`request`](Self::request).
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, DataPortal, Field, Frequency, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let date = "2012-06-01".parse()?;
    /// let request = portal.snapshot().request_as_of(date, ["FB"], [Field::Close], 5, Frequency::Day)?;
    /// assert_eq!(request.assets()[0].as_str(), "FB");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn request_as_of(
        &self,
        date: When,
        assets: impl IntoIterator<Item = impl AsRef<str>>,
        fields: impl IntoIterator<Item = Field>,
        bar_count: usize,
        frequency: Frequency,
    ) -> Result<Request, Error> {
        let bundle = self.bundle();
        let name = |asset: AssetId| bundle.symbols()[asset.index()].clone();
        let assets = assets.into_iter().map(|asset| bundle.asset_as_of(asset.as_ref(), date).map(name));
        let assets = assets.collect::<Result<Vec<_>, _>>()?;
        self.request(assets.iter().map(crate::asset::Symbol::as_str), fields, bar_count, frequency)
    }

    /// The bars that a request's ends count: an asset's own, or the union of several assets' bars.
    ///
    /// At a coarser frequency than the bundle's, the coarse bars: a day, a week (from Monday) and a month are called by
    /// their first date; a part of a session by its first moment, or by its last where the bundle's bars are stamped with
    /// their ends. A stretch of time without a bar makes none.
    ///
    /// # Errors
    /// `UnknownAsset` or `BadFrequency` where this version of the bundle lacks what the request names; `Io`,
    /// `Corrupt`.
    ///
    /// # Examples
    /// ```
    /// use lookback::portal::Options;
    /// use lookback::{Bundle, DataPortal, Field, Frequency};
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let snapshot = portal.snapshot();
    /// let bars = |assets: &[&str]| {
    ///     let request = snapshot.request(assets, [Field::Close], 1, Frequency::Day)?;
    ///     Ok::<_, lookback::Error>(snapshot.calendar(&request)?.len())
    /// };
    /// assert!(bars(&["FB"])? < bars(&["IBM"])? && bars(&["FB", "IBM"])? == bars(&["IBM"])?);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn calendar(&self, request: &Request) -> Result<Calendar, Error> {
        let catalog = self.catalog();
        let selection = catalog.registry().selection(request.selection().names());
        match catalog.buckets(&selection)? {
            Some(buckets) => Ok(buckets.calendar().clone()),
            None => Ok(catalog.layout(&selection)?.calendar.clone()),
        }
    }

    /// The first moment at which the bar of a moment is known in full: a clock that stands before it does not see the bar.
    ///
    /// A bar that is stamped with its start is known at the last nanosecond of its step, its week or its month; one stamped
    /// with its end, and a day, whose date stands for the whole of it, at its own moment.
    ///
    /// # Examples
    /// ```
    /// use lookback::{Bundle, DataPortal, Timestamp, portal::Options};
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// assert_eq!(portal.snapshot().known_at(Timestamp(0)), Timestamp(0)); // daily bars
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn known_at(&self, moment: Timestamp) -> Timestamp {
        Timestamp(self.bundle().lag().known_at(moment.0))
    }

    /// The first and the last moment of the bars that a day or a moment stands for. A date is a session: from its start, by
    /// the clocks of the bundle's time zone, to that of the next.
    ///
    /// # Examples
    /// ```
    /// use lookback::bundle::{Bundle, Series, Session};
    /// use lookback::{DataPortal, Frequency, portal::Options};
    /// use rust_decimal::Decimal;
    /// let futures = Session { time_zone: "America/Chicago".into(), start: "17:00:00".into(), ..Session::default() };
    /// let one = |price| vec![Decimal::new(price, 0)];
    /// let series = Series {
    ///     symbol: "ES".into(),
    ///     calendar: lookback::Calendar::new(vec![0])?,
    ///     values: [one(5), one(5), one(5), one(5), one(1)],
    ///     adjustments: vec![],
    /// };
    /// let bundle = Bundle::from_series_in("futures", Frequency::Minute, futures, vec![series])?;
    /// let portal = DataPortal::new(bundle, Options::default())?;
    /// let (first, last) = portal.snapshot().span_of("2024-01-08".parse()?); // a Monday
    /// assert_eq!(first.to_string(), "2024-01-07T23:00:00Z"); // Sunday at 17:00 in Chicago
    /// assert_eq!(last.to_string(), "2024-01-08T22:59:59.999999999Z");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn span_of(&self, when: When) -> (Timestamp, Timestamp) {
        self.bundle().span_of(when)
    }

    pub(super) fn catalog(&self) -> &Catalog {
        self.generation.source()
    }

    pub(super) fn generation(&self) -> &PortalGeneration {
        &self.generation
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("bundle", self.bundle()).finish_non_exhaustive()
    }
}
