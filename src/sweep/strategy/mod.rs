//! What a strategy is, and what it sees: a setup once, then bar after bar up to the clock.
//!
//! # No look-ahead
//! Nothing that a strategy is handed (a point, a setup, a bar, a window, an id) leads to a value after its clock, whatever
//! it keeps: a test runs one that keeps all of it. What wakes it is data that the runner computes. A portal of the user's
//! own is his: a strategy that opens one reads what it likes, and is a test of nothing.
//!
//! # Where portfolios will live
//! [`Strategy`] is a rule for one asset, and a trial is (one asset) x (one point). A portfolio is a rule for a universe: a
//! second trait beside this one, in `strategy/portfolio.rs`, whose trial is (one universe) x (one point), with an account
//! over all its assets in `broker/portfolio.rs` and one market of several `AssetMarket`s. So that nothing breaks then:
//! - [`Setup`] and [`Bar`] have no public constructor and no public field, and grow by methods. What a bar says of its
//!   asset (prices, columns, windows) comes from the market; what it says of the account ([`Bar::position`],
//!   [`Bar::equity`], [`Bar::set_target`]) from the ledger: a portfolio is lent a view for each asset, and one account.
//! - Wake-ups are sets of bars, which unite over assets as they do over columns.
//! - Results are counted as (position in a list) x (point); the list is of assets now, and will be of universes.
//! - New methods of [`Strategy`] have a default.

#![forbid(unsafe_code)]

mod bar;
mod crossings;
mod model;
mod scene;
mod setup;
mod wake;

pub use bar::Bar;
pub use model::{Decide, Model};
pub use scene::IndicatorId;
pub use setup::Setup;
pub use wake::Period;

pub(super) use setup::SetupMemory;

use super::grid::Point;
use crate::error::Error;
use crate::parameter::Parameter;

/// A trading rule with parameters. The built-in ones implement it in the same way as yours.
///
/// One value is one trial: it is made for a point of the grid on one asset, is asked bar by bar, and is dropped. It sets
/// target weights and never sees shares or cash, so adjusted and raw prices cannot mix.
///
/// # Examples
/// ```
/// use lookback::Error;
/// use lookback::sweep::{Bar, IndicatorId, Parameter, Point, Setup, Strategy};
///
/// /// Holds while the close is above its average.
/// struct Above(IndicatorId);
///
/// impl Strategy for Above {
///     const NAME: &'static str = "above";
///     fn parameters() -> Result<Vec<Parameter>, Error> {
///         Ok(vec!["bars=20:200:20".parse()?])
///     }
///     fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error> {
///         Ok(Self(setup.sma(point.usize("bars")?)?))
///     }
///     fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error> {
///         let average = bar.value(self.0);
///         if !average.is_nan() {
///             bar.set_target(if bar.close() > average { 1.0 } else { 0.0 });
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait Strategy: Sized {
    /// The name in outputs.
    const NAME: &'static str;

    /// What must hold between parameters, whatever a user filters besides; such as `fast < slow`.
    const CONSTRAINT: &'static str = "";

    /// The parameters with the values that a sweep tries where a user gives none.
    ///
    /// # Errors
    /// `BadParameter` where a default range is wrong.
    fn parameters() -> Result<Vec<Parameter>, Error>;

    /// Makes the strategy for one trial: reads its parameters and declares the columns and windows that it needs.
    ///
    /// # Errors
    /// Any: the trial is then a failed row with this reason.
    fn start(point: &Point<'_>, setup: &mut Setup<'_>) -> Result<Self, Error>;

    /// Decides at a bar's close.
    ///
    /// # Errors
    /// Any: the trial is then a failed row with this reason.
    fn on_bar(&mut self, bar: &mut Bar<'_>) -> Result<(), Error>;
}
