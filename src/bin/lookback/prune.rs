//! `lookback prune`: removes versions that no longer stand.

#![forbid(unsafe_code)]

use std::path::PathBuf;

use lookback::Bundle;

use crate::exit::Exit;
use crate::output;

/// Every ingest into a folder and every append makes a version, which stays when another stands in its place. Whoever has a
/// version open reads on; who asks for one that was pruned is told so, and never handed another.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// The bundle.
    #[arg(value_name = "DIR")]
    bundle: PathBuf,
    /// How many versions stay, the one that stands among them.
    #[arg(long, value_name = "N", default_value = "1")]
    keep: usize,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let pruned = Bundle::prune(&arguments.bundle, arguments.keep)?;
    let left = Bundle::versions(&arguments.bundle)?;
    output::to_stdout(|out| {
        for version in &pruned {
            writeln!(out, "pruned     {} ({} {})", version.name, version.how, version.made)?;
        }
        for version in &left {
            writeln!(out, "kept       {} ({} {})", version.name, version.how, version.made)?;
        }
        Ok(())
    })?;
    Ok(Exit::Done)
}
