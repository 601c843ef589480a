//! `lookback sweep --print-config`: a sweep as one file.

#![forbid(unsafe_code)]

use clap::ArgMatches;
use lookback::sweep::{Document, Parameter};

use crate::arguments::{Chosen, TABLES, flag};
use crate::exit::Exit;
use crate::output;

/// Prints a sweep as one file: the rules, and every flag that a key can hold, wherever it was written.
pub fn run(strategy: &Chosen, parameters: &[Parameter], matches: &ArgMatches) -> anyhow::Result<Exit> {
    let rules = match strategy {
        Chosen::Rules(rules) => rules.clone(),
        Chosen::Builtin(builtin) => {
            parameters.iter().fold(builtin.rules()?, |rules, one| rules.parameter(one.clone()))
        }
    };
    let matches = matches.subcommand_matches("sweep").unwrap_or(matches);
    let command = crate::command();
    let value = |key: &str| {
        let flag = flag(key);
        let sweep = command.find_subcommand("sweep")?;
        let argument = sweep.get_arguments().find(|argument| argument.get_long() == Some(&flag))?;
        let values = matches.get_raw(argument.get_id().as_str())?;
        let value = values.map(|one| one.to_string_lossy()).collect::<Vec<_>>().join(",");
        (!value.is_empty()).then_some(value)
    };
    output::to_stdout(|out| {
        writeln!(
            out,
            "# {}: save it as NAME.toml, and lookback sweep NAME.toml is the same sweep\n",
            rules.name()
        )?;
        write!(out, "{}", rules.to_toml())?;
        for table in TABLES {
            let entries = Document::keys(table).iter().filter_map(|key| Some((*key, value(key)?)));
            let text = Document::table(table, entries);
            if !text.is_empty() {
                write!(out, "\n{text}")?;
            }
        }
        Ok(())
    })?;
    Ok(Exit::Done)
}
