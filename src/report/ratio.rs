//! Sums over returns, as every figure of a page means them.

#![forbid(unsafe_code)]

/// How many there are, as a number.
#[expect(clippy::cast_precision_loss, reason = "counts of bars stay far below 2^53")]
pub(super) fn number(count: usize) -> f64 {
    count as f64
}

/// A whole number that is not below 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts saturate, and NaN is 0")]
pub(super) fn whole(value: f64) -> usize {
    value as usize
}

/// `None` of none.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / number(values.len()))
}

/// The sample standard deviation; `None` of fewer than two. Rounding is no deviation.
pub(super) fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|one| (one - mean) * (one - mean)).sum();
    let all: f64 = values.iter().map(|one| one * one).sum();
    (values.len() > 1)
        .then(|| if squares > 1e-13 * all { (squares / number(values.len() - 1)).sqrt() } else { 0.0 })
}

/// Mean by deviation, per bar; `None` where returns do not vary.
pub(super) fn sharpe(returns: &[f64]) -> Option<f64> {
    let deviation = deviation(returns).filter(|deviation| *deviation > 0.0)?;
    Some(mean(returns)? / deviation)
}

/// Where one number divides another.
pub(super) fn over(a: f64, b: f64) -> Option<f64> {
    (b != 0.0 && a.is_finite() && b.is_finite()).then(|| a / b)
}

/// The value below which this share of them lies, between two of them by interpolation; `None` of none.
pub(super) fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let place = share.clamp(0.0, 1.0) * number(last);
    let below = whole(place.floor()).min(last);
    let (low, high) = (sorted[below], sorted[last.min(below + 1)]);
    Some(low + (place - number(below)) * (high - low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_vary_has_no_ratio_and_nothing_divides_by_nothing() {
        assert_eq!((sharpe(&[0.1; 9]), sharpe(&[0.1]), sharpe(&[])), (None, None, None));
        assert_eq!((over(1.0, 0.0), over(1.0, 2.0), mean(&[])), (None, Some(0.5), None));
        assert_eq!(deviation(&[1.0, 3.0]), Some(2.0_f64.sqrt()));
    }

    #[test]
    fn quantiles_lie_between_two_values() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!([0.0, 0.5, 1.0].map(|share| quantile(&values, share)), [Some(1.0), Some(2.5), Some(4.0)]);
        assert_eq!(quantile(&[], 0.5), None);
    }
}
