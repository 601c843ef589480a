#!/usr/bin/env bash
# What an ingest of 10 million minute bars takes: ten files of an asset each, and one file of 500 assets, minute by minute.
#
# usage: benches/ingest.sh [target/release/lookback]; needs 2 GB below TMPDIR, and GNU time as /usr/bin/time.
set -euo pipefail
program=$(realpath "${1:-target/release/lookback}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# rows ASSETS MINUTES: each minute of all assets, then the next; prices walk by up to three cents.
rows() {
    awk -v assets="$1" -v minutes="$2" 'BEGIN {
        for (asset = 0; asset < assets; asset++) price[asset] = 1000 + 7 * asset
        print "symbol,timestamp,open,high,low,close,volume"
        for (minute = 0; minute < minutes; minute++) for (asset = 0; asset < assets; asset++) {
            open = price[asset]; close_ = open + (minute * 31 + asset * 17) % 7 - 3
            if (close_ < 100) close_ = 100
            high = (open > close_ ? open : close_) + 2; low = (open < close_ ? open : close_) - 2
            printf "A%03d,%d,%.2f,%.2f,%.2f,%.2f,%d\n", asset, 1704067200 + 60 * minute, \
                open / 100, high / 100, low / 100, close_ / 100, 100 + minute * asset % 9000
            price[asset] = close_
        }
    }'
}

# taken WHAT FILE...: one ingest of these files.
taken() {
    local what=$1
    shift
    rm -rf bars
    /usr/bin/time -f "$what: %e s elapsed, %U + %S s of CPU, %M kB at the peak" "$program" ingest "$@" --tz UTC --out bars > /dev/null
}

mkdir ten
rows 10 1000000 | awk -F, 'NR == 1 { head = $0; next } { file = "ten/" $1 ".csv"; if (!(file in seen)) { print head > file; seen[file] } print > file }'
taken 'ten files of one asset each' ten/*.csv
rm -r ten
rows 500 20000 > all.csv
taken 'one file of 500 assets' all.csv
