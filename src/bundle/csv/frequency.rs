//! Detects the frequency of bars from their moments.

#![forbid(unsafe_code)]

use std::collections::HashMap;

use crate::time::{DAY_NS, Frequency, Timestamp};

/// The frequency of some bars in order; `Ok(None)` where one bar at an hour of the day tells nothing.
///
/// It is the usual step: the most frequent distance between neighbours, the smaller of two that are equally so.
/// Nights, weekends, holidays and bars without trades are steps too, but rarer ones.
pub(super) fn detect(moments: &[i64]) -> Result<Option<Frequency>, String> {
    let mut counts: HashMap<i64, usize> = HashMap::new();
    // Most steps are as long as the one before.
    let steps = moments.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>();
    for alike in steps.chunk_by(i64::eq) {
        *counts.entry(alike[0]).or_default() += alike.len();
    }
    let all_midnight = moments.iter().all(|&moment| Timestamp(moment).is_midnight());
    let usual = counts
        .into_iter()
        .max_by_key(|&(step, count)| (count, std::cmp::Reverse(step)))
        .map(|(step, _)| step);
    match usual {
        None => Ok(all_midnight.then_some(Frequency::Day)),
        // A few days around a weekend are still days.
        Some(step) if all_midnight && (DAY_NS..Frequency::Week.step_ns()).contains(&step) => {
            Ok(Some(Frequency::Day))
        }
        // Months are as long as they are, and so are those of which a bar is stamped with the last session.
        Some(step) if all_midnight && (27 * DAY_NS..=34 * DAY_NS).contains(&step) => {
            Ok(Some(Frequency::Month))
        }
        Some(step) => {
            let fits = |frequency: &Frequency| *frequency < Frequency::Month && frequency.step_ns() == step;
            let found = Frequency::ALL.into_iter().find(fits);
            found.map(Some).ok_or_else(|| {
                let expected = Frequency::list(Frequency::ALL);
                format!("most bars are {} apart, expected one of {expected}", words(step))
            })
        }
    }
}

/// A span in its largest whole unit.
fn words(step: i64) -> String {
    const UNITS: [(i64, &str); 5] = [
        (DAY_NS, "days"),
        (3_600_000_000_000, "hours"),
        (60_000_000_000, "minutes"),
        (1_000_000_000, "seconds"),
        (1, "nanoseconds"),
    ];
    let whole = UNITS.into_iter().find(|(unit, _)| step % unit == 0);
    whole.map_or_else(String::new, |(unit, name)| format!("{} {name}", step / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(steps: &[i64]) -> Vec<i64> {
        let mut moments = vec![0];
        for step in steps {
            moments.push(moments[moments.len() - 1] + step * 60_000_000_000);
        }
        moments
    }

    #[test]
    fn nights_weekends_and_holes_do_not_hide_the_step() {
        const DAY: i64 = 1_440;
        for (steps, frequency) in [
            (&[1, 1, 3, 1, 1_051, 1, 2][..], Frequency::Minute),
            (&[60, 60, 1_080, 60], Frequency::Hour),
            (&[DAY, DAY, 3 * DAY, DAY, 4 * DAY], Frequency::Day),
            (&[3 * DAY], Frequency::Day),
            (&[7 * DAY, 8 * DAY, 7 * DAY, 6 * DAY], Frequency::Week),
            (&[31 * DAY, 28 * DAY, 31 * DAY, 30 * DAY], Frequency::Month),
            (&[28 * DAY], Frequency::Month),
            (&[3, 3, 6, 3], Frequency::Minute3),
            (&[120, 120, 1_200, 120], Frequency::Hour2),
            (&[240, 1_200, 240, 1_200, 240], Frequency::Hour4),
        ] {
            assert_eq!(detect(&every(steps)), Ok(Some(frequency)));
        }
        assert_eq!(detect(&[60_000_000_000]), Ok(None));
        assert_eq!(detect(&[0, 5_000_000_000, 10_000_000_000, 11_000_000_000]), Ok(Some(Frequency::Second5)));
        assert_eq!(detect(&[0, 1_000_000_000, 2_000_000_000]), Ok(Some(Frequency::Second)));
    }

    #[test]
    fn other_steps_are_named() {
        let names = "1s 5s 1m 3m 5m 15m 30m 1h 2h 4h 1d 1w 1mo";
        let expected = format!("most bars are 10 minutes apart, expected one of {names}");
        assert_eq!(detect(&every(&[10, 10])), Err(expected));
    }
}
