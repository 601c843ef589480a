//! Ranking: per asset, the best first, what is not defined last.

#![forbid(unsafe_code)]

use std::cmp::Ordering;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{Results, Trial};
use crate::sweep::broker::bars_f64;
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
    /// Trials whose metrics are the same to the last bit share one place; those that did not finish, or have fewer closed
    /// round trips than `min_trades`, have none. A metric that is not defined ranks last in either direction; equals rank
    /// in grid order.
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
    pub fn ranking(&self, asset: usize, by: Metric, min_trades: usize) -> Vec<Ranked<'_>> {
        let mut places: Vec<Ranked<'_>> = Vec::new();
        let mut known = HashMap::new();
        for trial in self.ran_of(asset) {
            let Some(&metrics) = trial.outcome.metrics() else { continue };
            if metrics.get(Metric::Trades).unwrap_or_default() < bars_f64(min_trades) {
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
        places.sort_by(|a, b| compare(by, &a.metrics, &b.metrics));
        places
    }
}

fn compare(by: Metric, a: &Metrics, b: &Metrics) -> Ordering {
    match (a.get(by), b.get(by)) {
        (Some(a), Some(b)) => match by.better() {
            Better::Higher => b.total_cmp(&a),
            Better::Lower => a.total_cmp(&b),
        },
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}
