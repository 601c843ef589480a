#!/usr/bin/env bash
# What deny.toml allows of dependencies: bans, licences and sources, without the network.
#
# Builds cargo-deny once into target/tools where it is not installed.
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.20.2
deny=$(command -v cargo-deny || echo target/tools/bin/cargo-deny)
if ! "$deny" --version 2>/dev/null; then
    cargo install --quiet --locked --root target/tools "cargo-deny@$version"
fi
# The graph holds what other systems need too.
cargo fetch --locked
"$deny" --offline --locked --all-features check bans licenses sources
