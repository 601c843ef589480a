//! A condition on parameters, and what ranks and is required of metrics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lookback::sweep::{Grid, Merit, Metric};

fuzz_target!(|text: &str| {
    let parameters = ["fast=1:7", "slow=0.5:9:0.5"].map(|one| one.parse().expect("a range")).to_vec();
    if let Ok(grid) = Grid::new(parameters, &[text]) {
        assert_eq!(grid.points().count(), grid.len());
    }
    if let Ok(merit) = text.parse::<Merit>() {
        assert!(!merit.to_string().is_empty());
    }
    // A text that means nothing is an error, and nothing else.
    let _ = Merit::from(Metric::Sharpe).require(text);
});
