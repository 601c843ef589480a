//! Prices that jump as a split makes them, on a day of which no event tells it.
//!
//! The open shows a split best: the day has not yet added its own. Apple rose by 10 % on the day of its split in June
//! 2000, but opened at the half of the close before; and in September it lost 52 % of a day's close, but opened 5 % above
//! the half. The close only has to be nearer to the split than to none, so that one bad open is no jump.

#![forbid(unsafe_code)]

use std::fmt;

use super::adjustment::{Adjustment, AdjustmentKind, ratio_text};
use crate::time::Timestamp;

/// The splits that a jump is taken for, and their reverses. Smaller ones are too near to what a bad day does.
const SPLITS: [f64; 17] =
    [1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 100.0];

/// A jump is at least so many times the usual move from one close to the next open: a share that moves by a third on many
/// days does not split on each of them.
const UNUSUAL: f64 = 10.0;

/// What the market adds to a split overnight is rarely more than so many usual moves: four standard deviations, if the
/// moves were normal. Microsoft's in 2003 came with four and a half.
const USUAL_MOVES: f64 = 6.0;

/// Nor is it taken to be more than this: half of the way between 10:1 and 9:1.
const WIDEST: f64 = 0.05;

/// The usual move where an asset has too few bars to show its own: that of a liquid stock in a day, for its opens may be
/// its closes.
const USUAL_MOVE: f64 = 0.01;

/// A price that jumps by a ratio of small integers from a close to the next open, with no event that explains it.
///
/// Either a split is missing, and every price before it is off by the ratio; or one was given that the prices are
/// adjusted for already. Or it was a very bad day: look at it.
///
/// # Examples
/// ```
/// use lookback::bundle::Series;
/// use lookback::{Bundle, Calendar, Frequency, Timestamp};
/// let day = |day| Timestamp::from_date(2020, 8, day).unwrap().0;
/// let closes: Vec<_> = ["506.09", "500.04", "499.23", "129.04"].map(|close| close.parse().unwrap()).into();
/// let series = Series {
///     symbol: "AAPL".into(),
///     calendar: Calendar::new(vec![day(26), day(27), day(28), day(31)])?,
///     values: [closes.clone(), closes.clone(), closes.clone(), closes.clone(), closes],
///     adjustments: vec![],
/// };
/// let bundle = Bundle::from_series("naked", Frequency::Day, vec![series])?;
/// let jumps = bundle.jumps(bundle.asset("AAPL")?)?;
/// assert_eq!(jumps.len(), 1);
/// assert_eq!((jumps[0].split, jumps[0].date.to_string()), (4.0, "2020-08-31".to_owned()));
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Jump {
    /// The first bar after it.
    pub date: Timestamp,
    /// The close before it, in quote currency per share as the file has it.
    pub close_before: f64,
    /// The open of its bar.
    pub open: f64,
    /// The split that would explain it, in new shares for each old one.
    pub split: f64,
    /// The split that is known of the day and does not show, in new shares for each old one.
    pub known: Option<f64>,
}

impl fmt::Display for Jump {
    /// What happened and what would help, to be read after the name of the asset.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { date, close_before, open, split, known } = self;
        match known {
            Some(known) => write!(
                f,
                "a split of {} is known of {date}, but a close of {close_before} is followed by an open of {open}: the \
                 prices may be adjusted for it already, or it belongs to another day; --adjustments corrects it",
                ratio_text(*known)
            ),
            None => write!(
                f,
                "from a close of {close_before} the price {} to an open of {open} on {date}, as in a split of {}, and \
                 nothing tells of one; --adjustments or a column stock splits or adj close would",
                if open < close_before { "falls" } else { "rises" },
                ratio_text(*split)
            ),
        }
    }
}

/// Finds the jumps of an asset; `adjustments` ascend by ex-date.
pub(super) fn find(moments: &[i64], opens: &[f64], closes: &[f64], adjustments: &[Adjustment]) -> Vec<Jump> {
    let mut adjustments = adjustments;
    let mut moves = Vec::with_capacity(closes.len().saturating_sub(1));
    for bar in 1..closes.len() {
        // Events between two bars apply from the later one.
        let count = adjustments.partition_point(|event| event.ex_date.0 <= moments[bar]);
        let (events, later) = adjustments.split_at(count);
        let events = &events[events.partition_point(|event| event.ex_date.0 <= moments[bar - 1])..];
        adjustments = later;
        moves.push(Move::new(closes[bar - 1], opens[bar], closes[bar], events));
    }
    let usual = usual(&moves);
    let tolerance = (USUAL_MOVES * usual).min(WIDEST);
    let jump = |(bar, one): (usize, &Move)| {
        let is_unusual = one.to_open.abs() >= UNUSUAL * usual;
        let split = is_unusual.then(|| one.nearest_split(tolerance)).flatten()?;
        let date = Timestamp(moments[bar + 1]);
        Some(Jump { date, close_before: closes[bar], open: opens[bar + 1], split, known: one.known })
    };
    moves.iter().enumerate().filter_map(jump).collect()
}

/// What prices do from the close of one bar to the next beyond the events between them.
struct Move {
    /// The logarithm of close before / open, events taken out: that of the split that would explain it.
    to_open: f64,
    /// The same to the close.
    to_close: f64,
    known: Option<f64>,
}

impl Move {
    fn new(close_before: f64, open: f64, close: f64, events: &[Adjustment]) -> Self {
        let (mut expected, mut known) = (close_before, None);
        for event in events {
            match event.kind {
                AdjustmentKind::Split(ratio) => {
                    expected /= ratio;
                    known = Some(known.unwrap_or(1.0) * ratio);
                }
                AdjustmentKind::Factor(factor) => expected *= factor,
                AdjustmentKind::Dividend(cash) => expected -= cash,
            }
        }
        Self { to_open: (expected / open).ln(), to_close: (expected / close).ln(), known }
    }

    fn nearest_split(&self, tolerance: f64) -> Option<f64> {
        let splits = SPLITS.into_iter().chain(self.known).flat_map(|split| [split, 1.0 / split]);
        let distance = |split: f64| (split.ln() - self.to_open).abs();
        let nearest = splits.min_by(|a, b| distance(*a).total_cmp(&distance(*b)))?;
        let is_held = (self.to_close - nearest.ln()).abs() < self.to_close.abs();
        (distance(nearest) <= tolerance && is_held).then_some(nearest)
    }
}

/// The median size of the moves, or a stock's in general where there are too few.
fn usual(moves: &[Move]) -> f64 {
    let mut sizes: Vec<f64> = moves.iter().map(|one| one.to_open.abs()).collect();
    if sizes.len() < 2 {
        return USUAL_MOVE;
    }
    let middle = (sizes.len() - 1) / 2;
    let (_, median, _) = sizes.select_nth_unstable_by(middle, f64::total_cmp);
    median.max(USUAL_MOVE / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(closes: &[f64], adjustments: &[Adjustment]) -> Vec<(usize, f64)> {
        let moments: Vec<i64> = (0..closes.len() as i64).collect();
        let jumps = find(&moments, closes, closes, adjustments);
        jumps.iter().map(|jump| (usize::try_from(jump.date.0).unwrap(), jump.split)).collect()
    }

    #[test]
    fn splits_of_every_usual_ratio_are_seen_through_the_day_s_own_move() {
        for split in SPLITS.into_iter().flat_map(|split| [split, 1.0 / split]) {
            for own in [0.97, 1.0, 1.03] {
                let closes = [100.0, 101.0, 100.0, 99.0, 99.0 / split * own, 100.0 / split, 101.0 / split];
                let [(4, seen)] = found(&closes, &[])[..] else { panic!("{split} {own}") };
                assert!((seen - split).abs() < 1e-12, "{split} {own}: {seen}");
            }
        }
    }

    #[test]
    fn a_known_event_explains_its_jump_and_one_that_does_not_show_is_a_jump() {
        let split = |bar, ratio| Adjustment::new(Timestamp(bar), AdjustmentKind::Split(ratio));
        let closes = [100.0, 101.0, 50.0, 51.0, 50.5];
        assert_eq!(found(&closes, &[]), [(2, 2.0)]);
        assert_eq!(found(&closes, &[split(2, 2.0)]), []);
        assert_eq!(found(&closes, &[split(2, 4.0)]), [(2, 0.5)]);
        assert_eq!(found(&closes, &[split(2, 2.0), split(4, 3.0)]), [(4, 1.0 / 3.0)]);
        let special = Adjustment::new(Timestamp(2), AdjustmentKind::Dividend(51.0));
        assert_eq!(found(&closes, &[special]), []);
    }

    #[test]
    fn the_open_tells_a_split_from_a_bad_day_and_the_close_a_bad_open() {
        let moments: Vec<i64> = (0..5).collect();
        let found = |open: f64, close: f64| {
            let (opens, closes) = ([100.0, 100.5, 101.0, open, close], [100.0, 101.0, 101.25, close, close]);
            find(&moments, &opens, &closes, &[]).len()
        };
        assert_eq!(found(50.5, 55.63), 1, "a rise of a tenth on the day of the split");
        assert_eq!(found(80.0, 50.6), 0, "half of the price is lost within the day");
        assert_eq!(found(50.5, 101.0), 0, "a bad open");
    }

    #[test]
    fn a_share_that_moves_by_a_third_on_many_days_does_not_split_on_each() {
        assert_eq!(found(&[1.0, 1.5, 1.0, 1.4, 0.7, 1.1, 2.2, 1.5], &[]), []);
        assert_eq!(found(&[100.0, 99.0, 100.0, 82.0, 83.0], &[]), [], "a bad day is no split");
        assert_eq!(found(&[100.0], &[]), []);
        assert_eq!(found(&[100.0, 50.0], &[]), [(1, 2.0)]);
    }
}
