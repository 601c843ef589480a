//! What stands beside a ranking: how much of its best result is luck.

#![forbid(unsafe_code)]

use std::fmt;

use super::overfitting::{
    CrossValidation, Edition, Haircut, Neighbourhood, SharpeInterval, Spa, TrackRecord, TrialCorrelation,
    TrialCount,
};
use crate::asset::Symbol;
use crate::sweep::merit::Merit;
use crate::sweep::metrics::Metric;

/// What is asked for beside a ranking.
///
/// # Examples
/// ```
/// use lookback::sweep::{Edition, HonestyOptions};
/// assert_eq!(HonestyOptions::default().edition, Edition::Second);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct HonestyOptions {
    /// The edition of the probabilistic and the deflated Sharpe ratio.
    pub edition: Edition,
    /// What ranks, by which the best point's neighbours are judged.
    pub rank_by: Merit,
    /// The confidence of the minimum track record and of the interval, as a share of 1.
    pub confidence: f64,
    /// The most trials whose returns are correlated for the effective number.
    pub sample: usize,
    /// Series drawn for the interval and for the test against buy and hold.
    pub draws: usize,
    /// Whether all trials are tested against buy and hold: it takes a few times as long as the sweep.
    pub spa: bool,
    /// The seed of samples and draws.
    pub seed: u64,
}

impl Default for HonestyOptions {
    /// The second edition, by Sharpe ratio, 95 %, 1,000 trials, 1,000 draws, no test against buy and hold, seed 0.
    fn default() -> Self {
        Self {
            edition: Edition::default(),
            rank_by: Metric::Sharpe.into(),
            confidence: 0.95,
            sample: 1000,
            draws: 1000,
            spa: false,
            seed: 0,
        }
    }
}

/// How much of the best result of a ranking is luck, for one asset. Made by [`Results::honesty`](super::Results::honesty).
///
/// Whatever ranks, all but the neighbours is about Sharpe ratios.
#[derive(Clone, PartialEq, Debug)]
pub struct Honesty {
    /// The asset.
    pub asset: Symbol,
    /// What was asked for.
    pub options: HonestyOptions,
    /// Trials tried: every point of the grid that ran, whether it is ranked or not.
    pub trials: usize,
    /// Those of them that failed.
    pub failed: usize,
    /// Those that are done and have no Sharpe ratio, as their equity never moved.
    pub without_sharpe: usize,
    /// Bars of the run.
    pub bars: usize,
    /// Bars in a year, as annual figures count them.
    pub periods_per_year: f64,
    /// Sample variance of the trials' Sharpe ratios, per bar; `None` for fewer than two.
    pub variance: Option<f64>,
    /// How alike a seeded sample of the trials is; `None` for fewer than two that vary.
    pub correlation: Option<TrialCorrelation>,
    /// The best trial's Sharpe ratio and the shape of its returns, per bar; `None` where they do not vary.
    pub best: Option<TrackRecord>,
    /// What many tests leave of the best Sharpe ratio.
    pub haircut: Option<Haircut>,
    /// The confidence interval of the best Sharpe ratio, per bar.
    pub interval: Option<SharpeInterval>,
    /// The probability of backtest overfitting; `None` for fewer than two trials with a Sharpe ratio.
    pub cross_validation: Option<CrossValidation>,
    /// Whether that is of a sample, drawn by the hash of the point: there are more than 100,000 trials.
    pub is_sampled: bool,
    /// The test of all trials against buy and hold, where it was asked for and all could be run again.
    pub spa: Option<Spa>,
    /// The best point's neighbours on the grid, by the metric that ranks.
    pub neighbourhood: Option<Neighbourhood>,
}

impl Honesty {
    /// The effective number of trials: see [`TrialCorrelation::effective_count`].
    #[must_use]
    pub fn effective_trials(&self) -> Option<f64> {
        let correlation = self.correlation?;
        Some(correlation.effective_count(self.tried()))
    }

    /// The confidence that the best trial's true Sharpe ratio is above 0.
    #[must_use]
    pub fn probabilistic(&self) -> Option<f64> {
        Some(self.best?.probabilistic(self.options.edition, 0.0))
    }

    /// The confidence that the best trial is better than the best of as many worthless ones; in the first edition a
    /// lower bound, as trials of a grid are not independent.
    #[must_use]
    pub fn deflated(&self) -> Option<f64> {
        self.deflated_by(self.tried())
    }

    /// The same with the effective number of trials.
    #[must_use]
    pub fn deflated_effective(&self) -> Option<f64> {
        self.deflated_by(self.effective_trials()?)
    }

    fn deflated_by(&self, count: f64) -> Option<f64> {
        Some(self.best?.deflated(self.options.edition, TrialCount { count, variance: self.variance? }))
    }

    /// The Sharpe ratio that the best of as many worthless trials is expected to have, a year.
    #[must_use]
    pub fn threshold(&self) -> Option<f64> {
        let trials = TrialCount { count: self.tried(), variance: self.variance? };
        Some(self.annual(trials.threshold()))
    }

    /// The bars after which a Sharpe ratio like the best one is above 0 with the confidence asked for; `None` where it is
    /// not above 0.
    #[must_use]
    pub fn minimum_length(&self) -> Option<f64> {
        self.best?.minimum_length(self.options.edition, 0.0, self.options.confidence)
    }

    /// A Sharpe ratio per bar as one a year.
    #[must_use]
    pub fn annual(&self, sharpe: f64) -> f64 {
        sharpe * self.periods_per_year.sqrt()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of trials stay far below 2^53")]
    fn tried(&self) -> f64 {
        self.trials as f64
    }
}

impl fmt::Display for Honesty {
    /// A line for each figure, with its edition, its unit and what it is about; no line break at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trials, bars, options, .. } = self;
        let edition = options.edition;
        let percent =
            |share: Option<f64>| share.map_or("-".to_owned(), |share| format!("{:.1} %", share * 100.0));
        match &self.best {
            Some(best) => write!(
                f,
                "best sharpe {:.2} a year over {bars} bars, skewness {:.2}, kurtosis {:.1} (normal: 3)",
                self.annual(best.sharpe),
                best.skewness,
                best.kurtosis
            )?,
            None => write!(f, "best: no sharpe ratio, as its equity never moved")?,
        }
        write!(
            f,
            "\ntrials {trials}, {} without a sharpe ratio, {} failed; ",
            self.without_sharpe, self.failed
        )?;
        match (self.correlation, self.effective_trials()) {
            (Some(of), Some(effective)) => write!(
                f,
                "effective {effective:.1}: participation ratio of the correlations of {} trials, mean square {:.3}",
                of.sample, of.mean_square
            )?,
            _ => write!(f, "effective -")?,
        }
        write!(
            f,
            "\npsr ({}) {} that the true ratio is above 0",
            edition.year(),
            percent(self.probabilistic())
        )?;
        if let Some(needed) = self.minimum_length() {
            let years = needed / self.periods_per_year;
            let confidence = options.confidence * 100.0;
            write!(f, "; {confidence} % needs a record of {needed:.0} bars ({years:.1} years)")?;
        }
        // The spread of a maximum shrinks with the number of trials, so that in the second edition more of them can say more.
        let bound = if edition == Edition::First { " (a bound)" } else { "" };
        write!(
            f,
            "\ndsr ({}) {} with all {trials} trials{bound}, {} with the effective number",
            edition.deflated_year(),
            percent(self.deflated()),
            percent(self.deflated_effective())
        )?;
        if let Some(threshold) = self.threshold() {
            write!(f, "; the best of as many worthless trials has {threshold:.2} a year")?;
        }
        match &self.cross_validation {
            Some(found) => write!(
                f,
                "\npbo {} of sharpe ratios, {} trials{} in {} splits; the best of one half has mean rank {:.2} in the other \
                 and loses there in {}",
                percent(Some(found.overfitting)),
                found.trials,
                if self.is_sampled { ", a seeded sample by hash of the point," } else { "" },
                found.splits,
                found.mean_rank,
                percent(Some(found.loss))
            )?,
            None => write!(f, "\npbo -: fewer than two trials with a sharpe ratio")?,
        }
        if let (Some(interval), Some(_)) = (&self.interval, &self.best) {
            let (low, high) = (self.annual(interval.low), self.annual(interval.high));
            write!(
                f,
                "\ninterval of the best sharpe at {} % {low:.2} to {high:.2} a year: stationary bootstrap, {} draws in blocks of \
                 {:.1} bars",
                options.confidence * 100.0,
                options.draws,
                interval.block_bars
            )?;
        }
        if let Some(haircut) = &self.haircut {
            let (left, p) = (haircut.adjusted_sharpe, haircut.adjusted_p_value);
            write!(f, "\nhaircut to {left:.2} a year by Bonferroni's bound, p {p:.3}")?;
        }
        match &self.spa {
            Some(spa) => write!(
                f,
                "\nspa p {:.3} ({:.3} to {:.3}) that no trial is above buy and hold",
                spa.consistent, spa.lower, spa.upper
            )?,
            None => write!(f, "\nspa needs {trials} x {bars} returns")?,
        }
        match &self.neighbourhood {
            Some(around) => write!(
                f,
                "\nneighbours {}, {} {:.2} to {:.2}, the median {:.2} above {} of all: a {}",
                around.count,
                options.rank_by,
                around.worst.min(around.best),
                around.worst.max(around.best),
                around.median,
                percent(Some(around.above)),
                around.terrain
            ),
            None => write!(f, "\nneighbours none on the grid"),
        }
    }
}
