//! How much of a ranking is luck: pure functions of returns and their sums, each with its source.

#![forbid(unsafe_code)]

mod blocks;
mod bootstrap;
mod correlation;
mod cross_validation;
mod edition;
mod haircut;
mod maximum;
mod neighbourhood;
mod normal;
mod spa;
mod track_record;

use crate::sweep::random;

pub use blocks::BlockSums;
pub use bootstrap::SharpeInterval;
pub use correlation::TrialCorrelation;
pub use cross_validation::CrossValidation;
pub use edition::Edition;
pub use haircut::Haircut;
pub use maximum::{deviation_of_maximum, expected_maximum};
pub use neighbourhood::{Neighbourhood, Terrain};
pub use spa::{Spa, SpaTest};
pub use track_record::{TrackRecord, TrialCount};

pub(in crate::sweep) use correlation::standardised;
#[cfg(test)]
pub(in crate::sweep) use random::Random;
pub(in crate::sweep) use random::hash;

#[cfg(test)]
impl Random {
    /// A draw from the standard normal distribution.
    fn normal(&mut self) -> f64 {
        normal::quantile(0.999_998 * self.uniform() + 1e-6)
    }
}
