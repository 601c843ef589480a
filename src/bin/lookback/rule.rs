//! `lookback rule`: what rules mean and what they would take, and what may stand in them.

#![forbid(unsafe_code)]

use std::io::Write;

use clap::Subcommand;
use lookback::rule::functions;
use lookback::sweep::RuleCheck;

use crate::arguments::{Chosen, TrialArguments};
use crate::exit::{Exit, complain, usage};
use crate::output;
use crate::output::text::{Table, bytes, count};

/// What was typed.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Explain rules without running them: types, warm-up, and the columns that a grid needs.
    Check(Box<CheckArguments>),
    /// List the functions that rules may call.
    Functions,
}

#[derive(clap::Args, Debug)]
struct CheckArguments {
    /// The strategy: a file such as my.toml, or a built-in one by name [default: the flags]
    strategy: Option<String>,
    #[command(flatten)]
    trials: TrialArguments,
    /// Keep only points where this holds
    #[arg(long = "where", value_name = "EXPRESSION", default_value = "")]
    filter: String,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.command {
        Command::Check(arguments) => check(arguments),
        Command::Functions => list(),
    }
}

fn check(arguments: &CheckArguments) -> anyhow::Result<Exit> {
    let (chosen, sweep) =
        arguments.trials.chosen(arguments.strategy.as_deref(), &arguments.filter).map_err(usage)?;
    let chosen = match chosen {
        Chosen::Builtin(builtin) => Chosen::Rules(builtin.rules()?),
        rules => rules,
    };
    let portal = arguments.trials.portal()?;
    if let Some(check) = chosen.check(&sweep, &portal)? {
        output::to_stdout(|out| write(&check, out))?;
    }
    Ok(Exit::Done)
}

fn write(check: &RuleCheck, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut parts = Table::new(0, 3);
    for (part, template, kind) in &check.parts {
        parts.row([part.name().to_owned(), kind.to_string(), template.clone()]);
    }
    out.write_all(parts.text().as_bytes())?;
    writeln!(out, "{} points; warm-up of {} bars at most", count(check.points), count(check.warm_up))?;
    writeln!(
        out,
        "{} columns an asset are shared by the trials through the cache: {} in all, of {} that it may hold",
        count(check.columns),
        bytes(check.bytes),
        bytes(check.capacity_bytes),
    )?;
    for own in &check.own {
        writeln!(out, "worked out in each trial: {own}")?;
    }
    for slow in &check.slow {
        writeln!(out, "slow, computed anew between each two splits or dividends: {slow}")?;
    }
    for warning in warnings(check) {
        writeln!(out, "warning: {warning}")?;
    }
    Ok(())
}

/// What a run should say before it starts.
pub fn warn(check: &RuleCheck) {
    for warning in warnings(check) {
        complain(format_args!("warning: {warning}"));
    }
}

fn warnings(check: &RuleCheck) -> Vec<String> {
    let mut warnings = check.warnings.clone();
    for short in &check.short {
        warnings.push(format!(
            "{} has {} bars, and some points look back {}: those give no signal there",
            short.symbol,
            count(short.bars),
            count(check.warm_up)
        ));
    }
    if check.bytes > check.capacity_bytes {
        warnings.push(format!(
            "the columns of the grid take {}, and the cache holds {}: what is evicted is computed again; --cache-bytes gives it more",
            bytes(check.bytes),
            bytes(check.capacity_bytes)
        ));
    }
    warnings
}

fn list() -> anyhow::Result<Exit> {
    let mut table = Table::new(0, 4);
    table.row(["function", "unit", "range", "definition"].map(str::to_owned));
    for function in functions() {
        let arguments: Vec<_> = function.arguments.iter().map(|argument| argument.name).collect();
        table.row([
            format!("{}({})", function.name, arguments.join(", ")),
            function.unit.to_string(),
            function.range.to_owned(),
            function.definition.to_owned(),
        ]);
    }
    output::to_stdout(|out| Ok(out.write_all(table.text().as_bytes())?))?;
    Ok(Exit::Done)
}
