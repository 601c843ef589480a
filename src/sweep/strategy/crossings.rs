//! Where two columns of a trial cross, found once for all its bars.

#![forbid(unsafe_code)]

use std::cell::{OnceCell, RefCell};

use crate::compare::Cross;

/// Pairs that a trial keeps. A strategy that crosses more of them compares bar by bar.
const PAIRS: usize = 4;

/// The crossings of the pairs that a trial asked for.
///
/// A pair's are found for all bars as soon as one bar asks: comparing 64 bars at once costs less than a few single ones.
/// A bar is only ever told of its own.
#[derive(Debug, Default)]
pub(super) struct Crossings {
    pairs: [OnceCell<Pair>; PAIRS],
    /// Memory to use again.
    spare: RefCell<Vec<Vec<Cross>>>,
}

#[derive(Debug)]
struct Pair {
    /// By their places among the trial's columns.
    columns: (usize, usize),
    crosses: Vec<Cross>,
}

impl Crossings {
    /// With the memory of a trial that is over.
    pub(super) fn new(spare: Vec<Vec<Cross>>) -> Self {
        Self { spare: RefCell::new(spare), ..Self::default() }
    }

    /// The crossings of the first pair that was asked for, 64 bars each, where it is this one.
    ///
    /// Most strategies have one pair, and ask at every bar: the way to it is short, and all else is out of it.
    #[inline]
    pub(super) fn first(&self, columns: (usize, usize)) -> Option<&[Cross]> {
        self.pairs[0].get().filter(|pair| pair.columns == columns).map(|pair| &pair.crosses[..])
    }

    /// The crossings of a pair of columns, 64 bars each; `None` where too many other pairs came before it.
    ///
    /// `find` fills them in, and is called for each pair once.
    pub(super) fn of(&self, columns: (usize, usize), find: impl Fn(&mut Vec<Cross>)) -> Option<&[Cross]> {
        let is_it = |cell: &&OnceCell<Pair>| cell.get().is_none_or(|pair| pair.columns == columns);
        let pair = self.pairs.iter().find(is_it)?.get_or_init(|| {
            let mut crosses = self.spare.borrow_mut().pop().unwrap_or_default();
            find(&mut crosses);
            Pair { columns, crosses }
        });
        Some(&pair.crosses)
    }

    /// Ends the trial, and keeps its memory.
    pub(super) fn into_spare(self) -> Vec<Vec<Cross>> {
        let mut spare = self.spare.into_inner();
        spare.extend(self.pairs.into_iter().filter_map(OnceCell::into_inner).map(|pair| pair.crosses));
        spare
    }
}
