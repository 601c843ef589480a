#!/usr/bin/env bash
# ThreadSanitizer and AddressSanitizer over the storm of tests/sanitize.rs, on the nightly that is installed.
#
# What they see: data races between the cache's own accesses, crossbeam-epoch's and papaya's (thread); use after free,
# double free, overflow and leaks (address). ThreadSanitizer judges the one execution it watches, but by the orderings
# that were asked for and not by those of the machine: a Relaxed publication is found on x86 too, as the last run shows.
# What they do not: std is not instrumented (that needs rust-src), so accesses inside of it are unseen, fences are
# unknown to ThreadSanitizer (crossbeam-epoch replaces its own under it), and an interleaving that did not happen was
# not tested: that is what the loom models are for.
#
# Suppressed, because they synchronise by what is not seen:
#   papaya::raw::utils::parker::Parker  parks through std
#   seize::raw::tls                     hands the numbers of threads that have ended to new ones, through std's mutex
#   drop_slow                           std's Arc orders its last drop by a fence; so frees through the last Arc are left
#                                       to AddressSanitizer
# std's mutexes would be reported too: under `--cfg lookback_sanitize` those of src/sync.rs say what they order by an
# atomic of their own, so that nothing of the cache itself needs to be suppressed.
set -euo pipefail
cd "$(dirname "$0")/.."

nightly=$(rustup toolchain list 2>/dev/null | grep -o '^nightly[^ ]*' | head -1 || true)
if [ -z "$nightly" ]; then
    echo 'sanitize: skipped, no nightly toolchain is installed (rustup toolchain install nightly)'
    exit 0
fi
host=$(rustc "+$nightly" -vV | sed -n 's/^host: //p')
if [ "$host" != x86_64-unknown-linux-gnu ]; then
    echo "sanitize: skipped, this is set up for x86_64-unknown-linux-gnu and not for $host"
    exit 0
fi

suppressions=$(mktemp)
log=$(mktemp)
trap 'rm -f "$suppressions" "$log"' EXIT
printf '%s\n' 'race:papaya::raw::utils::parker::Parker' 'race:seize::raw::tls' 'race:drop_slow' > "$suppressions"

# storm SANITIZER CALLS [FLAG...]: builds with the sanitizer and runs the storm.
storm() {
    local sanitizer=$1 calls=$2
    shift 2
    local folder=${CARGO_TARGET_DIR:-target/sanitize/$sanitizer}
    RUSTFLAGS="-Zsanitizer=$sanitizer -Cunsafe-allow-abi-mismatch=sanitizer --cfg lookback_sanitize $*" \
        CARGO_TARGET_DIR="$folder" LOOKBACK_STORM_CALLS="$calls" \
        TSAN_OPTIONS="suppressions=$suppressions halt_on_error=1" ASAN_OPTIONS='detect_leaks=1' \
        timeout 900 cargo "+$nightly" test --quiet --no-default-features --target "$host" --test sanitize
}

echo "sanitize: $nightly"
for run in 'address 5000' 'thread 1000'; do
    read -r sanitizer calls <<< "$run"
    began=$SECONDS
    storm "$sanitizer" "$calls"
    echo "sanitize: $sanitizer, $calls calls a thread to each of 5 caches: clean, $((SECONDS - began)) s"
done

# A run that must fail: slots are filled without Release, in a copy of the sources.
began=$SECONDS
root=$PWD
copy=$(mktemp -d)
trap 'rm -rf "$suppressions" "$log" "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --create | tar --extract --directory="$copy"
patch --quiet --strip=1 --directory="$copy" < loom-tests/mutants/slot_filled_relaxed.patch
cd "$copy"
if CARGO_TARGET_DIR="$root/target/sanitize/thread-mutant" storm thread 1000 > "$log" 2>&1; then
    echo 'sanitize: thread did not see a Relaxed publication: it is blind here'
    exit 1
fi
if ! grep -q 'ThreadSanitizer: data race' "$log"; then
    tail -40 "$log"
    echo 'sanitize: the broken build failed, but not by a data race'
    exit 1
fi
echo "sanitize: thread sees a Relaxed publication, $((SECONDS - began)) s"
