//! Weights: a column of target weights, ordered every few bars.

#![forbid(unsafe_code)]

use super::tape::{Filled, Tape};
use crate::sweep::broker::{Ledger, Reason};

/// A column of target weights, ordered every few bars.
///
/// # Examples
/// ```
/// use lookback::sweep::Weights;
/// let column = [f64::NAN, 0.5, 0.6, 0.4];
/// let weights = Weights { column: &column, every: 2 };
/// assert_eq!(weights.column.len(), 4);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Weights<'a> {
    /// A share of equity for each of the asset's bars, from -1 (all of it short) to 1; NaN orders nothing.
    pub column: &'a [f64],
    /// Bars from one order to the next, at least 1: at the closes of the run's first bar, and of every so many after it.
    pub every: usize,
}

/// A weight that no account can have, and the bar of the run that asked for it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::sweep) struct OutOfRange {
    pub(in crate::sweep) bar: usize,
    pub(in crate::sweep) weight: f64,
}

impl Weights<'_> {
    /// Trades over a run with one account; `on_fill` sees every fill, oldest first.
    pub(in crate::sweep) fn walk(
        &self,
        tape: &Tape<'_>,
        ledger: &mut Ledger<'_>,
        mut on_fill: impl FnMut(&Filled),
    ) -> Result<(), OutOfRange> {
        let column = self.column.get(tape.first..).unwrap_or_default();
        let asked = column.iter().copied().enumerate().take(tape.bars()).step_by(self.every.max(1));
        for (bar, weight) in asked.filter(|(_, weight)| !weight.is_nan()) {
            if !(-1.0..=1.0).contains(&weight) {
                return Err(OutOfRange { bar, weight });
            }
            let Some((bar, price, at)) = tape.fill(bar) else { break };
            if let Some(execution) = ledger.fill_at(bar, price, weight) {
                on_fill(&Filled { bar, price, at, weight, execution, reason: Reason::Signal });
            }
        }
        Ok(())
    }
}
