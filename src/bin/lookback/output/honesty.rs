//! How much of each best result is luck: under the ranking, and in JSON.

#![forbid(unsafe_code)]

use std::io::Write;

use lookback::Symbol;
use lookback::sweep::Honesty;
use serde_json::Value;

/// Writes what is known of one asset's best, below its table.
pub fn write(of: &[Honesty], asset: &Symbol, out: &mut dyn Write) -> anyhow::Result<()> {
    if let Some(one) = of.iter().find(|one| one.asset == *asset) {
        for line in one.to_string().lines() {
            writeln!(out, "    {line}")?;
        }
    }
    Ok(())
}

/// All of it, an object for each asset.
pub fn to_json(of: &[Honesty]) -> Value {
    of.iter().map(|one| Value::from(one.to_json())).collect()
}
