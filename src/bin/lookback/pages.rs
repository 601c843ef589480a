//! `lookback completions` and `lookback man`: what the arguments say of themselves, for shells and for `man`.

#![forbid(unsafe_code)]

use std::path::PathBuf;

use anyhow::Context;
use clap_complete::Shell;

use crate::exit::Exit;
use crate::output;

/// What was typed.
#[derive(clap::Args, Debug)]
pub struct CompletionArguments {
    /// The shell; put what is printed where it looks for completions, such as ~/.zfunc/_lookback
    shell: Shell,
}

/// What was typed.
#[derive(clap::Args, Debug)]
pub struct ManArguments {
    /// Write a page of each command into a folder, such as ~/.local/share/man/man1, instead of one to stdout
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn completions(arguments: &CompletionArguments) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::command(), "lookback", &mut script);
    output::to_stdout(|out| Ok(out.write_all(&script)?))?;
    Ok(Exit::Done)
}

pub fn man(arguments: &ManArguments) -> anyhow::Result<Exit> {
    let command = crate::command();
    match &arguments.out {
        Some(folder) => {
            std::fs::create_dir_all(folder)
                .and_then(|()| clap_mangen::generate_to(command, folder))
                .with_context(|| format!("{}: writing", folder.display()))?;
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            output::to_stdout(|out| Ok(out.write_all(&page)?))?;
        }
    }
    Ok(Exit::Done)
}
