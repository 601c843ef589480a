//! Derives splits and dividends from adjusted closes.
//!
//! Between two events the factor adjusted / close is constant; each event is a step of it. Both columns are printed
//! with rounding, so each bar only bounds the factor: by the smallest and largest quotient that its two printed
//! values allow. A stretch goes on while the bounds of its bars have a factor in common; where none is left, there
//! was a step. Ending stretches as late as possible finds the fewest steps that explain the file: never more events
//! than there were, and never one before its date, which would be look-ahead.
//!
//! **The rounding of a column** is read off its digits. A file prints either a fixed number of decimals or a fixed
//! number of significant digits, mostly with trailing zeros cut; the column's most of each bounds both, and each
//! value gets the wider of the two. Beyond that, no value is trusted past single precision: vendors that compute in
//! it print more digits than they have.
//!
//! **The close** may be what the factor was applied to, to the last digit, or the rounding of something finer (a
//! price in sixteenths, printed in cents). Taken as rounded it hides small dividends of cheap stocks; taken as exact
//! where it is not, it makes noise look like events. So where the adjusted close is much finer, both are tried,
//! and the exact reading is believed if what it finds beyond the other does not look like noise.

#![forbid(unsafe_code)]

use std::ops::Range;

use rust_decimal::Decimal;

use crate::bundle::adjustment::AdjustmentKind;
use crate::decimal;

/// Half a unit in the last place of single precision.
const SINGLE_PRECISION: f64 = 1.0 / (1 << 24) as f64;

/// The adjusted close must be finer than the close by this much to tell whether the close is exact.
const MUCH_FINER: f64 = 10.0;

/// Noise ends a stretch within two bars; a real payer is quiet for longer.
const QUIET_BARS: usize = 3;

/// A smaller split is not told from a dividend: 4:5 is the nearest to 1 that companies make.
const SMALLEST_SPLIT: f64 = 1.25;

/// Of a split and a dividend on one day, the dividend takes at most this share of the price.
const LARGEST_DIVIDEND_WITH_SPLIT: f64 = 0.05;

/// The splits and dividends that closes and adjusted closes tell of, each with the bar from whose open it applies.
///
/// Oldest first. Dividends come as factors: the cash is not in the columns. A step is called a split only where it is
/// a ratio of small integers, or one with a dividend of at most 5 % on the same day. Events after the last bar cannot
/// be seen; those before are relative to it. Values are as printed, with any trailing zeros; prices above 0.
///
/// # Panics
/// Where the columns differ in length.
///
/// # Examples
/// ```
/// use lookback::bundle::{AdjustmentKind, derive_adjustments};
/// let column = |prices: [&str; 4]| prices.map(|price| price.parse().unwrap());
/// let closes = column(["100.00", "102.00", "51.50", "51.00"]);
/// let adjusted = column(["50.00", "51.00", "51.50", "51.00"]);
/// assert_eq!(derive_adjustments(&closes, &adjusted), [(2, AdjustmentKind::Split(2.0))]);
/// ```
#[must_use]
pub fn derive_adjustments(closes: &[Decimal], adjusted: &[Decimal]) -> Vec<(usize, AdjustmentKind)> {
    assert_eq!(closes.len(), adjusted.len(), "a bar has a close and an adjusted close");
    let stretches = stretches(closes, adjusted);
    stretches.windows(2).flat_map(|pair| step(&pair[0], &pair[1])).collect()
}

/// A stretch of bars with one factor, and the bounds of close / adjusted.
struct Stretch {
    bars: Range<usize>,
    low: f64,
    high: f64,
}

impl Stretch {
    fn middle(&self) -> f64 {
        f64::midpoint(self.low, self.high)
    }
}

fn stretches(closes: &[Decimal], adjusted: &[Decimal]) -> Vec<Stretch> {
    let (closes, adjusted) = (Rounded::column(closes), Rounded::column(adjusted));
    let rounded = walk(&closes, &adjusted);
    let coarseness = |column: &[Rounded]| column.iter().map(|one| one.printed / one.value).sum::<f64>();
    if coarseness(&adjusted) * MUCH_FINER > coarseness(&closes) {
        return rounded;
    }
    let exact_closes: Vec<Rounded> = closes.iter().map(|close| Rounded { printed: 0.0, ..*close }).collect();
    let exact = walk(&exact_closes, &adjusted);
    let known: Vec<usize> = rounded.iter().map(|stretch| stretch.bars.start).collect();
    let is_real = |pair: &[Stretch]| {
        known.binary_search(&pair[1].bars.start).is_ok()
            || pair.iter().all(|one| one.bars.len() >= QUIET_BARS)
    };
    if exact.windows(2).all(is_real) { exact } else { rounded }
}

/// Cuts the bars into the fewest stretches, each ending as late as it can.
fn walk(closes: &[Rounded], adjusted: &[Rounded]) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for (bar, (close, adjusted)) in closes.iter().zip(adjusted).enumerate() {
        let low = close.low() / adjusted.high();
        let high = close.high() / adjusted.low();
        match stretches.last_mut() {
            Some(stretch) if low <= stretch.high && high >= stretch.low => {
                stretch.bars.end = bar + 1;
                stretch.low = stretch.low.max(low);
                stretch.high = stretch.high.min(high);
            }
            _ => stretches.push(Stretch { bars: bar..bar + 1, low, high }),
        }
    }
    stretches
}

/// What happened between two stretches; `ratio` is what earlier prices are divided by.
fn step(before: &Stretch, after: &Stretch) -> Vec<(usize, AdjustmentKind)> {
    let bar = after.bars.start;
    let ratio = before.middle() / after.middle();
    let bounds = before.low / after.high..before.high / after.low;
    if let Some(split) = small_ratio(&bounds) {
        return vec![(bar, AdjustmentKind::Split(split))];
    }
    let together =
        usual_splits().find(|split| (1.0 - LARGEST_DIVIDEND_WITH_SPLIT..1.0).contains(&(split / ratio)));
    match together {
        Some(split) if is_split_sized(ratio) => {
            vec![(bar, AdjustmentKind::Factor(split / ratio)), (bar, AdjustmentKind::Split(split))]
        }
        _ => vec![(bar, AdjustmentKind::Factor(1.0 / ratio))],
    }
}

fn is_split_sized(ratio: f64) -> bool {
    ratio >= SMALLEST_SPLIT || ratio <= 1.0 / SMALLEST_SPLIT
}

/// The simplest ratio of small integers within the bounds.
fn small_ratio(bounds: &Range<f64>) -> Option<f64> {
    let simple = (2..=10).flat_map(|sum| (1..sum).map(move |old| (sum - old, old)));
    let larger = (11..=19).flat_map(|sum| (sum - 10..=10).map(move |old| (sum - old, old)));
    let whole = (10..=100).flat_map(|many| [(many, 1), (1, many)]);
    simple
        .chain(larger)
        .chain(whole)
        .map(|(new, old)| f64::from(new) / f64::from(old))
        .find(|ratio| is_split_sized(*ratio) && *ratio >= bounds.start && *ratio <= bounds.end)
}

/// The splits that may hide behind a dividend of the same day: others would explain any step.
fn usual_splits() -> impl Iterator<Item = f64> {
    let whole = (2..=10).flat_map(|many| [f64::from(many), 1.0 / f64::from(many)]);
    std::iter::once(1.5).chain(whole)
}

/// A printed value and how far the true one may be from it.
#[derive(Clone, Copy)]
struct Rounded {
    value: f64,
    printed: f64,
}

impl Rounded {
    /// Half a unit in the last printed place, by the column's most decimals or most significant digits.
    fn column(values: &[Decimal]) -> Vec<Self> {
        let normal: Vec<Decimal> = values.iter().map(Decimal::normalize).collect();
        let decimals = normal.iter().map(|value| exponent(value.scale())).max().unwrap_or(0);
        let digits = normal.iter().map(digits).max().unwrap_or(0);
        let half_unit = |value: &Decimal| {
            // The place of the last digit: decimals count down from the point.
            let last_of_digits = digits - (self::digits(value) - exponent(value.scale()));
            0.5 * 10.0_f64.powi(-decimals.min(last_of_digits))
        };
        normal
            .iter()
            .map(|value| Self { value: decimal::to_f64(*value), printed: half_unit(value) })
            .collect()
    }

    fn error(&self) -> f64 {
        self.printed + self.value * SINGLE_PRECISION
    }

    /// A value may be no more than its own rounding: it stays above 0.
    fn low(&self) -> f64 {
        (self.value - self.error()).max(self.value * SINGLE_PRECISION)
    }

    fn high(&self) -> f64 {
        self.value + self.error()
    }
}

fn exponent(scale: u32) -> i32 {
    i32::try_from(scale).expect("a decimal's scale is at most 28")
}

/// How many digits a mantissa has.
fn digits(value: &Decimal) -> i32 {
    exponent(value.mantissa().unsigned_abs().checked_ilog10().map_or(0, |log| log + 1))
}
