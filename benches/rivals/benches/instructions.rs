//! How many instructions does a request take?
//!
//! Counted, not timed: rustc 1.95.0, 2026-11-25. A hit takes 51 (variable) or 78 (permanent), an evicting miss 2,235.
//! `.ci/instructions.sh` holds them to that.
//!
//! Command: `cargo rivals --no-run --bench instructions` names the binary; then
//! `valgrind --tool=callgrind --callgrind-out-file=/dev/null BINARY hit-variable 30`, less the same with 10, by 20,000.

use std::hint::black_box;

use rivals::{
    CAPACITY, Key, Lookback, Papaya, Permanent, PermanentSecond, QuickCache, Rival, Slice, Variable,
    VariableSecond,
};

/// Fills, then asks `rounds` times for 1,000 keys.
fn hit<R: Rival>(rounds: usize) {
    let cache = R::new(CAPACITY);
    let keys = (0..1_000).map(Key::nth).collect::<Vec<_>>();
    R::load(&mut cache.handle(), &keys);
    let mut handle = cache.handle();
    for _ in 0..=rounds {
        black_box(R::sum(&mut handle, black_box(&keys)));
    }
}

/// Asks for 1,000 cold keys in each round, in a tier of 64 entries, which evicts from the first round on.
fn miss<R: Rival>(rounds: usize) {
    let cache = R::new(64);
    for round in 0..=rounds {
        let keys = (0..1_000).map(|index| Key::nth(round * 1_000 + index)).collect::<Vec<_>>();
        black_box(R::load(&mut cache.handle(), &keys));
    }
}

/// Asks in so many rounds.
type Kind = fn(usize);

fn main() {
    let kinds: [(&str, Kind); 10] = [
        ("hit-slice", hit::<Slice>),
        ("hit-permanent", hit::<Lookback<Permanent>>),
        ("hit-variable", hit::<Lookback<Variable>>),
        ("hit-permanent-second", hit::<Lookback<PermanentSecond>>),
        ("hit-variable-second", hit::<Lookback<VariableSecond>>),
        ("hit-papaya", hit::<Papaya>),
        ("hit-quick_cache", hit::<QuickCache>),
        ("miss-variable", miss::<Lookback<Variable>>),
        ("miss-quick_cache", miss::<QuickCache>),
        ("load-alone", miss::<rivals::Loader>),
    ];
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let Some(kind) = arguments.next() else {
        println!("kinds: {}", kinds.map(|(name, _)| name).join(" "));
        return;
    };
    let rounds = arguments.next().and_then(|rounds| rounds.parse().ok()).expect("rounds of 1,000 operations");
    kinds.iter().find(|(name, _)| *name == kind).expect("a kind").1(rounds);
}
