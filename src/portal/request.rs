//! What is asked of the portal: a request, made once, and the end of a window, given each time.

#![forbid(unsafe_code)]

use std::sync::Arc;

use super::adjust::Adjust;
use super::registry::Selection;
use crate::asset::{Field, Symbol};
use crate::cache::Tier;
use crate::error::{Error, ErrorKind};
use crate::time::{Frequency, Timestamp, When};

/// What happens to a window that reaches back beyond the first bar.
///
/// # Examples
/// ```
/// # use lookback::{Adjust, Bundle, DataPortal, End, Field, Frequency, Indicator, When, portal::Options};
/// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// # let reader = portal.snapshot().reader();
/// use lookback::Short;
/// let request = portal.request(["IBM"], [Field::Close], 20, Frequency::Day)?;
/// assert!(reader.history(&request, 9).is_err());
/// assert_eq!(reader.history(&request.short(Short::Pad), 9)?.bar_range(), 0..10);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum Short {
    /// It is refused with `TooFewBars`, which names the first possible end.
    #[default]
    Error,
    /// Every column is NaN in front of the first bar.
    Pad,
}

/// Where a window ends; the bar there is its last.
///
/// # Examples
/// ```
/// # use lookback::{Adjust, Bundle, DataPortal, End, Field, Frequency, Indicator, When, portal::Options};
/// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// # let reader = portal.snapshot().reader();
/// let request = portal.request(["IBM"], [Field::Close], 1, Frequency::Day)?;
/// let by_bar = reader.history(&request, End::Bar(0))?.column(0);
/// assert_eq!(by_bar, reader.history(&request, "2000-03-01".parse::<When>()?)?.column(0));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// A bar index in the request's own calendar, counted from 0; of a coarser frequency, a coarse bar as far as it is known.
    Bar(usize),
    /// The last bar that is known at a moment, see [`Snapshot::known_at`](super::Snapshot::known_at): an intraday bar
    /// stamped with its start is not, before its step is over. For a bare date, the last on or before the end of that day.
    At(When),
}

impl From<usize> for End {
    fn from(bar: usize) -> Self {
        Self::Bar(bar)
    }
}

impl From<When> for End {
    fn from(when: When) -> Self {
        Self::At(when)
    }
}

impl From<Timestamp> for End {
    fn from(moment: Timestamp) -> Self {
        Self::At(When::Moment(moment))
    }
}

/// The smallest lookback that a block is cut for, as a power of two: 256 bars.
const SMALLEST_CLASS: u8 = 8;

/// The longest window: its class still fits a shift of 32 bits.
const MOST_BARS: usize = 1 << 31;

/// Some columns and a bar count, resolved once and asked for as often as needed.
///
/// Names are kept beside ids, so a request stays good when the portal's bundle is replaced by another
/// version. Made by [`DataPortal::request`](super::DataPortal::request); cloning costs one reference count.
///
/// # Examples
/// ```
/// use lookback::portal::{Adjust, Options, Short};
/// use lookback::{Bundle, DataPortal, Field, Frequency};
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let request = portal.request(["FB"], [Field::Open, Field::Close], 50, Frequency::Day)?;
/// let request = request.adjust(Adjust::Raw).short(Short::Pad);
/// let reader = portal.snapshot().reader();
/// assert!(reader.history(&request, 0)?.column(1)[..49].iter().all(|close| close.is_nan()));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Request {
    selection: Arc<Selection>,
    bar_count: usize,
    class: u8,
    tier: Tier,
    adjust: Adjust,
    short: Short,
    closed_only: bool,
}

impl Request {
    pub(super) fn new(selection: Arc<Selection>, bar_count: usize, tier: Tier) -> Result<Self, Error> {
        if bar_count == 0 {
            return Err(ErrorKind::BadBarCount { found: bar_count }.into());
        }
        if bar_count > MOST_BARS {
            let message = format!("{bar_count} is out of range, expected at most {MOST_BARS}");
            return Err(Error::invalid("bar count", message));
        }
        let class = ceiling_log2(bar_count).max(SMALLEST_CLASS);
        let (adjust, short) = (Adjust::default(), Short::default());
        Ok(Self { selection, bar_count, class, tier, adjust, short, closed_only: false })
    }

    /// Chooses which events apply; [`Adjust::Total`] unless told.
    #[must_use]
    pub fn adjust(self, adjust: Adjust) -> Self {
        Self { adjust, ..self }
    }

    /// Chooses what happens to a window that reaches back beyond the first bar; [`Short::Error`] unless told.
    #[must_use]
    pub fn short(self, short: Short) -> Self {
        Self { short, ..self }
    }

    /// Leaves out the last bar where it is not over, at a coarser frequency than the bundle's; of the bundle's own bars,
    /// each is.
    ///
    /// Every window is then a slice of a cached block. A bar is over when its time is: a week after its Sunday, a day when
    /// the next session starts, an hour with its last minute; or when a bar of a later one is there.
    ///
    /// # Examples
    /// ```
    /// use lookback::portal::Options;
    /// use lookback::{Bundle, DataPortal, Field, Frequency, When};
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let weeks = portal.request(["IBM"], [Field::Close], 2, Frequency::Week)?;
    /// let reader = portal.snapshot().reader();
    /// let wednesday = "2005-03-02".parse::<When>()?;
    /// let (open, closed) = (reader.history(&weeks, wednesday)?, reader.history(&weeks.closed_only(), wednesday)?);
    /// assert_eq!((open.column(0)[0], open.bar_range().end), (closed.column(0)[1], closed.bar_range().end + 1));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn closed_only(self) -> Self {
        Self { closed_only: true, ..self }
    }

    /// Whether a last bar that is not over is left out.
    #[must_use]
    pub fn is_closed_only(&self) -> bool {
        self.closed_only
    }

    /// The assets' names, in the order asked.
    #[must_use]
    pub fn assets(&self) -> &[Symbol] {
        &self.selection.names().assets
    }

    /// The fields of each asset, in the order asked.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.selection.names().fields
    }

    /// The step of time between bars.
    #[must_use]
    pub fn frequency(&self) -> Frequency {
        self.selection.names().frequency
    }

    /// How many bars a window of this request holds.
    ///
    /// # Examples
    /// ```
    /// use lookback::portal::Options;
    /// use lookback::{Bundle, DataPortal, Field, Frequency};
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let request = portal.request(["IBM", "FB"], [Field::Close], 50, Frequency::Day)?;
    /// assert_eq!((request.bar_count(), request.assets().len(), request.fields()), (50, 2, &[Field::Close][..]));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn bar_count(&self) -> usize {
        self.bar_count
    }

    /// Which events apply.
    ///
    /// # Examples
    /// ```
    /// use lookback::portal::Options;
    /// use lookback::{Bundle, DataPortal, Field, Frequency};
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let request = portal.request(["IBM"], [Field::Close], 50, Frequency::Day)?;
    /// assert_eq!(request.adjustment(), lookback::Adjust::Total);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn adjustment(&self) -> Adjust {
        self.adjust
    }

    pub(super) fn selection(&self) -> &Arc<Selection> {
        &self.selection
    }

    /// The lookback class: the power of two of bars that a block holds up to its span's first, itself
    /// included.
    pub(super) fn class(&self) -> u8 {
        self.class
    }

    pub(super) fn tier(&self) -> Tier {
        self.tier
    }

    pub(super) fn pads(&self) -> bool {
        self.short == Short::Pad
    }
}

/// The exponent of the smallest power of two that is at least `count`, which is at least 1.
fn ceiling_log2(count: usize) -> u8 {
    u8::try_from(usize::BITS - (count - 1).leading_zeros()).expect("a usize has fewer than 256 bits")
}
