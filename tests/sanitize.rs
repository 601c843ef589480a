//! The storm of `storm/mod.rs` without libtest, for the sanitizers; see `.ci/sanitize.sh`.
//!
//! `LOOKBACK_STORM_CALLS` sets the calls of each thread to each cache: 500 unless told.

mod storm;

use storm::Storm;

fn main() {
    let calls = std::env::var("LOOKBACK_STORM_CALLS")
        .map_or(500, |calls| calls.parse().expect("LOOKBACK_STORM_CALLS is a number"));
    Storm { threads: 8, calls, seed: 7 }.rage();
}
