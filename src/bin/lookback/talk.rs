//! What is said beside the data: how much of it, and whether in colour.

#![forbid(unsafe_code)]

use std::env;
use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{ColorChoice, ValueEnum};

/// Whether notes, warnings and progress are left out.
static IS_QUIET: AtomicBool = AtomicBool::new(false);

/// How the program talks.
#[derive(clap::Args, Debug)]
#[group(skip)]
pub struct Arguments {
    /// Say nothing on stderr but why it failed: no progress, no notes, no warnings
    #[arg(long, global = true)]
    pub quiet: bool,
    /// When to colour: on a terminal unless NO_COLOR is set, always, or never
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// What was typed, read before anything else is: errors of the command line are coloured as well.
    pub fn typed() -> Self {
        let typed = env::args_os().map(|one| one.to_string_lossy().into_owned());
        let typed: Vec<String> = typed.take_while(|one| one != "--").collect();
        let after = |at: usize| typed.get(at + 1).cloned();
        let value = typed.iter().enumerate().find_map(|(at, one)| match one.strip_prefix("--color") {
            Some("") => after(at),
            Some(rest) => rest.strip_prefix('=').map(str::to_owned),
            None => None,
        });
        value.and_then(|value| Self::from_str(&value, false).ok()).unwrap_or_default()
    }

    /// The same for errors and help of the command line.
    pub fn of_help(self) -> ColorChoice {
        match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        }
    }

    /// Whether stdout is to be coloured.
    ///
    /// - Source: <https://no-color.org>: set and not empty, it asks for none.
    pub fn is_on(self) -> bool {
        let is_unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            Self::Auto => !is_unwanted && io::stdout().is_terminal(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

impl Arguments {
    /// Makes it hold for all that is said from now on.
    pub fn apply(&self) {
        // ORDERING: Relaxed, it is set before any other thread is there, and guards no data.
        IS_QUIET.store(self.quiet, Ordering::Relaxed);
    }
}

/// Whether notes, warnings and progress are left out.
pub fn is_quiet() -> bool {
    // ORDERING: Relaxed, as in `apply`.
    IS_QUIET.load(Ordering::Relaxed)
}
