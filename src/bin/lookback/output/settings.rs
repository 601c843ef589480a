//! The settings and the rules of a sweep, as text and as JSON.

#![forbid(unsafe_code)]

use std::io::Write;

use lookback::sweep::{Rates, Settings};

use super::text::amount;

/// How the settings read in JSON, all of them; `prices` is what the adjustment makes of them.
pub fn settings_json(settings: &Settings, prices: &str) -> serde_json::Map<String, serde_json::Value> {
    let mut document = settings.to_json();
    document.insert("prices".to_owned(), prices.into());
    document
}

/// The rules as they were stated, by key; null for a strategy in Rust.
pub fn rules_json(rules: &[(String, String)]) -> serde_json::Value {
    if rules.is_empty() {
        return serde_json::Value::Null;
    }
    rules
        .iter()
        .map(|(key, text)| (key.clone(), text.as_str().into()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The rules as they were stated, a line each.
pub fn write_rules(rules: &[(String, String)], out: &mut dyn Write) -> anyhow::Result<()> {
    for (key, text) in rules {
        writeln!(out, "{key}: {text}")?;
    }
    Ok(())
}

/// How the settings read in a line of text; `prices` is what the adjustment makes of them.
pub fn settings_text(settings: &Settings, prices: &str, periods_per_year: Option<f64>) -> String {
    let mut text = format!(
        "fill {}, fee {} %, commission {} per order, slippage {} bps, ",
        settings.fill,
        percent(settings.costs.fee),
        amount(settings.costs.commission),
        amount(settings.costs.slippage_bps),
    );
    let Rates { borrow, interest } = settings.rates;
    if borrow > 0.0 || interest > 0.0 {
        text += &format!("borrow {} % a year, interest {} % a year, ", percent(borrow), percent(interest));
    }
    text += &format!("cash {}, prices {prices}", amount(settings.cash));
    if let Some(periods) = settings.periods_per_year.or(periods_per_year) {
        text += &format!(", {periods} periods a year");
    }
    for (word, when) in [("from", settings.from), ("to", settings.to)] {
        if let Some(when) = when {
            text += &format!(", {word} {when}");
        }
    }
    text
}

/// A share in percent, without the digits that the product alone has: 0.0007 is 0.07 %, not 0.06999999999999999 %.
fn percent(share: f64) -> f64 {
    let product = share * 100.0;
    format!("{product:.12}").parse().unwrap_or(product)
}
