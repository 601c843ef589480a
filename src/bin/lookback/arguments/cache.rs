//! The cache's bounds as a user sets them: a TOML file, and flags that override it.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use lookback::portal::Options;
use serde::Deserialize;

use super::count;
use crate::exit::usage;

/// Bounds of the cache.
#[derive(clap::Args, Clone, Default, Debug)]
#[command(next_help_heading = "Cache")]
pub struct CacheArguments {
    /// TOML file with the settings below under [cache] and [portal]; flags override it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Bytes that cached blocks may take, such as 200MB or 1GiB [default: 200MB]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    cache_bytes: Option<u64>,
    /// Bytes of these that permanent blocks may take [default: half]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    permanent_bytes: Option<u64>,
    /// Blocks that the variable tier may hold; 0 bypasses it [default: 4096]
    #[arg(long, value_name = "N", value_parser = count)]
    variable_entries: Option<usize>,
    /// Shards of the variable tier [default: one for each 64 blocks]
    #[arg(long, value_name = "N", value_parser = count)]
    shards: Option<usize>,
    /// Bar counts whose blocks are never evicted [default: 20,50,200]
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = count)]
    permanent_windows: Option<Vec<usize>>,
}

impl CacheArguments {
    /// The library's options: defaults, then the file, then the flags.
    ///
    /// What is wrong with them is a matter of the command line, wherever it was written.
    pub fn options(&self) -> anyhow::Result<Options> {
        self.read().map_err(usage)
    }

    fn read(&self) -> anyhow::Result<Options> {
        let mut options = Options::default();
        if let Some(file) = &self.config {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("{}: reading", file.display()))?;
            parse(&text, file)?.apply(&mut options);
        }
        let flags = File {
            cache: CacheTable {
                capacity_bytes: self.cache_bytes.map(Bytes),
                permanent_bytes: self.permanent_bytes.map(Bytes),
                variable_entries: self.variable_entries,
                shards: self.shards,
            },
            portal: PortalTable { permanent_windows: self.permanent_windows.clone() },
        };
        flags.apply(&mut options);
        options.cache.validate()?;
        Ok(options)
    }
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct File {
    cache: CacheTable,
    portal: PortalTable,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct CacheTable {
    capacity_bytes: Option<Bytes>,
    permanent_bytes: Option<Bytes>,
    variable_entries: Option<usize>,
    shards: Option<usize>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct PortalTable {
    permanent_windows: Option<Vec<usize>>,
}

impl File {
    fn apply(self, options: &mut Options) {
        let cache = &mut options.cache;
        if let Some(Bytes(capacity)) = self.cache.capacity_bytes {
            cache.capacity_bytes = capacity;
        }
        if let Some(Bytes(permanent)) = self.cache.permanent_bytes {
            cache.permanent_bytes = Some(permanent);
        }
        if let Some(entries) = self.cache.variable_entries {
            cache.variable_entries = entries;
        }
        cache.shards = self.cache.shards.or(cache.shards);
        if let Some(windows) = self.portal.permanent_windows {
            options.permanent_windows = windows;
        }
    }
}

/// A number of bytes, written as a number or as text with a unit.
#[derive(Deserialize, Clone, Copy, PartialEq, Debug)]
#[serde(try_from = "Written")]
struct Bytes(u64);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u64),
    Text(String),
}

impl TryFrom<Written> for Bytes {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Number(number) => Ok(Self(number)),
            Written::Text(text) => bytes(&text).map(Self),
        }
    }
}

fn parse(text: &str, file: &Path) -> anyhow::Result<File> {
    match toml::from_str(text) {
        Ok(settings) => Ok(settings),
        Err(error) => {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text[..start].matches('\n').count() + 1;
            bail!("{} line {line}: {}", file.display(), error.message())
        }
    }
}

/// Reads a number of bytes with an optional unit: `B kB MB GB` of a thousand, `KiB MiB GiB` of 1,024.
pub fn bytes(text: &str) -> Result<u64, String> {
    let bad = || format!("{text:?} is not a number of bytes, expected such as 200MB, 1GiB or 65536");
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '_')).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let number: u64 = digits.replace('_', "").parse().map_err(|_| bad())?;
    let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(bad()),
    };
    number.checked_mul(factor).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_with_their_unit() {
        assert_eq!(bytes("200MB"), Ok(200_000_000));
        assert_eq!(bytes("1 GiB"), Ok(1 << 30));
        assert_eq!(bytes("65_536"), Ok(65_536));
        for bad in ["", "MB", "-1", "1.5MB", "10 apples", "99999999999GB"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn flags_override_the_file_which_overrides_the_defaults() {
        let text = "[cache]\ncapacity_bytes = \"10MB\"\nshards = 2\n[portal]\npermanent_windows = [10]\n";
        let mut options = Options::default();
        parse(text, Path::new("a.toml")).unwrap().apply(&mut options);
        assert_eq!((options.cache.capacity_bytes, options.cache.shards), (10_000_000, Some(2)));
        assert_eq!(options.permanent_windows, [10]);
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_line() {
        let error = parse("[cache]\ncapacity = 3\n", Path::new("a.toml")).err().unwrap().to_string();
        assert!(error.starts_with("a.toml line 2: unknown field `capacity`"), "{error}");
    }
}
