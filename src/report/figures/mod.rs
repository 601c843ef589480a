//! What a page shows of one account: its returns, months, drawdowns, round trips, and the figures made of them.

#![forbid(unsafe_code)]

mod account;
mod drawdown;
mod figure;
mod list;
mod month;
mod trip;

pub use drawdown::Drawdown;
pub use figure::{Figure, FigureUnit};
pub use month::Month;
pub use trip::Trip;

use crate::sweep::{AssetWalk, Backtest, Fill};
use crate::time::Timestamp;

use super::ratio::whole;

/// An account from its first bar to its last, and buy and hold beside it.
///
/// A day is that of UTC, as in the files of equity: a bar of a session is the day that it carries there.
///
/// # Examples
/// ```
/// use lookback::{Bundle, report::Figures, strategies::SmaCross, sweep::{Metric, Sweep}};
/// use lookback::portal::{DataPortal, Options};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
/// let backtest = sweep.backtest::<SmaCross>(&portal)?;
/// let figures = Figures::new(&backtest, Some(&sweep.buy_and_hold(&portal)?));
/// let deepest = &figures.drawdowns(1)[0];
/// assert_eq!(Some(deepest.depth), backtest.metrics().get(Metric::MaxDrawdown));
/// let closed = figures.trips().iter().filter(|trip| trip.exited.is_some()).count();
/// assert_eq!(closed as f64, backtest.metrics().get(Metric::Trades).unwrap());
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Figures {
    cash: f64,
    periods_per_year: f64,
    moments: Vec<Timestamp>,
    equity: Vec<f64>,
    /// The return of each bar, of the first one against the cash.
    returns: Vec<f64>,
    hold: Option<Hold>,
    fills: Vec<(Timestamp, Fill)>,
    /// Whether holding earns or costs anything by itself.
    has_carry: bool,
}

/// Buy and hold over the same bars.
#[derive(Clone, Debug)]
struct Hold {
    equity: Vec<f64>,
    returns: Vec<f64>,
}

impl Hold {
    fn new(equity: Vec<f64>, cash: f64) -> Self {
        Self { returns: returns(&equity, cash), equity }
    }
}

/// Equity of each bar by that of the one before, less 1; 0 where nothing was left before.
fn returns(equity: &[f64], cash: f64) -> Vec<f64> {
    let before = std::iter::once(&cash).chain(equity);
    equity
        .iter()
        .zip(before)
        .map(|(now, before)| if *before > 0.0 { now / before - 1.0 } else { 0.0 })
        .collect()
}

impl Figures {
    /// Of a backtest, and of buy and hold over the same bars, which [`Sweep::buy_and_hold`](crate::sweep::Sweep::buy_and_hold)
    /// makes. One of other bars is left out.
    #[must_use]
    pub fn new(backtest: &Backtest, hold: Option<&Backtest>) -> Self {
        let settings = backtest.settings();
        let (moments, equity): (Vec<_>, Vec<_>) = backtest.equity().unzip();
        let fills = backtest.fills().map(|(moment, fill)| (moment, *fill)).collect();
        let has_carry = settings.rates.borrow > 0.0 || settings.rates.interest > 0.0;
        Self {
            cash: settings.cash,
            periods_per_year: backtest.summary().periods_per_year,
            returns: returns(&equity, settings.cash),
            equity,
            moments,
            hold: None,
            fills,
            has_carry,
        }
        .beside(hold)
    }

    /// Of the stitched account of a walk forward, which began with this cash.
    #[must_use]
    pub fn of_walk(walk: &AssetWalk, cash: f64, hold: Option<&Backtest>) -> Self {
        let (moments, equity): (Vec<_>, Vec<_>) = walk.equity.iter().copied().unzip();
        Self {
            cash,
            periods_per_year: walk.periods_per_year,
            returns: returns(&equity, cash),
            equity,
            moments,
            hold: None,
            fills: walk.fills.clone(),
            // What a fold hands on is no round trip of its own.
            has_carry: true,
        }
        .beside(hold)
    }

    fn beside(mut self, hold: Option<&Backtest>) -> Self {
        self.hold = hold
            .filter(|hold| hold.equity().map(|(moment, _)| moment).eq(self.moments.iter().copied()))
            .map(|hold| Hold::new(hold.equity().map(|(_, equity)| equity).collect(), hold.settings().cash));
        self
    }

    /// The moment of each bar.
    #[must_use]
    pub fn moments(&self) -> &[Timestamp] {
        &self.moments
    }

    /// Equity at the close of each bar, in quote currency.
    #[must_use]
    pub fn equity(&self) -> &[f64] {
        &self.equity
    }

    /// That of buy and hold.
    #[must_use]
    pub fn hold_equity(&self) -> Option<&[f64]> {
        Some(&self.hold.as_ref()?.equity)
    }

    /// The return of each bar as a share of 1, of the first one against the cash that the account began with.
    #[must_use]
    pub fn returns(&self) -> &[f64] {
        &self.returns
    }

    /// Equity below its highest so far, the cash included, as a share of 1: 0 or less, for each bar.
    ///
    /// # Examples
    /// See [`Figures`].
    #[must_use]
    pub fn underwater(&self) -> Vec<f64> {
        drawdown::underwater(&self.equity, self.cash)
    }

    /// That of buy and hold.
    #[must_use]
    pub fn hold_underwater(&self) -> Option<Vec<f64>> {
        Some(drawdown::underwater(&self.hold.as_ref()?.equity, self.cash))
    }

    /// The deepest drawdowns, at most so many, the deepest first; equals the earliest first.
    #[must_use]
    pub fn drawdowns(&self, most: usize) -> Vec<Drawdown> {
        let mut all = drawdown::all(&self.moments, &self.equity, self.cash);
        all.sort_by(|a, b| a.depth.total_cmp(&b.depth));
        all.truncate(most);
        all
    }

    /// Return by month, the earliest first.
    #[must_use]
    pub fn months(&self) -> Vec<Month> {
        month::months(self)
    }

    /// Round trips, the earliest first, and the one that is open at the end.
    #[must_use]
    pub fn trips(&self) -> Vec<Trip> {
        trip::trips(self)
    }

    /// Bars of the rolling figures: half a year.
    #[must_use]
    pub fn window(&self) -> usize {
        whole((self.periods_per_year / 2.0).round()).max(2)
    }

    /// Sharpe ratio a year over the last [`window`](Self::window) bars, for each bar; `None` before there are so many, and
    /// where returns do not vary.
    #[must_use]
    pub fn rolling_sharpe(&self) -> Vec<Option<f64>> {
        let window = self.window();
        (1..=self.returns.len())
            .map(|end| {
                let returns = &self.returns[end.checked_sub(window)?..end];
                super::ratio::sharpe(returns).map(|ratio| ratio * self.periods_per_year.sqrt())
            })
            .collect()
    }

    /// Everything that a tear sheet lists, in groups.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, report::Figures, strategies::SmaCross, sweep::{Metric, Sweep}};
    /// # use lookback::portal::{DataPortal, Options};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// let backtest = sweep.backtest::<SmaCross>(&portal)?;
    /// let list = Figures::new(&backtest, None).list();
    /// let sharpe = list.iter().find(|one| one.name == "Sharpe ratio").unwrap();
    /// assert!((sharpe.own.unwrap() - backtest.metrics().get(Metric::Sharpe).unwrap()).abs() < 1e-12);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn list(&self) -> Vec<Figure> {
        list::list(self)
    }
}

#[cfg(test)]
impl Figures {
    /// An account of such equity, a bar a day from 1970-01-01 on.
    fn of_days(cash: f64, equity: &[f64]) -> Self {
        let moments = (0..).map(|day| Timestamp(day * crate::time::DAY_NS)).take(equity.len());
        Self {
            cash,
            periods_per_year: 252.0,
            moments: moments.collect(),
            returns: returns(equity, cash),
            equity: equity.to_vec(),
            hold: None,
            fills: Vec::new(),
            has_carry: false,
        }
    }
}
