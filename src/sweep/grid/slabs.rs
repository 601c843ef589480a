//! How many points come before each slab of a product, so that any point is found without holding all of them.

#![forbid(unsafe_code)]

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use super::program::Program;
use super::walk::Walk;
use crate::error::Error;

/// The most slabs: 8 MiB of counts.
const MOST: u64 = 1 << 20;

/// The fewest places of a slab.
const FEWEST_PLACES: u64 = 1 << 10;

/// Counts of points, slab by slab.
#[derive(Clone, PartialEq)]
pub(super) struct Slabs {
    /// Places of the product in a slab.
    places: u64,
    /// The points before each slab, and then of all.
    before: Vec<u64>,
}

impl Slabs {
    /// Walks the product once and holds nothing of it but the counts.
    ///
    /// # Errors
    /// `Invalid` where it is stopped meanwhile.
    pub(super) fn count(program: &Program, product: u64, stop: Option<&AtomicBool>) -> Result<Self, Error> {
        if program.is_empty() {
            return Ok(Self { places: product, before: vec![0, product] });
        }
        let places = product.div_ceil(MOST).max(FEWEST_PLACES);
        let mut slabs = Self { places, before: vec![0] };
        let (mut walk, mut points, mut start) = (Walk::new(program, 0), 0, 0);
        while start < product {
            // ORDERING: Relaxed, the flag guards no data: a slab more or less makes no difference.
            if stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                return Err(Error::invalid(
                    "sweep",
                    "it was stopped while its grid was counted: no trial ran",
                ));
            }
            points += walk.count(places.min(product - start));
            slabs.before.push(points);
            start += places;
        }
        Ok(slabs)
    }

    /// The points of all slabs.
    pub(super) fn points(&self) -> u64 {
        self.before[self.before.len() - 1]
    }

    /// The first place of the slab that holds a point, and how many points of the slab come before it.
    pub(super) fn find(&self, point: u64) -> (u64, u64) {
        let slab = self.before.partition_point(|before| *before <= point) - 1;
        (slab as u64 * self.places, point - self.before[slab])
    }

    /// Places of the product in a slab; the last one may have fewer.
    pub(super) fn places(&self) -> u64 {
        self.places
    }
}

impl fmt::Debug for Slabs {
    /// Without the counts, which may be a million.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slabs")
            .field("places", &self.places)
            .field("points", &self.points())
            .finish_non_exhaustive()
    }
}
