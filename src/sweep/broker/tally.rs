//! What the metrics of a trial are made of, gathered span by span.

#![forbid(unsafe_code)]

/// What the metrics of a trial are made of.
#[derive(Clone, Copy, Debug)]
pub(in crate::sweep) struct Tally {
    pub(in crate::sweep) returns: f64,
    pub(in crate::sweep) squares: f64,
    pub(in crate::sweep) downside: f64,
    pub(in crate::sweep) equities: f64,
    /// The lowest equity by the peak before it; 1 where it never fell.
    pub(in crate::sweep) lowest_ratio: f64,
    /// The longest stretch of bars below a peak.
    pub(in crate::sweep) longest_below: usize,
    pub(in crate::sweep) held_bars: usize,
    pub(in crate::sweep) notional: f64,
    pub(in crate::sweep) costs: f64,
    pub(in crate::sweep) trades: u32,
    pub(in crate::sweep) wins: u32,
    pub(in crate::sweep) open_trades: u32,
    pub(in crate::sweep) gross_profit: f64,
    pub(in crate::sweep) gross_loss: f64,
    pub(in crate::sweep) last_equity: f64,
    /// The first bar at whose close nothing was left: a short position can lose more than the account holds.
    pub(in crate::sweep) ruined_at: Option<usize>,
}

impl Tally {
    pub(super) fn new(cash: f64) -> Self {
        Self {
            returns: 0.0,
            squares: 0.0,
            downside: 0.0,
            equities: 0.0,
            lowest_ratio: 1.0,
            longest_below: 0,
            held_bars: 0,
            notional: 0.0,
            costs: 0.0,
            trades: 0,
            wins: 0,
            open_trades: 0,
            gross_profit: 0.0,
            gross_loss: 0.0,
            last_equity: cash,
            ruined_at: None,
        }
    }
}

/// A count of bars as a factor; exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "no series has 2^53 bars")]
pub(in crate::sweep) fn bars_f64(bars: usize) -> f64 {
    bars as f64
}
