//! Blocks of one thread's own, kept until all are let go at once.

#![forbid(unsafe_code)]

use std::cell::{Cell, OnceCell};

use crate::block::Block;

/// Levels of places, each twice as long as the one before: more than memory holds.
const LEVELS: usize = 40;

/// Levels of places that stay for the blocks to come: a strategy asks for a few at each bar.
const KEPT_LEVELS: usize = 4;

/// Keeps blocks where they are, so that one that is lent stays good while others come.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    /// None before the first block: a trial that asks for no open bar pays nothing for this.
    levels: OnceCell<Box<Levels>>,
    len: Cell<usize>,
}

type Levels = [OnceCell<Box<[OnceCell<Block>]>>; LEVELS];

impl Arena {
    /// Keeps a block and lends it.
    pub(super) fn keep(&self, block: Block) -> &Block {
        let place = self.len.get() + 1;
        self.len.set(place);
        let level = place.ilog2();
        let levels = self.levels.get_or_init(|| Box::new(std::array::from_fn(|_| OnceCell::new())));
        let places = levels[level as usize]
            .get_or_init(|| std::iter::repeat_with(OnceCell::new).take(1 << level).collect());
        places[place - (1 << level)].get_or_init(|| block)
    }

    /// Lets go of all blocks: at each bar, and nearly always there is none.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.len.get() > 0 {
            self.let_go();
        }
    }

    #[cold]
    fn let_go(&mut self) {
        self.len.set(0);
        let Some(levels) = self.levels.get_mut() else { return };
        let (few, many) = levels.split_at_mut(KEPT_LEVELS);
        few.iter_mut().filter_map(OnceCell::get_mut).flatten().for_each(|place| drop(place.take()));
        many.iter_mut().for_each(|level| drop(level.take()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lent_stays_good_while_more_comes_and_is_gone_when_it_is_cleared() {
        let mut arena = Arena::default();
        let lent: Vec<&Block> =
            (0..100_u8).map(|at| arena.keep(Block::new(vec![f64::from(at)], 0, 1))).collect();
        assert!((0..100_u8).zip(lent).all(|(at, block)| block.column(0) == [f64::from(at)]));
        arena.clear();
        let levels = arena.levels.get().unwrap();
        let left = levels.iter().filter_map(OnceCell::get).flatten().filter(|place| place.get().is_some());
        assert_eq!(left.count(), 0);
        assert_eq!(arena.keep(Block::new(vec![7.0], 0, 1)).column(0), [7.0]);
    }
}
