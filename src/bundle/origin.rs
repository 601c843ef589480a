//! Where bars came from: the files that were ingested, and what their moments were written in.

#![forbid(unsafe_code)]

use std::fmt;

use serde::{Deserialize, Serialize};

/// A file that bars came from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// The file's name, without its folder.
    pub file: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// What its moments are written in.
    pub timestamps: TimestampUnit,
}

/// What the moments of a file are written in; one for the whole file.
///
/// # Examples
/// ```
/// use lookback::bundle::TimestampUnit;
/// assert_eq!(TimestampUnit::Milliseconds.to_string(), "milliseconds since the epoch");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum TimestampUnit {
    /// `2005-02-28` or `20050228`: midnight UTC of a session.
    #[serde(rename = "date")]
    Date,
    /// RFC 3339 with an offset.
    #[serde(rename = "rfc3339")]
    Rfc3339,
    /// Times without an offset, in a time zone that was given.
    #[serde(rename = "local")]
    Local,
    /// Seconds since the Unix epoch.
    #[serde(rename = "s")]
    Seconds,
    /// Milliseconds since the Unix epoch.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Microseconds since the Unix epoch.
    #[serde(rename = "us")]
    Microseconds,
    /// Nanoseconds since the Unix epoch.
    #[serde(rename = "ns")]
    Nanoseconds,
}

impl TimestampUnit {
    /// The unit of an integer, by its size: each range is the same years, 1973 to 5138, a thousand times finer.
    pub(super) fn of(integer: u64) -> Option<Self> {
        match integer {
            100_000_000..100_000_000_000 => Some(Self::Seconds),
            100_000_000_000..100_000_000_000_000 => Some(Self::Milliseconds),
            100_000_000_000_000..100_000_000_000_000_000 => Some(Self::Microseconds),
            100_000_000_000_000_000.. => Some(Self::Nanoseconds),
            _ => None,
        }
    }

    /// Nanoseconds of one step of it.
    pub(super) fn ns(self) -> i64 {
        match self {
            Self::Date | Self::Rfc3339 | Self::Local | Self::Nanoseconds => 1,
            Self::Microseconds => 1_000,
            Self::Milliseconds => 1_000_000,
            Self::Seconds => 1_000_000_000,
        }
    }
}

impl fmt::Display for TimestampUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Date => "dates",
            Self::Rfc3339 => "RFC 3339",
            Self::Local => "local times",
            Self::Seconds => "seconds since the epoch",
            Self::Milliseconds => "milliseconds since the epoch",
            Self::Microseconds => "microseconds since the epoch",
            Self::Nanoseconds => "nanoseconds since the epoch",
        })
    }
}
