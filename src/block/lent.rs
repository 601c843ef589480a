//! A window's columns as Arrow takes them: the memory of the block, held alive by the array.

#![forbid(unsafe_code)]

use arrow_array::Float64Array;
use arrow_buffer::{Buffer, ScalarBuffer, ToByteSlice as _};
use bytes::Bytes;

use super::OwnedWindow;

/// One column of a window, as bytes.
struct Lent {
    window: OwnedWindow,
    column: usize,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.window.as_window().column(self.column).to_byte_slice()
    }
}

impl OwnedWindow {
    /// One column as an Arrow array: its values lie in the block itself, which the array holds alive.
    ///
    /// Values are `f64` without nulls, NaN where the window has NaN. No value is copied; the array costs two small
    /// allocations, and keeps the whole block for as long as it lives.
    ///
    /// # Panics
    /// Where there is no such column.
    ///
    /// # Examples
    /// ```
    /// let block = lookback::Block::new(vec![1.0, 2.0, 3.0, 10.0, 20.0, 30.0], 0, 3);
    /// let window = block.window(1..3).expect("the block holds both bars");
    /// let array = window.to_owned().arrow_column(1);
    /// assert_eq!(array.values()[..], [20.0, 30.0]);
    /// assert_eq!(array.values().as_ptr(), window.column(1).as_ptr());
    /// ```
    #[must_use]
    pub fn arrow_column(&self, column: usize) -> Float64Array {
        let bars = self.as_window().column(column).len();
        let bytes = Bytes::from_owner(Lent { window: self.clone(), column });
        Float64Array::new(ScalarBuffer::new(Buffer::from(bytes), 0, bars), None)
    }
}

#[cfg(test)]
mod tests {
    use crate::block::Block;

    #[test]
    fn a_column_outlives_its_block_and_reaches_no_bar_beyond_its_window() {
        let block = Block::new(vec![1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0], 100, 4);
        let window = block.window(101..103).unwrap().to_owned();
        let columns = [window.arrow_column(0), window.arrow_column(1)];
        drop((block, window));
        assert_eq!(columns.each_ref().map(|column| column.values()[..].to_vec()), [[2.0, 3.0], [20.0, 30.0]]);
        assert_eq!(columns[0].values().inner().len(), 2 * 8, "later bars are not part of its buffer");
        let empty = Block::new(vec![1.0, 2.0], 0, 2).window(1..1).unwrap().to_owned().arrow_column(0);
        assert!(empty.values().is_empty());
    }
}
