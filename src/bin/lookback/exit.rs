//! How the program ends: the code that a shell sees, and what stderr says about it.

#![forbid(unsafe_code)]

use std::fmt::{self, Display, Formatter};
use std::io::{self, Write};
use std::process::ExitCode;

use lookback::{Error, ErrorKind};

use crate::talk;

/// The codes as every `--help` lists them.
pub const CODES: &str = "\
Exit codes:
    0  done
    1  nothing usable: the input cannot be read, the output cannot be written, or every trial failed
    2  wrong usage, found before anything ran
    3  done, but trials failed, and more than --allow-failed permits
    4  incomplete: trials are left that did not run, and can be run
  130  stopped by Ctrl-C (SIGINT), with what was done printed; 143 by SIGTERM, 129 by SIGHUP";

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    Done,
    NothingUsable,
    Usage,
    TrialsFailed,
    Incomplete,
    /// By a signal, given by its number.
    Signal(u8),
}

impl Exit {
    /// What a shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::NothingUsable => 1,
            Self::Usage => 2,
            Self::TrialsFailed => 3,
            Self::Incomplete => 4,
            // As shells report a command that a signal ended.
            Self::Signal(number) => 128 + number,
        }
    }
}

/// Says on stderr what went wrong, and turns the end of a command into its code.
pub fn conclude(outcome: anyhow::Result<Exit>) -> ExitCode {
    let exit = outcome.unwrap_or_else(|error| {
        tell(Chain(&error));
        if is_usage(&error) { Exit::Usage } else { Exit::NothingUsable }
    });
    ExitCode::from(exit.code())
}

/// Marks an error as one of the command line, whatever its kind.
pub fn usage(error: impl Into<anyhow::Error>) -> anyhow::Error {
    anyhow::Error::new(WrongUsage(error.into()))
}

/// Whether more trials failed than a share allows.
#[expect(clippy::cast_precision_loss, reason = "counts of trials stay far below 2^53")]
pub fn exceeds(failed: usize, all: usize, allowed: f64) -> bool {
    failed as f64 > allowed * all as f64
}

/// Says something on stderr, unless nothing is to be said.
pub fn complain(message: impl Display) {
    if !talk::is_quiet() {
        tell(message);
    }
}

/// Says on stderr why it failed.
fn tell(message: impl Display) {
    // A closed stderr leaves nobody to tell.
    let _ = writeln!(io::stderr(), "lookback: {message}");
}

/// What was asked for and cannot be had, as against what was found broken.
fn is_usage(error: &anyhow::Error) -> bool {
    let asked = |kind: &ErrorKind| {
        matches!(
            kind,
            ErrorKind::BadParameter { .. }
                | ErrorKind::UnknownAsset { .. }
                | ErrorKind::UnknownField { .. }
                | ErrorKind::BadFrequency { .. }
                | ErrorKind::BadBarCount { .. }
                | ErrorKind::BadDate { .. }
                | ErrorKind::Expression { .. }
        )
    };
    error.is::<WrongUsage>() || error.downcast_ref::<Error>().is_some_and(|error| asked(error.kind()))
}

/// An error of the command line.
#[derive(Debug)]
struct WrongUsage(anyhow::Error);

impl Display for WrongUsage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Chain(&self.0).fmt(f)
    }
}

impl std::error::Error for WrongUsage {}

/// An error with its causes, each said once: the library's messages hold the system's words already.
struct Chain<'a>(&'a anyhow::Error);

impl Display for Chain<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut said = String::new();
        for cause in self.0.chain().map(ToString::to_string) {
            if said.is_empty() {
                said = cause;
            } else if !said.ends_with(&cause) {
                said = format!("{said}: {cause}");
            }
        }
        f.write_str(&said)
    }
}
