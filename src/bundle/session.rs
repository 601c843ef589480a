//! What the moment of a bar means: without it, a minute bar stamped at its end would be read as one that starts there.

#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};

/// Which end of a bar its moment marks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stamp {
    /// The bar covers the step of time from its moment on. A bare date stands for its session.
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
