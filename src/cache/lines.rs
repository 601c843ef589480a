//! How many cache lines a request writes that other threads use: a count, and so the same on any machine.
//!
//! Counted are the writes by the cache's own atomics and locks. What a desk changes under its lock, its queues and its
//! flights, lies behind the lock's own line and moves with it from thread to thread; a new entry is nobody else's yet;
//! and papaya writes nothing where it finds what it looks for, and is read here only.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Cache, Options, Reader, Tier, Weigh};
use crate::error::Error;
use crate::sync::counted::lines_written;

#[derive(Clone)]
struct Number(u64);

impl Weigh for Number {
    fn payload_bytes(&self) -> u64 {
        0
    }
}

fn ask(reader: &Reader<u64, Number>, key: u64, tier: Tier) {
    let load = |(): &()| Ok::<_, Error>(Number(key));
    assert_eq!(reader.get_or_load(&key, tier, load).expect("the load does not fail").0, key);
}

fn distinct(lines: &[usize]) -> usize {
    lines.iter().collect::<BTreeSet<_>>().len()
}

#[test]
fn a_hit_writes_to_no_line_that_another_thread_reads() {
    let cache: Cache<u64, Number> = Cache::without_source(Options::default()).expect("the options agree");
    let reader = cache.current().reader();
    for tier in [Tier::Permanent, Tier::Variable] {
        let keys = if tier == Tier::Permanent { 0..100 } else { 100..200 };
        keys.clone().for_each(|key| ask(&reader, key, tier));
        let hits = || keys.clone().for_each(|key| ask(&reader, key, tier));
        let bits = if tier == Tier::Permanent { 0 } else { 100 };
        assert_eq!(lines_written(hits).len(), bits, "{tier:?}: the bit of an entry, where it was clear");
        assert_eq!(lines_written(|| (0..10).for_each(|_| hits())).len(), 0, "{tier:?}: nothing from then on");
    }
}

/// Asks for cold keys: the lines written for each, and the writes, on average.
#[expect(clippy::cast_precision_loss, reason = "a few thousand requests")]
fn of_misses(reader: &Reader<u64, Number>, keys: Range<u64>) -> (f64, f64) {
    let misses = (keys.end - keys.start) as f64;
    let written: Vec<Vec<usize>> =
        keys.map(|key| lines_written(|| ask(reader, key, Tier::Variable))).collect();
    let lines: usize = written.iter().map(|written| distinct(written)).sum();
    let writes: usize = written.iter().map(Vec::len).sum();
    (lines as f64 / misses, writes as f64 / misses)
}

#[test]
fn a_miss_writes_to_four_lines_where_it_evicts_and_to_few_more_where_it_does_not() {
    let options = Options { variable_entries: 4_096, shards: Some(4), ..Options::default() };
    let cache: Cache<u64, Number> = Cache::without_source(options).expect("the options agree");
    let reader = cache.current().reader();
    // So few that no shard is full.
    let (lines, writes) = of_misses(&reader, 0..3_000);
    println!("a cold miss: {writes:.3} writes to {lines:.3} lines");
    // The slot, the shard's lock and number, the bytes reserved, and how many entries of how many bytes there are.
    assert!((5.0..6.1).contains(&lines), "a cold miss writes to {lines:.3} lines");
    let _until_all_are_full = of_misses(&reader, 3_000..8_192);
    let (lines, writes) = of_misses(&reader, 8_192..12_288);
    println!("an evicting miss: {writes:.3} writes to {lines:.3} lines");
    // The slots of the victim and of the newcomer, the lock and the number; the bytes change hands, and an exchange of
    // equals is not counted.
    assert!((4.0..4.1).contains(&lines), "an evicting miss writes to {lines:.3} lines");
    assert!((5.0..5.1).contains(&writes), "an evicting miss writes {writes:.3} times, twice to its lock");
    drop(reader);
    assert_eq!(cache.stats().evictions, 12_288 - 4_096);
}
