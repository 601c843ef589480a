//! `lookback verify`: reads all of a bundle and says what is wrong with it.

#![forbid(unsafe_code)]

use std::path::PathBuf;

use clap::ValueEnum;
use lookback::Bundle;
use lookback::bundle::Fault;
use serde_json::json;

use crate::exit::Exit;
use crate::output;
use crate::output::text::counted;

/// Holds every byte of the version that stands against its digest, and every bar against what a bar is: moments that ascend,
/// open and close between low and high, no volume below 0, and beside each split or dividend the close before it. Of the
/// versions before, it checks that they can be opened. Ends with 0 where all is well, and with 1 where anything is not.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// The bundle.
    #[arg(value_name = "DIR")]
    bundle: PathBuf,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Form {
    Text,
    Json,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let verified = Bundle::verify(&arguments.bundle)?;
    output::to_stdout(|out| match arguments.format {
        Form::Text => {
            for fault in &verified.faults {
                writeln!(out, "fault      {fault}")?;
            }
            let bars = counted(verified.bars, "bar");
            let (assets, bytes) = (counted(verified.assets, "asset"), counted(verified.bytes, "byte"));
            let versions = counted(verified.versions, "version");
            writeln!(out, "version    {}", verified.version)?;
            writeln!(out, "read       {assets}, {bars}, {bytes}, {versions}")?;
            let faults = verified.faults.len();
            Ok(writeln!(
                out,
                "verified   {}",
                if faults == 0 { "all is well".to_owned() } else { counted(faults, "fault") }
            )?)
        }
        Form::Json => {
            let fault = |fault: &Fault| {
                json!({
                    "file": fault.file,
                    "asset": fault.asset.as_ref().map(lookback::Symbol::as_str),
                    "date": fault.date.map(|date| date.to_string()),
                    "message": fault.message,
                })
            };
            let faults: Vec<_> = verified.faults.iter().map(fault).collect();
            let verified = json!({
                "schema": output::SCHEMA,
                "version": verified.version,
                "versions": verified.versions,
                "assets": verified.assets,
                "bars": verified.bars,
                "bytes": verified.bytes,
                "faults": faults,
            });
            Ok(writeln!(out, "{verified:#}")?)
        }
    })?;
    Ok(if verified.faults.is_empty() { Exit::Done } else { Exit::NothingUsable })
}
