//! A window whose last bar is not over: its closed bars as a slice, and the open one beside it.

#![forbid(unsafe_code)]

use crate::block::{Block, Window};

/// The last bars at a coarser frequency: the closed ones lent from their block, the open one beside them. No copy.
///
/// # Examples
/// ```
/// use lookback::portal::Options;
/// use lookback::{Bundle, DataPortal, Field, Frequency, When};
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let weeks = portal.request(["IBM"], [Field::Close, Field::Volume], 20, Frequency::Week)?;
/// let reader = portal.snapshot().reader();
/// let wednesday = "2005-03-02".parse::<When>()?;
/// let window = reader.split(&weeks, wednesday)?;
/// assert_eq!((window.closed().bar_count(), window.is_open()), (19, true));
/// assert!(window.column(0).eq(reader.history(&weeks, wednesday)?.column(0).iter().copied()));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SplitWindow<'a> {
    closed: Window<'a>,
    open: Option<OpenBar<'a>>,
}

/// The open bar as of one of the bundle's bars.
#[derive(Clone, Copy)]
pub(super) struct OpenBar<'a> {
    running: &'a Block,
    row: usize,
}

impl<'a> OpenBar<'a> {
    /// # Panics
    /// Where the block does not hold the bar.
    pub(super) fn new(running: &'a Block, bar: usize) -> Self {
        Self { running, row: bar - running.first_row() }
    }

    fn value(self, column: usize) -> f64 {
        self.running.column(column)[self.row]
    }
}

impl std::fmt::Debug for OpenBar<'_> {
    /// Its own values: the block behind it may hold later ones.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries((0..self.running.columns()).map(|column| self.value(column))).finish()
    }
}

impl<'a> SplitWindow<'a> {
    pub(super) fn new(closed: Window<'a>, open: Option<OpenBar<'a>>) -> Self {
        Self { closed, open }
    }

    /// How many bars it holds, the open one included.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, DataPortal, Field, Frequency, When, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let reader = portal.snapshot().reader();
    /// let months = portal.request(["IBM"], [Field::Close], 12, Frequency::Month)?;
    /// assert_eq!(reader.split(&months, "2005-03-02".parse::<When>()?)?.bar_count(), 12);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn bar_count(&self) -> usize {
        self.closed.bar_count() + usize::from(self.open.is_some())
    }

    /// How many columns it holds.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.closed.columns()
    }

    /// The bars before the open one; all of them where the last holds all that will come of it.
    #[inline]
    #[must_use]
    pub fn closed(&self) -> Window<'a> {
        self.closed
    }

    /// Whether the last bar stands beside the others, since more may come of it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// A column's value of the open bar, as of the window's end.
    ///
    /// # Panics
    /// Where there is no such column.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, DataPortal, Field, Frequency, When, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let reader = portal.snapshot().reader();
    /// let months = portal.request(["IBM"], [Field::Close], 12, Frequency::Month)?;
    /// let today = portal.request(["IBM"], [Field::Close], 1, Frequency::Day)?;
    /// let day = "2005-03-02".parse::<When>()?;
    /// assert_eq!(reader.split(&months, day)?.open(0), Some(reader.history(&today, day)?.column(0)[0]));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn open(&self, column: usize) -> Option<f64> {
        self.open.map(|open| open.value(column))
    }

    /// One column, oldest bar first, the open one last.
    ///
    /// # Panics
    /// Where there is no such column.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, DataPortal, Field, Frequency, When, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let reader = portal.snapshot().reader();
    /// let months = portal.request(["IBM"], [Field::High], 12, Frequency::Month)?;
    /// let window = reader.split(&months, "2005-03-02".parse::<When>()?)?;
    /// let highest = window.column(0).fold(f64::NAN, f64::max); // of eleven months and two days
    /// assert!(window.column(0).all(|high| high <= highest));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn column(&self, column: usize) -> impl Iterator<Item = f64> + use<'a> {
        self.closed.column(column).iter().copied().chain(self.open(column))
    }
}
