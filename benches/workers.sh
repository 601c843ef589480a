#!/usr/bin/env bash
# What eight workers on one bundle hold in memory and read from the disk: 500 assets of 2,520 daily bars, a plan of eight shards of a million points.
#
# usage: benches/workers.sh [target/release/lookback]; needs 300 MB below TMPDIR. Linux: it reads /proc.
set -euo pipefail
program=$(realpath "${1:-target/release/lookback}")
folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"

awk 'BEGIN {
    print "symbol,timestamp,open,high,low,close,volume"
    for (asset = 0; asset < 500; asset++) {
        price = 10000 + 7 * asset
        for (day = 0; day < 2520; day++) {
            open = price; price += (day * 31 + asset * 17) % 71 - 35
            if (price < 1000) price = 1000
            high = (open > price ? open : price) + 20; low = (open < price ? open : price) - 20
            printf "A%03d,%d,%.2f,%.2f,%.2f,%.2f,%d\n", asset, 1388620800 + 86400 * day, open / 100, high / 100, low / 100, price / 100, 1000 + day
        }
    }
}' > bars.csv
"$program" ingest bars.csv --tz UTC --out bars > /dev/null
rm bars.csv
"$program" plan sma-cross --bundle bars --asset A000,A001,A002,A003,A004,A005,A006,A007 --param fast=2:1001 --param slow=2:1001 \
    --keep 'top 1000' --no-honesty --parts 8 --out plan > /dev/null
cat bars/segments/* > /dev/null
for shard in 1 2 3 4 5 6 7 8; do
    "$program" sweep --plan plan --shard "$shard/8" --out parts --threads 1 > /dev/null 2>&1 &
done
sleep "${SECONDS_IN:-4}"
for process in $(jobs -p); do
    awk -v process="$process" '
        FILENAME ~ /smaps/ && /^(Rss|Pss):/ { of[$1] = $2 }
        FILENAME ~ /io$/ && /^read_bytes/ { read = $2 }
        END { printf "worker %d: Rss %.1f MB, Pss %.1f MB, read from the disk %.1f MB\n", process, of["Rss:"] / 1024, of["Pss:"] / 1024, read / 1048576 }
    ' "/proc/$process/smaps_rollup" "/proc/$process/io"
done
du -sm bars | awk '{ print "the bundle: " $1 " MB, once in the page cache of all" }'
