//! What is asked about luck, beside a ranking.

#![forbid(unsafe_code)]

use lookback::DataPortal;
use lookback::sweep::{Edition, Honesty, HonestyOptions, Merit, Results};

use super::strategy::Chosen;
use crate::exit::complain;

/// How much of the best result is luck, and what is asked about it.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Honesty")]
pub struct HonestyArguments {
    /// Leave out how much of each best result is luck
    #[arg(long)]
    no_honesty: bool,
    /// Edition of the probabilistic and the deflated Sharpe ratio: 2025, or 2012 (with the deflated of 2014)
    #[arg(long, value_name = "YEAR", default_value = "2025")]
    edition: Edition,
    /// Test all trials against buy and hold (Hansen's SPA): takes a few times as long as the sweep
    #[arg(long)]
    spa: bool,
    /// Seed of every sample and draw
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

impl HonestyArguments {
    /// The seed of samples and draws.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Judges the best of each asset; an asset without a ranking has none. A failure is told on stderr: the results stand.
    pub fn judge(
        &self,
        strategy: &Chosen,
        results: &Results,
        portal: &DataPortal,
        rank_by: &Merit,
        min_trades: usize,
    ) -> Vec<Honesty> {
        // Of a sweep that was stopped the trials are no whole ranking, and whoever stopped it does not wait.
        if self.no_honesty || results.unfinished() > 0 {
            return Vec::new();
        }
        let Self { edition, spa, seed, .. } = *self;
        let options =
            HonestyOptions { edition, spa, seed, rank_by: rank_by.clone(), ..HonestyOptions::default() };
        let judge = |asset: usize| {
            let best = results.ranking(asset, rank_by, min_trades).first()?.trial.point;
            let found = strategy.honesty(results, portal, asset, best, options.clone());
            let name = &results.assets()[asset];
            found.inspect_err(|error| complain(format_args!("honesty of {name}: {error}"))).ok()
        };
        (0..results.assets().len()).filter_map(judge).collect()
    }
}
