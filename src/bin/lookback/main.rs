//! The program: arguments in, library calls, tables out.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

mod arguments;
mod dry_run;
mod effort;
mod exit;
mod history;
mod info;
mod ingest;
mod merge;
mod output;
mod pages;
mod plan;
mod print_config;
mod prune;
mod rule;
mod run;
mod shard;
mod signal;
mod strategies;
mod sweep;
mod talk;
mod task;
mod validate;
mod verify;

/// Every bar decoded once, every window a slice.
#[derive(Parser, Debug)]
#[command(version, about, max_term_width = 110)]
struct Arguments {
    #[command(flatten)]
    talk: talk::Arguments,
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
    Sweep(Box<arguments::SweepArguments>),
    /// Write a plan of a sweep: parts that machines run each for itself.
    Plan(Box<plan::Arguments>),
    /// Put the parts of a plan together.
    Merge(merge::Arguments),
    /// Tell how far the parts of a plan, or a journal, are.
    Status(merge::StatusArguments),
    /// Backtest one point of the grid and show it in full.
    Run(Box<run::Arguments>),
    /// Check rules without running them, or list what may stand in them.
    Rule(rule::Arguments),
    /// List the built-in strategies, or show one as a file to copy.
    Strategies(strategies::Arguments),
    /// Print what a shell needs to complete the command line.
    Completions(pages::CompletionArguments),
    /// Print the manual page.
    Man(pages::ManArguments),
}

fn main() -> ExitCode {
    let matches = arguments::matches(&command());
    let arguments = Arguments::from_arg_matches(&matches);
    let arguments = arguments.unwrap_or_else(|error| error.exit());
    arguments.talk.apply();
    init_logging();
    exit::conclude(match arguments.command {
        Command::Ingest(arguments) => ingest::run(&arguments),
        Command::Append(arguments) => ingest::run_append(&arguments),
        Command::Info(arguments) => info::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Prune(arguments) => prune::run(&arguments),
        Command::History(arguments) => history::run(&arguments),
        Command::Sweep(arguments) => sweep::run(&arguments, &matches),
        Command::Plan(arguments) => plan::run(&arguments, &matches),
        Command::Merge(arguments) => merge::run(&arguments),
        Command::Status(arguments) => merge::status(&arguments),
        Command::Run(arguments) => run::run(&arguments),
        Command::Rule(arguments) => rule::run(&arguments),
        Command::Strategies(arguments) => strategies::run(&arguments),
        Command::Completions(arguments) => pages::completions(&arguments),
        Command::Man(arguments) => pages::man(&arguments),
    })
}

/// The arguments, with what holds for every command.
fn command() -> clap::Command {
    Arguments::command().color(talk::Color::typed().of_help()).after_help(exit::CODES).mut_subcommands(
        |command| {
            // `--fee -0.5` is a fee that is out of range, not a flag that nobody knows.
            let takes_value =
                |argument: &clap::Arg| argument.get_action().takes_values() && !argument.is_positional();
            // So is `--rank-by '-volatility'` an expression.
            let is_expression = |argument: &clap::Arg| {
                let names = argument.get_value_names().unwrap_or_default();
                names.iter().any(|name| matches!(name.as_str(), "EXPR" | "EXPRESSION"))
            };
            command.after_help(exit::CODES).mut_args(|argument| match takes_value(&argument) {
                true if is_expression(&argument) => argument.allow_hyphen_values(true),
                true => argument.allow_negative_numbers(true),
                false => argument,
            })
        },
    )
}

/// The arguments of a sweep that a plan holds.
fn sweep_of(arguments: &[String]) -> anyhow::Result<arguments::SweepArguments> {
    let typed = ["lookback".to_owned(), "sweep".to_owned()].into_iter().chain(arguments.iter().cloned());
    let matches = command().try_get_matches_from(typed)?;
    match Arguments::from_arg_matches(&matches)?.command {
        Command::Sweep(arguments) => Ok(*arguments),
        _ => anyhow::bail!("the plan is of another command"),
    }
}

/// Warnings on stderr, and more where `LOOKBACK_LOG` asks for it, such as `LOOKBACK_LOG=lookback=debug`.
fn init_logging() {
    let level = if talk::is_quiet() { LevelFilter::ERROR } else { LevelFilter::WARN };
    let filter = EnvFilter::builder().with_default_directive(level.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter.with_env_var("LOOKBACK_LOG").from_env_lossy())
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
}
