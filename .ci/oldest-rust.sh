#!/usr/bin/env bash
# Whether the oldest Rust that Cargo.toml promises still builds the library and the program.
#
# Three things hold it: the lint `incompatible_msrv`, which refuses what std gained later; the resolver, which chooses no
# dependency that needs a later one; and this build.
set -euo pipefail
cd "$(dirname "$0")/.."

oldest=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
here=$(rustc --version)
case $here in
    "rustc $oldest."*)
        echo "oldest Rust: $here is it, so every other step checks it"
        exit 0
        ;;
esac
rustup toolchain install --profile minimal "$oldest"
CARGO_TARGET_DIR=target/oldest-rust cargo "+$oldest" check --locked --all-features --lib --bins
