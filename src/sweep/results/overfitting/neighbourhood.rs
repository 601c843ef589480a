//! The surroundings of the best point on the grid: a plateau, or a needle.

#![forbid(unsafe_code)]

use std::fmt;

/// What the results around a point are like.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Terrain {
    /// The median neighbour is among the best tenth of all trials: a small change of the parameters changes little.
    Plateau,
    /// In between.
    Slope,
    /// The median neighbour is no better than the median of all trials: the point stands alone.
    Needle,
}

impl fmt::Display for Terrain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plateau => "plateau",
            Self::Slope => "slope",
            Self::Needle => "needle",
        })
    }
}

/// The neighbours of the best point, by the metric that ranks.
///
/// # Examples
/// ```
/// use lookback::sweep::{Neighbourhood, Terrain};
/// let all: Vec<f64> = (0..100).map(f64::from).collect();
/// let found = Neighbourhood::new(&[96.0, 95.0, 97.0], &all).unwrap();
/// assert_eq!((found.median, found.terrain), (96.0, Terrain::Plateau));
/// assert_eq!(Neighbourhood::new(&[3.0, 20.0, 40.0], &all).unwrap().terrain, Terrain::Needle);
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Neighbourhood {
    /// Neighbours with a value.
    pub count: usize,
    /// The worst of them.
    pub worst: f64,
    /// The median.
    pub median: f64,
    /// The best.
    pub best: f64,
    /// The share of all trials that are worse than the median neighbour.
    pub above: f64,
    /// What that makes of it.
    pub terrain: Terrain,
}

impl Neighbourhood {
    /// Of the neighbours' values and those of all trials, of which higher is better; `None` without a neighbour.
    #[must_use]
    pub fn new(neighbours: &[f64], all: &[f64]) -> Option<Self> {
        let mut sorted = neighbours.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (worst, best) = (*sorted.first()?, *sorted.last()?);
        // The lower of two in the middle: a value that a neighbour has.
        let median = sorted[(sorted.len() - 1) / 2];
        let above = share(all.iter().filter(|one| **one < median).count(), all.len());
        let terrain = match above {
            above if above >= 0.9 => Terrain::Plateau,
            above if above > 0.5 => Terrain::Slope,
            _ => Terrain::Needle,
        };
        Some(Self { count: sorted.len(), worst, median, best, above, terrain })
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of trials stay far below 2^53")]
fn share(part: usize, all: usize) -> f64 {
    part as f64 / all.max(1) as f64
}
