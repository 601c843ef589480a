//! From a moment to the bar at or before it, in any order of moments, at the cost of two or three loads.
//!
//! The time from the first bar to the last is cut into equal slots, at least two for each bar, and a table tells the first
//! bar of each. Bars come in steps, so that most slots hold one bar or none; where more lie in one, as in a session among
//! empty nights, they are searched by halves. Built when the first moment is asked for that lies elsewhere than the window
//! before, and not part of the byte budget: 8 to 16 bytes a bar.

#![forbid(unsafe_code)]

/// Slots for each bar, at least.
const SLOTS: u64 = 2;

/// The bars of a calendar by time.
#[derive(Debug)]
pub(super) struct BarIndex {
    first_ns: i64,
    /// A slot is 2^shift nanoseconds long.
    shift: u32,
    /// How many bars begin before each slot, and last of all how many there are.
    before: Box<[u32]>,
}

impl BarIndex {
    /// Takes ascending moments, fewer than 2^32.
    pub(super) fn new(moments: &[i64]) -> Self {
        let first_ns = moments.first().copied().unwrap_or(0);
        let span_ns = moments.last().map_or(0, |last| last.abs_diff(first_ns));
        let slots = (moments.len() as u64).saturating_mul(SLOTS).max(1);
        let shift = (span_ns / slots).checked_ilog2().unwrap_or(0);
        let count = usize::try_from(span_ns >> shift).map_or(0, |last| last + 1);
        let mut before = Vec::with_capacity(count + 1);
        for (bar, moment) in (0u32..).zip(moments) {
            let slot = usize::try_from(moment.abs_diff(first_ns) >> shift).unwrap_or(count);
            before.resize(before.len().max(slot + 1), bar);
        }
        before.push(u32::try_from(moments.len()).unwrap_or(u32::MAX));
        Self { first_ns, shift, before: before.into() }
    }

    /// How many of the moments, which are those that it was made of, are at or before one.
    #[inline]
    pub(super) fn count_until(&self, moments: &[i64], ns: i64) -> usize {
        if ns < self.first_ns {
            return 0;
        }
        let slot = usize::try_from(ns.abs_diff(self.first_ns) >> self.shift).unwrap_or(usize::MAX);
        let (Some(&start), Some(&end)) = (self.before.get(slot), self.before.get(slot.wrapping_add(1)))
        else {
            return moments.len();
        };
        let (start, end) = (start as usize, end as usize);
        start + moments.get(start..end).map_or(0, |within| within.partition_point(|&at| at <= ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_moment_finds_the_bar_that_a_search_by_halves_finds() {
        let minutes = (0..40).flat_map(|day| (0..390).map(move |minute| day * 1_440 + minute));
        let spread: Vec<i64> = minutes.map(|minute| minute * 60_000_000_000 - 7).collect();
        let lists = [
            Vec::new(),
            vec![5],
            vec![i64::MIN, 0, i64::MAX],
            vec![i64::MIN, i64::MIN + 1, i64::MIN + 2, i64::MAX],
            vec![1, 2, 3, 4, 5, 1_000_000],
            spread,
        ];
        for moments in lists {
            let index = BarIndex::new(&moments);
            assert!(index.before.len() as u64 <= 4 * moments.len() as u64 + 4);
            let near = moments.iter().flat_map(|&at| [at.saturating_sub(1), at, at.saturating_add(1)]);
            for ns in near.chain([i64::MIN, -1, 0, 1, 999_999, i64::MAX]) {
                let searched = moments.partition_point(|&at| at <= ns);
                assert_eq!(index.count_until(&moments, ns), searched, "{ns} in {}", moments.len());
            }
        }
    }
}
