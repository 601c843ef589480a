//! Derives splits and dividends from adjusted closes, each from the rows up to its own day.
//!
//! Between two events the factor adjusted / close is constant; each event is a step of it. Both columns are printed
//! with rounding, so each bar only bounds the factor: by the smallest and largest quotient that its two printed
//! values allow. A stretch goes on while the bounds of its bars have a factor in common; where none is left, there
//! was a step. Ending stretches as late as possible finds the fewest steps that explain the file: never more events
//! than there were, and never one before its date, which would be look-ahead.
//!
//! **No later row has a say.** Whether there was a step at a bar, and how large it was, is decided from the rows up to
//! that bar: the events of a file's first rows are the first events of the file, to the bit. So the factor after a
//! step is known as well as one row prints it, and no better; [`Derived::within`] says how well that is.
//!
//! **The rounding of a column** is read off its digits. A file prints either a fixed number of decimals or a fixed
//! number of significant digits, mostly with trailing zeros cut; the most of each that were seen bound both, and each
//! value gets the wider of the two. Beyond that, no value is trusted past single precision: vendors that compute in
//! it print more digits than they have.
//!
//! **The close** may be what the factor was applied to, to the last digit, or the rounding of something finer (a
//! price in sixteenths, printed in cents). Taken as rounded it hides small dividends of cheap stocks; taken as exact
//! where it is not, it makes noise look like events. So both are tried, and what only the exact reading sees is
//! believed once rows in a row have agreed on a factor by more than chance.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

use super::SMALLEST_SPLIT;
use super::rounding::{self, Bounds, Places, Printed};
use crate::bundle::AdjustmentKind;

/// A bar says something of the close's exactness where the adjusted close is finer than the close by this much.
const MUCH_FINER: f64 = 10.0;

/// Decimal digits by which rows must have agreed beyond chance before the close is taken as exact: three rows of a fine
/// column, eleven of one that is barely much finer. Noise would pass for agreement once in 10^7 times, or more rarely.
const CHANCE_DIGITS: f64 = 7.5;

/// Noise ends a stretch within two bars; a real payer is quiet for longer.
const QUIET_BARS: usize = 3;

/// Of a split and a dividend on one day, the dividend takes at most this share of the price.
const LARGEST_DIVIDEND_WITH_SPLIT: f64 = 0.05;

/// The splits and dividends that closes and adjusted closes tell of, each with the bar from whose open it applies.
///
/// Oldest first. Dividends come as factors: the cash is not in the columns. A step is called a split only where it is
/// a ratio of small integers, or one with a dividend of at most 5 % on the same day. Events after the last bar cannot
/// be seen; those before are relative to it. Values are as printed, with any trailing zeros; prices above 0.
///
/// Each event is derived from the rows up to its own bar: whatever the rows after it, it stays the same, to the bit.
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
/// let events = derive_adjustments(&closes, &adjusted);
/// assert_eq!(events, [(2, AdjustmentKind::Split(2.0))]);
/// assert_eq!(derive_adjustments(&closes[..3], &adjusted[..3]), events);
/// ```
#[must_use]
pub fn derive_adjustments(closes: &[Decimal], adjusted: &[Decimal]) -> Vec<(usize, AdjustmentKind)> {
    Derived::from(closes, adjusted).events
}

/// The events of an asset.
#[derive(Debug, Default)]
pub(in crate::bundle) struct Derived {
    /// Oldest first, each with its bar.
    pub(in crate::bundle) events: Vec<(usize, AdjustmentKind)>,
    /// How far a factor may be from the true one, as a share of it: the widest of all. Splits are exact.
    pub(in crate::bundle) within: f64,
}

impl Derived {
    /// Reads two columns of one length.
    fn from(closes: &[Decimal], adjusted: &[Decimal]) -> Self {
        Self::beyond(closes, adjusted, |_| 1.0)
    }

    /// What two columns tell beyond what is known: `known` is what a bar's close is multiplied by to undo the events up
    /// to it.
    pub(super) fn beyond(closes: &[Decimal], adjusted: &[Decimal], known: impl Fn(usize) -> f64) -> Self {
        assert_eq!(closes.len(), adjusted.len(), "a bar has a close and an adjusted close");
        let printed = |column: &[Decimal]| column.iter().copied().map(Printed::new).collect::<Vec<_>>();
        let (closes, adjusted) = (printed(closes), printed(adjusted));
        let mut derivation = Derivation::default();
        let mut derived = Self::default();
        for bar in 0..closes.len() {
            let Some(step) = derivation.next(&closes, &adjusted, &known, bar) else { continue };
            let kinds = step.kinds();
            if kinds.iter().any(|kind| !kind.is_split()) {
                derived.within = derived.within.max(step.bounds.half_width());
            }
            derived.events.extend(kinds.into_iter().map(|kind| (bar, kind)));
        }
        derived
    }
}

/// What is known of a file after some of its rows.
#[derive(Default)]
struct Derivation {
    close_places: Places,
    adjusted_places: Places,
    rounded: Reading,
    exact: Reading,
    /// Decimal digits by which the rows of the exact reading's stretch agree beyond chance.
    agreement: f64,
}

impl Derivation {
    /// Takes in one more bar; the step that it shows, if any.
    fn next(
        &mut self,
        closes: &[Printed],
        adjusted: &[Printed],
        known: &impl Fn(usize) -> f64,
        bar: usize,
    ) -> Option<Step> {
        let finer = self.close_places.see(&closes[bar]) | self.adjusted_places.see(&adjusted[bar]);
        let (close_places, adjusted_places) = (self.close_places, self.adjusted_places);
        let rounded = |bar: usize| {
            close_places.rounded(&closes[bar]).times(known(bar)).over(adjusted_places.rounded(&adjusted[bar]))
        };
        let exact = |bar: usize| {
            rounding::exact(&closes[bar]).times(known(bar)).over(adjusted_places.rounded(&adjusted[bar]))
        };
        let by_rounded = self.rounded.next(bar, finer, rounded);
        let by_exact = self.exact.next(bar, finer, exact);

        let is_trusted = self.agreement >= CHANCE_DIGITS;
        match by_exact {
            Some(_) => self.agreement = 0.0,
            // The same close again is rounded the same way again: that tells nothing.
            None if self.exact.bars(bar) > 1 && !closes[bar].is_same(&closes[bar - 1]) => {
                // Two bounds of half a width each meet where they are within twice that: half the odds of one point.
                let sharper = rounded(bar).half_width() / exact(bar).half_width();
                self.agreement += if sharper >= MUCH_FINER { (0.5 * sharper).log10() } else { 0.0 };
            }
            None => {}
        }
        match (by_rounded, by_exact) {
            (_, Some(step)) if is_trusted => {
                self.rounded.restart(bar, rounded(bar));
                Some(step)
            }
            // The steps are one. What rows have agreed on is the better estimate, the rounding the safer bound.
            (Some(wide), Some(step)) if step.bars_before >= QUIET_BARS => {
                Some(Step { ratio: step.ratio, ..wide })
            }
            (step, _) => step,
        }
    }
}

/// One way of reading the closes: the stretch of bars that have a factor in common, up to the last one read.
#[derive(Default)]
struct Reading {
    start: usize,
    /// Close / adjusted.
    factor: Option<Bounds>,
}

impl Reading {
    /// Takes in one more bar; the step before it, if there is one. Where the columns turned out `finer` than they had
    /// shown, the stretch is read again: a step that was hidden in it is known from this bar on.
    fn next(&mut self, bar: usize, finer: bool, bounds: impl Fn(usize) -> Bounds) -> Option<Step> {
        let from = if finer { self.start } else { bar };
        let mut before = None;
        if finer {
            self.factor = None;
        }
        for at in from..=bar {
            let row = bounds(at);
            match self.factor {
                None => self.restart(at, row),
                Some(factor) => match factor.and(row) {
                    Some(both) => self.factor = Some(both),
                    None => {
                        before.get_or_insert((at - self.start, factor));
                        self.restart(at, row);
                    }
                },
            }
        }
        let (bars_before, before) = before?;
        let after = self.factor?;
        Some(Step { bars_before, ratio: before.middle() / after.middle(), bounds: before.over(after) })
    }

    fn restart(&mut self, bar: usize, factor: Bounds) {
        *self = Self { start: bar, factor: Some(factor) };
    }

    /// How many bars the stretch has, up to this one.
    fn bars(&self, bar: usize) -> usize {
        bar + 1 - self.start
    }
}

/// What happened between two stretches.
#[derive(Clone, Copy)]
struct Step {
    /// How many bars had agreed before it.
    bars_before: usize,
    /// What earlier prices are divided by: the best estimate.
    ratio: f64,
    /// Where it lies.
    bounds: Bounds,
}

impl Step {
    fn kinds(&self) -> Vec<AdjustmentKind> {
        if let Some(split) = small_ratio(self.bounds) {
            return vec![AdjustmentKind::Split(split)];
        }
        let together = usual_splits()
            .find(|split| (1.0 - LARGEST_DIVIDEND_WITH_SPLIT..1.0).contains(&(split / self.ratio)));
        match together {
            Some(split) if is_split_sized(self.ratio) => {
                vec![AdjustmentKind::Factor(split / self.ratio), AdjustmentKind::Split(split)]
            }
            _ => vec![AdjustmentKind::Factor(1.0 / self.ratio)],
        }
    }
}

fn is_split_sized(ratio: f64) -> bool {
    ratio >= SMALLEST_SPLIT || ratio <= 1.0 / SMALLEST_SPLIT
}

/// The simplest ratio of small integers within the bounds.
fn small_ratio(bounds: Bounds) -> Option<f64> {
    let simple = (2..=10).flat_map(|sum| (1..sum).map(move |old| (sum - old, old)));
    let larger = (11..=19).flat_map(|sum| (sum - 10..=10).map(move |old| (sum - old, old)));
    let whole = (10..=100).flat_map(|many| [(many, 1), (1, many)]);
    simple
        .chain(larger)
        .chain(whole)
        .map(|(new, old)| f64::from(new) / f64::from(old))
        .find(|ratio| is_split_sized(*ratio) && bounds.hold(*ratio))
}

/// The splits that may hide behind a dividend of the same day: others would explain any step.
fn usual_splits() -> impl Iterator<Item = f64> {
    let whole = (2..=10).flat_map(|many| [f64::from(many), 1.0 / f64::from(many)]);
    std::iter::once(1.5).chain(whole)
}
