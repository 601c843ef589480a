//! The program: arguments in, library calls, tables out.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

mod arguments;
mod effort;
mod exit;
mod history;
mod info;
mod ingest;
mod output;
mod prune;
mod rule;
mod run;
mod signal;
mod strategies;
mod sweep;
mod verify;

/// Every bar decoded once, every window a slice.
#[derive(Parser, Debug)]
#[command(version, about, max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Turn files of bars into a bundle.
    Ingest(ingest::Arguments),
    /// Append files of bars to a bundle.
    Append(ingest::AppendArguments),
    /// Show what a bundle holds.
    Info(info::Arguments),
    /// Read all of a bundle and say what is wrong with it.
    Verify(verify::Arguments),
    /// Remove versions of a bundle that no longer stand.
    Prune(prune::Arguments),
    /// Print a window of history.
    History(history::Arguments),
    /// Backtest a strategy over a grid of parameters and rank the results.
    Sweep(sweep::Arguments),
    /// Backtest one point of the grid and show it in full.
    Run(run::Arguments),
    /// Check rules without running them, or list what may stand in them.
    Rule(rule::Arguments),
    /// List the built-in strategies, or show one as a file to copy.
    Strategies(strategies::Arguments),
}

fn main() -> ExitCode {
    let arguments = Arguments::from_arg_matches(&arguments::matches(&command()));
    let arguments = arguments.unwrap_or_else(|error| error.exit());
    init_logging();
    exit::conclude(match arguments.command {
        Command::Ingest(arguments) => ingest::run(&arguments),
        Command::Append(arguments) => ingest::run_append(&arguments),
        Command::Info(arguments) => info::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Prune(arguments) => prune::run(&arguments),
        Command::History(arguments) => history::run(&arguments),
        Command::Sweep(arguments) => sweep::run(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Rule(arguments) => rule::run(&arguments),
        Command::Strategies(arguments) => strategies::run(&arguments),
    })
}

/// The arguments, with what holds for every command.
fn command() -> clap::Command {
    Arguments::command().after_help(exit::CODES).mut_subcommands(|command| {
        // `--fee -0.5` is a fee that is out of range, not a flag that nobody knows.
        let takes_value =
            |argument: &clap::Arg| argument.get_action().takes_values() && !argument.is_positional();
        command.after_help(exit::CODES).mut_args(|argument| match takes_value(&argument) {
            true => argument.allow_negative_numbers(true),
            false => argument,
        })
    })
}

/// Warnings on stderr, and more where `LOOKBACK_LOG` asks for it, such as `LOOKBACK_LOG=lookback=debug`.
fn init_logging() {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter.with_env_var("LOOKBACK_LOG").from_env_lossy())
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
}
