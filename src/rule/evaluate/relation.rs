//! How two columns compare, 64 bars a word.

#![forbid(unsafe_code)]

use crate::compare;
use crate::rule::bits::Bits;
use crate::rule::graph::{Precision, Side};

/// Bars of a word.
const WORD: usize = u64::BITS as usize;

/// Where `a` is on a side of `b`; undefined where either is NaN.
pub(super) fn relate(side: Side, precision: Precision, a: &[f64], b: &[f64], out: &mut Bits) {
    match precision {
        Precision::Exact => relate_exactly(side, a, b, out),
        Precision::Rounded => {
            let mut words = out.room(a.len());
            compare::relate(a, b, |word| {
                if let Some((value, defined)) = words.next() {
                    *value = if side == Side::Above { word.above } else { word.below };
                    *defined = word.above | word.below | word.level;
                }
            });
        }
    }
}

/// Where `a` is above `b`, and where it is below, in one pass; both undefined where either is NaN.
pub(super) fn relate_both(precision: Precision, a: &[f64], b: &[f64], above: &mut Bits, below: &mut Bits) {
    if precision == Precision::Exact {
        relate_exactly(Side::Above, a, b, above);
        return relate_exactly(Side::Below, a, b, below);
    }
    let mut words = above.room(a.len()).zip(below.room(a.len()));
    compare::relate(a, b, |word| {
        if let Some((above, below)) = words.next() {
            let defined = word.above | word.below | word.level;
            (*above.0, *above.1) = (word.above, defined);
            (*below.0, *below.1) = (word.below, defined);
        }
    });
}

fn relate_exactly(side: Side, a: &[f64], b: &[f64], out: &mut Bits) {
    let words = a.chunks(WORD).zip(b.chunks(WORD)).map(|(a, b)| {
        let (mut value, mut defined) = (0, 0);
        for (bar, (a, b)) in a.iter().zip(b).enumerate() {
            let holds = side.holds(*a, *b, Precision::Exact);
            value |= u64::from(holds == Some(true)) << bar;
            defined |= u64::from(holds.is_some()) << bar;
        }
        (value, defined)
    });
    out.fill(a.len(), words);
}
