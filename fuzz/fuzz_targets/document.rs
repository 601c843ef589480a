//! A file of a strategy or a configuration, and the file that its rules are written to again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lookback::sweep::{Document, RuleSet};

fuzz_target!(|text: &str| {
    let Ok(document) = Document::parse(text, "any.toml") else { return };
    let Ok(rules) = RuleSet::from_document("any", &document) else { return };
    let written = rules.to_toml();
    let again =
        Document::parse(&written, "again.toml").and_then(|again| RuleSet::from_document("any", &again));
    assert_eq!(again.expect("what is written is read").to_toml(), written);
});
