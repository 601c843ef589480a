//! A slab of results: consecutive points of one asset, column by column.

#![forbid(unsafe_code)]

use std::ops::Range;

use super::bytes::{Reader, Writer};
use super::trial::Outcome;
use crate::error::Error;
use crate::sweep::broker::BLOCKS;
use crate::sweep::metrics::{Metric, Metrics};
use crate::sweep::score::{COLUMNS, ReturnSums, Score};

/// Results of consecutive points of one asset: a row for each that ran, which are all unless the sweep was stopped.
#[derive(Clone, Debug, Default)]
pub(in crate::sweep) struct Slab {
    rows: usize,
    /// Points that it is for: the length of each column.
    points: usize,
    /// Column by column; NaN where a trial failed, and where a metric is not defined.
    values: Vec<f64>,
    /// The rows that failed, ascending.
    failures: Vec<(usize, Error)>,
}

impl Slab {
    /// Trials of a slab.
    pub(in crate::sweep) const ROWS: usize = 64;

    /// Slabs that are made columns together: some 8,000 rows.
    pub(super) const TOGETHER: usize = 1 << 7;

    /// Bytes of a trial's row, whatever its outcome.
    pub(in crate::sweep) const ROW_BYTES: usize = COLUMNS * size_of::<f64>();

    /// How many slabs an asset's points make.
    pub(in crate::sweep) fn count(points: usize) -> usize {
        points.div_ceil(Self::ROWS)
    }

    /// The asset's position and the points of a slab, by its place among those of all assets.
    pub(in crate::sweep) fn place(points: usize, slab: usize) -> (usize, Range<usize>) {
        let (asset, start) = (slab / Self::count(points), slab % Self::count(points) * Self::ROWS);
        (asset, start..points.min(start + Self::ROWS))
    }

    /// The slab of a trial among those of all assets, and its row there.
    pub(super) fn find(points: usize, asset: usize, point: usize) -> (usize, usize) {
        (asset * Self::count(points) + point / Self::ROWS, point % Self::ROWS)
    }

    /// A slab for so many points; one that gets no row takes no memory.
    pub(in crate::sweep) fn new(points: usize) -> Self {
        Self { points, ..Self::default() }
    }

    /// A slab by its place among those of all assets, without a row.
    pub(in crate::sweep) fn of_place(points: usize, slab: usize) -> Self {
        Self::new(Self::place(points, slab).1.len())
    }

    /// Puts in the row of a point. Rows may come in any order: those from the first on without a gap count, once it is
    /// said how many they are.
    #[inline]
    pub(in crate::sweep) fn put(&mut self, row: usize, score: &Score) {
        self.make_room();
        let points = self.points;
        let values = &mut self.values[..COLUMNS * points];
        score.each_column(|column, value| values[column * points + row] = value);
    }

    /// Puts in that the trial of a point failed, and why.
    #[cold]
    pub(in crate::sweep) fn fail(&mut self, row: usize, error: Error) {
        self.make_room();
        let place = self.failures.partition_point(|(failed, _)| *failed < row);
        self.failures.insert(place, (row, error));
    }

    #[inline]
    fn make_room(&mut self) {
        if self.values.is_empty() {
            self.values = vec![f64::NAN; COLUMNS * self.points];
        }
    }

    /// Says how many rows there are; what was put in beyond them is forgotten.
    pub(in crate::sweep) fn end(&mut self, rows: usize) {
        self.rows = rows;
        self.failures.retain(|(row, _)| *row < rows);
        if rows == 0 {
            self.values = Vec::new();
        }
    }

    pub(in crate::sweep) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn failures(&self) -> &[(usize, Error)] {
        &self.failures
    }

    pub(super) fn outcome(&self, row: usize) -> Outcome<'_> {
        if row >= self.rows {
            return Outcome::Unfinished;
        }
        match self.failure(row) {
            Some(error) => Outcome::Failed(error),
            None => Outcome::Done(Metrics::of_values(|metric| self.value(metric as usize, row))),
        }
    }

    /// What the returns of a trial that is done sum to.
    pub(super) fn returns(&self, row: usize) -> Option<ReturnSums> {
        let is_done = row < self.rows && self.failure(row).is_none();
        is_done.then(|| ReturnSums::from_columns(|column| self.value(column, row)))
    }

    /// A metric of every row; NaN where it is not defined, or the trial failed.
    pub(super) fn metric(&self, metric: Metric) -> &[f64] {
        let start = metric as usize * self.points;
        self.values.get(start..start + self.rows).unwrap_or_default()
    }

    /// The metrics of a row that is done, as they are held.
    pub(super) fn metrics(&self, row: usize) -> [f64; Metric::ALL.len()] {
        Metric::ALL.map(|metric| self.value(metric as usize, row))
    }

    /// What the returns of a row that is done sum to, block by block, and their squares.
    pub(super) fn blocks(&self, row: usize) -> [[f64; 2]; BLOCKS] {
        ReturnSums::from_columns(|column| self.value(column, row)).blocks
    }

    /// A slab of metrics alone: nothing is known of returns.
    pub(super) fn of_metrics(rows: impl ExactSizeIterator<Item = Metrics>) -> Self {
        let points = rows.len();
        let mut slab = Self { rows: points, points, ..Self::default() };
        slab.values = vec![f64::NAN; Metric::ALL.len() * points];
        for (row, metrics) in rows.enumerate() {
            for (column, value) in metrics.values().into_iter().enumerate() {
                slab.values[column * points + row] = value;
            }
        }
        slab
    }

    /// Whether each of its points has a row.
    pub(super) fn is_whole(&self) -> bool {
        self.rows == self.points
    }

    /// Writes the metrics and the failures of a whole slab.
    pub(super) fn write(&self, out: &mut Writer) {
        out.len(self.points);
        self.values[..Metric::ALL.len() * self.points].iter().for_each(|value| out.float(*value));
        out.len(self.failures.len());
        for (row, error) in &self.failures {
            out.len(*row);
            out.text(&error.to_string());
        }
    }

    /// # Errors
    /// Where the bytes are not those of a slab.
    pub(super) fn read(bytes: &mut Reader<'_>) -> Result<Self, Error> {
        let points = bytes.len(8 * Metric::ALL.len())?;
        let mut slab = Self { rows: points, points, ..Self::default() };
        slab.values.reserve_exact(Metric::ALL.len() * points);
        for _ in 0..Metric::ALL.len() * points {
            slab.values.push(bytes.float()?);
        }
        for _ in 0..bytes.len(16)? {
            let row = bytes.index()?;
            slab.failures.push((row, Error::load(bytes.text()?)));
        }
        Ok(slab)
    }

    fn value(&self, column: usize, row: usize) -> f64 {
        self.values[column * self.points + row]
    }

    fn failure(&self, row: usize) -> Option<&Error> {
        let found = self.failures.binary_search_by_key(&row, |(row, _)| *row).ok()?;
        Some(&self.failures[found].1)
    }
}
