//! Where output goes: stdout, or a file; and the forms that it takes, one file each.

#![forbid(unsafe_code)]

pub mod assets;
pub mod disk;
pub mod heatmap;
pub mod honesty;
pub mod progress;
pub mod ranking;
pub mod report;
pub mod rows;
pub mod settings;
pub mod text;
pub mod validation;

mod file;

use std::io::{self, BufWriter, ErrorKind, Write};

use anyhow::Context;

pub use file::OutputFile;

/// The number of `docs/lookback.schema.json`, in every JSON document: another one where a key goes or means something else.
pub const SCHEMA: u32 = 1;

/// Bytes gathered before a write: one system call for some hundred rows.
const BUFFER_BYTES: usize = 1 << 16;

/// What output is written to, by whichever thread has some.
pub type Out<'a> = dyn Write + Send + 'a;

/// Writes to stdout. A reader that has read enough is no failure.
pub fn to_stdout(write: impl FnOnce(&mut Out<'_>) -> anyhow::Result<()>) -> anyhow::Result<()> {
    stream(io::stdout(), write).context("standard output: writing")
}

/// Writes to what may be a pipe: once its reader is gone, nothing more is written and nothing is wrong.
fn stream(
    out: impl Write + Send,
    write: impl FnOnce(&mut Out<'_>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut pipe = Pipe { out, closed: false };
    let outcome = {
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, &mut pipe);
        write(&mut out).and_then(|()| Ok(out.flush()?))
    };
    if pipe.closed { Ok(()) } else { outcome }
}

/// Remembers that its reader has gone: libraries between here and there wrap the error, each in its own way.
#[derive(Debug)]
struct Pipe<W> {
    out: W,
    closed: bool,
}

impl<W: Write> Pipe<W> {
    fn note<T>(&mut self, outcome: io::Result<T>) -> io::Result<T> {
        self.closed |= outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
        outcome
    }
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let outcome = self.out.write(bytes);
        self.note(outcome)
    }

    fn flush(&mut self) -> io::Result<()> {
        let outcome = self.out.flush();
        self.note(outcome)
    }
}
