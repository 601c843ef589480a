//! The program as a shell sees it.

use std::process::{Command, Output};

/// The program, not yet started.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lookback"));
    command.args(arguments);
    command
}

pub fn lookback(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

/// Runs a line of shell in which `lookback` is the program.
pub fn shell(line: &str) -> Output {
    let line = format!("lookback() {{ '{}' \"$@\"; }}; {line}", env!("CARGO_BIN_EXE_lookback"));
    Command::new("sh").args(["-c", &line]).output().unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
