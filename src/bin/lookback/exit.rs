//! How the program ends: what it says on stderr, and the code that a shell sees.

#![forbid(unsafe_code)]

use std::fmt::{self, Display, Formatter};
use std::io::{self, ErrorKind as IoErrorKind, Write};
use std::process::ExitCode;

use lookback::{Error, ErrorKind};

/// The code of a command, or of the error that ended it.
pub fn code_of(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(Chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Answers what the command line asked for and cannot have: 2, as for any wrong usage; other errors are passed on.
pub fn usage(error: Error) -> anyhow::Result<ExitCode> {
    match error.kind() {
        ErrorKind::BadParameter { .. } | ErrorKind::UnknownAsset { .. } | ErrorKind::Invalid { .. } => {
            complain(&error);
            Ok(ExitCode::from(2))
        }
        _ => Err(error.into()),
    }
}

fn complain(error: impl Display) {
    // A closed stderr leaves nobody to tell.
    let _ = writeln!(io::stderr(), "lookback: {error}");
}

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

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == IoErrorKind::BrokenPipe))
}
