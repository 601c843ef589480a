//! To be written.
#[derive(clap::Args, Debug)]
pub struct Arguments {}
pub fn run(_arguments: &Arguments) -> anyhow::Result<std::process::ExitCode> {
    anyhow::bail!("to be written")
}
