#!/usr/bin/env bash
# Holds a hit and an evicting miss to their instructions: they do not depend on what else the machine does.
#
# The bounds are what BENCHMARKS.md says, and 3 % for another compiler; a miss has 10 %, because a quarter of it is the
# allocator of the machine's own C library. Without valgrind nothing is counted, and that is said.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v valgrind > /dev/null; then
    echo 'not counted: there is no valgrind here (apt-get install valgrind)'
    exit 0
fi

binary=$(cargo rivals --no-run --bench instructions 2>&1 | tee /dev/stderr | sed -n 's/.*Executable.*(\(.*\)).*/\1/p')
[ -n "$binary" ] || { echo 'cargo named no binary' >&2; exit 1; }

# all KIND ROUNDS: the instructions of the whole program.
all() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$binary" "$1" "$2" 2>&1 < /dev/null | sed -n 's/.*Collected : //p'
}

failed=0
while read -r kind bound; do
    # Twenty rounds of 1,000 requests, without what both runs do before and after.
    one=$(( ($(all "$kind" 30) - $(all "$kind" 10)) / 20000 ))
    echo "$kind: $one instructions, at most $bound"
    [ "$one" -gt 0 ] && [ "$one" -le "$bound" ] || failed=1
done << 'BOUNDS'
hit-variable 52
hit-permanent 80
miss-variable 2458
BOUNDS
exit $failed
