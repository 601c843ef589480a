//! Runs a part of the models of `loom-tests/`, which are a package of their own because loom replaces the atomics of
//! everything that is built with it. `cargo loom` runs all of them, `cargo loom-epoch` those on the real epochs.
#![cfg(not(loom))]

use std::path::Path;
use std::process::Command;

/// Models that take longer than a test may; `cargo loom` runs them.
const LONG: [&str; 5] = [
    "a_loader_that_asks_for_its_own_key_does_not_wait",
    "a_panic_behind_the_load_wakes_the_waiters",
    "a_put_and_a_load_lend_the_same_value",
    "two_evictors_retire_everything_once",
    "two_inserters_in_a_full_tier_are_both_admitted",
];

/// DESIGN 5: the protocols of the cache hold in every interleaving that loom explores. 20 s after the build on a quiet machine.
#[test]
fn the_models_of_the_cache_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = root.join("loom-tests");
    if !package.join("Cargo.toml").exists() {
        // The published crate leaves the models out.
        return;
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--quiet", "--manifest-path"]).arg(package.join("Cargo.toml"));
    cargo.arg("--config").arg(package.join(".cargo/config.toml"));
    cargo.arg("--").args(LONG.iter().flat_map(|long| ["--skip", long]));
    // Flags of the outer build would replace the package's own, a target folder of it its cache.
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_TARGET_DIR"] {
        cargo.env_remove(name);
    }
    let output = cargo.output().expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
}
