//! The path of one asset's prices over a run, prepared so that a held span is accounted for without visiting its bars.
//!
//! While all cash is in shares, equity moves as the close does. So the sums of its returns over a span are differences of
//! prefix sums, the same for every trial on the asset; and the records that a drawdown is measured from are found by
//! hopping from each bar to the next whose close is not lower.

#![forbid(unsafe_code)]

use crate::sum::Sum;

/// Prices of one asset over [from, to], and what is derived from them once for all trials. Indices count from `from`.
#[derive(Debug)]
pub(in crate::sweep) struct Path {
    /// Prices in quote currency per share, on the run's adjustment.
    pub(in crate::sweep) open: Vec<f64>,
    pub(in crate::sweep) close: Vec<f64>,
    /// Element `i` sums what came before bar `i`; one longer than the bars.
    sums: Vec<Sums>,
    records: Vec<Record>,
}

/// Sums over a stretch of bars.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sweep) struct Sums {
    /// Of r, the return of the close per bar.
    pub(in crate::sweep) returns: f64,
    /// Of r squared.
    pub(in crate::sweep) squares: f64,
    /// Of min(r, 0) squared.
    pub(in crate::sweep) downside: f64,
    /// Of the close.
    pub(in crate::sweep) closes: f64,
}

/// What follows a bar until its close is reached again.
#[derive(Clone, Copy, Debug)]
pub(in crate::sweep) struct Record {
    /// The first later bar whose close is not lower; the number of bars where there is none.
    pub(in crate::sweep) next: usize,
    /// The lowest close strictly between; infinite where there is no bar between.
    pub(in crate::sweep) low: f64,
    /// `low` by the bar's own close.
    pub(in crate::sweep) low_ratio: f64,
}

impl Path {
    /// Prepares a path; every close is finite and above 0.
    pub(in crate::sweep) fn new(open: Vec<f64>, close: Vec<f64>) -> Self {
        let sums = sums(&close);
        let records = records(&close);
        Self { open, close, sums, records }
    }

    pub(in crate::sweep) fn len(&self) -> usize {
        self.close.len()
    }

    /// The sums over bars `start..end`, `start` at least 1.
    #[inline]
    pub(in crate::sweep) fn sums(&self, start: usize, end: usize) -> Sums {
        let (a, b) = (self.sums[start], self.sums[end]);
        Sums {
            returns: b.returns - a.returns,
            squares: b.squares - a.squares,
            downside: b.downside - a.downside,
            closes: b.closes - a.closes,
        }
    }

    #[inline]
    pub(in crate::sweep) fn record(&self, bar: usize) -> Record {
        self.records[bar]
    }

    /// The lowest close of some bars; infinite where there are none.
    #[inline]
    pub(in crate::sweep) fn lowest(&self, start: usize, end: usize) -> f64 {
        const LANES: usize = 4;
        let smaller = |a: f64, b: f64| if b < a { b } else { a };
        let (chunks, rest) = self.close[start..end].as_chunks::<LANES>();
        let mut lowest = [f64::INFINITY; LANES];
        for chunk in chunks {
            for lane in 0..LANES {
                lowest[lane] = smaller(lowest[lane], chunk[lane]);
            }
        }
        lowest.into_iter().chain(rest.iter().copied()).fold(f64::INFINITY, smaller)
    }
}

fn sums(close: &[f64]) -> Vec<Sums> {
    let mut prefix = Vec::with_capacity(close.len() + 1);
    let [mut returns, mut squares, mut downside, mut closes] = [Sum::default(); 4];
    let extend = |sum: &mut Sum, value: f64| {
        *sum = sum.add(value);
        sum.value()
    };
    prefix.push(Sums::default());
    for (bar, &now) in close.iter().enumerate() {
        let change = bar.checked_sub(1).map_or(0.0, |before| now / close[before] - 1.0);
        let loss = change.min(0.0);
        prefix.push(Sums {
            returns: extend(&mut returns, change),
            squares: extend(&mut squares, change * change),
            downside: extend(&mut downside, loss * loss),
            closes: extend(&mut closes, now),
        });
    }
    prefix
}

/// From the last bar back, hopping over what lower bars have found already: linear in all.
fn records(close: &[f64]) -> Vec<Record> {
    let mut records = vec![Record { next: 0, low: 0.0, low_ratio: 0.0 }; close.len()];
    for bar in (0..close.len()).rev() {
        let (mut next, mut low) = (bar + 1, f64::INFINITY);
        while next < close.len() && close[next] < close[bar] {
            let lower: Record = records[next];
            low = low.min(close[next]).min(lower.low);
            next = lower.next;
        }
        records[bar] = Record { next, low, low_ratio: low / close[bar] };
    }
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_leads_to_the_next_close_that_is_not_lower() {
        let path = Path::new(vec![1.0; 6], vec![4.0, 2.0, 3.0, 4.0, 5.0, 1.0]);
        let nexts: Vec<usize> = (0..6).map(|bar| path.record(bar).next).collect();
        assert_eq!(nexts, [3, 2, 3, 4, 6, 6]);
        assert_eq!((path.record(0).low_ratio, path.record(1).low), (0.5, f64::INFINITY));
        assert_eq!((path.lowest(0, 6), path.lowest(2, 2)), (1.0, f64::INFINITY));
    }

    #[test]
    fn sums_over_a_span_leave_out_the_rest() {
        let path = Path::new(vec![1.0; 4], vec![4.0, 2.0, 3.0, 3.0]);
        let sums = path.sums(2, 4);
        assert_eq!((sums.returns, sums.squares, sums.downside, sums.closes), (0.5, 0.25, 0.0, 6.0));
    }
}
