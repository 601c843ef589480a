//! The month and the day of the week of a date.

#![forbid(unsafe_code)]

/// Days from 1 March of the year 0 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// Days of 400 years, after which the calendar repeats itself.
const ERA: i64 = 146_097;

/// The month of a day since 1970-01-01: 1 January to 12.
///
/// - Source: Hinnant, chrono-Compatible Low-Level Date Algorithms, `civil_from_days`.
pub(super) fn month(day: i64) -> i64 {
    let of_era = day.saturating_add(EPOCH).rem_euclid(ERA);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    // Counted from March, so that the day that some years have more is the last.
    let from_march = (5 * of_year + 2) / 153;
    if from_march < 10 { from_march + 3 } else { from_march - 9 }
}

/// The day of the week of a day since 1970-01-01, a Thursday: 1 Monday to 7.
pub(super) fn day_of_week(day: i64) -> i64 {
    (day.rem_euclid(7) + 3) % 7 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY_NS, Timestamp};

    #[test]
    fn every_day_of_four_hundred_years_has_the_month_that_the_calendar_says() {
        for (year, month_of) in (1800..2200).flat_map(|year| (1..=12).map(move |month| (year, month))) {
            for day_of in [1, 28] {
                let Some(moment) = Timestamp::from_date(year, month_of, day_of) else { continue };
                let day = moment.0.div_euclid(DAY_NS);
                assert_eq!(month(day), i64::from(month_of), "{year}-{month_of}-{day_of}");
            }
        }
    }

    #[test]
    fn weeks_start_on_monday() {
        assert_eq!((day_of_week(0), day_of_week(3), day_of_week(4), day_of_week(-1)), (4, 7, 1, 3));
        let monday = Timestamp::from_date(2024, 2, 26).unwrap();
        assert_eq!(day_of_week(monday.0 / DAY_NS), 1);
    }
}
