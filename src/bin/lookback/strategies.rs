//! `lookback strategies`: what is built in, to be swept by name or copied as a file.

#![forbid(unsafe_code)]

use lookback::strategies::{BUILTINS, Builtin};

use crate::exit::{Exit, usage};
use crate::output;
use crate::output::text::Table;

/// What was typed.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Print the file of one strategy: save it as NAME.toml, change it, and sweep that
    #[arg(long, value_name = "NAME")]
    show: Option<String>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let text = match &arguments.show {
        Some(name) => Builtin::find(name).map_err(usage)?.text().to_owned(),
        None => {
            let mut table = Table::new(0, 3);
            for builtin in BUILTINS {
                let parameters =
                    builtin.rules()?.parameters().iter().map(ToString::to_string).collect::<Vec<_>>();
                table.row([
                    builtin.name().to_owned(),
                    parameters.join(" "),
                    builtin.description().to_owned(),
                ]);
            }
            table.text()
        }
    };
    output::to_stdout(|out| Ok(out.write_all(text.as_bytes())?))?;
    Ok(Exit::Done)
}
