//! The cache's bounds as a user sets them: flags, which a TOML file completes.

#![forbid(unsafe_code)]

use std::path::PathBuf;

use lookback::portal::Options;

use super::count;
use crate::exit::usage;

/// Bounds of the cache.
#[derive(clap::Args, Clone, Default, Debug)]
#[command(next_help_heading = "Cache")]
pub struct CacheArguments {
    /// TOML file of the tables [parameters] [let] [rules] [settings] [cache] [portal] [sweep]; flags override it
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
    /// The library's options: defaults, then the flags.
    ///
    /// What is wrong with them is a matter of the command line, wherever it was written.
    pub fn options(&self) -> anyhow::Result<Options> {
        self.read().map_err(usage)
    }

    /// The file that the flags were completed by.
    pub fn config(&self) -> Option<&PathBuf> {
        self.config.as_ref()
    }

    fn read(&self) -> anyhow::Result<Options> {
        let mut options = Options::default();
        let cache = &mut options.cache;
        cache.capacity_bytes = self.cache_bytes.unwrap_or(cache.capacity_bytes);
        cache.permanent_bytes = self.permanent_bytes.or(cache.permanent_bytes);
        cache.variable_entries = self.variable_entries.unwrap_or(cache.variable_entries);
        cache.shards = self.shards.or(cache.shards);
        if let Some(windows) = &self.permanent_windows {
            options.permanent_windows.clone_from(windows);
        }
        options.cache.validate()?;
        Ok(options)
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
}
