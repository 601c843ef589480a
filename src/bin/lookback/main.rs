//! The program: arguments in, library calls, tables out.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

mod assets;
mod destination;
mod effort;
mod history;
mod info;
mod ingest;
mod ranking;
mod rows;
mod run;
mod settings;
mod sweep;
mod table;
mod trials;

/// Every bar decoded once, every window a slice.
#[derive(Parser, Debug)]
#[command(version, about, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Turn CSV files into a bundle.
    Ingest(ingest::Arguments),
    /// Show what a bundle holds.
    Info(info::Arguments),
    /// Print a window of history.
    History(history::Arguments),
    /// Backtest a strategy over a grid of parameters and rank the results.
    Sweep(sweep::Arguments),
    /// Backtest one point of the grid and show it in full.
    Run(run::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    listen();
    let outcome = match arguments.command {
        Command::Ingest(arguments) => ingest::run(&arguments),
        Command::Info(arguments) => info::run(&arguments),
        Command::History(arguments) => history::run(&arguments),
        Command::Sweep(arguments) => sweep::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(Told(&error));
            ExitCode::FAILURE
        }
    }
}

/// Warnings on stderr, and more where `LOOKBACK_LOG` asks for it, such as `LOOKBACK_LOG=lookback=debug`.
fn listen() {
    use std::io::IsTerminal;
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter.with_env_var("LOOKBACK_LOG").from_env_lossy())
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_writer(std::io::stderr)
        .init();
}

/// An error with its causes, each said once: the library's messages hold the system's words already.
struct Told<'a>(&'a anyhow::Error);

impl std::fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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

fn complain(error: impl std::fmt::Display) {
    use std::io::Write;
    // A closed stderr leaves nobody to tell.
    let _ = writeln!(std::io::stderr(), "lookback: {error}");
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
