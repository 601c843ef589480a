//! Steps of time between bars, and which can be made of which.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

use super::DAY_NS;
use crate::error::{Error, ErrorKind};

/// The step of time between bars. The coarser of two is the greater.
///
/// # Examples
/// ```
/// use lookback::Frequency;
/// assert_eq!("15m".parse::<Frequency>()?, Frequency::Minute15);
/// assert!(Frequency::Minute15 < Frequency::Day);
/// # Ok::<(), lookback::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Frequency {
    /// One second.
    Second,
    /// Five seconds.
    Second5,
    /// One minute.
    Minute,
    /// Three minutes.
    Minute3,
    /// Five minutes.
    Minute5,
    /// Fifteen minutes.
    Minute15,
    /// Thirty minutes.
    Minute30,
    /// One hour, counted from the session's start.
    Hour,
    /// Two hours, counted from the session's start.
    Hour2,
    /// Four hours, counted from the session's start.
    Hour4,
    /// One session.
    Day,
    /// One week, from Monday.
    Week,
    /// One month of the calendar.
    Month,
}

impl Frequency {
    /// All of them, finest first.
    ///
    /// # Examples
    /// ```
    /// use lookback::Frequency;
    /// let names = "1s 5s 1m 3m 5m 15m 30m 1h 2h 4h 1d 1w 1mo";
    /// assert_eq!(Frequency::ALL.map(Frequency::name).join(" "), names);
    /// assert!(Frequency::ALL.is_sorted());
    /// ```
    pub const ALL: [Self; 13] = [
        Self::Second,
        Self::Second5,
        Self::Minute,
        Self::Minute3,
        Self::Minute5,
        Self::Minute15,
        Self::Minute30,
        Self::Hour,
        Self::Hour2,
        Self::Hour4,
        Self::Day,
        Self::Week,
        Self::Month,
    ];

    /// The short name: `1s 5s 1m 3m 5m 15m 30m 1h 2h 4h 1d 1w 1mo`.
    ///
    /// # Examples
    /// ```
    /// use lookback::Frequency;
    /// assert_eq!((Frequency::Minute.name(), Frequency::Month.name()), ("1m", "1mo"));
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Second => "1s",
            Self::Second5 => "5s",
            Self::Minute => "1m",
            Self::Minute3 => "3m",
            Self::Minute5 => "5m",
            Self::Minute15 => "15m",
            Self::Minute30 => "30m",
            Self::Hour => "1h",
            Self::Hour2 => "2h",
            Self::Hour4 => "4h",
            Self::Day => "1d",
            Self::Week => "1w",
            Self::Month => "1mo",
        }
    }

    /// The nominal length of a bar, in nanoseconds: a month has 30 days here, and a day 24 hours.
    ///
    /// # Examples
    /// ```
    /// use lookback::{Frequency, time::DAY_NS};
    /// assert_eq!(Frequency::Week.step_ns(), 7 * DAY_NS);
    /// ```
    #[must_use]
    pub fn step_ns(self) -> i64 {
        const SECOND_NS: i64 = 1_000_000_000;
        const MINUTE_NS: i64 = 60 * SECOND_NS;
        const HOUR_NS: i64 = 60 * MINUTE_NS;
        match self {
            Self::Second => SECOND_NS,
            Self::Second5 => 5 * SECOND_NS,
            Self::Minute => MINUTE_NS,
            Self::Minute3 => 3 * MINUTE_NS,
            Self::Minute5 => 5 * MINUTE_NS,
            Self::Minute15 => 15 * MINUTE_NS,
            Self::Minute30 => 30 * MINUTE_NS,
            Self::Hour => HOUR_NS,
            Self::Hour2 => 2 * HOUR_NS,
            Self::Hour4 => 4 * HOUR_NS,
            Self::Day => DAY_NS,
            Self::Week => 7 * DAY_NS,
            Self::Month => 30 * DAY_NS,
        }
    }

    /// Whether its bars lie within a session, rather than being one or several.
    ///
    /// # Examples
    /// ```
    /// use lookback::Frequency;
    /// assert!(Frequency::Hour4.is_intraday() && !Frequency::Day.is_intraday());
    /// ```
    #[must_use]
    pub fn is_intraday(self) -> bool {
        self < Self::Day
    }

    /// How many bars of a finer frequency one bar holds where none is missing and that is a fixed number; `None` where it
    /// is not, as of the sessions of a month, and where bars of the other do not fill one.
    ///
    /// # Examples
    /// ```
    /// use lookback::Frequency;
    /// assert_eq!(Frequency::Hour.bars_of(Frequency::Minute15), Some(4));
    /// assert_eq!(Frequency::Minute5.bars_of(Frequency::Minute3), None);
    /// assert_eq!(Frequency::Month.bars_of(Frequency::Day), None);
    /// ```
    #[must_use]
    pub fn bars_of(self, finer: Self) -> Option<u32> {
        if self == finer {
            return Some(1);
        }
        let (step, finer_step) = (self.step_ns(), finer.step_ns());
        let is_whole = self.is_intraday() && finer < self && step % finer_step == 0;
        is_whole.then(|| u32::try_from(step / finer_step).ok()).flatten()
    }

    /// Whether bars can be made of those of another frequency: a coarser bar holds whole bars of a finer one.
    ///
    /// A day, a week and a month can be made of whatever lies within a session; weeks and months of days; a month not of
    /// weeks, which go over its ends.
    ///
    /// # Examples
    /// ```
    /// use lookback::Frequency;
    /// assert!(Frequency::Week.is_made_of(Frequency::Minute3) && Frequency::Month.is_made_of(Frequency::Day));
    /// assert!(!Frequency::Month.is_made_of(Frequency::Week) && !Frequency::Minute.is_made_of(Frequency::Hour));
    /// ```
    #[must_use]
    pub fn is_made_of(self, base: Self) -> bool {
        match (self, base) {
            _ if self <= base => self == base,
            (Self::Day | Self::Week | Self::Month, _) => base <= Self::Day,
            _ => self.bars_of(base).is_some(),
        }
    }

    /// The frequencies that can be made of this one's bars, itself first.
    ///
    /// # Examples
    /// ```
    /// use lookback::Frequency::{self, *};
    /// assert_eq!(Hour2.makes().collect::<Vec<Frequency>>(), [Hour2, Hour4, Day, Week, Month]);
    /// ```
    pub fn makes(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |coarser| coarser.is_made_of(self))
    }

    /// Some names, as an error lists them.
    pub(crate) fn list(frequencies: impl IntoIterator<Item = Self>) -> String {
        frequencies.into_iter().map(Self::name).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Frequency {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|frequency| frequency.name() == text.trim()).ok_or_else(|| {
            let expected = format!("expected one of {}", Self::list(Self::ALL));
            ErrorKind::BadFrequency { found: text.to_owned(), expected }.into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coarser_frequency_is_made_of_whole_bars_of_a_finer_one() {
        for base in Frequency::ALL {
            for coarser in Frequency::ALL {
                let expected = match (base, coarser) {
                    (Frequency::Week, Frequency::Month) => false,
                    _ if coarser.is_intraday() => base <= coarser && coarser.step_ns() % base.step_ns() == 0,
                    _ => base <= coarser,
                };
                assert_eq!(coarser.is_made_of(base), expected, "{coarser} of {base}");
            }
        }
        assert_eq!(Frequency::list(Frequency::Minute3.makes()), "3m 15m 30m 1h 2h 4h 1d 1w 1mo");
    }

    #[test]
    fn an_unknown_frequency_is_refused_with_those_that_there_are() {
        for name in Frequency::ALL.map(Frequency::name) {
            assert_eq!(name.parse::<Frequency>().unwrap().to_string(), name);
        }
        let message = "10m".parse::<Frequency>().unwrap_err().to_string();
        assert!(message.ends_with("expected one of 1s 5s 1m 3m 5m 15m 30m 1h 2h 4h 1d 1w 1mo"), "{message}");
    }
}
