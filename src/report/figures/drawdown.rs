//! Stretches below the highest equity so far.

#![forbid(unsafe_code)]

use crate::time::Timestamp;

/// One stretch below the highest equity so far.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Drawdown {
    /// The bar of the highest equity before it; the first bar where that was the cash.
    pub peak: Timestamp,
    /// The bar of the lowest equity.
    pub valley: Timestamp,
    /// The first bar that is no lower than the peak; `None` where there is none.
    pub recovered: Option<Timestamp>,
    /// The lowest equity by that of the peak, less 1: below 0.
    pub depth: f64,
    /// Bars below the peak.
    pub bars: usize,
}

/// Equity by its highest so far, less 1.
pub(super) fn underwater(equity: &[f64], cash: f64) -> Vec<f64> {
    let mut peak = cash;
    equity
        .iter()
        .map(|now| {
            peak = peak.max(*now);
            now / peak - 1.0
        })
        .collect()
}

/// All of them, the earliest first.
pub(super) fn all(moments: &[Timestamp], equity: &[f64], cash: f64) -> Vec<Drawdown> {
    let mut found: Vec<Drawdown> = Vec::new();
    let mut open: Option<Drawdown> = None;
    let mut peak = *moments.first().unwrap_or(&Timestamp(0));
    for (moment, depth) in moments.iter().zip(underwater(equity, cash)) {
        if depth < 0.0 {
            let stretch =
                open.get_or_insert(Drawdown { peak, valley: *moment, recovered: None, depth, bars: 0 });
            stretch.bars += 1;
            if depth < stretch.depth {
                (stretch.valley, stretch.depth) = (*moment, depth);
            }
        } else {
            found.extend(open.take().map(|stretch| Drawdown { recovered: Some(*moment), ..stretch }));
            peak = *moment;
        }
    }
    found.extend(open);
    found
}

#[cfg(test)]
mod tests {
    use super::super::Figures;
    use super::*;
    use crate::time::DAY_NS;

    fn day(day: i64) -> Timestamp {
        Timestamp(day * DAY_NS)
    }

    #[test]
    fn a_drawdown_runs_from_its_peak_to_the_bar_that_is_no_lower() {
        let figures = Figures::of_days(100.0, &[90.0, 100.0, 120.0, 60.0, 90.0, 120.0, 119.0]);
        let found = figures.drawdowns(9);
        let deepest =
            Drawdown { peak: day(2), valley: day(3), recovered: Some(day(5)), depth: -0.5, bars: 2 };
        assert_eq!(found[0], deepest);
        assert_eq!((found[1].peak, found[1].recovered, found[1].bars), (day(0), Some(day(1)), 1));
        assert_eq!((found[2].peak, found[2].recovered, found.len()), (day(5), None, 3));
        assert_eq!(figures.drawdowns(1).len(), 1);
    }

    #[test]
    fn an_account_that_only_rises_has_none() {
        assert_eq!(Figures::of_days(1.0, &[1.0, 1.0, 2.0]).drawdowns(5), []);
        assert_eq!(Figures::of_days(1.0, &[]).drawdowns(5), []);
    }
}
