#!/usr/bin/env bash
# Breaks one rule at a time, in a copy of the sources, and runs the models that must see it: ./mutants.sh [word].
#
# A mutant is a patch, mutants/NAME.patch. Above it stand: what it breaks; for each model that must see it a line
# `model: loom|epoch FILE::MODEL`; and a line `expect: WHAT`, an extended regular expression that the failure says.
# It is caught when each of these models fails and says so. One that does not build, that fails in another way, that
# passes, or that is still running at the limit, survives. A word selects mutants whose name or models contain it;
# LOOKBACK_MUTANT_LOGS names a folder for what they said.
set -euo pipefail
cd "$(dirname "$0")"
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_TARGET_DIR
limit_seconds=${LOOKBACK_MUTANT_SECONDS:-180}
word=${1:-}

# The copy: sources and models by value, all else by name. Its artefacts lie with the package's own.
copy=$PWD/target/mutants
rm -rf "$copy"
mkdir -p "$copy/loom-tests"
for name in ../* ; do
    case ${name#../} in
        src | loom-tests | target) ;;
        *) ln -s "$PWD/$name" "$copy/" ;;
    esac
done
cp -Rp ../src "$copy/"
cp -Rp .cargo Cargo.toml Cargo.lock src tests "$copy/loom-tests/"
ln -s "$PWD/target" "$copy/loom-tests/target"

config() {
    if [ "$1" = epoch ]; then echo .cargo/epoch.toml; else echo .cargo/config.toml; fi
}

# in_copy SECONDS SET ARGUMENT...: what `cargo test` says of the patched models, within so many seconds.
in_copy() {
    (cd "$copy/loom-tests" && timeout "$1" cargo test --quiet --config "$(config "$2")" --test models "${@:3}")
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
survivors=0
printf '%-32s %-74s %s\n' mutant model caught
for patch in mutants/*.patch; do
    grep -q -e "$word" <(echo "$patch"; grep '^model: ' "$patch") || continue
    name=$(basename "$patch" .patch)
    expect=$(sed -n 's/^expect: //p' "$patch")
    if [ -z "$expect" ] || ! grep -q '^model: ' "$patch"; then
        echo "$patch names no model, or not how it fails" >&2
        exit 2
    fi
    patch --quiet --strip=1 --directory="$copy" < "$patch" || { echo "$patch does not apply" >&2; exit 2; }
    while read -r _ set model; do
        if ! in_copy 1800 "$set" --no-run > "$log" 2>&1; then
            caught='NO: it does not build'
        else
            status=0
            in_copy "$limit_seconds" "$set" -- --exact "$model" > "$log" 2>&1 || status=$?
            if [ $status -eq 0 ]; then
                caught='NO: it passed'
            elif [ $status -eq 124 ]; then
                caught="NO: no answer in $limit_seconds s"
            elif grep -qE -e "$expect" "$log"; then
                caught=yes
            else
                caught="NO: it fails, and says nothing of: $expect"
            fi
        fi
        printf '%-32s %-74s %s\n' "$name" "$set $model" "$caught"
        [ "$caught" = yes ] || survivors=$((survivors + 1))
        [ -z "${LOOKBACK_MUTANT_LOGS:-}" ] || cp "$log" "$LOOKBACK_MUTANT_LOGS/$name.log"
    done < <(grep '^model: ' "$patch")
    patch --quiet --strip=1 --reverse --directory="$copy" < "$patch"
done
[ $survivors -eq 0 ] || { echo "$survivors survived" >&2; exit 1; }
