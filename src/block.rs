//! Blocks of rows and columns, and windows of them: what the cache holds and what it lends.

#![forbid(unsafe_code)]

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ndarray::{ArrayView2, ArrayView3, ShapeBuilder};

mod lent;

/// Rows of some columns, each column contiguous. Cloning costs one reference count.
///
/// # Examples
/// ```
/// use lookback::Block;
/// // Two columns of three rows; the first row is bar 100.
/// let block = Block::new(vec![1.0, 2.0, 3.0, 10.0, 20.0, 30.0], 100, 3);
/// assert_eq!((block.rows(), block.columns(), block.bytes()), (3, 2, 48));
/// assert_eq!(block.column(1), [10.0, 20.0, 30.0]);
/// assert_eq!(block.window(101..103).expect("it holds both bars").column(0), [2.0, 3.0]);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    values: Arc<[f64]>,
    first_row: usize,
    rows: usize,
    padding: usize,
}

impl Block {
    /// Takes the columns one after the other, `rows` values each; `first_row` is the bar index of the first.
    ///
    /// # Panics
    /// Where the number of values is not a multiple of `rows`.
    #[must_use]
    pub fn new(values: impl Into<Arc<[f64]>>, first_row: usize, rows: usize) -> Self {
        Self::padded(values, first_row, rows, 0)
    }

    /// The same, where the first `padding` of the rows stand before bar `first_row` and hold no bar.
    ///
    /// # Panics
    /// Where the number of values is not a multiple of `rows`, or there is more padding than rows.
    ///
    /// # Examples
    /// ```
    /// use lookback::Block;
    /// let block = Block::padded(vec![f64::NAN, 7.0, 8.0], 0, 3, 1);
    /// let window = block.window_ending(1, 3).expect("one row of padding stands in front");
    /// assert!(window.column(0)[0].is_nan());
    /// assert_eq!(window.bar_range(), 0..2);
    /// ```
    #[must_use]
    pub fn padded(values: impl Into<Arc<[f64]>>, first_row: usize, rows: usize, padding: usize) -> Self {
        let values = values.into();
        assert!(padding <= rows, "a block's padding is among its rows");
        assert!(
            if rows == 0 { values.is_empty() } else { values.len().is_multiple_of(rows) },
            "a block's values are its rows times its columns"
        );
        Self { values, first_row, rows, padding }
    }

    /// The bar index of the first row that holds a bar.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(lookback::Block::new(vec![1.0, 2.0], 100, 2).first_row(), 100);
    /// ```
    #[must_use]
    pub fn first_row(&self) -> usize {
        self.first_row
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns there are.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(lookback::Block::new(vec![1.0, 2.0, 3.0, 4.0], 0, 2).columns(), 2);
    /// ```
    #[must_use]
    pub fn columns(&self) -> usize {
        self.values.len().checked_div(self.rows).unwrap_or(0)
    }

    /// Bytes of the values.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        size_of_val::<[f64]>(&self.values) as u64
    }

    /// One column, oldest row first.
    ///
    /// # Panics
    /// Where there is no such column.
    ///
    /// # Examples
    /// ```
    /// let block = lookback::Block::new(vec![1.0, 2.0, 3.0, 4.0], 0, 2);
    /// assert_eq!((block.column(0), block.column(1)), (&[1.0, 2.0][..], &[3.0, 4.0][..]));
    /// ```
    #[must_use]
    pub fn column(&self, column: usize) -> &[f64] {
        &self.values[column * self.rows..(column + 1) * self.rows]
    }

    /// The window of some bars; `None` where the block does not hold them all.
    ///
    /// # Examples
    /// ```
    /// let block = lookback::Block::new(vec![1.0, 2.0, 3.0], 100, 3);
    /// assert_eq!(block.window(100..102).map(|window| window.bar_count()), Some(2));
    /// assert!(block.window(102..104).is_none());
    /// ```
    #[must_use]
    pub fn window(&self, bars: Range<usize>) -> Option<Window<'_>> {
        let start = bars.start.checked_sub(self.first_row)? + self.padding;
        let end = bars.end.checked_sub(self.first_row)? + self.padding;
        (start <= end && end <= self.rows).then_some(Window { block: self, start, bars: end - start })
    }

    /// The window of `bar_count` rows of which the last holds bar `end`; `None` where the block lacks some of
    /// them.
    ///
    /// It may begin in the padding, where [`window`](Self::window) gives bars only.
    ///
    /// # Examples
    /// ```
    /// let block = lookback::Block::new(vec![1.0, 2.0, 3.0], 100, 3);
    /// assert_eq!(block.window_ending(102, 2).expect("bars 101 and 102").column(0), [2.0, 3.0]);
    /// assert!(block.window_ending(102, 4).is_none());
    /// ```
    #[inline]
    #[must_use]
    pub fn window_ending(&self, end: usize, bar_count: usize) -> Option<Window<'_>> {
        let past = end.checked_sub(self.first_row)? + self.padding + 1;
        let start = past.checked_sub(bar_count)?;
        (past <= self.rows).then_some(Window { block: self, start, bars: bar_count })
    }

    /// The window of the `bar_count` rows before bar `next`, which the block need not hold; `None` where it lacks some of
    /// them.
    #[inline]
    pub(crate) fn window_before(&self, next: usize, bar_count: usize) -> Option<Window<'_>> {
        let past = next.checked_sub(self.first_row)? + self.padding;
        let start = past.checked_sub(bar_count)?;
        (past <= self.rows).then_some(Window { block: self, start, bars: bar_count })
    }
}

impl From<Vec<f64>> for Block {
    /// One column, counted from bar 0.
    fn from(column: Vec<f64>) -> Self {
        let rows = column.len();
        Self::new(column, 0, rows)
    }
}

/// The last bars of some columns, lent from a block. Shape `[bar_count, columns]`, each column contiguous.
///
/// The block behind it may hold later bars; nothing here leads to their values, its `Debug` output included.
///
/// # Examples
/// ```
/// let block = lookback::Block::new(vec![1.0, 2.0, 3.0], 0, 3);
/// let window = block.window(0..2).expect("the block holds both bars");
/// assert_eq!(format!("{window:?}"), "Window { bars: 0..2, columns: [[1.0, 2.0]] }");
/// ```
#[derive(Clone, Copy)]
pub struct Window<'a> {
    block: &'a Block,
    start: usize,
    bars: usize,
}

impl<'a> Window<'a> {
    /// How many bars it holds.
    #[must_use]
    pub fn bar_count(&self) -> usize {
        self.bars
    }

    /// How many columns it holds.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.block.columns()
    }

    /// The bar indices that it covers; rows of padding in front hold no bar and are not among them.
    ///
    /// # Examples
    /// ```
    /// let block = lookback::Block::new(vec![1.0, 2.0, 3.0], 100, 3);
    /// assert_eq!(block.window_ending(102, 2).expect("it holds both bars").bar_range(), 101..103);
    /// ```
    #[must_use]
    pub fn bar_range(&self) -> Range<usize> {
        let bar = |row: usize| self.block.first_row + row.saturating_sub(self.block.padding);
        bar(self.start)..bar(self.start + self.bars)
    }

    /// One column, oldest bar first.
    ///
    /// # Panics
    /// Where there is no such column.
    ///
    /// # Examples
    /// ```
    /// let block = lookback::Block::new(vec![1.0, 2.0, 3.0, 10.0, 20.0, 30.0], 0, 3);
    /// let window = block.window(1..3).expect("the block holds both bars");
    /// assert_eq!(window.column(1), [20.0, 30.0]);
    /// ```
    #[inline]
    #[must_use]
    pub fn column(&self, column: usize) -> &'a [f64] {
        let first = column * self.block.rows + self.start;
        &self.block.values[first..first + self.bars]
    }

    /// The newest value of a column: that of the window's last bar.
    ///
    /// # Panics
    /// Where there is no such column, or the window holds no bar.
    ///
    /// # Examples
    /// ```
    /// let block = lookback::Block::new(vec![1.0, 2.0, 3.0, 10.0, 20.0, 30.0], 0, 3);
    /// let window = block.window(0..2).expect("the block holds both bars");
    /// assert_eq!((window.current(0), window.current(1)), (2.0, 20.0));
    /// ```
    #[inline]
    #[must_use]
    pub fn current(&self, column: usize) -> f64 {
        self.column(column)[self.bars - 1]
    }

    /// The window as an array of shape `[bar_count, columns]`, without a copy.
    ///
    /// Strides, in values: 1 from bar to bar, the block's rows from column to column.
    ///
    /// # Panics
    /// Never: the shape was checked when the window was made.
    ///
    /// # Examples
    /// ```
    /// let block = lookback::Block::new(vec![1.0, 2.0, 3.0, 10.0, 20.0, 30.0], 0, 3);
    /// let view = block.window(1..3).expect("the block holds both bars").view();
    /// assert_eq!((view.dim(), view[[1, 0]], view[[1, 1]]), ((2, 2), 3.0, 30.0));
    /// ```
    #[must_use]
    pub fn view(&self) -> ArrayView2<'a, f64> {
        let columns = self.columns();
        let Some(last_column) = columns.checked_sub(1) else {
            return ArrayView2::from_shape((0, 0), &[]).expect("an empty shape fits an empty slice");
        };
        let values = &self.block.values[self.start..last_column * self.block.rows + self.start + self.bars];
        ArrayView2::from_shape((self.bars, columns).strides((1, self.block.rows)), values)
            .expect("a window lies inside its block")
    }

    /// The window as an array of shape `[bar_count, assets, fields]`, without a copy; `fields` is how many each asset has.
    ///
    /// Columns lie asset by asset, so that this is [`view`](Self::view) with its second axis parted. Strides, in values: 1
    /// from bar to bar, the block's rows times `fields` from asset to asset, the block's rows from field to field.
    ///
    /// # Panics
    /// Where `fields` does not divide the columns.
    ///
    /// # Examples
    /// ```
    /// use lookback::portal::Options;
    /// use lookback::{Bundle, DataPortal, Field, Frequency};
    /// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
    /// let fields = [Field::High, Field::Low, Field::Close];
    /// let request = portal.request(["MSFT", "IBM"], fields, 20, Frequency::Day)?;
    /// let reader = portal.snapshot().reader();
    /// let window = reader.history(&request, 99)?;
    /// let view = window.view3(fields.len());
    /// assert_eq!(view.dim(), (20, 2, 3));
    /// assert_eq!(view[[19, 1, 2]], window.current(5)); // IBM's close
    /// # Ok::<(), lookback::Error>(())
    /// ```
    #[must_use]
    pub fn view3(&self, fields: usize) -> ArrayView3<'a, f64> {
        let columns = self.columns();
        let Some(last_column) = columns.checked_sub(1) else {
            return ArrayView3::from_shape((0, 0, fields), &[]).expect("an empty shape fits an empty slice");
        };
        assert!(
            fields > 0 && columns.is_multiple_of(fields),
            "a window of {columns} columns has no {fields} fields for each of its assets"
        );
        let rows = self.block.rows;
        let values = &self.block.values[self.start..last_column * rows + self.start + self.bars];
        ArrayView3::from_shape(
            (self.bars, columns / fields, fields).strides((1, fields * rows, rows)),
            values,
        )
        .expect("a window lies inside its block")
    }

    /// A window that outlives the reader: one reference count, no copy of values.
    ///
    /// # Examples
    /// ```
    /// let block = lookback::Block::new(vec![1.0, 2.0, 3.0], 0, 3);
    /// let owned = block.window(1..3).expect("the block holds both bars").to_owned();
    /// drop(block);
    /// assert_eq!(owned.as_window().column(0), [2.0, 3.0]);
    /// ```
    #[must_use]
    pub fn to_owned(&self) -> OwnedWindow {
        OwnedWindow { block: self.block.clone(), start: self.start, bars: self.bars }
    }
}

impl fmt::Debug for Window<'_> {
    /// Its own bars and values: those of the rest of the block may be later than a clock that lent it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<&[f64]> = (0..self.columns()).map(|column| self.column(column)).collect();
        f.debug_struct("Window").field("bars", &self.bar_range()).field("columns", &columns).finish()
    }
}

/// A window that holds its block alive by itself.
///
/// # Examples
/// ```
/// use lookback::portal::Options;
/// use lookback::{Bundle, DataPortal, Field, Frequency};
/// let portal = DataPortal::new(Bundle::sample()?, Options::default())?;
/// let request = portal.request(["IBM"], [Field::Close], 20, Frequency::Day)?;
/// let owned = portal.snapshot().reader().history(&request, 99)?.to_owned(); // the reader is gone
/// assert_eq!(owned.as_window().bar_range(), 80..100);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone)]
pub struct OwnedWindow {
    block: Block,
    start: usize,
    bars: usize,
}

impl OwnedWindow {
    /// The same window, lent.
    #[must_use]
    pub fn as_window(&self) -> Window<'_> {
        Window { block: &self.block, start: self.start, bars: self.bars }
    }
}

impl fmt::Debug for OwnedWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_window().fmt(f)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "values are stored, not computed")]
mod tests {
    use super::*;

    fn block() -> Block {
        Block::new(vec![1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0], 100, 4)
    }

    #[test]
    fn a_window_is_a_slice_of_its_block() {
        let block = block();
        let window = block.window(101..103).unwrap();
        assert_eq!(window.column(1), &[20.0, 30.0]);
        assert_eq!(window.view().shape(), &[2, 2]);
        assert_eq!(window.view()[[1, 0]], 3.0);
        assert_eq!(window.view().column(1).as_slice().unwrap().as_ptr(), window.column(1).as_ptr());
        assert_eq!(window.bar_range(), 101..103);
    }

    #[test]
    fn a_block_lends_nothing_that_it_does_not_hold() {
        let block = block();
        assert!(block.window(99..102).is_none());
        assert!(block.window(102..105).is_none());
        assert_eq!(block.window(104..104).unwrap().bar_count(), 0);
    }

    #[test]
    fn padding_is_lent_in_front_and_counts_no_bar() {
        let block = Block::padded(vec![f64::NAN, f64::NAN, 1.0, 2.0], 0, 4, 2);
        let window = block.window_ending(1, 3).unwrap();
        assert!(window.column(0)[0].is_nan());
        assert_eq!(&window.column(0)[1..], &[1.0, 2.0]);
        assert_eq!(window.bar_range(), 0..2);
        assert_eq!(block.window(0..1).unwrap().column(0), &[1.0]);
        assert!(block.window_ending(1, 5).is_none());
        assert!(block.window_ending(2, 1).is_none());
    }

    #[test]
    fn a_window_shows_no_value_of_the_bars_around_it() {
        let block = block();
        let window = block.window(101..103).unwrap();
        let shown = "Window { bars: 101..103, columns: [[2.0, 3.0], [20.0, 30.0]] }";
        assert_eq!(format!("{window:?}"), shown);
        assert_eq!(format!("{:?}", window.to_owned()), shown);
        assert!(window.view().to_slice_memory_order().is_none(), "the rows between the columns are not lent");
        assert!(block.window(101..102).unwrap().view().to_slice_memory_order().is_none());
    }

    #[test]
    fn a_window_of_assets_and_fields_is_the_same_memory() {
        // Two assets of two fields, three rows each.
        let block = Block::new((0..12).map(f64::from).collect::<Vec<_>>(), 0, 3);
        let window = block.window(1..3).unwrap();
        let (flat, view) = (window.view(), window.view3(2));
        assert_eq!((view.dim(), view.strides()), ((2, 2, 2), &[1, 6, 3][..]));
        for ((bar, asset, field), value) in view.indexed_iter() {
            assert_eq!(*value, flat[[bar, 2 * asset + field]]);
        }
        assert!(std::ptr::eq(&raw const view[[0, 0, 0]], window.column(0).as_ptr()));
        assert_eq!(window.view3(4).dim(), (2, 1, 4));
        assert_eq!(block.window(1..1).unwrap().view3(2).dim(), (0, 2, 2));
        assert!(std::panic::catch_unwind(|| window.view3(3).dim()).is_err());
    }

    #[test]
    fn an_owned_window_outlives_its_block() {
        let owned = block().window(100..104).unwrap().to_owned();
        assert_eq!(owned.as_window().column(0), &[1.0, 2.0, 3.0, 4.0]);
    }
}
