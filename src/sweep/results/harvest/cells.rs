//! The best result over each two parameters: the cells of a heatmap.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::sweep::grid::{Grid, Point};
use crate::sweep::results::bytes::{Reader, Writer};

/// Cells along an axis; a parameter with more values has several of them in a cell.
const MOST_CELLS: usize = 48;

/// Parameters of which each two have a map; those that come later have none.
const MOST_AXES: usize = 5;

/// The axes of a grid's heatmaps.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::sweep) struct Field {
    /// Parameters with more than one value: position, and how many values it has.
    axes: Vec<(usize, usize)>,
}

impl Field {
    pub(super) fn new(grid: &Grid) -> Self {
        let counts = grid.parameters().iter().map(crate::parameter::Parameter::count).enumerate();
        Self { axes: counts.filter(|(_, count)| *count > 1).take(MOST_AXES).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.axes.len() < 2
    }

    pub(super) fn bytes(&self) -> usize {
        self.len() * size_of::<Cell>()
    }

    fn maps(&self) -> usize {
        self.axes.len() * self.axes.len().saturating_sub(1) / 2
    }

    fn len(&self) -> usize {
        self.maps() * MOST_CELLS * MOST_CELLS
    }

    /// Which map two axes have.
    fn map(x: usize, y: usize) -> usize {
        y * (y - 1) / 2 + x
    }

    /// How many cells an axis has.
    fn cells(count: usize) -> usize {
        count.min(MOST_CELLS)
    }

    /// The cell of a value.
    fn cell(count: usize, index: usize) -> usize {
        index * Self::cells(count) / count
    }
}

/// A cell: how many ranked trials it holds, and the key of the best.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Cell {
    count: u64,
    key: u64,
}

/// The cells of all maps; none before the first trial.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(in crate::sweep) struct Cells(Vec<Cell>);

impl Cells {
    pub(super) fn add(&mut self, field: &Field, point: Point<'_>, key: u64) {
        if self.0.is_empty() {
            self.0 = vec![Cell::default(); field.len()];
        }
        let mut at = [0; MOST_AXES];
        for (at, (position, count)) in at.iter_mut().zip(&field.axes) {
            *at = Field::cell(*count, point.index(*position));
        }
        for y in 1..field.axes.len() {
            for x in 0..y {
                let cell = &mut self.0[(Field::map(x, y) * MOST_CELLS + at[y]) * MOST_CELLS + at[x]];
                cell.count += 1;
                cell.key = cell.key.max(key);
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
            return;
        }
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            own.count += other.count;
            own.key = own.key.max(other.key);
        }
    }

    /// The map of two parameters, by their positions; none where one of them has no axis or no trial was ranked.
    pub(in crate::sweep) fn map(
        &self,
        field: &Field,
        x: usize,
        y: usize,
        value: impl Fn(u64) -> Option<f64>,
    ) -> Option<HeatMap> {
        let axis = |position: usize| field.axes.iter().position(|(own, _)| *own == position);
        let (of_x, of_y) = (axis(x)?, axis(y)?);
        if of_x == of_y || self.0.is_empty() {
            return None;
        }
        let map = Field::map(of_x.min(of_y), of_x.max(of_y));
        let counts = [field.axes[of_x].1, field.axes[of_y].1];
        let [width, height] = counts.map(Field::cells);
        let cell = |column: usize, row: usize| {
            let (low, high) = if of_x < of_y { (column, row) } else { (row, column) };
            self.0[(map * MOST_CELLS + high) * MOST_CELLS + low]
        };
        let cells = (0..height).flat_map(|row| (0..width).map(move |column| (column, row)));
        let cells: Vec<Cell> = cells.map(|(column, row)| cell(column, row)).collect();
        let best = |cell: &Cell| if cell.count > 0 { value(cell.key) } else { None };
        Some(HeatMap {
            counts,
            width,
            trials: cells.iter().map(|cell| cell.count).collect(),
            best: cells.iter().map(best).collect(),
        })
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.len(self.0.len());
        out.len(self.0.iter().filter(|cell| cell.count > 0).count());
        for (place, cell) in self.0.iter().enumerate().filter(|(_, cell)| cell.count > 0) {
            out.len(place);
            out.number(cell.count);
            out.number(cell.key);
        }
    }

    pub(super) fn read(bytes: &mut Reader<'_>) -> Result<Self, Error> {
        let all = bytes.index()?;
        if all > MOST_AXES * MOST_AXES * MOST_CELLS * MOST_CELLS {
            return Err(Error::load("more cells than there can be"));
        }
        let mut cells = vec![Cell::default(); all];
        for _ in 0..bytes.len(24)? {
            let place = bytes.index()?;
            let cell = cells.get_mut(place).ok_or_else(|| Error::load("a cell beyond the last one"))?;
            *cell = Cell { count: bytes.number()?, key: bytes.number()? };
        }
        Ok(Self(cells))
    }
}

/// The best result over two parameters, whatever the others are.
///
/// # Examples
/// ```
/// use lookback::strategies::SmaCross;
/// use lookback::sweep::{Metric, Sweep};
/// use lookback::{Bundle, portal::{DataPortal, Options}};
///
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let sweep = Sweep::new().asset("IBM").parameter("fast=5,20".parse()?).parameter("slow=10,30,50".parse()?);
/// let results = sweep.run::<SmaCross>(&portal)?;
/// let map = results.heat_map(0, Metric::Sharpe, "slow", "fast").unwrap();
/// assert_eq!((map.width(), map.height()), (3, 2));
/// assert_eq!((map.trials(0, 1), map.best(0, 1)), (0, None)); // fast < slow
/// assert_eq!(map.best(1, 0), results.trial(1).outcome.metrics().unwrap().get(Metric::Sharpe));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct HeatMap {
    counts: [usize; 2],
    width: usize,
    trials: Vec<u64>,
    best: Vec<Option<f64>>,
}

impl HeatMap {
    /// Columns: one for each value of the first parameter, and at most 48.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows: one for each value of the second parameter, and at most 48.
    #[must_use]
    pub fn height(&self) -> usize {
        self.trials.len() / self.width
    }

    /// The trials of a cell.
    #[must_use]
    pub fn trials(&self, column: usize, row: usize) -> u64 {
        self.trials[row * self.width + column]
    }

    /// The best value of a cell; `None` where it has none.
    #[must_use]
    pub fn best(&self, column: usize, row: usize) -> Option<f64> {
        self.best[row * self.width + column]
    }

    /// The cell of two values, by their places among those of the parameters.
    ///
    /// # Examples
    /// ```
    /// # use lookback::{Bundle, strategies::SmaCross, sweep::*, portal::{DataPortal, Options}};
    /// # let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// # let sweep = Sweep::new().asset("IBM").parameter("fast=1:2".parse()?).parameter("slow=101:196".parse()?);
    /// let map = sweep.run::<SmaCross>(&portal)?.heat_map(0, Metric::Sharpe, "slow", "fast").unwrap();
    /// assert_eq!((map.width(), map.cell(95, 1)), (48, (47, 1))); // two of 96 values in each
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn cell(&self, first: usize, second: usize) -> (usize, usize) {
        (Field::cell(self.counts[0], first), Field::cell(self.counts[1], second))
    }
}
