//! How the values of each metric are spread: counts in buckets that are the same for every sweep.
//!
//! Buckets are 32 to each doubling of the absolute value from 2^-16 to 2^47, on both sides of 0: one that a value falls
//! into tells it to within 1.6 %. Values nearer to 0 count as 0, those beyond as the last bucket's.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::sweep::metrics::Metric;
use crate::sweep::results::bytes::{Reader, Writer};
use crate::sweep::results::slab::Slab;

/// Bits of the mantissa that a bucket is told by.
const FINE_BITS: u32 = 5;

/// The exponent and those bits of the mantissa, of 2^-16.
const LEAST: u64 = (1023 - 16) << FINE_BITS;

/// Buckets on each side of 0.
const SIDE: u64 = 63 << FINE_BITS;

/// The bucket of 0.
const ZERO: u64 = 2048;

/// Places for all buckets.
const ALL: usize = 4096;

/// The bucket of a number.
#[inline]
fn bucket(value: f64) -> u64 {
    let magnitude = (value.to_bits() & (u64::MAX >> 1)) >> (52 - FINE_BITS);
    let place = (magnitude + 1).saturating_sub(LEAST).min(SIDE);
    if value < 0.0 { ZERO - place } else { ZERO + place }
}

/// The middle of a bucket.
fn middle(bucket: u64) -> f64 {
    let place = bucket.abs_diff(ZERO);
    if place == 0 {
        return 0.0;
    }
    let edge = |place: u64| f64::from_bits((LEAST + place - 1) << (52 - FINE_BITS));
    let middle = f64::midpoint(edge(place), edge(place + 1));
    if bucket < ZERO { -middle } else { middle }
}

/// How many values of a metric fall into each bucket, for quantiles and histograms of any number of trials.
///
/// # Examples
/// ```
/// use lookback::strategies::SmaCross;
/// use lookback::sweep::{Metric, Sweep};
/// use lookback::{Bundle, portal::{DataPortal, Options}};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let results = Sweep::new().asset("IBM").run::<SmaCross>(&portal)?;
/// let sharpes = results.sketch(0, Metric::Sharpe);
/// assert_eq!(sharpes.count(), results.len() as u64);
/// let best = results.ranking(0, Metric::Sharpe, 0)[0].metrics.get(Metric::Sharpe).unwrap();
/// assert!((sharpes.quantile(1.0).unwrap() / best - 1.0).abs() < 0.016);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Sketch {
    /// The buckets that are not empty, ascending, with their counts.
    counts: Vec<(u64, u64)>,
}

impl Sketch {
    /// How many values there are; a metric that is not defined is none.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// The value below which this share of all values lies, to within 1.6 %; `None` where there is none.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(lookback::sweep::Sketch::default().quantile(0.5), None);
    /// ```
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of trials stay far below 2^53")]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let wanted = share.clamp(0.0, 1.0) * self.count() as f64;
        let mut before = 0;
        let found = self.counts.iter().find(|(_, count)| {
            before += count;
            before as f64 >= wanted
        });
        found.map(|(bucket, _)| middle(*bucket))
    }

    /// The buckets that are not empty, ascending: the middle of each, and how many values it holds.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        self.counts.iter().map(|(bucket, count)| (middle(*bucket), *count))
    }

    fn merge(&mut self, other: &[(u64, u64)]) {
        let mut merged = Vec::with_capacity(self.counts.len().max(other.len()));
        let (mut one, mut two) = (self.counts.iter().copied().peekable(), other.iter().copied().peekable());
        while let Some(&(bucket, _)) = match (one.peek(), two.peek()) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        } {
            let of = |side: Option<(u64, u64)>| side.map_or(0, |(_, count)| count);
            let count =
                of(one.next_if(|(own, _)| *own == bucket)) + of(two.next_if(|(own, _)| *own == bucket));
            merged.push((bucket, count));
        }
        self.counts = merged;
    }
}

/// A sketch for each metric.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(in crate::sweep) struct Sketches([Sketch; Metric::ALL.len()]);

impl Sketches {
    pub(super) fn of(&self, metric: Metric) -> &Sketch {
        &self.0[metric as usize]
    }

    /// Takes over what was counted, which is then nothing.
    pub(super) fn absorb(&mut self, buckets: &mut Buckets) {
        for (sketch, counts) in self.0.iter_mut().zip(buckets.0.chunks_exact_mut(ALL)) {
            let found =
                (0..).zip(counts.iter().map(|count| u64::from(*count))).filter(|(_, count)| *count > 0);
            sketch.merge(&found.collect::<Vec<_>>());
            counts.fill(0);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(own, other)| own.merge(&other.counts));
    }

    pub(super) fn write(&self, out: &mut Writer) {
        for sketch in &self.0 {
            out.len(sketch.counts.len());
            for (bucket, count) in &sketch.counts {
                out.number(*bucket);
                out.number(*count);
            }
        }
    }

    pub(super) fn read(bytes: &mut Reader<'_>) -> Result<Self, Error> {
        let mut sketches = Self::default();
        for sketch in &mut sketches.0 {
            for _ in 0..bytes.len(16)? {
                sketch.counts.push((bytes.number()?, bytes.number()?));
            }
        }
        Ok(sketches)
    }
}

/// Counts of every bucket of every metric, half a megabyte that is filled and taken over by turns.
#[derive(Clone, Debug)]
pub(in crate::sweep) struct Buckets(Vec<u32>);

impl Default for Buckets {
    fn default() -> Self {
        Self(vec![0; ALL * Metric::ALL.len()])
    }
}

impl Buckets {
    /// Counts the values of a slab, metric by metric.
    pub(super) fn add(&mut self, slab: &Slab) {
        for (metric, counts) in Metric::ALL.into_iter().zip(self.0.chunks_exact_mut(ALL)) {
            for value in slab.metric(metric).iter().filter(|value| !value.is_nan()) {
                #[expect(clippy::cast_possible_truncation, reason = "a bucket is below 4,096")]
                let place = bucket(*value) as usize;
                counts[place] += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_tells_its_values_to_within_1_6_percent_and_buckets_rise() {
        let mut value = 1.6e-5;
        let mut last = ZERO;
        while value < 1e14 {
            let found = middle(bucket(value));
            assert!((found / value - 1.0).abs() < 0.016, "{value} reads as {found}");
            assert_eq!(middle(bucket(-value)).to_bits(), (-found).to_bits());
            assert!(bucket(value) >= last);
            (value, last) = (value * 1.003, bucket(value));
        }
        assert_eq!([0.0, -0.0, 1e-9, -1e-9].map(bucket), [ZERO; 4]);
        let ends = [f64::INFINITY, 1e300, f64::NEG_INFINITY].map(bucket);
        assert!(ends.iter().all(|bucket| *bucket < ALL as u64), "{ends:?}");
    }

    #[test]
    fn quantiles_of_merged_sketches_are_those_of_all_values() {
        let sketch = |range: std::ops::Range<u32>| {
            let mut counts = std::collections::BTreeMap::new();
            range.for_each(|value| *counts.entry(bucket(f64::from(value))).or_insert(0) += 1);
            Sketch { counts: counts.into_iter().collect() }
        };
        let mut merged = sketch(0..300);
        merged.merge(&sketch(300..1_001).counts);
        assert_eq!(merged, sketch(0..1_001));
        assert!((merged.quantile(0.5).unwrap() / 500.0 - 1.0).abs() < 0.03);
        assert_eq!(merged.quantile(0.0), Some(0.0));
    }
}
