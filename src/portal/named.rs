//! A window with the names of its rows and columns.

#![forbid(unsafe_code)]

use std::fmt;

use ndarray::{ArrayView2, ArrayView3};

use super::reader::{PortalReader, ReaderAt};
use super::request::{End, Request};
use crate::asset::{Field, Symbol};
use crate::block::Window;
use crate::error::Error;
use crate::time::{Calendar, Timestamp};

/// A [`Window`] and what its rows and columns are called: dates, symbols and fields.
///
/// It lends the same memory as the window that it is made of. Frames are built of it, when they are asked for:
/// [`to_record_batch`](Self::to_record_batch), [`to_stream`](Self::to_stream).
///
/// # Examples
/// ```
/// use lookback::portal::Options;
/// use lookback::{Bundle, DataPortal, Field, Frequency};
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let request = portal.request(["AAPL", "IBM"], [Field::Close], 3, Frequency::Day)?;
/// let reader = portal.snapshot().reader();
/// let window = reader.named(&request, 99)?;
/// assert_eq!(window.column("IBM", Field::Close), Some(window.window().column(1)));
/// assert_eq!(window.current("IBM", Field::Close), Some(window.view()[[2, 1]]));
/// assert_eq!(window.current("IBM", Field::Open), None); // not asked for
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone)]
pub struct NamedWindow<'a> {
    window: Window<'a>,
    request: Request,
    calendar: Calendar,
}

impl PortalReader {
    /// Returns the window that [`history`](Self::history) does, with the names of its rows and columns.
    ///
    /// It looks up the calendar beside the window, and so takes a lock for a moment: ask for it where names are wanted, and
    /// for `history` in the loop over the bars.
    ///
    /// # Errors
    /// Those of [`history`](Self::history).
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, DataPortal, Field, Frequency, When, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let reader = portal.snapshot().reader();
    /// let request = portal.request(["AAPL"], [Field::Close], 2, Frequency::Day)?;
    /// let window = reader.named(&request, "2005-02-28".parse::<When>()?)?;
    /// let dates: Vec<String> = window.timestamps().flatten().map(|date| date.to_string()).collect();
    /// assert_eq!(dates, ["2005-02-25", "2005-02-28"]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn named(&self, request: &Request, end: impl Into<End>) -> Result<NamedWindow<'_>, Error> {
        let window = self.history(request, end)?;
        NamedWindow::new(self, window, request)
    }
}

impl<'a> ReaderAt<'a> {
    /// Returns the named window as [`PortalReader::named`] does, where it ends no later than the clock.
    ///
    /// # Errors
    /// `LookAhead` where `end` is after the clock; the others of [`PortalReader::history`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, DataPortal, Field, Frequency, When, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let reader = portal.snapshot().reader();
    /// let request = portal.request(["IBM"], [Field::Close], 2, Frequency::Day)?;
    /// let today: When = "2005-02-28".parse()?;
    /// let clock = reader.at(today.last_moment());
    /// assert!(clock.named(&request, today)?.current("IBM", Field::Close).is_some());
    /// assert!(clock.named(&request, "2005-03-01".parse::<When>()?).is_err());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn named(&self, request: &Request, end: impl Into<End>) -> Result<NamedWindow<'a>, Error> {
        let window = self.history(request, end)?;
        NamedWindow::new(self.reader(), window, request)
    }
}

impl<'a> NamedWindow<'a> {
    fn new(reader: &PortalReader, window: Window<'a>, request: &Request) -> Result<Self, Error> {
        let calendar = reader.snapshot().calendar(request)?;
        Ok(Self { window, request: request.clone(), calendar })
    }

    /// The window itself.
    #[must_use]
    pub fn window(&self) -> Window<'a> {
        self.window
    }

    /// The assets' names, in the order asked: the second axis of [`view3`](Self::view3).
    #[must_use]
    pub fn assets(&self) -> &[Symbol] {
        self.request.assets()
    }

    /// The fields of each asset, in the order asked: the third axis of [`view3`](Self::view3).
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        self.request.fields()
    }

    /// The moment of each row, oldest first; `None` for a row in front of the first bar.
    ///
    /// # Examples
    /// ```
    /// use lookback::portal::{Options, Short};
    /// use lookback::{Bundle, DataPortal, Field, Frequency};
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let request = portal.request(["IBM"], [Field::Close], 3, Frequency::Day)?.short(Short::Pad);
    /// let reader = portal.snapshot().reader();
    /// let dates: Vec<Option<String>> =
    ///     reader.named(&request, 1)?.timestamps().map(|date| Some(date?.to_string())).collect();
    /// assert_eq!(dates, [None, Some("2000-03-01".to_owned()), Some("2000-03-02".to_owned())]);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn timestamps(&self) -> impl Iterator<Item = Option<Timestamp>> + '_ {
        let bars = self.window.bar_range();
        let padding = self.window.bar_count() - bars.len();
        std::iter::repeat_n(None, padding).chain(bars.map(|bar| self.calendar.timestamp(bar)))
    }

    /// The column of a field of an asset, oldest bar first; `None` where the window has no such column.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, DataPortal, Field, Frequency, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let reader = portal.snapshot().reader();
    /// let request = portal.request(["IBM", "FB"], [Field::Low, Field::High], 2, Frequency::Day)?;
    /// let window = reader.named(&request, 3_269)?;
    /// assert_eq!(window.column("FB", Field::High), Some(window.window().column(3)));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn column(&self, asset: &str, field: Field) -> Option<&'a [f64]> {
        let asset = self.assets().iter().position(|name| name.as_str() == asset)?;
        let field = self.fields().iter().position(|&one| one == field)?;
        Some(self.window.column(asset * self.fields().len() + field))
    }

    /// The newest value of a field of an asset; `None` where the window has no such column.
    #[must_use]
    pub fn current(&self, asset: &str, field: Field) -> Option<f64> {
        self.column(asset, field)?.last().copied()
    }

    /// The window as an array of shape `[bar_count, columns]`, without a copy.
    #[must_use]
    pub fn view(&self) -> ArrayView2<'a, f64> {
        self.window.view()
    }

    /// The window as an array of shape `[bar_count, assets, fields]`, without a copy; see [`Window::view3`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, DataPortal, Field, Frequency, portal::Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let reader = portal.snapshot().reader();
    /// let request = portal.request(["IBM", "AAPL", "MSFT"], [Field::Close, Field::Open], 20, Frequency::Day)?;
    /// let window = reader.named(&request, 99)?;
    /// assert_eq!(window.view3().dim(), (20, 3, 2));
    /// assert_eq!(Some(window.view3()[[19, 2, 1]]), window.current("MSFT", Field::Open));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn view3(&self) -> ArrayView3<'a, f64> {
        self.window.view3(self.fields().len())
    }
}

impl fmt::Debug for NamedWindow<'_> {
    /// Its own rows: the calendar behind it goes on after a clock.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedWindow")
            .field("timestamps", &self.timestamps().collect::<Vec<_>>())
            .field("assets", &self.assets())
            .field("fields", &self.fields())
            .field("window", &self.window)
            .finish()
    }
}
