#!/bin/sh
# Runs every mutant against the models that must catch it: ./mutants.sh [word]. A word selects mutants or models.
# Six minutes on two busy cores. A mutant is caught when its model fails; one that passes, or is still running at the limit, survives.
set -u
cd "$(dirname "$0")" || exit 2
unset RUSTFLAGS
limit_seconds=${LOOKBACK_MUTANT_SECONDS:-60}
word=${1:-}

table() {
    cat <<'END'
loom promotion two_promoters_move_one_reservation map_publishes_relaxed
loom permanent a_reader_finds_a_chained_entry_whole chained_relaxed
loom permanent a_walk_beside_a_publisher_finds_whole_entries listed_relaxed
END
}

config() {
    if [ "$1" = epoch ]; then echo .cargo/epoch.toml; else echo .cargo/config.toml; fi
}

# The table and the sources name the same mutants.
named=$(table | awk '{ print $4 }' | sort -u)
written=$(grep -rhoE 'mutant!\("[a-z_]+"' ../src | cut -d'"' -f2 | sort -u)
if [ "$named" != "$written" ]; then
    echo "the mutants of the sources and of this table differ:" >&2
    printf '%s\n' "$named" "$written" | sort | uniq -u >&2
    exit 1
fi

for set in loom epoch; do
    table | grep -e "$word" | grep -q "^$set " || continue
    cargo test --quiet --config "$(config $set)" --no-run || exit 1
    # A model that fails by itself catches nothing.
    [ -n "$word" ] || cargo test --quiet --config "$(config $set)" >/dev/null || exit 1
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT
survivors=0
printf '%-11s %-55s %-28s %s\n' file model mutant caught
while read -r set file model mutant; do
    timeout "$limit_seconds" env LOOKBACK_MUTANT="$mutant" \
        cargo test --quiet --config "$(config "$set")" --test models -- --exact "$file::$model" >"$log" 2>&1
    status=$?
    if [ $status -eq 0 ]; then
        caught='NO: it passed'
    elif [ $status -eq 124 ]; then
        caught="NO: no answer in $limit_seconds s"
    else
        caught=yes
    fi
    [ "$caught" = yes ] || survivors=$((survivors + 1))
    printf '%-11s %-55s %-28s %s\n' "$file" "$model" "$mutant" "$caught"
done <<END
$(table | grep -e "$word")
END
[ $survivors -eq 0 ] || { echo "$survivors survived" >&2; exit 1; }
