//! How much of each best result is luck: under the ranking, and in JSON.

#![forbid(unsafe_code)]

use std::io::Write;

use lookback::Symbol;
use lookback::sweep::Honesty;
use serde_json::Value;

/// Writes what is known of one asset's best below its table; lines too long for a terminal go on, further in.
pub fn write(
    of: &[Honesty],
    asset: &Symbol,
    width: Option<usize>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    if let Some(one) = of.iter().find(|one| one.asset == *asset) {
        for line in one.to_string().lines() {
            write_wrapped(line, width.unwrap_or(usize::MAX), out)?;
        }
    }
    Ok(())
}

fn write_wrapped(line: &str, width: usize, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut text = "   ".to_owned();
    for word in line.split(' ') {
        if text.chars().count() + 1 + word.chars().count() > width && !text.trim_start().is_empty() {
            writeln!(out, "{text}")?;
            "     ".clone_into(&mut text);
        }
        text.push(' ');
        text.push_str(word);
    }
    Ok(writeln!(out, "{text}")?)
}

/// All of it, an object for each asset.
pub fn to_json(of: &[Honesty]) -> Value {
    of.iter().map(|one| Value::from(one.to_json())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_on_further_in_where_the_terminal_ends() {
        let text = |width| {
            let mut out = Vec::new();
            write_wrapped("pbo 55.1 % of sharpe ratios", width, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(usize::MAX), "    pbo 55.1 % of sharpe ratios\n");
        assert_eq!(text(20), "    pbo 55.1 % of\n      sharpe ratios\n");
        assert_eq!(text(3), "    pbo\n      55.1\n      %\n      of\n      sharpe\n      ratios\n");
    }
}
