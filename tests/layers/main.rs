//! House rules that the compiler does not check: imports go downwards only, a room is entered by its front, nothing is
//! imported in a circle, unsafe code and atomics are argued.
//!
//! A rule reads paths and texts, so that the tests here can show each of them failing.

#![forbid(unsafe_code)]

mod circles;
mod examples;
mod rules;
mod source;

use std::fs;
use std::path::Path;

use circles::circles;
use examples::{Share, shares};
use rules::violations;
use source::Source;

fn visit(root: &Path, folder: &str, see: &mut dyn FnMut(&str, &str)) {
    for entry in fs::read_dir(root.join(folder)).into_iter().flatten() {
        let entry = entry.expect("a folder of the package can be listed");
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() && !path.ends_with("/target") {
            visit(root, &path, see);
        } else if path.ends_with(".rs") {
            see(&path, &fs::read_to_string(entry.path()).expect("a source file is UTF-8 text"));
        }
    }
}

/// The files of the package's folders, as path and text.
fn files(folders: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in folders {
        visit(Path::new(env!("CARGO_MANIFEST_DIR")), folder, &mut |path, text| {
            found.push((path.to_owned(), text.to_owned()));
        });
    }
    assert!(found.len() > 10, "{} files were seen, expected the whole package", found.len());
    found
}

#[test]
fn the_house_keeps_its_rules() {
    let files = files(&["src", "tests", "benches", "examples", "loom-tests"]);
    let found = files.iter().flat_map(|(path, text)| violations(path, text)).collect::<Vec<_>>();
    assert!(found.is_empty(), "{} violations\n{}", found.len(), found.join("\n"));
}

#[test]
fn nothing_in_one_room_is_imported_in_a_circle() {
    let files = files(&["src"]);
    let (program, library): (Vec<_>, Vec<_>) =
        files.iter().partition(|(path, _)| path.starts_with("src/bin/"));
    let mut found = Vec::new();
    for of_crate in [library, program] {
        let sources = of_crate.iter().map(|(path, text)| Source::new(path.trim_start_matches("src/"), text));
        found.extend(circles(sources));
    }
    let said = found.iter().map(|(circle, imports)| format!("{circle}\n    {}", imports.join("\n    ")));
    assert!(found.is_empty(), "these import each other:\n{}", said.collect::<Vec<_>>().join("\n"));
}

/// One case a line: path, line and rule of the one violation, text with ~ for a new line. Line 0: no violation.
const CASES: &str = r##"
src/cache/clock.rs | 1 | cache imports block     | use crate::block::Block;
src/cache/mod.rs   | 1 | cache imports bundle    | use super::bundle::Bundle;
src/cache/clock.rs | 1 | cache imports time      | use super::super::time::When;
src/sync.rs        | 1 | sync imports error      | mod model { use super::super::error; }
src/bundle/csv.rs  | 2 | bundle imports cache    | #![forbid(unsafe_code)]~fn f() { crate::cache::Cache::new() }
src/bundle/csv.rs  | 3 | bundle imports cache    | #![forbid(unsafe_code)]~#[cfg(test)] mod tests { fn f() {} }~use crate::cache;
src/bundle/csv.rs  | 3 | bundle imports cache    | #![forbid(unsafe_code)]~#[cfg(not(test))]~use crate::cache;
src/sweep/mod.rs   | 3 | sweep imports bundle    | #![forbid(unsafe_code)]~use crate::{~    bundle::Bundle,~};
src/time.rs        | 2 | time imports asset      | #![forbid(unsafe_code)]~use crate::{error::{Error, ErrorKind}, asset};
src/time.rs        | 2 | from the crate's root   | #![forbid(unsafe_code)]~use crate::Error;
src/sweep/mod.rs   | 2 | market is open          | #![forbid(unsafe_code)]~pub mod market;
src/cache/mod.rs   | 1 | table is open           | pub(crate) mod table;
src/attic.rs       | 1 | in no layer             | #![forbid(unsafe_code)]
src/cache/clock.rs | 1 | crossbeam_epoch is      | use crossbeam_epoch::Guard;
src/cache/clock.rs | 1 | loom is named           | #[cfg(not(loom))]~fn f() {}
src/cache/clock.rs | 1 | atomics of std          | use std::sync::{Arc, atomic::AtomicBool};
src/bin/a/main.rs  | 2 | by its path             | #![forbid(unsafe_code)]~#[path = "../../time.rs"]~mod time;
src/lib.rs         | 1 | lib.rs has logic        | pub fn f() {}
tests/a/utils.rs   | 1 | utils names nothing     |
src/portal/load.rs | 1 | unsafe code is possible | #![allow(dead_code)]~fn f() {}
src/portal/load.rs | 1 | unsafe code is possible | //! #![forbid(unsafe_code)]~fn f() {}~#![forbid(unsafe_code)]
src/portal/load.rs | 2 | in sync.rs, cache/     | #![forbid(unsafe_code)]~unsafe fn f() {}
src/cache/clock.rs | 3 | SAFETY                  | // SAFETY: of what?~fn f() {~    unsafe { g() }~}
src/sync.rs        | 3 | SAFETY                  | // SAFETY: owned.~unsafe impl Send for A {}~unsafe impl Sync for A {}
src/sweep/mod.rs   | 3 | ORDERING                | #![forbid(unsafe_code)]~use a::Ordering::Relaxed;~fn f() { a.load(Relaxed) }
src/cache/clock.rs | 4 | ORDERING                | // ORDERING: a count.~a.load(Ordering::Relaxed);~fn f() {~    a.load(Ordering::Acquire) }
src/sync.rs        | 1 | fence(SeqCst)           | a.load(Ordering::SeqCst); // ORDERING: none.
src/bundle/csv.rs  | 0 |                         | //! As `crate::cache`.~#![forbid(unsafe_code)]~use std::cmp::Ordering;~/* crate::cache */
src/bundle/csv.rs  | 0 |                         | #![forbid(unsafe_code)]~use crate::{error::Error, time::{self, cache}};~use super::store;
src/bundle/csv.rs  | 0 |                         | #![forbid(unsafe_code)]~fn f<'a>() { ('"', '\'', "crate::cache \"", r#"crate::cache""#, b"'") }
src/bundle/csv.rs  | 0 |                         | #![warn(x)]~#![forbid(unsafe_code)]~mod inner { use super::f; }~pub(crate) fn f() -> Ordering { Less }
src/bundle/csv.rs  | 0 |                         | #![forbid(unsafe_code)]~#[cfg(all(test, not(miri)))]~use crate::cache::{self};
src/bundle/csv.rs  | 0 |                         | #![forbid(unsafe_code)]~#[cfg(test)]~mod tests { use crate::cache::Cache; fn f() { unsafe { g() } } }
src/sweep/mod.rs   | 0 |                         | #![forbid(unsafe_code)]~mod market;~pub use market::Market;~pub mod inner { fn f() {} }
src/bin/a/rows.rs  | 0 |                         | #![forbid(unsafe_code)]~pub mod market;
src/lib.rs         | 0 |                         | pub mod market;
src/sync.rs        | 0 |                         | use crossbeam_epoch::Guard;~#[cfg(loom)]~use loom::sync::Arc;
src/sync.rs        | 0 |                         | // SAFETY: owned, because~// A is.~unsafe impl Send for A {}
src/sync.rs        | 0 |                         | // ORDERING: before the load in `g`.~fence(Ordering::SeqCst);~atomic::fence(atomic::Ordering::SeqCst);
"##;

#[test]
fn a_broken_rule_is_reported_once_at_its_line_and_a_kept_one_never() {
    for case in CASES.trim().lines() {
        let [path, line, rule, text] = case.splitn(4, '|').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("a case has four fields: {case}")
        };
        let found = violations(path, &text.replace('~', "\n"));
        let is_it = |one: &String| one.starts_with(&format!("{path} line {line}: ")) && one.contains(rule);
        assert_eq!(found.len(), usize::from(line != "0"), "{case}: {found:?}");
        assert!(found.iter().all(is_it), "{case}: {found:?}");
    }
    assert_eq!(violations("benches/hit.rs", &"\n".repeat(801)).len(), 1);
    assert_eq!(violations("benches/hit.rs", &"\n".repeat(800)).len(), 0);
}

/// One small crate a line: the circle that is found in it, or none, and its files as path: text.
const CRATES: &str = r##"
sweep: market, trial      | sweep/market.rs: use super::trial::Trial; # sweep/trial.rs: use super::market::Market;
sweep: a, b, c            | sweep/a.rs: use super::b::B; # sweep/b.rs: use super::c; # sweep/c.rs: fn f() { crate::sweep::a::g() }
sweep: broker, market     | sweep/broker/path.rs: use super::super::market; # sweep/market.rs: use super::broker::P; # sweep/broker/mod.rs: mod path;
sweep/broker: bill, path  | sweep/broker/path.rs: use super::bill; # sweep/broker/bill.rs: use crate::{sweep::broker::path::{self, P}};
sweep: market, trial      | sweep/mod.rs: pub use trial::{Trial as T}; mod trial; # sweep/market.rs: use crate::sweep::T; # sweep/trial.rs: use super::market::M;
the root: output, run     | bin/a/main.rs: mod run; # bin/a/run.rs: use crate::output::to; # bin/a/output/mod.rs: # bin/a/output/text.rs: use crate::run::R;
                          | sweep/mod.rs: pub use trial::T; mod trial; # sweep/market.rs: use super::T; # sweep/trial.rs: use super::Market; # sweep/market/x.rs:
                          | sweep/mod.rs: mod trial; struct S(trial::T); # sweep/trial.rs: use super::S;
                          | sweep/market.rs: use super::trial::T; # sweep/trial.rs: #[cfg(test)] mod tests { use super::super::market::M; }
                          | sweep/market.rs: use super::trial::T; # sweep/trial.rs: use std::{market::M, super_market::S}; // super::market
"##;

#[test]
fn a_circle_is_found_also_through_a_front_and_between_inner_rooms() {
    for case in CRATES.trim_matches('\n').lines() {
        let (expected, files) = case.split_once('|').expect("a case has two fields");
        let sources = files.split(" # ").map(|file| {
            let (path, text) = file.trim().split_once(':').expect("a file has a path and a text");
            Source::new(path, text)
        });
        let found = circles(sources).into_keys().collect::<Vec<_>>();
        assert_eq!(found.join("; "), expected.trim(), "{case}");
    }
}

/// Of a hundred public items, so many have an example that asserts. It is raised as examples come, and never lowered.
const SHOWN_PERCENT: usize = 62;

#[test]
fn public_items_are_shown_by_examples() {
    let files = files(&["src"]);
    let library = files.iter().filter(|(path, _)| !path.starts_with("src/bin/"));
    let sources =
        library.map(|(path, text)| Source::new(path.trim_start_matches("src/"), text)).collect::<Vec<_>>();
    let (mut table, mut all) = (String::new(), Share::default());
    for (room, Share { items, shown }) in shares(&sources) {
        table += &format!("{room:<10} {shown:>3} of {items:>3}\n");
        all = Share { items: all.items + items, shown: all.shown + shown };
    }
    println!("{table}{:<10} {:>3} of {:>3}", "all", all.shown, all.items);
    let is_kept = 100 * all.shown >= SHOWN_PERCENT * all.items;
    assert!(
        is_kept,
        "{} of {} items have an example, expected {SHOWN_PERCENT} %\n{table}",
        all.shown, all.items
    );
}

#[test]
fn an_example_counts_where_it_asserts_and_its_item_can_be_named() {
    let front = "pub use path::{Path, walk};~mod path;~/// ```~/// assert!(g());~/// ```~pub fn g() {}~pub(crate) fn h() {}";
    let path = "pub struct Path { pub steps: u64 }~impl<T> Path<T> where T: Copy {~/// One.~///~/// ```~/// assert_eq!(1, 1);~\
                /// ```~#[must_use]~pub const fn one() {}~/// ```~/// two();~/// ```~pub fn two() {}~}~\
                impl Iterator for Path { fn next() {} }~struct Inner;~impl Inner { pub fn three() {} }~pub fn hidden() {}~\
                /// ```~/// assert!(walk());~/// ```~pub fn walk() {}~pub const LEN: usize = 1;";
    let texts = [
        ("lib.rs", "pub mod road;~mod sync;"),
        ("road/mod.rs", front),
        ("road/path.rs", path),
        ("sync.rs", "pub fn s() {}"),
    ];
    let texts = texts.map(|(path, text)| (path, text.replace('~', "\n")));
    let sources = texts.iter().map(|(path, text)| Source::new(path, text)).collect::<Vec<_>>();
    let expected = [("road", Share { items: 5, shown: 3 })];
    assert_eq!(shares(&sources), expected.into_iter().collect());
}
