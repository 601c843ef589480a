//! Ranking: per asset, the best first, what is not defined last.

#![forbid(unsafe_code)]

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Results, Trial};
use crate::sweep::broker::bars_f64;
use crate::sweep::merit::Merit;
use crate::sweep::metrics::{Better, Metric, Metrics};

/// A place in a ranking.
#[derive(Clone, Copy, Debug)]
pub struct Ranked<'a> {
    /// The first trial in grid order with these results.
    pub trial: Trial<'a>,
    /// Its metrics.
    pub metrics: Metrics,
    /// How many points of the grid have exactly these results.
    pub points: usize,
}

impl Results {
    /// Ranks the trials of one asset, by its position in [`Results::assets`].
    ///
    /// Trials whose metrics are the same to the last bit share one place; those that did not finish, do not meet what `by`
    /// [requires](Merit::require), or have fewer closed round trips than `min_trades`, have none. What is not defined ranks
    /// last in either direction; equals rank in grid order.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=20,30".parse()?).parameter("slow=50".parse()?);
    /// let results = sweep.run::<SmaCross>(&portal)?;
    /// let ranking = results.ranking(0, Metric::Sharpe, 1);
    /// assert!(ranking[0].metrics.get(Metric::Sharpe) >= ranking[1].metrics.get(Metric::Sharpe));
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn ranking(&self, asset: usize, by: impl Into<Merit>, min_trades: usize) -> Vec<Ranked<'_>> {
        let by = by.into();
        let mut places: Vec<Ranked<'_>> = Vec::new();
        let mut known = HashMap::new();
        for trial in self.ran_of(asset) {
            let Some(&metrics) = trial.outcome.metrics() else { continue };
            if metrics.get(Metric::Trades).unwrap_or_default() < bars_f64(min_trades) || !by.admits(&metrics)
            {
                continue;
            }
            match known.entry(metrics.to_bits()) {
                Entry::Vacant(new) => {
                    new.insert(places.len());
                    places.push(Ranked { trial, metrics, points: 1 });
                }
                Entry::Occupied(old) => places[*old.get()].points += 1,
            }
        }
        let mut valued: Vec<_> = places.into_iter().map(|one| (by.value(&one.metrics), one)).collect();
        valued.sort_by(|a, b| compare(by.better(), a.0, b.0));
        valued.into_iter().map(|(_, one)| one).collect()
    }
}

fn compare(better: Better, a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => match better {
            Better::Higher => b.total_cmp(&a),
            Better::Lower => a.total_cmp(&b),
        },
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}
