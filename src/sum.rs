//! Sums that do not drift.

#![forbid(unsafe_code)]

/// A sum in two numbers: what adding loses in the first is kept in the second.
///
/// The two are put together only where the sum is read, so that one bar waits for the one before for two additions
/// and not for twelve: a column costs a tenth of what it costs when each step is normalised.
///
/// - Source: Knuth, The Art of Computer Programming 2, 4.2.2, theorem B (the exact error of a sum).
#[derive(Clone, Copy, Default)]
pub(crate) struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    pub(crate) fn add(self, value: f64) -> Self {
        let (high, error) = two_sum(self.high, value);
        Self { high, low: self.low + error }
    }

    /// Adds the exact product of two numbers.
    pub(crate) fn add_product(self, a: f64, b: f64) -> Self {
        let (product, rest) = two_product(a, b);
        let (high, error) = two_sum(self.high, product);
        Self { high, low: self.low + (error + rest) }
    }

    /// The product of two sums, to twice the precision.
    pub(crate) fn times(self, other: Self) -> Self {
        let ((a, a_rest), (b, b_rest)) = (two_sum(self.high, self.low), two_sum(other.high, other.low));
        let (high, error) = two_product(a, b);
        Self { high, low: error + (a * b_rest + a_rest * b) }
    }

    /// The difference of two sums, to twice the precision of the larger.
    pub(crate) fn minus(self, other: Self) -> Self {
        let (high, error) = two_sum(self.high, -other.high);
        Self { high, low: error + (self.low - other.low) }
    }

    pub(crate) fn value(self) -> f64 {
        self.high + self.low
    }

    /// The sum as it is added up, and what that lost.
    #[cfg(feature = "sweep")]
    pub(crate) fn parts(self) -> (f64, f64) {
        (self.high, self.low)
    }
}

impl From<f64> for Sum {
    fn from(value: f64) -> Self {
        Self { high: value, low: 0.0 }
    }
}

/// The rounded sum of two numbers and the exact rest.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}

/// The rounded product of two numbers and the exact rest, without a fused multiply-add, which not every machine has;
/// the rest is NaN for factors above 1e300.
///
/// - Source: Dekker, A floating-point technique for extending the available precision (1971), mul12.
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
    let product = a * b;
    (product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low)
}

/// A number as the sum of two with 26 bits each, so that their products are exact.
fn halves(value: f64) -> (f64, f64) {
    /// 2^27 + 1.
    const SPLITTER: f64 = 134_217_729.0;
    let scaled = SPLITTER * value;
    let high = scaled - (scaled - value);
    (high, value - high)
}

/// Calls `each` for every value in order, with the sum of the last `bars` values up to it; NaN until there are that
/// many in a row that are finite, for 0 bars, and where the sum is more than a number can hold.
///
/// One addition and one subtraction a bar, in twice the precision: the sum is right to the last place whatever the
/// length of the series.
pub(crate) fn rolling(values: &[f64], bars: usize, mut each: impl FnMut(f64)) {
    let mut sum = Sum::default();
    let mut run = 0_usize;
    for (bar, &value) in values.iter().enumerate() {
        if value.is_finite() {
            sum = sum.add(value);
            run += 1;
        } else {
            (sum, run) = (Sum::default(), 0);
        }
        if run > bars {
            sum = sum.add(-values[bar - bars]);
        }
        if !sum.value().is_finite() {
            sum = values[bar + 1 - run.min(bars)..=bar]
                .iter()
                .fold(Sum::default(), |sum, value| sum.add(*value));
        }
        let is_defined = run >= bars && run > 0 && sum.value().is_finite();
        each(if is_defined { sum.value() } else { f64::NAN });
    }
}

/// Appends the mean of the last `bars` values at each place; NaN where [`rolling`] is.
///
/// An average of equal prices is that price.
pub(crate) fn means(values: &[f64], bars: usize, means: &mut Vec<f64>) {
    #[expect(clippy::cast_precision_loss, reason = "a series has fewer than 2^53 bars")]
    let divisor = bars as f64;
    means.reserve(values.len());
    rolling(values, bars, |sum| means.push(sum / divisor));
}
