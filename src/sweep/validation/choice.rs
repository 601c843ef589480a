//! Choosing: the best of the points that may be taken, the first in grid order among equals.

#![forbid(unsafe_code)]

use std::fmt;

use crate::error::Error;
use crate::sweep::broker::bars_f64;
use crate::sweep::merit::Merit;
use crate::sweep::metrics::{Better, Metric, Metrics};

/// What makes a point the chosen one: the best by a metric or an expression of metrics, of those that pass.
///
/// A point for which that is not defined is not chosen, and equals go to the first in grid order.
///
/// # Examples
/// ```
/// use lookback::sweep::{Choice, Merit, Metric, Metrics};
/// let calm = "sharpe - 0.5 * volatility".parse::<Merit>()?.require("max_drawdown > -0.2")?;
/// let choice = Choice { rank_by: calm, ..Choice::default() };
/// assert_eq!((choice.min_trades, choice.is_required()), (0, true));
/// let is_calm = |metrics: &Metrics| metrics.get(Metric::MaxDrawdown) > Some(-0.2);
/// let same = Choice { rank_by: Metric::Calmar.into(), require: Some(&is_calm), ..Choice::default() };
/// assert!(same.is_required());
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone)]
pub struct Choice<'a> {
    /// What ranks, and what a point has to meet.
    pub rank_by: Merit,
    /// Closed round trips that a point needs on the train span.
    pub min_trades: usize,
    /// What else a point needs, by its metrics on the train span.
    pub require: Option<&'a (dyn Fn(&Metrics) -> bool + Sync)>,
}

impl Default for Choice<'_> {
    /// By Sharpe ratio, of all points.
    fn default() -> Self {
        Self { rank_by: Metric::Sharpe.into(), min_trades: 0, require: None }
    }
}

impl Choice<'_> {
    /// Whether a point has to pass a condition besides its number of trades.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.require.is_some() || self.rank_by.requirement().is_some()
    }

    /// What a point is worth, the larger the better; `None` where it may not be chosen.
    fn worth(&self, metrics: &Metrics) -> Option<f64> {
        let value = self.rank_by.value(metrics)?;
        let passes = self.rank_by.admits(metrics) && self.require.is_none_or(|require| require(metrics));
        let has_trades = metrics.get(Metric::Trades).unwrap_or_default() >= bars_f64(self.min_trades);
        (has_trades && passes).then_some(match self.rank_by.better() {
            Better::Higher => value,
            Better::Lower => -value,
        })
    }
}

impl fmt::Debug for Choice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut choice = f.debug_struct("Choice");
        choice.field("rank_by", &self.rank_by).field("min_trades", &self.min_trades);
        choice.field("require", &self.require.is_some()).finish()
    }
}

/// The best of some points, and what became of all of them. The same whatever the order in which they are added.
#[derive(Clone, Debug, Default)]
pub(super) struct Tried {
    pub(super) best: Option<Best>,
    /// Points that could have been chosen.
    pub(super) eligible: usize,
    pub(super) failed: usize,
    /// The first in grid order that failed, and why.
    pub(super) first_failure: Option<(usize, Error)>,
}

/// A point that is better than all before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Best {
    worth: f64,
    /// Its index in the grid.
    pub(super) point: usize,
    pub(super) metrics: Metrics,
}

impl Tried {
    pub(super) fn add(&mut self, choice: &Choice<'_>, point: usize, outcome: Result<Metrics, &Error>) {
        match outcome {
            Ok(metrics) => {
                if let Some(worth) = choice.worth(&metrics) {
                    self.eligible += 1;
                    self.challenge(Best { worth, point, metrics });
                }
            }
            Err(error) => {
                self.failed += 1;
                self.note(point, error.clone());
            }
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.eligible += other.eligible;
        self.failed += other.failed;
        if let Some(best) = other.best {
            self.challenge(best);
        }
        if let Some((point, error)) = other.first_failure {
            self.note(point, error);
        }
    }

    fn note(&mut self, point: usize, error: Error) {
        if self.first_failure.as_ref().is_none_or(|(first, _)| point < *first) {
            self.first_failure = Some((point, error));
        }
    }

    fn challenge(&mut self, new: Best) {
        let is_better = self
            .best
            .is_none_or(|best| new.worth > best.worth || (new.worth >= best.worth && new.point < best.point));
        if is_better {
            self.best = Some(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(sharpe: f64, trades: f64) -> Metrics {
        Metrics::of_values(|metric| match metric {
            Metric::Sharpe | Metric::Volatility => sharpe,
            Metric::Trades => trades,
            _ => 0.5,
        })
    }

    #[test]
    fn the_first_of_equals_in_grid_order_is_chosen_in_whatever_order_they_come() {
        let trials = [(0, f64::NAN), (1, 1.0), (2, 2.0), (3, 2.0), (4, -1.0)];
        let choice = Choice::default();
        for shift in 0..trials.len() {
            let (mut one, mut other) = (Tried::default(), Tried::default());
            for at in 0..trials.len() {
                let (point, sharpe) = trials[(at + shift) % trials.len()];
                let part = if at % 2 == 0 { &mut one } else { &mut other };
                part.add(&choice, point, Ok(metrics(sharpe, 3.0)));
            }
            one.merge(other);
            assert_eq!(
                (one.best.map(|best| best.point), one.eligible),
                (Some(2), 4),
                "what has no ratio is not chosen"
            );
        }
        let calm = Choice { rank_by: Metric::Volatility.into(), ..choice };
        let mut tried = Tried::default();
        trials.iter().for_each(|(point, of)| tried.add(&calm, *point, Ok(metrics(*of, 3.0))));
        assert_eq!(tried.best.map(|best| best.point), Some(4), "the smaller one is the better");
    }

    #[test]
    fn what_does_not_pass_is_not_chosen_and_where_nothing_does_there_is_no_choice() {
        let few = |metrics: &Metrics| metrics.get(Metric::Trades) < Some(10.0);
        let choice = Choice { min_trades: 5, require: Some(&few), ..Choice::default() };
        let mut tried = Tried::default();
        for (point, (sharpe, trades)) in [(3.0, 4.0), (2.0, 12.0), (1.0, 7.0)].into_iter().enumerate() {
            tried.add(&choice, point, Ok(metrics(sharpe, trades)));
        }
        assert_eq!((tried.best.map(|best| best.point), tried.eligible), (Some(2), 1));
        let mut nothing = Tried::default();
        nothing.add(&choice, 9, Ok(metrics(9.0, 99.0)));
        nothing.add(&choice, 8, Err(&Error::load("out of luck")));
        nothing.add(&choice, 7, Err(&Error::load("bad luck")));
        assert!(nothing.best.is_none());
        assert_eq!((nothing.failed, nothing.first_failure.map(|(point, _)| point)), (2, Some(7)));
    }
}
