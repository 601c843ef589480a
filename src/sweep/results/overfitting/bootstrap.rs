//! The stationary bootstrap: what a series could have been, in blocks of its own past.

#![forbid(unsafe_code)]

use super::random::Random;
use crate::sweep::broker::bars_f64;

/// Draws series of the same length from a series, in blocks of random length that wrap at its end.
///
/// - Source: Politis, Romano, The Stationary Bootstrap (1994).
#[derive(Clone, Debug)]
pub(super) struct StationaryBootstrap {
    random: Random,
    bars: usize,
    /// ln(1 - 1 / mean length): a geometric length is a logarithm by it.
    log_going_on: f64,
}

/// A block of a drawn series: it starts at a bar of the original and may wrap.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Piece {
    start: usize,
    len: usize,
}

impl StationaryBootstrap {
    /// `block_bars` is the mean length of a block, at least 1.
    pub(super) fn new(bars: usize, block_bars: f64, seed: u64) -> Self {
        Self { random: Random::new(seed), bars, log_going_on: libm::log1p(-1.0 / block_bars.max(1.0)) }
    }

    /// The blocks of the next drawn series, in place of those in `pieces`.
    pub(super) fn draw(&mut self, pieces: &mut Vec<Piece>) {
        pieces.clear();
        let mut left = self.bars;
        while left > 0 {
            let start = self.random.below(self.bars);
            let going_on = libm::log(1.0 - self.random.uniform()) / self.log_going_on;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is cut off at `left`"
            )]
            let len = left.min((going_on as usize).saturating_add(1));
            pieces.push(Piece { start, len });
            left -= len;
        }
    }
}

/// Sums of a series from its start: the sum over any block takes two look-ups, however long it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Prefix(Vec<f64>);

impl Prefix {
    pub(super) fn fill(&mut self, series: impl Iterator<Item = f64>) {
        self.0.clear();
        self.0.push(0.0);
        let mut sum = 0.0;
        self.0.extend(series.map(|one| {
            sum += one;
            sum
        }));
    }

    /// The sum over a drawn series.
    pub(super) fn sum(&self, pieces: &[Piece]) -> f64 {
        let bars = self.0.len() - 1;
        let of = |piece: &Piece| {
            let end = piece.start + piece.len;
            if end <= bars {
                self.0[end] - self.0[piece.start]
            } else {
                // No piece is longer than the series: it wraps once.
                self.0[bars] - self.0[piece.start] + self.0[end - bars]
            }
        };
        pieces.iter().map(of).sum()
    }
}

/// A confidence interval of a Sharpe ratio, per period.
///
/// # Examples
/// ```
/// use lookback::sweep::SharpeInterval;
/// let returns: Vec<f64> = (0..1000).map(|bar| 0.0005 + 0.01 * f64::from(bar * 37 % 101 - 50) / 50.0).collect();
/// let interval = SharpeInterval::new(&returns, 1000, 0.95, 7).unwrap();
/// assert!(interval.low < interval.high);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SharpeInterval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// The mean length of the blocks that were drawn, in bars.
    pub block_bars: f64,
}

impl SharpeInterval {
    /// The middle `confidence` of the Sharpe ratios of as many drawn series, by the stationary bootstrap; `None` where the
    /// returns do not vary, or nothing is drawn.
    ///
    /// It tells how far the ratio of this one series is determined, not that it was chosen among many.
    ///
    /// - Source: Politis, Romano (1994); the length of blocks by Politis, White (2004), corrected by Patton, Politis, White
    ///   (2009); percentiles of the draws.
    #[must_use]
    pub fn new(returns: &[f64], draws: usize, confidence: f64, seed: u64) -> Option<Self> {
        let block_bars = block_bars(returns)?;
        let mut bootstrap = StationaryBootstrap::new(returns.len(), block_bars, seed);
        let [mut sums, mut squares] = [Prefix::default(), Prefix::default()];
        sums.fill(returns.iter().copied());
        squares.fill(returns.iter().map(|one| one * one));
        let bars = bars_f64(returns.len());
        let mut pieces = Vec::new();
        let mut drawn: Vec<f64> = (0..draws)
            .filter_map(|_| {
                bootstrap.draw(&mut pieces);
                let (sum, square) = (sums.sum(&pieces), squares.sum(&pieces));
                let mean = sum / bars;
                // A draw of nothing but rest has no ratio.
                let spread = square - sum * mean;
                (spread > 1e-13 * square).then(|| mean / (spread / (bars - 1.0)).sqrt())
            })
            .collect();
        drawn.sort_by(f64::total_cmp);
        let last = drawn.len().checked_sub(1)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the draws")]
        let at = |share: f64| drawn[last.min((share * bars_f64(last) + 0.5) as usize)];
        let tail = (1.0 - confidence) / 2.0;
        Some(Self { low: at(tail), high: at(1.0 - tail), block_bars })
    }
}

/// The mean length of blocks that suits a series, at least 1; `None` where it does not vary.
///
/// - Source: Politis, White, Automatic Block-Length Selection for the Dependent Bootstrap (2004), with the constant of the
///   correction by Patton, Politis, White (2009) for the stationary bootstrap.
fn block_bars(series: &[f64]) -> Option<f64> {
    let bars = bars_f64(series.len());
    let mean = series.iter().sum::<f64>() / bars;
    let covariance = |lag: usize| {
        let pairs = series.iter().zip(&series[lag..]);
        pairs.map(|(one, other)| (one - mean) * (other - mean)).sum::<f64>() / bars
    };
    let variance = covariance(0);
    if !(variance > 0.0 && series.len() > 1) {
        return None;
    }
    let decades = libm::log10(bars);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "roots and logarithms of a length"
    )]
    let [quiet, most] = [decades.ceil().max(5.0) as usize, bars.sqrt().ceil() as usize];
    let most = (most + quiet).min(series.len() - 1);
    let covariances: Vec<f64> = (0..=most).map(covariance).collect();
    // The first lag after which some correlations in a row are none.
    let bound = 2.0 * (decades / bars).sqrt();
    let mut lag = 0;
    for (at, covariance) in covariances.iter().enumerate().skip(1) {
        if (covariance / variance).abs() > bound {
            lag = at;
        } else if at - lag >= quiet {
            break;
        }
    }
    let width = (2 * lag.max(1)).min(most);
    let [mut slope, mut density] = [0.0, variance];
    for (at, covariance) in covariances.iter().enumerate().take(width + 1).skip(1) {
        // Flat up to half of the width, then down to 0.
        let weight = (2.0 * (1.0 - bars_f64(at) / bars_f64(width))).min(1.0);
        slope += 2.0 * weight * bars_f64(at) * covariance;
        density += 2.0 * weight * covariance;
    }
    let longest = (3.0 * bars.sqrt()).min(bars / 3.0).ceil().max(1.0);
    let length = libm::cbrt(2.0 * slope * slope / (2.0 * density * density) * bars);
    Some(if length.is_finite() { length.clamp(1.0, longest) } else { longest })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn autoregressive(bars: usize, memory: f64, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        let mut last = 0.0;
        let next = |_| {
            last = memory * last + random.normal();
            last
        };
        (0..bars).map(next).collect()
    }

    #[test]
    fn a_drawn_series_is_as_long_and_its_blocks_have_their_mean_length() {
        let mut bootstrap = StationaryBootstrap::new(1000, 10.0, 3);
        let (mut pieces, mut count) = (Vec::new(), 0);
        for _ in 0..200 {
            bootstrap.draw(&mut pieces);
            assert_eq!(pieces.iter().map(|piece| piece.len).sum::<usize>(), 1000);
            count += pieces.len();
        }
        let mean = 200_000.0 / bars_f64(count);
        assert!((mean - 10.0).abs() < 0.3, "{mean}");
        StationaryBootstrap::new(5, 1.0, 3).draw(&mut pieces);
        assert!(pieces.iter().all(|piece| piece.len == 1));
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "sums of small whole numbers are exact")]
    fn a_block_that_wraps_goes_on_at_the_start() {
        let mut prefix = Prefix::default();
        prefix.fill([1.0, 2.0, 4.0, 8.0].into_iter());
        assert_eq!(prefix.sum(&[Piece { start: 1, len: 2 }, Piece { start: 3, len: 3 }]), 6.0 + 8.0 + 3.0);
    }

    #[test]
    fn what_remembers_longer_is_drawn_in_longer_blocks() {
        let length = |memory| block_bars(&autoregressive(2500, memory, 5)).unwrap();
        assert!(length(0.0) < 8.0 && length(0.9) > 25.0, "{} and {}", length(0.0), length(0.9));
        assert_eq!(block_bars(&[0.5; 100]), None);
        assert_eq!(block_bars(&[0.5]), None);
    }

    #[test]
    fn an_interval_covers_the_true_ratio_as_often_as_it_says() {
        let covers = |seed| {
            let returns: Vec<f64> = autoregressive(400, 0.0, seed).iter().map(|one| one + 0.1).collect();
            let found = SharpeInterval::new(&returns, 400, 0.9, seed).unwrap();
            f64::from(u8::from(found.low < 0.1 && 0.1 < found.high))
        };
        let share = (0..200).map(covers).sum::<f64>() / 200.0;
        assert!((share - 0.9).abs() < 0.07, "{share}");
    }

    #[test]
    fn an_interval_is_the_same_for_the_same_seed() {
        let returns = autoregressive(300, 0.2, 1);
        let find = |seed| SharpeInterval::new(&returns, 200, 0.95, seed);
        assert_eq!(find(4), find(4));
        assert_ne!(find(4), find(5));
        assert_eq!(SharpeInterval::new(&returns, 0, 0.95, 4), None);
        assert_eq!(SharpeInterval::new(&[0.0; 50], 100, 0.95, 4), None);
    }
}
