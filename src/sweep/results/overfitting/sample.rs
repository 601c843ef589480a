//! Samples of a grid: seeded, without holding the grid.

#![forbid(unsafe_code)]

use std::collections::HashSet;

use super::random::Random;

/// So many of the indices below `count`, each once, in order; all of them where there are not more.
///
/// Takes memory for the sample alone.
///
/// - Source: Floyd, in: Bentley, Programming Pearls: a Sample of Brilliance (1987).
pub(in crate::sweep) fn sample(count: usize, size: usize, seed: u64) -> Vec<usize> {
    if size >= count {
        return (0..count).collect();
    }
    let mut random = Random::new(seed);
    let mut chosen = HashSet::with_capacity(size);
    for end in count - size..count {
        let one = random.below(end + 1);
        if !chosen.insert(one) {
            chosen.insert(end);
        }
    }
    let mut sample: Vec<usize> = chosen.into_iter().collect();
    sample.sort_unstable();
    sample
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_its_size_its_order_and_nothing_twice() {
        let found = sample(1_000_000_000, 1000, 3);
        assert_eq!(found.len(), 1000);
        assert!(found.windows(2).all(|pair| pair[0] < pair[1]) && found[999] < 1_000_000_000);
        assert_eq!(found, sample(1_000_000_000, 1000, 3));
        assert_ne!(found, sample(1_000_000_000, 1000, 4));
        assert_eq!(sample(3, 7, 1), [0, 1, 2]);
        assert!(sample(3, 0, 1).is_empty());
    }

    #[test]
    fn every_index_is_as_likely() {
        let mut counts = [0_u32; 10];
        (0..10_000).for_each(|seed| sample(10, 3, seed).into_iter().for_each(|one| counts[one] += 1));
        assert!(counts.iter().all(|count| (2_800..3_200).contains(count)), "{counts:?}");
    }
}
