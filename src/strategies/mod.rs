//! The built-in strategies, one file each, and how the program finds them by name.

#![forbid(unsafe_code)]

mod sma_above;
mod sma_cross;

use std::fmt;

pub use sma_above::SmaAbove;
pub use sma_cross::SmaCross;

use crate::error::Error;
use crate::nearest::suggestion;
use crate::portal::DataPortal;
use crate::sweep::{Backtest, Grid, Results, Strategy, Sweep, Watch};

/// A built-in strategy, chosen at run time. Behind each function is code compiled for that strategy alone.
#[derive(Clone, Copy)]
pub struct Builtin {
    name: &'static str,
    grid: fn(&Sweep) -> Result<Grid, Error>,
    run: fn(&Sweep, &DataPortal, Watch<'_>) -> Result<Results, Error>,
    backtest: fn(&Sweep, &DataPortal) -> Result<Backtest, Error>,
}

/// Every built-in strategy.
pub const BUILTINS: [Builtin; 2] = [Builtin::of::<SmaCross>(), Builtin::of::<SmaAbove>()];

impl Builtin {
    const fn of<S: Strategy>() -> Self {
        Self {
            name: S::NAME,
            grid: Sweep::grid::<S>,
            run: |sweep, portal, watch| sweep.run_watched::<S>(portal, watch),
            backtest: Sweep::backtest::<S>,
        }
    }

    /// Finds a strategy by its name.
    ///
    /// # Errors
    /// `Invalid`, with the nearest name.
    ///
    /// # Examples
    /// ```
    /// let error = lookback::strategies::Builtin::find("sma-corss").unwrap_err();
    /// let nearest = "nearest: sma-cross, sma-above; there is sma-cross, sma-above";
    /// assert_eq!(error.to_string(), format!("strategy sma-corss: unknown; {nearest}"));
    /// ```
    pub fn find(name: &str) -> Result<Self, Error> {
        BUILTINS.into_iter().find(|one| one.name == name).ok_or_else(|| {
            let names = BUILTINS.map(|one| one.name);
            let message = format!("unknown{}; there is {}", suggestion(name, names), names.join(", "));
            Error::invalid(format!("strategy {name}"), message)
        })
    }

    /// The name in outputs.
    ///
    /// # Examples
    /// ```
    /// use lookback::strategies::BUILTINS;
    /// assert_eq!(BUILTINS.map(|one| one.name()), ["sma-cross", "sma-above"]);
    /// ```
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// As [`Sweep::grid`].
    ///
    /// # Errors
    /// As [`Sweep::grid`].
    ///
    /// # Examples
    /// ```
    /// use lookback::{strategies::Builtin, sweep::Sweep};
    /// assert_eq!(Builtin::find("sma-above")?.grid(&Sweep::new())?.len(), 3930);
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn grid(&self, sweep: &Sweep) -> Result<Grid, Error> {
        (self.grid)(sweep)
    }

    /// As [`Sweep::run_watched`].
    ///
    /// # Errors
    /// As [`Sweep::run`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # use lookback::strategies::Builtin;
    /// let sweep = Sweep::new().asset("IBM").parameter("fast=5".parse()?);
    /// let results = Builtin::find("sma-cross")?.run(&sweep, &portal, Watch::default())?;
    /// assert_eq!(results.strategy(), "sma-cross");
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn run(&self, sweep: &Sweep, portal: &DataPortal, watch: Watch<'_>) -> Result<Results, Error> {
        (self.run)(sweep, portal, watch)
    }

    /// As [`Sweep::backtest`].
    ///
    /// # Errors
    /// As [`Sweep::backtest`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20".parse()?).parameter("slow=50".parse()?);
    /// # use lookback::strategies::Builtin;
    /// let backtest = Builtin::find("sma-cross")?.backtest(&sweep, &portal)?;
    /// assert_eq!(backtest.metrics(), sweep.backtest::<SmaCross>(&portal)?.metrics());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn backtest(&self, sweep: &Sweep, portal: &DataPortal) -> Result<Backtest, Error> {
        (self.backtest)(sweep, portal)
    }
}

impl fmt::Debug for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builtin").field("name", &self.name).finish_non_exhaustive()
    }
}
