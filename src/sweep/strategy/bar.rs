//! What a strategy sees at a bar's close: everything up to the clock, and nothing after it.

#![forbid(unsafe_code)]

use std::fmt;

use super::scene::{IndicatorId, Scene};
use crate::asset::{Field, Symbol};
use crate::block::Window;
use crate::compare::{self, Cross};
use crate::error::{Error, ErrorKind};
use crate::portal::{Arena, End, Request, SplitWindow};
use crate::sweep::broker::Ledger;
use crate::time::{Timestamp, When};

/// A bar at its close, and everything before it: the clock of a trial.
pub struct Bar<'a> {
    scene: &'a Scene<'a>,
    ledger: &'a Ledger<'a>,
    /// Windows of this bar whose last bar is open.
    open: &'a Arena,
    bar: usize,
    target: Option<f64>,
}

impl<'a> Bar<'a> {
    #[inline]
    pub(in crate::sweep) fn new(
        scene: &'a Scene<'a>,
        ledger: &'a Ledger<'a>,
        open: &'a Arena,
        bar: usize,
    ) -> Self {
        Self { scene, ledger, open, bar, target: None }
    }

    /// The bar's index in the asset's own calendar.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Field, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(IndicatorId, IndicatorId, lookback::Request);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// #     fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    /// #         Ok(Self(setup.sma(2)?, setup.sma(5)?, setup.window([Field::Close], 1)?))
    /// #     }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     assert!(bar.index() + 1 >= self.2.bar_count()); // a window of one bar is always whole
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # Sweep::new().asset("IBM").backtest::<Probe>(&portal)?;
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn index(&self) -> usize {
        self.bar
    }

    /// The bar's moment.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Field, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(IndicatorId, IndicatorId, lookback::Request);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// #     fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    /// #         Ok(Self(setup.sma(2)?, setup.sma(5)?, setup.window([Field::Close], 1)?))
    /// #     }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     assert!(bar.timestamp().to_string().starts_with("20")); // a day of this century
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # Sweep::new().asset("IBM").backtest::<Probe>(&portal)?;
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        Timestamp(self.scene.market.calendar.as_slice()[self.bar])
    }

    /// The asset of this trial.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Field, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(IndicatorId, IndicatorId, lookback::Request);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// #     fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    /// #         Ok(Self(setup.sma(2)?, setup.sma(5)?, setup.window([Field::Close], 1)?))
    /// #     }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     assert_eq!(bar.symbol().as_str(), "IBM");
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # Sweep::new().asset("IBM").backtest::<Probe>(&portal)?;
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn symbol(&self) -> &'a Symbol {
        &self.scene.market.symbol
    }

    /// The open, in quote currency per share as it was traded.
    #[inline]
    #[must_use]
    pub fn open(&self) -> f64 {
        self.traded(Field::Open)
    }

    /// The highest price, in quote currency per share as it was traded.
    #[inline]
    #[must_use]
    pub fn high(&self) -> f64 {
        self.traded(Field::High)
    }

    /// The lowest price, in quote currency per share as it was traded.
    #[inline]
    #[must_use]
    pub fn low(&self) -> f64 {
        self.traded(Field::Low)
    }

    /// The close, in quote currency per share as it was traded.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Field, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(IndicatorId, IndicatorId, lookback::Request);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// #     fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    /// #         Ok(Self(setup.sma(2)?, setup.sma(5)?, setup.window([Field::Close], 1)?))
    /// #     }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     assert!(bar.low() <= bar.close() && bar.close() <= bar.high());
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # Sweep::new().asset("IBM").backtest::<Probe>(&portal)?;
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn close(&self) -> f64 {
        self.traded(Field::Close)
    }

    /// Shares traded.
    #[inline]
    #[must_use]
    pub fn volume(&self) -> f64 {
        self.traded(Field::Volume)
    }

    #[inline]
    fn traded(&self, field: Field) -> f64 {
        self.scene.market.traded(field, self.bar)
    }

    /// A column's value at this bar; NaN while it is not defined.
    ///
    /// What moves with the price is on the price level of this bar: comparable with [`Bar::close`], whatever split follows.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Field, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(IndicatorId, IndicatorId, lookback::Request);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// #     fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    /// #         Ok(Self(setup.sma(2)?, setup.sma(5)?, setup.window([Field::Close], 1)?))
    /// #     }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     let average = bar.value(self.0); // of two closes
    ///     assert!(average.is_nan() || average > bar.close() / 2.0);
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # Sweep::new().asset("IBM").backtest::<Probe>(&portal)?;
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn value(&self, column: IndicatorId) -> f64 {
        self.scene.at_level(column, self.bar, self.bar)
    }

    /// A column's value at the bar before, on the price level of this bar; NaN while it is not defined.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Field, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(IndicatorId, IndicatorId, lookback::Request);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// #     fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    /// #         Ok(Self(setup.sma(2)?, setup.sma(5)?, setup.window([Field::Close], 1)?))
    /// #     }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     assert!(bar.index() > 1 || bar.previous(self.0).is_nan()); // undefined until there are two closes
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # Sweep::new().asset("IBM").backtest::<Probe>(&portal)?;
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn previous(&self, column: IndicatorId) -> f64 {
        self.bar.checked_sub(1).map_or(f64::NAN, |before| self.scene.at_level(column, before, self.bar))
    }

    /// Whether `a` rose above `b` with this bar: above now, defined and not above at the bar before.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Field, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(IndicatorId, IndicatorId, lookback::Request);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// #     fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    /// #         Ok(Self(setup.sma(2)?, setup.sma(5)?, setup.window([Field::Close], 1)?))
    /// #     }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     assert!(!bar.crosses_above(self.0, self.1) || bar.value(self.0) > bar.value(self.1));
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # Sweep::new().asset("IBM").backtest::<Probe>(&portal)?;
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn crosses_above(&self, a: IndicatorId, b: IndicatorId) -> bool {
        match self.scene.crosses(a, b) {
            Some(crosses) => Cross::is_up(crosses, self.bar),
            None => self.is_cross(a, b, compare::crosses_above),
        }
    }

    /// Whether `a` fell below `b` with this bar: below now, defined and not below at the bar before.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Field, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(IndicatorId, IndicatorId, lookback::Request);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// #     fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    /// #         Ok(Self(setup.sma(2)?, setup.sma(5)?, setup.window([Field::Close], 1)?))
    /// #     }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     assert!(!bar.crosses_below(self.0, self.1) || bar.value(self.0) < bar.value(self.1));
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # Sweep::new().asset("IBM").backtest::<Probe>(&portal)?;
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn crosses_below(&self, a: IndicatorId, b: IndicatorId) -> bool {
        match self.scene.crosses(a, b) {
            Some(crosses) => Cross::is_down(crosses, self.bar),
            None => self.is_cross(a, b, compare::crosses_below),
        }
    }

    /// For a pair too many to be kept.
    #[cold]
    fn is_cross(&self, a: IndicatorId, b: IndicatorId, is_it: fn((f64, f64), (f64, f64)) -> bool) -> bool {
        self.pairs(a, b).is_some_and(|(before, now)| is_it(before, now))
    }

    /// Both values at the bar before and now. Two price-like values are compared as they are held: a common factor
    /// changes no comparison but for rounding, and so the answer is that of [`Setup::wake_on_crossing`].
    fn pairs(&self, a: IndicatorId, b: IndicatorId) -> Option<((f64, f64), (f64, f64))> {
        let before = self.bar.checked_sub(1)?;
        let ((kind_a, x), (kind_b, y)) = (self.scene.column(a), self.scene.column(b));
        Some(if kind_a == kind_b {
            ((x[before], y[before]), (x[self.bar], y[self.bar]))
        } else {
            ((self.previous(a), self.previous(b)), (self.value(a), self.value(b)))
        })
    }

    /// The window of a request that ends at this bar.
    ///
    /// At a coarser frequency than the bundle's, its last bar holds what is known at this bar's close, unless the request is
    /// for closed bars only. Such a window is copied where more may come of its last bar: [`split`](Self::split) is the
    /// same without a copy.
    ///
    /// # Errors
    /// `TooFewBars` where it reaches back beyond the first bar; `BeforeFirstBar` where other assets have none yet; `Io` and `Corrupt` where the bundle cannot be read.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Field, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(IndicatorId, IndicatorId, lookback::Request);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// #     fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    /// #         Ok(Self(setup.sma(2)?, setup.sma(5)?, setup.window([Field::Close], 1)?))
    /// #     }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     assert_eq!(bar.history(&self.2)?.column(0), [bar.close()]); // a window of one close
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # Sweep::new().asset("IBM").backtest::<Probe>(&portal)?;
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn history(&self, request: &Request) -> Result<Window<'a>, Error> {
        let (clock, end) = self.end_of(request);
        self.scene.reader.at(clock).history_in(self.open, request, end)
    }

    /// The window of [`history`](Self::history) as its closed bars and the open one beside them: no copy.
    ///
    /// # Errors
    /// Those of [`history`](Self::history).
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Field, Frequency, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(lookback::Request);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// #     fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    /// #         Ok(Self(setup.window_at(Frequency::Week, [Field::Volume], 1)?))
    /// #     }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     let so_far = bar.split(&self.0)?.open(0); // this week's volume, as of this bar
    ///     assert!(so_far.is_some_and(|volume| volume >= bar.volume()));
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # assert_eq!(Sweep::new().asset("GOOG").run::<Probe>(&portal)?.failed(), 0);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn split(&self, request: &Request) -> Result<SplitWindow<'a>, Error> {
        let (clock, end) = self.end_of(request);
        self.scene.reader.at(clock).split(request, end)
    }

    /// The clock, and where a window ends that ends at this bar.
    #[inline]
    fn end_of(&self, request: &Request) -> (Timestamp, End) {
        let snapshot = self.scene.reader.snapshot();
        let own = matches!(request.assets(), [one] if *one == self.scene.market.symbol);
        let clock = snapshot.known_at(self.timestamp());
        let counts_bars = own && request.frequency() == snapshot.bundle().frequency();
        (clock, if counts_bars { End::Bar(self.bar) } else { End::At(When::Moment(clock)) })
    }

    /// The weight of the position at this close, as a share of equity: negative where short, 0 where flat.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Field, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(IndicatorId, IndicatorId, lookback::Request);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// #     fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    /// #         Ok(Self(setup.sma(2)?, setup.sma(5)?, setup.window([Field::Close], 1)?))
    /// #     }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     assert_eq!(bar.position(), 0.0); // nothing was ordered
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # Sweep::new().asset("IBM").backtest::<Probe>(&portal)?;
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn position(&self) -> f64 {
        self.ledger.weight(self.bar - self.scene.market.first)
    }

    /// Equity at this close, in quote currency.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, Error, Field, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # struct Probe(IndicatorId, IndicatorId, lookback::Request);
    /// # impl Strategy for Probe {
    /// #     const NAME: &'static str = "probe";
    /// #     fn parameters() -> Result<Vec<Parameter>, Error> { Ok(Vec::new()) }
    /// #     fn start(_: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
    /// #         Ok(Self(setup.sma(2)?, setup.sma(5)?, setup.window([Field::Close], 1)?))
    /// #     }
    /// fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
    ///     assert_eq!(bar.equity(), 1_000_000.0); // the cash, while flat
    ///     Ok(())
    /// }
    /// # }
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # Sweep::new().asset("IBM").backtest::<Probe>(&portal)?;
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn equity(&self) -> f64 {
        self.ledger.equity(self.bar - self.scene.market.first)
    }

    /// Orders a position of this share of equity, from -1 (all of it short) over 0 (flat) to 1 (all in).
    ///
    /// One order, not a standing rebalancing; asked twice at one bar, the last counts. A weight outside -1 to 1 fails the
    /// trial.
    #[inline]
    pub fn set_target(&mut self, weight: f64) {
        self.target = Some(weight);
    }

    #[inline]
    pub(in crate::sweep) fn into_target(self) -> Result<Option<f64>, Error> {
        match self.target {
            Some(weight) if !(-1.0..=1.0).contains(&weight) => {
                let message = format!("target weight is {weight} on {}, expected -1 to 1", self.timestamp());
                Err(ErrorKind::Strategy { message }.into())
            }
            target => Ok(target),
        }
    }
}

impl fmt::Debug for Bar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bar = f.debug_struct("Bar");
        bar.field("symbol", self.symbol()).field("timestamp", &self.timestamp()).finish_non_exhaustive()
    }
}
