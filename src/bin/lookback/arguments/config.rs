//! Flags that stand in files: a key of `[settings]`, `[sweep]`, `[cache]` or `[portal]` is the flag of its name.
//!
//! What was typed wins over `--config`, which wins over the strategy's own file. So each key is one argument that is read,
//! checked and explained in one place, wherever it was written.

#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use lookback::sweep::Document;

use crate::exit::{complain, conclude, usage};

/// The tables whose keys are flags.
pub const TABLES: [&str; 4] = ["settings", "sweep", "cache", "portal"];

/// The flag of a key: its own name, but for one.
pub fn flag(key: &str) -> String {
    match key {
        "capacity_bytes" => "cache-bytes".to_owned(),
        key => key.replace('_', "-"),
    }
}

/// Whether a strategy is named by its file.
pub fn is_file(strategy: &str) -> bool {
    Path::new(strategy).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

/// Reads the command line, completed by the files that it names; ends the process where it is wrong.
pub fn matches(command: &Command) -> ArgMatches {
    let typed: Vec<OsString> = std::env::args_os().collect();
    let first = command.clone().try_get_matches_from(&typed).unwrap_or_else(|error| error.exit());
    let added = match added(command, &first) {
        Ok(added) => added,
        Err(error) => {
            let _ = conclude(Err(usage(error)));
            std::process::exit(crate::exit::Exit::Usage.code().into());
        }
    };
    let flags = added.iter().map(|one| OsString::from(format!("--{}={}", one.flag, one.value)));
    let all = typed.into_iter().chain(flags);
    command.clone().try_get_matches_from(all).unwrap_or_else(|error| {
        if let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidArg)
            && let Some(one) =
                added.iter().find(|one| wrong.split(' ').next() == Some(&format!("--{}", one.flag)))
        {
            complain(format_args!("{}: {} is read as --{}", one.place, one.value, one.flag));
        }
        error.exit()
    })
}

/// A flag that a file adds.
struct Added {
    flag: String,
    value: String,
    place: String,
}

fn added(command: &Command, matches: &ArgMatches) -> Result<Vec<Added>, lookback::Error> {
    let mut added: Vec<Added> = Vec::new();
    let (mut command, mut matches) = (command, matches);
    while let Some((name, inner)) = matches.subcommand() {
        let Some(found) = command.find_subcommand(name) else { return Ok(added) };
        (command, matches) = (found, inner);
    }
    let config = matches.try_get_one::<PathBuf>("config").ok().flatten().cloned();
    let strategy = matches.try_get_one::<String>("strategy").ok().flatten().filter(|name| is_file(name));
    for path in config.into_iter().chain(strategy.map(PathBuf::from)) {
        let document = Document::read(&path)?;
        for entry in TABLES.iter().flat_map(|table| document.entries(table)) {
            let flag = flag(&entry.key);
            let argument = command.get_arguments().find(|argument| argument.get_long() == Some(&flag));
            // What another command reads is no concern of this one.
            let Some(argument) = argument else { continue };
            let is_typed = matches.value_source(argument.get_id().as_str()) == Some(ValueSource::CommandLine);
            if !is_typed && added.iter().all(|one| one.flag != flag) {
                let place = format!("{} line {}", document.origin(), entry.line);
                added.push(Added { flag, value: entry.value.clone(), place });
            }
        }
    }
    Ok(added)
}
