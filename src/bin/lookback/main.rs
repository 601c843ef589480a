//! The program: arguments in, library calls, tables out.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
            complain(format_args!("{error:#}"));
            ExitCode::FAILURE
        }
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
