//! What a sweep does with a strategy that is known when the program runs: all that it does with a type.

#![forbid(unsafe_code)]

use super::grid::{Grid, Point};
use super::results::{Honesty, HonestyOptions, Results};
use super::run::{Backtest, judge};
use super::strategy::Model;
use super::validation::{
    Choice, Combinatorial, CombinatorialResults, WalkForward, WalkForwardResults, cross_validate,
    walk_forward,
};
use super::{Sweep, Watch};
use crate::error::Error;
use crate::portal::DataPortal;

impl Sweep {
    /// The grid of a model.
    ///
    /// # Errors
    /// As [`Sweep::grid`].
    ///
    /// # Examples
    /// See [`Model`].
    pub fn model_grid(&self, model: &Model<'_>) -> Result<Grid, Error> {
        self.counted_grid(model.parameters(), model.condition(), None)
    }

    /// Runs a model at every point of its grid, as [`Sweep::run`] does a strategy's type.
    ///
    /// # Errors
    /// As [`Sweep::run`].
    ///
    /// # Examples
    /// See [`Model`].
    pub fn run_model(&self, model: &Model<'_>, portal: &DataPortal) -> Result<Results, Error> {
        self.run_model_watched(model, portal, Watch::default())
    }

    /// Runs as [`Sweep::run_model`] does, and can be watched and stopped meanwhile.
    ///
    /// # Errors
    /// As [`Sweep::run`].
    pub fn run_model_watched(
        &self,
        model: &Model<'_>,
        portal: &DataPortal,
        watch: Watch<'_>,
    ) -> Result<Results, Error> {
        self.settings.check()?;
        let snapshot = portal.snapshot();
        let assets = self.asset_ids(&snapshot)?;
        let grid = self.counted_grid(model.parameters(), model.condition(), watch.stop)?;
        self.play(model, grid, snapshot, assets, watch.into())
    }

    /// Runs a model at one point on one asset, as [`Sweep::backtest`] does a strategy's type.
    ///
    /// # Errors
    /// As [`Sweep::backtest`].
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let hold = Model::new("hold", |_, setup| {
    ///     setup.wake_on_first_bar();
    ///     Ok(Box::new(|bar| Ok(bar.set_target(1.0))))
    /// });
    /// let sweep = Sweep::new().asset("IBM");
    /// let (own, held) = (sweep.backtest_model(&hold, &portal)?, sweep.buy_and_hold(&portal)?);
    /// assert_eq!(own.metrics().to_bits(), held.metrics().to_bits());
    /// # Ok::<(), lookback::Error>(())
    /// ```
    pub fn backtest_model(&self, model: &Model<'_>, portal: &DataPortal) -> Result<Backtest, Error> {
        self.settings.check()?;
        let snapshot = portal.snapshot();
        let asset = self.one_asset(&snapshot)?;
        Backtest::run(model, &snapshot, asset, self.settings, self.model_grid(model)?)
    }

    /// Walks a model forward, as [`Sweep::walk_forward`] does a strategy's type.
    ///
    /// # Errors
    /// As [`Sweep::walk_forward`].
    pub fn walk_forward_model(
        &self,
        model: &Model<'_>,
        portal: &DataPortal,
        scheme: WalkForward,
        choice: Choice<'_>,
        watch: Watch<'_>,
    ) -> Result<WalkForwardResults, Error> {
        self.settings.check()?;
        let snapshot = portal.snapshot();
        let grid = self.counted_grid(model.parameters(), model.condition(), watch.stop)?;
        walk_forward(self, model, &snapshot, grid, scheme, choice, watch)
    }

    /// Cross-validates a model, as [`Sweep::cross_validate`] does a strategy's type.
    ///
    /// # Errors
    /// As [`Sweep::cross_validate`].
    pub fn cross_validate_model(
        &self,
        model: &Model<'_>,
        portal: &DataPortal,
        scheme: Combinatorial,
        choice: Choice<'_>,
        watch: Watch<'_>,
    ) -> Result<CombinatorialResults, Error> {
        self.settings.check()?;
        let snapshot = portal.snapshot();
        let grid = self.counted_grid(model.parameters(), model.condition(), watch.stop)?;
        cross_validate(self, model, &snapshot, grid, scheme, choice, watch)
    }
}

impl Results {
    /// Judges the ranking of one asset of a model's sweep, as [`Results::honesty`] does that of a strategy's type.
    ///
    /// # Errors
    /// As [`Results::honesty`].
    pub fn honesty_model(
        &self,
        model: &Model<'_>,
        portal: &DataPortal,
        asset: usize,
        best: Point<'_>,
        options: HonestyOptions,
    ) -> Result<Honesty, Error> {
        judge(model, portal.snapshot(), self, asset, best, options)
    }
}
