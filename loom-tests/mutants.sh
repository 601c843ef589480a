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
loom reclaim a_lent_entry_outlives_its_eviction retire_frees_at_once
loom reclaim a_lent_entry_outlives_its_eviction reader_forgets_to_pin
loom reclaim a_refreshed_reader_is_protected_again reader_forgets_to_pin
loom reclaim a_reader_between_two_evictors_reads_whole_entries table_published_relaxed
loom reclaim a_reader_between_two_evictors_reads_whole_entries table_read_relaxed
loom reclaim two_evictors_retire_everything_once publish_overwrites
loom reclaim two_evictors_retire_everything_once old_table_not_retired
loom reclaim two_evictors_retire_everything_once victim_not_retired
loom bounds bounds_hold_whenever_a_third_thread_looks ledger_reserves_unchecked
loom bounds bounds_hold_whenever_a_third_thread_looks evictor_releases_bytes
loom bounds released_bytes_are_unpublished_bytes ledger_releases_relaxed
loom bounds two_inserters_in_a_full_tier_are_both_admitted evictor_releases_bytes
loom bounds a_smaller_shard_keeps_to_its_own_capacity full_shard_evicts_none
loom bounds permanents_never_exceed_their_limit ledger_reserves_unchecked
loom bounds a_permanent_entry_takes_the_last_bytes evictor_releases_bytes
loom promotion two_promoters_move_one_reservation promoter_looks_once
loom promotion a_reader_in_the_middle_of_a_promotion_never_loads leader_looks_once
loom promotion two_promoters_move_one_reservation map_publishes_relaxed
loom promotion a_promotion_survives_the_eviction_of_its_entry publish_overwrites
loom promotion bounds_hold_in_the_middle_of_a_promotion promotion_leaves_its_entry
loom permanent a_reader_finds_a_chained_entry_whole chained_relaxed
loom permanent a_walk_beside_a_publisher_finds_whole_entries listed_relaxed
loom flight two_misses_make_one_load everyone_leads
loom flight two_misses_make_one_load leader_looks_once
loom flight two_misses_make_one_load lands_before_publishing
loom flight three_misses_make_one_load flight_forgets_to_wake
loom flight a_bypassed_tier_still_flies flight_forgets_to_wake
loom flight an_error_answers_the_waiters_and_is_forgotten failed_flight_stays
loom flight a_panic_stays_in_its_thread_and_wakes_the_waiters panic_leaves_flight
loom flight a_panic_behind_the_load_wakes_the_waiters lead_dropped_in_flight
loom flight a_loader_that_asks_for_its_own_key_does_not_wait waits_inside_a_load
loom flight loads_nested_crosswise_do_not_hang waits_inside_a_load
loom flight a_wait_that_is_over_ends_in_a_load waits_without_limit
loom flight a_put_and_a_load_lend_the_same_value everyone_leads
loom invalidate a_load_lands_in_the_generation_it_started_in inherits_everything
loom invalidate what_is_read_is_of_the_generations_own_source inherits_everything
loom invalidate a_generation_dies_with_its_last_holder reader_keeps_its_generation
loom invalidate the_same_version_begins_once replaces_unlocked
loom invalidate only_what_is_kept_is_inherited inherits_everything
loom invalidate inheritance_reads_what_is_pinned reader_forgets_to_pin
loom counters requests_are_counted_once reader_keeps_its_counts
loom counters what_is_held_is_counted_exactly publish_overwrites
loom counters a_promotion_moves_an_entry_between_the_counts reader_keeps_its_counts
loom clock an_entry_that_was_read_is_spared_by_every_attempt failed_sweep_clears_bits
loom clock a_hit_in_another_thread_saves_its_entry hit_sets_no_bit
epoch epochs a_lent_entry_outlives_its_eviction reader_forgets_to_pin
epoch epochs a_lent_entry_outlives_its_eviction table_published_relaxed
epoch epochs what_two_evictors_retire_is_freed_by_flushes victim_not_retired
epoch epochs what_two_evictors_retire_is_freed_by_flushes publish_overwrites
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
