//! What the metrics of a trial are made of, gathered span by span.

#![forbid(unsafe_code)]

/// What the metrics of a trial are made of.
#[derive(Clone, Copy, Debug)]
pub(in crate::sweep) struct Tally {
    /// Sums of r, the return per bar, and of its second, third and fourth powers.
    pub(in crate::sweep) powers: [f64; 4],
    pub(in crate::sweep) blocks: Blocks,
    /// The sum of min(r, 0) squared.
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
    /// The bar at whose close nothing was left, and the account was closed: a short can lose more than it holds.
    pub(in crate::sweep) ruined_at: Option<usize>,
    /// What was owed beyond the account when it was closed.
    pub(in crate::sweep) debt: f64,
    /// Entries whose size was cut to all equity, and bars at which both sides would have been entered.
    pub(in crate::sweep) capped: u32,
    pub(in crate::sweep) both_entries: u32,
}

impl Tally {
    pub(in crate::sweep) fn new(cash: f64, bars: usize) -> Self {
        Self {
            powers: [0.0; 4],
            blocks: Blocks::new(bars),
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
            debt: 0.0,
            capped: 0,
            both_entries: 0,
        }
    }

    /// Takes note of an equity below its peak.
    #[inline]
    pub(super) fn fall(&mut self, equity: f64, peak: f64) {
        // A product first: nearly always it is enough, and a division is what a span costs most.
        if equity < self.lowest_ratio * peak {
            self.lowest_ratio = self.lowest_ratio.min(equity / peak);
        }
    }
}

/// Blocks of bars, as long as they can be alike, whose returns are summed one by one: cross-validation joins them anew.
pub(in crate::sweep) const BLOCKS: usize = 16;

/// What the returns of a trial and their squares sum to at the end of each block, from the first bar on.
#[derive(Clone, Copy, Debug)]
pub(in crate::sweep) struct Blocks {
    sums: [[f64; 2]; BLOCKS],
    ended: usize,
}

impl Blocks {
    /// Where there are fewer bars than blocks, the first ones end before there is any bar.
    fn new(bars: usize) -> Self {
        let empty = (0..BLOCKS).take_while(|block| Self::end(*block, bars) == 0).count();
        Self { sums: [[0.0; 2]; BLOCKS], ended: empty }
    }

    /// The bar after a block's last; past the last block, one that is never reached.
    pub(super) fn end(block: usize, bars: usize) -> usize {
        // Blocks are few and bars fit memory: the product fits a word.
        if block < BLOCKS { (block + 1) * bars / BLOCKS } else { usize::MAX }
    }

    pub(super) fn ended(&self) -> usize {
        self.ended
    }

    pub(super) fn note(&mut self, sums: [f64; 2]) {
        if let Some(place) = self.sums.get_mut(self.ended) {
            *place = sums;
            self.ended += 1;
        }
    }

    /// Of each block alone: the sum of r, and of its square.
    pub(in crate::sweep) fn each(&self) -> [[f64; 2]; BLOCKS] {
        let mut before = [0.0; 2];
        self.sums.map(|end| {
            let block = [end[0] - before[0], end[1] - before[1]];
            before = end;
            block
        })
    }
}

/// A count of bars as a factor; exact below 2^53.
#[expect(clippy::cast_precision_loss, reason = "no series has 2^53 bars")]
pub(in crate::sweep) fn bars_f64(bars: usize) -> f64 {
    bars as f64
}
