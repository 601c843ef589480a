//! House rules that the compiler does not check: imports go downwards only, unsafe code and atomics are argued.
//!
//! A rule reads one file's path and text, so that the tests at the end can show each of them failing.

#![forbid(unsafe_code)]

use std::fs;
use std::path::Path;

/// The rooms of `src/`, lowest layer first, and what each may import. Siblings do not import each other.
const ROOMS: [(&str, &[&str]); 16] = [
    // Layer 0: foundations.
    ("error", &[]),
    ("sync", &[]),
    // Layer 1: vocabulary.
    ("asset", &["error"]),
    ("block", &["error"]),
    ("compare", &[]),
    ("decimal", &["error"]),
    ("nearest", &[]),
    ("parameter", &["error"]),
    ("sum", &[]),
    ("time", &["error"]),
    // Layer 2: engines that do not know each other; `rule` will stand beside them.
    ("bundle", &["error", "asset", "block", "decimal", "nearest", "time"]),
    ("cache", &["error", "sync"]),
    ("indicator", &["error", "asset", "block", "decimal", "sum", "time"]),
    // Layer 3: the only one that sees the engines together.
    ("portal", &["error", "asset", "block", "decimal", "time", "bundle", "cache", "indicator"]),
    // Layer 4: both see the portal, and indicators through it.
    (
        "sweep",
        &["error", "asset", "block", "compare", "decimal", "nearest", "parameter", "sum", "time", "portal"],
    ),
    ("strategies", &["error", "asset", "block", "decimal", "nearest", "time", "portal", "sweep"]),
];

/// What only `sync.rs` may name, in code or in a cfg.
const FOREIGN: [&str; 5] = ["crossbeam_epoch", "crossbeam_loom", "loom", "papaya", "seize"];

/// The memory orderings; those of `std::cmp` have other names.
const ORDERINGS: [&str; 5] = ["AcqRel", "Acquire", "Relaxed", "Release", "SeqCst"];

/// Names that say nothing about a file's content.
const VAGUE: [&str; 7] = ["common", "helper", "helpers", "manager", "misc", "util", "utils"];

/// Takes a line, counted from 0, and what is wrong there.
type Report<'a> = dyn FnMut(usize, &str) + 'a;

/// A word or a sign of code. Comments and literals are none.
#[derive(Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

/// A file below `src/`, with its tokens but for those of its tests.
struct Source<'a> {
    path: &'a str,
    lines: Vec<&'a str>,
    tokens: Vec<Token<'a>>,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut found, mut at, mut line) = (Vec::new(), 0, 0);
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (len, is_code) = if let Some(len) = comment_len(rest).or_else(|| literal_len(rest)) {
            (len, false)
        } else if first.is_alphanumeric() || first == '_' {
            (rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()), true)
        } else if rest.starts_with("::") {
            (2, true)
        } else {
            (first.len_utf8(), !first.is_whitespace())
        };
        if is_code {
            found.push(Token { text: &rest[..len], line });
        }
        line += rest[..len].matches('\n').count();
        at += len;
    }
    found
}

fn comment_len(rest: &str) -> Option<usize> {
    let is_line = rest.starts_with("//");
    let end = if is_line { rest.find('\n') } else { rest.find("*/").map(|end| end + 2) };
    (is_line || rest.starts_with("/*")).then(|| end.unwrap_or(rest.len()))
}

/// The length of a string or character literal; a lifetime is none.
fn literal_len(rest: &str) -> Option<usize> {
    if let Some(inner) = rest.strip_prefix('\'') {
        let mut characters = inner.chars();
        return match (characters.next()?, characters.next()?) {
            ('\\', _) => inner[2..].find('\'').map(|end| end + 4),
            (character, '\'') => Some(character.len_utf8() + 2),
            _ => None,
        };
    }
    let quoted = rest.trim_start_matches(['b', 'c', 'r', '#']);
    let (prefix, inner) = (&rest[..rest.len() - quoted.len()], quoted.strip_prefix('"')?);
    if prefix.contains('r') {
        let close = format!("\"{}", "#".repeat(prefix.matches('#').count()));
        return inner.find(&close).map(|end| prefix.len() + 1 + end + close.len());
    }
    let mut end = inner.find(['"', '\\'])?;
    while inner[end..].starts_with('\\') {
        end += 2 + inner[end + 2..].find(['"', '\\'])?;
    }
    Some(prefix.len() + end + 2)
}

/// The index after the bracket that closes the one at `open`, or after another token.
fn after_brackets(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0;
    let last = tokens.iter().skip(open).position(|token| {
        depth += i32::from(matches!(token.text, "(" | "[" | "{"));
        depth -= i32::from(matches!(token.text, ")" | "]" | "}"));
        depth == 0
    });
    last.map_or(tokens.len(), |last| open + last + 1)
}

/// Drops each item that stands under a `#[cfg(test)]`, also where `test` is one condition of several.
fn without_tests(all: Vec<Token<'_>>) -> Vec<Token<'_>> {
    let text = |index: usize| all.get(index).map_or("", |token| token.text);
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < all.len() {
        let end = after_brackets(&all, at + 1);
        let is_test = text(at) == "#"
            && (text(at + 1), text(at + 2)) == ("[", "cfg")
            && (at..end).any(|index| text(index) == "test" && text(index.saturating_sub(2)) != "not");
        if !is_test {
            kept.push(all[at]);
            at += 1;
            continue;
        }
        at = end;
        while at < all.len() && !matches!(text(at), ";" | "{" | "}") {
            at = after_brackets(&all, at);
        }
        at = if text(at) == "}" { at } else { after_brackets(&all, at) };
    }
    kept
}

impl<'a> Source<'a> {
    fn new(path: &'a str, text: &'a str) -> Self {
        Self { path, lines: text.lines().collect(), tokens: without_tests(tokens(text)) }
    }

    fn text(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |token| token.text)
    }

    fn room(&self) -> &'a str {
        self.path.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// What stands after each `crate::`, and after each `super::` that reaches the crate's root, with its line.
    fn imports(&self) -> Vec<(usize, &'a str)> {
        let file_depth = self.path.split('/').filter(|part| *part != "mod.rs").count();
        let (mut braces, mut supers, mut found) = (Vec::new(), 0, Vec::new());
        for index in 0..self.tokens.len() {
            match (self.text(index), self.text(index + 1)) {
                ("{", _) => braces.push(self.text(index.wrapping_sub(2)) == "mod"),
                ("}", _) => drop(braces.pop()),
                ("crate", "::") => self.first_segments(index + 2, &mut found),
                ("super", "::") => {
                    supers = if self.text(index.wrapping_sub(2)) == "super" { supers + 1 } else { 1 };
                    let depth = file_depth + braces.iter().filter(|is_module| **is_module).count();
                    if supers == depth {
                        self.first_segments(index + 2, &mut found);
                    }
                }
                _ => {}
            }
        }
        found
    }

    fn first_segments(&self, path: usize, found: &mut Vec<(usize, &'a str)>) {
        if self.text(path) != "{" {
            return found.extend(self.tokens.get(path).map(|token| (token.line, token.text)));
        }
        let end = after_brackets(&self.tokens, path) - 1;
        let mut at = path + 1;
        while at < end {
            if matches!(self.text(at - 1), "{" | ",") {
                found.push((self.tokens[at].line, self.text(at)));
            }
            at = after_brackets(&self.tokens, at);
        }
    }

    /// Whether a comment that starts with `word` begins at most 12 lines above, nearer than any of `stops`.
    fn is_argued(&self, line: usize, word: &str, stops: &[&str]) -> bool {
        for above in (line.saturating_sub(12)..=line).rev() {
            let comment = self.lines[above].split_once("//").map_or("", |(_, comment)| comment.trim_start());
            if comment.starts_with(word) {
                return true;
            }
            let stop = |token: &Token<'_>| token.line == above && stops.contains(&token.text);
            if above < line && self.tokens.iter().any(stop) {
                return false;
            }
        }
        false
    }

    fn forbids_unsafe_first(&self) -> bool {
        let mut at = 0;
        while self.text(at + 1) == "!" && self.text(at + 3) != "forbid" {
            at = after_brackets(&self.tokens, at + 2);
        }
        (self.text(at + 1), self.text(at + 5)) == ("!", "unsafe_code")
    }
}

fn check_imports(source: &Source<'_>, report: &mut Report<'_>) {
    let room = source.room();
    if room == "bin" || room == "lib" {
        return;
    }
    let Some((_, below)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return report(0, &format!("{room} is in no layer, expected a row in ROOMS"));
    };
    for (line, head) in source.imports() {
        if !ROOMS.iter().any(|(name, _)| *name == head) {
            report(line, &format!("{head} comes from the crate's root, expected from its own room"));
        } else if head != room && !below.contains(&head) {
            report(line, &format!("{room} imports {head}, expected only {}", below.join(", ")));
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
    let is_unsafe_room = matches!(source.room(), "sync" | "cache");
    if !is_unsafe_room && source.room() != "lib" && !source.forbids_unsafe_first() {
        report(0, "unsafe code is possible, expected #![forbid(unsafe_code)] below the file's doc");
    }
    for (index, token) in source.tokens.iter().enumerate().filter(|(_, token)| token.text == "unsafe") {
        if !is_unsafe_room {
            report(token.line, "unsafe code, expected in sync.rs and cache/ only");
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
fn violations(path: &str, text: &str) -> Vec<String> {
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
        for check in [check_imports, check_names, check_unsafe, check_atomics] {
            check(&source, &mut report);
        }
    }
    found
}

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

#[test]
fn the_house_keeps_its_rules() {
    let (mut files, mut found) = (0, Vec::new());
    for folder in ["src", "tests", "benches", "examples", "loom-tests"] {
        visit(Path::new(env!("CARGO_MANIFEST_DIR")), folder, &mut |path, text| {
            files += 1;
            found.extend(violations(path, text));
        });
    }
    assert!(files > 10, "{files} files were seen, expected the whole package");
    assert!(found.is_empty(), "{} violations\n{}", found.len(), found.join("\n"));
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
src/attic.rs       | 1 | in no layer             | #![forbid(unsafe_code)]
src/cache/clock.rs | 1 | crossbeam_epoch is      | use crossbeam_epoch::Guard;
src/cache/clock.rs | 1 | loom is named           | #[cfg(not(loom))]~fn f() {}
src/cache/clock.rs | 1 | atomics of std          | use std::sync::{Arc, atomic::AtomicBool};
src/bin/a/main.rs  | 2 | by its path             | #![forbid(unsafe_code)]~#[path = "../../time.rs"]~mod time;
src/lib.rs         | 1 | lib.rs has logic        | pub fn f() {}
tests/a/utils.rs   | 1 | utils names nothing     |
src/portal/load.rs | 1 | unsafe code is possible | #![allow(dead_code)]~fn f() {}
src/portal/load.rs | 1 | unsafe code is possible | //! #![forbid(unsafe_code)]~fn f() {}~#![forbid(unsafe_code)]
src/portal/load.rs | 2 | in sync.rs and cache/   | #![forbid(unsafe_code)]~unsafe fn f() {}
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
