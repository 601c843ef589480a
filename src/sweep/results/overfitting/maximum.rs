//! The largest of many normal draws: what the best of many worthless trials looks like.

#![forbid(unsafe_code)]

use std::f64::consts::E;

use super::normal;

/// The Euler-Mascheroni constant.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// Steps of the integral over a unit: the integrand is smooth and dies away on both sides, so that the trapezoidal rule
/// is exact to rounding long before.
const STEPS: i32 = 64;

/// The expected largest of `count` standard normal draws, by the approximation that the deflated Sharpe ratio is defined
/// with; 0 for at most one draw.
///
/// `count` need not be whole: an effective number of trials is not.
///
/// - Source: Bailey, López de Prado, The Deflated Sharpe Ratio (2014), equation 1 (False Strategy theorem).
///
/// # Examples
/// ```
/// // The best of 45 worthless strategies has an annual Sharpe ratio of 1 over five years.
/// let sharpe = lookback::sweep::expected_maximum(45.0) / 5_f64.sqrt();
/// assert_eq!(format!("{sharpe:.5}"), "0.99981");
/// ```
#[must_use]
pub fn expected_maximum(count: f64) -> f64 {
    if count <= 1.0 {
        return 0.0;
    }
    // By symmetry from the lower tail, where a small probability has all its digits.
    let [body, tail] = [1.0 / count, 1.0 / (count * E)].map(|tail| -normal::quantile(tail));
    // Below two draws the approximation falls under the mean of a single one.
    ((1.0 - EULER_GAMMA) * body + EULER_GAMMA * tail).max(0.0)
}

/// The standard deviation of the largest of `count` standard normal draws, by which the second edition of the deflated
/// Sharpe ratio scales its standard error; 1 for at most one draw.
///
/// - Source: López de Prado, Lipton, Zoonekynd, How to use the Sharpe Ratio (2025), exhibit 3; here integrated.
///
/// # Examples
/// ```
/// assert_eq!(format!("{:.5}", lookback::sweep::deviation_of_maximum(10.0)), "0.58681");
/// ```
#[must_use]
pub fn deviation_of_maximum(count: f64) -> f64 {
    if count <= 1.0 {
        return 1.0;
    }
    let [mut weights, mut firsts, mut seconds] = [0.0; 3];
    for step in -10 * STEPS..=16 * STEPS {
        let x = f64::from(step) / f64::from(STEPS);
        let above = normal::probability(-x);
        let weight = normal::density(x) * libm::exp((count - 1.0) * libm::log1p(-above));
        weights += weight;
        firsts += weight * x;
        seconds += weight * x * x;
    }
    let mean = firsts / weights;
    (seconds / weights - mean * mean).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_maxima_are_met() {
        let printed =
            [(10.0, 1.574_598), (45.0, 2.235_640), (46.0, 2.244_171), (88.0, 2.485_295), (100.0, 2.530_603)];
        for (count, expected) in printed {
            assert!((expected_maximum(count) - expected).abs() < 5.1e-7, "{count}");
        }
        assert_eq!((expected_maximum(1.0), expected_maximum(1.1)), (0.0, 0.0));
        assert!(expected_maximum(1e9) > 6.0 && expected_maximum(1e9) < 6.2);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "a single draw is not integrated")]
    fn the_published_deviations_of_a_maximum_are_met() {
        let printed = [(2.0, 0.82565), (3.0, 0.74798), (5.0, 0.66898), (10.0, 0.58681), (100.0, 0.42942)];
        for (count, expected) in printed {
            assert!((deviation_of_maximum(count) - expected).abs() < 5.1e-6, "{count}");
        }
        // At 20 and 50 the exhibit prints 0.52131 and 0.46334. The integral differs in the third digit, and agrees with
        // tables of order statistics: a variance of 0.2757 for 20 draws.
        for (count, exhibit, expected) in [(20.0, 0.52131, 0.525_068), (50.0, 0.46334, 0.464_449)] {
            let found = deviation_of_maximum(count);
            assert!((found - expected).abs() < 5.1e-7 && (found - exhibit).abs() < 4e-3, "{count}: {found}");
        }
        assert_eq!(deviation_of_maximum(1.0), 1.0);
        assert!((deviation_of_maximum(1.0 + 1e-12) - 1.0).abs() < 1e-9);
        // Towards the limit of the extreme value distribution: pi / sqrt(6) by the scale at that count.
        let scale = 1.0 / (2.0 * 1e9_f64.ln()).sqrt();
        let limit = std::f64::consts::PI / 6_f64.sqrt() * scale;
        assert!((deviation_of_maximum(1e9) / limit - 1.0).abs() < 0.1);
    }
}
