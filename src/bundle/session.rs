//! What the moment of a bar means: without it, a minute bar stamped at its end would be read as one that starts there.

#![forbid(unsafe_code)]

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::time::DAY_NS;

/// Which end of a bar its moment marks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stamp {
    /// The bar covers the step of time from its moment on: its week, its month. The date of a day stands for its session.
    Start,
    /// The bar covers the step of time up to its moment.
    End,
}

impl Stamp {
    /// `start` or `end`.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(lookback::bundle::Stamp::End.name(), "end");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
        }
    }
}

/// How the bars of a bundle lie in the day.
///
/// # Examples
/// ```
/// use lookback::bundle::{Session, Stamp};
/// let session = Session::default();
/// assert_eq!((session.stamp, session.time_zone.as_str()), (Stamp::Start, "UTC"));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Which end of a bar its moment marks.
    pub stamp: Stamp,
    /// The time zone in which sessions are counted, an IANA name.
    pub time_zone: String,
    /// When a session starts in that zone, `HH:MM:SS`.
    pub start: String,
}

impl Default for Session {
    /// Bars stamped at their start, sessions that are days of UTC: what a file of bare dates means.
    fn default() -> Self {
        Self { stamp: Stamp::Start, time_zone: "UTC".to_owned(), start: "00:00:00".to_owned() }
    }
}

impl FromStr for Stamp {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Start, Self::End]
            .into_iter()
            .find(|stamp| stamp.name() == text)
            .ok_or_else(|| format!("is {text:?}, expected start or end"))
    }
}

/// When a session starts and ends, on the clocks of its time zone; one that ends before it starts goes over midnight.
///
/// # Examples
/// ```
/// use lookback::bundle::Hours;
/// let hours: Hours = "09:30-16:00".parse()?;
/// assert_eq!(hours.to_string(), "09:30-16:00");
/// assert!("9-16".parse::<Hours>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hours {
    start_ns: i64,
    end_ns: i64,
}

const MINUTE_NS: i64 = 60_000_000_000;

impl Hours {
    /// Whether a bar lies within, stamped at this time of its day.
    pub(super) fn hold(self, time_ns: i64, stamp: Stamp) -> bool {
        // The bar that is stamped with its end at 16:00 is the last, and one stamped with its start there the first after.
        let since = |time_ns: i64| (time_ns - self.start_ns).rem_euclid(DAY_NS);
        let length = since(self.end_ns - 1) + 1;
        match stamp {
            Stamp::Start => since(time_ns) < length,
            Stamp::End => since(time_ns - 1) < length,
        }
    }

    /// The start as a manifest has it.
    pub(super) fn start_text(self) -> String {
        let minutes = self.start_ns / MINUTE_NS;
        format!("{:02}:{:02}:00", minutes / 60, minutes % 60)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [start, end] = [self.start_ns, self.end_ns].map(|ns| (ns / MINUTE_NS / 60, ns / MINUTE_NS % 60));
        write!(f, "{:02}:{:02}-{:02}:{:02}", start.0, start.1, end.0, end.1)
    }
}

impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = |text: &str| {
            let (hours, minutes) = text.split_once(':')?;
            let part = |text: &str, most: i64| {
                let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
                text.parse::<i64>().ok().filter(|value| is_plain && *value <= most)
            };
            let (hours, minutes) = (part(hours, 24)?, part(minutes, 59)?);
            (hours < 24 || minutes == 0).then_some((hours * 60 + minutes) * MINUTE_NS)
        };
        let both = text.split_once('-').and_then(|(start, end)| Some((time(start)?, time(end)?)));
        match both {
            Some((start_ns, end_ns)) if start_ns != end_ns && start_ns < DAY_NS => {
                Ok(Self { start_ns, end_ns })
            }
            _ => Err(format!("is {text:?}, expected the hours of a session such as 09:30-16:00")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_at_the_edge_of_a_session_counts_by_its_stamp() {
        let hours: Hours = "09:30-16:00".parse().unwrap();
        let night: Hours = "18:00-17:00".parse().unwrap();
        let at = |hours: i64, minutes: i64| (hours * 60 + minutes) * MINUTE_NS;
        for (session, time, stamp, is_in) in [
            (hours, at(9, 30), Stamp::Start, true),
            (hours, at(9, 30), Stamp::End, false),
            (hours, at(16, 0), Stamp::Start, false),
            (hours, at(16, 0), Stamp::End, true),
            (hours, at(4, 0), Stamp::Start, false),
            (night, at(17, 30), Stamp::Start, false),
            (night, at(3, 0), Stamp::Start, true),
            ("00:00-24:00".parse().unwrap(), at(0, 0), Stamp::End, true),
        ] {
            assert_eq!(session.hold(time, stamp), is_in, "{session} {time} {stamp:?}");
        }
        assert_eq!(hours.start_text(), "09:30:00");
        for text in ["", "09:30", "9:30-16:00", "25:00-26:00", "09:30-09:30", "09:60-16:00"] {
            assert!(text.parse::<Hours>().is_err(), "{text}");
        }
    }
}
