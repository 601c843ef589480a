//! The rules that one file keeps by itself.

use std::collections::BTreeSet;

use crate::source::Source;

/// The words that every room above layer 1 may use.
const WORDS: &[&str] =
    &["error", "asset", "block", "compare", "decimal", "nearest", "parameter", "sum", "time"];

/// The rooms of `src/`, lowest layer first, and what each may import. Siblings do not import each other.
const ROOMS: [(&str, &[&[&str]]); 19] = [
    // Layer 0: foundations.
    ("error", &[]),
    ("sync", &[]),
    // Layer 1: vocabulary.
    ("asset", &[&["error"]]),
    ("block", &[&["error"]]),
    ("compare", &[]),
    ("decimal", &[&["error"]]),
    ("nearest", &[]),
    ("parameter", &[&["decimal", "error"]]),
    ("sum", &[]),
    ("time", &[&["error"]]),
    // Layer 2: engines that do not know each other, and what computes columns, indicators and rules, which knows neither.
    ("bundle", &[WORDS]),
    ("cache", &[&["error", "sync"]]),
    ("indicator", &[WORDS]),
    ("rule", &[WORDS]),
    // Layer 3: the portal, which sees them all.
    ("portal", &[WORDS, &["bundle", "cache", "indicator", "rule"]]),
    // Layer 4: windows of a caller's own data need no portal; the others see the portal, and what is below through it.
    ("history", &[WORDS, &["cache"]]),
    ("sweep", &[WORDS, &["portal", "rule"]]),
    ("strategies", &[WORDS, &["portal", "sweep"]]),
    // Layer 5: pages of what sweeps leave, and of what the cache did.
    ("report", &[WORDS, &["cache", "sweep"]]),
];

/// What only `sync.rs` may name, in code or in a cfg.
const FOREIGN: [&str; 5] = ["crossbeam_epoch", "crossbeam_loom", "loom", "papaya", "seize"];

/// The memory orderings; those of `std::cmp` have other names.
const ORDERINGS: [&str; 5] = ["AcqRel", "Acquire", "Relaxed", "Release", "SeqCst"];

/// Names that say nothing about a file's content.
const VAGUE: [&str; 7] = ["common", "helper", "helpers", "manager", "misc", "util", "utils"];

/// Takes a line, counted from 0, and what is wrong there.
type Report<'a> = dyn FnMut(usize, &str) + 'a;

/// Whether a file belongs to the program, which is a crate of its own.
fn is_program(source: &Source<'_>) -> bool {
    source.room() == "bin"
}

fn check_imports(source: &Source<'_>, report: &mut Report<'_>) {
    let room = source.room();
    if is_program(source) || room == "lib" {
        return;
    }
    let Some((_, below)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return report(0, &format!("{room} is in no layer, expected a row in ROOMS"));
    };
    let heads = source.imports().into_iter().filter_map(|import| Some((import.line, *import.path.first()?)));
    for (line, head) in heads.collect::<BTreeSet<_>>() {
        if !ROOMS.iter().any(|(name, _)| *name == head) {
            report(line, &format!("{head} comes from the crate's root, expected from its own room"));
        } else if head != room && !below.concat().contains(&head) {
            report(line, &format!("{room} imports {head}, expected only {}", below.concat().join(", ")));
        }
    }
}

/// A room's files are private modules, so that the compiler refuses whoever steps past its front.
fn check_fronts(source: &Source<'_>, report: &mut Report<'_>) {
    if is_program(source) || source.room() == "lib" {
        return;
    }
    for (file, is_open) in source.declared() {
        if is_open {
            let rule =
                "is open to those outside of its room, expected a private module and re-exports by the front";
            report(file.line, &format!("{} {rule}", file.text));
        }
    }
}

fn check_names(source: &Source<'_>, report: &mut Report<'_>) {
    let room = source.room();
    for (index, token) in source.tokens.iter().enumerate() {
        if room != "sync" && FOREIGN.contains(&token.text) {
            report(token.line, &format!("{} is named, expected in sync.rs only", token.text));
        }
        if token.text == "include" || (token.text, source.text(index + 2)) == ("#", "path") {
            report(token.line, "a file is pulled in by its path, expected a module or the public API");
        }
        if room == "lib" && matches!(token.text, "fn" | "impl" | "struct" | "enum" | "trait") {
            report(token.line, "lib.rs has logic, expected modules and re-exports");
        }
    }
}

fn check_unsafe(source: &Source<'_>, report: &mut Report<'_>) {
    // `compare` calls what is compiled for the processor's widest vectors.
    let is_unsafe_room = matches!(source.room(), "sync" | "cache" | "compare");
    if !is_unsafe_room && source.room() != "lib" && !source.forbids_unsafe_first() {
        report(0, "unsafe code is possible, expected #![forbid(unsafe_code)] below the file's doc");
    }
    for (index, token) in source.tokens.iter().enumerate().filter(|(_, token)| token.text == "unsafe") {
        if !is_unsafe_room {
            report(token.line, "unsafe code, expected in sync.rs, cache/ and compare/ only");
        }
        let is_operation = matches!(source.text(index + 1), "{" | "impl");
        if is_operation && !source.is_argued(token.line, "SAFETY:", &["fn", "unsafe"]) {
            report(token.line, "unsafe code without a comment of its own, expected // SAFETY: above it");
        }
    }
}

fn check_atomics(source: &Source<'_>, report: &mut Report<'_>) {
    // What stands after the `use` that we are in.
    let mut import = None;
    for (index, token) in source.tokens.iter().enumerate() {
        match token.text {
            // `use<'a>` is a bound.
            "use" if source.text(index + 1) != "<" => import = Some(source.text(index + 1)),
            ";" => import = None,
            "atomic" if source.room() == "cache" && matches!(import, Some("std" | "core")) => {
                report(token.line, "atomics of std, which no model sees, expected those of crate::sync");
            }
            _ => {}
        }
        if import.is_some() || !ORDERINGS.contains(&token.text) {
            continue;
        }
        let mut path = index;
        while path >= 2 && source.text(path - 1) == "::" {
            path -= 2;
        }
        if token.text == "SeqCst" && source.text(path.wrapping_sub(2)) != "fence" {
            report(token.line, "SeqCst access, which loom checks as AcqRel, expected fence(SeqCst)");
        }
        if !source.is_argued(token.line, "ORDERING:", &["fn"]) {
            report(token.line, "a memory ordering without its reason, expected // ORDERING: above it");
        }
    }
}

/// Everything that breaks a rule in one file; `path` starts at the package's root.
pub fn violations(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut report = |line: usize, rule: &str| found.push(format!("{path} line {}: {rule}", line + 1));
    if text.lines().count() > 800 {
        report(800, "the file goes on, expected at most 800 lines, tests included");
    }
    if let Some(name) = path.split(['/', '.', '_']).find(|part| VAGUE.contains(part)) {
        report(0, &format!("{name} names nothing, expected the concept that the file holds"));
    }
    if let Some(below) = path.strip_prefix("src/") {
        let source = Source::new(below, text);
        for check in [check_imports, check_fronts, check_names, check_unsafe, check_atomics] {
            check(&source, &mut report);
        }
    }
    found
}
