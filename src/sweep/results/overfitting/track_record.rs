//! A Sharpe ratio and how far it can be trusted: its standard error, the chance that it is above another, the periods
//! that would show it.

#![forbid(unsafe_code)]

use super::edition::Edition;
use super::maximum::{deviation_of_maximum, expected_maximum};
use super::normal;
use crate::sweep::broker::bars_f64;

/// What is known of a strategy: its Sharpe ratio over some periods, and the shape of its returns.
///
/// Everything is per period, nothing annual: an annual Sharpe ratio with daily periods would look 16 times as certain as
/// it is. The kurtosis is not in excess: a normal distribution has 3.
///
/// # Examples
/// ```
/// use lookback::sweep::{Edition, TrackRecord};
/// let record = TrackRecord::of_returns(&[0.01, -0.02, 0.015, 0.007, -0.001]).unwrap();
/// assert!(record.probabilistic(Edition::Second, 0.0) > 0.5);
/// assert!(TrackRecord::of_returns(&[0.0; 20]).is_none(), "without variance there is no Sharpe ratio");
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TrackRecord {
    /// Mean of the returns by their sample standard deviation, per period.
    pub sharpe: f64,
    /// How many periods.
    pub periods: f64,
    /// Third standardised moment.
    pub skewness: f64,
    /// Fourth standardised moment, 3 for a normal distribution.
    pub kurtosis: f64,
}

/// Among how many trials a track record was chosen, and how widely their Sharpe ratios vary.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TrialCount {
    /// How many independent trials.
    pub count: f64,
    /// Sample variance of their Sharpe ratios, per period.
    pub variance: f64,
}

impl TrialCount {
    /// The Sharpe ratio that the best of so many worthless trials is expected to have, per period.
    ///
    /// - Source: [`expected_maximum`].
    ///
    /// # Examples
    /// ```
    /// let trials = lookback::sweep::TrialCount { count: 100.0, variance: 0.5 / 250.0 };
    /// assert_eq!(format!("{:.6}", trials.threshold()), "0.113172");
    /// ```
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.variance.sqrt() * expected_maximum(self.count)
    }
}

impl TrackRecord {
    /// Of normal returns.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Edition, TrackRecord};
    /// let record = TrackRecord::normal(0.458, 24.0);
    /// assert_eq!(format!("{:.3}", record.probabilistic(Edition::First, 0.0)), "0.982");
    /// ```
    #[must_use]
    pub fn normal(sharpe: f64, periods: f64) -> Self {
        Self { sharpe, periods, skewness: 0.0, kurtosis: 3.0 }
    }

    /// Of returns; `None` where they do not vary. Skewness and kurtosis are those of the sample itself, with n in every
    /// denominator; the standard deviation has n - 1.
    #[must_use]
    pub fn of_returns(returns: &[f64]) -> Option<Self> {
        let periods = bars_f64(returns.len());
        let mean = returns.iter().sum::<f64>() / periods;
        let [mut squares, mut cubes, mut fourths] = [0.0; 3];
        for one in returns {
            let (from_mean, square) = (one - mean, (one - mean) * (one - mean));
            squares += square;
            cubes += square * from_mean;
            fourths += square * square;
        }
        Self::of_moments(periods, mean, [squares, cubes, fourths].map(|sum| sum / periods))
    }

    /// Of the sums of the first four powers of returns, as a walk over the bars yields them; `None` where they do not vary.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::TrackRecord;
    /// let returns = [0.01, -0.02, 0.015, 0.007, -0.001];
    /// let sums = [1, 2, 3, 4].map(|power| returns.iter().map(|one: &f64| one.powi(power)).sum());
    /// let found = TrackRecord::of_sums(5.0, sums).unwrap();
    /// assert!((found.kurtosis - TrackRecord::of_returns(&returns).unwrap().kurtosis).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn of_sums(periods: f64, [first, second, third, fourth]: [f64; 4]) -> Option<Self> {
        let mean = first / periods;
        let [second, third, fourth] = [second, third, fourth].map(|sum| sum / periods);
        let central = [
            second - mean * mean,
            third - 3.0 * mean * second + 2.0 * mean * mean * mean,
            fourth - 4.0 * mean * third + 6.0 * mean * mean * second - 3.0 * mean.powi(4),
        ];
        // Rounding leaves about 1e-15 of the sum of squares, so a variance of 1e-13 of it is none.
        Self::of_moments(periods, mean, central).filter(|_| central[0] > 1e-13 * second)
    }

    fn of_moments(periods: f64, mean: f64, [second, third, fourth]: [f64; 3]) -> Option<Self> {
        let deviation = (second * periods / (periods - 1.0)).sqrt();
        (periods > 1.0 && deviation > 0.0).then(|| Self {
            sharpe: mean / deviation,
            periods,
            skewness: third / (second * second.sqrt()),
            kurtosis: fourth / (second * second),
        })
    }

    /// The standard error of the estimate.
    ///
    /// - Source: 2012, equation 4, over one period less; 2025, over all.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Edition, TrackRecord};
    /// let record = TrackRecord { sharpe: 0.7079, periods: 134.0, skewness: -0.2250, kurtosis: 2.9570 };
    /// assert_eq!(format!("{:.4}", record.standard_error(Edition::First)), "0.1028");
    /// ```
    #[must_use]
    pub fn standard_error(&self, edition: Edition) -> f64 {
        self.error_at(edition, self.sharpe)
    }

    /// The standard error that the estimate has where the true ratio is `sharpe`.
    fn error_at(&self, edition: Edition, sharpe: f64) -> f64 {
        let periods = match edition {
            Edition::First => self.periods - 1.0,
            Edition::Second => self.periods,
        };
        (self.variance_at(sharpe) / periods).sqrt()
    }

    /// The variance of the estimate over one period, where the true ratio is `sharpe`.
    fn variance_at(&self, sharpe: f64) -> f64 {
        1.0 - self.skewness * sharpe + (self.kurtosis - 1.0) / 4.0 * sharpe * sharpe
    }

    /// Where the edition takes the variance: at the estimate, or at what it is tested against.
    fn tested_at(&self, edition: Edition, against: f64) -> f64 {
        match edition {
            Edition::First => self.sharpe,
            Edition::Second => against,
        }
    }

    /// The probabilistic Sharpe ratio: the confidence that the true ratio is above `against`, per period, as a share of 1.
    ///
    /// - Source: see [`Edition`].
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Edition, TrackRecord};
    /// let record = TrackRecord { sharpe: 0.036 / 0.079, periods: 24.0, skewness: -2.448, kurtosis: 10.164 };
    /// assert_eq!(format!("{:.6}", record.probabilistic(Edition::Second, 0.1)), "0.939148");
    /// ```
    #[must_use]
    pub fn probabilistic(&self, edition: Edition, against: f64) -> f64 {
        let error = self.error_at(edition, self.tested_at(edition, against));
        normal::probability((self.sharpe - against) / error)
    }

    /// The deflated Sharpe ratio: the confidence that the best of many trials is better than the best of as many
    /// worthless ones, as a share of 1.
    ///
    /// The first edition is the probabilistic ratio against [`TrialCount::threshold`]; the second also takes the spread of a
    /// maximum in the place of that of one estimate.
    ///
    /// - Source: see [`Edition`]; 2014, equation 2; 2025, page 13.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Edition, TrackRecord, TrialCount};
    /// let record = TrackRecord { sharpe: 2.5 / 250_f64.sqrt(), periods: 1250.0, skewness: -3.0, kurtosis: 10.0 };
    /// let trials = TrialCount { count: 100.0, variance: 0.5 / 250.0 };
    /// assert_eq!(format!("{:.6}", record.deflated(Edition::First, trials)), "0.900397");
    /// ```
    #[must_use]
    pub fn deflated(&self, edition: Edition, trials: TrialCount) -> f64 {
        let threshold = trials.threshold();
        let error = self.error_at(edition, self.tested_at(edition, threshold));
        let spread = match edition {
            Edition::First => 1.0,
            Edition::Second => deviation_of_maximum(trials.count),
        };
        normal::probability((self.sharpe - threshold) / (error * spread))
    }

    /// The minimum track record length: the periods after which a ratio like this one would be above `against` with a
    /// confidence, such as 0.95; `None` where it is not above it.
    ///
    /// - Source: 2012, equation 13; 2025 without the period more.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Edition, TrackRecord};
    /// let record = TrackRecord { sharpe: 0.036 / 0.079, periods: 24.0, skewness: -2.448, kurtosis: 10.164 };
    /// let needed = record.minimum_length(Edition::Second, 0.0, 0.95).unwrap();
    /// assert_eq!(format!("{needed:.4}"), "13.0288");
    /// ```
    #[must_use]
    pub fn minimum_length(&self, edition: Edition, against: f64, confidence: f64) -> Option<f64> {
        let distance = normal::quantile(confidence) / (self.sharpe - against);
        let periods = self.variance_at(self.tested_at(edition, against)) * distance * distance;
        let more = match edition {
            Edition::First => 1.0,
            Edition::Second => 0.0,
        };
        (self.sharpe > against).then_some(periods + more)
    }

    /// The chance to miss it: how often a strategy whose true ratio is `truth` would not pass a test against `against` at
    /// a confidence, over as many periods with returns of this shape (the second kind of error).
    ///
    /// - Source: 2025, page 8.
    ///
    /// # Examples
    /// ```
    /// use lookback::sweep::{Edition, TrackRecord};
    /// let record = TrackRecord { sharpe: 0.036 / 0.079, periods: 24.0, skewness: -2.448, kurtosis: 10.164 };
    /// assert_eq!(format!("{:.6}", record.missed(0.5, 0.0, 0.95)), "0.315208");
    /// ```
    #[must_use]
    pub fn missed(&self, truth: f64, against: f64, confidence: f64) -> f64 {
        let edition = Edition::Second;
        let passed = against + self.error_at(edition, against) * normal::quantile(confidence);
        normal::probability((passed - truth) / self.error_at(edition, truth))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is_printed(found: f64, printed: &str) {
        let decimals = printed.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        assert_eq!(format!("{found:.decimals$}"), printed);
    }

    #[test]
    fn the_first_edition_meets_its_papers() {
        let record =
            |sharpe, periods, skewness, kurtosis| TrackRecord { sharpe, periods, skewness, kurtosis };
        is_printed(TrackRecord::normal(0.458, 24.0).probabilistic(Edition::First, 0.0), "0.981675");
        is_printed(record(0.458, 24.0, -2.448, 10.164).probabilistic(Edition::First, 0.0), "0.913361");
        let best = record(2.5 / 250_f64.sqrt(), 1250.0, -3.0, 10.0);
        let trials = |count| TrialCount { count, variance: 0.5 / 250.0 };
        is_printed(best.deflated(Edition::First, trials(100.0)), "0.900397");
        is_printed(best.deflated(Edition::First, trials(46.0)), "0.950502");
        let normal = TrackRecord::normal(best.sharpe, best.periods);
        is_printed(normal.deflated(Edition::First, trials(88.0)), "0.950491");
    }

    #[test]
    fn the_minimum_length_of_2012_meets_its_figures() {
        for (year, printed) in [(252_f64, "2.731"), (52.0, "2.829"), (12.0, "3.240")] {
            let record = TrackRecord::normal(2.0 / year.sqrt(), 100.0);
            let length = record.minimum_length(Edition::First, 1.0 / year.sqrt(), 0.95).unwrap();
            is_printed(length / year, printed);
        }
        let root = 12_f64.sqrt();
        let monthly = TrackRecord { sharpe: 2.0 / root, periods: 100.0, skewness: -0.72, kurtosis: 5.78 };
        is_printed(monthly.minimum_length(Edition::First, 1.0 / root, 0.95).unwrap(), "59.895");
        let figure_16 = [
            (0.7079, -0.2250, 2.9570, ["0.7152", "1.0803", "0.1028"]),
            (0.8183, -1.4455, 7.0497, ["1.1593", "1.6695", "0.1550"]),
        ];
        for (sharpe, skewness, kurtosis, [against_none, against_half, error]) in figure_16 {
            let record = TrackRecord { sharpe, periods: 134.0, skewness, kurtosis };
            let years =
                |against: f64| record.minimum_length(Edition::First, against / root, 0.95).unwrap() / 12.0;
            is_printed(years(0.0), against_none);
            is_printed(years(0.5), against_half);
            is_printed(record.standard_error(Edition::First), error);
        }
        let second = TrackRecord { sharpe: 0.8183, periods: 134.0, skewness: -1.4455, kurtosis: 7.0497 };
        is_printed(second.probabilistic(Edition::First, 0.5 / root), "0.99999");
        assert_eq!(second.minimum_length(Edition::First, 0.9, 0.95), None, "it is not above that");
    }

    #[test]
    fn the_second_edition_meets_its_paper() {
        let record = TrackRecord { sharpe: 0.036 / 0.079, periods: 24.0, skewness: -2.448, kurtosis: 10.164 };
        is_printed(record.probabilistic(Edition::Second, 0.0), "0.987207");
        is_printed(record.probabilistic(Edition::Second, 0.1), "0.939148");
        is_printed(record.minimum_length(Edition::Second, 0.0, 0.95).unwrap(), "13.0288");
        is_printed(record.minimum_length(Edition::Second, 0.1, 0.95).unwrap(), "27.1092");
        is_printed(record.standard_error(Edition::Second), "0.328589");
        is_printed(record.missed(0.5, 0.0, 0.95), "0.315208");
        let trials = TrialCount { count: 10.0, variance: 0.1 };
        is_printed(trials.threshold(), "0.497932");
        let deflated = record.deflated(Edition::Second, trials);
        is_printed(deflated, "0.416");
        // With the deviation of a maximum rounded to the five digits of the paper's table.
        assert!((deflated - 0.416_361).abs() < 1e-6, "{deflated}");
    }

    #[test]
    fn the_moments_are_those_of_the_sample_and_the_kurtosis_is_not_in_excess() {
        // Two values, equally often: skewness 0 and kurtosis 1.
        let record = TrackRecord::of_returns(&[3.0, 1.0, 1.0, 3.0]).unwrap();
        assert_eq!((record.skewness, record.kurtosis, record.periods), (0.0, 1.0, 4.0));
        assert!((record.sharpe - 2.0 / (4.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        // One in four: (1 - 2p) / sqrt(p(1 - p)) and 1 / (p(1 - p)) - 3, from the moments of a Bernoulli draw.
        let record = TrackRecord::of_returns(&[1.0, 0.0, 0.0, 0.0]).unwrap();
        assert!((record.skewness - 0.5 / 0.1875_f64.sqrt()).abs() < 1e-14);
        assert!((record.kurtosis - (1.0 / 0.1875 - 3.0)).abs() < 1e-14);
        assert_eq!(TrackRecord::of_returns(&[0.1]), None);
        assert_eq!(TrackRecord::of_sums(3.0, [0.3, 0.03, 0.003, 0.0003]), None, "thrice the same return");
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "a threshold of 0 and a factor of 1 change no bit")]
    fn a_trial_alone_is_deflated_by_nothing() {
        let record = TrackRecord { sharpe: 0.05, periods: 500.0, skewness: -0.3, kurtosis: 5.0 };
        for edition in Edition::ALL {
            let alone = record.deflated(edition, TrialCount { count: 1.0, variance: 0.01 });
            assert_eq!(alone, record.probabilistic(edition, 0.0));
        }
    }
}
