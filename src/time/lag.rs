//! From the moment of a bar to the one at which it is known.

#![forbid(unsafe_code)]

use super::{DAY_NS, month};

/// How long a bar goes on after the moment that it is called by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Lag {
    /// So many nanoseconds.
    Fixed(i64),
    /// To the end of the month that the moment lies in.
    Month,
}

impl Lag {
    /// When the bar of a moment is known in full.
    #[inline]
    pub(crate) fn known_at(self, moment: i64) -> i64 {
        match self {
            Self::Fixed(lag) => moment.saturating_add(lag),
            Self::Month => month(moment.div_euclid(DAY_NS)).1.saturating_mul(DAY_NS) - 1,
        }
    }

    /// The latest moment whose bar is known.
    #[inline]
    pub(crate) fn latest(self, now: i64) -> i64 {
        match self {
            Self::Fixed(lag) => now.saturating_sub(lag),
            Self::Month => month(now.saturating_add(1).div_euclid(DAY_NS)).0.saturating_mul(DAY_NS) - 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::When;

    #[test]
    fn the_latest_bar_that_is_known_is_known_and_the_one_after_it_is_not() {
        let date = |text: &str| text.parse::<When>().unwrap().first_moment().0;
        for lag in [Lag::Fixed(0), Lag::Fixed(7 * DAY_NS - 1), Lag::Month] {
            for now in ["2024-02-01", "2024-02-29", "2024-03-01", "2023-12-31"].map(date) {
                for now in [now - 1, now, now + DAY_NS - 1] {
                    let latest = lag.latest(now);
                    assert!(lag.known_at(latest) <= now, "{lag:?} {now}");
                    assert!(lag.known_at(latest + 1) > now, "{lag:?} {now}");
                }
            }
        }
        assert_eq!(Lag::Month.known_at(date("2024-02-05")), date("2024-03-01") - 1);
    }
}
