//! Returns by month.

#![forbid(unsafe_code)]

use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use super::Figures;

/// The return of one month.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Month {
    /// The year.
    pub year: i16,
    /// From 1 to 12.
    pub month: i8,
    /// The account's, as a share of 1, against its equity at the end of the month before.
    pub own: f64,
    /// That of buy and hold.
    pub hold: Option<f64>,
}

/// The date of a day, counted from 1970-01-01.
pub(super) fn date_of(day: i64) -> Date {
    date(1970, 1, 1).saturating_add(day.days())
}

/// Where spans of bars end whose key is the same: the index of the last bar of each.
pub(super) fn ends<K: PartialEq>(of: &Figures, key: impl Fn(Date) -> K) -> Vec<(K, usize)> {
    let mut found: Vec<(K, usize)> = Vec::new();
    for (bar, moment) in of.moments.iter().enumerate() {
        let key = key(date_of(moment.days()));
        match found.last_mut() {
            Some((last, end)) if *last == key => *end = bar,
            _ => found.push((key, bar)),
        }
    }
    found
}

/// The growth of each span, less 1, of an account that began with this cash.
pub(super) fn growth(equity: &[f64], cash: f64, ends: impl Iterator<Item = usize>) -> Vec<f64> {
    let mut before = cash;
    ends.map(|end| {
        let now = equity[end];
        let growth = if before > 0.0 { now / before - 1.0 } else { 0.0 };
        before = now;
        growth
    })
    .collect()
}

pub(super) fn months(of: &Figures) -> Vec<Month> {
    let ends = ends(of, |date| (date.year(), date.month()));
    let own = growth(&of.equity, of.cash, ends.iter().map(|(_, end)| *end));
    let hold = of.hold.as_ref().map(|hold| growth(&hold.equity, of.cash, ends.iter().map(|(_, end)| *end)));
    ends.iter()
        .enumerate()
        .map(|(at, ((year, month), _))| Month {
            year: *year,
            month: *month,
            own: own[at],
            hold: hold.as_ref().map(|hold| hold[at]),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_compound_to_the_whole() {
        let equity: Vec<f64> = (0..70).map(|day| 100.0 + f64::from(day * day % 17)).collect();
        let months = Figures::of_days(100.0, &equity).months();
        assert_eq!(
            months.iter().map(|one| (one.year, one.month)).collect::<Vec<_>>(),
            [(1970, 1), (1970, 2), (1970, 3)]
        );
        let whole: f64 = months.iter().map(|one| 1.0 + one.own).product();
        assert!((whole - equity[69] / 100.0).abs() < 1e-12);
        assert!((months[0].own - (equity[30] / 100.0 - 1.0)).abs() < 1e-15);
        assert_eq!(months[0].hold, None);
    }
}
