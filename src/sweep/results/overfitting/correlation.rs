//! How many independent trials a grid amounts to: neighbours on it trade alike, and are no new trials.

#![forbid(unsafe_code)]

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::sweep::broker::bars_f64;

/// Numbers that a loop over two series adds side by side.
const LANES: usize = 8;

/// Series that are taken against one at a time: its numbers are loaded once for all of them.
const TOGETHER: usize = 4;

/// How alike the returns of a sample of trials are.
///
/// # Examples
/// ```
/// use lookback::sweep::TrialCorrelation;
/// let (one, other) = ([1.0, -1.0, 1.0, -1.0], [1.0, 1.0, -1.0, -1.0]);
/// let same = TrialCorrelation::of_returns([&one[..], &one[..], &one[..]]).unwrap();
/// assert_eq!(same.effective_count(3.0), 1.0);
/// let independent = TrialCorrelation::of_returns([&one[..], &other[..]]).unwrap();
/// assert_eq!(independent.effective_count(2.0), 2.0);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TrialCorrelation {
    /// Trials of the sample whose returns vary.
    pub sample: usize,
    /// The mean of the squared correlations between two trials of it, over all pairs.
    pub mean_square: f64,
}

impl TrialCorrelation {
    /// Of the return of each bar of each trial; `None` for fewer than two trials that vary.
    ///
    /// Takes one multiplication for each pair and bar, in single precision: 0.2 s on a core for 1,000 trials of 2,520 bars.
    /// Sums are in double precision and in a fixed order.
    #[must_use]
    pub fn of_returns<'a>(trials: impl IntoIterator<Item = &'a [f64]>) -> Option<Self> {
        let series: Vec<Vec<f32>> = trials.into_iter().filter_map(standardised).collect();
        Self::of_series(&series)
    }

    /// Of returns that are standardised already.
    pub(in crate::sweep) fn of_series(series: &[Vec<f32>]) -> Option<Self> {
        if series.len() < 2 {
            return None;
        }
        let rows = (0..series.len()).into_par_iter();
        let sums: Vec<f64> = rows.map(|row| squares(&series[row], &series[..row])).collect();
        let pairs = bars_f64(series.len()) * bars_f64(series.len() - 1) / 2.0;
        Some(Self { sample: series.len(), mean_square: sums.iter().sum::<f64>() / pairs })
    }

    /// The effective number of trials among `count`: the participation ratio of the eigenvalues of their correlation
    /// matrix, (sum of l)^2 / sum of l^2, from 1 for trials that are all the same to `count` for independent ones.
    ///
    /// For a correlation matrix that is count^2 by the sum of its squared entries, so that the mean square of a sample
    /// tells it of all: count / (1 + (count - 1) mean square). Returns over T bars correlate by chance with a mean square
    /// of 1 / T, so that it stays below T: a strict reader takes the number of trials itself as the bound.
    ///
    /// # Examples
    /// ```
    /// let half = lookback::sweep::TrialCorrelation { sample: 500, mean_square: 0.25 };
    /// assert_eq!(half.effective_count(1e9).round(), 4.0);
    /// ```
    #[must_use]
    pub fn effective_count(&self, count: f64) -> f64 {
        count / (1.0 + (count - 1.0).max(0.0) * self.mean_square)
    }
}

/// Less its mean and by its length as a vector, filled up with zeros to whole lanes; none where it does not vary.
#[expect(
    clippy::cast_possible_truncation,
    reason = "single precision is enough for a mean of squared correlations"
)]
pub(in crate::sweep) fn standardised(returns: &[f64]) -> Option<Vec<f32>> {
    let mean = returns.iter().sum::<f64>() / bars_f64(returns.len());
    let squares: f64 = returns.iter().map(|one| (one - mean) * (one - mean)).sum();
    let scale = squares.sqrt().recip();
    let mut series: Vec<f32> = returns.iter().map(|one| ((one - mean) * scale) as f32).collect();
    series.resize(returns.len().next_multiple_of(LANES), 0.0);
    (squares > 0.0 && scale.is_finite()).then_some(series)
}

/// The sum of the squared correlations of one series with others.
fn squares(one: &[f32], others: &[Vec<f32>]) -> f64 {
    let (groups, rest) = others.as_chunks::<TOGETHER>();
    let of_groups = groups.iter().map(|others| products(one, others.each_ref().map(Vec::as_slice)));
    let of_rest =
        rest.iter().map(|other| products(one, [other.as_slice()])).map(|[one]| [one, 0.0, 0.0, 0.0]);
    of_groups.chain(of_rest).flatten().map(|product| product * product).sum()
}

/// The product of one series with each of some others.
fn products<const N: usize>(one: &[f32], others: [&[f32]; N]) -> [f64; N] {
    let mut sums = [[0.0_f32; LANES]; N];
    let others = others.map(|other| other.as_chunks::<LANES>().0);
    for (at, chunk) in one.as_chunks::<LANES>().0.iter().enumerate() {
        for (sum, other) in sums.iter_mut().zip(others) {
            let other = &other[at];
            for lane in 0..LANES {
                sum[lane] += chunk[lane] * other[lane];
            }
        }
    }
    sums.map(|lanes| lanes.iter().map(|lane| f64::from(*lane)).sum())
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    fn noise(count: usize, bars: usize, seed: u64) -> Vec<Vec<f64>> {
        let mut random = Random::new(seed);
        (0..count).map(|_| (0..bars).map(|_| random.normal()).collect()).collect()
    }

    fn of(trials: &[Vec<f64>]) -> TrialCorrelation {
        TrialCorrelation::of_returns(trials.iter().map(Vec::as_slice)).unwrap()
    }

    #[test]
    fn it_is_the_participation_ratio_of_the_correlation_matrix() {
        let mut trials = noise(13, 203, 1);
        for trial in 1..13 {
            let first = trials[0].clone();
            trials[trial].iter_mut().zip(first).for_each(|(one, common)| *one = *one + common + 5.0);
        }
        // n^2 by the sum of squares of all entries, from Pearson's formula in double precision.
        let mean = |of: &[f64]| of.iter().sum::<f64>() / bars_f64(of.len());
        let covariance = |a: &[f64], b: &[f64]| {
            let (of_a, of_b) = (mean(a), mean(b));
            a.iter().zip(b).map(|(a, b)| (a - of_a) * (b - of_b)).sum::<f64>()
        };
        let mut squares = 0.0;
        for a in &trials {
            for b in &trials {
                squares += covariance(a, b).powi(2) / covariance(a, a) / covariance(b, b);
            }
        }
        let found = of(&trials).effective_count(13.0);
        assert!((found - 169.0 / squares).abs() < 1e-4, "{found}, not {}", 169.0 / squares);
    }

    #[test]
    fn copies_are_no_trials_and_trials_that_rest_are_left_out() {
        let mut trials = noise(3, 2000, 2);
        for copy in 0..27 {
            trials.push(trials[copy % 3].clone());
        }
        let found = of(&trials).effective_count(30.0);
        assert!((found - 3.0).abs() < 0.05, "{found}");
        trials.push(vec![0.0; 2000]);
        assert_eq!(of(&trials).sample, 30);
        assert_eq!(TrialCorrelation::of_returns([&[0.0; 5][..], &[1.0, 2.0, 1.0, 2.0, 1.0][..]]), None);
    }

    #[test]
    fn independent_trials_are_as_many_as_they_are_few_against_the_bars() {
        let found = of(&noise(200, 5000, 3)).effective_count(200.0);
        assert!((found - 200.0 / (1.0 + 199.0 / 5000.0)).abs() < 2.0, "{found}");
    }
}
