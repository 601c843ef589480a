//! Seeded numbers, the same on every machine.

#![forbid(unsafe_code)]

/// A generator of 64 bits.
///
/// - Source: Steele, Lea, Flood, Fast Splittable Pseudorandom Number Generators (2014), SplitMix64.
#[derive(Clone, Debug)]
pub(in crate::sweep) struct Random(u64);

impl Random {
    pub(in crate::sweep) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(in crate::sweep) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number from 0 to below 1.
    pub(in crate::sweep) fn uniform(&mut self) -> f64 {
        unit(self.next())
    }

    /// A whole number below `end`, which is not 0.
    #[expect(clippy::cast_possible_truncation, reason = "the high half of the product is below `end`")]
    pub(in crate::sweep) fn below(&mut self, end: usize) -> usize {
        // Of 2^64 numbers some are drawn once more than others: for a billion, by one part in 10^10.
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}

/// A number that looks drawn at random; for one seed, each index has another.
#[inline]
pub(in crate::sweep) fn hash(seed: u64, index: u64) -> u64 {
    mix(mix(seed ^ 0x9E37_79B9_7F4A_7C15) ^ index)
}

/// A number from 0 to below 1, of the high bits.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit the mantissa")]
pub(in crate::sweep) fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// Spreads the bits of a number over all of them.
#[inline]
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sequence_is_met() {
        // The reference implementation's first numbers from the seed 1234567.
        let mut random = Random::new(1_234_567);
        let found = [0; 3].map(|_: u64| random.next());
        assert_eq!(found, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn draws_are_in_their_range_and_even() {
        let mut random = Random::new(7);
        let mut counts = [0_u32; 10];
        (0..100_000).for_each(|_| counts[random.below(10)] += 1);
        assert!(counts.iter().all(|count| (9_600..10_400).contains(count)), "{counts:?}");
        assert!((0..1000).all(|_| (0.0..1.0).contains(&random.uniform())));
    }
}
