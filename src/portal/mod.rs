//! The portal: windows of a bundle's bars, lent to any number of threads out of one cache.
//!
//! What is cached is not a window but a **block**: the bars between two splits or dividends, with a lookback
//! of 256, 512, 1024 … bars before them, adjusted as of that stretch. Every window that ends in the stretch
//! and fits the lookback is a slice of it, whatever its end and its length, so a clock that moves hits as one
//! that stands still does.
//!
//! # Tiers
//! A window of 20 bars and one of 37 are slices of the same block. A request whose bar count is a permanent
//! window asks for that block as permanent, and so keeps it or has it promoted; any other asks for it as
//! variable, finds it in either tier, and never makes a block permanent by itself.
//!
//! # Frequencies
//! A request may ask for any coarser frequency that can be made of the bundle's bars. They are adjusted first; a block then
//! holds closed coarse bars, and another, at each of the bundle's own bars, the coarse bar that holds it, as of it. So a
//! window of closed bars is a slice ([`Request::closed_only`]), and one with an open bar a slice and a row
//! ([`PortalReader::split`]), or a copy of both ([`PortalReader::history`]). A bar is over when its time is, or when one of a
//! later is known: never because no more of it will come.
//!
//! # Consistency
//! - **A snapshot is one version.** All its readers see the same bars and events to the end of their lives,
//!   whatever [`DataPortal::replace`] does meanwhile; the version goes with its last snapshot and reader.
//! - **A replacement is whole.** A snapshot taken while it happens holds the old bundle or the new one, never
//!   parts of both; one taken after `replace` returned holds of the old only blocks that the new would load, bit by
//!   bit. A load that is under way when the bundle is replaced ends where it began, in the old version.
//! - **Live reads what a backtest reads.** A bundle that grew by appends serves the windows of one ingest of all;
//!   [`DataPortal::refresh`] keeps the blocks of closed stretches, so that a step costs what it brings.
//! - **A window depends on version, request and end alone**, to the last bit: not on the thread that asks, the
//!   order of dates, the windows asked for before, what was evicted, or whether it was a hit.
//! - **No window holds a later bar**, and no event after its end adjusts it. A [`ReaderAt`] refuses ends after
//!   its clock, and its errors tell nothing of later bars. What can be learnt beyond a window, from the strides
//!   of its view, is how far the block behind it reaches; no value of it can be.
//! - **A loan stays as it is** until its reader is refreshed or dropped: eviction and replacement neither change
//!   nor free it. An [`OwnedWindow`](crate::OwnedWindow) stays for as long as it is kept.
//! - **A failure is not kept.** It goes to those who waited for the same load; who asks next tries again.
//! - **Progress.** A hit waits for nobody. A miss waits for another thread's load of the same block at most,
//!   and not for ever. A reader takes a lock when it meets a list of columns for the first time.
//!
//! # Memory
//! A block of `C` columns that serves `R` bars in the class of `L` bars takes `8 x C x (R + L - 1)` bytes,
//! less where the series begins within the lookback. A request for many assets has a stretch between any two
//! of all their events: for hundreds of assets that pay dividends, ask for each alone. Calendars of several
//! assets are held beside the cache, outside its budget: 8 bytes a bar of the union and 4 a bar of each
//! asset, once for each list of assets asked for; and 8 to 16 bytes a bar where ends are moments out of order.

#![forbid(unsafe_code)]

mod adjust;
mod arena;
mod bar_index;
mod buckets;
mod catalog;
mod coarse;
mod coarse_column;
mod coarse_window;
mod cursor;
mod frame;
mod held;
mod inherit;
mod key;
mod layout;
mod load;
mod memo;
mod named;
mod node;
mod reader;
mod registry;
mod request;
mod resample;
mod snapshot;
mod split;
mod stretch;
mod timeline;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use adjust::Adjust;
pub use frame::FrameShape;
pub use named::NamedWindow;
pub use reader::{PortalReader, ReaderAt};
pub use request::{End, Request, Short};
pub use snapshot::Snapshot;
pub use split::SplitWindow;

pub use crate::indicator::{Indicator, Kind};

pub(crate) use arena::Arena;
pub(crate) use node::ColumnId;

use catalog::Catalog;
use held::Held;
use inherit::Comparison;
use key::Key;
use registry::Registry;

use crate::asset::Field;
use crate::bundle::Bundle;
use crate::cache::{self, Cache};
use crate::error::Error;
use crate::time::Frequency;

/// Settings of a [`DataPortal`].
///
/// # Examples
/// ```
/// use lookback::portal::Options;
/// assert_eq!(Options::default().permanent_windows, [20, 50, 200]);
/// let small = Options { permanent_windows: vec![14], ..Options::default() };
/// assert!(small.cache == Options::default().cache);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// Bounds of the cache that holds the blocks, in bytes and entries.
    pub cache: cache::Options,
    /// Bar counts whose blocks stay until the bundle is replaced; 20, 50 and 200 unless told.
    pub permanent_windows: Vec<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache: cache::Options::default(), permanent_windows: vec![20, 50, 200] }
    }
}

/// Price history out of a lock-free cache, for any number of threads.
///
/// Windows are asked for through a [`Snapshot`], one for a run, and a [`PortalReader`], one for a thread.
///
/// # Examples
/// ```
/// use lookback::portal::Options;
/// use lookback::{Bundle, DataPortal, Field, Frequency, When};
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let request = portal.request(["AAPL"], [Field::Close], 2, Frequency::Day)?;
/// let reader = portal.snapshot().reader();
/// let window = reader.history(&request, "2005-02-28".parse::<When>()?)?;
/// assert_eq!(window.column(0), [44.495, 44.86]); // split 2 for 1 on that day: 88.99 the day before
/// # Ok::<(), lookback::Error>(())
/// ```
pub struct DataPortal {
    cache: Cache<Key, Held, Arc<Catalog>>,
    registry: Arc<Registry>,
    /// Held by whoever replaces the bundle: what is compared is then what is replaced.
    replacing: Mutex<()>,
}

impl DataPortal {
    /// Serves a bundle's bars.
    ///
    /// # Errors
    /// `Invalid` where the cache's options contradict each other.
    pub fn new(bundle: Bundle, options: Options) -> Result<Self, Error> {
        let registry = Arc::new(Registry::new(options.permanent_windows));
        let version = bundle.version().to_owned();
        let cache = Cache::new(options.cache, version, Arc::new(Catalog::new(bundle, registry.clone())))?;
        Ok(Self { cache, registry, replacing: Mutex::default() })
    }

    /// Serves the bundle in a folder, as `lookback ingest` wrote it.
    ///
    /// # Errors
    /// `Io` or `Corrupt` where the folder holds no whole bundle; `Invalid` where the cache's options
    /// contradict each other.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        Self::new(Bundle::open(path)?, options)
    }

    /// Serves another bundle from now on; true unless it is the version that is served already.
    ///
    /// Snapshots taken before keep the old bundle, whole; one taken after this returns holds nothing of it but the blocks
    /// that are the same in both: those of whose bars and events nothing has changed are kept, and not loaded again. Where
    /// the bundle is the old one with bars appended, these are the blocks of all closed stretches.
    ///
    /// # Errors
    /// None so far: a bundle that lacks an asset fails the requests for that asset.
    ///
    /// # Examples
    /// ```
    /// use lookback::portal::Options;
    /// use lookback::{Bundle, DataPortal, Field, Frequency};
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let old = portal.snapshot();
    /// assert!(!portal.replace(Bundle::sample()?)?); // the same version
    /// assert_eq!(old.bundle().version(), portal.snapshot().bundle().version());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn replace(&self, bundle: Bundle) -> Result<bool, Error> {
        let replacing = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.replace_alone(bundle, &replacing))
    }

    /// Serves what the bundle's folder holds by now, as [`replace`](Self::replace) does; false where that is the version
    /// which is served, and for a bundle in memory.
    ///
    /// Called after an append, by this process or another, it costs what was appended and the blocks that reach up to it:
    /// those are loaded again when they are asked for. Runs that are under way keep the snapshot that they have.
    ///
    /// # Errors
    /// As [`Bundle::open`]: the bundle that is served stays.
    ///
    /// # Examples
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let (csv, out) = (folder.path().join("A.csv"), folder.path().join("bundle"));
    /// use lookback::bundle::{IngestOptions, append, ingest};
    /// use lookback::{DataPortal, Field, Frequency, portal::Options};
    /// std::fs::write(&csv, "date,open,high,low,close\n2005-02-28,1,2,1,2\n")?;
    /// ingest(&[&csv], &out, &IngestOptions::default())?;
    /// let portal = DataPortal::open(&out, Options::default())?;
    /// let request = portal.request(["A"], [Field::Close], 1, Frequency::Day)?;
    /// let running = portal.snapshot();
    /// std::fs::write(&csv, "date,open,high,low,close\n2005-03-01,2,3,2,3\n")?;
    /// append(&[&csv], &out, &IngestOptions::default())?;
    /// assert!(portal.refresh()?);
    /// assert_eq!(portal.snapshot().reader().history(&request, 1)?.column(0), [3.0]);
    /// assert!(running.reader().history(&request, 1).is_err()); // it has one bar to its end
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn refresh(&self) -> Result<bool, Error> {
        let replacing = self.replacing.lock().unwrap_or_else(PoisonError::into_inner);
        let served = self.cache.current();
        match served.source().bundle().folder() {
            Some(folder) => Ok(self.replace_alone(Bundle::open(folder)?, &replacing)),
            None => Ok(false),
        }
    }

    /// Replaces the bundle while nobody else does.
    fn replace_alone(&self, bundle: Bundle, _replacing: &MutexGuard<'_, ()>) -> bool {
        let old = self.cache.current();
        if old.version() == bundle.version() {
            return false;
        }
        let version = bundle.version().to_owned();
        // What is compared is read and resolved for the new version, and stays with it.
        let new = Arc::new(Catalog::new(bundle, self.registry.clone()));
        let mut comparison = Comparison::new(old.source(), &new);
        self.cache.invalidate_keeping(version, new.clone(), |key, _| comparison.keeps(key))
    }

    /// Holds the bundle that is served now, for a whole run.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(self.cache.current())
    }

    /// What the cache did, over all bundles served. Exact while no reader is alive.
    ///
    /// # Examples
    /// ```
    /// use lookback::portal::Options;
    /// use lookback::{Bundle, DataPortal, Field, Frequency};
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let request = portal.request(["IBM"], [Field::Close], 20, Frequency::Day)?;
    /// let reader = portal.snapshot().reader();
    /// for end in 19..1_000 {
    ///     reader.history(&request, end)?;
    /// }
    /// drop(reader); // now the counts are exact
    /// assert!(portal.stats().loads < 50); // one block for each stretch between two dividends
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn stats(&self) -> cache::Stats {
        self.cache.stats()
    }

    /// How many columns of rules were ever asked of the cache, over all assets and bundles served.
    ///
    /// Each has a small id for as long as the portal lives. Their number is that of the sub-expressions that trials share,
    /// and not that of the trials.
    ///
    /// # Examples
    /// ```
    /// use lookback::portal::{DataPortal, Options};
    /// assert_eq!(DataPortal::new(lookback::Bundle::sample()?, Options::default())?.rule_columns(), 0);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn rule_columns(&self) -> usize {
        self.registry.columns()
    }

    /// Resolves a request for the last `bar_count` bars of every field of every asset.
    ///
    /// Checked against the bundle that is served now; a run that may be overtaken by a replacement asks its
    /// own [`Snapshot::request`], which this calls.
    ///
    /// # Errors
    /// As [`Snapshot::request`].
    pub fn request(
        &self,
        assets: impl IntoIterator<Item = impl AsRef<str>>,
        fields: impl IntoIterator<Item = Field>,
        bar_count: usize,
        frequency: Frequency,
    ) -> Result<Request, Error> {
        self.snapshot().request(assets, fields, bar_count, frequency)
    }
}

impl std::fmt::Debug for DataPortal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataPortal")
            .field("bundle", self.cache.current().source().bundle())
            .field("permanent_windows", &self.registry.permanent_windows())
            .finish_non_exhaustive()
    }
}

/// The page on shapes, whose examples are run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/windows.md")]
struct Windows;

/// The page on frequencies, whose examples are run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/frequencies.md")]
struct Frequencies;
