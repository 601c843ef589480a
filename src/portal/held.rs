//! What the cache holds: blocks of numbers, or bits.

#![forbid(unsafe_code)]

use std::sync::Arc;

use crate::block::Block;
use crate::cache::Weigh;
use crate::rule::{Bits, Column, ColumnRef};

/// A value of the cache. Cloning costs one reference count. Which of the two it is follows from its key.
#[derive(Clone, Debug)]
pub enum Held {
    /// Rows of some columns.
    Block(Block),
    /// A boolean for each of an asset's bars: true, false or undefined.
    Bits(Arc<Bits>),
}

impl Held {
    /// # Panics
    /// Where it is bits: a key of a block was mistaken for another.
    pub(super) fn block(&self) -> &Block {
        match self {
            Self::Block(block) => block,
            Self::Bits(_) => unreachable!("the key of a block holds a block"),
        }
    }

    /// A column over an asset's bars from its first on.
    pub(super) fn column(&self) -> ColumnRef<'_> {
        match self {
            Self::Block(block) => ColumnRef::Numbers(block.column(0)),
            Self::Bits(bits) => ColumnRef::Bits(bits),
        }
    }
}

impl From<Column> for Held {
    fn from(column: Column) -> Self {
        match column {
            Column::Numbers(numbers) => {
                let bars = numbers.len();
                Self::Block(Block::new(numbers, 0, bars))
            }
            Column::Bits(bits) => Self::Bits(Arc::new(bits)),
        }
    }
}

impl Weigh for Held {
    fn payload_bytes(&self) -> u64 {
        match self {
            Self::Block(block) => block.bytes(),
            Self::Bits(bits) => bits.bytes() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_weigh_two_bits_a_bar_and_numbers_eight_bytes() {
        let bits: Bits = (0..640).map(|bar| (bar > 9).then_some(bar % 2 == 0)).collect();
        assert_eq!(Held::from(Column::Bits(bits)).payload_bytes(), 2 * 640 / 8);
        assert_eq!(Held::from(Column::Numbers(vec![1.0; 640])).payload_bytes(), 640 * 8);
        // The enum finds room in a block's own words, so that a hit on a window costs no more than before.
        assert_eq!(size_of::<Held>(), size_of::<Block>());
    }
}
