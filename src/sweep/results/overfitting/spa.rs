//! Hansen's test for superior predictive ability: is any trial better than the benchmark, when so many were looked at?

#![forbid(unsafe_code)]

use super::bootstrap::{Piece, Prefix, StationaryBootstrap};
use crate::sweep::broker::bars_f64;

/// The test under way: it takes trials one at a time, each with all its returns, and keeps nothing of them but one number
/// for each drawn series. Trials may be shared out over threads: [`SpaTest::merge`] puts the parts together, in any order.
///
/// - Source: Hansen, A Test for Superior Predictive Ability (2005): studentised, by the stationary bootstrap.
///
/// # Examples
/// ```
/// use lookback::sweep::SpaTest;
/// let benchmark: Vec<f64> = (0..500).map(|bar| f64::from(bar * 37 % 101 - 50) / 5000.0).collect();
/// let mut test = SpaTest::new(benchmark.clone(), 200, 10.0, 1);
/// test.add(&benchmark.iter().zip([0.004, -0.001].iter().cycle()).map(|(one, more)| one + more).collect::<Vec<_>>());
/// assert!(test.finish().consistent < 0.05, "a trial that gains nearly every day");
/// ```
#[derive(Clone, Debug)]
pub struct SpaTest {
    benchmark: Vec<f64>,
    going_on: f64,
    studentised: bool,
    /// The blocks of each drawn series, one after the other, and where each ends.
    pieces: Vec<Piece>,
    ends: Vec<usize>,
    /// The largest statistic so far, and the largest of each drawn series under the three null hypotheses.
    largest: f64,
    drawn: [Vec<f64>; 3],
    trials: usize,
}

/// How likely the best statistic would be if no trial were better than the benchmark.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spa {
    /// Trials tested.
    pub trials: usize,
    /// Where poor trials count for nothing: a lower bound.
    pub lower: f64,
    /// Hansen's own p-value: trials that are clearly poor count for nothing.
    pub consistent: f64,
    /// Where every trial counts as if it were as good as the benchmark: White's reality check, an upper bound.
    pub upper: f64,
}

impl SpaTest {
    /// Against a benchmark's returns, with as many drawn series in blocks of a mean length.
    #[must_use]
    pub fn new(benchmark: Vec<f64>, draws: usize, block_bars: f64, seed: u64) -> Self {
        let mut bootstrap = StationaryBootstrap::new(benchmark.len(), block_bars, seed);
        let (mut pieces, mut ends, mut next) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..draws {
            bootstrap.draw(&mut next);
            pieces.append(&mut next);
            ends.push(pieces.len());
        }
        let going_on = 1.0 - 1.0 / block_bars.max(1.0);
        let drawn = [(); 3].map(|()| vec![0.0; draws]);
        Self { benchmark, going_on, studentised: true, pieces, ends, largest: 0.0, drawn, trials: 0 }
    }

    /// Compares means as they are, not by their standard error: a trial that varies much decides the test alone. So does
    /// White's reality check, and so does `arch` 8.0.0 under the name of SPA.
    #[must_use]
    pub fn not_studentised(self) -> Self {
        Self { studentised: false, ..self }
    }

    /// Takes a trial's returns, over the bars of the benchmark. One that never differs from it is counted, and nothing
    /// else.
    ///
    /// # Panics
    /// Where there are not as many returns as the benchmark has.
    pub fn add(&mut self, returns: &[f64]) {
        assert_eq!(returns.len(), self.benchmark.len(), "a trial has a return for each bar of the benchmark");
        self.trials += 1;
        let bars = bars_f64(returns.len());
        let mut ahead: Vec<f64> =
            returns.iter().zip(&self.benchmark).map(|(one, other)| one - other).collect();
        let mean = ahead.iter().sum::<f64>() / bars;
        ahead.iter_mut().for_each(|one| *one -= mean);
        let variance = long_run_variance(&ahead, self.going_on);
        if variance <= 0.0 || variance.is_nan() {
            return;
        }
        let scale = if self.studentised { bars.sqrt() / variance.sqrt() } else { bars.sqrt() };
        self.largest = self.largest.max(mean * scale);
        // What is taken off the drawn means: all of a mean, what is not clearly below 0, or what is above it.
        let clearly_poor = -(variance / bars * 2.0 * libm::log(libm::log(bars))).sqrt();
        let consistent = if mean >= clearly_poor { mean } else { 0.0 };
        let left = [mean.max(0.0), consistent, mean].map(|taken| mean - taken);
        let mut prefix = Prefix::default();
        prefix.fill(ahead.into_iter());
        let mut start = 0;
        for (draw, end) in self.ends.iter().enumerate() {
            let from_mean = prefix.sum(&self.pieces[start..*end]) / bars;
            for (drawn, left) in self.drawn.iter_mut().zip(left) {
                drawn[draw] = drawn[draw].max((from_mean + left) * scale);
            }
            start = *end;
        }
    }

    /// Takes the trials of another part, which was made with the same benchmark, draws and seed.
    ///
    /// # Panics
    /// Where the other part has other draws.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.pieces, other.pieces, "the parts of a test share their draws");
        self.trials += other.trials;
        self.largest = self.largest.max(other.largest);
        for (drawn, others) in self.drawn.iter_mut().zip(&other.drawn) {
            drawn.iter_mut().zip(others).for_each(|(one, other)| *one = one.max(*other));
        }
    }

    /// The p-values: 1 where no trial is above the benchmark.
    #[must_use]
    pub fn finish(&self) -> Spa {
        let share = |drawn: &Vec<f64>| {
            let above = drawn.iter().filter(|one| **one > self.largest).count();
            if self.largest > 0.0 { bars_f64(above) / bars_f64(drawn.len()) } else { 1.0 }
        };
        let [lower, consistent, upper] = [0, 1, 2].map(|null: usize| share(&self.drawn[null]));
        Spa { trials: self.trials, lower, consistent, upper }
    }
}

/// The variance of the root of the number of bars times the mean of a drawn series, exactly; the series has mean 0.
///
/// The weight of a lag is (1 - i / n) q^i + (i / n) q^(n - i), whose second half is that of the lags which wrap: two turns
/// of a filter that forgets by q find both in one walk, for any lag up to where q^n is nothing.
///
/// - Source: Politis, Romano (1994), lemma 1; Hansen (2005), section 3.2.
fn long_run_variance(series: &[f64], going_on: f64) -> f64 {
    let bars = bars_f64(series.len());
    // The sums over lags from 1 on of q^i x, and of i q^i x.
    let [mut faded, mut by_lag] = [0.0; 2];
    let [mut squares, mut products] = [0.0; 2];
    for turn in 0..2 {
        for one in series {
            if turn == 1 {
                squares += one * one;
                products += one * (faded - by_lag / bars);
            }
            by_lag = going_on * (one + faded + by_lag);
            faded = going_on * (one + faded);
        }
    }
    (squares + 2.0 * products) / bars
}

#[cfg(test)]
mod tests {
    use super::super::normal;
    use super::super::random::{Random, unit};
    use super::*;

    /// Draws that the published p-values were measured on: a linear congruential generator, written out.
    fn example() -> (Vec<f64>, Vec<Vec<f64>>) {
        let mut state = 12_345_u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let uniform = unit(state);
            normal::quantile(0.999_998 * uniform + 1e-6)
        };
        let benchmark: Vec<f64> = (0..500).map(|_| draw()).collect();
        let mut models = vec![Vec::new(); 5];
        for _ in 0..500 {
            for (model, better) in models.iter_mut().zip([0.0, 0.05, 0.10, 0.15, -0.1]) {
                model.push(draw() - better);
            }
        }
        (benchmark, models)
    }

    /// The p-values of the example. There returns are losses: less is better.
    fn p_values(studentised: bool, seed: u64) -> [f64; 3] {
        let (benchmark, models) = example();
        let negated = |series: &[f64]| series.iter().map(|one| -one).collect::<Vec<_>>();
        let test = SpaTest::new(negated(&benchmark), 20_000, 10.0, seed);
        let mut test = if studentised { test } else { test.not_studentised() };
        models.iter().for_each(|model| test.add(&negated(model)));
        let found = test.finish();
        [found.lower, found.consistent, found.upper]
    }

    /// Shares of 20,000 draws, so that each has a standard error of 0.0012 to 0.0017.
    #[track_caller]
    fn are_near(found: [f64; 3], ranges: [(f64, f64); 3]) {
        for (found, (low, high)) in found.into_iter().zip(ranges) {
            assert!(low - 0.004 < found && found < high + 0.004, "{found}, expected {low} to {high}");
        }
    }

    #[test]
    fn the_p_values_of_the_reference_are_met() {
        // arch 8.0.0, whose statistic is not studentised whatever it is asked for; and the same draws by their deviation.
        are_near(p_values(false, 1), [(0.0278, 0.0286), (0.0293, 0.0302), (0.0349, 0.0370)]);
        are_near(p_values(true, 1), [(0.0403, 0.0418), (0.0503, 0.0523), (0.0593, 0.0626)]);
    }

    #[test]
    fn the_variance_is_that_of_all_lags_one_by_one() {
        let mut random = Random::new(9);
        let series: Vec<f64> = (0..300).map(|_| random.normal()).collect();
        let mean = series.iter().sum::<f64>() / 300.0;
        let series: Vec<f64> = series.iter().map(|one| one - mean).collect();
        for going_on in [0.0, 0.5, 0.9_f64] {
            let mut expected = series.iter().map(|one| one * one).sum::<f64>() / 300.0;
            for (lag, shifted) in (1..300).zip((1..300).map(|lag| &series[lag..])) {
                let (share, left) = (f64::from(lag) / 300.0, 300 - lag);
                let weight = (1.0 - share) * going_on.powi(lag) + share * going_on.powi(left);
                let products: f64 = series.iter().zip(shifted).map(|(one, other)| one * other).sum();
                expected += 2.0 * weight * products / 300.0;
            }
            let found = long_run_variance(&series, going_on);
            assert!((found - expected).abs() < 1e-10, "{going_on}: {found}, not {expected}");
        }
    }

    #[test]
    fn parts_make_the_same_test_in_any_order() {
        let (benchmark, models) = example();
        let empty = SpaTest::new(benchmark, 200, 10.0, 4);
        let part = |models: &[Vec<f64>]| {
            let mut part = empty.clone();
            models.iter().for_each(|model| part.add(model));
            part
        };
        let (whole, mut first, second) = (part(&models), part(&models[..2]), part(&models[2..]));
        first.merge(&second);
        assert_eq!((first.finish(), first.drawn), (whole.finish(), whole.drawn));
    }

    #[test]
    fn nothing_above_the_benchmark_is_no_finding() {
        let (benchmark, _) = example();
        let mut test = SpaTest::new(benchmark.clone(), 100, 10.0, 4);
        test.add(&benchmark);
        test.add(&benchmark.iter().map(|one| one - 0.1).collect::<Vec<_>>());
        assert_eq!(test.finish(), Spa { trials: 2, lower: 1.0, consistent: 1.0, upper: 1.0 });
    }
}
