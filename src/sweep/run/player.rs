//! What a sweep runs: a strategy's type, or rules that are known at run time only.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::portal::PortalReader;
use crate::sweep::asset_market::AssetMarket;
use crate::sweep::broker::{Counts, Fill};
use crate::sweep::grid::Point;
use crate::sweep::score::Score;
use crate::sweep::settings::Settings;

/// One asset as a worker stands before it: what every trial on it is given.
#[derive(Clone, Copy)]
pub(in crate::sweep) struct Stage<'a> {
    pub(in crate::sweep) reader: &'a PortalReader,
    pub(in crate::sweep) market: &'a AssetMarket,
    pub(in crate::sweep) settings: &'a Settings,
}

/// What a trial leaves beside its metrics, where it is wanted in full.
#[derive(Debug, Default)]
pub(in crate::sweep) struct Recording {
    pub(in crate::sweep) fills: Vec<Fill>,
    pub(in crate::sweep) equity: Vec<f64>,
    /// The bar of the run at whose close nothing was left.
    pub(in crate::sweep) closed: Option<usize>,
    pub(in crate::sweep) counts: Counts,
}

impl Recording {
    /// Forgets a trial, and keeps its memory for the next.
    pub(in crate::sweep) fn clear(&mut self) {
        self.fills.clear();
        self.equity.clear();
        (self.closed, self.counts) = (None, Counts::default());
    }
}

/// What is run at each point of a grid. One is shared by all workers; what a worker keeps between trials is its own.
pub(in crate::sweep) trait Player: Sync {
    /// What a worker keeps from one trial to the next, so that no trial allocates what the one before had.
    type Scratch: Default;

    /// The name in outputs.
    fn name(&self) -> String;

    /// Runs one trial, the same to the last bit whatever the scratch has seen.
    fn trial(
        &self,
        scratch: &mut Self::Scratch,
        stage: &Stage<'_>,
        point: &Point<'_>,
        record: Option<&mut Recording>,
    ) -> Result<Score, Error>;
}
