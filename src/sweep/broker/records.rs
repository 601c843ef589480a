//! From each bar to the next whose close is not lower: the records that a drawdown is measured between.
//!
//! The steps from a bar lead through ever higher closes. Each bar also holds one longer jump, so that many steps are
//! taken at once in the memory of two.
//!
//! - Source: E. Myers, An applicative random-access stack, Information Processing Letters 17 (1983): jumps whose lengths
//!   are those of skew-binary numbers, some 2 log2(n) of them to any place.

#![forbid(unsafe_code)]

/// The records that follow each bar.
#[derive(Debug)]
pub(super) struct Records(Vec<Record>);

/// What follows a bar until its close is reached again: 12 bytes.
#[derive(Clone, Copy, Debug)]
struct Record {
    /// The first later bar whose close is not lower; the number of bars where there is none.
    next: u32,
    /// Some steps further, or `next`.
    jump: u32,
    /// The most bars between two steps of the jump.
    gap: u32,
}

impl Records {
    /// From the last bar back, hopping over what lower bars have found already: linear in all.
    pub(super) fn new(close: &[f64]) -> Self {
        let bars = u32::try_from(close.len()).expect("a layout holds at most 2^32 - 1 bars");
        let end = Record { next: bars, jump: bars, gap: 0 };
        let mut records = vec![end; close.len()];
        // Steps to the end, while building: two jumps of one length make the next longer one.
        let mut steps = vec![0_u32; close.len() + 1];
        let find = |records: &[Record], bar: u32| records.get(bar as usize).copied().unwrap_or(end);
        for bar in (0..close.len()).rev() {
            let mut next = bar + 1;
            while next < close.len() && close[next] < close[bar] {
                next = records[next].next as usize;
            }
            let gap = u32::try_from(next - bar - 1).expect("fewer than all bars");
            let next = u32::try_from(next).expect("at most all bars");
            steps[bar] = steps[next as usize] + 1;
            let (one, depth) = (find(&records, next), |bar: u32| steps[bar as usize]);
            let two = find(&records, one.jump);
            let (first, second) = (depth(next) - depth(one.jump), depth(one.jump) - depth(two.jump));
            records[bar] = if next < bars && first == second {
                Record { next, jump: two.jump, gap: gap.max(one.gap).max(two.gap) }
            } else {
                Record { next, jump: next, gap }
            };
        }
        Self(records)
    }

    /// The first bar on the way from `bar` at which a condition holds, which then holds at all later ones; the number of
    /// bars where it never does.
    pub(super) fn first(&self, bar: usize, holds: impl Fn(usize) -> bool) -> usize {
        let reached = |bar: usize| bar == self.0.len() || holds(bar);
        let mut at = bar;
        loop {
            let record = self.0[at];
            let (next, jump) = (record.next as usize, record.jump as usize);
            if !reached(jump) {
                at = jump;
            } else if reached(next) {
                return next;
            } else {
                at = next;
            }
        }
    }

    /// The most bars between two steps on the way from `start` through bars before `end`.
    pub(super) fn longest_gap(&self, start: usize, end: usize) -> usize {
        let (mut at, mut longest) = (start, 0);
        loop {
            let record = self.0[at];
            let (next, jump) = (record.next as usize, record.jump as usize);
            if jump < end {
                longest = longest.max(record.gap as usize);
                at = jump;
            } else if next < end {
                longest = longest.max(next - at - 1);
                at = next;
            } else {
                return longest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_leads_to_the_next_close_that_is_not_lower() {
        let records = Records::new(&[4.0, 2.0, 3.0, 4.0, 5.0, 1.0]);
        let nexts: Vec<u32> = records.0.iter().map(|record| record.next).collect();
        assert_eq!(nexts, [3, 2, 3, 4, 6, 6]);
        assert_eq!(
            (records.longest_gap(0, 4), records.longest_gap(0, 3), records.longest_gap(1, 6)),
            (2, 0, 0)
        );
        assert_eq!((records.first(1, |bar| bar >= 3), records.first(0, |_| false)), (3, 6));
    }

    #[test]
    fn jumps_lead_where_single_steps_do() {
        let mut random = 1_u64;
        for levels in [2, 5, 60, 1 << 20] {
            let close: Vec<f64> = (0_u32..700)
                .map(|bar| {
                    // Source: D. Knuth, MMIX's linear congruential generator.
                    random = random
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    f64::from(u32::try_from((random >> 33) % levels).unwrap()) + f64::from(bar) / 8.0
                })
                .collect();
            let records = Records::new(&close);
            for start in 0..close.len() {
                let (mut at, mut longest) = (start, 0);
                for end in start + 1..=close.len() {
                    if close[end - 1] >= close[at] && end - 1 > at {
                        longest = longest.max(end - 2 - at);
                        at = end - 1;
                    }
                    assert_eq!(records.longest_gap(start, end), longest, "{start}..{end}");
                }
                let higher = (start + 1..close.len()).find(|bar| close[*bar] > close[at]);
                let found = records.first(start, |bar| close[bar] > close[at]);
                assert_eq!(found, higher.unwrap_or(close.len()), "from {start}");
            }
        }
    }
}
