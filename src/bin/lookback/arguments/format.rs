//! What a command prints to stdout.

#![forbid(unsafe_code)]

/// For people, for a table of data, or for a program.
#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Table,
    Csv,
    Json,
}
