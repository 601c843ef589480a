//! The haircut of a Sharpe ratio: what is left of it once as many tests as were made are paid for.

#![forbid(unsafe_code)]

/// A Sharpe ratio before and after the price of many tests. Annual, as Harvey and Liu give it.
///
/// # Examples
/// ```
/// use lookback::sweep::Haircut;
/// // Ten years of months at 1 a year, autocorrelated by 0.1, the best of 100 tests.
/// let haircut = Haircut::new(1.0, 12.0, 120.0, 0.1, 100.0);
/// assert_eq!(format!("{:.6} {:.6} {:.4}", haircut.sharpe, haircut.p_value, haircut.adjusted_p_value), "0.912245 0.004651 0.4651");
/// assert!(haircut.adjusted_sharpe < 0.25);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Haircut {
    /// The annual Sharpe ratio without what autocorrelation makes of it.
    pub sharpe: f64,
    /// Its t statistic.
    pub statistic: f64,
    /// The two-sided probability of such a ratio by luck, in one test.
    pub p_value: f64,
    /// The same in as many tests, by Bonferroni's bound: at most 1.
    pub adjusted_p_value: f64,
    /// The annual Sharpe ratio that one test would need for the adjusted probability.
    pub adjusted_sharpe: f64,
}

impl Haircut {
    /// Of an annual Sharpe ratio over `periods`, of which a year has `periods_per_year`, with a first autocorrelation of
    /// the returns, and the best of `tests`.
    ///
    /// Bonferroni's bound takes the tests as independent: it is the strictest of the three adjustments of the paper, and
    /// the only one without a simulation.
    ///
    /// - Source: Harvey, Liu, Backtesting (2015); Lo, The Statistics of Sharpe Ratios (2002), equation 20, for the
    ///   autocorrelation.
    #[must_use]
    pub fn new(sharpe: f64, periods_per_year: f64, periods: f64, autocorrelation: f64, tests: f64) -> Self {
        let years = periods / periods_per_year;
        let sharpe = sharpe * without(autocorrelation, periods_per_year);
        let statistic = sharpe * years.sqrt();
        let p_value = two_sided(statistic, periods - 1.0);
        let adjusted_p_value = (p_value * tests.max(1.0)).min(1.0);
        let adjusted = inverse_two_sided(adjusted_p_value, periods - 1.0) / years.sqrt();
        Self { sharpe, statistic, p_value, adjusted_p_value, adjusted_sharpe: adjusted.copysign(sharpe) }
    }
}

/// The factor that takes an annual ratio of autocorrelated periods to what independent ones would have.
fn without(autocorrelation: f64, periods_per_year: f64) -> f64 {
    let (rho, year) = (autocorrelation, periods_per_year);
    let weights = (1.0 - libm::pow(rho, year)) / (year * (1.0 - rho));
    (1.0 + 2.0 * rho / (1.0 - rho) * (1.0 - weights)).sqrt().recip()
}

/// The probability of at least such a t statistic in either direction.
fn two_sided(statistic: f64, degrees: f64) -> f64 {
    let square = statistic * statistic;
    incomplete_beta(degrees / (degrees + square), degrees / 2.0, 0.5)
}

/// The t statistic of a two-sided probability, at least 0: by bisection, as it is asked for once.
fn inverse_two_sided(probability: f64, degrees: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while two_sided(high, degrees) > probability && high < 1e6 {
        high *= 2.0;
    }
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if two_sided(middle, degrees) > probability { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The regularised incomplete beta function.
///
/// - Source: Abramowitz, Stegun, Handbook of Mathematical Functions, 26.5.8, as a continued fraction by Lentz's method.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    if x <= 0.0 {
        return 0.0;
    }
    let logarithm =
        a * libm::log(x) + b * libm::log1p(-x) + libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
    let away_from_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut fraction, mut c, mut d) = (1.0, 1.0, 0.0);
    for step in 0..1000 {
        let m = f64::from(step / 2);
        let numerator = match step {
            0 => 1.0,
            step if step % 2 == 0 => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            _ => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        };
        d = away_from_zero(1.0 + numerator * d).recip();
        c = away_from_zero(1.0 + numerator / c);
        fraction *= c * d;
        if step > 0 && (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    libm::exp(logarithm) / a * (fraction - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_is_met() {
        let found = Haircut::new(1.0, 12.0, 120.0, 0.1, 100.0);
        let text = format!(
            "{:.6} {:.6} {:.6} {:.4}",
            found.sharpe, found.statistic, found.p_value, found.adjusted_p_value
        );
        assert_eq!(text, "0.912245 2.884773 0.004651 0.4651");
        // One test has no haircut.
        let alone = Haircut::new(1.0, 12.0, 120.0, 0.1, 1.0);
        assert!((alone.adjusted_sharpe - alone.sharpe).abs() < 1e-9);
        assert!(Haircut::new(1.0, 12.0, 120.0, 0.1, 1e9).adjusted_sharpe.abs() < 1e-9);
        assert!(Haircut::new(-1.0, 12.0, 120.0, 0.0, 10.0).adjusted_sharpe < 0.0);
    }

    #[test]
    fn tables_of_students_distribution_are_met() {
        // 95 % two-sided: 12.706 with 1 degree of freedom, 2.228 with 10, 1.980 with 120.
        for (degrees, expected) in [(1.0, 12.706), (10.0, 2.228), (120.0, 1.980)] {
            assert!((inverse_two_sided(0.05, degrees) - expected).abs() < 5e-4, "{degrees}");
        }
        assert!((two_sided(1.0, 1.0) - 0.5).abs() < 1e-14);
    }
}
