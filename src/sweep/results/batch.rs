//! Results as they come: some consecutive trials of one asset, by iterator or as columns.

#![forbid(unsafe_code)]

use arrow_array::RecordBatch;

use super::arrow::record_batch;
use super::outcomes::{Placed, Places};
use super::slab::Slab;
use super::trial::Trial;
use crate::asset::Symbol;
use crate::error::Error;
use crate::sweep::grid::{Grid, Place};
use crate::sweep::metrics::Metric;

/// Takes the results of a sweep while it runs: all of them, in order, whatever the number of threads.
///
/// A closure is one.
///
/// # Examples
/// ```
/// use lookback::strategies::SmaCross;
/// use lookback::sweep::{Batch, Best, Keep, Metric, Sweep, Watch};
/// use lookback::{Bundle, portal::{DataPortal, Options}};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let (mut trials, mut columns) = (0, 0);
/// let mut observer = |batch: &Batch<'_>| {
///     trials += batch.trials().count();
///     columns = batch.to_record_batch(&[Metric::Sharpe]).num_columns();
///     Ok(())
/// };
/// let sweep = Sweep::new().asset("IBM").keep(Keep::Best(Best { count: 5, ..Best::default() }));
/// sweep.run_observed::<SmaCross>(&portal, Watch::default(), &mut observer)?;
/// assert_eq!((trials, columns), (3930, 6));
/// # Ok::<(), lookback::Error>(())
/// ```
pub trait Observer: Send {
    /// Takes the next results; they are lent.
    ///
    /// # Errors
    /// Whatever ends the sweep: it returns this error.
    fn observe(&mut self, batch: &Batch<'_>) -> Result<(), Error>;
}

impl<F: FnMut(&Batch<'_>) -> Result<(), Error> + Send> Observer for F {
    fn observe(&mut self, batch: &Batch<'_>) -> Result<(), Error> {
        self(batch)
    }
}

/// Results of consecutive points of one asset, some 8,000: where one ends depends on the grid alone.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    pub(super) grid: &'a Grid,
    pub(super) symbol: &'a Symbol,
    pub(super) slabs: &'a [Slab],
    /// The place of the first slab among those of the asset.
    pub(super) first: usize,
}

impl<'a> Batch<'a> {
    /// The asset's name.
    #[must_use]
    pub fn asset(&self) -> &'a Symbol {
        self.symbol
    }

    /// The trials that ran, in grid order.
    pub fn trials(&self) -> impl Iterator<Item = Trial<'a>> {
        let (grid, asset) = (self.grid, self.symbol);
        let mut place = Place::new(grid);
        let rows = self.placed().flat_map(|placed| (0..placed.slab.rows()).map(move |row| (placed, row)));
        rows.map(move |(placed, row)| Trial {
            asset,
            point: place.point(placed.point(row)),
            outcome: placed.slab.outcome(row),
        })
    }

    /// The same as columns: see [`Results::to_record_batch`](super::Results::to_record_batch).
    #[must_use]
    pub fn to_record_batch(&self, metrics: &[Metric]) -> RecordBatch {
        record_batch(self.grid, |_| self.symbol, &self.placed().collect::<Vec<_>>(), metrics)
    }

    fn placed(&self) -> impl Iterator<Item = Placed<'a>> {
        let first = self.first;
        self.slabs.iter().enumerate().map(move |(at, slab)| {
            let places = Places::From((first + at) * Slab::ROWS);
            Placed { asset: 0, places, slab }
        })
    }
}
