//! What a sweep leaves: a row for each trial, in grid order.

#![forbid(unsafe_code)]

mod rank;
mod trial;

use std::time::Duration;

pub use rank::Ranked;
pub use trial::{AssetSummary, Outcome, Trial};

use super::grid::Grid;
use super::settings::Settings;
use crate::asset::Symbol;
use crate::error::Error;

/// The results of a sweep: asset by asset, each in grid order, whatever the number of threads.
#[derive(Clone, Debug)]
pub struct Results {
    pub(super) strategy: &'static str,
    pub(super) settings: Settings,
    pub(super) grid: Grid,
    pub(super) version: String,
    pub(super) assets: Vec<Symbol>,
    pub(super) summaries: Vec<Result<AssetSummary, Error>>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) threads: usize,
    pub(super) elapsed: Duration,
}

impl Results {
    /// The strategy's name.
    #[must_use]
    pub fn strategy(&self) -> &'static str {
        self.strategy
    }

    /// How trials were run.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The grid of every asset.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The version of the bundle that every trial read.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The assets in the order of the results.
    #[must_use]
    pub fn assets(&self) -> &[Symbol] {
        &self.assets
    }

    /// For each asset what its trials share; an error where it could not be read or has no bar in the run, and then all
    /// its trials failed for that reason.
    pub fn summaries(&self) -> &[Result<AssetSummary, Error>] {
        &self.summaries
    }

    /// How many trials there are, failed and unfinished ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// Whether there is no trial; never so for a sweep that ran.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// How many trials failed or panicked.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.outcomes.iter().filter(|one| matches!(one, Outcome::Failed(_))).count()
    }

    /// How many trials the sweep was stopped before.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.outcomes.iter().filter(|one| matches!(one, Outcome::Unfinished)).count()
    }

    /// Bars of the run over all assets.
    #[must_use]
    pub fn bars(&self) -> usize {
        self.summaries.iter().flatten().map(|summary| summary.bars).sum()
    }

    /// Every trial in order.
    pub fn trials(&self) -> impl ExactSizeIterator<Item = Trial<'_>> {
        (0..self.outcomes.len()).map(|index| self.trial(index))
    }

    /// The trials of one asset, by its position in [`Results::assets`].
    pub fn trials_of(&self, asset: usize) -> impl ExactSizeIterator<Item = Trial<'_>> {
        let points = self.grid.len();
        (asset * points..(asset + 1) * points).map(|index| self.trial(index))
    }

    fn trial(&self, index: usize) -> Trial<'_> {
        let points = self.grid.len();
        let (asset, point) = (&self.assets[index / points], self.grid.point(index % points));
        Trial { asset, point, outcome: &self.outcomes[index] }
    }

    /// How many threads ran it.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// How long the trials took, from the first to the last.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}
