//! Prices that cannot stand beside each other: some of them, or all, are not in the unit that they are taken for.

#![forbid(unsafe_code)]

use rust_decimal::Decimal;

use super::rows::Rows;
use crate::decimal;
use crate::error::Error;

/// No price moves so many times in a bar or over a night: the largest reverse splits are 1:500 or so.
const MOST: f64 = 1_000.0;

/// Whole numbers above it are units of 1e-9 and seldom prices: 0.1 in them.
const LARGE: i64 = 100_000_000;

/// What is said where prices jump so far.
#[derive(Debug)]
pub(super) struct Absurd {
    pub(super) bar: usize,
    pub(super) message: String,
}

/// The first jump between prices of neighbours, or within a bar, that none makes.
pub(super) fn jump(rows: &Rows) -> Option<Absurd> {
    let far = |a: Decimal, b: Decimal| {
        let ratio = decimal::to_f64(a) / decimal::to_f64(b);
        // Of prices that may be negative, no ratio tells.
        ratio >= MOST || (ratio > 0.0 && ratio <= 1.0 / MOST)
    };
    (0..rows.len()).find_map(|bar| {
        let (high, low) = (rows.value(1, bar), rows.value(2, bar));
        if far(high, low) {
            let message = format!("high is {high} and low {low}, a thousand times apart or more; {ADVICE}");
            return Some(Absurd { bar, message });
        }
        let (before, open) = (rows.close(bar.checked_sub(1)?), rows.open(bar));
        far(open, before).then(|| {
            let place = rows.place(bar - 1, bar);
            let message = format!(
                "open is {open} after a close of {before} in {place}, a thousand times apart or more; {ADVICE}"
            );
            Absurd { bar, message }
        })
    })
}

const ADVICE: &str = "expected prices of one unit (--price-scale multiplies all those of a file), or pass --lenient to keep \
     them as they are";

/// Refuses prices that are whole numbers of 1e-9 taken for prices; `was_scaled` says that the unit was asked for.
pub(super) fn check_unit(rows: &Rows, was_scaled: bool) -> Result<(), Error> {
    let large = Decimal::from(LARGE);
    let is_large = |column: usize, bar: usize| {
        let price = rows.value(column, bar);
        price >= large && price.scale() == 0
    };
    if was_scaled || !(0..rows.len()).all(|bar| (0..4).all(|column| is_large(column, bar))) {
        return Ok(());
    }
    let message = format!(
        "open is {}, and all prices are whole numbers of at least {LARGE}; expected prices: where they are units of 1e-9, \
         as Databento's, pass --price-scale 1e-9 or --preset databento, where they are prices --price-scale 1",
        rows.open(0)
    );
    Err(rows.refuse(0, message))
}
